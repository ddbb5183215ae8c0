//! A project known from its containers' labels only: no Compose file is at hand (`-p NAME`).

use indexmap::IndexMap;

use crate::base::{ProjectName, ServiceName};
use crate::diag::Span;
use crate::spec::{
    Condition, ContainerSpec, Dependency, Desired, NetworkSpec, ServiceSpec, VolumeSpec, labels,
};
use crate::state::Observed;

/// What the labels tell of a project: its services with their dependencies, its networks and volumes.
/// Hooks and definitions are in no label, so they are missing.
pub fn desired(project: &ProjectName, observed: &Observed) -> Desired {
    let mut services: IndexMap<ServiceName, ServiceSpec> = IndexMap::new();
    for container in &observed.containers {
        if container.label(labels::ONE_OFF) == Some("True") {
            continue;
        }
        let name = ServiceName::from(container.label(labels::SERVICE).unwrap_or(&container.name));
        let service = services.entry(name.clone()).or_insert_with(|| ServiceSpec {
            container: ContainerSpec { image: container.image.clone(), ..ContainerSpec::default() },
            depends_on: dependencies(container.label(labels::DEPENDS_ON).unwrap_or_default()),
            ..ServiceSpec::named(name)
        });
        service.scale += 1;
    }
    services.sort_keys();
    let networks = observed
        .networks
        .iter()
        .map(|network| {
            let key = network.labels.get(labels::NETWORK).cloned().unwrap_or_default();
            (
                network.name.clone(),
                NetworkSpec {
                    key,
                    name: network.name.clone(),
                    external: false,
                    driver: None,
                    options: IndexMap::new(),
                    ipam: None,
                    internal: false,
                    attachable: false,
                    enable_ipv4: None,
                    enable_ipv6: None,
                    labels: IndexMap::new(),
                    hash: String::new(),
                    span: Span::NONE,
                },
            )
        })
        .collect();
    let volumes = observed
        .volumes
        .iter()
        .map(|volume| {
            let key = volume.labels.get(labels::VOLUME).cloned().unwrap_or_default();
            (
                volume.name.clone(),
                VolumeSpec {
                    key,
                    name: volume.name.clone(),
                    external: false,
                    driver: None,
                    options: IndexMap::new(),
                    labels: IndexMap::new(),
                    hash: String::new(),
                    span: Span::NONE,
                },
            )
        })
        .collect();
    Desired {
        project: project.clone(),
        services,
        others: Vec::new(),
        profiles: std::collections::BTreeMap::new(),
        jobs: Vec::new(),
        networks,
        volumes,
        separator: '-',
    }
}

/// Reads `service:condition:restart` entries; missing parts mean the reference's internal defaults.
fn dependencies(label: &str) -> Vec<Dependency> {
    label
        .split(',')
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let mut parts = entry.split(':');
            let service = ServiceName::from(parts.next().unwrap_or_default());
            let condition = match parts.next() {
                Some("service_started") => Condition::Started,
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::CompletedSuccessfully,
                _ => Condition::RunningOrHealthy,
            };
            let restart = parts.next().is_none_or(|word| word == "true");
            Dependency { service, condition, restart, required: false, span: Span::NONE }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_back_with_defaults() {
        let found = dependencies("db:service_healthy:false,cache,x:service_started");
        let told: Vec<_> = found.iter().map(|d| (d.service.as_str(), d.condition, d.restart)).collect();
        assert_eq!(
            told,
            [
                ("db", Condition::Healthy, false),
                ("cache", Condition::RunningOrHealthy, true),
                ("x", Condition::Started, true)
            ]
        );
        assert!(dependencies("").is_empty());
    }
}
