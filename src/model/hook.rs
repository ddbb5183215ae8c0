//! Commands and containers around a container's life.

use indexmap::IndexMap;

use super::codec::{Command, Environment};
use super::container::Container;
use super::record::{Extensions, record};

record! {
    /// A command to run inside a running container.
    pub struct Hook {
        /// The command.
        command: Option<Vec<String>> = Command,
        /// Who runs it.
        user: Option<String>,
        /// Whether it has all rights.
        privileged: bool,
        /// Where it runs.
        working_dir: Option<String>,
        /// Variables on top of the container's.
        environment: IndexMap<String, Option<String>> = Environment,
    }
}

/// A container that runs to its end before the service starts.
#[derive(Clone, Debug, Default)]
pub struct PreStartHook {
    /// The container; what the file does not set is the service's.
    pub container: Container,
    /// Whether it runs once for each container of the service.
    pub per_replica: bool,
    /// The `x-` keys, as written.
    pub extensions: Extensions,
}
