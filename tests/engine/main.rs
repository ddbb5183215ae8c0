//! Everything that needs a real engine, or a registry: the adapter held against the contract of the port, whole
//! commands, Docker Compose beside us on one project, and remote files.
//!
//! `scripts/test` says which engines there are. Every test has a project of its own and all run at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod commands;
mod contract;
#[path = "../files/mutation/dice.rs"]
mod dice;
mod interop;
mod remote;
mod sequences;
