//! What a run tells while it goes: one stream of typed events, which `ui` turns into a live display,
//! plain lines, JSON or silence.
//!
//! Lifecycle events are few and never dropped; log lines travel apart, through a bounded channel.

use std::time::Duration;

use crate::base::ServiceName;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A run of steps began: `up`, `down`, … with the number of things it will touch.
    Began {
        /// Name of the operation, as the user typed it.
        operation: &'static str,
    },
    /// The run of steps ended.
    Ended {
        /// Name of the operation.
        operation: &'static str,
    },
    /// The plan is known.
    Planned {
        /// How many things are to reach the state that it wants.
        things: usize,
    },
    /// A thing has reached the state that the plan wants.
    Reached {
        /// The thing.
        subject: Subject,
    },
    /// The plan was carried out, or not to its end.
    Finished {
        /// How it ended.
        outcome: RunOutcome,
    },
    /// A thing changed its status.
    Status(StatusEvent),
    /// A thing waits for others; an empty list ends the wait.
    Waiting {
        /// What waits.
        who: Subject,
        /// What it waits for, in words: `db to be healthy`.
        on: Vec<String>,
    },
    /// A message for people that belongs to no thing.
    Message {
        /// How bad.
        level: Level,
        /// The words.
        text: String,
    },
}

/// How the run of a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// Everything was done.
    Done,
    /// Something failed.
    Failed,
    /// It was cancelled before everything was done.
    Cancelled,
}

/// A thing changed its status.
#[derive(Clone, Debug)]
pub struct StatusEvent {
    /// The thing.
    pub subject: Subject,
    /// The image layer, build step, … of the thing, when it is only a part.
    pub part: Option<String>,
    /// Its new status.
    pub status: Status,
    /// More words: the cause of an error, sizes.
    pub details: String,
    /// How far, for downloads: done and total, in bytes.
    pub progress: Option<(u64, u64)>,
}

impl StatusEvent {
    /// What is said of the thing, and what is said beside: a warning is its own words, as in the reference.
    pub fn words(&self) -> (&str, &str) {
        match self.status {
            Status::Warning if !self.details.is_empty() => (&self.details, ""),
            status => (status.word(), &self.details),
        }
    }
}

/// The kind of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKind {
    /// A container.
    Container,
    /// A network.
    Network,
    /// A volume.
    Volume,
    /// An image.
    Image,
    /// A service (providers).
    Service,
}

/// A thing that events are about: `Container shop-web-1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its name.
    pub name: String,
}

/// The status words of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the word it prints")]
pub enum Status {
    Creating,
    Created,
    Starting,
    Started,
    Running,
    Waiting,
    Healthy,
    Exited,
    Restarting,
    Restarted,
    Stopping,
    Stopped,
    Killing,
    Killed,
    Removing,
    Removed,
    Recreate,
    Recreated,
    Pulling,
    Pulled,
    Renaming,
    Renamed,
    Connecting,
    Connected,
    Skipped,
    Warning,
    Error,
    Interrupted,
    Paused,
    Unpaused,
    Building,
    Built,
    Pushing,
    Pushed,
}

/// Whether a status is the last one of its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Something is going on.
    Working,
    /// It ended well.
    Done,
    /// It ended, but.
    Warning,
    /// It failed.
    Error,
}

/// How bad a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// For the record.
    Info,
    /// Look at it.
    Warning,
    /// It failed.
    Error,
}

/// Which of a container's output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output; the only stream of a terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What follows the display name of a container in the source of what its hooks write: `web-1 ->`.
pub const HOOK_MARK: &str = " ->";

/// One piece of a container's output.
#[derive(Clone, Debug)]
pub enum LogEvent {
    /// A line, without its newline.
    Line {
        /// Display name of the container: `web-1`.
        source: String,
        /// Which stream.
        stream: Stream,
        /// The engine's time stamp, when asked for.
        time: Option<String>,
        /// The bytes.
        text: Vec<u8>,
    },
    /// The container ended.
    Exited {
        /// Display name.
        source: String,
        /// Its service.
        service: ServiceName,
        /// Exit code.
        code: i64,
        /// Whether the engine starts it again.
        restarting: bool,
    },
    /// Another container took its place.
    Recreated {
        /// Display name.
        source: String,
    },
}

impl Subject {
    /// A container.
    pub fn container(name: impl Into<String>) -> Subject {
        Subject { kind: SubjectKind::Container, name: name.into() }
    }
    /// A network.
    pub fn network(name: impl Into<String>) -> Subject {
        Subject { kind: SubjectKind::Network, name: name.into() }
    }
    /// A volume.
    pub fn volume(name: impl Into<String>) -> Subject {
        Subject { kind: SubjectKind::Volume, name: name.into() }
    }
    /// An image.
    pub fn image(name: impl Into<String>) -> Subject {
        Subject { kind: SubjectKind::Image, name: name.into() }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            SubjectKind::Container => write!(f, "Container {}", self.name),
            SubjectKind::Network => write!(f, "Network {}", self.name),
            SubjectKind::Volume => write!(f, "Volume {}", self.name),
            SubjectKind::Image => write!(f, "Image {}", self.name),
            SubjectKind::Service => f.write_str(&self.name),
        }
    }
}

impl Status {
    /// The word printed.
    pub fn word(self) -> &'static str {
        use Status::*;
        match self {
            Creating => "Creating",
            Created => "Created",
            Starting => "Starting",
            Started => "Started",
            Running => "Running",
            Waiting => "Waiting",
            Healthy => "Healthy",
            Exited => "Exited",
            Restarting => "Restarting",
            Restarted => "Restarted",
            Stopping => "Stopping",
            Stopped => "Stopped",
            Killing => "Killing",
            Killed => "Killed",
            Removing => "Removing",
            Removed => "Removed",
            Recreate => "Recreate",
            Recreated => "Recreated",
            Pulling => "Pulling",
            Pulled => "Pulled",
            Renaming => "Renaming",
            Renamed => "Renamed",
            Connecting => "Connecting",
            Connected => "Connected",
            Skipped => "Skipped",
            Warning => "Warning",
            Error => "Error",
            Interrupted => "Interrupted",
            Paused => "Paused",
            Unpaused => "Unpaused",
            Building => "Building",
            Built => "Built",
            Pushing => "Pushing",
            Pushed => "Pushed",
        }
    }

    /// Whether it is the last status of its thing.
    pub fn stage(self) -> Stage {
        use Status::*;
        match self {
            Creating | Starting | Waiting | Restarting | Stopping | Killing | Removing | Recreate
            | Pulling | Renaming | Connecting | Building | Pushing => Stage::Working,
            Created | Started | Running | Healthy | Exited | Restarted | Stopped | Killed | Removed
            | Recreated | Pulled | Renamed | Connected | Paused | Unpaused | Built | Pushed => Stage::Done,
            Skipped | Warning | Interrupted => Stage::Warning,
            Error => Stage::Error,
        }
    }
}

impl Event {
    /// A thing has a new status.
    pub fn status(subject: Subject, status: Status) -> Event {
        Event::Status(StatusEvent { subject, part: None, status, details: String::new(), progress: None })
    }

    /// A thing has a new status, with more words.
    pub fn detailed(subject: Subject, status: Status, details: impl Into<String>) -> Event {
        Event::Status(StatusEvent { subject, part: None, status, details: details.into(), progress: None })
    }
}

/// How long something took or may take, in the short words of progress lines: `12 s`, `1m 5s`.
pub fn short_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{}m {}s", seconds / 60, seconds % 60) }
}
