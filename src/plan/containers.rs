//! Containers: made, replaced, or kept.

use super::builder::{Builder, Planned};
use super::verdict::{self, Fate, ServiceVerdict};
use super::{Definition, Group, Op, PlanError, Reason, Ref, StepId, Target, Up};
use crate::base::{ContainerId, ServiceName};
use crate::diag::Span;
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
                        let mut kept = self.keep(service, judged.container, replaces);
                        let untouched = kept.before_start.is_empty() && kept.rename.is_none();
                        let stays_down = up.bystanders.contains(&name)
                            || (up.ignore_jobs && has_ended_well(service, judged.container));
                        if stays_down && untouched {
                            kept.needs_start = None;
                        }
                        planned.push(kept);
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
        let networks = self.networks_to_come(service);
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
            before_start: match needs_start {
                // One that was never started finds its networks by their names then.
                Some(_) => stopped.into_iter().chain(reconnected).chain(networks).collect(),
                None => stopped.into_iter().chain(reconnected).collect(),
            },
            needs_start,
            rename,
            started_by: None,
        }
    }

    /// Steps that make the networks of a service.
    fn networks_to_come(&self, service: &ServiceSpec) -> Vec<StepId> {
        let networks = service.container.network.endpoints.iter().filter_map(|e| self.networks.get(&e.key));
        networks
            .filter_map(|network| match network {
                Ref::Planned(step) => Some(*step),
                Ref::Existing(_) => None,
            })
            .collect()
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
        after.extend(self.networks_to_come(service));
        after.extend(self.link(&mut spec));
        after.extend(spec.mounts.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { key: Some(key), .. } => self.volumes.get(key).copied(),
            _ => None,
        }));
        after.extend(shares.iter().filter_map(|(_, id)| match id {
            Ref::Planned(step) => Some(*step),
            Ref::Existing(_) => None,
        }));
        let networks = match self.input.capabilities.unique_network_names() {
            true => Vec::new(),
            false => self.network_ids(&spec),
        };
        let planned_share = shares.iter().any(|(_, id)| matches!(id, Ref::Planned(_)));
        let connect = spec.clone();
        let uploads_span = service.span;
        let op = Op::CreateContainer {
            name,
            final_name: final_name.clone(),
            service: service.name.clone(),
            spec: Box::new(spec),
            shares,
            networks,
            image_label,
            hash_later: planned_share.then(|| Definition(service.source.clone())),
        };
        let reason = match replaces {
            Some((_, reason)) => reason.clone(),
            None => match self.verdicts.get(&service.name) {
                Some(verdict) => lack(verdict, up, service),
                None => Reason::Missing,
            },
        };
        let group = replaces.map(|_| Group { container: final_name.clone() });
        let created = match &group {
            Some(group) => self.grouped(group, op, after, reason.clone()),
            None => self.step(op, after, reason.clone()),
        };
        self.plan.steps[created.0].span = match &reason {
            Reason::ScaleUp { flag: Some(_), .. } => Span::NONE,
            Reason::ScaleUp { flag: None, .. } => service.scale_span(),
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

    /// The engine looks for the containers of `links` when it makes the one that names them; without networks
    /// of their own they keep to the container that has the name then, which is the new one of a replacement.
    /// Gives the steps that make them.
    fn link(&self, spec: &mut ContainerSpec) -> Vec<StepId> {
        let mut made = Vec::new();
        let legacy = spec.network.endpoints.is_empty();
        for link in &mut spec.links {
            let Some((name, alias)) = link.split_once(':') else { continue };
            let Some(linked) = self.planned.values().flatten().find(|one| one.target.name == name) else {
                continue;
            };
            let Ref::Planned(step) = linked.target.id else { continue };
            made.push(step);
            if let Op::CreateContainer { name: now, .. } = &self.plan.steps[step.0].op
                && legacy
                && now != name
            {
                *link = format!("{now}:{alias}");
            }
        }
        made
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
}

/// Why a service gets another container.
fn lack(verdict: &ServiceVerdict<'_>, up: &Up, service: &ServiceSpec) -> Reason {
    let gone = verdict.containers.iter().find_map(|v| match &v.fate {
        Fate::Remove(reason @ Reason::VolumeChanged(_)) => Some(reason.clone()),
        _ => None,
    });
    match gone {
        Some(reason) => reason,
        None if verdict.containers.is_empty() => Reason::Missing,
        None => Reason::ScaleUp { wanted: verdict.scale, flag: verdict::wanted_scale(up, service).1 },
    }
}

/// Whether a container is a job that did its work: it ended with code 0, and its restart policy lets it be.
fn has_ended_well(service: &ServiceSpec, container: &ObservedContainer) -> bool {
    let policy = service.container.restart.as_ref().map(|policy| policy.name.as_str());
    container.state == ContainerState::Exited
        && container.exit_code == Some(0)
        && !matches!(policy, Some("always" | "unless-stopped"))
}
