//! Containers that are started again.

use std::collections::BTreeSet;

use super::{LeftBecause, Recover, Seen, Sight, runs};
use crate::base::ContainerId;
use crate::plan::{Op, Reason, Replacement, StepId, Target};

/// A container to start again.
pub(super) struct Restore<'a> {
    pub id: ContainerId,
    pub target: Target,
    pub replacement: Option<&'a Replacement>,
    /// The step of the plan that would have started it, or another in its place.
    pub start: Option<StepId>,
    /// Steps of the recovery that make room for it.
    pub room: Vec<StepId>,
}

impl<'a> Recover<'a> {
    /// Starts containers again, dependencies first.
    pub(super) fn restore(&mut self, mut restores: Vec<Restore<'a>>) {
        let stopped: Vec<_> = self.stopped_in_vain().collect();
        restores.extend(stopped.into_iter().map(|(_, start, id, target)| Restore {
            id: id.clone(),
            target: target.clone(),
            replacement: None,
            start: Some(start.id),
            room: Vec::new(),
        }));
        restores.sort_by_key(|one| one.start);
        let mut started: Vec<(Option<StepId>, ContainerId, StepId)> = Vec::new();
        for one in restores {
            match self.sight(&one.id) {
                Sight::There(seen) if runs(seen.state) => continue,
                // It was started here, and ended by itself.
                Sight::There(seen) if self.was_started_as(one.start, one.replacement, seen) => continue,
                Sight::There(_) => {}
                Sight::Gone => {
                    self.leave(&one.id, &one.target.name, LeftBecause::Gone);
                    continue;
                }
                Sight::Unknown => {
                    self.leave(&one.id, &one.target.name, LeftBecause::NotSeen);
                    continue;
                }
            }
            let connections = match self.connections(&one) {
                Ok(connections) => connections,
                Err(network) => {
                    self.leave(&one.id, &one.target.name, LeftBecause::NetworkGone(network));
                    continue;
                }
            };
            let mut after = one.room.clone();
            let needs = one.replacement.map(|of| of.needs.as_slice()).unwrap_or_default();
            after.extend(started.iter().filter(|(_, id, _)| needs.contains(id)).map(|(_, _, step)| *step));
            let before = one.start.map(|start| self.before(start)).unwrap_or_default();
            let mut behind = self.freed.clone();
            let earlier = started.iter().filter(|(start, _, _)| start.is_some_and(|id| before.contains(&id)));
            behind.extend(earlier.map(|(_, _, step)| *step));
            for (op, made) in connections {
                let step = self.step(
                    op,
                    after.iter().copied().chain(made).collect(),
                    behind.clone(),
                    Reason::PutBack,
                );
                after = vec![step];
            }
            let op = Op::StartContainer {
                container: one.target,
                uploads: Vec::new(),
                post_start: Vec::new(),
                comes_after: Vec::new(),
            };
            let step = self.step(op, after, behind, Reason::PutBack);
            started.push((one.start, one.id, step));
        }
    }

    fn was_started_as(&self, start: Option<StepId>, replacement: Option<&Replacement>, seen: &Seen) -> bool {
        let started = start.and_then(|start| self.traces.get(start.0)?.started.as_ref());
        replacement.is_none() && started == Some(&seen.started)
    }

    /// All steps of the plan that one comes after.
    fn before(&self, step: StepId) -> BTreeSet<StepId> {
        let mut found = BTreeSet::new();
        let mut next = vec![step];
        while let Some(step) = next.pop() {
            for before in &self.plan.steps[step.0].after {
                if found.insert(*before) {
                    next.push(*before);
                }
            }
        }
        found
    }
}
