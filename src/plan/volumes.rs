//! Volumes: made, kept, or (only when the user agreed to lose the data) made anew.

use super::builder::{Builder, orphans};
use super::{Hazard, Op, PlanError, Reason, Up, VolumeChoice, Warning};
use crate::spec::{VolumeSpec, labels};
use crate::state::{ObservedContainer, ObservedVolume};

impl Builder<'_> {
    pub(super) fn make_volumes(&mut self, up: &Up) -> Result<(), PlanError> {
        let mut specs: Vec<&VolumeSpec> = self.input.desired.volumes.values().collect();
        specs.sort_by(|a, b| a.key.cmp(&b.key));
        for spec in specs {
            if spec.external {
                if self.existing.volume_named(&spec.name).is_none() {
                    let (name, span) = (spec.name.clone(), spec.span);
                    self.refusals.push(PlanError::ExternalVolumeMissing { name, span });
                }
                continue;
            }
            match self.existing.volume(spec) {
                None => self.create_volume(spec, Vec::new(), Reason::Missing),
                // The old volume keeps its data; containers are replaced because they don't mount the new one.
                Some(live) if live.name != spec.name => {
                    let reason = Reason::Renamed { from: live.name.clone(), to: spec.name.clone() };
                    self.create_volume(spec, Vec::new(), reason);
                }
                Some(live) => self.keep_or_renew(spec, live, up)?,
            }
        }
        Ok(())
    }

    fn create_volume(&mut self, spec: &VolumeSpec, after: Vec<super::StepId>, reason: Reason) {
        let step = self.step(Op::CreateVolume(Box::new(spec.clone())), after, reason);
        self.plan.steps[step.0].span = spec.span;
        self.volumes.insert(spec.key.clone(), step);
    }

    fn keep_or_renew(&mut self, spec: &VolumeSpec, live: &ObservedVolume, up: &Up) -> Result<(), PlanError> {
        let project = self.input.desired.project.as_str();
        match live.labels.get(labels::PROJECT) {
            None => {
                self.plan.warnings.push(Warning::UnmanagedVolume { name: live.name.clone() });
                return Ok(());
            }
            Some(other) if other != project => {
                self.plan.warnings.push(Warning::ForeignVolume {
                    name: live.name.clone(),
                    owner: other.clone(),
                    project: project.to_owned(),
                });
                return Ok(());
            }
            Some(_) => {}
        }
        let hash = live.labels.get(labels::CONFIG_HASH).map_or("", String::as_str);
        if hash.is_empty() || hash == spec.hash {
            return Ok(());
        }
        let (name, span) = (spec.name.clone(), spec.span);
        match up.changed_volumes.get(&spec.key) {
            Some(VolumeChoice::Recreate) => {
                self.plan.hazards.push(Hazard::VolumeRecreated { name, span });
                self.recreate_volume(spec, live)
            }
            Some(VolumeChoice::Keep) => {
                self.plan.warnings.push(Warning::VolumeKept { name, span });
                Ok(())
            }
            None => {
                let key = spec.key.clone();
                self.plan.hazards.push(Hazard::VolumeDefinitionChanged { key, name, span });
                Ok(())
            }
        }
    }

    fn recreate_volume(&mut self, spec: &VolumeSpec, live: &ObservedVolume) -> Result<(), PlanError> {
        let reason = Reason::VolumeChanged(spec.key.clone());
        // Every container that mounts it goes first; they were judged so already.
        let mut gone: Vec<super::StepId> = Vec::new();
        for container in self.existing.mounting(&live.name) {
            match self.removed.get(&container.id) {
                Some(step) => gone.push(*step),
                // Nothing was done yet, so that nothing is half done.
                None => return Err(self.held(live, container)),
            }
        }
        let op = Op::RemoveVolume { name: live.name.clone(), best_effort: false };
        let removed = self.step(op, gone, reason.clone());
        self.create_volume(spec, vec![removed], reason);
        Ok(())
    }

    /// Why a volume can't be made anew: a container of the project that this plan leaves alone mounts it.
    fn held(&self, volume: &ObservedVolume, container: &ObservedContainer) -> PlanError {
        let orphan = orphans(self.input).iter().any(|orphan| orphan.id == container.id);
        let way_out = if orphan {
            "no service of the file accounts for it, and --remove-orphans removes it".to_owned()
        } else {
            format!("remove it first (docker rm --force {})", container.name)
        };
        PlanError::VolumeHeld { volume: volume.name.clone(), container: container.name.clone(), way_out }
    }
}
