//! Calls about networks and volumes.

use bollard::models::{Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest};
use hyper::Method;
use serde_json::json;

use super::error::short_id;
use super::path::{can_name, encode, filters, with_query};
use super::transport::Call;
use super::view::View;
use super::{Docker, body, list};
use crate::base::{ContainerId, NetworkId};
use crate::engine::{Answer, EngineError, Networks, Volumes};
use crate::spec::{EndpointSpec, IpamPool, IpamSpec, NetworkSpec, VolumeSpec, labels};
use crate::state::{ApiVersion, ObservedNetwork, ObservedVolume};

fn of_network(method: Method, name: &str, action: &str) -> Result<Call, EngineError> {
    let operation = match (&method, action) {
        (&Method::GET, _) => "inspect",
        (&Method::DELETE, _) => "remove",
        (_, "/connect") => "connect a container to",
        _ => "disconnect a container from",
    };
    let subject = format!("{operation} network {}", short_id(name));
    if !can_name(name) {
        return Err(EngineError::NotFound { subject, message: format!("network {name} not found") });
    }
    Ok(Call::new(method, format!("/networks/{}{action}", encode(name)), subject))
}

fn of_volume(method: Method, name: &str, query: &[(&str, &str)]) -> Result<Call, EngineError> {
    let operation = if method == Method::GET { "inspect" } else { "remove" };
    let subject = format!("{operation} volume {name}");
    if !can_name(name) {
        return Err(EngineError::NotFound { subject, message: format!("get {name}: no such volume") });
    }
    Ok(Call::new(method, with_query(&format!("/volumes/{}", encode(name)), query), subject))
}

/// A request as JSON; bollard's models always are.
fn request<T: serde::Serialize>(subject: &str, value: &T) -> Result<serde_json::Value, EngineError> {
    serde_json::to_value(value)
        .map_err(|error| EngineError::Broken { subject: subject.to_owned(), cause: error.to_string() })
}

fn ipam(spec: &IpamSpec) -> Ipam {
    Ipam {
        driver: spec.driver.clone(),
        options: (!spec.options.is_empty()).then(|| body::text_map(&spec.options)),
        config: (!spec.pools.is_empty()).then(|| {
            let pools = spec.pools.iter().map(|pool| IpamConfig {
                subnet: pool.subnet.clone(),
                ip_range: pool.ip_range.clone(),
                gateway: pool.gateway.clone(),
                auxiliary_addresses: (!pool.aux_addresses.is_empty())
                    .then(|| body::text_map(&pool.aux_addresses)),
            });
            pools.collect()
        }),
    }
}

fn definition(network: View<'_>) -> NetworkSpec {
    let ipam = network.at("IPAM");
    let pools = ipam.items("Config").map(|pool| IpamPool {
        subnet: pool.word("Subnet"),
        ip_range: pool.word("IPRange"),
        gateway: pool.word("Gateway"),
        aux_addresses: pool.map("AuxiliaryAddresses"),
    });
    let switch = |key| network.at(key).given().then(|| network.flag(key));
    let labels = network.map("Labels");
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    NetworkSpec {
        key: label(labels::NETWORK),
        name: network.text("Name"),
        external: false,
        driver: network.word("Driver"),
        options: network.map("Options"),
        ipam: Some(IpamSpec {
            driver: ipam.word("Driver"),
            pools: pools.collect(),
            options: ipam.map("Options"),
        }),
        internal: network.flag("Internal"),
        attachable: network.flag("Attachable"),
        enable_ipv4: switch("EnableIPv4"),
        enable_ipv6: switch("EnableIPv6"),
        hash: label(labels::CONFIG_HASH),
        labels,
        span: Default::default(),
    }
}

/// From here on the engine makes no second network of a name.
const UNIQUE_NAMES: ApiVersion = ApiVersion::new(1, 44);

impl Docker {
    async fn has_network(&self, name: &str) -> bool {
        self.inspect_network(name).await.is_ok()
    }

    /// Older engines look for a network of the name and then make one: two clients that ask at once get one
    /// each, and the name means neither. So each looks again afterwards; the network that was made first is
    /// taken by both, and the other one removed by whoever made it.
    async fn first_of_name(&self, name: &str, made: NetworkId) -> Result<NetworkId, EngineError> {
        let filters = filters(&[("name", &[name.to_owned()])]);
        let path = with_query("/networks", &[("filters", &filters)]);
        let call = Call::new(Method::GET, path, format!("look for network {name}"));
        let found: Vec<list::Network> = self.transport.json(call).await?;
        // The filter also finds names that contain this one.
        let same = found.into_iter().filter(|network| network.name() == name);
        let mut ages: Vec<(String, NetworkId)> = same.map(list::Network::age).collect();
        ages.sort();
        match ages.into_iter().next() {
            Some((_, first)) if first != made => match self.remove_network(&made).await {
                Err(error) if !error.is_not_found() => Err(error),
                _ => Ok(first),
            },
            _ => Ok(made),
        }
    }
}

impl Networks for Docker {
    fn list_networks(&self, labels: &[String]) -> Answer<'_, Vec<ObservedNetwork>> {
        let filters = filters(&[("label", labels)]);
        Box::pin(async move {
            let path = with_query("/networks", &[("filters", &filters)]);
            let found: Vec<list::Network> =
                self.transport.json(Call::new(Method::GET, path, "list networks")).await?;
            Ok(found.into_iter().map(list::Network::observed).collect())
        })
    }

    fn inspect_network(&self, name: &str) -> Answer<'_, ObservedNetwork> {
        let call = of_network(Method::GET, name, "");
        Box::pin(async move {
            let found: list::Network = self.transport.json(call?).await?;
            Ok(found.observed())
        })
    }

    fn network_definition(&self, name: &str) -> Answer<'_, NetworkSpec> {
        let call = of_network(Method::GET, name, "");
        Box::pin(async move {
            let found: serde_json::Value = self.transport.json(call?).await?;
            Ok(definition(View(&found)))
        })
    }

    fn create_network(&self, spec: &NetworkSpec) -> Answer<'_, NetworkId> {
        #[derive(serde::Deserialize)]
        struct Created {
            #[serde(rename = "Id")]
            id: String,
        }
        let (subject, name) = (format!("create network {}", spec.name), spec.name.clone());
        let body = NetworkCreateRequest {
            name: spec.name.clone(),
            driver: spec.driver.clone(),
            internal: Some(spec.internal),
            attachable: Some(spec.attachable),
            enable_ipv4: spec.enable_ipv4,
            enable_ipv6: spec.enable_ipv6,
            options: Some(body::text_map(&spec.options)),
            labels: Some(body::text_map(&spec.labels)),
            ipam: spec.ipam.as_ref().map(ipam),
            ..NetworkCreateRequest::default()
        };
        Box::pin(async move {
            let mut body = request(&subject, &body)?;
            let unique = self.transport.version().await? >= UNIQUE_NAMES;
            if !unique {
                body["CheckDuplicate"] = json!(true);
            }
            let call = Call::new(Method::POST, "/networks/create", subject).body(&body);
            let id = match self.transport.json::<Created>(call).await {
                Ok(created) => NetworkId::from(created.id),
                Err(error) => return Err(self.or_conflict(error, self.has_network(&name)).await),
            };
            if unique { Ok(id) } else { self.first_of_name(&name, id).await }
        })
    }

    fn remove_network(&self, id: &NetworkId) -> Answer<'_, ()> {
        let (call, id) = (of_network(Method::DELETE, id, ""), id.clone());
        Box::pin(async move {
            match self.transport.done(call?).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.or_conflict(error, self.has_network(&id)).await),
            }
        })
    }

    fn connect(
        &self,
        network: &NetworkId,
        container: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> Answer<'_, ()> {
        let call = of_network(Method::POST, network, "/connect");
        let (container, endpoint) = (container.clone(), endpoint.clone());
        Box::pin(async move {
            let subject = format!("connect container {} to a network", short_id(&container));
            body::check_endpoint(&endpoint, self.transport.version().await?)?;
            let body = NetworkConnectRequest {
                container: container.into(),
                endpoint_config: Some(body::endpoint(&endpoint)),
            };
            self.transport.done(call?.body(&request(&subject, &body)?)).await
        })
    }

    fn disconnect(&self, network: &NetworkId, container: &ContainerId) -> Answer<'_, ()> {
        let call = of_network(Method::POST, network, "/disconnect");
        let body = json!({ "Container": container.as_str(), "Force": true });
        Box::pin(async move { self.transport.done(call?.body(&body)).await })
    }
}

impl Volumes for Docker {
    fn list_volumes(&self, labels: &[String]) -> Answer<'_, Vec<ObservedVolume>> {
        let filters = filters(&[("label", labels)]);
        Box::pin(async move {
            let path = with_query("/volumes", &[("filters", &filters)]);
            let found: list::Volumes =
                self.transport.json(Call::new(Method::GET, path, "list volumes")).await?;
            Ok(found.volumes.into_iter().map(list::Volume::observed).collect())
        })
    }

    fn inspect_volume(&self, name: &str) -> Answer<'_, ObservedVolume> {
        let call = of_volume(Method::GET, name, &[]);
        Box::pin(async move {
            let found: list::Volume = self.transport.json(call?).await?;
            Ok(found.observed())
        })
    }

    fn create_volume(&self, spec: &VolumeSpec) -> Answer<'_, ()> {
        let subject = format!("create volume {}", spec.name);
        let body = VolumeCreateRequest {
            name: Some(spec.name.clone()),
            driver: spec.driver.clone(),
            // The engine keeps an empty mapping apart from none.
            driver_opts: (!spec.options.is_empty()).then(|| body::text_map(&spec.options)),
            labels: Some(body::text_map(&spec.labels)),
            ..VolumeCreateRequest::default()
        };
        Box::pin(async move {
            let body = request(&subject, &body)?;
            self.transport.done(Call::new(Method::POST, "/volumes/create", subject).body(&body)).await
        })
    }

    fn remove_volume(&self, name: &str) -> Answer<'_, ()> {
        let (call, name) = (of_volume(Method::DELETE, name, &[("force", "1")]), name.to_owned());
        Box::pin(async move {
            match self.transport.done(call?).await {
                Ok(()) => Ok(()),
                Err(error) => {
                    let there = async { self.inspect_volume(&name).await.is_ok() };
                    Err(self.or_conflict(error, there).await)
                }
            }
        })
    }
}
