//! Replacements that are finished, and names that are handed over.

use std::collections::BTreeSet;

use super::{LeftBecause, New, Recover, Sight, runs};
use crate::base::{ContainerId, ServiceName};
use crate::plan::{Op, Reason, Ref, Replacement, StepId, Target};

impl<'a> Recover<'a> {
    /// Finishes replacements: the old containers go, and the new ones get their names.
    pub(super) fn finish(&mut self, unfinished: Vec<&'a Replacement>) {
        for one in &unfinished {
            if self.done(one.remove) {
                continue;
            }
            match self.sight(&one.old) {
                Sight::Gone => {}
                Sight::Unknown => self.leave(&one.old, &one.group.container, LeftBecause::NotSeen),
                Sight::There(seen) if runs(seen.state) => {
                    self.leave(&one.old, &one.group.container, LeftBecause::StartedSince);
                }
                Sight::There(_) => {
                    let container = Target {
                        id: Ref::Existing(one.old.clone()),
                        name: one.group.container.clone(),
                        service: one.service.clone(),
                    };
                    let op = Op::RemoveContainer { container, volumes: false, force: false };
                    let step = self.step(op, Vec::new(), Vec::new(), Reason::Replacement);
                    self.out.plan.steps[step.0].group = Some(one.group.clone());
                    self.removed.insert(one.old.clone(), step);
                }
            }
        }
        for one in unfinished {
            let Some(id) = one.rename.filter(|rename| !self.done(*rename)).and(self.container(&one.new))
            else {
                continue;
            };
            let old = self.removed.get(&one.old).copied();
            if let Some(step) = self.rename(&id, &one.group.container, one.service.clone(), old) {
                self.out.plan.steps[step.0].group = Some(one.group.clone());
            }
        }
    }

    /// Gives a container its name, once whoever bears it is gone.
    fn rename(
        &mut self,
        id: &ContainerId,
        name: &str,
        service: Option<ServiceName>,
        after: Option<StepId>,
    ) -> Option<StepId> {
        match self.sight(id) {
            Sight::There(seen) if seen.name == name => None,
            Sight::There(_) => {
                let bears =
                    |id: &ContainerId| matches!(self.sight(id), Sight::There(seen) if seen.name == name);
                let freed = self.removed.iter().filter(|(id, _)| bears(id)).map(|(_, step)| *step);
                let after: BTreeSet<StepId> = freed.chain(after).collect();
                let target = Target { id: Ref::Existing(id.clone()), name: name.to_owned(), service };
                let op = Op::RenameContainer { container: target, name: name.to_owned() };
                Some(self.step(op, after.into_iter().collect(), Vec::new(), Reason::NameFreed))
            }
            Sight::Gone => {
                self.leave(id, name, LeftBecause::Gone);
                None
            }
            Sight::Unknown => {
                self.leave(id, name, LeftBecause::NotSeen);
                None
            }
        }
    }

    /// New containers whose name another bore get it when that one is gone, and go when it stays.
    pub(super) fn hand_over(&mut self) {
        let handovers: Vec<_> = self.unfinished_handovers().collect();
        for one in handovers {
            let Some(id) = self.made(one.create) else { continue };
            let Op::CreateContainer { final_name, service, .. } = &self.plan.steps[one.create.0].op else {
                continue;
            };
            let goes = self.removed.contains_key(&one.bearer);
            let gone = self.done(one.frees) || *self.sight(&one.bearer) == Sight::Gone;
            if goes || gone {
                self.rename(&id, final_name, Some(service.clone()), None);
                continue;
            }
            let target = Target {
                id: Ref::Planned(one.create),
                name: final_name.clone(),
                service: Some(service.clone()),
            };
            match self.new_container(&Ref::Planned(one.create), one.start) {
                New::Ours { runs, .. } => self.remove_new(one.create, &target, true, runs),
                New::Busy => self.leave(&id, final_name, LeftBecause::StartedSince),
                New::Unknown => self.leave(&id, final_name, LeftBecause::NotSeen),
                New::Absent | New::StartedHere | New::Idle => {}
            }
        }
    }
}
