//! What a daemon does with networks and volumes, and what it refuses.

use std::net::IpAddr;

use super::container::refused;
use super::world::{Container, Network, Volume, World};
use crate::base::{ContainerId, NetworkId};
use crate::engine::EngineError;
use crate::spec::{EndpointSpec, NetworkSpec, VolumeSpec};
use crate::state::{ApiVersion, ObservedNetwork, ObservedVolume};

fn forbidden(subject: String, message: String) -> EngineError {
    EngineError::Unauthorised { subject, message }
}

impl World {
    pub(super) fn create_network(&mut self, spec: &NetworkSpec) -> Result<NetworkId, EngineError> {
        let subject = format!("network {}", spec.name);
        if self.networks.values().any(|network| network.name == spec.name) {
            let message = format!("network with name {} already exists", spec.name);
            return Err(EngineError::Conflict { subject, message });
        }
        let pools = spec.ipam.iter().flat_map(|ipam| &ipam.pools);
        let subnets: Vec<String> = pools.filter_map(|pool| pool.subnet.clone()).collect();
        let taken = |subnet: &String| {
            self.networks.values().flat_map(|network| &network.subnets).any(|other| overlap(subnet, other))
        };
        if subnets.iter().any(taken) {
            let message = "Pool overlaps with other one on this address space".to_owned();
            return Err(forbidden(subject, message));
        }
        let driver = spec.driver.clone().filter(|driver| !driver.is_empty()).unwrap_or("bridge".into());
        let id = NetworkId::from(self.new_id('b'));
        let labels = spec.labels.clone().into_iter().collect();
        let name = spec.name.clone();
        let made_from = NetworkSpec { external: false, span: Default::default(), ..spec.clone() };
        let network = Network { id: id.clone(), name, driver, labels, subnets, spec: Some(made_from) };
        self.networks.insert(id.clone(), network);
        Ok(id)
    }

    pub(super) fn remove_network(&mut self, key: &str) -> Result<(), EngineError> {
        let network = self.network(key)?;
        let (id, name) = (network.id.clone(), network.name.clone());
        let subject = format!("network {name}");
        if network.spec.is_none() {
            let message = format!("{name} is a pre-defined network and cannot be removed");
            return Err(forbidden(subject, message));
        }
        if !self.attached(&id).is_empty() {
            let message =
                format!("error while removing network: network {name} id {id} has active endpoints");
            return Err(forbidden(subject, message));
        }
        self.networks.remove(&id);
        Ok(())
    }

    fn attached(&self, id: &NetworkId) -> Vec<ContainerId> {
        let on = |container: &&Container| container.joined.values().any(|joined| joined == id);
        self.containers.values().filter(on).map(|container| container.id.clone()).collect()
    }

    pub(super) fn observed_network(&self, network: &Network, attached: bool) -> ObservedNetwork {
        ObservedNetwork {
            id: network.id.clone(),
            name: network.name.clone(),
            driver: network.driver.clone(),
            scope: "local".to_owned(),
            labels: network.labels.clone(),
            attached: if attached { self.attached(&network.id) } else { Vec::new() },
        }
    }

    pub(super) fn network_definition(&self, key: &str) -> Result<NetworkSpec, EngineError> {
        let network = self.network(key)?;
        network.spec.clone().ok_or_else(|| {
            let message = format!("{} was not made, and is always there", network.name);
            forbidden(format!("network {}", network.name), message)
        })
    }

    pub(super) fn connect(
        &mut self,
        network: &str,
        container: &str,
        endpoint: &EndpointSpec,
    ) -> Result<(), EngineError> {
        if endpoint.interface_name.is_some() && self.api < ApiVersion::new(1, 49) {
            return Err(EngineError::Unsupported {
                feature: "interface_name".to_owned(),
                needs: ApiVersion::new(1, 49),
                has: self.api,
            });
        }
        let network = self.network(network)?;
        let (network_id, network_name) = (network.id.clone(), network.name.clone());
        let id = self.id(container)?;
        let Some(container) = self.containers.get_mut(&id) else { return Ok(()) };
        let wanted = EndpointSpec { network: network_name.clone(), ..endpoint.clone() };
        let running = container.running();
        match container.endpoints.iter_mut().find(|endpoint| endpoint.network == network_name) {
            Some(_) if running => {
                let message =
                    format!("endpoint with name {} already exists in network {network_name}", container.name);
                return Err(forbidden(format!("container {}", container.name), message));
            }
            // Before the start only the settings change.
            Some(there) => *there = wanted,
            None => container.endpoints.push(wanted),
        }
        if running {
            container.joined.insert(network_name, network_id);
        }
        Ok(())
    }

    pub(super) fn disconnect(&mut self, network: &str, container: &str) -> Result<(), EngineError> {
        let name = self.network(network)?.name.clone();
        let id = self.id(container)?;
        let Some(container) = self.containers.get_mut(&id) else { return Ok(()) };
        if !container.endpoints.iter().any(|endpoint| endpoint.network == name) {
            let message = format!("container {id} is not connected to network {name}");
            return Err(refused(format!("container {}", container.name), 500, message));
        }
        container.endpoints.retain(|endpoint| endpoint.network != name);
        container.joined.remove(&name);
        Ok(())
    }

    pub(super) fn create_volume(&mut self, spec: &VolumeSpec) -> Result<(), EngineError> {
        let driver = spec.driver.clone().filter(|driver| !driver.is_empty()).unwrap_or("local".into());
        if let Some(there) = self.volumes.get(&spec.name) {
            if there.driver == driver {
                return Ok(());
            }
            let message = format!(
                "create {}: conflict: volume name must be unique, already in use with driver {}",
                spec.name, there.driver
            );
            return Err(EngineError::Conflict { subject: format!("volume {}", spec.name), message });
        }
        let labels = spec.labels.clone().into_iter().collect();
        self.volumes.insert(spec.name.clone(), Volume { driver, labels, anonymous: false });
        Ok(())
    }

    pub(super) fn inspect_volume(&self, name: &str) -> Result<ObservedVolume, EngineError> {
        match self.volumes.get(name) {
            Some(volume) => Ok(observed_volume(name, volume)),
            None => Err(EngineError::NotFound {
                subject: format!("volume {name}"),
                message: format!("get {name}: no such volume"),
            }),
        }
    }

    pub(super) fn remove_volume(&mut self, name: &str) -> Result<(), EngineError> {
        let users = self.users(name);
        if !users.is_empty() {
            let users: Vec<&str> = users.iter().map(ContainerId::as_str).collect();
            let message = format!("remove {name}: volume is in use - [{}]", users.join(", "));
            return Err(EngineError::Conflict { subject: format!("volume {name}"), message });
        }
        self.volumes.remove(name);
        Ok(())
    }
}

/// Whether two subnets in CIDR form have addresses in common.
fn overlap(one: &str, other: &str) -> bool {
    let (Some((a, short)), Some((b, long))) = (subnet(one), subnet(other)) else { return false };
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let shift = 32_u32.saturating_sub(short.min(long));
            u64::from(a.to_bits()) >> shift == u64::from(b.to_bits()) >> shift
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let shift = 128_u32.saturating_sub(short.min(long));
            a.to_bits().checked_shr(shift) == b.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

fn subnet(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    Some((address.parse().ok()?, length.parse().ok()?))
}

pub(super) fn observed_volume(name: &str, volume: &Volume) -> ObservedVolume {
    ObservedVolume { name: name.to_owned(), driver: volume.driver.clone(), labels: volume.labels.clone() }
}
