//! One file a command, or a few that belong together: their arguments (the doc comments are the help)
//! and the few lines that join them to a use case in `app`.
//! `shape` and `attached` are parts of `up`; `plan` takes the first too.

pub mod attached;
pub mod completion;
pub mod config;
pub mod lifecycle;
pub mod lint;
pub mod plan;
pub mod shape;
pub mod show;
pub mod up;
