//! Making a container: what of its description is only known now, and one that is there already.

use super::super::report::ApplyError;
use super::Run;
use crate::base::ContainerId;
use crate::event::{Event, Level};
use crate::plan::{Op, Step};
use crate::spec::{ContainerSpec, Namespace, config_hash, labels};
use crate::state::ContainerState;

impl Run<'_> {
    pub(super) async fn create(&self, step: &Step) -> Result<(), ApplyError> {
        let Op::CreateContainer { name, service, spec, shares, image_label, hash_later, .. } = &step.op
        else {
            return Ok(());
        };
        let mut spec = spec.clone();
        let mut shared = Vec::with_capacity(shares.len());
        for (service, id) in shares {
            shared.push((service.as_str(), self.container(id)?));
        }
        let find = |service: &str| shared.iter().find(|(name, _)| *name == service).map(|(_, id)| id.clone());
        resolve_namespaces(&mut spec, &find);
        if *image_label {
            let image = self.engine.inspect_image(&spec.image, spec.platform.as_deref()).await?;
            spec.labels.insert(labels::IMAGE.to_owned(), image.identity);
        }
        if let Some(definition) = hash_later {
            spec.labels.insert(labels::CONFIG_HASH.to_owned(), config_hash(&definition.0, &find));
        }
        let error = match self.engine.create_container(name, &spec).await {
            Ok(created) => {
                for warning in created.warnings {
                    let text = format!("{service}: {warning}");
                    self.events.send(Event::Message { level: Level::Warning, text });
                }
                self.make(step, created.id.as_str(), false);
                return Ok(());
            }
            Err(error) => error,
        };
        // Whose it is can't be known, so it doesn't count as made here.
        let twin = match error.is_conflict() || error.is_lost() {
            true => self.late_twin(name, &spec).await,
            false => None,
        };
        self.make(step, twin.ok_or(error)?.as_str(), true);
        Ok(())
    }

    /// The container that has the name, when it is the one wanted and never ran: a run that was killed
    /// leaves calls behind which the engine still carries out, after it was asked what there is; and an
    /// answer may be lost.
    async fn late_twin(&self, name: &str, spec: &ContainerSpec) -> Option<ContainerId> {
        let found = self.engine.inspect_container(&ContainerId::from(name)).await.ok()?;
        let same =
            [labels::PROJECT, labels::SERVICE, labels::CONTAINER_NUMBER, labels::CONFIG_HASH, labels::IMAGE]
                .into_iter()
                .all(|key| found.labels.get(key) == spec.labels.get(key));
        (same && found.name == name && found.state == ContainerState::Created).then_some(found.id)
    }
}

/// Puts containers in the place of services.
fn resolve_namespaces(spec: &mut ContainerSpec, find: &dyn Fn(&str) -> Option<ContainerId>) {
    for namespace in [&mut spec.network.mode, &mut spec.ipc, &mut spec.pid].into_iter().flatten() {
        if let Namespace::Service(service) = &*namespace
            && let Some(id) = find(service)
        {
            *namespace = Namespace::Mode(format!("container:{id}"));
        }
    }
    for namespace in &mut spec.volumes_from {
        if let Namespace::Service(service) = &*namespace
            && let Some(id) = find(service)
        {
            *namespace = Namespace::Mode(id.to_string());
        }
    }
}
