//! Carries a plan out.
//!
//! In: a [`Plan`](crate::plan::Plan) and an engine. Out: a [`Report`], and a stream of events while it
//! goes. Every step begins as soon as the steps it comes after have ended well; a failed step holds up
//! only what depends on it. What a failure would leave half made is taken back. Nothing here decides
//! what should be done, and no task outlives [`run`].

mod blame;
mod cancel;
mod checks;
mod evidence;
mod narrate;
mod recover;
mod report;
mod run;
mod schedule;
mod step;
mod wait;

pub use cancel::{Cancel, CancelStage, Canceller, cancellation};
pub use narrate::{Events, WeakEvents};
pub use report::{
    ApplyError, ContainerEvidence, Discarded, Evidence, Failure, Held, Leftover, LeftoverCause, Link,
    NameHolder, Outcome, Report, TakenPort,
};
pub use run::run;

pub use crate::engine::Listener;

use std::time::Duration;

use crate::base::ProjectName;

/// How a plan is carried out.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The project: whose containers' events are heard.
    pub project: &'a ProjectName,
    /// Starts at a time.
    pub start_limit: usize,
    /// Stops at a time that have just begun; those that wait for their containers don't count.
    pub stop_limit: usize,
    /// Other writing calls at a time.
    pub write_limit: usize,
    /// Downloads at a time.
    pub pull_limit: usize,
    /// How long a wait may take.
    pub wait_timeout: Option<Duration>,
    /// Whether the layers of images are left out of the events.
    pub quiet_pull: bool,
    /// Told what is about to be done with containers.
    pub listener: &'a dyn Listener,
}

impl<'a> Options<'a> {
    /// Limits that suit an engine with so many cores, no time limit.
    pub fn new(project: &'a ProjectName, listener: &'a dyn Listener, cores: usize) -> Options<'a> {
        Options {
            project,
            // More starts at once than about two a core only slow each other down.
            start_limit: (2 * cores).max(4),
            stop_limit: (4 * cores).max(8),
            write_limit: (4 * cores).max(8),
            pull_limit: 8,
            wait_timeout: None,
            quiet_pull: false,
            listener,
        }
    }
}

impl Options<'_> {
    /// The same limit for every kind of call (`--parallel`).
    pub fn limit(&mut self, limit: usize) {
        let limit = limit.max(1);
        (self.start_limit, self.stop_limit) = (limit, limit);
        (self.write_limit, self.pull_limit) = (limit, limit);
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("project", &self.project)
            .field("start_limit", &self.start_limit)
            .field("stop_limit", &self.stop_limit)
            .field("write_limit", &self.write_limit)
            .field("pull_limit", &self.pull_limit)
            .field("wait_timeout", &self.wait_timeout)
            .finish_non_exhaustive()
    }
}
