//! Plans and whole runs on the engine in memory, with paused time: the laws of convergence, failures,
//! and what each kind of plan looks like.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod carried;
mod checks;
mod failures;
#[path = "../files/fixtures.rs"]
mod fixtures;
mod laws;
mod limits;
mod logs;
mod plan;
mod recovery;
mod world;
