//! The engine's traits over the model.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use tokio::time::Instant;

use super::network::observed_volume;
use super::world::{Container, World, time};
use super::{MemoryEngine, name};
use crate::base::{ContainerId, NetworkId};
use crate::engine::{
    Answer, Answers, ContainerDetail, ContainerQuery, Containers, CreatedContainer, EngineError, EngineEvent,
    EventKind, EventQuery, ExecOutput, ExecRequest, Execs, Feed, Images, LogChunk, LogQuery, Networks,
    PullProgress, System, Volumes,
};
use crate::spec::{ContainerSpec, EndpointSpec, NetworkSpec, VolumeSpec};
use crate::state::{
    Capabilities, ContainerState, Health, ObservedContainer, ObservedEndpoint, ObservedImage, ObservedMount,
    ObservedNetwork, ObservedVolume,
};

/// The engine's grace period when nobody says.
const USUAL_GRACE: Duration = Duration::from_secs(10);
/// The engine's retries of a health check when nobody says.
const USUAL_RETRIES: i64 = 3;

impl System for MemoryEngine {
    fn capabilities(&self) -> Answer<'_, Capabilities> {
        Box::pin(self.call("capabilities", "", false, |world, _| {
            Ok(Capabilities {
                api: world.api,
                engine_version: "memory".to_owned(),
                os: "linux".to_owned(),
                arch: "amd64".to_owned(),
            })
        }))
    }

    fn endpoint(&self) -> &str {
        "memory"
    }
}

impl MemoryEngine {
    /// The container's name, for the record.
    fn called(&self, key: &str) -> String {
        self.world().find(key).map_or_else(|_| key.to_owned(), |container| container.name.clone())
    }

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
            self.admit("stop_container", &subject, true).await?;
            let result = self.stop(&id, timeout).await;
            self.told(true);
            result
        })
    }

    fn restart_container(&self, id: &ContainerId, timeout: Option<Duration>) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.admit("restart_container", &subject, true).await?;
            self.stop(&id, timeout).await?;
            let result = self.world().start(&id, Instant::now());
            self.told(true);
            result
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

    fn rename_container(&self, id: &ContainerId, name: &str) -> Answer<'_, ()> {
        let (id, name) = (id.clone(), name.to_owned());
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("rename_container", &subject, true, |world, _| world.rename(&id, &name)).await
        })
    }

    fn upload(&self, id: &ContainerId, archive: Bytes, _: bool) -> Answer<'_, ()> {
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
                        engine: self.clone(),
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
                        engine: self.clone(),
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

/// Somebody reads a container's output.
struct Reading {
    engine: MemoryEngine,
    id: ContainerId,
    next: usize,
    /// The run whose end ends the reading; `None` reads what is there.
    run: Option<u64>,
    query: LogQuery,
}

fn read(state: Reading) -> Answers<LogChunk> {
    Box::pin(stream::unfold(state, |mut reading| async move {
        loop {
            let engine = reading.engine.clone();
            let mut changed = std::pin::pin!(engine.shared.changed.notified());
            changed.as_mut().enable();
            let next = {
                let mut world = engine.world();
                let before = world.events.len();
                world.advance(Instant::now());
                if world.events.len() != before {
                    engine.shared.changed.notify_waiters();
                }
                let container = world.containers.get(&reading.id)?;
                if let Some(entry) = container.log.get(reading.next) {
                    reading.next += 1;
                    let stamp = time(entry.at);
                    let since = reading.query.since.as_deref().and_then(moment);
                    let until = reading.query.until.as_deref().and_then(moment);
                    let at = moment(&stamp);
                    if since.is_some_and(|since| at < Some(since))
                        || until.is_some_and(|until| at > Some(until))
                    {
                        continue;
                    }
                    let bytes = if reading.query.timestamps {
                        Bytes::from([stamp.as_bytes(), b" ", &entry.bytes].concat())
                    } else {
                        entry.bytes.clone()
                    };
                    let stream = entry.stream;
                    drop(world);
                    return Some((Ok(LogChunk { stream, bytes }), reading));
                }
                let run = reading.run?;
                if container.runs > run || (container.runs == run && !container.running()) {
                    return None;
                }
                world.next_time()
            };
            wait(changed, next).await;
        }
    }))
}

/// Until something changes or is due.
async fn wait(changed: std::pin::Pin<&mut tokio::sync::futures::Notified<'_>>, next: Option<Instant>) {
    match next {
        Some(next) => {
            let _ = tokio::time::timeout_at(next, changed).await;
        }
        None => changed.await,
    }
}

/// Nanoseconds of RFC 3339, or of seconds since 1970.
fn moment(text: &str) -> Option<i128> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_nanosecond());
    }
    let (seconds, part) = text.split_once('.').unwrap_or((text, "0"));
    let nanos: i128 = format!("{part:0<9}").get(..9)?.parse().ok()?;
    Some(seconds.parse::<i128>().ok()? * 1_000_000_000 + nanos)
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
    let health = container.health.filter(|_| container.running());
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

impl Networks for MemoryEngine {
    fn list_networks(&self, labels: &[String]) -> Answer<'_, Vec<ObservedNetwork>> {
        let labels = labels.to_vec();
        Box::pin(self.call("list_networks", "", false, move |world, _| {
            let matching = world
                .networks
                .values()
                .filter(|network| name::matches(|key| network.labels.get(key).map(String::as_str), &labels));
            Ok(matching.map(|network| world.observed_network(network, false)).collect())
        }))
    }

    fn inspect_network(&self, name: &str) -> Answer<'_, ObservedNetwork> {
        let name = name.to_owned();
        Box::pin(async move {
            self.call("inspect_network", &name, false, |world, _| {
                Ok(world.observed_network(world.network(&name)?, true))
            })
            .await
        })
    }

    fn create_network(&self, spec: &NetworkSpec) -> Answer<'_, NetworkId> {
        let spec = spec.clone();
        Box::pin(async move {
            self.call("create_network", &spec.name, true, |world, _| world.create_network(&spec)).await
        })
    }

    fn remove_network(&self, id: &NetworkId) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.world().network(&id).map_or_else(|_| id.to_string(), |found| found.name.clone());
        Box::pin(async move {
            self.call("remove_network", &subject, true, |world, _| world.remove_network(&id)).await
        })
    }

    fn connect(
        &self,
        network: &NetworkId,
        container: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> Answer<'_, ()> {
        let (network, container, endpoint) = (network.clone(), container.clone(), endpoint.clone());
        let subject = self.called(&container);
        Box::pin(async move {
            self.call("connect", &subject, true, |world, _| world.connect(&network, &container, &endpoint))
                .await
        })
    }

    fn disconnect(&self, network: &NetworkId, container: &ContainerId) -> Answer<'_, ()> {
        let (network, container) = (network.clone(), container.clone());
        let subject = self.called(&container);
        Box::pin(async move {
            self.call("disconnect", &subject, true, |world, _| world.disconnect(&network, &container)).await
        })
    }
}

impl Volumes for MemoryEngine {
    fn list_volumes(&self, labels: &[String]) -> Answer<'_, Vec<ObservedVolume>> {
        let labels = labels.to_vec();
        Box::pin(self.call("list_volumes", "", false, move |world, _| {
            let matching = world.volumes.iter().filter(|(_, volume)| {
                name::matches(|key| volume.labels.get(key).map(String::as_str), &labels)
            });
            Ok(matching.map(|(name, volume)| observed_volume(name, volume)).collect())
        }))
    }

    fn inspect_volume(&self, name: &str) -> Answer<'_, ObservedVolume> {
        let name = name.to_owned();
        Box::pin(async move {
            self.call("inspect_volume", &name, false, |world, _| world.inspect_volume(&name)).await
        })
    }

    fn create_volume(&self, spec: &VolumeSpec) -> Answer<'_, ()> {
        let spec = spec.clone();
        Box::pin(async move {
            self.call("create_volume", &spec.name, true, |world, _| world.create_volume(&spec)).await
        })
    }

    fn remove_volume(&self, name: &str) -> Answer<'_, ()> {
        let name = name.to_owned();
        Box::pin(async move {
            self.call("remove_volume", &name, true, |world, _| world.remove_volume(&name)).await
        })
    }
}

impl Images for MemoryEngine {
    fn inspect_image(&self, reference: &str, _: Option<&str>) -> Answer<'_, ObservedImage> {
        let reference = reference.to_owned();
        Box::pin(async move {
            self.call("inspect_image", &reference, false, |world, _| world.image(&reference).cloned()).await
        })
    }

    fn registry_digest(&self, reference: &str) -> Answer<'_, String> {
        let reference = name::image(reference);
        Box::pin(async move {
            self.call("registry_digest", &reference, false, |world, _| {
                if world.registry.contains(&reference) {
                    return Ok(name::digest(&reference));
                }
                Err(EngineError::NotFound {
                    subject: format!("image {reference}"),
                    message: format!("manifest of {reference} unknown"),
                })
            })
            .await
        })
    }

    fn list_images(&self, labels: &[String]) -> Answer<'_, Vec<String>> {
        let labels = labels.to_vec();
        Box::pin(async move {
            self.call("list_images", "images", false, |world, _| {
                let has = |image: &ObservedImage, wanted: &String| match wanted.split_once('=') {
                    Some((key, value)) => image.labels.get(key).is_some_and(|found| found == value),
                    None => image.labels.contains_key(wanted),
                };
                let images = world.images.iter().filter(|(_, image)| labels.iter().all(|l| has(image, l)));
                Ok(images.map(|(key, _)| name::familiar(key)).collect())
            })
            .await
        })
    }

    fn remove_image(&self, reference: &str) -> Answer<'_, ()> {
        let reference = reference.to_owned();
        Box::pin(async move {
            self.call("remove_image", &reference, true, |world, _| world.remove_image(&reference)).await
        })
    }

    fn pull_image(&self, reference: &str, _: Option<&str>) -> Answer<'_, Answers<PullProgress>> {
        let reference = reference.to_owned();
        Box::pin(async move {
            let result = self
                .call("pull_image", &reference, true, |world, _| {
                    if world.registry.contains(&name::image(&reference)) {
                        world.add_image(&reference);
                        return Ok(Ok(()));
                    }
                    Ok(Err(EngineError::NotFound {
                        subject: format!("image {reference}"),
                        message: format!(
                            "pull access denied for {reference}, repository does not exist or may require 'docker login'"
                        ),
                    }))
                })
                .await?;
            let familiar = name::familiar(&reference);
            let items = match result {
                Err(error) => vec![Err(error)],
                Ok(()) => ["Pulling from", "Status: Downloaded newer image for"]
                    .into_iter()
                    .map(|words| {
                        Ok(PullProgress { status: format!("{words} {familiar}"), ..PullProgress::default() })
                    })
                    .collect(),
            };
            let news: Answers<PullProgress> = Box::pin(stream::iter(items));
            Ok(news)
        })
    }
}

impl Execs for MemoryEngine {
    fn exec(&self, container: &ContainerId, _: &ExecRequest) -> Answer<'_, ExecOutput> {
        let id = container.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("exec", &subject, true, |world, _| {
                let container = world.find(&id)?;
                if !container.running() {
                    return Err(EngineError::Conflict {
                        subject: format!("container {}", container.name),
                        message: format!("Container {} is not running", container.id),
                    });
                }
                Ok(world.behaviour(container).exec)
            })
            .await
        })
    }
}

/// Somebody listens to events.
struct Listening {
    engine: MemoryEngine,
    next: usize,
    labels: Vec<String>,
}

impl Feed for MemoryEngine {
    fn events(&self, query: EventQuery) -> Answer<'_, Answers<EngineEvent>> {
        Box::pin(async move {
            let next = self.call("events", "", false, |world, _| Ok(world.events.len())).await?;
            let state = Listening { engine: self.clone(), next, labels: query.labels };
            let events: Answers<EngineEvent> = Box::pin(stream::unfold(state, listen));
            Ok(events)
        })
    }
}

async fn listen(mut state: Listening) -> Option<(Result<EngineEvent, EngineError>, Listening)> {
    loop {
        let engine = state.engine.clone();
        let mut changed = std::pin::pin!(engine.shared.changed.notified());
        changed.as_mut().enable();
        let next = {
            let mut world = engine.world();
            let before = world.events.len();
            world.advance(Instant::now());
            if world.events.len() != before {
                engine.shared.changed.notify_waiters();
            }
            let mut found = None;
            while let Some(event) = world.events.get(state.next) {
                state.next += 1;
                if name::matches(|key| event.attributes.get(key).map(String::as_str), &state.labels) {
                    found = Some(event.clone());
                    break;
                }
            }
            if let Some(event) = found {
                drop(world);
                return Some((Ok(event), state));
            }
            world.next_time()
        };
        wait(changed, next).await;
    }
}
