//! Replacements: how they end, and which of them belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::{Builder, Planned, runs};
use super::{Group, Op, Reason, Ref, StepId, Up};
use crate::base::ServiceName;
use crate::spec::labels;
use crate::state::ObservedContainer;

impl<'a> Builder<'a> {
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
    pub(super) fn held_for_now(&self, name: &str) -> Option<&'a ObservedContainer> {
        let holder = self.existing.named(name)?;
        let goes = !self.kept.contains(&holder.id) && self.is_judged(holder);
        (goes && !self.removed.contains_key(&holder.id)).then_some(holder)
    }

    pub(super) fn is_judged(&self, container: &ObservedContainer) -> bool {
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
