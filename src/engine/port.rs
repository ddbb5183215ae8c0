//! The traits.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;

use super::EngineError;
use crate::base::{ContainerId, ImageId, NetworkId, ServiceName};
use crate::event;
use crate::spec::{ContainerSpec, EndpointSpec, NetworkSpec, VolumeSpec};
use crate::state::{
    Capabilities, ContainerState, Health, Labels, ObservedContainer, ObservedImage, ObservedNetwork,
    ObservedVolume,
};

/// One answer, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Many answers, one after the other; dropping the stream ends the request.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, EngineError>> + Send>>;

/// A whole engine.
pub trait Engine: System + Containers + Networks + Volumes + Images + Execs + Feed + Send + Sync {}

impl<T: System + Containers + Networks + Volumes + Images + Execs + Feed + Send + Sync> Engine for T {}

/// The engine itself.
pub trait System {
    /// The API version spoken and what else sets engines apart. Asked once; adapters remember it.
    fn capabilities(&self) -> Answer<'_, Capabilities>;

    /// Processor cores that the engine has: how much it can do at a time.
    fn cores(&self) -> Answer<'_, usize>;

    /// The address, for messages.
    fn endpoint(&self) -> &str;

    /// What tells this engine from others on this machine: its address with links and defaults resolved. Two
    /// addresses of one engine have two identities; its own ID would not, but costs a request, and is the
    /// same for machines that were copied.
    fn identity(&self) -> String;
}

/// Which containers to list.
#[derive(Clone, Debug, Default)]
pub struct ContainerQuery {
    /// `key=value`, or a bare `key`; all must match.
    pub labels: Vec<String>,
    /// Stopped ones too.
    pub all: bool,
}

/// What only an inspection of a container tells.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerDetail {
    /// The engine's id.
    pub id: ContainerId,
    /// Canonical name, without the leading slash.
    pub name: String,
    /// What it does.
    pub state: ContainerState,
    /// Exit code of the last run.
    pub exit_code: i64,
    /// Killed for lack of memory.
    pub oom_killed: bool,
    /// The engine's error of the last start, or empty.
    pub error: String,
    /// When it started last, RFC 3339; empty before the first start.
    pub started_at: String,
    /// How often the engine restarted it.
    pub restart_count: i64,
    /// Whether the engine is about to start it again.
    pub restarting: bool,
    /// Health, when it has a check.
    pub health: Option<Health>,
    /// The last checks, oldest first.
    pub health_log: Vec<HealthLog>,
    /// Failures in a row.
    pub failing_streak: i64,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Labels.
    pub labels: Labels,
    /// The image it runs.
    pub image_id: ImageId,
    /// What it was created from, as far as the engine tells; image defaults are mixed in.
    pub spec: Box<ContainerSpec>,
}

/// A container that was just created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedContainer {
    /// The engine's id.
    pub id: ContainerId,
    /// What the engine could not honour, in its own words.
    pub warnings: Vec<String>,
}

/// One run of a health check.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthLog {
    /// When it ended, RFC 3339.
    pub end: String,
    /// Exit code of the check.
    pub exit_code: i64,
    /// What it printed.
    pub output: String,
}

/// Which part of a container's log to read.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// Go on as lines come.
    pub follow: bool,
    /// The last so many lines; `None` for all.
    pub tail: Option<u64>,
    /// From then on: RFC 3339, or seconds since 1970.
    pub since: Option<String>,
    /// Until then.
    pub until: Option<String>,
    /// With the engine's time stamps.
    pub timestamps: bool,
}

/// A piece of a container's output; lines may be cut anywhere.
#[derive(Clone, Debug, PartialEq)]
pub struct LogChunk {
    /// Which stream; always standard output with a terminal.
    pub stream: event::Stream,
    /// The bytes.
    pub bytes: Bytes,
}

/// Containers. Ids may also be names.
pub trait Containers {
    /// Lists containers in one call.
    fn list_containers(&self, query: ContainerQuery) -> Answer<'_, Vec<ObservedContainer>>;
    /// Everything about one.
    fn inspect_container(&self, id: &ContainerId) -> Answer<'_, ContainerDetail>;
    /// Creates one. With an API below 1.44 only the first endpoint is sent: connect the others.
    /// The spec's namespaces must be resolved (no `Namespace::Service` left).
    fn create_container(&self, name: &str, spec: &ContainerSpec) -> Answer<'_, CreatedContainer>;
    /// Starts it; no error when it runs already.
    fn start_container(&self, id: &ContainerId) -> Answer<'_, ()>;
    /// Stops it; `None` leaves the grace period to the container. No error when it doesn't run.
    fn stop_container(&self, id: &ContainerId, timeout: Option<Duration>) -> Answer<'_, ()>;
    /// Sends a signal.
    fn kill_container(&self, id: &ContainerId, signal: &str) -> Answer<'_, ()>;
    /// Removes it, by force (a running one too); with its anonymous volumes when asked.
    fn remove_container(&self, id: &ContainerId, volumes: bool) -> Answer<'_, ()>;
    /// Removes one that doesn't run; a conflict when it does. With its anonymous volumes when asked.
    fn remove_stopped(&self, id: &ContainerId, volumes: bool) -> Answer<'_, ()>;
    /// Gives it another name.
    fn rename_container(&self, id: &ContainerId, name: &str) -> Answer<'_, ()>;
    /// Runs its health check once, on an engine with [`Capabilities::checks_on_request`]; ends with the check,
    /// whose result an inspection then shows. Elsewhere an error.
    fn check_health(&self, id: &ContainerId) -> Answer<'_, ()>;
    /// Unpacks a tar archive at `/`; owners and modes are those of its entries.
    fn upload(&self, id: &ContainerId, archive: Bytes) -> Answer<'_, ()>;
    /// Reads its log.
    fn logs(&self, id: &ContainerId, query: LogQuery) -> Answer<'_, Answers<LogChunk>>;
    /// Listens to its output from now on, without replay; must be called before the start to miss nothing.
    fn attach(&self, id: &ContainerId) -> Answer<'_, Answers<LogChunk>>;
}

/// Networks.
pub trait Networks {
    /// Networks with all these labels (`key=value` or bare `key`).
    fn list_networks(&self, labels: &[String]) -> Answer<'_, Vec<ObservedNetwork>>;
    /// One, by name or id, with the containers attached.
    fn inspect_network(&self, name: &str) -> Answer<'_, ObservedNetwork>;
    /// What one, by name or id, was made from, completed by what the engine chose: the same can be made
    /// again of it. Says nothing of the file.
    fn network_definition(&self, name: &str) -> Answer<'_, NetworkSpec>;
    /// Creates one.
    fn create_network(&self, spec: &NetworkSpec) -> Answer<'_, NetworkId>;
    /// Removes one.
    fn remove_network(&self, id: &NetworkId) -> Answer<'_, ()>;
    /// Attaches a container, with its endpoint settings.
    fn connect(
        &self,
        network: &NetworkId,
        container: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> Answer<'_, ()>;
    /// Detaches a container, by force.
    fn disconnect(&self, network: &NetworkId, container: &ContainerId) -> Answer<'_, ()>;
}

/// Volumes.
pub trait Volumes {
    /// Volumes with all these labels (`key=value` or bare `key`).
    fn list_volumes(&self, labels: &[String]) -> Answer<'_, Vec<ObservedVolume>>;
    /// One, by name.
    fn inspect_volume(&self, name: &str) -> Answer<'_, ObservedVolume>;
    /// Creates one; no error when it is there with the same driver.
    fn create_volume(&self, spec: &VolumeSpec) -> Answer<'_, ()>;
    /// Removes one, by force (no error when it isn't there; an error while it is used).
    fn remove_volume(&self, name: &str) -> Answer<'_, ()>;
}

/// A piece of news about a pull.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PullProgress {
    /// The layer; empty for the image as a whole.
    pub layer: String,
    /// The engine's words.
    pub status: String,
    /// Bytes done and in all, when known.
    pub progress: Option<(u64, u64)>,
}

/// Images.
pub trait Images {
    /// What is known of a local image. With a platform, a local image of another platform is not found.
    fn inspect_image(&self, reference: &str, platform: Option<&str>) -> Answer<'_, ObservedImage>;
    /// The digest that a registry has for a reference now; of an image for several platforms, that of the
    /// index.
    fn registry_digest(&self, reference: &str) -> Answer<'_, String>;
    /// Tags of the local images with all these labels (`key=value` or bare `key`), sorted.
    fn list_images(&self, labels: &[String]) -> Answer<'_, Vec<String>>;
    /// Takes a name away from an image, and removes the image with its last name.
    fn remove_image(&self, reference: &str) -> Answer<'_, ()>;
    /// Fetches one from its registry; a failure is an item of the stream.
    fn pull_image(&self, reference: &str, platform: Option<&str>) -> Answer<'_, Answers<PullProgress>>;
}

/// A command to run inside a running container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecRequest {
    /// The command.
    pub command: Vec<String>,
    /// `user[:group]`.
    pub user: Option<String>,
    /// All privileges.
    pub privileged: bool,
    /// Working directory.
    pub working_dir: Option<String>,
    /// Environment, `KEY=value` or bare `KEY`.
    pub environment: Vec<String>,
    /// With a terminal.
    pub tty: bool,
}

/// What a command inside a container did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecOutput {
    /// Exit code.
    pub exit_code: i64,
    /// Both streams, in order of arrival, at most the last 64 KiB.
    pub output: Vec<u8>,
}

/// Commands inside containers.
pub trait Execs {
    /// Runs one to its end. Its output also goes to `heard` as it comes; a slow reader there slows the
    /// command down, and a reader that went away does not.
    fn exec(
        &self,
        container: &ContainerId,
        request: &ExecRequest,
        heard: mpsc::Sender<LogChunk>,
    ) -> Answer<'_, ExecOutput>;
}

/// Which events to hear.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// `key=value`, or a bare `key`; all must match.
    pub labels: Vec<String>,
}

/// What happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Created.
    Create,
    /// Started.
    Start,
    /// Ended, with its exit code.
    Die(i64),
    /// Removed.
    Destroy,
    /// A health check changed the verdict.
    Health(Health),
    /// Anything else, by the engine's word.
    Other(String),
}

/// Something happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// The container.
    pub container: ContainerId,
    /// Its name.
    pub name: String,
    /// What happened.
    pub kind: EventKind,
    /// When, in seconds since 1970 with a fraction, as [`LogQuery::since`] takes it; empty when unknown.
    pub time: String,
    /// Its labels (and the engine's own attributes).
    pub attributes: Labels,
}

/// The event feed.
pub trait Feed {
    /// Container events from now on. When this returns, the engine is already listening: what happens
    /// afterwards is not missed.
    fn events(&self, query: EventQuery) -> Answer<'_, Answers<EngineEvent>>;
}

/// Told what a run is about to do with containers.
pub trait Listener: Send + Sync {
    /// A container is about to be started; the start goes ahead when the answer is there. Who attaches now
    /// misses nothing.
    fn before_start<'a>(
        &'a self,
        container: &'a ContainerId,
        name: &'a str,
        service: Option<&'a ServiceName>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

    /// A container is about to be stopped or removed as a part of the run.
    fn before_stop(&self, container: &ContainerId);

    /// A hook inside a container wrote something; `None` when it has ended.
    fn hook_output<'a>(
        &'a self,
        container: &'a str,
        service: Option<&'a ServiceName>,
        chunk: Option<LogChunk>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// Nobody wants to be told.
impl Listener for () {
    fn before_start<'a>(
        &'a self,
        _: &'a ContainerId,
        _: &'a str,
        _: Option<&'a ServiceName>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }

    fn before_stop(&self, _: &ContainerId) {}

    fn hook_output<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a ServiceName>,
        _: Option<LogChunk>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }
}
