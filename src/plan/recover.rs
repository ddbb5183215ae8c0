//! What is to be done about a run that did not end well: a pure function from the plan, from how its steps
//! ended and from another look at what it touched, to a plan that takes back, puts back and finishes.
//!
//! - A replacement that was not finished ends with the old container running and the new one gone; once an
//!   old one of its set is gone, the new ones get their names.
//! - A new container that was never started goes again, so that the next run makes it afresh.
//! - A container that was only stopped to make room, or to come back after something that failed, is
//!   started again, on the networks it was on.
//! - Networks and volumes stay; a network whose successor was not made is made again as it was.
//!
//! Nothing is removed that this run did not make, or that was started by somebody else since: what was not
//! seen to be as this run left it stays, and is reported.

mod finish;
mod found;
mod networks;
mod restore;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Handover, Op, Plan, Reason, Ref, Replacement, Step, StepId, Target};
use crate::base::{ContainerId, NetworkId};
use crate::diag::Span;
use crate::spec::labels;
use crate::state::ContainerState;
pub use found::{Ending, Left, LeftBecause, LookAt, Looked, Made, Recovery, Seen, Sight, Started, Trace};
use restore::Restore;

/// What a look must show before [`recover`] can be asked.
pub fn look_at(plan: &Plan, traces: &[Trace]) -> LookAt {
    let recover = Recover::new(plan, traces, None);
    let mut found = LookAt::default();
    for one in recover.unfinished_sets().into_iter().flatten() {
        found.containers.insert(one.old.clone());
        found.containers.extend(recover.container(&one.new));
    }
    found.containers.extend(recover.unused().filter_map(|(_, created)| recover.made(created)));
    for one in recover.unfinished_handovers() {
        found.containers.extend(recover.made(one.create));
        found.containers.insert(one.bearer.clone());
    }
    found.containers.extend(recover.stopped_in_vain().map(|(_, _, id, _)| id.clone()));
    found.networks.extend(plan.steps.iter().filter_map(|step| match &step.op {
        Op::RemoveNetwork { id, .. } if recover.ending(step.id) != Ending::NotRun => Some(id.clone()),
        _ => None,
    }));
    found
}

/// What is to be done about a run that did not end well.
pub fn recover(plan: &Plan, traces: &[Trace], looked: &Looked) -> Recovery {
    let mut recover = Recover::new(plan, traces, Some(looked));
    recover.discard_unused();
    let (past, undone): (Vec<_>, Vec<_>) =
        recover.unfinished_sets().into_iter().partition(|set| recover.has_no_way_back(set));
    let mut restores = Vec::new();
    for set in undone {
        recover.give_up(&set, &mut restores);
    }
    recover.remake_networks();
    recover.restore(restores);
    recover.finish(past.into_iter().flatten().collect());
    recover.hand_over();
    recover.out
}

/// What there is to be done about a new container.
enum New {
    /// It is not there.
    Absent,
    /// This run made it, and nobody else had a hand in it since.
    Ours { runs: bool, started: bool },
    /// This run only started it.
    StartedHere,
    /// Others made it, or started it, and it doesn't run.
    Idle,
    /// Others started it, and it runs.
    Busy,
    /// The engine could not be asked.
    Unknown,
}

struct Recover<'a> {
    plan: &'a Plan,
    traces: &'a [Trace],
    looked: Option<&'a Looked>,
    out: Recovery,
    /// Steps of the recovery that make networks again, by the id those had.
    remade: HashMap<NetworkId, StepId>,
    /// Steps of the recovery that remove containers or stop them.
    freed: Vec<StepId>,
    /// Steps of the recovery that remove containers.
    removed: HashMap<ContainerId, StepId>,
}

impl<'a> Recover<'a> {
    fn new(plan: &'a Plan, traces: &'a [Trace], looked: Option<&'a Looked>) -> Recover<'a> {
        Recover {
            plan,
            traces,
            looked,
            out: Recovery::default(),
            remade: HashMap::new(),
            freed: Vec::new(),
            removed: HashMap::new(),
        }
    }

    fn ending(&self, step: StepId) -> Ending {
        self.traces.get(step.0).map_or(Ending::NotRun, |trace| trace.ending)
    }

    fn done(&self, step: StepId) -> bool {
        self.ending(step) == Ending::Done
    }

    fn made(&self, step: StepId) -> Option<ContainerId> {
        let made = self.traces.get(step.0)?.made.as_ref()?;
        Some(ContainerId::from(made.id.as_str()))
    }

    fn container(&self, id: &Ref<ContainerId>) -> Option<ContainerId> {
        match id {
            Ref::Existing(id) => Some(id.clone()),
            Ref::Planned(step) => self.made(*step),
        }
    }

    fn made_here(&self, id: &Ref<ContainerId>) -> bool {
        match id {
            Ref::Existing(_) => false,
            Ref::Planned(step) => {
                let trace = self.traces.get(step.0);
                trace.and_then(|trace| trace.made.as_ref()).is_some_and(|made| !made.adopted)
            }
        }
    }

    fn sight(&self, id: &ContainerId) -> &'a Sight {
        self.looked.and_then(|looked| looked.containers.get(id)).unwrap_or(&Sight::Unknown)
    }

    fn is_there(&self, network: &NetworkId) -> bool {
        self.looked.is_some_and(|looked| looked.networks.contains(network))
    }

    fn step(&mut self, op: Op, after: Vec<StepId>, behind: Vec<StepId>, reason: Reason) -> StepId {
        let id = StepId(self.out.plan.steps.len());
        self.out.plan.steps.push(Step { id, op, after, behind, reason, group: None, span: Span::NONE });
        id
    }

    fn leave(&mut self, id: &ContainerId, name: &str, why: LeftBecause) {
        if !self.out.left.iter().any(|left| left.id == *id) {
            self.out.left.push(Left { id: id.clone(), name: name.to_owned(), why });
        }
    }

    /// Sets of replacements of which something was not done.
    fn unfinished_sets(&self) -> Vec<Vec<&'a Replacement>> {
        let mut sets: BTreeMap<usize, Vec<&Replacement>> = BTreeMap::new();
        for one in &self.plan.replacements {
            sets.entry(one.set).or_default().push(one);
        }
        sets.into_values().filter(|set| set.iter().any(|one| !self.is_finished(one))).collect()
    }

    fn is_finished(&self, one: &Replacement) -> bool {
        self.done(one.remove) && one.rename.is_none_or(|rename| self.done(rename))
    }

    /// Starts of new containers, outside of replacements, that did not succeed, and what makes those.
    fn unused(&self) -> impl Iterator<Item = (&'a Step, StepId)> {
        self.plan.steps.iter().filter_map(|step| match &step.op {
            Op::StartContainer { container, .. } if step.group.is_none() && !self.done(step.id) => {
                match container.id {
                    Ref::Planned(created) => Some((step, created)),
                    Ref::Existing(_) => None,
                }
            }
            _ => None,
        })
    }

    /// New containers that run and did not get their names.
    fn unfinished_handovers(&self) -> impl Iterator<Item = &'a Handover> {
        let started = |one: &&Handover| one.start.is_none_or(|start| self.done(start));
        self.plan.handovers.iter().filter(|one| !self.done(one.rename)).filter(started)
    }

    /// Containers that were to be stopped and started again, outside of replacements, and were not started:
    /// both steps, the container, and its target.
    fn stopped_in_vain(&self) -> impl Iterator<Item = (&'a Step, &'a Step, &'a ContainerId, &'a Target)> {
        let replaced: BTreeSet<&ContainerId> = self.plan.replacements.iter().map(|one| &one.old).collect();
        let mut starts: HashMap<&ContainerId, &Step> = HashMap::new();
        for step in &self.plan.steps {
            if let Op::StartContainer { container: Target { id: Ref::Existing(id), .. }, .. } = &step.op {
                starts.insert(id, step);
            }
        }
        self.plan.steps.iter().filter_map(move |step| {
            let Op::StopContainer { container, .. } = &step.op else { return None };
            let Ref::Existing(id) = &container.id else { return None };
            let start = starts.get(id).copied()?;
            let wanted = self.ending(step.id) != Ending::NotRun && !self.done(start.id);
            (wanted && !replaced.contains(id)).then_some((step, start, id, container))
        })
    }

    /// Whether an old container of the set is gone by this run: then there is no way back, and all new ones
    /// run, as nothing is removed before.
    fn has_no_way_back(&self, set: &[&Replacement]) -> bool {
        set.iter().any(|one| match self.ending(one.remove) {
            Ending::Done => true,
            Ending::Failed => *self.sight(&one.old) == Sight::Gone,
            Ending::NotRun => false,
        })
    }

    fn new_container(&self, id: &Ref<ContainerId>, start: Option<StepId>) -> New {
        let Some(found) = self.container(id) else { return New::Absent };
        let seen = match self.sight(&found) {
            Sight::There(seen) => seen,
            Sight::Gone => return New::Absent,
            Sight::Unknown => return New::Unknown,
        };
        let here = start.and_then(|start| self.traces.get(start.0)?.started.as_ref());
        // The engine may have restarted it since.
        let started_here =
            here.is_some_and(|here| *here == seen.started || seen.started.restarts > here.restarts);
        let (runs, never) = (runs(seen.state), seen.started.at.is_empty());
        match self.made_here(id) {
            true if started_here || (never && !runs) => New::Ours { runs, started: !never },
            false if started_here && runs => New::StartedHere,
            _ if runs => New::Busy,
            _ => New::Idle,
        }
    }

    /// New containers that were never put to use.
    fn discard_unused(&mut self) {
        let unused: Vec<_> = self.unused().collect();
        for (start, created) in unused {
            let Op::StartContainer { container, .. } = &start.op else { continue };
            // One that runs is as wanted, whoever started it: a command after its start may have failed.
            match self.new_container(&container.id, None) {
                New::Ours { runs: false, .. } => self.remove_new(created, container, true, false),
                New::Unknown => {
                    if let Some(id) = self.made(created) {
                        self.leave(&id, &container.name, LeftBecause::NotSeen);
                    }
                }
                _ => {}
            }
        }
    }

    fn remove_new(&mut self, created: StepId, target: &Target, volumes: bool, force: bool) {
        let Some(id) = self.made(created) else { return };
        let container = Target { id: Ref::Existing(id.clone()), ..target.clone() };
        let op = Op::RemoveContainer { container, volumes, force };
        let step = self.step(op, Vec::new(), Vec::new(), Reason::NotUsed);
        self.removed.insert(id, step);
        self.freed.push(step);
    }

    /// Gives up a set of replacements: the old containers come back.
    fn give_up(&mut self, set: &[&'a Replacement], restores: &mut Vec<Restore<'a>>) {
        let (mut room, mut blocked) = (Vec::new(), false);
        for one in set {
            let target = Target {
                id: one.new.clone(),
                name: one.group.container.clone(),
                service: one.service.clone(),
            };
            let found = self.container(&one.new);
            match (self.new_container(&one.new, one.start), &one.new, found) {
                (New::Ours { runs, started }, Ref::Planned(created), _) => {
                    let step = StepId(self.out.plan.steps.len());
                    self.remove_new(*created, &target, self.owns_its_volumes(*created), runs);
                    self.out.plan.steps[step.0].reason = Reason::GivenUp { started };
                    room.push(step);
                }
                (New::StartedHere, _, Some(id)) => {
                    let container = Target { id: Ref::Existing(id), ..target };
                    let op = Op::StopContainer { container, timeout: None, pre_stop: Vec::new() };
                    let step = self.step(op, Vec::new(), Vec::new(), Reason::GivenUp { started: true });
                    self.freed.push(step);
                    room.push(step);
                }
                (New::Busy, _, Some(id)) => {
                    self.leave(&id, &one.group.container, LeftBecause::StartedSince);
                    blocked = true;
                }
                (New::Unknown, _, Some(id)) => {
                    self.leave(&id, &one.group.container, LeftBecause::NotSeen);
                    blocked = true;
                }
                _ => {}
            }
        }
        for one in set.iter().filter(|_| !blocked) {
            let stopped = one.stop.is_some_and(|stop| self.ending(stop) != Ending::NotRun);
            let needed = || {
                let sharing = |other: &&&Replacement| other.needs.contains(&one.old);
                set.iter()
                    .filter(sharing)
                    .any(|other| other.stop.is_some_and(|stop| self.ending(stop) != Ending::NotRun))
            };
            if stopped || (one.stop.is_none() && needed()) {
                restores.push(Restore {
                    id: one.old.clone(),
                    target: Target {
                        id: Ref::Existing(one.old.clone()),
                        name: one.group.container.clone(),
                        service: one.service.clone(),
                    },
                    replacement: Some(one),
                    start: one.start.or(one.stop),
                    room: room.clone(),
                });
            }
        }
    }

    /// Whether all anonymous volumes of a new container are its own: none came from the old one.
    fn owns_its_volumes(&self, created: StepId) -> bool {
        match &self.plan.steps[created.0].op {
            Op::CreateContainer { spec, .. } => !spec.labels.contains_key(labels::REPLACE),
            _ => false,
        }
    }
}

/// Whether it runs, or the engine is about to start it.
fn runs(state: ContainerState) -> bool {
    matches!(
        state,
        ContainerState::Running
            | ContainerState::Paused
            | ContainerState::Restarting
            | ContainerState::Unknown
    )
}
