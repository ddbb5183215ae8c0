//! The calls about containers.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::output::{Reader, Reading, read};
use crate::base::ContainerId;
use crate::engine::{
    Answer, Answers, ContainerDetail, ContainerQuery, Containers, CreatedContainer, EngineError, EventKind,
    LogChunk, LogQuery,
};
use crate::memory::world::{Container, World, time};
use crate::memory::{MemoryEngine, name};
use crate::spec::{ContainerSpec, Namespace};
use crate::state::{ContainerState, Health, ObservedContainer, ObservedEndpoint, ObservedMount};

/// The engine's grace period when nobody says.
const USUAL_GRACE: Duration = Duration::from_secs(10);
/// The engine's retries of a health check when nobody says.
const USUAL_RETRIES: i64 = 3;

impl MemoryEngine {
    async fn stop(&self, id: &ContainerId, timeout: Option<Duration>) -> Result<(), EngineError> {
        let (id, takes, run) = {
            let mut world = self.world();
            world.advance(Instant::now());
            let container = world.find(id)?;
            let (id, run) = (container.id.clone(), container.runs);
            if !container.running() {
                // A restart to come is called off.
                world.exit(&id, 0, true, Instant::now());
                return Ok(());
            }
            let grace = timeout.unwrap_or_else(|| {
                let seconds = container.spec.stop_timeout.and_then(|time| u64::try_from(time).ok());
                seconds.map_or(USUAL_GRACE, Duration::from_secs)
            });
            let takes = world.behaviour(container).stop_takes;
            world.tell(&id, EventKind::Other("kill".to_owned()));
            (id, (takes.min(grace), takes <= grace), run)
        };
        let (wait, gently) = takes;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let mut world = self.world();
        let now = Instant::now();
        world.advance(now);
        // Somebody else may have ended, restarted or removed it meanwhile.
        if world.find(&id).is_ok_and(|container| container.runs == run) {
            let code = if gently { 0 } else { 137 };
            world.exit(&id, code, true, now);
            world.tell(&id, EventKind::Other("stop".to_owned()));
        }
        Ok(())
    }
}

impl Containers for MemoryEngine {
    fn list_containers(&self, query: ContainerQuery) -> Answer<'_, Vec<ObservedContainer>> {
        Box::pin(self.call("list_containers", "", false, move |world, now| {
            let seconds = world.seconds(now);
            let mut found: Vec<&Container> = world
                .containers
                .values()
                .filter(|container| query.all || container.running())
                .filter(|container| {
                    name::matches(|key| container.spec.labels.get(key).map(String::as_str), &query.labels)
                })
                .collect();
            // The newest first.
            found.reverse();
            Ok(found.into_iter().map(|container| observed(world, container, seconds)).collect())
        }))
    }

    fn inspect_container(&self, id: &ContainerId) -> Answer<'_, ContainerDetail> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("inspect_container", &subject, false, |world, _| Ok(detail(world.find(&id)?))).await
        })
    }

    fn create_container(&self, name: &str, spec: &ContainerSpec) -> Answer<'_, CreatedContainer> {
        let (name, spec) = (name.to_owned(), spec.clone());
        Box::pin(async move {
            let create = |world: &mut World, now| world.create(&name, &spec, now);
            let id = self.call("create_container", &name, true, create).await?;
            Ok(CreatedContainer { id, warnings: Vec::new() })
        })
    }

    fn start_container(&self, id: &ContainerId) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("start_container", &subject, true, |world, now| world.start(&id, now)).await
        })
    }

    fn stop_container(&self, id: &ContainerId, timeout: Option<Duration>) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            let lost = self.admit("stop_container", &subject, true).await?;
            let result = self.stop(&id, timeout).await;
            self.told(true);
            lost.map_or(result, Err)
        })
    }

    fn kill_container(&self, id: &ContainerId, signal: &str) -> Answer<'_, ()> {
        let (id, signal) = (id.clone(), signal.to_owned());
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("kill_container", &subject, true, |world, now| world.kill(&id, &signal, now)).await
        })
    }

    fn remove_container(&self, id: &ContainerId, volumes: bool) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("remove_container", &subject, true, |world, now| world.remove(&id, volumes, now)).await
        })
    }

    fn remove_stopped(&self, id: &ContainerId, volumes: bool) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            let remove = |world: &mut World, now| world.remove_stopped(&id, volumes, now);
            self.call("remove_container", &subject, true, remove).await
        })
    }

    fn rename_container(&self, id: &ContainerId, name: &str) -> Answer<'_, ()> {
        let (id, name) = (id.clone(), name.to_owned());
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("rename_container", &subject, true, |world, _| world.rename(&id, &name)).await
        })
    }

    fn check_health(&self, id: &ContainerId) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("check_health", &subject, false, |world, now| world.check_on_request(&id, now)).await
        })
    }

    fn upload(&self, id: &ContainerId, archive: Bytes) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("upload", &subject, true, |world, _| {
                let id = world.id(&id)?;
                if let Some(container) = world.containers.get_mut(&id) {
                    container.uploads.push(archive);
                }
                Ok(())
            })
            .await
        })
    }

    fn logs(&self, id: &ContainerId, query: LogQuery) -> Answer<'_, Answers<LogChunk>> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            let state = self
                .call("logs", &subject, false, |world, _| {
                    let container = world.find(&id)?;
                    let first = query.tail.map_or(0, |lines| {
                        container.log.len().saturating_sub(usize::try_from(lines).unwrap_or(usize::MAX))
                    });
                    Ok(Reading {
                        reader: Reader::new(self),
                        id: container.id.clone(),
                        next: first,
                        // What has ended already isn't followed.
                        run: if query.follow && container.running() { Some(container.runs) } else { None },
                        query,
                    })
                })
                .await?;
            Ok(read(state))
        })
    }

    fn attach(&self, id: &ContainerId) -> Answer<'_, Answers<LogChunk>> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            let state = self
                .call("attach", &subject, false, |world, _| {
                    let container = world.find(&id)?;
                    // A container that doesn't run is waited for.
                    let run = if container.running() { container.runs } else { container.runs + 1 };
                    Ok(Reading {
                        reader: Reader::new(self),
                        id: container.id.clone(),
                        next: container.log.len(),
                        run: Some(run),
                        query: LogQuery::default(),
                    })
                })
                .await?;
            Ok(read(state))
        })
    }
}

fn detail(container: &Container) -> ContainerDetail {
    let mut spec = container.spec.clone();
    // An inspection shows the endpoints as they are now.
    if !spec.network.endpoints.is_empty() {
        spec.network.endpoints.clone_from(&container.endpoints);
    }
    ContainerDetail {
        id: container.id.clone(),
        name: container.name.clone(),
        state: container.state,
        exit_code: container.exit_code,
        oom_killed: false,
        error: container.error.clone(),
        started_at: container.started.map(time).unwrap_or_default(),
        restart_count: container.restarts,
        restarting: container.state == ContainerState::Restarting,
        health: container.health,
        health_log: container.checks.clone(),
        failing_streak: failing_streak(container),
        tty: spec.tty,
        labels: spec.labels.clone().into_iter().collect(),
        image_id: container.image_id.clone(),
        spec: Box::new(spec),
    }
}

/// A daemon calls a container unhealthy after so many failures in a row.
fn failing_streak(container: &Container) -> i64 {
    if container.health != Some(Health::Unhealthy) {
        return 0;
    }
    let retries = container.spec.healthcheck.as_ref().and_then(|check| check.retries).filter(|n| *n > 0);
    retries.and_then(|n| i64::try_from(n).ok()).unwrap_or(USUAL_RETRIES)
}

fn observed(world: &World, container: &Container, now: i64) -> ObservedContainer {
    let spec = &container.spec;
    let age = now - container.created;
    let health = container.health.filter(|_| container.running() && !world.checks_on_request);
    let status = match container.state {
        ContainerState::Created => "Created".to_owned(),
        ContainerState::Exited => format!("Exited ({}) {age} seconds ago", container.exit_code),
        ContainerState::Restarting => format!("Restarting ({}) {age} seconds ago", container.exit_code),
        _ => match health {
            None => format!("Up {age} seconds"),
            Some(Health::Starting) => format!("Up {age} seconds (health: starting)"),
            Some(Health::Healthy) => format!("Up {age} seconds (healthy)"),
            Some(Health::Unhealthy) => format!("Up {age} seconds (unhealthy)"),
        },
    };
    let ended = matches!(container.state, ContainerState::Exited | ContainerState::Restarting);
    ObservedContainer {
        id: container.id.clone(),
        name: container.name.clone(),
        image: spec.image.clone(),
        image_id: container.image_id.clone(),
        state: container.state,
        status,
        exit_code: ended.then_some(container.exit_code),
        health,
        command: spec
            .entrypoint
            .iter()
            .flatten()
            .chain(spec.command.iter().flatten())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" "),
        created: container.created,
        labels: spec.labels.clone().into_iter().collect(),
        networks: container
            .endpoints
            .iter()
            .map(|endpoint| ObservedEndpoint {
                network: endpoint.network.clone(),
                network_id: container.joined.get(&endpoint.network).cloned().unwrap_or_default(),
                aliases: Vec::new(),
                ip_address: container
                    .joined
                    .contains_key(&endpoint.network)
                    .then(|| endpoint.ipv4_address.clone().unwrap_or_else(|| "172.18.0.2".to_owned())),
            })
            .collect(),
        network_mode: match &spec.network.mode {
            Some(Namespace::Mode(mode)) => mode.clone(),
            Some(Namespace::Service(_)) | None => "default".to_owned(),
        },
        lender: spec.network.lender().map(ContainerId::from),
        mounts: mounts(world, container),
        ports: container.ports.clone(),
    }
}

fn mounts(world: &World, container: &Container) -> Vec<ObservedMount> {
    let volumes = container.mounts.iter().map(|mount| ObservedMount {
        kind: "volume".to_owned(),
        name: Some(mount.volume.clone()),
        driver: world.volumes.get(&mount.volume).map(|volume| volume.driver.clone()).unwrap_or_default(),
        source: if world.volumes.contains_key(&mount.volume) {
            format!("/var/lib/docker/volumes/{}/_data", mount.volume)
        } else {
            String::new()
        },
        destination: mount.target.clone(),
        read_write: !mount.read_only,
    });
    let binds = container.spec.mounts.iter().filter_map(|mount| match &mount.kind {
        crate::spec::MountKind::Bind { source, .. } => Some(ObservedMount {
            kind: "bind".to_owned(),
            name: None,
            driver: String::new(),
            source: source.clone(),
            destination: mount.target.clone(),
            read_write: !mount.read_only,
        }),
        _ => None,
    });
    volumes.chain(binds).collect()
}
