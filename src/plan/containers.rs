//! Containers: made, replaced, or kept.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::{Builder, Planned, runs};
use super::verdict::{self, Fate, ServiceVerdict};
use super::{Definition, Group, Op, PlanError, Reason, Ref, StepId, Target, Up};
use crate::base::{ContainerId, ServiceName};
use crate::spec::{ContainerSpec, MountKind, MountSpec, Namespace, ServiceSpec, labels};
use crate::state::{ContainerState, ObservedContainer};

impl<'a> Builder<'a> {
    pub(super) fn make_containers(&mut self, up: &Up) -> Result<(), PlanError> {
        for name in self.order.clone() {
            let Some(service) = self.service(&name) else { continue };
            let Some(verdict) = self.verdicts.get(&name).cloned() else { continue };
            let mut unfinished = verdict::unfinished(&verdict);
            let mut planned = Vec::new();
            for judged in &verdict.containers {
                match &judged.fate {
                    Fate::Keep => {
                        let replaces = unfinished.remove(&judged.container.id);
                        planned.push(self.keep(service, judged.container, replaces));
                    }
                    Fate::Replace(reason) => {
                        let number = verdict::number(judged.container).max(1);
                        planned.push(self.create(service, number, Some((judged.container, reason)), up)?);
                    }
                    Fate::Remove(_) => {}
                }
            }
            // Numbers go on from the highest there is; gaps are never filled. Containers that make room
            // for a new volume don't count.
            let counted = verdict
                .containers
                .iter()
                .filter(|v| !matches!(v.fate, Fate::Remove(Reason::VolumeChanged(_))));
            let mut number = counted.map(|v| verdict::number(v.container)).max().unwrap_or(0);
            while (planned.len() as u32) < verdict.scale {
                number += 1;
                planned.push(self.create(service, number, None, up)?);
            }
            self.planned.insert(name, planned);
        }
        Ok(())
    }

    /// A container that stays; perhaps it must be started, or an unfinished replacement be finished.
    pub(super) fn keep(
        &mut self,
        service: &ServiceSpec,
        container: &'a ObservedContainer,
        replaces: Option<&'a ObservedContainer>,
    ) -> Planned<'a> {
        let final_name = self.container_name(service, verdict::number(container).max(1));
        let rename =
            (container.name != final_name && verdict::is_temporary(&container.name)).then_some(final_name);
        let mut target = Self::existing(container);
        if let Some(name) = &rename {
            target.name.clone_from(name);
        }
        let stopped = self.stopped.get(&container.id).copied();
        let reconnected = self.reconnected.get(&container.id).cloned().unwrap_or_default();
        let needs_start = match container.state {
            ContainerState::Running | ContainerState::Restarting if stopped.is_none() => None,
            ContainerState::Running | ContainerState::Restarting => {
                stopped.map(|step| self.plan.steps[step.0].reason.clone())
            }
            _ if rename.is_some() => Some(Reason::Unfinished),
            state => Some(Reason::NotRunning { state, exit_code: container.exit_code }),
        };
        Planned {
            replaces: replaces.map(|old| (old, Group { container: target.name.clone() })),
            target,
            needs_start,
            before_start: stopped.into_iter().chain(reconnected).collect(),
            rename,
            started_by: None,
        }
    }

    /// A new container, in place of an old one or beside the others.
    fn create(
        &mut self,
        service: &ServiceSpec,
        number: u32,
        replaces: Option<(&'a ObservedContainer, &Reason)>,
        up: &Up,
    ) -> Result<Planned<'a>, PlanError> {
        let final_name = self.container_name(service, number);
        let name = match replaces {
            Some((old, _)) => format!("{}_{final_name}", old.id.short()),
            None => match self.held_for_now(&final_name) {
                Some(holder) => format!("{}_{final_name}", holder.id.short()),
                None => final_name.clone(),
            },
        };
        let rename = (name != final_name).then(|| final_name.clone());
        let shares = self.shares(service)?;
        let mut spec = service.container.clone();
        self.complete(&mut spec, service, number, &final_name, &shares, replaces.map(|(old, _)| old), up);
        let (image_label, pull) = self.image_of(service, &mut spec);
        let image = &service.container.image;
        if pull.is_none() && !service.has_build && !self.input.observed.images.contains_key(image) {
            let (service, image) = (service.name.clone(), image.clone());
            let missing =
                PlanError::ImageMissing { span: self.input.desired.services[&service].span, service, image };
            if !self.refusals.contains(&missing) {
                self.refusals.push(missing);
            }
        }
        let mut after: Vec<StepId> = pull.into_iter().chain(self.frees(&name)).collect();
        after.extend(spec.network.endpoints.iter().filter_map(|endpoint| {
            match self.networks.get(&endpoint.key) {
                Some(Ref::Planned(step)) => Some(*step),
                _ => None,
            }
        }));
        after.extend(spec.mounts.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { key: Some(key), .. } => self.volumes.get(key).copied(),
            _ => None,
        }));
        after.extend(shares.iter().filter_map(|(_, id)| match id {
            Ref::Planned(step) => Some(*step),
            Ref::Existing(_) => None,
        }));
        let planned_share = shares.iter().any(|(_, id)| matches!(id, Ref::Planned(_)));
        let connect = spec.clone();
        let uploads_span = service.span;
        let op = Op::CreateContainer {
            name,
            final_name: final_name.clone(),
            service: service.name.clone(),
            spec: Box::new(spec),
            shares,
            image_label,
            hash_later: planned_share.then(|| Definition(service.source.clone())),
        };
        let reason = match replaces {
            Some((_, reason)) => reason.clone(),
            None => match self.verdicts.get(&service.name) {
                Some(verdict) => lack(verdict),
                None => Reason::Missing,
            },
        };
        let group = replaces.map(|_| Group { container: final_name.clone() });
        let created = match &group {
            Some(group) => self.grouped(group, op, after, reason.clone()),
            None => self.step(op, after, reason.clone()),
        };
        self.plan.steps[created.0].span = match &reason {
            Reason::ScaleUp { .. } => service.scale_span(),
            Reason::Changed(changes) => {
                changes.iter().map(|c| c.span).find(|span| span.is_some()).unwrap_or(uploads_span)
            }
            _ => uploads_span,
        };
        let target = Target {
            id: Ref::Planned(created),
            name: final_name.clone(),
            service: Some(service.name.clone()),
        };
        let mut planned = Planned {
            target: target.clone(),
            needs_start: Some(reason),
            before_start: vec![created],
            replaces: replaces.map(|(old, _)| (old, Group { container: final_name.clone() })),
            rename,
            started_by: None,
        };
        self.connect_rest(&mut planned, &connect, created, &target);
        Ok(planned)
    }

    /// The containers whose namespaces or volumes the service shares.
    fn shares(&self, service: &ServiceSpec) -> Result<Vec<(ServiceName, Ref<ContainerId>)>, PlanError> {
        let mut shares = Vec::new();
        for of in service.shared_services() {
            // The first by name, as it is looked for among containers that exist.
            let planned = self.planned.get(of).and_then(|all| all.iter().min_by_key(|one| &one.target.name));
            let id = match planned {
                Some(first) => first.target.id.clone(),
                None => match self.existing.first_container(of) {
                    Some(id) => Ref::Existing(id),
                    None => {
                        let container = &service.container;
                        let modes = [
                            (&container.network.mode, "network namespace"),
                            (&container.ipc, "IPC namespace"),
                            (&container.pid, "PID namespace"),
                        ];
                        let shared = modes
                            .into_iter()
                            .find(|(mode, _)| matches!(mode, Some(Namespace::Service(name)) if name == of));
                        let what = shared.map_or("volume", |(_, what)| what);
                        return Err(PlanError::NothingToShare {
                            service: service.name.clone(),
                            of: of.clone(),
                            what,
                        });
                    }
                },
            };
            shares.push((of.clone(), id));
        }
        Ok(shares)
    }

    /// What only the plan knows of a container: number, names, hash, inherited mounts.
    #[expect(clippy::too_many_arguments, reason = "all of it describes one container, and only here")]
    fn complete(
        &self,
        spec: &mut ContainerSpec,
        service: &ServiceSpec,
        number: u32,
        final_name: &str,
        shares: &[(ServiceName, Ref<ContainerId>)],
        replaces: Option<&ObservedContainer>,
        up: &Up,
    ) {
        spec.labels.insert(labels::CONTAINER_NUMBER.to_owned(), number.to_string());
        if !shares.iter().any(|(_, id)| matches!(id, Ref::Planned(_))) {
            let resolve = |name: &str| {
                shares.iter().find(|(service, _)| service == name).and_then(|(_, id)| match id {
                    Ref::Existing(id) => Some(id.clone()),
                    Ref::Planned(_) => None,
                })
            };
            spec.labels.insert(labels::CONFIG_HASH.to_owned(), service.config_hash(&resolve));
        }
        for endpoint in &mut spec.network.endpoints {
            endpoint.aliases.insert(0, final_name.to_owned());
        }
        if let Some(old) = replaces
            && up.inherits()
        {
            let separator = self.input.desired.separator;
            let replaced = match &service.container_name {
                Some(name) => name.clone(),
                None => format!("{}{separator}{number}", service.name),
            };
            spec.labels.insert(labels::REPLACE.to_owned(), replaced);
            self.inherit(spec, service, old);
        }
    }

    /// Anonymous volumes of the old container go over to the new one.
    fn inherit(&self, spec: &mut ContainerSpec, service: &ServiceSpec, old: &ObservedContainer) {
        let image = self.input.observed.images.get(&service.container.image);
        for mount in old.mounts.iter().filter(|mount| mount.kind != "tmpfs") {
            let declared = image.is_some_and(|image| image.volumes.contains(&mount.destination));
            let at = spec.mounts.iter().position(|wanted| wanted.target == mount.destination);
            let anonymous =
                at.is_some_and(|at| matches!(spec.mounts[at].kind, MountKind::Volume { name: None, .. }));
            if !(anonymous || (declared && at.is_none())) {
                continue;
            }
            let kind = match &mount.name {
                Some(name) => MountKind::Volume {
                    name: Some(name.clone()),
                    key: None,
                    labels: indexmap::IndexMap::new(),
                    nocopy: false,
                    subpath: None,
                    selinux: None,
                    configured: false,
                },
                None => MountKind::Bind {
                    source: mount.source.clone(),
                    create_host_path: true,
                    propagation: None,
                    recursive: None,
                    selinux: None,
                    resource: false,
                },
            };
            let inherited = MountSpec {
                target: mount.destination.clone(),
                read_only: !mount.read_write,
                kind,
                consistency: None,
            };
            match at {
                Some(at) => spec.mounts[at] = inherited,
                None => spec.mounts.push(inherited),
            }
        }
    }

    /// Writes the image label when the image is known; otherwise says that it must be looked up, and
    /// which step pulls it.
    fn image_of(&self, service: &ServiceSpec, spec: &mut ContainerSpec) -> (bool, Option<StepId>) {
        let key = (service.container.image.clone(), service.container.platform.clone());
        let pull = self.pulls.get(&key).copied();
        match self.input.observed.images.get(&service.container.image) {
            Some(image) if pull.is_none() => {
                spec.labels.insert(labels::IMAGE.to_owned(), image.identity.clone());
                (false, None)
            }
            _ => (pull.is_some(), pull),
        }
    }

    /// Ends replacements: the old container goes, and the new one gets its name. Containers that share
    /// namespaces or volumes, or hand each other names, come and go together, so that all of them can be
    /// put back as long as one is not ready or its name not free.
    pub(super) fn end_replacements(&mut self, up: &Up) {
        let together = self.replaced_together();
        for name in self.order.clone() {
            let set = connected(&together, &name);
            let others = set.iter().filter_map(|other| self.planned.get(other)).flatten();
            let others: Vec<StepId> = others
                .filter(|planned| planned.replaces.is_some())
                .flat_map(|planned| planned.ready().into_iter().chain(self.frees_for_good(planned)))
                .collect();
            for one in self.planned.get(&name).cloned().unwrap_or_default() {
                let Some((old, group)) = one.replaces.clone() else { continue };
                let mut after = one.ready();
                after.extend(self.frees_for_good(&one));
                // The old one was stopped before the start, if there was one.
                if one.started_by.is_none() {
                    after.extend(self.stop_old(old, &group, one.ready(), up.timeout));
                }
                after.extend(&others);
                let mut container = Self::existing(old);
                container.name.clone_from(&group.container);
                let op = Op::RemoveContainer { container, volumes: false, force: true };
                let removed = self.grouped(&group, op, after, Reason::Replacement);
                self.removed.insert(old.id.clone(), removed);
            }
        }
        for name in self.order.clone() {
            for one in self.planned.get(&name).cloned().unwrap_or_default() {
                let Some(name) = &one.rename else { continue };
                let op = Op::RenameContainer { container: one.target.clone(), name: name.clone() };
                let freed = self.frees(name);
                match &one.replaces {
                    Some((old, group)) => {
                        let removed = self.removed.get(&old.id).copied();
                        self.grouped(group, op, freed.into_iter().chain(removed), Reason::Replacement);
                    }
                    None => {
                        let reason = match one.target.id {
                            Ref::Existing(_) => Reason::Unfinished,
                            Ref::Planned(_) => Reason::NameFreed,
                        };
                        self.step(op, freed.into_iter().chain(one.ready()), reason);
                    }
                }
            }
        }
    }

    /// The step that removes the container which bears a name now.
    pub(super) fn frees(&self, name: &str) -> Option<StepId> {
        let holder = self.existing.named(name)?;
        self.removed.get(&holder.id).copied()
    }

    /// The step that removes, without another in its place, the container which bears a replacement's name.
    fn frees_for_good(&self, planned: &Planned<'_>) -> Option<StepId> {
        let step = self.frees(planned.rename.as_ref()?)?;
        self.plan.steps[step.0].group.is_none().then_some(step)
    }

    /// The container that bears a name now and will only be gone when its own replacement is done.
    fn held_for_now(&self, name: &str) -> Option<&'a ObservedContainer> {
        let holder = self.existing.named(name)?;
        let goes = !self.kept.contains(&holder.id) && self.is_judged(holder);
        (goes && !self.removed.contains_key(&holder.id)).then_some(holder)
    }

    fn is_judged(&self, container: &ObservedContainer) -> bool {
        let verdict = container.label(labels::SERVICE).and_then(|service| self.verdicts.get(service));
        verdict.is_some_and(|verdict| verdict.containers.iter().any(|v| v.container.id == container.id))
    }

    /// The services that are replaced in this plan together with others of them, by each: what shares
    /// namespaces, and what gets the name that another gives up.
    pub(super) fn replaced_together(&self) -> BTreeMap<ServiceName, Vec<ServiceName>> {
        let replaced = |name: &ServiceName| {
            self.planned.get(name).is_some_and(|planned| planned.iter().any(|one| one.replaces.is_some()))
        };
        let mut pairs: Vec<(ServiceName, ServiceName)> = Vec::new();
        for service in self.input.desired.services.values().filter(|service| replaced(&service.name)) {
            for of in service.shared_services().into_iter().filter(|of| replaced(of)) {
                pairs.push((service.name.clone(), of.clone()));
            }
        }
        // An old container can't come back without the one whose network it shares.
        let old = self.planned.values().flatten().filter_map(|one| one.replaces.as_ref());
        for (old, _) in old {
            let lender = old.lender.as_ref().and_then(|id| self.existing.container_of(id));
            let service =
                |container: &ObservedContainer| container.label(labels::SERVICE).map(ServiceName::from);
            if let (Some(name), Some(of)) = (service(old), lender.and_then(service))
                && name != of
                && replaced(&of)
            {
                pairs.push((name, of));
            }
        }
        for (name, planned) in &self.planned {
            let named =
                planned.iter().filter(|one| one.replaces.is_some()).filter_map(|one| one.rename.as_ref());
            let holders = named.filter_map(|name| self.existing.named(name)?.label(labels::SERVICE));
            let holders = holders.map(ServiceName::from).filter(|of| of != name && replaced(of));
            pairs.extend(holders.map(|of| (name.clone(), of)));
        }
        let mut together: BTreeMap<ServiceName, Vec<ServiceName>> = BTreeMap::new();
        for (one, other) in pairs {
            together.entry(one.clone()).or_default().push(other.clone());
            together.entry(other).or_default().push(one);
        }
        together
    }

    /// Stops the old container of a replacement, unless it was stopped already or does not run.
    pub(super) fn stop_old(
        &mut self,
        old: &ObservedContainer,
        group: &Group,
        after: Vec<StepId>,
        timeout: Option<std::time::Duration>,
    ) -> Option<StepId> {
        if let Some(step) = self.stopped.get(&old.id) {
            return Some(*step);
        }
        if !runs(old) {
            return None;
        }
        let mut container = Self::existing(old);
        container.name.clone_from(&group.container);
        let op = Op::StopContainer { container, timeout, pre_stop: Vec::new() };
        let step = self.grouped(group, op, after, Reason::Replacement);
        self.stopped.insert(old.id.clone(), step);
        Some(step)
    }
}

/// What is reached from a service, itself included; empty when it is replaced alone: then it has nothing
/// to wait for, together its other replicas count too.
pub(super) fn connected(
    together: &BTreeMap<ServiceName, Vec<ServiceName>>,
    name: &ServiceName,
) -> BTreeSet<ServiceName> {
    let mut found = BTreeSet::new();
    let mut next = if together.contains_key(name) { vec![name] } else { Vec::new() };
    while let Some(name) = next.pop() {
        if found.insert(name.clone()) {
            next.extend(together.get(name).into_iter().flatten());
        }
    }
    found
}

/// Why a service gets another container.
fn lack(verdict: &ServiceVerdict<'_>) -> Reason {
    let gone = verdict.containers.iter().find_map(|v| match &v.fate {
        Fate::Remove(reason @ Reason::VolumeChanged(_)) => Some(reason.clone()),
        _ => None,
    });
    match gone {
        Some(reason) => reason,
        None if verdict.containers.is_empty() => Reason::Missing,
        None => Reason::ScaleUp { wanted: verdict.scale },
    }
}
