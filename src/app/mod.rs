//! One file a use case. [`load::load`] turns files into a project, [`converge::converge`] brings an
//! engine to it; together they are the program.
//!
//! In: requests in plain types. Out: results in plain types. Nothing here knows the command line, a
//! terminal, or which engine it talks to.

pub mod attach;
pub mod config;
pub mod converge;
pub mod digests;
pub mod disk;
pub mod explain;
pub mod failure;
pub mod hidden;
pub mod labels;
pub mod lint;
pub mod list;
pub mod load;
pub mod lock;
mod race;
pub mod remote;
pub mod request;

use std::sync::Arc;

pub use crate::apply::{Cancel, CancelStage, Canceller, Events, Report, cancellation};
pub use crate::engine::{Engine, EngineError};
pub use crate::load::discover::Request;
pub use crate::load::env;
pub use crate::model::select::Along;
pub use crate::spec::labels::COMPATIBLE_VERSION;
pub use crate::spec::{Desired, PullPolicy};

/// What every use case that talks to an engine needs.
#[derive(Clone)]
pub struct Session {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Where events go.
    pub events: Events,
    /// Whether the user asked for an end.
    pub cancel: Cancel,
    /// Downloads at a time; `None` for no limit.
    pub parallel: Option<usize>,
    /// How writers are kept apart.
    pub lock: lock::LockOptions,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("endpoint", &self.engine.endpoint()).finish_non_exhaustive()
    }
}
