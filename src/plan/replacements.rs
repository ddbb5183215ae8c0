//! Names what belongs together, so that a run that does not end well can be recovered without guessing:
//! replacements and the sets they come and go in, and names that go from one container to another.

use std::collections::HashMap;

use super::builder::Builder;
use super::recreate::connected;
use super::{Handover, Op, Ref, Replacement, StepId};
use crate::base::{ContainerId, ServiceName};

impl Builder<'_> {
    /// To be called when all steps of replacements are there.
    pub(super) fn name_replacements(&mut self) {
        let together = self.replaced_together();
        let mut renames: HashMap<Ref<ContainerId>, StepId> = HashMap::new();
        for step in &self.plan.steps {
            if let Op::RenameContainer { container, .. } = &step.op {
                renames.insert(container.id.clone(), step.id);
            }
        }
        let (mut replacements, mut handovers) = (Vec::new(), Vec::new());
        let (mut sets, mut count) = (HashMap::<ServiceName, usize>::new(), 0);
        let mut fresh = || {
            count += 1;
            count - 1
        };
        // Old containers by the step that makes the new one, and those whose network an old one shares.
        let (mut by_new, mut lenders) = (HashMap::new(), HashMap::new());
        for name in &self.order {
            for one in self.planned.get(name).into_iter().flatten() {
                let rename = renames.get(&one.target.id).copied();
                let Some((old, group)) = &one.replaces else {
                    if let (Ref::Planned(create), Some(rename), Some(wanted)) =
                        (&one.target.id, rename, &one.rename)
                        && let (Some(frees), Some(bearer)) = (self.frees(wanted), self.existing.named(wanted))
                    {
                        let (create, start, bearer) = (*create, one.started_by, bearer.id.clone());
                        handovers.push(Handover { create, start, rename, bearer, frees });
                    }
                    continue;
                };
                let Some(remove) = self.removed.get(&old.id).copied() else { continue };
                // Alone, or with all of the services it is connected with.
                let set = match connected(&together, name).into_iter().next() {
                    Some(first) => *sets.entry(first).or_insert_with(&mut fresh),
                    None => fresh(),
                };
                if let Ref::Planned(create) = one.target.id {
                    by_new.insert(create, old.id.clone());
                }
                lenders.extend(old.lender.clone().map(|lender| (old.id.clone(), lender)));
                replacements.push(Replacement {
                    group: group.clone(),
                    service: one.target.service.clone(),
                    set,
                    old: old.id.clone(),
                    new: one.target.id.clone(),
                    stop: self.stopped.get(&old.id).copied(),
                    start: one.started_by,
                    remove,
                    rename,
                    needs: Vec::new(),
                });
            }
        }
        for one in &mut replacements {
            one.needs.extend(lenders.get(&one.old).cloned());
            if let Ref::Planned(create) = one.new
                && let Op::CreateContainer { shares, .. } = &self.plan.steps[create.0].op
            {
                let shared = shares.iter().filter_map(|(_, id)| match id {
                    Ref::Planned(create) => by_new.get(create).cloned(),
                    Ref::Existing(_) => None,
                });
                one.needs.extend(shared);
            }
        }
        self.plan.replacements = replacements;
        self.plan.handovers = handovers;
    }
}
