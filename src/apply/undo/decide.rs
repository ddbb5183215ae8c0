//! What is to be taken back, put back and finished.

use std::collections::{BTreeSet, HashMap};

use super::super::report::Outcome;
use super::super::step::Run;
use crate::base::{ContainerId, NetworkId};
use crate::plan::{Group, Op, Plan, Reason, Ref, Step, StepId};
use crate::spec::{ContainerSpec, EndpointSpec, NetworkSpec, labels};

/// A container to remove.
pub(super) struct Discard {
    pub id: ContainerId,
    pub name: String,
    /// Its own anonymous volumes too.
    pub volumes: bool,
    /// Whether people know it by that name.
    pub told: bool,
}

/// A container to start again.
pub(super) struct Restore {
    pub id: ContainerId,
    pub name: String,
    /// Networks it was taken off.
    pub connect: Vec<(NetworkId, EndpointSpec)>,
    /// Whether its start failed in this run, which is told: a second failure is no news.
    pub failed_before: bool,
}

/// A replacement whose old container is still there.
pub(super) struct Unfinished<'a> {
    steps: Vec<&'a Step>,
    old: Option<&'a ContainerId>,
}

/// A replacement to finish.
pub(super) struct Finish<'a> {
    pub name: &'a str,
    /// The old container, when it is still there.
    pub old: Option<&'a ContainerId>,
    /// The new one, and its name.
    pub rename: Option<(ContainerId, &'a str)>,
}

/// What a run that did not end well has left, to be asked what is to be done about it.
pub(super) struct Undo<'a> {
    pub run: &'a Run<'a>,
    pub plan: &'a Plan,
    pub outcomes: &'a [Outcome],
    /// Networks that were made again, by the id they had.
    pub remade: HashMap<NetworkId, NetworkId>,
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

    /// Replacements that are given up: their old containers come back.
    pub fn unfinished_replacements(&self) -> Vec<Unfinished<'a>> {
        let sets = self.replacements().into_iter().filter(|set| !self.has_no_way_back(set));
        sets.flatten()
            .map(|group| {
                let steps = self.steps_of(group);
                Unfinished { old: steps.iter().find_map(|step| removal(step)), steps }
            })
            .collect()
    }

    /// Replacements of which an old container is gone, and that are not done with yet.
    pub fn to_finish(&self) -> Vec<Finish<'a>> {
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
    pub fn replacement_to_discard(&self, one: &Unfinished<'_>) -> Option<Discard> {
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
    pub fn unused_containers(&self) -> Vec<Discard> {
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
    pub fn to_rename(&self) -> Vec<Finish<'a>> {
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
    pub fn to_restore(&self, replacements: &[Unfinished<'_>]) -> Vec<Restore> {
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
                                Outcome::Skipped { .. } | Outcome::NotRun | Outcome::Failed(_)
                            ) =>
                    {
                        Some(step.id)
                    }
                    _ => None,
                }),
            };
            let Some(order) = start.or(replacement.map(|_| step.id)) else { continue };
            let Some(connect) = self.to_connect(id, replacement) else { continue };
            let failed_before = replacement.is_none() && self.failed(order);
            let name = container.name.clone();
            found.push((order, Restore { id: id.clone(), name, connect, failed_before }));
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
                let connect = self.to_connect(&id, Some(one))?;
                Some(Restore { id, name, connect, failed_before: false })
            })
            .collect()
    }

    /// Networks that are gone while those in their place were not made, and what they were made from.
    pub fn to_remake(&self) -> Vec<(NetworkId, &'a NetworkSpec)> {
        let removed = self.plan.steps.iter().filter(|step| self.done(step.id));
        removed
            .filter_map(|step| {
                let Op::RemoveNetwork { id, .. } = &step.op else { return None };
                let definition = self.run.replaced_networks[step.id.0].get()?;
                let successor = self.plan.in_place_of(step)?;
                self.run.made[successor.id.0].get().is_none().then(|| (id.clone(), definition))
            })
            .collect()
    }

    /// Networks the container was taken off and not put on again; `None` when one of them is gone for good:
    /// then it is better stopped than without its network.
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
            let (target, name) = match self.remade.get(network) {
                Some(again) => (again.clone(), network_name.as_str()),
                None if gone => self.in_place_of(network_name)?,
                None => (network.clone(), network_name.as_str()),
            };
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
