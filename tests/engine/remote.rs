//! Remote files, through the whole program: git repositories that the git program takes from a directory,
//! and artifacts of a registry that the test starts.
//!
//! The registry is the program of `RCOMPOSE_TEST_REGISTRY`, or `docker-registry` where that is installed;
//! without one its tests say aloud that they are not run (with `CI=true` they fail). Where `RCOMPOSE_REFERENCE` names a Docker Compose
//! binary, what `config` prints is held against it.

mod bench;
mod digests;
mod git;
mod oci;
