//! Stopping and taking down: dependants first.

use std::collections::BTreeMap;

use super::builder::{Builder, orphans, runs};
use super::networks::is_labelled;
use super::verdict;
use super::{Down, Hazard, Op, Plan, PlanError, Reason, StepId, Stop};
use crate::base::ServiceName;

impl<'a> Builder<'a> {
    /// Services that depend on one, directly.
    fn dependants(&self, name: &ServiceName) -> Vec<ServiceName> {
        let services = self.input.desired.services.values();
        services
            .filter(|s| {
                s.depends_on.iter().any(|d| d.service == *name) || s.shared_services().contains(&name)
            })
            .map(|s| s.name.clone())
            .collect()
    }

    /// `stop`: the services named, dependants before what they depend on.
    pub fn stop(mut self, stop: &Stop) -> Result<Plan, PlanError> {
        let mut done: BTreeMap<ServiceName, Vec<StepId>> = BTreeMap::new();
        for name in self.order.clone().into_iter().rev() {
            let Some(service) = self.service(&name) else { continue };
            let after: Vec<StepId> =
                self.dependants(&name).iter().filter_map(|d| done.get(d)).flatten().copied().collect();
            let mut steps = Vec::new();
            if stop.targets.is_empty() || stop.targets.contains(&name) {
                for container in
                    verdict::of_service(self.input.observed, &name).into_iter().filter(|c| runs(c))
                {
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
        let mut done: BTreeMap<ServiceName, Vec<StepId>> = BTreeMap::new();
        for name in self.order.clone().into_iter().rev() {
            let Some(service) = self.service(&name) else { continue };
            let after: Vec<StepId> =
                self.dependants(&name).iter().filter_map(|d| done.get(d)).flatten().copied().collect();
            let mut steps = Vec::new();
            if down.targets.is_empty() || down.targets.contains(&name) {
                for container in verdict::of_service(self.input.observed, &name) {
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
        self.remove_networks();
        if down.volumes {
            self.remove_volumes();
        }
        Ok(self.plan)
    }

    /// Orphans and one-offs, running ones too. Anonymous volumes of orphans stay, as in the reference.
    fn remove_leftovers(&mut self, down: &Down) {
        let mut leftovers = orphans(self.input);
        let one_offs = self.input.observed.containers.iter().filter(|c| verdict::is_one_off(c));
        for container in one_offs {
            if !leftovers.iter().any(|c| c.id == container.id) {
                leftovers.push(container);
            }
        }
        for container in leftovers {
            self.remove(container, &[], down.timeout, &[], false, &Reason::Orphan);
        }
    }

    fn remove_networks(&mut self) {
        let project = self.input.desired.project.as_str();
        let mut specs: Vec<_> = self.input.desired.networks.values().filter(|n| !n.external).collect();
        specs.sort_by(|a, b| a.key.cmp(&b.key));
        for spec in specs {
            // By whatever name: the file may have given it another one since.
            let networks = self.input.observed.networks.iter();
            let live: Vec<_> = networks.filter(|n| is_labelled(n, project, &spec.key)).collect();
            for network in live {
                let after: Vec<StepId> = self
                    .input
                    .observed
                    .containers
                    .iter()
                    .filter(|c| {
                        c.networks.iter().any(|e| e.network_id == network.id || e.network == network.name)
                    })
                    .filter_map(|c| self.removed.get(&c.id).copied())
                    .collect();
                let op = Op::RemoveNetwork {
                    id: network.id.clone(),
                    name: network.name.clone(),
                    best_effort: true,
                };
                self.step(op, after, Reason::Asked);
            }
        }
    }

    fn remove_volumes(&mut self) {
        let mut specs: Vec<_> = self.input.desired.volumes.values().filter(|v| !v.external).collect();
        specs.sort_by(|a, b| a.key.cmp(&b.key));
        for spec in specs {
            if !self.input.observed.volumes.iter().any(|v| v.name == spec.name) {
                continue;
            }
            let after: Vec<StepId> = self
                .input
                .observed
                .containers
                .iter()
                .filter(|c| c.mounts.iter().any(|m| m.name.as_deref() == Some(spec.name.as_str())))
                .filter_map(|c| self.removed.get(&c.id).copied())
                .collect();
            let op = Op::RemoveVolume { name: spec.name.clone(), best_effort: true };
            self.step(op, after, Reason::Asked);
            self.plan.hazards.push(Hazard::VolumeRemoved { name: spec.name.clone() });
        }
    }
}
