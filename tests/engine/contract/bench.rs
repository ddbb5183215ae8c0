//! What the checks share: one engine, names of their own, and a clean end.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rcompose::base::ContainerId;
use rcompose::diag::Span;
use rcompose::engine::{ContainerDetail, ContainerQuery, Engine, EngineError};
use rcompose::memory::{Behaviour, MemoryEngine};
use rcompose::spec::{ContainerSpec, EndpointSpec, Namespace, NetworkAttachment, NetworkSpec, VolumeSpec};
use rcompose::state::{ContainerState, ObservedContainer};

pub const LABEL: &str = "rcompose.contract";

/// A check, and its name.
pub type Check = (&'static str, fn(Bench) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Makes a row of checks out of async functions.
#[macro_export]
macro_rules! rows {
    ($($name:ident),* $(,)?) => {
        vec![$((stringify!($name), |bench| Box::pin($name(bench)))),*]
    };
}

/// One engine under one check.
#[derive(Clone)]
pub struct Bench {
    pub engine: Arc<dyn Engine>,
    memory: Option<MemoryEngine>,
    /// Begins all names of this check.
    pub prefix: String,
    run: String,
}

impl Bench {
    /// Runs all checks, one after the other, and cleans up whatever happened.
    pub async fn run(engine: Arc<dyn Engine>, memory: Option<MemoryEngine>, checks: Vec<Check>) {
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let run = format!("rct{:x}{:x}", std::process::id(), time.subsec_nanos());
        let mut failed = Vec::new();
        for (at, (name, check)) in checks.into_iter().enumerate() {
            let bench = Bench {
                engine: Arc::clone(&engine),
                memory: memory.clone(),
                prefix: format!("{run}-{at}"),
                run: run.clone(),
            };
            let limit = Duration::from_secs(120);
            let outcome = tokio::spawn(tokio::time::timeout(limit, check(bench.clone()))).await;
            if !matches!(outcome, Ok(Ok(()))) {
                failed.push(name);
            }
            bench.clean().await;
        }
        assert!(failed.is_empty(), "{}: these checks failed: {failed:?}", engine.endpoint());
    }

    async fn clean(&self) {
        let labels = vec![self.label()];
        let query = ContainerQuery { labels: labels.clone(), all: true };
        for container in self.engine.list_containers(query).await.unwrap_or_default() {
            let _ = self.engine.remove_container(&container.id, true).await;
        }
        for network in self.engine.list_networks(&labels).await.unwrap_or_default() {
            let _ = self.engine.remove_network(&network.id).await;
        }
        for volume in self.engine.list_volumes(&labels).await.unwrap_or_default() {
            let _ = self.engine.remove_volume(&volume.name).await;
        }
    }

    /// The label of everything this run makes.
    pub fn label(&self) -> String {
        format!("{LABEL}={}", self.run)
    }

    fn labels(&self) -> indexmap::IndexMap<String, String> {
        [(LABEL.to_owned(), self.run.clone())].into_iter().collect()
    }

    pub fn name(&self, part: &str) -> String {
        format!("{}-{part}", self.prefix)
    }

    /// The engine in memory runs no programs: this is what one would do.
    pub fn expect(&self, part: &str, behaviour: Behaviour) {
        if let Some(memory) = &self.memory {
            memory.behave(&self.name(part), behaviour);
        }
    }

    /// A container off all networks that sleeps.
    pub fn sleeper(&self) -> ContainerSpec {
        self.running(&["sleep", "300"])
    }

    pub fn running(&self, command: &[&str]) -> ContainerSpec {
        ContainerSpec {
            image: "busybox".to_owned(),
            command: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            labels: self.labels(),
            stop_signal: Some("SIGKILL".to_owned()),
            network: NetworkAttachment {
                mode: Some(Namespace::Mode("none".to_owned())),
                ..NetworkAttachment::default()
            },
            ..ContainerSpec::default()
        }
    }

    /// A sleeper on networks.
    pub fn on(&self, networks: &[&str]) -> ContainerSpec {
        let endpoints = networks.iter().map(|network| EndpointSpec {
            key: (*network).to_owned(),
            network: (*network).to_owned(),
            aliases: vec!["me".to_owned()],
            ..EndpointSpec::default()
        });
        ContainerSpec {
            network: NetworkAttachment {
                mode: networks.first().map(|name| Namespace::Mode((*name).to_owned())),
                endpoints: endpoints.collect(),
                disabled: false,
            },
            ..self.sleeper()
        }
    }

    pub fn network(&self, part: &str) -> NetworkSpec {
        NetworkSpec {
            key: part.to_owned(),
            name: self.name(part),
            external: false,
            driver: None,
            options: Default::default(),
            ipam: None,
            internal: false,
            attachable: false,
            enable_ipv4: None,
            enable_ipv6: None,
            labels: self.labels(),
            hash: String::new(),
            span: Span::NONE,
        }
    }

    pub fn volume(&self, part: &str) -> VolumeSpec {
        VolumeSpec {
            key: part.to_owned(),
            name: self.name(part),
            external: false,
            driver: None,
            options: Default::default(),
            labels: self.labels(),
            hash: String::new(),
            span: Span::NONE,
        }
    }

    pub async fn create(&self, part: &str, spec: &ContainerSpec) -> ContainerId {
        self.engine.create_container(&self.name(part), spec).await.expect("create").id
    }

    pub async fn started(&self, part: &str, spec: &ContainerSpec) -> ContainerId {
        let id = self.create(part, spec).await;
        self.engine.start_container(&id).await.expect("start");
        id
    }

    pub async fn inspect(&self, id: &ContainerId) -> ContainerDetail {
        self.engine.inspect_container(id).await.expect("inspect")
    }

    /// The containers of this run, as listed.
    pub async fn list(&self, all: bool) -> Vec<ObservedContainer> {
        let query = ContainerQuery { labels: vec![self.label()], all };
        self.engine.list_containers(query).await.expect("list")
    }

    pub async fn listed(&self, id: &ContainerId) -> ObservedContainer {
        self.list(true).await.into_iter().find(|container| container.id == *id).expect("listed")
    }

    /// Whether it is Podman, or the engine in memory that does as Podman does: its words are others, and health
    /// checks run on request.
    pub async fn is_podman(&self) -> bool {
        self.engine.capabilities().await.unwrap().checks_on_request
    }

    /// Waits until the container has ended.
    pub async fn ended(&self, id: &ContainerId) -> ContainerDetail {
        for _ in 0..400 {
            let detail = self.inspect(id).await;
            if detail.state == ContainerState::Exited {
                return detail;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the container doesn't end");
    }
}

/// The error there must be.
pub fn error<T>(result: Result<T, EngineError>) -> EngineError {
    match result {
        Ok(_) => panic!("this must be refused"),
        Err(error) => error,
    }
}
