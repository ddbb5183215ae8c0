//! One step: one engine call, with what belongs to it (files and hooks of a start, the label of an image).

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;

use super::Options;
use super::cancel::{Cancel, CancelStage};
use super::evidence;
use super::narrate::Events;
use super::report::{ApplyError, Evidence};
use super::wait::{Pulse, Wait, Waited, Watched};
use crate::base::{ContainerId, NetworkId};
use crate::engine::{Engine, EngineError, ExecRequest};
use crate::event::{Event, Level, Status, Subject};
use crate::plan::{Op, Plan, Ref, Step, Target};
use crate::spec::{ContainerSpec, HookSpec, Namespace, Upload, config_hash, labels};
use crate::state::ContainerState;

/// What every step of a run sees.
pub(super) struct Run<'a> {
    pub engine: &'a dyn Engine,
    pub plan: &'a Plan,
    pub options: &'a Options<'a>,
    pub events: &'a Events,
    pub cancel: &'a Cancel,
    pub pulse: Pulse,
    /// Ids of what the steps made, by step.
    pub made: Vec<OnceLock<String>>,
}

/// How a step ended when it didn't fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Well.
    Done,
    /// Well, but the thing stays, because something else uses it.
    InUse,
    /// It could be done without.
    DoneWithout,
    /// The run was cancelled before it was done.
    Interrupted,
}

/// A failed step: why, and what the engine knows.
pub(super) struct Failed {
    pub error: ApplyError,
    pub evidence: Option<Box<Evidence>>,
}

impl From<Waited> for Ended {
    fn from(waited: Waited) -> Ended {
        match waited {
            Waited::Over => Ended::Done,
            Waited::Interrupted => Ended::Interrupted,
        }
    }
}

impl Run<'_> {
    /// Does a step.
    pub async fn step(&self, step: &Step) -> Result<Ended, Failed> {
        if let Op::WaitFor { .. } = &step.op {
            return self.wait(step).await;
        }
        match self.call(step).await {
            Ok(ended) => Ok(ended),
            Err(error) => {
                let evidence = evidence::of_step(self, step, &error).await;
                Err(Failed { error, evidence })
            }
        }
    }

    async fn wait(&self, step: &Step) -> Result<Ended, Failed> {
        let Op::WaitFor { service, containers, condition, required, waiters } = &step.op else {
            return Ok(Ended::Done);
        };
        let containers = containers
            .iter()
            .map(|target| Ok(Watched { id: self.container(&target.id)?, name: target.name.clone() }))
            .collect::<Result<Vec<_>, ApplyError>>()
            .map_err(|error| Failed { error, evidence: None })?;
        let wait = Wait {
            service,
            containers,
            condition: *condition,
            required: *required,
            for_user: waiters.is_empty(),
            timeout: self.options.wait_timeout,
        };
        match wait.run(self.engine, &self.pulse, self.events, self.cancel).await {
            Ok(waited) => Ok(waited.into()),
            Err(failure) => {
                let evidence = match &failure.container {
                    Some(id) => evidence::of_container(self.engine, id).await,
                    None => None,
                };
                let evidence = evidence.map(|container| {
                    Box::new(Evidence { container: Some(container), ..Evidence::default() })
                });
                Err(Failed { error: failure.error, evidence })
            }
        }
    }

    async fn call(&self, step: &Step) -> Result<Ended, ApplyError> {
        let engine = self.engine;
        match &step.op {
            Op::PullImage { reference, platform, required } => {
                return self.pull(reference, platform.as_deref(), *required).await;
            }
            Op::CreateNetwork(spec) => {
                let id = match engine.create_network(spec).await {
                    Ok(id) => id,
                    // Another run was faster.
                    Err(error) if error.is_conflict() => engine.inspect_network(&spec.name).await?.id,
                    Err(error) => return Err(error.into()),
                };
                self.make(step, id.as_str());
            }
            Op::RemoveNetwork { id, best_effort, .. } => {
                return removed(engine.remove_network(id).await, *best_effort);
            }
            Op::CreateVolume(spec) => engine.create_volume(spec).await?,
            Op::RemoveVolume { name, best_effort } => {
                return removed(engine.remove_volume(name).await, *best_effort);
            }
            Op::RemoveImage { reference, best_effort } => {
                return removed(engine.remove_image(reference).await, *best_effort);
            }
            Op::ConnectNetwork { network, container, endpoint, .. } => {
                let network = self.network(network)?;
                engine.connect(&network, &self.container(&container.id)?, endpoint).await?;
            }
            Op::DisconnectNetwork { network, container, .. } => {
                match engine.disconnect(network, &self.container(&container.id)?).await {
                    Ok(()) => {}
                    Err(error) if error.is_not_found() || is_off_already(&error) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Op::CreateContainer { .. } => self.create(step).await?,
            Op::StartContainer { container, uploads, post_start, .. } => {
                self.start(container, uploads, post_start).await?;
            }
            Op::StopContainer { container, timeout, pre_stop } => {
                let id = self.container(&container.id)?;
                match self.pre_stop(&id, container, pre_stop).await {
                    Ok(()) => gone_is_fine(engine.stop_container(&id, *timeout).await)?,
                    // It doesn't run (any more): that is all that was asked.
                    Err(ApplyError::Call(error)) if error.is_conflict() || error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
            Op::RestartContainer { container, timeout, pre_stop, post_start } => {
                let id = self.container(&container.id)?;
                self.pre_stop(&id, container, pre_stop).await?;
                self.options.hooks.before_start(&id, &container.name, container.service.as_ref()).await;
                engine.restart_container(&id, *timeout).await?;
                self.hooks(&id, container, post_start).await?;
            }
            Op::RemoveContainer { container, volumes } => {
                let id = self.container(&container.id)?;
                remove_container(engine, &id, *volumes).await?;
            }
            Op::RenameContainer { container, name } => {
                self.rename(&self.container(&container.id)?, name).await?;
            }
            Op::WaitFor { .. } => {}
        }
        Ok(Ended::Done)
    }

    fn make(&self, step: &Step, id: &str) {
        // A step is done once, so the place is empty.
        let _ = self.made[step.id.0].set(id.to_owned());
    }

    /// The container a reference names.
    pub fn container(&self, id: &Ref<ContainerId>) -> Result<ContainerId, ApplyError> {
        match id {
            Ref::Existing(id) => Ok(id.clone()),
            Ref::Planned(step) => match self.made[step.0].get() {
                Some(id) => Ok(ContainerId::from(id.as_str())),
                None => Err(ApplyError::NeverMade { step: *step }),
            },
        }
    }

    fn network(&self, id: &Ref<NetworkId>) -> Result<NetworkId, ApplyError> {
        match id {
            Ref::Existing(id) => Ok(id.clone()),
            Ref::Planned(step) => match self.made[step.0].get() {
                Some(id) => Ok(NetworkId::from(id.as_str())),
                None => Err(ApplyError::NeverMade { step: *step }),
            },
        }
    }

    async fn pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        required: bool,
    ) -> Result<Ended, ApplyError> {
        let subject = Subject::image(reference);
        let download = async {
            let mut news = self.engine.pull_image(reference, platform).await?;
            while let Some(piece) = news.next().await {
                let piece = piece?;
                if !(piece.layer.is_empty() || self.options.quiet_pull) {
                    self.events.layer(&subject, piece.layer, piece.status, piece.progress);
                }
            }
            Ok::<(), EngineError>(())
        };
        let ended = tokio::select! {
            biased;
            () = self.cancel.reached(CancelStage::Graceful) => return Ok(Ended::Interrupted),
            ended = download => ended,
        };
        match ended {
            Ok(()) => Ok(Ended::Done),
            Err(error) if !required => {
                self.events.detailed(subject, Status::Warning, error.to_string());
                Ok(Ended::DoneWithout)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn create(&self, step: &Step) -> Result<(), ApplyError> {
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
        let id = match self.engine.create_container(name, &spec).await {
            Ok(created) => {
                for warning in created.warnings {
                    let text = format!("{service}: {warning}");
                    self.events.send(Event::Message { level: Level::Warning, text });
                }
                created.id
            }
            Err(error) if error.is_conflict() => match self.late_twin(name, &spec).await {
                Some(twin) => twin,
                None => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        };
        self.make(step, id.as_str());
        Ok(())
    }

    /// The container that has the name, when it is the one wanted and never ran: a run that was killed
    /// leaves calls behind which the engine still carries out, after it was asked what there is.
    async fn late_twin(&self, name: &str, spec: &ContainerSpec) -> Option<ContainerId> {
        let found = self.engine.inspect_container(&ContainerId::from(name)).await.ok()?;
        let same =
            [labels::PROJECT, labels::SERVICE, labels::CONTAINER_NUMBER, labels::CONFIG_HASH, labels::IMAGE]
                .into_iter()
                .all(|key| found.labels.get(key) == spec.labels.get(key));
        (same && found.name == name && found.state == ContainerState::Created).then_some(found.id)
    }

    /// Renames a container. A run that was killed leaves calls behind: the name may be given already, or
    /// its old bearer just be going.
    async fn rename(&self, id: &ContainerId, name: &str) -> Result<(), EngineError> {
        let mut left = GOING_CHECKS;
        loop {
            let Err(error) = self.engine.rename_container(id, name).await else { return Ok(()) };
            match self.engine.inspect_container(&ContainerId::from(name)).await {
                Ok(bearer) if bearer.id == *id && bearer.name == name => return Ok(()),
                Ok(bearer) if left > 0 && bearer.state == ContainerState::Removing => {}
                Err(gone) if left > 0 && gone.is_not_found() && error.is_conflict() => {}
                _ => return Err(error),
            }
            left -= 1;
            tokio::time::sleep(GOING_CHECK).await;
        }
    }

    async fn start(
        &self,
        container: &Target,
        uploads: &[Upload],
        post_start: &[HookSpec],
    ) -> Result<(), ApplyError> {
        let id = self.container(&container.id)?;
        self.options.hooks.before_start(&id, &container.name, container.service.as_ref()).await;
        for upload in uploads.iter().filter(|upload| !upload.content.is_empty()) {
            let keep_owner = upload.uid.is_some() || upload.gid.is_some();
            let archive = pack(upload)
                .map_err(|source| ApplyError::Pack { resource: upload.resource.clone(), source })?;
            self.engine.upload(&id, archive, keep_owner).await?;
        }
        self.engine.start_container(&id).await?;
        self.hooks(&id, container, post_start).await
    }

    async fn pre_stop(
        &self,
        id: &ContainerId,
        container: &Target,
        hooks: &[HookSpec],
    ) -> Result<(), ApplyError> {
        self.hooks(id, container, hooks).await
    }

    /// Runs commands inside, one after the other.
    async fn hooks(
        &self,
        id: &ContainerId,
        container: &Target,
        hooks: &[HookSpec],
    ) -> Result<(), ApplyError> {
        if hooks.is_empty() {
            return Ok(());
        }
        for hook in hooks {
            let environment = hook.environment.iter().map(|(key, value)| match value {
                Some(value) => format!("{key}={value}"),
                None => key.clone(),
            });
            let request = ExecRequest {
                command: hook.command.clone(),
                user: hook.user.clone(),
                privileged: hook.privileged,
                working_dir: hook.working_dir.clone(),
                environment: environment.collect(),
                tty: false,
            };
            let output = self.engine.exec(id, &request).await?;
            if output.exit_code != 0 {
                let service = match &container.service {
                    Some(service) => service.to_string(),
                    None => container.name.clone(),
                };
                let tail = tail(&output.output);
                return Err(ApplyError::Hook { service, status: output.exit_code, tail });
            }
        }
        Ok(())
    }
}

/// How often it is asked whether a container that someone else removes is gone, and the time between.
const GOING_CHECKS: usize = 100;
const GOING_CHECK: Duration = Duration::from_millis(100);

/// Removes a container; one that is gone is no failure, and one that is going is waited for: what comes
/// next may need its name, its port or its network.
pub(super) async fn remove_container(
    engine: &dyn Engine,
    id: &ContainerId,
    volumes: bool,
) -> Result<(), EngineError> {
    let error = match engine.remove_container(id, volumes).await {
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) if is_going_already(&error) => error,
        answer => return answer,
    };
    for _ in 0..GOING_CHECKS {
        if engine.inspect_container(id).await.is_err_and(|error| error.is_not_found()) {
            return Ok(());
        }
        tokio::time::sleep(GOING_CHECK).await;
    }
    Err(error)
}

fn gone_is_fine(answer: Result<(), EngineError>) -> Result<(), EngineError> {
    match answer {
        Err(error) if error.is_not_found() => Ok(()),
        answer => answer,
    }
}

fn removed(answer: Result<(), EngineError>, best_effort: bool) -> Result<Ended, ApplyError> {
    match answer {
        Ok(()) => Ok(Ended::Done),
        Err(error) if error.is_not_found() => Ok(Ended::Done),
        Err(error) if best_effort && is_in_use(&error) => Ok(Ended::InUse),
        Err(error) => Err(error.into()),
    }
}

// Engines answer 403 to some requests that clash with the state of things, so words must help.

fn is_in_use(error: &EngineError) -> bool {
    error.is_conflict() || error.to_string().contains("has active endpoints")
}

fn is_off_already(error: &EngineError) -> bool {
    error.to_string().contains("is not connected to")
}

fn is_going_already(error: &EngineError) -> bool {
    error.is_conflict() && error.to_string().contains("already in progress")
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

/// A file as a tar archive to be unpacked at `/`.
fn pack(upload: &Upload) -> std::io::Result<Bytes> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(upload.mode);
    header.set_uid(upload.uid.unwrap_or(0));
    header.set_gid(upload.gid.unwrap_or(0));
    header.set_size(upload.content.len() as u64);
    header.set_mtime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()));
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, upload.target.trim_start_matches('/'), upload.content.as_slice())?;
    Ok(Bytes::from(archive.into_inner()?))
}

/// The last lines of a hook's output: at most 10 of them and 2048 bytes.
fn tail(output: &[u8]) -> String {
    let from = output.len().saturating_sub(2048);
    let text = String::from_utf8_lossy(&output[from..]);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_a_tar_of_one_file() {
        let upload = Upload {
            target: "/run/secrets/token".to_owned(),
            content: b"secret".to_vec(),
            mode: 0o440,
            uid: Some(1000),
            gid: None,
            resource: "token".to_owned(),
        };
        let archive = pack(&upload).unwrap();
        let mut archive = tar::Archive::new(&archive[..]);
        let entries: Vec<_> = archive.entries().unwrap().map(Result::unwrap).collect();
        assert_eq!(entries.len(), 1);
        let header = entries[0].header();
        assert_eq!(entries[0].path().unwrap().to_str(), Some("run/secrets/token"));
        assert_eq!((header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0o440, 1000, 0));
    }

    #[test]
    fn the_tail_of_a_hook_is_short() {
        let output: Vec<u8> = (0..20).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        assert_eq!(tail(&output).lines().count(), 10);
        assert!(tail(&output).ends_with("line 19"));
        assert!(tail(&[b'x'; 5000]).len() <= 2048);
    }
}
