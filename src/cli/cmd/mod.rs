//! One file a command, or a few that belong together: their arguments (the doc comments are the help)
//! and the few lines that join them to a use case in `app`.

pub mod attached;
pub mod config;
pub mod lifecycle;
pub mod lint;
pub mod show;
pub mod up;
