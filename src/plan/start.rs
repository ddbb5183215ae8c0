//! Starting: waits for dependencies, and dependants that bounce.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::{Builder, Planned};
use super::verdict::{self, Fate, ServiceVerdict, Verdict};
use super::{Op, Plan, PlanError, Reason, Ref, Restart, Start, StepId, Target, Up};
use crate::base::{ContainerId, ServiceName};
use crate::spec::{Condition, Dependency, Namespace, ServiceSpec};
use crate::state::{ContainerState, Health, ObservedContainer};

/// The waits of a plan so far.
#[derive(Debug, Default)]
struct Waits {
    /// The step that waits for a service's condition; `true` where a failure is an error.
    steps: BTreeMap<(ServiceName, Condition, bool), StepId>,
    /// What the containers of a service start after.
    gates: BTreeMap<ServiceName, Vec<StepId>>,
}

impl<'a> Builder<'a> {
    /// Dependants with `restart: true` of a service that is replaced are stopped before the replacement
    /// and started after it.
    pub(super) fn bounce_dependants(&mut self, up: &Up) {
        let replaced: Vec<ServiceName> = self
            .planned
            .iter()
            .filter(|(_, planned)| planned.iter().any(|p| p.replaces.is_some()))
            .map(|(name, _)| name.clone())
            .collect();
        let mut restarting: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
        for service in self.order.iter().filter_map(|name| self.service(name)) {
            for dependency in service.depends_on.iter().filter(|d| d.restart) {
                restarting.entry(&dependency.service).or_default().push(&service.name);
            }
        }
        for name in replaced {
            for dependant in restarting.get(&name).into_iter().flatten().copied() {
                let mut planned = self.planned.remove(dependant).unwrap_or_default();
                let existing = self.existing.of_service(dependant);
                for one in planned.iter_mut().filter(|p| p.replaces.is_none()) {
                    let Some(container) =
                        existing.iter().find(|c| Ref::Existing(c.id.clone()) == one.target.id)
                    else {
                        continue;
                    };
                    let reason = Reason::DependencyReplaced(name.clone());
                    if let Some(step) = self.stop_once(container, [], up.timeout, reason.clone()) {
                        self.bounced.entry(name.clone()).or_default().push(step);
                        one.before_start.push(step);
                        one.needs_start.get_or_insert(reason);
                    }
                }
                self.planned.insert(dependant.clone(), planned);
            }
        }
    }

    /// Starts everything that doesn't run, dependencies first. The conditions of `depends_on` are waited for
    /// also when the dependant runs already, as in the reference: a migration that fails is an error of the
    /// command, whether or not somebody still had to start after it.
    pub(super) fn start_all(&mut self, up: &Up) {
        let mut waits = Waits::default();
        let addresses = self.address_order();
        for name in addresses.order.clone() {
            let Some(service) = self.service(&name) else { continue };
            let mut planned = self.planned.remove(&name).unwrap_or_default();
            if !planned.is_empty() {
                let gates = self.gates(service, &mut waits);
                let first = self.starts_first(&addresses, &name);
                let before: Vec<StepId> = gates.iter().copied().chain(first).collect();
                for one in &mut planned {
                    self.start_one(service, one, &before, up);
                }
                waits.gates.insert(name.clone(), gates);
            }
            self.planned.insert(name, planned);
        }
    }

    fn start_one(&mut self, service: &ServiceSpec, one: &mut Planned<'a>, gates: &[StepId], up: &Up) {
        let Some(reason) = one.needs_start.clone() else { return };
        let mut after: Vec<StepId> = one.before_start.iter().chain(gates).copied().collect();
        if let Some((old, group)) = &one.replaces {
            // The old one runs until everything the new one waits for is there.
            let bounced = self.bounced.get(&service.name).cloned().unwrap_or_default();
            let ready: Vec<StepId> = after.iter().copied().chain(bounced).collect();
            after.extend(self.stop_old(old, group, ready, up.timeout));
        }
        let op = Op::StartContainer {
            container: one.target.clone(),
            uploads: service.container.uploads.clone(),
            post_start: service.post_start.clone(),
            comes_after: service.depends_on.iter().map(|d| (d.service.clone(), d.span)).collect(),
        };
        let started = match &one.replaces {
            Some((_, group)) => self.grouped(group, op, after, reason),
            None => self.step(op, after, reason),
        };
        one.started_by = Some(started);
    }

    /// The steps a service waits for before its containers start.
    fn gates(&mut self, service: &ServiceSpec, waits: &mut Waits) -> Vec<StepId> {
        let mut gates = Vec::new();
        for dependency in &service.depends_on {
            let Some(target) = self.service(&dependency.service) else { continue };
            if target.provider {
                continue;
            }
            let planned = self.planned.get(&dependency.service).cloned().unwrap_or_default();
            if planned.is_empty() {
                continue;
            }
            // What a dependency that runs already waits for, its dependants wait for too.
            let mut started: Vec<StepId> = planned.iter().filter_map(|p| p.started_by).collect();
            if planned.iter().any(|p| p.started_by.is_none()) {
                started.extend(waits.gates.get(&dependency.service).into_iter().flatten());
            }
            if dependency.condition == Condition::Started {
                gates.extend(started);
                continue;
            }
            if self.fulfilled(dependency, &planned) {
                continue;
            }
            let key = (dependency.service.clone(), dependency.condition, dependency.required);
            let step = match waits.steps.get(&key) {
                Some(step) => *step,
                None => {
                    let op = Op::WaitFor {
                        service: dependency.service.clone(),
                        containers: planned.iter().map(|p| p.target.clone()).collect(),
                        condition: dependency.condition,
                        required: dependency.required,
                        waiters: Vec::new(),
                    };
                    let step = self.step(op, started, Reason::Dependency);
                    self.plan.steps[step.0].span = dependency.span;
                    waits.steps.insert(key, step);
                    step
                }
            };
            if let Op::WaitFor { waiters, .. } = &mut self.plan.steps[step.0].op {
                waiters.push(service.name.clone());
            }
            gates.push(step);
        }
        gates
    }

    /// Whether the condition holds already, and the plan does nothing that could change it.
    fn fulfilled(&self, dependency: &Dependency, planned: &[Planned<'a>]) -> bool {
        let existing = |id: &Ref<ContainerId>| match id {
            Ref::Existing(id) => self.existing.container_of(id),
            Ref::Planned(_) => None,
        };
        let holds = |health: Option<Health>| match dependency.condition {
            Condition::Healthy => health == Some(Health::Healthy),
            Condition::RunningOrHealthy => matches!(health, None | Some(Health::Healthy)),
            Condition::Started | Condition::CompletedSuccessfully => false,
        };
        planned.iter().all(|p| {
            p.needs_start.is_none()
                && p.replaces.is_none()
                && existing(&p.target.id)
                    .is_some_and(|c| c.state == ContainerState::Running && holds(c.health))
        })
    }

    /// `--wait`: until every service runs or is healthy; jobs that others wait for, until they ended well.
    pub(super) fn wait_for_all(&mut self) {
        let jobs: BTreeSet<ServiceName> = self
            .input
            .desired
            .services
            .values()
            .flat_map(|s| &s.depends_on)
            .filter(|d| d.condition == Condition::CompletedSuccessfully)
            .map(|d| d.service.clone())
            .collect();
        for name in self.order.clone() {
            let planned = self.planned.get(&name).cloned().unwrap_or_default();
            if planned.is_empty() {
                continue;
            }
            let condition = if jobs.contains(&name) {
                Condition::CompletedSuccessfully
            } else {
                Condition::RunningOrHealthy
            };
            let op = Op::WaitFor {
                service: name.clone(),
                containers: planned.iter().map(|p| p.target.clone()).collect(),
                condition,
                required: true,
                waiters: Vec::new(),
            };
            self.step(op, planned.iter().filter_map(|p| p.started_by), Reason::Dependency);
        }
    }

    /// Keeps every container as it is.
    fn keep_everything(&mut self, only: &BTreeSet<ServiceName>) {
        for name in self.order.clone() {
            let Some(service) = self.service(&name) else { continue };
            if service.provider || !(only.is_empty() || only.contains(&name)) {
                continue;
            }
            let mut existing = self.existing.of_service(&name);
            existing.sort_by_key(|c| verdict::number(c));
            let containers: Vec<Verdict<'a>> =
                existing.iter().map(|container| Verdict { container, fate: Fate::Keep }).collect();
            let planned: Vec<Planned<'a>> =
                existing.into_iter().map(|c| self.keep(service, c, None)).collect();
            let scale = service.scale;
            self.verdicts.insert(name.clone(), ServiceVerdict { containers, scale });
            self.planned.insert(name, planned);
        }
    }

    /// `start`: what exists, with the dependencies of the services named.
    pub fn start_existing(mut self, start: &Start) -> Result<Plan, PlanError> {
        let graph = verdict::graph(self.input.desired);
        let only: BTreeSet<ServiceName> =
            graph.with_dependencies(start.targets.iter().map(|t| t.as_str())).into_iter().collect();
        self.keep_everything(&only);
        // What exists is started; with nothing at all, the first service says so.
        if self.planned.values().all(Vec::is_empty) {
            let wanted = |name: &&ServiceName| self.service(name).is_some_and(|service| service.scale > 0);
            let all_gone =
                self.input.desired.services.keys().all(|name| self.existing.of_service(name).is_empty());
            if let Some(name) = self.planned.keys().find(wanted).filter(|_| all_gone) {
                return Err(PlanError::NothingToStart { service: name.clone() });
            }
        }
        for (name, planned) in &self.planned {
            let Some(service) = self.service(name) else { continue };
            for one in planned.iter().filter(|one| one.needs_start.is_some()) {
                if let Ref::Existing(id) = &one.target.id
                    && let Some(container) = self.existing.container_of(id)
                {
                    self.refuse_dead_reference(service, container)?;
                }
            }
        }
        self.start_all(&Up::default());
        self.end_replacements(&Up::default());
        self.name_replacements();
        if start.wait {
            self.wait_for_all();
        }
        Ok(self.plan)
    }

    /// A container that shares the network of one that is gone can't be started.
    fn refuse_dead_reference(
        &self,
        service: &ServiceSpec,
        container: &ObservedContainer,
    ) -> Result<(), PlanError> {
        match (&service.container.network.mode, &container.lender) {
            (Some(Namespace::Service(of)), Some(id)) if self.existing.container_of(id).is_none() => {
                Err(PlanError::SharedContainerGone {
                    container: container.name.clone(),
                    service: service.name.clone(),
                    of: of.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// `restart`: the services named, and their dependants through `restart: true`, in that order.
    pub fn restart(mut self, restart: &Restart) -> Result<Plan, PlanError> {
        let edges = |service: &'a ServiceSpec| {
            service.depends_on.iter().filter(|d| d.restart).map(|d| d.service.as_str()).collect::<Vec<_>>()
        };
        let graph = crate::graph::Graph::new(
            self.input.desired.services.values().map(|s| (s.name.as_str(), edges(s))),
        );
        let names = restart.targets.iter().map(|t| t.as_str());
        let all = restart.targets.is_empty();
        let wanted = if restart.no_deps || all {
            names.map(ServiceName::from).collect()
        } else {
            graph.with_dependants(names)
        };
        let mut done: BTreeMap<ServiceName, (Vec<StepId>, Vec<Target>)> = BTreeMap::new();
        for name in graph.order() {
            let Some(service) = self.service(&name) else { continue };
            if !(all || wanted.contains(&name)) || service.provider {
                continue;
            }
            let mut gates = Vec::new();
            // One that wasn't named restarts with what it depends on.
            let mut reason = Reason::Asked;
            for dependency in service.depends_on.iter().filter(|d| d.restart) {
                let Some((steps, containers)) = done.get(&dependency.service).cloned() else { continue };
                if !all && !restart.targets.contains(&name) && reason == Reason::Asked {
                    reason = Reason::DependencyReplaced(dependency.service.clone());
                }
                if dependency.condition == Condition::Started {
                    gates.extend(steps);
                    continue;
                }
                let op = Op::WaitFor {
                    service: dependency.service.clone(),
                    containers,
                    condition: dependency.condition,
                    required: dependency.required,
                    waiters: vec![name.clone()],
                };
                let step = self.step(op, steps, Reason::Dependency);
                self.plan.steps[step.0].span = dependency.span;
                gates.push(step);
            }
            let mut steps = Vec::new();
            let mut targets = Vec::new();
            for container in self.existing.of_service(&name) {
                self.refuse_dead_reference(service, container)?;
                let op = Op::RestartContainer {
                    container: Self::existing(container),
                    timeout: restart.timeout,
                    pre_stop: service.pre_stop.clone(),
                    post_start: service.post_start.clone(),
                };
                steps.push(self.step(op, gates.iter().copied(), reason.clone()));
                targets.push(Self::existing(container));
            }
            done.insert(name, (steps, targets));
        }
        Ok(self.plan)
    }
}
