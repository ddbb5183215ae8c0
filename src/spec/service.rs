//! Services as the planner sees them.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{ContainerSpec, Namespace, NetworkSpec, VolumeSpec};
use crate::base::{ContainerId, ProjectName, ServiceName};
use crate::diag::Span;
use crate::model::{Service, hash};
use crate::yaml::PathRef;

/// Everything that should exist for a project.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The project.
    pub project: ProjectName,
    /// Services that are switched on and selected, in the order of the file.
    pub services: IndexMap<ServiceName, ServiceSpec>,
    /// Services known but not part of this run (other profiles, not selected): their containers are no orphans.
    pub others: Vec<ServiceName>,
    /// The profiles of those that have some, and are part of no run without them.
    pub profiles: BTreeMap<ServiceName, Vec<String>>,
    /// Jobs of the files, which no command runs yet: whoever names one is told so.
    pub jobs: Vec<ServiceName>,
    /// Networks in use, by key.
    pub networks: IndexMap<String, NetworkSpec>,
    /// Named volumes in use, by key.
    pub volumes: IndexMap<String, VolumeSpec>,
    /// `-`, or `_` in compatibility mode.
    pub separator: char,
}

/// One service.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    /// Its key.
    pub name: ServiceName,
    /// How many containers.
    pub scale: u32,
    /// `container_name`, which replaces the numbered name.
    pub container_name: Option<String>,
    /// What each container is made of.
    pub container: ContainerSpec,
    /// The definition: for the hash (which names containers the engine knows) and for the places of changed values.
    pub source: Arc<Service>,
    /// What it waits for.
    pub depends_on: Vec<Dependency>,
    /// When the image is pulled.
    pub pull_policy: PullPolicy,
    /// Whether the service has a `build` section.
    pub has_build: bool,
    /// Whether the service is run by a provider program, not by the engine.
    pub provider: bool,
    /// Whether attached commands show its output.
    pub attach: bool,
    /// Commands run inside after each start.
    pub post_start: Vec<HookSpec>,
    /// Commands run inside before each stop.
    pub pre_stop: Vec<HookSpec>,
    /// Where the file declares it.
    pub span: Span,
}

/// A service another one waits for.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// The service waited for.
    pub service: ServiceName,
    /// Until when.
    pub condition: Condition,
    /// Whether the waiting service restarts when the other one is recreated or restarted.
    pub restart: bool,
    /// Whether a missing or failing service is an error.
    pub required: bool,
    /// Where the file says so.
    pub span: Span,
}

/// Until when a service waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// Started.
    Started,
    /// Its health check passes.
    Healthy,
    /// It ended with code 0.
    CompletedSuccessfully,
    /// Healthy where it has a health check, else running (`--wait`, projects known from labels only).
    RunningOrHealthy,
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// Always.
    Always,
    /// When it isn't there.
    Missing,
    /// Never.
    Never,
    /// It is built, never pulled.
    Build,
    /// When it isn't there or its last tag is older than so many seconds.
    Refresh(i64),
}

/// A command run inside a running container.
#[derive(Clone, Debug, PartialEq)]
pub struct HookSpec {
    /// The command.
    pub command: Vec<String>,
    /// `user[:group]`.
    pub user: Option<String>,
    /// All privileges.
    pub privileged: bool,
    /// Working directory.
    pub working_dir: Option<String>,
    /// Environment.
    pub environment: IndexMap<String, Option<String>>,
}

impl ServiceSpec {
    /// A service of which no more is known than the name: no containers, and nothing that it waits for.
    pub fn named(name: ServiceName) -> ServiceSpec {
        ServiceSpec {
            scale: 0,
            container_name: None,
            container: ContainerSpec::default(),
            source: Arc::new(Service { name: name.clone(), ..Service::default() }),
            depends_on: Vec::new(),
            pull_policy: PullPolicy::Never,
            has_build: false,
            provider: false,
            attach: true,
            post_start: Vec::new(),
            pre_stop: Vec::new(),
            span: Span::NONE,
            name,
        }
    }

    /// The config hash, after references to other services were replaced by containers. A service whose
    /// container `resolve` doesn't know stays as written, as in the reference.
    pub fn config_hash(&self, resolve: &dyn Fn(&str) -> Option<ContainerId>) -> String {
        config_hash(&self.source, resolve)
    }

    /// Where the file says something about a path inside the service, or the nearest thing around it:
    /// `environment.LOG_LEVEL`, `volumes[0]`. What follows the first dot is one key.
    pub fn place(&self, path: &str) -> Span {
        let (top, rest) = match path.find(['.', '[']) {
            Some(at) => path.split_at(at),
            None => (path, ""),
        };
        let root = PathRef::Root;
        let key = root.key(top);
        if let Some(inner) = rest.strip_prefix('.') {
            return self.source.origins.key(key.key(inner));
        }
        let index =
            rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|n| n.parse().ok());
        match index {
            Some(at) => self.source.origins.key(key.index(at)),
            None => self.source.origins.key(key),
        }
    }

    /// The name of its container with this number.
    pub fn container_name(&self, desired: &Desired, number: u32) -> String {
        match &self.container_name {
            Some(name) => name.clone(),
            None => format!("{}{2}{}{2}{number}", desired.project, self.name, desired.separator),
        }
    }

    /// Where the file says how many containers there are, or the service when it doesn't.
    pub fn scale_span(&self) -> Span {
        let scale = PathRef::Root.key("scale");
        let deploy = PathRef::Root.key("deploy");
        let replicas = deploy.key("replicas");
        let written = |path: PathRef<'_>| self.source.origins.node(path).is_some();
        match () {
            () if written(scale) => self.source.origins.key(scale),
            () if written(replicas) => self.source.origins.key(replicas),
            () => self.span,
        }
    }

    /// A key that this version doesn't carry out and that takes part in the hash the reference makes: with it, a
    /// hash can't tell whether a container matches.
    pub fn not_compared(&self) -> Option<&'static str> {
        let container = &self.source.container;
        match () {
            () if container.use_api_socket => Some("use_api_socket"),
            () if !container.models.is_empty() => Some("models"),
            () => None,
        }
    }

    /// Services whose namespaces or volumes the containers of this one share.
    pub fn shared_services(&self) -> Vec<&ServiceName> {
        let container = &self.container;
        let mut names: Vec<&ServiceName> = Vec::new();
        let namespaces = [&container.network.mode, &container.ipc, &container.pid]
            .into_iter()
            .flatten()
            .chain(&container.volumes_from);
        for namespace in namespaces {
            if let Namespace::Service(name) = namespace
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
    }
}

/// The hash of a definition whose references to services are replaced by containers.
pub fn config_hash(service: &Service, resolve: &dyn Fn(&str) -> Option<ContainerId>) -> String {
    let container = &service.container;
    let refers = |mode: &Option<String>| mode.as_deref().is_some_and(|mode| mode.starts_with("service:"));
    if ![&container.network_mode, &container.ipc, &container.pid].into_iter().any(refers)
        && container.volumes_from.is_empty()
    {
        return hash::service(service);
    }
    let mut service = service.clone();
    let container = &mut service.container;
    for mode in [&mut container.network_mode, &mut container.ipc, &mut container.pid].into_iter().flatten() {
        if let Some(id) = mode.strip_prefix("service:").and_then(resolve) {
            *mode = format!("container:{id}");
        }
    }
    for entry in &mut container.volumes_from {
        match entry.strip_prefix("container:") {
            Some(rest) => *entry = rest.split(':').next().unwrap_or(rest).to_owned(),
            None => {
                if let Some(id) = resolve(entry.split(':').next().unwrap_or(entry)) {
                    *entry = id.into();
                }
            }
        }
    }
    hash::service(&service)
}
