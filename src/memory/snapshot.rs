//! The world without ids and times, so that two histories can be compared.

use std::collections::BTreeMap;

use super::world::{Container, World};
use crate::state::{ContainerState, Health, Labels};

/// Labels that tell a container's history, not its state.
const HISTORY: &[&str] = &["com.docker.compose.replace"];

/// The world at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Containers by name.
    pub containers: BTreeMap<String, SnapshotContainer>,
    /// Networks that aren't the engine's own: driver and labels by name.
    pub networks: BTreeMap<String, (String, Labels)>,
    /// Named volumes: driver and labels by name.
    pub volumes: BTreeMap<String, (String, Labels)>,
}

/// A container at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotContainer {
    /// Image reference.
    pub image: String,
    /// What it does.
    pub state: ContainerState,
    /// Exit code, when it has ended.
    pub exit_code: Option<i64>,
    /// Health, when it has a check and runs.
    pub health: Option<Health>,
    /// Labels; ids in their values are names here.
    pub labels: Labels,
    /// Environment, `KEY=value`, sorted.
    pub environment: Vec<String>,
    /// Command line.
    pub command: Vec<String>,
    /// Aliases, sorted, by network.
    pub networks: BTreeMap<String, Vec<String>>,
    /// Whose network it shares, when it does: a name.
    pub shares: Option<String>,
    /// Volumes by target; anonymous ones have no name.
    pub mounts: BTreeMap<String, String>,
    /// Published ports as asked for: `ip:host:container/protocol`, sorted.
    pub ports: Vec<String>,
    /// Whether anything was uploaded; how often doesn't matter.
    pub uploaded: bool,
}

pub(super) fn take(world: &World) -> Snapshot {
    let own = world.networks.values().filter(|network| network.spec.is_some());
    let named = world.volumes.iter().filter(|(_, volume)| !volume.anonymous);
    Snapshot {
        containers: world
            .containers
            .values()
            .map(|container| (container.name.clone(), picture(world, container)))
            .collect(),
        networks: own
            .map(|network| (network.name.clone(), (network.driver.clone(), network.labels.clone())))
            .collect(),
        volumes: named
            .map(|(name, volume)| (name.clone(), (volume.driver.clone(), volume.labels.clone())))
            .collect(),
    }
}

fn picture(world: &World, container: &Container) -> SnapshotContainer {
    let spec = &container.spec;
    let mut environment: Vec<String> = spec
        .environment
        .iter()
        .map(|(key, value)| format!("{key}={}", value.as_deref().unwrap_or_default()))
        .collect();
    environment.sort();
    let mut ports: Vec<String> = spec
        .port_bindings
        .iter()
        .map(|port| {
            let inside = &port.container;
            format!("{}:{}:{}/{}", port.host_ip, port.host_port, inside.port, inside.protocol)
        })
        .collect();
    ports.sort();
    let networks = container.endpoints.iter().map(|endpoint| {
        let mut aliases: Vec<String> =
            endpoint.aliases.iter().map(|alias| without_ids(world, alias)).collect();
        aliases.sort();
        (endpoint.network.clone(), aliases)
    });
    let mounts = container.mounts.iter().map(|mount| {
        (mount.target.clone(), if mount.anonymous { String::new() } else { mount.volume.clone() })
    });
    let ended = matches!(container.state, ContainerState::Exited | ContainerState::Dead);
    SnapshotContainer {
        image: spec.image.clone(),
        state: container.state,
        exit_code: ended.then_some(container.exit_code),
        health: container.health.filter(|_| container.running()),
        labels: spec
            .labels
            .iter()
            .filter(|(key, _)| !HISTORY.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), without_ids(world, value)))
            .collect(),
        environment,
        command: spec.command.clone().unwrap_or_default(),
        networks: networks.collect(),
        shares: spec
            .network
            .lender()
            .map(|key| world.find(key).map_or_else(|_| key.to_owned(), |found| found.name.clone())),
        mounts: mounts.collect(),
        ports,
        uploaded: !container.uploads.is_empty(),
    }
}

fn without_ids(world: &World, text: &str) -> String {
    let mut text = text.to_owned();
    for container in world.containers.values() {
        if text.contains(container.id.short()) {
            text = text.replace(container.id.as_str(), &container.name);
            text = text.replace(container.id.short(), &container.name);
        }
    }
    text
}
