//! What exists: the engine's objects that belong to a project, and what the engine can do.
//!
//! In: answers of an engine (any adapter). Out: plain values the planner reads.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::{ContainerId, ImageId, NetworkId};

/// Label keys and values, sorted.
pub type Labels = BTreeMap<String, String>;

/// The engine's objects of one project, at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Every container with the project's label and a config hash, one-offs and stopped ones included.
    pub containers: Vec<ObservedContainer>,
    /// Networks with the project's label, and those found by a wanted name.
    pub networks: Vec<ObservedNetwork>,
    /// Volumes with the project's label, and those found by a wanted name.
    pub volumes: Vec<ObservedVolume>,
    /// Local images by the reference that was asked for; absent ones are missing here.
    pub images: BTreeMap<String, ObservedImage>,
}

/// A container that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedContainer {
    /// The engine's id.
    pub id: ContainerId,
    /// Canonical name, without the leading slash.
    pub name: String,
    /// Image reference it was created from.
    pub image: String,
    /// Image id it runs.
    pub image_id: ImageId,
    /// What it does.
    pub state: ContainerState,
    /// The engine's words for the state: `Up 2 minutes (healthy)`.
    pub status: String,
    /// Exit code of the last run, when it is known.
    pub exit_code: Option<i64>,
    /// Health, when it has a check.
    pub health: Option<Health>,
    /// The command line, joined.
    pub command: String,
    /// Created, in seconds since 1970.
    pub created: i64,
    /// Labels.
    pub labels: Labels,
    /// Networks it is attached to.
    pub networks: Vec<ObservedEndpoint>,
    /// Its network mode, as the engine keeps it: mostly the name of its first network when it was created. A
    /// container whose mode names a network that is gone can't be started.
    pub network_mode: String,
    /// The container whose network it shares, when it does.
    pub lender: Option<ContainerId>,
    /// What is mounted.
    pub mounts: Vec<ObservedMount>,
    /// Ports, published or not.
    pub ports: Vec<ObservedPort>,
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerState {
    /// Never started.
    Created,
    /// Running.
    Running,
    /// Paused.
    Paused,
    /// Between two runs.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Broken.
    Dead,
    /// A state this version doesn't know.
    Unknown,
}

/// Result of a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// No result that counts yet.
    Starting,
    /// Passing.
    Healthy,
    /// Failing.
    Unhealthy,
}

/// A container's place on a network.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedEndpoint {
    /// The network's name.
    pub network: String,
    /// The network's id; empty where the engine doesn't say: while the container never ran, and on Podman 4.
    pub network_id: NetworkId,
    /// Names it answers to.
    pub aliases: Vec<String>,
    /// Address, when running.
    pub ip_address: Option<String>,
}

/// Something mounted in a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedMount {
    /// `bind`, `volume`, `tmpfs`, …
    pub kind: String,
    /// Name of a volume.
    pub name: Option<String>,
    /// Driver of a volume; empty for others.
    pub driver: String,
    /// Path on the host.
    pub source: String,
    /// Path inside.
    pub destination: String,
    /// Writable.
    pub read_write: bool,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObservedPort {
    /// Host address, when published.
    pub ip: Option<String>,
    /// Port inside.
    pub private: u16,
    /// Port on the host, when published.
    pub public: Option<u16>,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: String,
}

/// A network that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedNetwork {
    /// The engine's id.
    pub id: NetworkId,
    /// Name.
    pub name: String,
    /// Driver.
    pub driver: String,
    /// `local`, `swarm`, …
    pub scope: String,
    /// Labels.
    pub labels: Labels,
    /// Running containers attached to it (only an inspection knows).
    pub attached: Vec<ContainerId>,
}

/// A volume that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedVolume {
    /// Name.
    pub name: String,
    /// Driver.
    pub driver: String,
    /// Labels.
    pub labels: Labels,
}

/// An image that is there.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedImage {
    /// The engine's id.
    pub id: ImageId,
    /// Content id written into the image label.
    pub identity: String,
    /// Paths its author declared as volumes.
    pub volumes: Vec<String>,
    /// Environment it sets.
    pub environment: Vec<String>,
    /// Command it sets.
    pub command: Option<Vec<String>>,
    /// Entrypoint it sets.
    pub entrypoint: Option<Vec<String>>,
    /// Labels it sets.
    pub labels: Labels,
    /// Time of the last tag, in seconds since 1970.
    pub last_tagged: Option<i64>,
}

/// A version of the engine's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// Before the dot.
    pub major: u16,
    /// After the dot.
    pub minor: u16,
}

/// What the engine is and can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The API version spoken: the lower of the engine's newest and ours.
    pub api: ApiVersion,
    /// Nothing runs health checks unless it is asked to, and lists of containers don't show health: Podman
    /// leaves its checks to systemd's timers, which aren't there in containers, over SSH without a session, or
    /// on systems without systemd.
    pub checks_on_request: bool,
}

impl ApiVersion {
    /// A version.
    pub const fn new(major: u16, minor: u16) -> ApiVersion {
        ApiVersion { major, minor }
    }

    /// Reads `1.44`.
    pub fn parse(text: &str) -> Option<ApiVersion> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(ApiVersion { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Capabilities {
    /// All networks of a container can be given when it is created (API 1.44).
    pub fn many_endpoints_at_create(&self) -> bool {
        self.api >= ApiVersion::new(1, 44)
    }

    /// No two networks have one name; older engines make a second one when two clients ask at once (API 1.44).
    pub fn unique_network_names(&self) -> bool {
        self.api >= ApiVersion::new(1, 44)
    }
}

impl ObservedContainer {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }
}

impl ContainerState {
    /// Reads the engine's word; a word of a newer engine is [`ContainerState::Unknown`].
    pub fn parse(word: &str) -> ContainerState {
        match word {
            "created" => ContainerState::Created,
            "running" => ContainerState::Running,
            "paused" => ContainerState::Paused,
            "restarting" => ContainerState::Restarting,
            "removing" => ContainerState::Removing,
            "exited" => ContainerState::Exited,
            "dead" => ContainerState::Dead,
            _ => ContainerState::Unknown,
        }
    }

    /// The engine's word.
    pub fn as_str(self) -> &'static str {
        match self {
            ContainerState::Created => "created",
            ContainerState::Running => "running",
            ContainerState::Paused => "paused",
            ContainerState::Restarting => "restarting",
            ContainerState::Removing => "removing",
            ContainerState::Exited => "exited",
            ContainerState::Dead => "dead",
            ContainerState::Unknown => "unknown",
        }
    }
}
