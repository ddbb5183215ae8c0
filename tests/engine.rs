//! Whole commands of the built binary on real engines.
//!
//! The engine is that of `RCOMPOSE_TEST_ENGINE` (an address; the usual socket otherwise), a second one that
//! of `RCOMPOSE_TEST_ENGINE_MODERN`. Without an engine each test says aloud that it was not run; with
//! `CI=true` that fails. Both have the image `busybox:latest`. Every test has a project of its own and all
//! run at once, so containers are told to die quickly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "engine/attached.rs"]
mod attached;
#[path = "engine/bench.rs"]
mod bench;
#[path = "engine/failures.rs"]
mod failures;
#[path = "engine/interrupted.rs"]
mod interrupted;
#[path = "engine/keys.rs"]
mod keys;
#[path = "engine/lifecycle.rs"]
mod lifecycle;
#[path = "engine/progress.rs"]
mod progress;
#[path = "engine/up.rs"]
mod up;
