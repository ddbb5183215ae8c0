//! What exists, by what it is looked for: each thing is found without going through all the others.

use std::collections::HashMap;

use super::verdict::is_one_off;
use crate::base::{ContainerId, ProjectName};
use crate::spec::{NetworkSpec, VolumeSpec, labels};
use crate::state::{Labels, Observed, ObservedContainer, ObservedNetwork, ObservedVolume};

pub(super) struct Existing<'a> {
    /// Containers of services, one-offs left out, by name.
    services: HashMap<&'a str, Vec<&'a ObservedContainer>>,
    names: HashMap<&'a str, &'a ObservedContainer>,
    ids: HashMap<&'a ContainerId, &'a ObservedContainer>,
    /// Containers by the id of a network they are on; by its name when they never ran.
    on_networks: HashMap<&'a str, Vec<&'a ObservedContainer>>,
    /// Containers by the name of a volume they mount.
    mounting: HashMap<&'a str, Vec<&'a ObservedContainer>>,
    /// The project's networks by key, the smallest name first.
    networks: HashMap<&'a str, Vec<&'a ObservedNetwork>>,
    network_names: HashMap<&'a str, &'a ObservedNetwork>,
    network_ids: HashMap<&'a str, &'a ObservedNetwork>,
    /// The project's volumes by key, the smallest name first.
    volumes: HashMap<&'a str, Vec<&'a ObservedVolume>>,
    volume_names: HashMap<&'a str, &'a ObservedVolume>,
}

impl<'a> Existing<'a> {
    pub fn new(observed: &'a Observed, project: &ProjectName) -> Existing<'a> {
        let mut found = Existing {
            services: HashMap::new(),
            names: HashMap::new(),
            ids: HashMap::new(),
            on_networks: HashMap::new(),
            mounting: HashMap::new(),
            networks: HashMap::new(),
            network_names: HashMap::new(),
            network_ids: HashMap::new(),
            volumes: HashMap::new(),
            volume_names: HashMap::new(),
        };
        let mut containers: Vec<&ObservedContainer> = observed.containers.iter().collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        for container in containers {
            found.container(container);
        }
        let of_project = |labels: &'a Labels, key: &str| {
            let ours = labels.get(labels::PROJECT).is_some_and(|of| of == project.as_str());
            labels.get(key).filter(|_| ours).map(String::as_str)
        };
        for network in &observed.networks {
            if let Some(key) = of_project(&network.labels, labels::NETWORK) {
                found.networks.entry(key).or_default().push(network);
            }
            found.network_names.entry(&network.name).or_insert(network);
            found.network_ids.entry(network.id.as_str()).or_insert(network);
        }
        for volume in &observed.volumes {
            if let Some(key) = of_project(&volume.labels, labels::VOLUME) {
                found.volumes.entry(key).or_default().push(volume);
            }
            found.volume_names.entry(&volume.name).or_insert(volume);
        }
        // Of two with one name the one that is in use comes first.
        let on_it = |n: &ObservedNetwork| found.on_networks.get(n.id.as_str()).map_or(0, Vec::len);
        for of_key in found.networks.values_mut() {
            of_key.sort_by(|a, b| {
                a.name.cmp(&b.name).then_with(|| on_it(b).cmp(&on_it(a))).then_with(|| a.id.cmp(&b.id))
            });
        }
        found.volumes.values_mut().for_each(|of_key| of_key.sort_by(|a, b| a.name.cmp(&b.name)));
        found
    }

    fn container(&mut self, container: &'a ObservedContainer) {
        if let Some(service) = container.label(labels::SERVICE)
            && !is_one_off(container)
        {
            self.services.entry(service).or_default().push(container);
        }
        self.names.insert(&container.name, container);
        self.ids.insert(&container.id, container);
        for endpoint in &container.networks {
            let id = endpoint.network_id.as_str();
            let key = if id.is_empty() { endpoint.network.as_str() } else { id };
            let on_it = self.on_networks.entry(key).or_default();
            if on_it.last().is_none_or(|last| last.id != container.id) {
                on_it.push(container);
            }
        }
        for volume in container.mounts.iter().filter_map(|mount| mount.name.as_deref()) {
            let mounting = self.mounting.entry(volume).or_default();
            if mounting.last().is_none_or(|last| last.id != container.id) {
                mounting.push(container);
            }
        }
    }

    /// The containers of a service, one-offs left out, by name.
    pub fn of_service(&self, service: &str) -> Vec<&'a ObservedContainer> {
        self.services.get(service).cloned().unwrap_or_default()
    }

    /// The container that stands for a service when another shares its namespaces: the first by name.
    pub fn first_container(&self, service: &str) -> Option<ContainerId> {
        self.services.get(service)?.first().map(|container| container.id.clone())
    }

    pub fn named(&self, name: &str) -> Option<&'a ObservedContainer> {
        self.names.get(name).copied()
    }

    pub fn container_of(&self, id: &ContainerId) -> Option<&'a ObservedContainer> {
        self.ids.get(id).copied()
    }

    /// The containers on a network, by name.
    pub fn on_network(&self, id: &str, name: &str) -> Vec<&'a ObservedContainer> {
        let on = |key: &str| self.on_networks.get(key).into_iter().flatten().copied();
        let mut found: Vec<_> = on(id).chain(on(name)).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.dedup_by(|a, b| a.id == b.id);
        found
    }

    /// The containers that mount a volume, by name.
    pub fn mounting(&self, volume: &str) -> Vec<&'a ObservedContainer> {
        self.mounting.get(volume).cloned().unwrap_or_default()
    }

    /// The networks made for a key of the project, by name.
    pub fn networks_of(&self, key: &str) -> Vec<&'a ObservedNetwork> {
        self.networks.get(key).cloned().unwrap_or_default()
    }

    /// The live network of a wanted one: by label, the wanted name first, else the smallest name; else by
    /// name. An external one has its name or id, whatever its labels.
    pub fn network(&self, spec: &NetworkSpec) -> Option<&'a ObservedNetwork> {
        let by_name = self.network_names.get(spec.name.as_str()).copied();
        if spec.external {
            return by_name.or_else(|| self.network_ids.get(spec.name.as_str()).copied());
        }
        let of_key = self.networks.get(spec.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        of_key.iter().find(|n| n.name == spec.name).or(of_key.first()).copied().or(by_name)
    }

    pub fn network_named(&self, name: &str) -> Option<&'a ObservedNetwork> {
        self.network_names.get(name).copied()
    }

    pub fn volume_named(&self, name: &str) -> Option<&'a ObservedVolume> {
        self.volume_names.get(name).copied()
    }

    /// The live volume of a wanted one: by label, the wanted name first, else the smallest name; else by name.
    pub fn volume(&self, spec: &VolumeSpec) -> Option<&'a ObservedVolume> {
        let of_key = self.volumes.get(spec.key.as_str()).map(Vec::as_slice).unwrap_or_default();
        let found = of_key.iter().find(|v| v.name == spec.name).or(of_key.first()).copied();
        found.or_else(|| self.volume_named(&spec.name))
    }
}
