//! How a run ended, step by step, with what is needed to understand each failure.

use crate::base::{ContainerId, ServiceName};
use crate::diag::Span;
use crate::engine::{EngineError, HealthLog};
use crate::event::Subject;
use crate::plan::StepId;
use crate::state::{ContainerState, Health};

use super::CancelStage;

/// How a run ended.
#[derive(Debug, Default)]
pub struct Report {
    /// How each step ended, in the order of the plan.
    pub outcomes: Vec<Outcome>,
    /// How far the run was cancelled.
    pub cancelled: CancelStage,
    /// Containers made in this run and removed again, because they could not be put to use.
    pub discarded: Vec<Discarded>,
    /// Containers stopped in this run and started again, because what they made room for failed.
    pub restored: Vec<String>,
    /// What could not be taken back or put back.
    pub leftovers: Vec<Leftover>,
}

/// A container made in this run and removed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discarded {
    /// The name people know it by.
    pub name: String,
    /// Whether it was started before.
    pub started: bool,
}

/// Something left as it is after a run that did not end well.
#[derive(Debug)]
pub struct Leftover {
    /// The container or network.
    pub name: String,
    /// Why.
    pub cause: LeftoverCause,
}

/// Why something is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum LeftoverCause {
    /// What was tried failed.
    #[error(transparent)]
    Failed(ApplyError),
    /// The engine could not be asked about it.
    #[error("left as it is, as the engine gave no answer about it")]
    NotSeen,
    /// Somebody else started it since.
    #[error("left as it is, as someone else started it meanwhile")]
    StartedSince,
    /// Somebody else removed it since.
    #[error("someone else removed it meanwhile")]
    Gone,
    /// A network it was on is gone, and nothing is in its place.
    #[error("stopped, and not started again: its network {network} is gone")]
    NetworkGone {
        /// The network.
        network: String,
    },
    /// Something it needs could not be put back.
    #[error("stopped, and not started again: what it needs could not be put back")]
    Stopped,
}

/// How a step ended.
#[derive(Debug)]
pub enum Outcome {
    /// Well.
    Done,
    /// It failed.
    Failed(Box<Failure>),
    /// It was not begun, because a step it depends on failed.
    Skipped {
        /// The step that failed.
        because: StepId,
    },
    /// It was not begun or not finished, because the run was cancelled or nothing needs it any more.
    NotRun,
}

/// A failed step.
#[derive(Debug)]
pub struct Failure {
    /// The step.
    pub step: StepId,
    /// What it was about.
    pub subject: Subject,
    /// The service it was done for, when there is one.
    pub service: Option<ServiceName>,
    /// Where the file asks for it.
    pub span: Span,
    /// Why.
    pub error: ApplyError,
    /// What the engine knows about it.
    pub evidence: Option<Box<Evidence>>,
    /// Services held up by it: each with the service it waited for.
    pub chain: Vec<Link>,
    /// Services that something was not done to because of it, each once, in the order of the plan.
    pub held: Vec<Held>,
}

/// A service held up by a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The service.
    pub service: ServiceName,
    /// What was not done, as a participle: `started`, `removed`, ….
    pub verb: &'static str,
}

/// One service waiting for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The service that waits.
    pub waiter: ServiceName,
    /// The service it waits for.
    pub on: ServiceName,
    /// Where the file says so.
    pub span: Span,
}

/// What the engine knows about a failure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The container it is about.
    pub container: Option<ContainerEvidence>,
    /// The port that was taken, when that is the cause.
    pub taken_port: Option<TakenPort>,
    /// The container that bears the name, when that is the cause.
    pub name_holder: Option<NameHolder>,
}

/// A container with a name that was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameHolder {
    /// The name.
    pub name: String,
    /// What it does.
    pub state: ContainerState,
    /// Image it runs.
    pub image: String,
    /// The project it belongs to, when it does.
    pub project: Option<String>,
}

/// A container that failed, at that moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerEvidence {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: String,
    /// Its service.
    pub service: Option<ServiceName>,
    /// What it did.
    pub state: ContainerState,
    /// Health, when it has a check.
    pub health: Option<Health>,
    /// Exit code of the last run.
    pub exit_code: i64,
    /// Killed for lack of memory.
    pub oom_killed: bool,
    /// Its memory limit in bytes; 0 without one.
    pub memory_limit: i64,
    /// How often the engine restarted it.
    pub restart_count: i64,
    /// The engine's error of the last start, or empty.
    pub error: String,
    /// Command of the health check, when the container's own definition has one.
    pub health_test: Vec<String>,
    /// The last health checks, oldest first.
    pub health_log: Vec<HealthLog>,
    /// Health checks failed in a row.
    pub failing_streak: i64,
    /// The last lines of its log, oldest first.
    pub log: Vec<String>,
}

/// A host port that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenPort {
    /// The port on the host.
    pub port: u16,
    /// The container that publishes it; `None` when no container of this engine does.
    pub holder: Option<String>,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// An engine call failed.
    #[error("{}", .0.message())]
    Call(#[from] EngineError),
    /// A container that should run or become healthy ended.
    #[error("container {container} exited ({code})")]
    Exited {
        /// The container.
        container: String,
        /// Its exit code.
        code: i64,
    },
    /// A container that should run ends again and again.
    #[error("container {container} keeps restarting: {count} times so far, exit code {code}")]
    KeepsRestarting {
        /// The container.
        container: String,
        /// How often the engine has started it again.
        count: i64,
        /// Its last exit code.
        code: i64,
    },
    /// A container that should become healthy has no health check.
    #[error("container {container} has no healthcheck configured")]
    NoHealthcheck {
        /// The container.
        container: String,
    },
    /// A container's health check fails.
    #[error("container {container} is unhealthy")]
    Unhealthy {
        /// The container.
        container: String,
    },
    /// A container went away while it was waited for.
    #[error("container {container} was removed while it was waited for")]
    Vanished {
        /// The container.
        container: String,
    },
    /// A wait for a dependency failed.
    #[error("dependency failed to start: {0}")]
    Dependency(#[source] Box<ApplyError>),
    /// A service that should end well didn't.
    #[error("service \"{service}\" didn't complete successfully: exit {code}")]
    NotCompleted {
        /// The service.
        service: ServiceName,
        /// The container that decided.
        container: String,
        /// Its exit code.
        code: i64,
    },
    /// `--wait` took too long.
    #[error("application not healthy after {}", go_duration(*after))]
    NotHealthyInTime {
        /// The limit.
        after: std::time::Duration,
    },
    /// The wait for a dependency took too long.
    #[error("timeout waiting for dependencies")]
    DependencyTimeout,
    /// A command run inside a container failed.
    #[error("{service} hook exited with status {status}{}", tail_text(tail))]
    Hook {
        /// The service.
        service: String,
        /// Exit code of the command.
        status: i64,
        /// The end of its output.
        tail: String,
    },
    /// A file could not be packed for the container.
    #[error("cannot pack {resource} for the container: {source}")]
    Pack {
        /// Key of the secret or config.
        resource: String,
        /// Why.
        source: std::io::Error,
    },
    /// A step names something no step made. A plan made by the planner never does.
    #[error("step {} was to make something this step needs, and didn't", step.0)]
    NeverMade {
        /// The step.
        step: StepId,
    },
}

fn tail_text(tail: &str) -> String {
    if tail.is_empty() { String::new() } else { format!(": {tail}") }
}

fn go_duration(time: std::time::Duration) -> String {
    crate::base::duration::Duration(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)).to_string()
}

impl Report {
    /// The failures, in the order of the plan.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Failed(failure) => Some(&**failure),
            _ => None,
        })
    }

    /// Whether every step ended well.
    pub fn is_success(&self) -> bool {
        self.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done))
    }

    /// 130 after a cancellation that left something undone, 1 after a failure, else 0.
    pub fn exit_code(&self) -> i32 {
        let undone = self.outcomes.iter().any(|outcome| matches!(outcome, Outcome::NotRun));
        if self.cancelled > CancelStage::Running && undone {
            130
        } else if self.failures().next().is_some() {
            1
        } else {
            0
        }
    }
}
