//! Fixed addresses: the engine gives free addresses to whoever starts first, so that services with fixed ones
//! go before the others on their networks, where their dependencies allow it.

use std::collections::BTreeMap;

use super::builder::Builder;
use super::{Ref, StepId, Warning};
use crate::base::ServiceName;
use crate::graph::Graph;
use crate::spec::{EndpointSpec, ServiceSpec};
use crate::state::ObservedContainer;

/// The order of starts.
pub(super) struct AddressOrder {
    /// Dependencies first, and services with fixed addresses as early as they can be.
    pub order: Vec<ServiceName>,
    /// The services with fixed addresses that one starts after.
    after: BTreeMap<ServiceName, Vec<ServiceName>>,
}

/// The addresses that an endpoint has of its own.
fn fixed(endpoint: &EndpointSpec) -> impl Iterator<Item = &String> {
    endpoint.ipv4_address.iter().chain(&endpoint.ipv6_address)
}

fn has_range(builder: &Builder<'_>, key: &str) -> bool {
    let ipam = builder.input.desired.networks.get(key).and_then(|network| network.ipam.as_ref());
    ipam.is_some_and(|ipam| ipam.pools.iter().any(|pool| pool.ip_range.is_some()))
}

impl<'a> Builder<'a> {
    /// The order of starts, and warnings about addresses that it can't keep free.
    pub(super) fn address_order(&mut self) -> AddressOrder {
        let starts = |name: &ServiceName| {
            self.planned.get(name).is_some_and(|all| all.iter().any(|one| one.needs_start.is_some()))
        };
        let services: Vec<&'a ServiceSpec> =
            self.order.iter().filter_map(|name| self.service(name)).collect();
        let mut edges: BTreeMap<&'a str, Vec<&'a str>> = BTreeMap::new();
        for service in &services {
            let on = service.depends_on.iter().map(|d| &d.service).chain(service.shared_services());
            edges.insert(service.name.as_str(), on.map(ServiceName::as_str).collect());
        }
        let mut after: BTreeMap<ServiceName, Vec<ServiceName>> = BTreeMap::new();
        let mut warnings = Vec::new();
        for with in services.iter().filter(|service| starts(&service.name)) {
            for endpoint in &with.container.network.endpoints {
                let Some(address) = fixed(endpoint).next() else { continue };
                for without in services.iter().filter(|other| other.name != with.name) {
                    let free =
                        |other: &&EndpointSpec| other.key == endpoint.key && fixed(other).next().is_none();
                    if !without.container.network.endpoints.iter().any(|other| free(&other))
                        || !starts(&without.name)
                    {
                        continue;
                    }
                    let graph = Graph::new(edges.iter().map(|(name, on)| (*name, on.iter().copied())));
                    // It starts before the other, directly or not.
                    if graph.with_dependencies([with.name.as_str()]).contains(&without.name) {
                        if !has_range(self, &endpoint.key) {
                            warnings.push(Warning::AddressLate {
                                service: with.name.clone(),
                                address: address.clone(),
                                before: without.name.clone(),
                                network: endpoint.network.clone(),
                            });
                        }
                        continue;
                    }
                    edges.entry(without.name.as_str()).or_default().push(with.name.as_str());
                    after.entry(without.name.clone()).or_default().push(with.name.clone());
                }
                warnings.extend(self.taken(with, endpoint, address));
            }
        }
        let order = if after.is_empty() {
            self.order.clone()
        } else {
            Graph::new(edges.iter().map(|(name, on)| (*name, on.iter().copied()))).order()
        };
        self.plan.warnings.extend(warnings);
        AddressOrder { order, after }
    }

    /// That a container which stays has the address now.
    fn taken(&self, service: &ServiceSpec, endpoint: &EndpointSpec, address: &str) -> Option<Warning> {
        let Some(Ref::Existing(network)) = self.networks.get(&endpoint.key) else { return None };
        let has_it = |container: &&ObservedContainer| {
            let mut endpoints = container.networks.iter().filter(|on| on.network_id == *network);
            endpoints.any(|on| on.ip_address.as_deref() == Some(address))
        };
        let others = self.input.observed.containers.iter().filter(|container| {
            // What is replaced or removed gives its address up.
            let stays = self.kept.contains(&container.id) || !self.is_judged(container);
            stays
                && !self.stopped.contains_key(&container.id)
                && container.label(crate::spec::labels::SERVICE) != Some(service.name.as_str())
        });
        let holder = others.filter(|container| super::builder::runs(container)).find(has_it)?;
        Some(Warning::AddressTaken {
            service: service.name.clone(),
            address: address.to_owned(),
            container: holder.name.clone(),
        })
    }

    /// The starts that a service without a fixed address comes after.
    pub(super) fn starts_first(&self, addresses: &AddressOrder, name: &ServiceName) -> Vec<StepId> {
        let before = addresses.after.get(name).into_iter().flatten();
        before.filter_map(|with| self.planned.get(with)).flatten().filter_map(|one| one.started_by).collect()
    }
}
