//! One suite of checks for every engine: the one in memory, and the real ones.
//!
//! The real engine is that of `RCOMPOSE_TEST_ENGINE` (an address; the usual socket otherwise), a second one
//! that of `RCOMPOSE_TEST_ENGINE_MODERN`, Podman that of `RCOMPOSE_TEST_ENGINE_PODMAN`. Without an engine the
//! suite says so aloud; with `CI=true` it fails.

mod bench;
mod containers;
mod networks;
mod streams;

use std::sync::Arc;

use bench::{Bench, Check};
use rcompose::docker::{Config, Docker};
use rcompose::engine::System;
use rcompose::memory::MemoryEngine;
use rcompose::state::ApiVersion;

const USUAL: &str = "unix:///var/run/docker.sock";

/// What Podman does otherwise, and the adapter can't make good: nothing above it may rely on these.
const OTHERWISE_ON_PODMAN: &[(&str, &str)] = &[
    ("an_inspection_tells_the_request", "images have their full names, and some keys other values"),
    ("networks_of_ended_containers_are_not_shared", "the owner of the network is started too"),
    ("a_network_is_made_again_as_it_was", "Podman 4 tells neither the range nor the reserved addresses"),
    ("a_network_in_use_stays", "stopped containers hold a network too, and nothing tells which it has"),
    ("events_are_filtered", "of several labels one is enough"),
];

fn checks() -> Vec<Check> {
    [containers::checks(), networks::checks(), streams::checks()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn engine_in_memory() {
    let memory = MemoryEngine::new();
    Bench::run(Arc::new(memory.clone()), Some(memory), checks()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_engine_in_memory() {
    let memory = MemoryEngine::with_api(ApiVersion::new(1, 41));
    Bench::run(Arc::new(memory.clone()), Some(memory), checks()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn real_engine() {
    let address = std::env::var("RCOMPOSE_TEST_ENGINE").ok().filter(|address| !address.is_empty());
    on_real("RCOMPOSE_TEST_ENGINE", Some(address.unwrap_or_else(|| USUAL.to_owned())), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn modern_engine() {
    let address = std::env::var("RCOMPOSE_TEST_ENGINE_MODERN").ok().filter(|address| !address.is_empty());
    on_real("RCOMPOSE_TEST_ENGINE_MODERN", address, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn podman() {
    let address = std::env::var("RCOMPOSE_TEST_ENGINE_PODMAN").ok().filter(|address| !address.is_empty());
    on_real("RCOMPOSE_TEST_ENGINE_PODMAN", address, false).await;
}

async fn on_real(variable: &str, address: Option<String>, required: bool) {
    let Some(address) = address else {
        eprintln!("contract: NOT RUN: {variable} is not set, so no such engine was checked");
        return;
    };
    let docker = Docker::connect(&Config { host: Some(address.clone()), ..Config::default() }).unwrap();
    match docker.capabilities().await {
        Ok(found) => {
            let kind = if found.checks_on_request { "Podman" } else { "Docker" };
            eprintln!("contract: {address}: {kind}, API {}", found.api);
            let mut checks = checks();
            if found.checks_on_request {
                for (name, reason) in OTHERWISE_ON_PODMAN {
                    eprintln!("contract: NOT RUN on Podman: {name}: {reason}");
                    let at = checks.iter().position(|(check, _)| check == name);
                    checks.remove(at.expect("a check of that name"));
                }
            }
            Bench::run(Arc::new(docker), None, checks).await;
        }
        Err(error) => {
            eprintln!("contract: NOT RUN: no engine answers at {address}: {error}");
            let ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!(ci && required), "CI must have an engine at {address}: {error}");
        }
    }
}
