//! What happens to a running service when files change.

use super::codec::Always;
use super::hook::Hook;
use super::record::record;
use super::scalar::words;

record! {
    /// The `develop` part of a service.
    pub struct Develop {
        /// The rules.
        watch: Vec<WatchRule>,
    }
}

record! {
    /// A rule: where something changes, and what follows.
    pub struct WatchRule {
        /// The directory or file to watch, absolute after path resolution.
        path: String = Always,
        /// What follows.
        action: WatchAction,
        /// Where the files go inside.
        target: Option<String>,
        /// The command that `sync+exec` runs.
        exec: Hook,
        /// Patterns that a path must fit.
        include: Vec<String>,
        /// Patterns that a path must not fit.
        ignore: Vec<String>,
        /// Whether all files are brought over at the start.
        initial_sync: bool,
    }
}

/// What follows a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchAction {
    /// Build the image anew and replace the container.
    #[default]
    Rebuild,
    /// Bring the files over.
    Sync,
    /// Restart the container.
    Restart,
    /// Bring the files over, then restart.
    SyncRestart,
    /// Bring the files over, then run a command.
    SyncExec,
}

words!(WatchAction, "something that can follow a change" {
    Rebuild = "rebuild",
    Sync = "sync",
    Restart = "restart",
    SyncRestart = "sync+restart",
    SyncExec = "sync+exec",
});
