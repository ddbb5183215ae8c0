//! One container as it should be created.
//!
//! The fields follow the engine's create request; adapters translate.

use indexmap::IndexMap;

use crate::base::{NetworkId, ServiceName};

/// A container to create. Names of networks and volumes are the engine's names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerSpec {
    /// Image reference as written, or the built image's name.
    pub image: String,
    /// `os/arch[/variant]`; `None` leaves it to the engine.
    pub platform: Option<String>,
    /// `None` keeps the image's command; `[]` empties it.
    pub command: Option<Vec<String>>,
    /// `None` keeps the image's entrypoint; `[]` resets it.
    pub entrypoint: Option<Vec<String>>,
    /// Environment in a fixed order; a key without value unsets the image's.
    pub environment: IndexMap<String, Option<String>>,
    /// All labels, the tool's own included (except those only the plan knows: number, image, replace, hash).
    pub labels: IndexMap<String, String>,
    /// Engine annotations.
    pub annotations: IndexMap<String, String>,
    /// Host name inside.
    pub hostname: Option<String>,
    /// NIS domain name inside.
    pub domainname: Option<String>,
    /// `user[:group]`.
    pub user: Option<String>,
    /// Working directory inside.
    pub working_dir: Option<String>,
    /// A terminal.
    pub tty: bool,
    /// Keep standard input open.
    pub stdin_open: bool,
    /// Signal that stops it.
    pub stop_signal: Option<String>,
    /// Grace period before the kill, in whole seconds.
    pub stop_timeout: Option<i64>,
    /// Ports the container is said to listen on, published ones included.
    pub exposed_ports: Vec<ExposedPort>,
    /// Ports published on the host.
    pub port_bindings: Vec<PortBinding>,
    /// Health check; `None` keeps the image's.
    pub healthcheck: Option<HealthSpec>,
    /// What is mounted, by target; one entry a target.
    pub mounts: Vec<MountSpec>,
    /// `tmpfs:` entries: path to options.
    pub tmpfs: IndexMap<String, String>,
    /// Containers whose volumes are mounted too.
    pub volumes_from: Vec<Namespace>,
    /// Files copied in before each start.
    pub uploads: Vec<Upload>,
    /// How it is on the network.
    pub network: NetworkAttachment,
    /// `host:address` pairs for the hosts file.
    pub extra_hosts: Vec<String>,
    /// `container:alias` links, on every network.
    pub links: Vec<String>,
    /// Name servers.
    pub dns: Vec<String>,
    /// Search domains.
    pub dns_search: Vec<String>,
    /// Resolver options.
    pub dns_options: Vec<String>,
    /// Capabilities to add, upper case, `CAP_` prefix, sorted.
    pub cap_add: Vec<String>,
    /// Capabilities to drop, likewise.
    pub cap_drop: Vec<String>,
    /// Additional groups.
    pub group_add: Vec<String>,
    /// All privileges.
    pub privileged: bool,
    /// Root file system mounted read-only.
    pub read_only: bool,
    /// An init process; `None` leaves the engine's default.
    pub init: Option<bool>,
    /// IPC namespace.
    pub ipc: Option<Namespace>,
    /// PID namespace.
    pub pid: Option<Namespace>,
    /// UTS namespace.
    pub uts: Option<String>,
    /// User namespace.
    pub userns_mode: Option<String>,
    /// Cgroup namespace.
    pub cgroup: Option<String>,
    /// Parent cgroup.
    pub cgroup_parent: Option<String>,
    /// OCI runtime.
    pub runtime: Option<String>,
    /// Isolation technology (Windows).
    pub isolation: Option<String>,
    /// Security options as the engine takes them (profiles already inlined).
    pub security_opt: Vec<String>,
    /// `systempaths=unconfined`: no masked and no read-only system paths.
    pub unmasked_paths: bool,
    /// Kernel parameters.
    pub sysctls: IndexMap<String, String>,
    /// Storage driver options.
    pub storage_opt: IndexMap<String, String>,
    /// Logging.
    pub logging: Option<LogSpec>,
    /// Restart policy.
    pub restart: Option<RestartSpec>,
    /// Volume driver of anonymous volumes.
    pub volume_driver: Option<String>,
    /// CPU, memory, devices.
    pub resources: ResourceSpec,
}

/// Whose namespace (or volumes) a container shares.
#[derive(Clone, Debug, PartialEq)]
pub enum Namespace {
    /// A mode the engine knows (`host`, `none`, `private`, `container:<id>`, …), or for `volumes_from` a container.
    Mode(String),
    /// The first container of a service; the plan turns it into a container.
    Service(ServiceName),
}

/// How a container is on the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkAttachment {
    /// `network_mode` when written; the engine's name of the primary network otherwise; `none` without any.
    pub mode: Option<Namespace>,
    /// Endpoints, primary first; empty when `network_mode` is written.
    pub endpoints: Vec<EndpointSpec>,
    /// `network_mode: disabled`.
    pub disabled: bool,
}

impl NetworkAttachment {
    /// The container, by id or name, whose network it shares.
    pub fn lender(&self) -> Option<&str> {
        match &self.mode {
            Some(Namespace::Mode(mode)) => mode.strip_prefix("container:"),
            _ => None,
        }
    }
}

/// A container's place on one network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointSpec {
    /// Key of the network in the Compose file.
    pub key: String,
    /// The engine's name of the network.
    pub network: String,
    /// The engine's id of the network: put in when the container is created, on engines that may have several
    /// networks of one name.
    pub network_id: Option<NetworkId>,
    /// Names it answers to there, the container's own and the service's included (the container's name is added by the plan).
    pub aliases: Vec<String>,
    /// `container:alias` links, the same on every network of the container: names are resolved on each of them.
    pub links: Vec<String>,
    /// Static IPv4 address.
    pub ipv4_address: Option<String>,
    /// Static IPv6 address.
    pub ipv6_address: Option<String>,
    /// Link-local addresses.
    pub link_local_ips: Vec<String>,
    /// Whether the service's entry is a mapping (then the engine gets an IPAM configuration, even an empty one).
    pub configured: bool,
    /// MAC address.
    pub mac_address: Option<String>,
    /// Driver options (the interface name included).
    pub driver_opts: IndexMap<String, String>,
    /// Whether an interface name is asked for (needs API 1.49).
    pub interface_name: Option<String>,
    /// Priority for the default gateway.
    pub gw_priority: i64,
}

/// A port said to be listened on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExposedPort {
    /// Container port.
    pub port: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// A published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortBinding {
    /// Container side.
    pub container: ExposedPort,
    /// Host address; empty for all.
    pub host_ip: String,
    /// Host port or range as text; empty for any free one.
    pub host_port: String,
}

/// A health check; durations in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthSpec {
    /// `["CMD", …]`, `["CMD-SHELL", …]` or `["NONE"]`; empty keeps the image's test.
    pub test: Vec<String>,
    /// Time between checks.
    pub interval: Option<i64>,
    /// Time one check may take.
    pub timeout: Option<i64>,
    /// Failures before it counts as unhealthy.
    pub retries: Option<u64>,
    /// Time after the start when failures don't count.
    pub start_period: Option<i64>,
    /// Time between checks during the start period (API 1.44).
    pub start_interval: Option<i64>,
}

/// Something mounted into a container.
#[derive(Clone, Debug, PartialEq)]
pub struct MountSpec {
    /// Path inside.
    pub target: String,
    /// Not writable.
    pub read_only: bool,
    /// What it is.
    pub kind: MountKind,
    /// Consistency hint, passed on.
    pub consistency: Option<String>,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq)]
pub enum MountKind {
    /// A path of the host.
    Bind {
        /// Absolute path.
        source: String,
        /// Make the host path when missing.
        create_host_path: bool,
        /// Mount propagation.
        propagation: Option<String>,
        /// `enabled`, `disabled`, `writable`, `readonly`.
        recursive: Option<String>,
        /// `z` or `Z`.
        selinux: Option<String>,
        /// A file config: a mount object without options, where a file secret has empty ones, as with the
        /// reference.
        resource: bool,
    },
    /// A volume; without a name an anonymous one.
    Volume {
        /// The engine's name.
        name: Option<String>,
        /// Key in the Compose file.
        key: Option<String>,
        /// Labels of a volume made by the mount.
        labels: IndexMap<String, String>,
        /// Don't copy the image's content.
        nocopy: bool,
        /// Path inside the volume.
        subpath: Option<String>,
        /// `z` or `Z`.
        selinux: Option<String>,
        /// The file has a section of options, maybe an empty one; the short form of a mount counts as one.
        configured: bool,
    },
    /// Memory.
    Tmpfs {
        /// Size in bytes.
        size: Option<i64>,
        /// File mode.
        mode: Option<u32>,
    },
    /// An image's content (API 1.48).
    Image {
        /// Image reference.
        source: String,
        /// Path inside the image.
        subpath: Option<String>,
    },
    /// Another type, passed on.
    Other {
        /// `npipe`, `cluster`, …
        kind: String,
        /// Source as written.
        source: String,
    },
}

/// A file put into the container before each start (secret or config without a host file).
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// Absolute path inside.
    pub target: String,
    /// Content; never shown.
    pub content: Vec<u8>,
    /// File mode.
    pub mode: u32,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
    /// Key of the secret or config, for messages.
    pub resource: String,
}

/// Logging of a container.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSpec {
    /// Driver; empty for the engine's default.
    pub driver: String,
    /// Driver options.
    pub options: IndexMap<String, String>,
}

/// Restart policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RestartSpec {
    /// `no`, `always`, `on-failure`, `unless-stopped`.
    pub name: String,
    /// Tries of `on-failure`; 0 for no limit.
    pub max_retries: i64,
}

/// Limits and devices; 0 or `None` leaves a value unset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceSpec {
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub memory_reservation: i64,
    /// Bytes of memory and swap; -1 for no limit.
    pub memory_swap: i64,
    /// 0–100.
    pub memory_swappiness: Option<i64>,
    /// Don't kill on lack of memory.
    pub oom_kill_disable: bool,
    /// Preference of the killer.
    pub oom_score_adj: i64,
    /// Bytes of /dev/shm.
    pub shm_size: i64,
    /// Billionths of a CPU.
    pub nano_cpus: i64,
    /// Relative weight.
    pub cpu_shares: i64,
    /// Microseconds.
    pub cpu_period: i64,
    /// Microseconds.
    pub cpu_quota: i64,
    /// Microseconds.
    pub cpu_rt_period: i64,
    /// Microseconds.
    pub cpu_rt_runtime: i64,
    /// CPUs allowed.
    pub cpuset: Option<String>,
    /// CPUs (Windows).
    pub cpu_count: i64,
    /// Hundredths of a per cent (Windows).
    pub cpu_percent: i64,
    /// Processes.
    pub pids_limit: Option<i64>,
    /// Ulimits, sorted by name.
    pub ulimits: Vec<UlimitSpec>,
    /// Devices of the host.
    pub devices: Vec<DeviceSpec>,
    /// Requests to device drivers.
    pub device_requests: Vec<DeviceRequestSpec>,
    /// Cgroup rules.
    pub device_cgroup_rules: Vec<String>,
    /// Block I/O.
    pub blkio: BlkioSpec,
}

/// A ulimit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UlimitSpec {
    /// Name as in `ulimit`.
    pub name: String,
    /// Soft limit.
    pub soft: i64,
    /// Hard limit.
    pub hard: i64,
}

/// A device of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSpec {
    /// Path on the host.
    pub source: String,
    /// Path inside.
    pub target: String,
    /// Letters of `rwm`.
    pub permissions: String,
}

/// A request to a device driver.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceRequestSpec {
    /// Driver.
    pub driver: String,
    /// How many; -1 for all.
    pub count: i64,
    /// Particular devices.
    pub device_ids: Vec<String>,
    /// Capabilities.
    pub capabilities: Vec<String>,
    /// Driver options.
    pub options: IndexMap<String, String>,
}

/// Block I/O weights and throttles.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlkioSpec {
    /// Weight 10–1000.
    pub weight: u16,
    /// Weight by device path.
    pub weight_device: Vec<(String, u16)>,
    /// Bytes a second read.
    pub device_read_bps: Vec<ThrottleSpec>,
    /// Operations a second read.
    pub device_read_iops: Vec<ThrottleSpec>,
    /// Bytes a second written.
    pub device_write_bps: Vec<ThrottleSpec>,
    /// Operations a second written.
    pub device_write_iops: Vec<ThrottleSpec>,
}

/// A throttle of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleSpec {
    /// Device path.
    pub path: String,
    /// Rate.
    pub rate: u64,
}
