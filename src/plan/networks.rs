//! Networks: made, kept, or recreated with their containers moved over.

use std::collections::HashMap;

use super::builder::{Builder, Planned, runs};
use super::verdict::{self, Fate};
use super::{Op, PlanError, Reason, Ref, StepId, Target, Up, Warning};
use crate::base::{ContainerId, NetworkId, ServiceName};
use crate::spec::{NetworkSpec, labels};
use crate::state::{ObservedContainer, ObservedNetwork};

/// A network that another one takes the place of.
pub(super) struct LeftNetwork {
    id: NetworkId,
    name: String,
    /// Steps after which nothing that stays is on it.
    left: Vec<StepId>,
    reason: Reason,
}

impl<'a> Builder<'a> {
    pub(super) fn make_networks(&mut self, up: &Up) {
        let mut specs: Vec<&NetworkSpec> = self.input.desired.networks.values().collect();
        specs.sort_by(|a, b| a.key.cmp(&b.key));
        for spec in specs {
            if spec.external {
                match self.existing.network(spec) {
                    Some(found) => {
                        self.networks.insert(spec.key.clone(), Ref::Existing(found.id.clone()));
                    }
                    None => {
                        let (name, span) = (spec.name.clone(), spec.span);
                        self.refusals.push(PlanError::ExternalNetworkMissing { name, span });
                    }
                }
                continue;
            }
            match self.existing.network(spec) {
                None => {
                    let step = self.create_network(spec, [], Reason::Missing);
                    self.networks.insert(spec.key.clone(), Ref::Planned(step));
                }
                Some(live) => self.keep_or_move(spec, live, up),
            }
        }
    }

    /// The networks of a container by key, with the ids they have or will have.
    pub(super) fn network_ids(&self, spec: &crate::spec::ContainerSpec) -> Vec<(String, Ref<NetworkId>)> {
        let keys = spec.network.endpoints.iter().map(|endpoint| &endpoint.key);
        keys.filter_map(|key| Some((key.clone(), self.networks.get(key)?.clone()))).collect()
    }

    fn create_network(
        &mut self,
        spec: &NetworkSpec,
        after: impl IntoIterator<Item = StepId>,
        reason: Reason,
    ) -> StepId {
        let step = self.step(Op::CreateNetwork(Box::new(spec.clone())), after, reason);
        self.plan.steps[step.0].span = spec.span;
        step
    }

    fn keep_or_move(&mut self, spec: &NetworkSpec, live: &ObservedNetwork, up: &Up) {
        let project = self.input.desired.project.as_str();
        let owner = live.labels.get(labels::PROJECT).map(String::as_str);
        match owner {
            None => self.plan.warnings.push(Warning::UnmanagedNetwork { name: live.name.clone() }),
            Some(other) if other != project => self
                .plan
                .warnings
                .push(Warning::ForeignNetwork { name: live.name.clone(), project: project.to_owned() }),
            Some(_) => {}
        }
        let ours = owner == Some(project);
        if ours {
            self.leave_leftovers(spec, live);
        }
        let hash = live.labels.get(labels::CONFIG_HASH).map_or("", String::as_str);
        let renamed = ours && live.name != spec.name;
        let changed = ours && !hash.is_empty() && hash != spec.hash;
        if !renamed && !changed {
            self.networks.insert(spec.key.clone(), Ref::Existing(live.id.clone()));
            return;
        }
        let reason = if renamed {
            Reason::Renamed { from: live.name.clone(), to: spec.name.clone() }
        } else {
            Reason::NetworkChanged(spec.key.clone())
        };
        // Two networks with one name can't be, nor two with one subnet: then the old one goes first.
        if renamed && !has_subnet(spec) {
            self.move_over(spec, live, up, reason);
            return;
        }
        let containers = self.held_by(live, renamed);
        if containers.is_empty() {
            self.recreate_network(spec, live, up, reason, renamed);
            return;
        }
        self.networks.insert(spec.key.clone(), Ref::Existing(live.id.clone()));
        let span = spec.span;
        if renamed {
            let (network, to) = (live.name.clone(), spec.name.clone());
            self.refusals.push(PlanError::NetworkHeld { network, to, containers, span });
        } else {
            self.plan.warnings.push(Warning::NetworkKept { name: live.name.clone(), containers, span });
        }
    }

    /// Containers of the project that keep a network from being replaced: nobody asked for their services, so
    /// they are neither stopped nor taken off it. With another name for it, also those that can only be started
    /// while it has the old one.
    fn held_by(&self, live: &ObservedNetwork, renamed: bool) -> Vec<String> {
        self.attached(live)
            .into_iter()
            .filter(|container| !self.removed.contains_key(&container.id))
            .filter(|container| {
                let kept = self.kept.contains(&container.id);
                let ended_one_off = verdict::is_one_off(container) && !runs(container);
                match () {
                    () if kept => renamed && container.network_mode == live.name,
                    () => !self.is_judged(container) && !ended_one_off,
                }
            })
            .map(|container| container.name.clone())
            .collect()
    }

    /// Other networks of the same key: a move to a new name that wasn't finished, or a second one of the same
    /// name, which old engines make when two clients ask at once. They go when nothing of the project stays on
    /// them.
    fn leave_leftovers(&mut self, spec: &NetworkSpec, live: &ObservedNetwork) {
        let leftovers: Vec<&ObservedNetwork> = self
            .existing
            .networks_of(&spec.key)
            .into_iter()
            .filter(|n| n.id != live.id)
            .filter(|n| !self.attached(n).into_iter().any(|container| self.stays(container)))
            .collect();
        for network in leftovers {
            let reason = match network.name == live.name {
                true => Reason::DuplicateNetwork,
                false => Reason::Renamed { from: network.name.clone(), to: spec.name.clone() },
            };
            self.left_networks.push(LeftNetwork {
                id: network.id.clone(),
                name: network.name.clone(),
                left: Vec::new(),
                reason,
            });
        }
    }

    /// Whether a container is neither replaced nor removed.
    fn stays(&self, container: &ObservedContainer) -> bool {
        let judged = container.label(labels::SERVICE).and_then(|service| self.verdicts.get(service));
        let goes = judged.is_some_and(|verdict| {
            verdict.containers.iter().any(|v| v.container.id == container.id && v.fate != Fate::Keep)
        });
        !goes && !self.removed.contains_key(&container.id)
    }

    /// The new network beside the old one: until it is there, everything stays as it is.
    fn move_over(&mut self, spec: &NetworkSpec, live: &ObservedNetwork, up: &Up, reason: Reason) {
        let created = self.create_network(spec, [], reason.clone());
        self.networks.insert(spec.key.clone(), Ref::Planned(created));
        let mut freed = HashMap::new();
        let mut staying = self.attached(live);
        // Without --no-recreate, one whose network mode names the old network is replaced.
        staying.retain(|container| self.kept.contains(&container.id) && container.network_mode != live.name);
        for container in staying {
            let stopped = self.stop_once(container, [created], up.timeout, reason.clone());
            let step = self.disconnect(container, live, stopped.into_iter().chain([created]), &reason);
            freed.insert(&container.id, step);
        }
        let mut left: Vec<StepId> = freed.values().copied().collect();
        left.extend(self.reconnect(spec, live, created, &freed, &reason));
        self.left_networks.push(LeftNetwork { id: live.id.clone(), name: live.name.clone(), left, reason });
    }

    fn recreate_network(
        &mut self,
        spec: &NetworkSpec,
        live: &ObservedNetwork,
        up: &Up,
        reason: Reason,
        best_effort: bool,
    ) {
        // Everything of the project that is on it leaves it first.
        let mut freed = HashMap::new();
        for container in self.attached(live) {
            if let Some(gone) = self.removed.get(&container.id) {
                freed.insert(&container.id, *gone);
                continue;
            }
            let stopped = self.stop_once(container, [], up.timeout, reason.clone());
            freed.insert(&container.id, self.disconnect(container, live, stopped, &reason));
        }
        let remove = Op::RemoveNetwork { id: live.id.clone(), name: live.name.clone(), best_effort };
        let removed = self.step(remove, freed.values().copied(), reason.clone());
        let created = self.create_network(spec, [removed], reason.clone());
        self.plan.successors.push((removed, created));
        self.networks.insert(spec.key.clone(), Ref::Planned(created));
        self.reconnect(spec, live, created, &freed, &reason);
    }

    fn disconnect(
        &mut self,
        container: &ObservedContainer,
        live: &ObservedNetwork,
        after: impl IntoIterator<Item = StepId>,
        reason: &Reason,
    ) -> StepId {
        let op = Op::DisconnectNetwork {
            network: live.id.clone(),
            network_name: live.name.clone(),
            container: Self::existing(container),
        };
        self.step(op, after, reason.clone())
    }

    /// Removes networks that everything has left, at last: when what was on them runs elsewhere.
    pub(super) fn remove_left_networks(&mut self) {
        let planned = self.planned.values().flatten();
        let started: HashMap<ContainerId, StepId> = planned
            .filter_map(|one| match &one.target.id {
                Ref::Existing(id) => Some((id.clone(), one.started_by?)),
                Ref::Planned(_) => None,
            })
            .collect();
        for LeftNetwork { id, name, mut left, reason } in std::mem::take(&mut self.left_networks) {
            let on_it = self.existing.on_network(&id, &name);
            left.extend(on_it.into_iter().filter_map(|container| {
                self.removed.get(&container.id).or_else(|| started.get(&container.id))
            }));
            self.step(Op::RemoveNetwork { id, name, best_effort: true }, left, reason);
        }
    }

    /// Containers that stay come onto the new network with all their aliases and addresses.
    fn reconnect(
        &mut self,
        spec: &NetworkSpec,
        live: &ObservedNetwork,
        created: StepId,
        freed: &HashMap<&ContainerId, StepId>,
        reason: &Reason,
    ) -> Vec<StepId> {
        let mut steps = Vec::new();
        for container in self.attached(live) {
            let service = container.label(labels::SERVICE).map(ServiceName::from);
            let moves =
                |_: &ServiceName| self.kept.contains(&container.id) && freed.contains_key(&container.id);
            let Some(service) = service.filter(moves) else { continue };
            let endpoint = self.service(&service).and_then(|s| {
                s.container.network.endpoints.iter().find(|endpoint| endpoint.key == spec.key).cloned()
            });
            let Some(mut endpoint) = endpoint else { continue };
            endpoint.aliases.insert(0, container.name.clone());
            let op = Op::ConnectNetwork {
                network: Ref::Planned(created),
                network_name: spec.name.clone(),
                container: Self::existing(container),
                endpoint: Box::new(endpoint),
            };
            let step =
                self.step(op, freed.get(&container.id).copied().into_iter().chain([created]), reason.clone());
            self.plan.moves.extend(freed.get(&container.id).map(|off| (*off, step)));
            self.reconnected.entry(container.id.clone()).or_default().push(step);
            steps.push(step);
        }
        steps
    }

    fn attached(&self, live: &ObservedNetwork) -> Vec<&'a ObservedContainer> {
        self.existing.on_network(&live.id, &live.name)
    }

    /// On engines that take one network at creation, the others are connected afterwards.
    pub(super) fn connect_rest(
        &mut self,
        planned: &mut Planned<'a>,
        spec: &crate::spec::ContainerSpec,
        created: StepId,
        target: &Target,
    ) {
        if self.input.capabilities.many_endpoints_at_create() {
            return;
        }
        for endpoint in spec.network.endpoints.iter().skip(1) {
            let Some(network) = self.networks.get(&endpoint.key).cloned() else { continue };
            let made = match &network {
                Ref::Planned(step) => Some(*step),
                Ref::Existing(_) => None,
            };
            let op = Op::ConnectNetwork {
                network,
                network_name: endpoint.network.clone(),
                container: target.clone(),
                endpoint: Box::new(endpoint.clone()),
            };
            // One after the other: the order decides the interfaces inside.
            let after: Vec<StepId> =
                planned.before_start.last().copied().into_iter().chain(made).chain([created]).collect();
            let step = self.step(op, after, Reason::Missing);
            self.plan.steps[step.0].group = self.plan.steps[created.0].group.clone();
            planned.before_start.push(step);
        }
    }
}

pub(super) fn is_on(container: &ObservedContainer, network: &ObservedNetwork) -> bool {
    container.networks.iter().any(|endpoint| {
        endpoint.network_id == network.id
            || (endpoint.network_id.as_str().is_empty() && endpoint.network == network.name)
    })
}

fn has_subnet(spec: &NetworkSpec) -> bool {
    spec.ipam.as_ref().is_some_and(|ipam| ipam.pools.iter().any(|pool| pool.subnet.is_some()))
}
