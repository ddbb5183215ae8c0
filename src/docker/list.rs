//! Answers of lists, in small types of our own: words a newer engine invents don't break them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::base::{ContainerId, ImageId, NetworkId};
use crate::state::{
    ContainerState, Health, Labels, ObservedContainer, ObservedEndpoint, ObservedMount, ObservedNetwork,
    ObservedPort, ObservedVolume,
};

/// `null` is as good as nothing.
fn or_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// `GET /version`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Version {
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) os: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) arch: String,
}

/// `GET /info`.
#[derive(Deserialize)]
pub(super) struct Info {
    #[serde(default, rename = "NCPU")]
    pub(super) cores: usize,
}

/// One entry of `GET /containers/json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    id: String,
    #[serde(default, deserialize_with = "or_empty")]
    names: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    image: String,
    #[serde(default, rename = "ImageID", deserialize_with = "or_empty")]
    image_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    command: String,
    #[serde(default)]
    created: i64,
    #[serde(default, deserialize_with = "or_empty")]
    state: String,
    #[serde(default, deserialize_with = "or_empty")]
    status: String,
    #[serde(default, deserialize_with = "or_empty")]
    labels: Labels,
    #[serde(default, deserialize_with = "or_empty")]
    ports: Vec<Port>,
    #[serde(default, deserialize_with = "or_empty")]
    mounts: Vec<Mount>,
    #[serde(default, deserialize_with = "or_empty")]
    network_settings: NetworkSettings,
    #[serde(default, deserialize_with = "or_empty")]
    host_config: HostConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    #[serde(default, deserialize_with = "or_empty")]
    network_mode: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Port {
    #[serde(default, rename = "IP", deserialize_with = "or_empty")]
    ip: String,
    #[serde(default)]
    private_port: u16,
    public_port: Option<u16>,
    #[serde(default, deserialize_with = "or_empty")]
    r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mount {
    #[serde(default, deserialize_with = "or_empty")]
    r#type: String,
    #[serde(default, deserialize_with = "or_empty")]
    name: String,
    #[serde(default, deserialize_with = "or_empty")]
    driver: String,
    #[serde(default, deserialize_with = "or_empty")]
    source: String,
    #[serde(default, deserialize_with = "or_empty")]
    destination: String,
    #[serde(default, rename = "RW")]
    read_write: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    #[serde(default, deserialize_with = "or_empty")]
    networks: BTreeMap<String, Endpoint>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    #[serde(default, rename = "NetworkID", deserialize_with = "or_empty")]
    network_id: String,
    #[serde(default, deserialize_with = "or_empty")]
    aliases: Vec<String>,
    #[serde(default, rename = "IPAddress", deserialize_with = "or_empty")]
    ip_address: String,
}

impl Container {
    pub(super) fn observed(self) -> ObservedContainer {
        let state = ContainerState::parse(&self.state);
        // A linked container has the link's names too, with another slash: the own name has one.
        let name = self
            .names
            .iter()
            .map(|name| name.strip_prefix('/').unwrap_or(name))
            .find(|name| !name.contains('/'))
            .unwrap_or_default()
            .to_owned();
        let networks = self
            .network_settings
            .networks
            .into_iter()
            .map(|(network, endpoint)| ObservedEndpoint {
                // Podman 4 lists the name in the place of the id.
                network_id: NetworkId::from(match endpoint.network_id {
                    id if id == network => String::new(),
                    id => id,
                }),
                network,
                aliases: endpoint.aliases,
                ip_address: Some(endpoint.ip_address).filter(|ip| !ip.is_empty()),
            })
            .collect();
        let ports: Vec<ObservedPort> = self
            .ports
            .into_iter()
            .map(|port| ObservedPort {
                ip: Some(port.ip).filter(|ip| !ip.is_empty()),
                private: port.private_port,
                public: port.public_port,
                protocol: port.r#type,
            })
            .collect();
        let mounts = self
            .mounts
            .into_iter()
            .map(|mount| ObservedMount {
                kind: mount.r#type,
                name: Some(mount.name).filter(|name| !name.is_empty()),
                driver: mount.driver,
                source: mount.source,
                destination: mount.destination,
                read_write: mount.read_write,
            })
            .collect();
        ObservedContainer {
            exit_code: exit_code(&self.status, state),
            health: health(&self.status),
            id: ContainerId::from(self.id),
            name,
            image: self.image,
            image_id: ImageId::from(self.image_id),
            state,
            status: self.status,
            command: self.command,
            created: self.created,
            labels: self.labels,
            networks,
            network_mode: self.host_config.network_mode.clone(),
            lender: self.host_config.network_mode.strip_prefix("container:").map(ContainerId::from),
            mounts,
            ports,
        }
    }
}

/// `Up 2 minutes (healthy)`.
fn health(status: &str) -> Option<Health> {
    let inside = status.strip_prefix("Up ")?.strip_suffix(')')?.rsplit_once('(')?.1;
    match inside {
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        "health: starting" => Some(Health::Starting),
        _ => None,
    }
}

/// `Exited (1) 3 seconds ago`, `Restarting (1) 2 seconds ago`.
fn exit_code(status: &str, state: ContainerState) -> Option<i64> {
    if !matches!(state, ContainerState::Exited | ContainerState::Restarting | ContainerState::Dead) {
        return None;
    }
    let (code, _) = status.split_once('(')?.1.split_once(')')?;
    code.parse().ok()
}

/// A network, listed or inspected.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Network {
    id: String,
    name: String,
    /// RFC 3339 with nanoseconds, in UTC.
    #[serde(default, deserialize_with = "or_empty")]
    created: String,
    #[serde(default, deserialize_with = "or_empty")]
    driver: String,
    #[serde(default, deserialize_with = "or_empty")]
    scope: String,
    #[serde(default, deserialize_with = "or_empty")]
    labels: Labels,
    #[serde(default, deserialize_with = "or_empty")]
    containers: BTreeMap<String, serde::de::IgnoredAny>,
}

impl Network {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// When it was made, in a form that sorts by time, and its id.
    pub(super) fn age(self) -> (String, NetworkId) {
        // Trailing zeros are left out: without them, and the `Z`, shorter texts come first as they should.
        (self.created.trim_end_matches('Z').to_owned(), NetworkId::from(self.id))
    }

    pub(super) fn observed(self) -> ObservedNetwork {
        ObservedNetwork {
            id: NetworkId::from(self.id),
            name: self.name,
            driver: self.driver,
            scope: self.scope,
            labels: self.labels,
            // Swarm adds entries that are no containers: `lb-…`.
            attached: self
                .containers
                .into_keys()
                .filter(|id| !id.starts_with("lb-"))
                .map(ContainerId::from)
                .collect(),
        }
    }
}

/// A volume, listed or inspected.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Volume {
    name: String,
    #[serde(default, deserialize_with = "or_empty")]
    driver: String,
    #[serde(default, deserialize_with = "or_empty")]
    labels: Labels,
}

/// `GET /volumes`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Volumes {
    #[serde(default, deserialize_with = "or_empty")]
    pub(super) volumes: Vec<Volume>,
}

impl Volume {
    pub(super) fn observed(self) -> ObservedVolume {
        ObservedVolume { name: self.name, driver: self.driver, labels: self.labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_tells_health_and_exit_code() {
        assert_eq!(health("Up 2 minutes (healthy)"), Some(Health::Healthy));
        assert_eq!(health("Up Less than a second (health: starting)"), Some(Health::Starting));
        assert_eq!(health("Up 5 minutes (Paused)"), None);
        assert_eq!(health("Exited (0) 1 second ago"), None);
        assert_eq!(exit_code("Exited (137) 3 seconds ago", ContainerState::Exited), Some(137));
        assert_eq!(exit_code("Up 2 minutes", ContainerState::Running), None);
    }

    #[test]
    fn a_name_in_the_place_of_an_id_is_none() {
        let text = r#"{"Id":"1","NetworkSettings":{"Networks":{"p_default":{"NetworkID":"p_default"},
            "p_back":{"NetworkID":"0f"}}}}"#;
        let container: Container = serde_json::from_str(text).expect("an entry");
        let ids = container.observed().networks.into_iter().map(|e| (e.network, e.network_id.to_string()));
        let wanted = [("p_back".to_owned(), "0f".to_owned()), ("p_default".to_owned(), String::new())];
        assert_eq!(ids.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn unknown_words_and_nulls_do_no_harm() {
        let text = r#"{"Id":"1","Names":["/a-1/link","/b-1"],"State":"frozen","Ports":null,"Labels":null,
            "NetworkSettings":{"Networks":{"n":{"NetworkID":"x","Aliases":null,"IPAddress":""}}},"New":{}}"#;
        let container: Container = serde_json::from_str(text).expect("an entry");
        let observed = container.observed();
        assert_eq!((observed.name.as_str(), observed.state), ("b-1", ContainerState::Unknown));
        assert_eq!(observed.networks[0].ip_address, None);
    }
}
