//! Takes back what a failure or a cancellation left half made.
//!
//! A replacement that was not finished ends with the old container running and the new one gone; once the
//! old one is gone, the new one gets its name. A new container that was never put to use goes again, so that the next run makes it afresh; networks and
//! volumes stay. Containers that were stopped only to make room, or to come back after something that
//! failed, are started again.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::report::{Outcome, Report};
use super::step::{Run, remove_container};
use crate::base::{ContainerId, NetworkId};
use crate::event::{Event, Status, Subject};
use crate::plan::{Group, Op, Plan, Ref, Step, StepId};
use crate::spec::{ContainerSpec, EndpointSpec, labels};

pub(super) async fn undo(run: &Run<'_>, plan: &Plan, report: &mut Report) {
    let undo = Undo { run, plan, outcomes: &report.outcomes };
    let replacements = undo.unfinished_replacements();
    let mut discards = undo.unused_containers();
    discards.extend(replacements.iter().filter_map(|one| undo.replacement_to_discard(one)));
    let restores = undo.to_restore(&replacements);
    let (mut discarded, mut restored, mut leftovers) = (Vec::new(), Vec::new(), Vec::new());
    let removals = discards.iter().map(|discard| async {
        if discard.told {
            run.events.status(Subject::container(&discard.name), Status::Removing);
        }
        remove_container(run.engine, &discard.id, discard.volumes).await
    });
    for (discard, answer) in discards.iter().zip(join_all(removals).await) {
        match answer {
            Ok(()) => {
                if discard.told {
                    run.events.status(Subject::container(&discard.name), Status::Removed);
                }
                discarded.push(discard.name.clone());
            }
            Err(error) => {
                run.events.detailed(Subject::container(&discard.name), Status::Error, error.to_string());
                leftovers.push((discard.name.clone(), error));
            }
        }
    }
    // In the order of the plan: dependencies first.
    for restore in restores {
        let subject = Subject::container(&restore.name);
        run.events.send(Event::detailed(subject.clone(), Status::Starting, "put back"));
        let mut answer = Ok(());
        for (network, endpoint) in &restore.connect {
            if answer.is_ok() {
                answer = run.engine.connect(network, &restore.id, endpoint).await;
            }
        }
        if answer.is_ok() {
            answer = run.engine.start_container(&restore.id).await;
        }
        match answer {
            Ok(()) => {
                run.events.send(Event::detailed(subject, Status::Started, "put back"));
                restored.push(restore.name);
            }
            Err(error) => {
                run.events.detailed(subject, Status::Error, format!("cannot be put back: {error}"));
                leftovers.push((restore.name, error));
            }
        }
    }
    for (id, name) in undo.to_rename() {
        if let Err(error) = run.engine.rename_container(&id, name).await {
            let subject = Subject::container(name);
            run.events.detailed(subject, Status::Error, format!("cannot get its name: {error}"));
            leftovers.push((name.to_owned(), error));
        }
    }
    report.discarded = discarded;
    report.restored = restored;
    report.leftovers = leftovers;
}

/// A container to remove.
struct Discard {
    id: ContainerId,
    name: String,
    /// Its own anonymous volumes too.
    volumes: bool,
    /// Whether people know it by that name.
    told: bool,
}

/// A container to start again.
struct Restore {
    id: ContainerId,
    name: String,
    /// Networks it was taken off.
    connect: Vec<(NetworkId, EndpointSpec)>,
}

/// A replacement whose old container is still there.
struct Unfinished<'a> {
    steps: Vec<&'a Step>,
    old: Option<&'a ContainerId>,
}

struct Undo<'a> {
    run: &'a Run<'a>,
    plan: &'a Plan,
    outcomes: &'a [Outcome],
}

impl<'a> Undo<'a> {
    fn done(&self, id: StepId) -> bool {
        matches!(self.outcomes[id.0], Outcome::Done)
    }

    fn failed(&self, id: StepId) -> bool {
        matches!(self.outcomes[id.0], Outcome::Failed(_))
    }

    fn made(&self, id: StepId) -> Option<ContainerId> {
        self.run.made[id.0].get().map(|id| ContainerId::from(id.as_str()))
    }

    fn unfinished_replacements(&self) -> Vec<Unfinished<'a>> {
        let mut names: BTreeSet<&Group> = BTreeSet::new();
        names.extend(self.plan.steps.iter().filter_map(|step| step.group.as_ref()));
        let mut found = Vec::new();
        for name in names {
            let steps: Vec<&Step> =
                self.plan.steps.iter().filter(|step| step.group.as_ref() == Some(name)).collect();
            let removal = steps.iter().find_map(|step| match &step.op {
                Op::RemoveContainer { container, .. } => match &container.id {
                    Ref::Existing(id) => Some((step.id, id)),
                    Ref::Planned(_) => None,
                },
                _ => None,
            });
            match removal {
                Some((step, _)) if self.done(step) => {}
                removal => found.push(Unfinished { steps, old: removal.map(|(_, id)| id) }),
            }
        }
        found
    }

    /// New containers that have taken the place of the old ones, but not their names.
    fn to_rename(&self) -> Vec<(ContainerId, &'a str)> {
        let removed = |group: &Group| {
            self.plan.steps.iter().any(|step| {
                step.group.as_ref() == Some(group)
                    && matches!(step.op, Op::RemoveContainer { .. })
                    && self.done(step.id)
            })
        };
        let mut found = Vec::new();
        for step in self.plan.steps.iter().filter(|step| !self.done(step.id)) {
            if let Op::RenameContainer { container, name } = &step.op
                && step.group.as_ref().is_some_and(removed)
                && let Ok(id) = self.run.container(&container.id)
            {
                found.push((id, name.as_str()));
            }
        }
        found
    }

    /// The new container of an unfinished replacement. One that an earlier run made stays, unless it
    /// was started in vain.
    fn replacement_to_discard(&self, one: &Unfinished<'_>) -> Option<Discard> {
        one.steps.iter().find_map(|step| match &step.op {
            Op::CreateContainer { name, spec, .. } => Some(Discard {
                id: self.made(step.id)?,
                name: name.clone(),
                volumes: owns_its_volumes(spec),
                told: false,
            }),
            Op::StartContainer { container, .. } if self.failed(step.id) => match &container.id {
                Ref::Existing(id) => Some(Discard {
                    id: id.clone(),
                    name: container.name.clone(),
                    volumes: false,
                    told: false,
                }),
                Ref::Planned(_) => None,
            },
            _ => None,
        })
    }

    /// Containers made in this run whose start failed or was never begun.
    fn unused_containers(&self) -> Vec<Discard> {
        let mut found = Vec::new();
        for step in &self.plan.steps {
            let Op::StartContainer { container, .. } = &step.op else { continue };
            let Ref::Planned(created) = container.id else { continue };
            if step.group.is_some() || self.done(step.id) {
                continue;
            }
            if let Some(id) = self.made(created) {
                found.push(Discard { id, name: container.name.clone(), volumes: true, told: true });
            }
        }
        found
    }

    /// Containers this run stopped that should have come back, or whose replacement was not finished.
    fn to_restore(&self, replacements: &[Unfinished<'_>]) -> Vec<Restore> {
        let mut found: Vec<(StepId, Restore)> = Vec::new();
        for step in &self.plan.steps {
            let Op::StopContainer { container, .. } = &step.op else { continue };
            let Ref::Existing(id) = &container.id else { continue };
            if !(self.done(step.id) || self.failed(step.id)) {
                continue;
            }
            let replacement = replacements.iter().find(|one| one.old == Some(id));
            let start = match replacement {
                Some(one) => one
                    .steps
                    .iter()
                    .find(|step| matches!(step.op, Op::StartContainer { .. }))
                    .map(|step| step.id),
                None => self.plan.steps.iter().find_map(|step| match &step.op {
                    Op::StartContainer { container, .. }
                        if container.id == Ref::Existing(id.clone())
                            && matches!(
                                self.outcomes[step.id.0],
                                Outcome::Skipped { .. } | Outcome::NotRun
                            ) =>
                    {
                        Some(step.id)
                    }
                    _ => None,
                }),
            };
            let Some(order) = start.or(replacement.map(|_| step.id)) else { continue };
            let Some(connect) = self.to_connect(id, replacement) else { continue };
            found.push((order, Restore { id: id.clone(), name: container.name.clone(), connect }));
        }
        found.sort_by_key(|(order, _)| *order);
        found.into_iter().map(|(_, restore)| restore).collect()
    }

    /// Networks the container was taken off and not put on again; `None` when one of them is gone: then
    /// it is better stopped than without its network.
    fn to_connect(
        &self,
        id: &ContainerId,
        replacement: Option<&Unfinished<'_>>,
    ) -> Option<Vec<(NetworkId, EndpointSpec)>> {
        let mut connect = Vec::new();
        for step in &self.plan.steps {
            let Op::DisconnectNetwork { network, network_name, container } = &step.op else { continue };
            if container.id != Ref::Existing(id.clone()) || !self.done(step.id) {
                continue;
            }
            let back = self.plan.steps.iter().find(|back| {
                matches!(&back.op, Op::ConnectNetwork { container, .. } if container.id == Ref::Existing(id.clone()))
                    && back.after.contains(&step.id)
            });
            if back.is_some_and(|back| self.done(back.id)) {
                continue;
            }
            let endpoint = match back.map(|back| &back.op) {
                Some(Op::ConnectNetwork { endpoint, .. }) => (**endpoint).clone(),
                _ => replacement
                    .and_then(|one| endpoint_on(one, network_name))
                    .unwrap_or_else(|| endpoint_of_last_resort(network_name, container)),
            };
            let gone = self.plan.steps.iter().any(|step| {
                matches!(&step.op, Op::RemoveNetwork { id, .. } if id == network) && self.done(step.id)
            });
            let target = if gone { self.made_anew(network_name)? } else { network.clone() };
            connect.push((target, endpoint));
        }
        Some(connect)
    }

    /// The network of that name, when this run made it.
    fn made_anew(&self, name: &str) -> Option<NetworkId> {
        self.plan.steps.iter().find_map(|step| match &step.op {
            Op::CreateNetwork(spec) if spec.name == name => {
                self.run.made[step.id.0].get().map(|id| NetworkId::from(id.as_str()))
            }
            _ => None,
        })
    }
}

/// Whether all anonymous volumes of a new container are its own: none came from the old one.
fn owns_its_volumes(spec: &ContainerSpec) -> bool {
    !spec.labels.contains_key(labels::REPLACE)
}

fn endpoint_on(replacement: &Unfinished<'_>, network: &str) -> Option<EndpointSpec> {
    replacement.steps.iter().find_map(|step| match &step.op {
        Op::CreateContainer { spec, .. } => {
            spec.network.endpoints.iter().find(|endpoint| endpoint.network == network).cloned()
        }
        _ => None,
    })
}

fn endpoint_of_last_resort(network: &str, container: &crate::plan::Target) -> EndpointSpec {
    let service = container.service.as_ref().map(ToString::to_string);
    EndpointSpec {
        network: network.to_owned(),
        aliases: std::iter::once(container.name.clone()).chain(service).collect(),
        ..EndpointSpec::default()
    }
}
