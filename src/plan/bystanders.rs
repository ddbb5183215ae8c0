//! Services that are not selected and share namespaces or volumes of selected ones.

use std::collections::BTreeSet;

use super::existing::Existing;
use super::verdict::{self, Fate};
use super::{Input, Up};
use crate::base::ServiceName;
use crate::spec::{Desired, MountKind, ServiceSpec};

/// What should exist without the bystanders that nothing happens to, and without what only they use.
pub(super) fn without_idle(input: Input<'_>, up: &Up) -> Desired {
    let existing = Existing::new(input.observed, &input.desired.project);
    let order = verdict::graph(input.desired).order();
    let verdicts = verdict::judge(input, &existing, up, &order);
    let busy = |name: &ServiceName| {
        let verdict = verdicts.get(name);
        verdict.is_some_and(|verdict| verdict.containers.iter().any(|one| one.fate != Fate::Keep))
    };
    let mut desired = input.desired.clone();
    let idle: Vec<ServiceSpec> = up
        .bystanders
        .iter()
        .filter(|name| !busy(name))
        .filter_map(|name| desired.services.shift_remove(name))
        .collect();
    let used = |services: &mut dyn Iterator<Item = &ServiceSpec>| {
        let mut networks: BTreeSet<String> = BTreeSet::new();
        let mut volumes: BTreeSet<String> = BTreeSet::new();
        for service in services {
            networks.extend(service.container.network.endpoints.iter().map(|endpoint| endpoint.key.clone()));
            volumes.extend(service.container.mounts.iter().filter_map(|mount| match &mount.kind {
                MountKind::Volume { key, .. } => key.clone(),
                _ => None,
            }));
        }
        (networks, volumes)
    };
    let (networks, volumes) = used(&mut desired.services.values());
    let (idle_networks, idle_volumes) = used(&mut idle.iter());
    desired.networks.retain(|key, _| networks.contains(key) || !idle_networks.contains(key));
    desired.volumes.retain(|_, volume| volumes.contains(&volume.key) || !idle_volumes.contains(&volume.key));
    desired.others.extend(idle.into_iter().map(|service| service.name));
    desired
}
