//! Networks, and how a container is on them.

use super::Lowering;
use super::options;
use crate::model::{self, Service};
use crate::spec::{EndpointSpec, IpamPool, IpamSpec, Namespace, NetworkAttachment, NetworkSpec, labels};

/// The networks of a container, the one with the highest priority first, ties by key.
pub(super) fn in_order(container: &model::Container) -> Vec<(&String, Option<&model::NetworkAttachment>)> {
    let mut keys: Vec<(&String, Option<&model::NetworkAttachment>)> =
        container.networks.iter().map(|(key, attachment)| (key, attachment.as_ref())).collect();
    keys.sort_by_key(|(key, attachment)| (std::cmp::Reverse(attachment.map_or(0, |a| a.priority)), *key));
    keys
}

impl Lowering<'_> {
    pub(super) fn network(&self, key: &str, network: &model::Network) -> NetworkSpec {
        let hash = model::hash::network(network);
        let mut all = network.labels.clone();
        all.insert(labels::NETWORK.to_owned(), key.to_owned());
        all.insert(labels::PROJECT.to_owned(), self.project.name.clone());
        all.insert(labels::VERSION.to_owned(), labels::COMPATIBLE_VERSION.to_owned());
        all.insert(labels::CONFIG_HASH.to_owned(), hash.clone());
        let ipam = &network.ipam;
        let managed = ipam.driver.is_some() || !ipam.config.is_empty() || !ipam.options.is_empty();
        NetworkSpec {
            key: key.to_owned(),
            name: network.name.clone().unwrap_or_else(|| key.to_owned()),
            external: network.external,
            driver: network.driver.clone(),
            options: network.driver_opts.clone(),
            ipam: managed.then(|| IpamSpec {
                driver: ipam.driver.clone(),
                pools: ipam
                    .config
                    .iter()
                    .map(|pool| IpamPool {
                        subnet: pool.subnet.clone(),
                        ip_range: pool.ip_range.clone(),
                        gateway: pool.gateway.clone(),
                        aux_addresses: pool.aux_addresses.clone(),
                    })
                    .collect(),
                options: ipam.options.clone(),
            }),
            internal: network.internal,
            attachable: network.attachable,
            enable_ipv4: network.enable_ipv4,
            enable_ipv6: network.enable_ipv6,
            labels: all,
            hash,
            span: network.origins.span(),
        }
    }

    /// Endpoints, the one with the highest priority first, ties by key.
    pub(super) fn attachment(&self, service: &Service) -> NetworkAttachment {
        let container = &service.container;
        if let Some(mode) = container.network_mode.as_deref().filter(|mode| !mode.is_empty()) {
            return NetworkAttachment {
                mode: options::namespace(Some(mode)),
                endpoints: Vec::new(),
                disabled: mode == "disabled",
            };
        }
        let mut endpoints: Vec<EndpointSpec> = in_order(container)
            .into_iter()
            .map(|(key, attachment)| self.endpoint(service, key, attachment))
            .collect();
        if let (Some(first), Some(mac)) = (endpoints.first_mut(), &container.mac_address) {
            first.mac_address.get_or_insert_with(|| mac.clone());
        }
        let mode = endpoints.first().map_or_else(|| "none".to_owned(), |primary| primary.network.clone());
        NetworkAttachment { mode: Some(Namespace::Mode(mode)), endpoints, disabled: false }
    }

    fn endpoint(
        &self,
        service: &Service,
        key: &str,
        attachment: Option<&model::NetworkAttachment>,
    ) -> EndpointSpec {
        let network = self.project.networks.get(key).and_then(|network| network.name.clone());
        let mut endpoint = EndpointSpec {
            key: key.to_owned(),
            network: network.unwrap_or_else(|| key.to_owned()),
            aliases: vec![service.name.to_string()],
            links: self.links(service),
            configured: attachment.is_some(),
            ..EndpointSpec::default()
        };
        if let Some(attachment) = attachment {
            endpoint.aliases.extend(attachment.aliases.iter().cloned());
            endpoint.ipv4_address.clone_from(&attachment.ipv4_address);
            endpoint.ipv6_address.clone_from(&attachment.ipv6_address);
            endpoint.link_local_ips.clone_from(&attachment.link_local_ips);
            endpoint.mac_address.clone_from(&attachment.mac_address);
            endpoint.driver_opts.clone_from(&attachment.driver_opts);
            endpoint.interface_name.clone_from(&attachment.interface_name);
            endpoint.gw_priority = attachment.gw_priority;
            if let Some(name) = &attachment.interface_name {
                endpoint.driver_opts.insert("com.docker.network.endpoint.ifname".to_owned(), name.clone());
            }
        }
        endpoint
    }

    /// `container:alias` pairs for the linked services' containers, then the external ones.
    pub(super) fn links(&self, service: &Service) -> Vec<String> {
        let separator = self.context.separator;
        let project = &self.project.name;
        let mut links = Vec::new();
        for link in &service.links {
            let (target, alias) = link.split_once(':').unwrap_or((link, link));
            let Some(linked) = self.project.services.get(target) else { continue };
            let replicas = linked.replicas().max(0);
            for number in 1..=replicas {
                let name = linked
                    .container_name
                    .clone()
                    .unwrap_or_else(|| format!("{project}{separator}{target}{separator}{number}"));
                links.push(format!("{name}:{alias}"));
                links.push(format!("{name}:{target}{separator}{number}"));
                links.push(format!("{name}:{project}{separator}{target}{separator}{number}"));
            }
        }
        for link in &service.external_links {
            let (container, alias) = link.split_once(':').unwrap_or((link, link));
            links.push(format!("{container}:{alias}"));
        }
        links
    }
}
