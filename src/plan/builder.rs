//! The plan while it grows: steps so far, and what they make.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::existing::Existing;
use super::networks::LeftNetwork;
use super::verdict::{self, Fate, ServiceVerdict};
use super::{
    Group, Hazard, Input, Op, Plan, PlanError, PlanErrors, Reason, Recreate, Ref, Step, StepId, Target, Up,
    Warning,
};
use crate::base::{ContainerId, NetworkId, ServiceName};
use crate::diag::Span;
use crate::spec::{HookSpec, MountKind, PullPolicy, ServiceSpec, labels};
use crate::state::{ContainerState, ObservedContainer};

/// A container as it will be at the end of the plan.
#[derive(Clone, Debug)]
pub(super) struct Planned<'a> {
    pub target: Target,
    /// Whether the plan starts it.
    pub needs_start: Option<Reason>,
    /// Steps that must end before it can be started.
    pub before_start: Vec<StepId>,
    /// The container it replaces, and the replacement's name.
    pub replaces: Option<(&'a ObservedContainer, Group)>,
    /// Final name, when it bears a temporary one.
    pub rename: Option<String>,
    /// The step that starts it, once there is one.
    pub started_by: Option<StepId>,
}

impl Planned<'_> {
    /// The steps after which it is as it should be, but for its name.
    pub fn ready(&self) -> Vec<StepId> {
        match self.started_by {
            Some(step) => vec![step],
            None => self.before_start.clone(),
        }
    }
}

pub(super) struct Builder<'a> {
    pub input: Input<'a>,
    pub existing: Existing<'a>,
    pub plan: Plan,
    /// Dependencies first.
    pub order: Vec<ServiceName>,
    pub verdicts: BTreeMap<ServiceName, ServiceVerdict<'a>>,
    /// Containers that were judged, and stay.
    pub kept: BTreeSet<&'a ContainerId>,
    /// Containers at the end of the plan, by service.
    pub planned: BTreeMap<ServiceName, Vec<Planned<'a>>>,
    /// Steps that stop a container.
    pub stopped: HashMap<ContainerId, StepId>,
    /// Steps that remove a container.
    pub removed: HashMap<ContainerId, StepId>,
    /// The networks, by key.
    pub networks: BTreeMap<String, Ref<NetworkId>>,
    /// Networks to be removed in the end.
    pub left_networks: Vec<LeftNetwork>,
    /// Reconnections of containers that stay, by container.
    pub reconnected: HashMap<ContainerId, Vec<StepId>>,
    /// Steps that make volumes, by key.
    pub volumes: BTreeMap<String, StepId>,
    /// Steps that pull images, by reference and platform.
    pub pulls: BTreeMap<(String, Option<String>), StepId>,
    /// Stops of dependants, by the service that is replaced.
    pub bounced: BTreeMap<ServiceName, Vec<StepId>>,
    /// What keeps the plan from being made.
    pub refusals: Vec<PlanError>,
}

impl<'a> Builder<'a> {
    pub fn new(input: Input<'a>) -> Builder<'a> {
        Builder {
            input,
            existing: Existing::new(input.observed, &input.desired.project),
            kept: BTreeSet::new(),
            plan: Plan::default(),
            order: verdict::graph(input.desired).order(),
            verdicts: BTreeMap::new(),
            planned: BTreeMap::new(),
            stopped: HashMap::new(),
            removed: HashMap::new(),
            networks: BTreeMap::new(),
            left_networks: Vec::new(),
            reconnected: HashMap::new(),
            volumes: BTreeMap::new(),
            pulls: BTreeMap::new(),
            bounced: BTreeMap::new(),
            refusals: Vec::new(),
        }
    }

    /// Adds a step; dependencies are put in order and named once.
    pub fn step(&mut self, op: Op, after: impl IntoIterator<Item = StepId>, reason: Reason) -> StepId {
        let id = StepId(self.plan.steps.len());
        let after: BTreeSet<StepId> = after.into_iter().collect();
        debug_assert!(after.iter().all(|step| *step < id), "a step only depends on earlier ones");
        self.plan.steps.push(Step {
            id,
            op,
            after: after.into_iter().collect(),
            behind: Vec::new(),
            reason,
            group: None,
            span: Span::NONE,
        });
        id
    }

    /// Adds a step of a replacement.
    pub fn grouped(
        &mut self,
        group: &Group,
        op: Op,
        after: impl IntoIterator<Item = StepId>,
        reason: Reason,
    ) -> StepId {
        let id = self.step(op, after, reason);
        self.plan.steps[id.0].group = Some(group.clone());
        id
    }

    /// The desired service of a name.
    pub fn service(&self, name: &str) -> Option<&'a ServiceSpec> {
        self.input.desired.services.get(name)
    }

    /// A step's target for a container that exists.
    pub fn existing(container: &ObservedContainer) -> Target {
        Target {
            id: Ref::Existing(container.id.clone()),
            name: container.name.clone(),
            service: container.label(labels::SERVICE).map(ServiceName::from),
        }
    }

    /// The name of a service's container.
    pub fn container_name(&self, service: &ServiceSpec, number: u32) -> String {
        service.container_name(self.input.desired, number)
    }

    /// Stops a container once over the whole plan; `None` when it doesn't run.
    pub fn stop_once(
        &mut self,
        container: &ObservedContainer,
        after: impl IntoIterator<Item = StepId>,
        timeout: Option<std::time::Duration>,
        reason: Reason,
    ) -> Option<StepId> {
        if let Some(step) = self.stopped.get(&container.id) {
            return Some(*step);
        }
        if !runs(container) {
            return None;
        }
        let op = Op::StopContainer { container: Self::existing(container), timeout, pre_stop: Vec::new() };
        let step = self.step(op, after, reason);
        self.stopped.insert(container.id.clone(), step);
        Some(step)
    }

    /// Stops and removes a container.
    pub fn remove(
        &mut self,
        container: &ObservedContainer,
        after: &[StepId],
        timeout: Option<std::time::Duration>,
        hooks: &[HookSpec],
        volumes: bool,
        reason: &Reason,
    ) -> StepId {
        let stopped = self.stop_once(container, after.iter().copied(), timeout, reason.clone());
        if let Some(step) = stopped
            && let Op::StopContainer { pre_stop, .. } = &mut self.plan.steps[step.0].op
        {
            *pre_stop = hooks.to_vec();
        }
        let op = Op::RemoveContainer { container: Self::existing(container), volumes, force: true };
        let step = self.step(op, after.iter().copied().chain(stopped), reason.clone());
        self.removed.insert(container.id.clone(), step);
        step
    }

    /// Makes it exist and run.
    pub fn up(mut self, up: &Up) -> Result<Plan, PlanErrors> {
        self.refuse_impossible(up);
        let order = std::mem::take(&mut self.order);
        self.verdicts = verdict::judge(self.input, &self.existing, up, &order);
        let judged = self.verdicts.values().flat_map(|verdict| &verdict.containers);
        self.kept = judged.filter(|v| v.fate == Fate::Keep).map(|v| &v.container.id).collect();
        self.order = order;
        self.warn_not_compared();
        self.pull_images(up);
        self.remove_surplus(up);
        self.orphans(up);
        self.make_networks(up);
        self.make_volumes(up)?;
        if let Err(error) = self.make_containers(up) {
            self.refusals.push(error);
        }
        // All of it is told at once.
        if !self.refusals.is_empty() {
            return Err(PlanErrors(self.refusals));
        }
        if !up.no_start {
            self.bounce_dependants(up);
            self.start_all(up);
        }
        self.end_replacements(up);
        self.name_replacements();
        self.remove_left_networks();
        if up.wait && !up.no_start {
            self.wait_for_all();
        }
        self.note_unchanged();
        self.hold_until_pulled();
        Ok(self.plan)
    }

    /// Nothing is touched before every image is there.
    fn hold_until_pulled(&mut self) {
        let pulls: Vec<StepId> = self.pulls.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        for step in &mut self.plan.steps {
            // The others wait for steps that wait; a new container may have waited for its own image alone.
            let first = step.after.iter().all(|before| pulls.binary_search(before).is_ok());
            if first && !matches!(step.op, Op::PullImage { .. }) {
                step.after.clone_from(&pulls);
            }
        }
    }

    fn pull_images(&mut self, up: &Up) {
        for name in self.order.clone() {
            let Some(service) = self.service(&name) else { continue };
            let (scale, _) = verdict::wanted_scale(up, service);
            if service.provider || scale == 0 {
                continue;
            }
            let reference = service.container.image.clone();
            let here = self.input.observed.images.get(&reference);
            let pull = match service.pull_policy {
                // Nobody asked for a newer one of these.
                _ if up.bystanders.contains(&name) => here.is_none(),
                PullPolicy::Always => true,
                PullPolicy::Never | PullPolicy::Build => false,
                // A refresh that is due was turned into `Always` by whoever knows the time.
                PullPolicy::Missing | PullPolicy::Refresh(_) => here.is_none(),
            };
            if here.is_none() && service.has_build && !matches!(service.pull_policy, PullPolicy::Always) {
                let (name, span) = (service.name.clone(), service.span);
                self.refusals.push(PlanError::BuildNeeded { service: name, image: reference, span });
                continue;
            }
            if pull {
                let platform = service.container.platform.clone();
                let key = (reference.clone(), platform.clone());
                if !self.pulls.contains_key(&key) {
                    let flag = up.pull_flag.then_some("--pull");
                    let reason = if here.is_none() { Reason::Missing } else { Reason::PullPolicy { flag } };
                    let op = Op::PullImage { reference, platform, required: !service.has_build };
                    let step = self.step(op, [], reason);
                    self.plan.steps[step.0].span = service.span;
                    self.pulls.insert(key, step);
                }
            }
        }
    }

    /// Containers that are too many, or whose volume is made anew. One that an unfinished replacement
    /// replaces is left to the end of that replacement.
    fn remove_surplus(&mut self, up: &Up) {
        let verdicts = std::mem::take(&mut self.verdicts);
        for (name, verdict) in &verdicts {
            let unfinished = verdict::unfinished(verdict);
            for judged in &verdict.containers {
                if let Fate::Remove(reason) = &judged.fate
                    && !unfinished.values().any(|old| old.id == judged.container.id)
                {
                    let step = self.remove(judged.container, &[], up.timeout, &[], false, reason);
                    if let (Reason::ScaleDown { flag: None, .. }, Some(service)) =
                        (reason, self.service(name))
                    {
                        self.plan.steps[step.0].span = service.scale_span();
                    }
                }
            }
            if verdict.containers.iter().any(|v| matches!(v.fate, Fate::Remove(Reason::VolumeChanged(_))))
                && let Some(service) = self.service(name)
            {
                let anonymous = service
                    .container
                    .mounts
                    .iter()
                    .any(|m| matches!(m.kind, MountKind::Volume { name: None, .. }));
                if anonymous {
                    let container = self.container_name(service, 1);
                    self.plan.hazards.push(Hazard::AnonymousVolumesLost { container });
                }
            }
        }
        self.verdicts = verdicts;
    }

    fn orphans(&mut self, up: &Up) {
        let orphans = orphans(self.input);
        if orphans.is_empty() {
            return;
        }
        if up.remove_orphans {
            for container in orphans {
                self.remove(container, &[], up.timeout, &[], false, &Reason::Orphan);
            }
        } else if !up.ignore_orphans {
            let mut containers: Vec<String> = orphans.iter().map(|c| c.name.clone()).collect();
            containers.sort_unstable();
            self.plan.warnings.push(Warning::Orphans { containers });
        }
    }

    fn note_unchanged(&mut self) {
        let touched: BTreeSet<&ContainerId> = self
            .plan
            .steps
            .iter()
            .filter_map(|step| match &step.op.facts().container?.id {
                Ref::Existing(id) => Some(id),
                Ref::Planned(_) => None,
            })
            .collect();
        let mut names: Vec<String> = self
            .verdicts
            .values()
            .flat_map(|verdict| &verdict.containers)
            .filter(|v| v.fate == Fate::Keep && v.container.state == ContainerState::Running)
            .filter(|v| !touched.contains(&v.container.id))
            .map(|v| v.container.name.clone())
            .collect();
        names.sort();
        self.plan.unchanged = names;
    }
}

/// Whether stopping it means anything.
pub(super) fn runs(container: &ObservedContainer) -> bool {
    matches!(
        container.state,
        ContainerState::Running
            | ContainerState::Paused
            | ContainerState::Restarting
            | ContainerState::Unknown
    )
}

/// Containers of the project that no service of the file accounts for: those of unknown services, and
/// one-offs that ended.
pub(super) fn orphans<'a>(input: Input<'a>) -> Vec<&'a ObservedContainer> {
    let desired = input.desired;
    input
        .observed
        .containers
        .iter()
        .filter(|container| {
            if verdict::is_one_off(container) {
                return matches!(container.state, ContainerState::Exited | ContainerState::Dead);
            }
            match container.label(labels::SERVICE) {
                Some(service) => {
                    !desired.services.contains_key(service) && !desired.others.iter().any(|o| o == service)
                }
                None => true,
            }
        })
        .collect()
}

impl Up {
    /// Whether anonymous volumes go over to a replacement.
    pub(super) fn inherits(&self) -> bool {
        !self.renew_anonymous_volumes
    }

    /// An `up` of everything with the default strategy.
    pub fn all() -> Up {
        Up { recreate: Recreate::Diverged, ..Up::default() }
    }
}
