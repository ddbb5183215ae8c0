//! Stopping and taking down: dependants first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::builder::{Builder, orphans, runs};
use super::verdict;
use super::{Down, Hazard, Op, Plan, PlanError, Reason, RemoveImages, StepId, Stop, Warning};
use crate::base::ServiceName;
use crate::base::image_ref::ImageRef;
use crate::spec::labels;

impl<'a> Builder<'a> {
    /// Services that depend on one, directly, by that one.
    fn dependants(&self) -> HashMap<&'a str, Vec<&'a ServiceName>> {
        let mut found: HashMap<&str, Vec<&ServiceName>> = HashMap::new();
        for service in self.input.desired.services.values() {
            let names = service.depends_on.iter().map(|d| &d.service).chain(service.shared_services());
            for name in names {
                found.entry(name.as_str()).or_default().push(&service.name);
            }
        }
        found
    }

    /// `stop`: the services named, dependants before what they depend on.
    pub fn stop(mut self, stop: &Stop) -> Result<Plan, PlanError> {
        let dependants = self.dependants();
        let mut done: BTreeMap<ServiceName, Vec<StepId>> = BTreeMap::new();
        for name in self.order.clone().into_iter().rev() {
            let Some(service) = self.service(&name) else { continue };
            let waited = dependants.get(name.as_str()).into_iter().flatten();
            let after: Vec<StepId> = waited.filter_map(|d| done.get(*d)).flatten().copied().collect();
            let mut steps = Vec::new();
            if stop.targets.is_empty() || stop.targets.contains(&name) {
                for container in self.existing.of_service(&name).into_iter().filter(|c| runs(c)) {
                    let op = Op::StopContainer {
                        container: Self::existing(container),
                        timeout: stop.timeout,
                        pre_stop: service.pre_stop.clone(),
                    };
                    steps.push(self.step(op, after.iter().copied(), Reason::Asked));
                }
            }
            // A service left out still passes on what its dependants wait for.
            done.insert(name, if steps.is_empty() { after } else { steps });
        }
        Ok(self.plan)
    }

    /// `down`: containers, then networks, and volumes when asked.
    pub fn down(mut self, down: &Down) -> Result<Plan, PlanError> {
        let dependants = self.dependants();
        let mut done: BTreeMap<ServiceName, Vec<StepId>> = BTreeMap::new();
        for name in self.order.clone().into_iter().rev() {
            let Some(service) = self.service(&name) else { continue };
            let waited = dependants.get(name.as_str()).into_iter().flatten();
            let after: Vec<StepId> = waited.filter_map(|d| done.get(*d)).flatten().copied().collect();
            let mut steps = Vec::new();
            if down.targets.is_empty() || down.targets.contains(&name) {
                for container in self.existing.of_service(&name) {
                    let hooks = if runs(container) { service.pre_stop.as_slice() } else { &[] };
                    steps.push(self.remove(
                        container,
                        &after,
                        down.timeout,
                        hooks,
                        down.volumes,
                        &Reason::Asked,
                    ));
                }
            }
            done.insert(name, if steps.is_empty() { after } else { steps });
        }
        if down.remove_orphans {
            self.remove_leftovers(down);
        }
        if down.targets.is_empty() {
            self.warn_of_services_off();
        }
        self.remove_networks();
        if down.volumes {
            self.remove_volumes();
        }
        if let Some(which) = down.images {
            self.remove_images(down, which);
        }
        Ok(self.plan)
    }

    /// Containers of services that no active profile switches on stay, as in the reference; that is said.
    fn warn_of_services_off(&mut self) {
        let desired = self.input.desired;
        let counts = desired.others.iter().map(|name| (name, self.existing.of_service(name).len()));
        let mut left: Vec<(&ServiceName, usize)> = counts.filter(|(_, count)| *count > 0).collect();
        left.sort();
        if left.is_empty() {
            return;
        }
        let profiles = |name: &ServiceName| desired.profiles.get(name).cloned().unwrap_or_default();
        self.plan.warnings.push(Warning::ServicesOffLeft {
            containers: left.iter().map(|(_, count)| count).sum(),
            services: left.into_iter().map(|(name, _)| (name.to_string(), profiles(name))).collect(),
        });
    }

    /// Orphans and one-offs, running ones too. Anonymous volumes of orphans stay, as in the reference.
    fn remove_leftovers(&mut self, down: &Down) {
        let mut leftovers = orphans(self.input);
        // Ended ones are orphans already.
        let known: BTreeSet<_> = leftovers.iter().map(|container| &container.id).collect();
        let one_offs = self.input.observed.containers.iter().filter(|c| verdict::is_one_off(c));
        let running: Vec<_> = one_offs.filter(|c| !known.contains(&c.id)).collect();
        leftovers.extend(running);
        for container in leftovers {
            self.remove(container, &[], down.timeout, &[], false, &Reason::Orphan);
        }
    }

    fn remove_networks(&mut self) {
        let mut specs: Vec<_> = self.input.desired.networks.values().filter(|n| !n.external).collect();
        specs.sort_by(|a, b| a.key.cmp(&b.key));
        for spec in specs {
            // By whatever name: the file may have given it another one since.
            for network in self.existing.networks_of(&spec.key) {
                let on_it = self.existing.on_network(&network.id, &network.name).into_iter();
                let after: Vec<StepId> = on_it.filter_map(|c| self.removed.get(&c.id).copied()).collect();
                let op = Op::RemoveNetwork {
                    id: network.id.clone(),
                    name: network.name.clone(),
                    best_effort: true,
                };
                self.step(op, after, Reason::Asked);
            }
        }
    }

    /// Images that are there: built for the project, without a name in the file, or all of its services.
    fn remove_images(&mut self, down: &Down, which: RemoveImages) {
        let (input, project) = (self.input, self.input.desired.project.as_str());
        let known = |service: &str| {
            let targeted = down.targets.is_empty() || down.targets.iter().any(|target| *target == *service);
            targeted && input.desired.services.contains_key(service)
        };
        let built = input.observed.images.iter().filter(|(_, image)| {
            let label = |key: &str| image.labels.get(key).map(String::as_str);
            label(labels::PROJECT) == Some(project)
                && label(labels::SERVICE).is_some_and(|service| down.remove_orphans || known(service))
        });
        let mut references: BTreeSet<&str> = built.map(|(reference, _)| reference.as_str()).collect();
        let services = input.desired.services.values().filter(|service| known(service.name.as_str()));
        references.extend(
            services
                .filter(|service| which == RemoveImages::All || service.source.container.image.is_none())
                .map(|service| service.container.image.as_str())
                .filter(|reference| input.observed.images.contains_key(*reference)),
        );
        let named: BTreeMap<String, &str> =
            references.into_iter().map(|reference| (with_tag(reference), reference)).collect();
        for (name, reference) in named {
            let id = input.observed.images.get(reference).map(|image| &image.id);
            let users = input.observed.containers.iter();
            let after: Vec<StepId> = users
                .filter(|c| Some(&c.image_id) == id || c.image == reference)
                .filter_map(|c| self.removed.get(&c.id).copied())
                .collect();
            self.step(Op::RemoveImage { reference: name, best_effort: true }, after, Reason::Asked);
        }
    }

    fn remove_volumes(&mut self) {
        let mut specs: Vec<_> = self.input.desired.volumes.values().filter(|v| !v.external).collect();
        specs.sort_by(|a, b| a.key.cmp(&b.key));
        for spec in specs {
            if self.existing.volume_named(&spec.name).is_none() {
                continue;
            }
            let mounting = self.existing.mounting(&spec.name).into_iter();
            let after: Vec<StepId> = mounting.filter_map(|c| self.removed.get(&c.id).copied()).collect();
            let op = Op::RemoveVolume { name: spec.name.clone(), best_effort: true };
            self.step(op, after, Reason::Asked);
            self.plan.hazards.push(Hazard::VolumeRemoved { name: spec.name.clone() });
        }
    }
}

/// The name with its tag, as lists of images show it.
fn with_tag(reference: &str) -> String {
    ImageRef::parse(reference)
        .map_or_else(|_| reference.to_owned(), |image| image.with_default_tag().familiar())
}
