//! What a daemon does with containers, and what it refuses.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::name;
use super::world::{Container, Due, LogEntry, MountedVolume, Volume, World};
use crate::base::ContainerId;
use crate::engine::{EngineError, EventKind};
use crate::spec::{ContainerSpec, EndpointSpec, MountKind, Namespace, PortBinding};
use crate::state::{ApiVersion, ContainerState, Health, Labels, ObservedPort};

/// Where the engine looks for free ports.
const FIRST_FREE_PORT: u16 = 32768;

pub(super) fn refused(subject: impl Into<String>, status: u16, message: impl Into<String>) -> EngineError {
    EngineError::Refused { subject: subject.into(), status, message: message.into() }
}

fn conflict(subject: impl Into<String>, message: impl Into<String>) -> EngineError {
    EngineError::Conflict { subject: subject.into(), message: message.into() }
}

impl World {
    fn free_name(&self, name: &str) -> Result<(), EngineError> {
        let subject = format!("container {name}");
        if !name::valid(name) {
            let message =
                format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
            return Err(refused(subject, 400, message));
        }
        match self.containers.values().find(|container| container.name == name) {
            None => Ok(()),
            Some(other) => Err(conflict(
                subject,
                format!(
                    "Conflict. The container name \"/{name}\" is already in use by container \"{}\". \
                     You have to remove (or rename) that container to be able to reuse that name.",
                    other.id
                ),
            )),
        }
    }

    pub(super) fn create(
        &mut self,
        name: &str,
        spec: &ContainerSpec,
        now: Instant,
    ) -> Result<ContainerId, EngineError> {
        self.check_features(spec)?;
        for namespace in [&spec.network.mode, &spec.ipc, &spec.pid].into_iter().flatten() {
            resolved(namespace)?;
        }
        let image = self.image(&spec.image)?.clone();
        self.free_name(name)?;
        for from in &spec.volumes_from {
            let from = resolved(from)?;
            self.find(from.split(':').next().unwrap_or(from))?;
        }
        let id = ContainerId::from(self.new_id('c'));
        let mounts = self.mount(spec, &image.volumes);
        let mut endpoints = spec.network.endpoints.clone();
        // An older API takes the first; the caller connects the others.
        if self.api < ApiVersion::new(1, 44) {
            endpoints.truncate(1);
        }
        if endpoints.is_empty() && matches!(&spec.network.mode, None | Some(Namespace::Mode(_))) {
            endpoints.extend(own_network(spec));
        }
        let container = Container {
            id: id.clone(),
            name: name.to_owned(),
            image_id: image.id.clone(),
            state: ContainerState::Created,
            exit_code: 0,
            error: String::new(),
            created: self.seconds(now),
            started: None,
            restarts: 0,
            health: None,
            checks: Vec::new(),
            endpoints,
            joined: BTreeMap::new(),
            mounts,
            ports: Vec::new(),
            log: Vec::new(),
            uploads: Vec::new(),
            due: Vec::new(),
            runs: 0,
            spec: with_defaults(spec, &image),
        };
        self.containers.insert(id.clone(), container);
        self.tell(&id, EventKind::Create);
        Ok(id)
    }

    fn check_features(&self, spec: &ContainerSpec) -> Result<(), EngineError> {
        let need = |asked: bool, feature: &str, needs: ApiVersion| {
            if asked && self.api < needs {
                return Err(EngineError::Unsupported { feature: feature.to_owned(), needs, has: self.api });
            }
            Ok(())
        };
        let images = spec.mounts.iter().any(|mount| matches!(mount.kind, MountKind::Image { .. }));
        need(images, "volume with type=image", ApiVersion::new(1, 48))?;
        let interfaces = spec.network.endpoints.iter().any(|endpoint| endpoint.interface_name.is_some());
        need(interfaces, "interface_name", ApiVersion::new(1, 49))
    }

    /// Volumes come into being with the container that mounts them.
    fn mount(&mut self, spec: &ContainerSpec, declared: &[String]) -> Vec<MountedVolume> {
        let mut mounted = Vec::new();
        let mut covered: BTreeSet<&str> = spec.tmpfs.keys().map(String::as_str).collect();
        for mount in &spec.mounts {
            covered.insert(&mount.target);
            let MountKind::Volume { name, labels, .. } = &mount.kind else { continue };
            mounted.push(self.mount_volume(name.clone(), &mount.target, mount.read_only, labels));
        }
        for target in declared.iter().filter(|target| !covered.contains(target.as_str())) {
            mounted.push(self.mount_volume(None, target, false, &indexmap::IndexMap::new()));
        }
        mounted
    }

    fn mount_volume(
        &mut self,
        name: Option<String>,
        target: &str,
        read_only: bool,
        labels: &indexmap::IndexMap<String, String>,
    ) -> MountedVolume {
        let anonymous = name.is_none();
        let volume = name.unwrap_or_else(|| self.new_id('f'));
        let anonymous = match self.volumes.get(&volume) {
            Some(there) => there.anonymous,
            None => {
                let labels: Labels = labels.clone().into_iter().collect();
                self.volumes.insert(volume.clone(), Volume { driver: "local".into(), labels, anonymous });
                anonymous
            }
        };
        MountedVolume { volume, target: target.to_owned(), read_only, anonymous }
    }

    pub(super) fn start(&mut self, key: &str, now: Instant) -> Result<(), EngineError> {
        let id = self.id(key)?;
        let result = self.try_start(&id, now);
        if let (Err(error), Some(container)) = (&result, self.containers.get_mut(&id)) {
            container.error = error.message();
            container.joined.clear();
            if container.state == ContainerState::Restarting {
                container.state = ContainerState::Exited;
            }
        }
        result
    }

    fn try_start(&mut self, id: &ContainerId, now: Instant) -> Result<(), EngineError> {
        let container = self.find(id)?;
        if container.running() {
            return Ok(());
        }
        let subject = format!("container {}", container.name);
        if let Some(other) = container.spec.network.lender() {
            let other = self.find(other)?;
            if !other.running() {
                let message = format!("cannot join network of a non running container: {}", other.id);
                return Err(conflict(subject, message));
            }
        }
        let mut joined = BTreeMap::new();
        for endpoint in &container.endpoints {
            let network = self.network(&endpoint.network)?;
            joined.insert(network.name.clone(), network.id.clone());
        }
        let behaviour = self.behaviour(container);
        let ports = self.bind_ports(container)?;
        if let Some(message) = behaviour.fail_start {
            if let Some(container) = self.containers.get_mut(id) {
                container.exit_code = 127;
            }
            return Err(refused(subject, 400, message));
        }
        let clock = self.clock(now);
        let Some(container) = self.containers.get_mut(id) else { return Ok(()) };
        container.joined = joined;
        container.ports = ports;
        container.state = ContainerState::Running;
        container.started = Some(clock);
        container.exit_code = 0;
        container.error.clear();
        container.runs += 1;
        container.due.clear();
        container.health = None;
        container.checks.clear();
        if container.has_health_check() {
            container.health = Some(Health::Starting);
            let verdicts =
                [(behaviour.healthy_after, Health::Healthy), (behaviour.unhealthy_after, Health::Unhealthy)];
            for (after, health) in verdicts {
                container.due.extend(after.map(|after| (now + after, Due::Health(health))));
            }
        }
        container.due.extend(behaviour.exit_after.map(|after| (now + after, Due::Exit(behaviour.exit_code))));
        container.log.extend(behaviour.output.into_iter().map(|(stream, text)| LogEntry {
            at: clock,
            stream,
            bytes: text.into(),
        }));
        self.tell(id, EventKind::Start);
        Ok(())
    }

    fn bind_ports(&self, container: &Container) -> Result<Vec<ObservedPort>, EngineError> {
        let mut taken: Vec<(String, u16, String)> = self
            .containers
            .values()
            .filter(|other| other.running() && other.id != container.id)
            .flat_map(|other| &other.ports)
            .filter_map(|port| {
                Some((port.ip.clone().unwrap_or_default(), port.public?, port.protocol.clone()))
            })
            .collect();
        let mut ports = Vec::new();
        for binding in &container.spec.port_bindings {
            let ip = if binding.host_ip.is_empty() { "0.0.0.0" } else { &binding.host_ip };
            let protocol = &binding.container.protocol;
            let busy = |port: u16| {
                taken.iter().any(|(other, number, kind)| {
                    *number == port
                        && kind == protocol
                        && (other == ip || other == "0.0.0.0" || ip == "0.0.0.0")
                })
            };
            let (first, last) = port_range(binding)?;
            let Some(public) = (first..=last).find(|port| !busy(*port)) else {
                let message = format!(
                    "driver failed programming external connectivity on endpoint {}: \
                     Bind for {ip}:{first} failed: port is already allocated",
                    container.name
                );
                return Err(refused(format!("container {}", container.name), 500, message));
            };
            taken.push((ip.to_owned(), public, protocol.clone()));
            ports.push(ObservedPort {
                ip: Some(ip.to_owned()),
                private: binding.container.port,
                public: Some(public),
                protocol: protocol.clone(),
            });
        }
        for port in &container.spec.exposed_ports {
            if !ports.iter().any(|bound| bound.private == port.port && bound.protocol == port.protocol) {
                ports.push(ObservedPort {
                    ip: None,
                    private: port.port,
                    public: None,
                    protocol: port.protocol.clone(),
                });
            }
        }
        ports.sort();
        Ok(ports)
    }

    pub(super) fn kill(&mut self, key: &str, signal: &str, now: Instant) -> Result<(), EngineError> {
        let container = self.find(key)?;
        let (id, name) = (container.id.clone(), container.name.clone());
        if !container.running() {
            let message = format!("Cannot kill container: {key}: Container {id} is not running");
            return Err(conflict(format!("container {name}"), message));
        }
        let number = match signal.trim_start_matches("SIG") {
            "" | "KILL" | "9" => 9,
            "TERM" | "15" => 15,
            "INT" | "2" => 2,
            "QUIT" | "3" => 3,
            _ => 0,
        };
        self.tell(&id, EventKind::Other("kill".to_owned()));
        if number > 0 {
            // A daemon takes a deadly signal for the user's wish: no restart policy undoes it.
            self.exit(&id, 128 + number, true, now);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, key: &str, volumes: bool, now: Instant) -> Result<(), EngineError> {
        let id = self.id(key)?;
        if self.find(&id)?.running() {
            self.tell(&id, EventKind::Other("kill".to_owned()));
        }
        self.exit(&id, 137, true, now);
        self.tell(&id, EventKind::Destroy);
        let Some(gone) = self.containers.remove(&id) else { return Ok(()) };
        if volumes {
            for mount in gone.mounts.iter().filter(|mount| mount.anonymous) {
                if self.users(&mount.volume).is_empty() {
                    self.volumes.remove(&mount.volume);
                }
            }
        }
        Ok(())
    }

    pub(super) fn remove_stopped(
        &mut self,
        key: &str,
        volumes: bool,
        now: Instant,
    ) -> Result<(), EngineError> {
        let container = self.find(key)?;
        if container.running() {
            let subject = format!("container {}", container.name);
            let message = "cannot remove a running container: stop it first, or remove it by force";
            return Err(EngineError::Conflict { subject, message: message.to_owned() });
        }
        self.remove(key, volumes, now)
    }

    pub(super) fn rename(&mut self, key: &str, name: &str) -> Result<(), EngineError> {
        let id = self.id(key)?;
        if self.find(&id)?.name == name {
            let message = "Renaming a container with the same name as its current name";
            return Err(refused(format!("container {name}"), 400, message));
        }
        self.free_name(name)?;
        if let Some(container) = self.containers.get_mut(&id) {
            container.name = name.to_owned();
        }
        self.tell(&id, EventKind::Other("rename".to_owned()));
        Ok(())
    }

    /// Containers that mount a volume, ended ones too.
    pub(super) fn users(&self, volume: &str) -> Vec<ContainerId> {
        let uses = |container: &&Container| container.mounts.iter().any(|mount| mount.volume == volume);
        self.containers.values().filter(uses).map(|container| container.id.clone()).collect()
    }
}

fn resolved(namespace: &Namespace) -> Result<&str, EngineError> {
    match namespace {
        Namespace::Mode(mode) => Ok(mode),
        Namespace::Service(service) => Err(refused(
            format!("service {service}"),
            400,
            format!("a namespace still names the service {service}, not one of its containers"),
        )),
    }
}

/// Without endpoints a mode names the network itself.
fn own_network(spec: &ContainerSpec) -> Option<EndpointSpec> {
    let mode = match &spec.network.mode {
        Some(Namespace::Mode(mode)) => mode.as_str(),
        _ => "bridge",
    };
    let network = match mode {
        "default" | "" => "bridge",
        mode if mode.starts_with("container:") => return None,
        mode => mode,
    };
    Some(EndpointSpec { network: network.to_owned(), ..EndpointSpec::default() })
}

/// An inspection shows the image's defaults mixed in.
fn with_defaults(spec: &ContainerSpec, image: &crate::state::ObservedImage) -> ContainerSpec {
    let mut spec = spec.clone();
    if spec.command.is_none() && spec.entrypoint.is_none() {
        spec.command.clone_from(&image.command);
    }
    if spec.entrypoint.is_none() {
        spec.entrypoint.clone_from(&image.entrypoint);
    }
    for entry in &image.environment {
        let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
        spec.environment.entry(key.to_owned()).or_insert_with(|| Some(value.to_owned()));
    }
    // A key without a value unsets the image's.
    spec.environment.retain(|_, value| value.is_some());
    for (key, value) in &image.labels {
        spec.labels.entry(key.clone()).or_insert_with(|| value.clone());
    }
    // The content of secrets isn't part of a create request.
    spec.uploads.clear();
    spec
}

fn port_range(binding: &PortBinding) -> Result<(u16, u16), EngineError> {
    if binding.host_port.is_empty() || binding.host_port == "0" {
        return Ok((FIRST_FREE_PORT, u16::MAX));
    }
    let (first, last) = binding.host_port.split_once('-').unwrap_or((&binding.host_port, &binding.host_port));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => Ok((first, last)),
        _ => Err(refused(
            format!("port {}", binding.host_port),
            400,
            format!("invalid port specification: \"{}\"", binding.host_port),
        )),
    }
}
