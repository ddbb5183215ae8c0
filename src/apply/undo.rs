//! Takes back what a failure or a cancellation left half made.
//!
//! A replacement that was not finished ends with the old container running and the new one gone; once the
//! old one is gone, the new one gets its name. What shares namespaces goes one way or the other together.
//! A new container that was never put to use goes again, so that the next run makes it afresh; networks
//! and volumes stay. Containers that were stopped only to make room, or to come back after something that
//! failed, are started again.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::report::{Outcome, Report};
use super::step::{Run, remove_container};
use crate::base::{ContainerId, NetworkId};
use crate::event::{Event, Status, Subject};
use crate::plan::{Group, Op, Plan, Reason, Ref, Step, StepId};
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
                // By its temporary name nobody knows it.
                discarded.push(if discard.told {
                    discard.name.clone()
                } else {
                    format!("the new {}", discard.name)
                });
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
    // The name that one gets may be that of another's old container.
    let mut finishes = Vec::new();
    for finish in undo.to_finish().into_iter().chain(undo.to_rename()) {
        let removed = match finish.old {
            Some(old) => remove_container(run.engine, old, false).await,
            None => Ok(()),
        };
        finishes.push((finish, removed));
    }
    for (finish, removed) in finishes {
        let answer = match (removed, finish.rename) {
            (Ok(()), Some((id, name))) => run.engine.rename_container(&id, name).await,
            (removed, _) => removed,
        };
        if let Err(error) = answer {
            let subject = Subject::container(finish.name);
            run.events.detailed(subject, Status::Error, format!("cannot be finished: {error}"));
            leftovers.push((finish.name.to_owned(), error));
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

/// A replacement to finish.
struct Finish<'a> {
    name: &'a str,
    /// The old container, when it is still there.
    old: Option<&'a ContainerId>,
    /// The new one, and its name.
    rename: Option<(ContainerId, &'a str)>,
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

    fn steps_of(&self, group: &Group) -> Vec<&'a Step> {
        self.plan.steps.iter().filter(|step| step.group.as_ref() == Some(group)).collect()
    }

    /// The replacements in sets that can only be undone or finished together: what shares namespaces or
    /// volumes, and what gets the name that another gives up.
    fn replacements(&self) -> Vec<BTreeSet<&'a Group>> {
        let mut sets: Vec<BTreeSet<&Group>> = Vec::new();
        for step in &self.plan.steps {
            let Some(group) = &step.group else { continue };
            let mut set = BTreeSet::from([group]);
            if let Op::CreateContainer { shares, .. } = &step.op {
                set.extend(shares.iter().filter_map(|(_, id)| match id {
                    Ref::Planned(step) => self.plan.steps[step.0].group.as_ref(),
                    Ref::Existing(_) => None,
                }));
            }
            if let Op::RemoveContainer { .. } | Op::RenameContainer { .. } = &step.op {
                set.extend(step.after.iter().filter_map(|at| self.plan.steps[at.0].group.as_ref()));
            }
            let (apart, joined): (Vec<_>, Vec<_>) =
                sets.into_iter().partition(|other| other.is_disjoint(&set));
            sets = apart;
            set.extend(joined.into_iter().flatten());
            sets.push(set);
        }
        sets
    }

    /// Whether an old container of the set is gone: then there is no way back, and all new ones run.
    fn has_no_way_back(&self, set: &BTreeSet<&Group>) -> bool {
        set.iter()
            .flat_map(|group| self.steps_of(group))
            .any(|step| removal(step).is_some() && self.done(step.id))
    }

    fn unfinished_replacements(&self) -> Vec<Unfinished<'a>> {
        let sets = self.replacements().into_iter().filter(|set| !self.has_no_way_back(set));
        sets.flatten()
            .map(|group| {
                let steps = self.steps_of(group);
                Unfinished { old: steps.iter().find_map(|step| removal(step)), steps }
            })
            .collect()
    }

    /// Replacements of which an old container is gone, and that are not done with yet.
    fn to_finish(&self) -> Vec<Finish<'a>> {
        let sets = self.replacements().into_iter().filter(|set| self.has_no_way_back(set));
        sets.flatten()
            .map(|group| {
                let mut finish = Finish { name: &group.container, old: None, rename: None };
                for step in self.steps_of(group).into_iter().filter(|step| !self.done(step.id)) {
                    finish.old = finish.old.or(removal(step));
                    if let Op::RenameContainer { container, name } = &step.op {
                        finish.rename = self.run.container(&container.id).ok().map(|id| (id, name.as_str()));
                    }
                }
                finish
            })
            .filter(|finish| finish.old.is_some() || finish.rename.is_some())
            .collect()
    }

    /// The new container of an unfinished replacement. One that an earlier run made stays, unless it
    /// was started in vain.
    fn replacement_to_discard(&self, one: &Unfinished<'_>) -> Option<Discard> {
        one.steps.iter().find_map(|step| match &step.op {
            Op::CreateContainer { final_name, spec, .. } => Some(Discard {
                id: self.made(step.id)?,
                name: final_name.clone(),
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
            if step.group.is_some() || (self.done(step.id) && !self.cannot_be_named(created)) {
                continue;
            }
            if let Some(id) = self.made(created) {
                found.push(Discard { id, name: container.name.clone(), volumes: true, told: true });
            }
        }
        found
    }

    /// Whether the container a step made waits for a name whose bearer stays after all.
    fn cannot_be_named(&self, created: StepId) -> bool {
        self.plan.steps.iter().any(|step| match &step.op {
            Op::RenameContainer { container, .. } if step.group.is_none() && !self.done(step.id) => {
                let removals = step.after.iter().map(|at| &self.plan.steps[at.0]);
                let mut removals = removals.filter(|before| removal(before).is_some());
                container.id == Ref::Planned(created) && removals.any(|before| !self.done(before.id))
            }
            _ => false,
        })
    }

    /// Renames outside of replacements whose name is free by now.
    fn to_rename(&self) -> Vec<Finish<'a>> {
        let late = |step: &'a Step| match &step.op {
            Op::RenameContainer { container, name } if step.group.is_none() && !self.done(step.id) => {
                let Ref::Planned(created) = container.id else { return None };
                let ready = step.after.iter().all(|before| self.done(*before));
                let id = self.made(created).filter(|_| ready)?;
                Some(Finish { name: &container.name, old: None, rename: Some((id, name.as_str())) })
            }
            _ => None,
        };
        self.plan.steps.iter().filter_map(late).collect()
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
        let mut restores: Vec<Restore> = Vec::new();
        for (_, restore) in found {
            let lenders = self.stopped_lenders(&restore, replacements);
            restores.extend(lenders.into_iter().chain([restore]));
        }
        restores
    }

    /// Old containers that did not run, and whose namespaces or volumes one shares that is put back: it
    /// can't start without them.
    fn stopped_lenders(&self, restore: &Restore, replacements: &[Unfinished<'_>]) -> Vec<Restore> {
        let Some(one) = replacements.iter().find(|one| one.old == Some(&restore.id)) else {
            return Vec::new();
        };
        let shares = one.steps.iter().find_map(|step| match &step.op {
            Op::CreateContainer { shares, .. } => Some(shares),
            _ => None,
        });
        let lent = shares.into_iter().flatten().filter_map(|(_, id)| match id {
            Ref::Planned(step) => {
                replacements.iter().find(|lender| lender.steps.iter().any(|of| of.id == *step))
            }
            Ref::Existing(_) => None,
        });
        let stands_still =
            |one: &&Unfinished<'_>| !one.steps.iter().any(|step| matches!(step.op, Op::StopContainer { .. }));
        lent.filter(stands_still)
            .filter_map(|one| {
                let id = one.old?.clone();
                let name = one.steps.first()?.group.as_ref()?.container.clone();
                Some(Restore { connect: self.to_connect(&id, Some(one))?, id, name })
            })
            .collect()
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
            let gone = self.plan.steps.iter().any(|step| {
                matches!(&step.op, Op::RemoveNetwork { id, .. } if id == network) && self.done(step.id)
            });
            let (target, name) =
                if gone { self.in_place_of(network_name)? } else { (network.clone(), network_name.as_str()) };
            let endpoint = match back.map(|back| &back.op) {
                Some(Op::ConnectNetwork { endpoint, .. }) => (**endpoint).clone(),
                _ => replacement
                    .and_then(|one| endpoint_on(one, name))
                    .unwrap_or_else(|| endpoint_of_last_resort(name, container)),
            };
            connect.push((target, endpoint));
        }
        Some(connect)
    }

    /// The network this run made in place of that one, and its name.
    fn in_place_of(&self, name: &str) -> Option<(NetworkId, &'a str)> {
        self.plan.steps.iter().find_map(|step| match (&step.op, &step.reason) {
            (Op::CreateNetwork(spec), reason)
                if spec.name == name || matches!(reason, Reason::Renamed { from, .. } if from == name) =>
            {
                let id = self.run.made[step.id.0].get()?;
                Some((NetworkId::from(id.as_str()), spec.name.as_str()))
            }
            _ => None,
        })
    }
}

/// The container whose removal a step is.
fn removal(step: &Step) -> Option<&ContainerId> {
    match &step.op {
        Op::RemoveContainer { container, .. } => match &container.id {
            Ref::Existing(id) => Some(id),
            Ref::Planned(_) => None,
        },
        _ => None,
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
