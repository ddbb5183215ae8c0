//! Making a container: what of its description is only known now, and one that is there already.

use super::super::report::ApplyError;
use super::Run;
use super::remove::{SETTLING_CHECK, SETTLING_CHECKS};
use crate::base::ContainerId;
use crate::engine::{ContainerDetail, EngineError};
use crate::event::{Event, Level};
use crate::plan::{Op, Step};
use crate::spec::{ContainerSpec, Namespace, config_hash, labels};
use crate::state::ContainerState;

impl Run<'_> {
    pub(super) async fn create(&self, step: &Step) -> Result<(), ApplyError> {
        let Op::CreateContainer { name, service, spec, shares, networks, image_label, hash_later, .. } =
            &step.op
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
        for (key, id) in networks {
            let id = self.network(id)?;
            let mut endpoints = spec.network.endpoints.iter_mut();
            if let Some(endpoint) = endpoints.find(|endpoint| endpoint.key == *key) {
                endpoint.network_id = Some(id);
            }
        }
        if *image_label {
            let image = self.engine.inspect_image(&spec.image, spec.platform.as_deref()).await?;
            spec.labels.insert(labels::IMAGE.to_owned(), image.identity);
        }
        if let Some(definition) = hash_later {
            spec.labels.insert(labels::CONFIG_HASH.to_owned(), config_hash(&definition.0, &find));
        }
        let (id, adopted) = self.create_or_adopt(service.as_str(), name, &spec).await?;
        // Whose an adopted one is can't be known, so it doesn't count as made here.
        self.make(step, id.as_str(), adopted);
        Ok(())
    }

    /// Creates a container, or takes the one that is there when it is the one wanted. A run that was killed
    /// leaves calls behind which the engine still carries out: the name may be taken by a creation that has not
    /// ended, whose container nobody can see yet, or by one that is just being removed. And an answer may be
    /// lost. Gives the id, and whether the container was there.
    async fn create_or_adopt(
        &self,
        service: &str,
        name: &str,
        spec: &ContainerSpec,
    ) -> Result<(ContainerId, bool), EngineError> {
        let mut left = SETTLING_CHECKS;
        loop {
            let error = match self.engine.create_container(name, spec).await {
                Ok(created) => {
                    for warning in created.warnings {
                        let text = format!("{service}: {warning}");
                        self.events.send(Event::Message { level: Level::Warning, text });
                    }
                    return Ok((created.id, false));
                }
                Err(error) if error.is_conflict() || error.is_lost() => error,
                Err(error) => return Err(error),
            };
            let may_pass = left > 0 && error.is_conflict();
            match self.engine.inspect_container(&ContainerId::from(name)).await {
                Ok(holder) if is_twin(&holder, name, spec) => return Ok((holder.id, true)),
                Ok(holder) if may_pass && holder.state == ContainerState::Removing => {}
                Err(unseen) if may_pass && unseen.is_not_found() => {}
                _ => return Err(error),
            }
            left -= 1;
            tokio::time::sleep(SETTLING_CHECK).await;
        }
    }
}

/// Whether a container is the one wanted, and has never run.
fn is_twin(found: &ContainerDetail, name: &str, spec: &ContainerSpec) -> bool {
    let same =
        [labels::PROJECT, labels::SERVICE, labels::CONTAINER_NUMBER, labels::CONFIG_HASH, labels::IMAGE]
            .into_iter()
            .all(|key| found.labels.get(key) == spec.labels.get(key));
    same && found.name == name && found.state == ContainerState::Created
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
