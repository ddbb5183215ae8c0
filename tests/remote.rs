//! Remote files, through the whole program: git repositories that the git program takes from a directory,
//! and artifacts of a registry that the test starts.
//!
//! The registry is the program of `RCOMPOSE_TEST_REGISTRY`, or `docker-registry` where that is installed;
//! without one its tests say aloud that they are not run (with `CI=true` they fail). Where `RCOMPOSE_REFERENCE` names a Docker Compose
//! binary, what `config` prints is held against it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "remote/bench.rs"]
mod bench;
#[path = "remote/digests.rs"]
mod digests;
#[path = "remote/git.rs"]
mod git;
#[path = "remote/oci.rs"]
mod oci;
