//! What services and jobs have beside their container.

use indexmap::IndexMap;

use super::build::Build;
use super::health::Healthcheck;
use super::port::Port;
use super::record::record;
use super::scalar::words;

record! {
    /// The part that services and jobs share, but hooks don't have.
    pub part Workload {
        /// How to build the image.
        build: Option<Build>,
        /// Services that are needed first, by name.
        depends_on: IndexMap<String, Dependency>,
        /// Ports open to other containers.
        expose: Vec<String>,
        /// How to tell whether it works.
        healthcheck: Option<Healthcheck>,
        /// Published ports.
        ports: Vec<Port>,
        /// Whether standard input stays open.
        stdin_open: bool,
        /// Whether there is a terminal.
        tty: bool,
    }
}

record! {
    /// A service that is needed first.
    pub struct Dependency {
        /// What must hold of it.
        condition: DependsCondition,
        /// Whether a restart of it restarts the dependent.
        restart: bool,
        /// Whether its absence is an error.
        required: bool = super::codec::Always,
    }
}

/// What must hold of a service before its dependents start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependsCondition {
    /// It was started.
    #[default]
    Started,
    /// It is healthy.
    Healthy,
    /// It ended with exit code 0.
    CompletedSuccessfully,
}

words!(DependsCondition, "a condition that can be waited for" {
    Started = "service_started",
    Healthy = "service_healthy",
    CompletedSuccessfully = "service_completed_successfully",
});
