//! Whole commands of the built binary on real engines.
//!
//! The engine is that of `RCOMPOSE_TEST_ENGINE` (an address; the usual socket otherwise), a second one that
//! of `RCOMPOSE_TEST_ENGINE_MODERN`, and Podman, for a part of the tests, that of `RCOMPOSE_TEST_ENGINE_PODMAN`.
//! Without an engine each test says aloud that it was not run; with `CI=true` that fails. All have the image
//! `busybox:latest`. Every test has a project of its own and all run at once, so containers are told to die quickly.

mod attached;
pub mod bench;
mod failures;
mod faults;
mod interrupted;
mod keys;
mod kills;
mod lifecycle;
mod planned;
mod plugin;
mod podman;
mod progress;
mod proxy;
mod races;
mod recovery;
mod requests;
mod secrets;
mod up;
mod writers;
