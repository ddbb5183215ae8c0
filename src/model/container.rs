//! What every container-like thing has: services, jobs and `pre_start` hooks share it.

use indexmap::IndexMap;

use crate::base::ServiceName;
use crate::base::duration::{Duration, parse_duration};
use crate::yaml::{Node, PathRef};

use super::codec::{Command, Environment, ExtraHosts, Pairs, Presence};
use super::decode::Decoder;
use super::device::{BlkioConfig, Device, DeviceRequest};
use super::mount::Mount;
use super::network::NetworkAttachment;
use super::record::{Form, Object, Plain, Value, record};
use super::scalar::ByteSize;
use super::secret::FileReference;
use super::{ModelBinding, Ulimit};

record! {
    /// The container's own part of a service, job or hook. A `None` text is unset; so are a `0` where
    /// the type is a plain number, `false` where it is a plain boolean, and an empty list or mapping.
    pub part Container {
        /// OCI annotations.
        annotations: IndexMap<String, String> = Pairs,
        /// Limits for block devices.
        blkio_config: Option<BlkioConfig>,
        /// Capabilities to add.
        cap_add: Vec<String>,
        /// Capabilities to drop.
        cap_drop: Vec<String>,
        /// The parent control group.
        cgroup_parent: Option<String>,
        /// The cgroup namespace: `host` or `private`.
        cgroup: Option<String>,
        /// Usable processors (Windows).
        cpu_count: i64,
        /// Usable share of the processors in percent (Windows).
        cpu_percent: f32,
        /// CFS period in microseconds.
        cpu_period: i64,
        /// CFS quota in microseconds.
        cpu_quota: i64,
        /// Real-time period in microseconds.
        cpu_rt_period: i64,
        /// Real-time runtime in microseconds.
        cpu_rt_runtime: i64,
        /// Processors, in parts of one.
        cpus: f32,
        /// Processors to run on: `0-3`.
        cpuset: Option<String>,
        /// Relative weight.
        cpu_shares: i64,
        /// The command; `Some` and empty clears the image's.
        command: Option<Vec<String>> = Command,
        /// Configs to mount.
        configs: Vec<FileReference>,
        /// Credentials of managed service accounts (Windows).
        credential_spec: Option<CredentialSpec>,
        /// Rules for the device control group.
        device_cgroup_rules: Vec<String>,
        /// Devices of the host.
        devices: Vec<Device>,
        /// Name servers.
        dns: Vec<String>,
        /// Resolver options.
        dns_opt: Vec<String>,
        /// Search domains.
        dns_search: Vec<String>,
        /// NIS domain.
        domainname: Option<String>,
        /// The entrypoint; `Some` and empty clears the image's.
        entrypoint: Option<Vec<String>> = Command,
        /// Variables; `None` stands for a variable that is named but has no value.
        environment: IndexMap<String, Option<String>> = Environment,
        /// Files with variables; empty once [`super::resolve`] has read them.
        env_file: Vec<EnvFile>,
        /// Further lines for `/etc/hosts`: addresses by host name.
        extra_hosts: IndexMap<String, Vec<String>> = ExtraHosts,
        /// Further groups of the user.
        group_add: Vec<String>,
        /// Requests for GPUs.
        gpus: Vec<DeviceRequest>,
        /// Host name.
        hostname: Option<String>,
        /// Image reference.
        image: Option<String>,
        /// Whether an init process runs as PID 1.
        init: Option<bool>,
        /// IPC namespace.
        ipc: Option<String>,
        /// Isolation technology.
        isolation: Option<String>,
        /// Pairs of the container.
        labels: IndexMap<String, String> = Pairs,
        /// Files with labels.
        label_file: Vec<String>,
        /// Logging driver.
        logging: Option<Logging>,
        /// Memory limit.
        mem_limit: ByteSize,
        /// Memory soft limit.
        mem_reservation: ByteSize,
        /// Memory and swap together; `-1` for no limit.
        memswap_limit: ByteSize,
        /// Swappiness, 0 to 100.
        mem_swappiness: ByteSize,
        /// MAC address.
        mac_address: Option<String>,
        /// AI models the container talks to.
        models: IndexMap<String, Option<ModelBinding>> = Presence,
        /// `none`, `host`, `service:x`, `container:x` or an engine's own.
        network_mode: Option<String>,
        /// Networks by their key; `None` for no options.
        networks: IndexMap<String, Option<NetworkAttachment>> = Presence,
        /// Whether the out-of-memory killer is off.
        oom_kill_disable: bool,
        /// Preference of the out-of-memory killer, -1000 to 1000.
        oom_score_adj: i64,
        /// PID namespace.
        pid: Option<String>,
        /// Limit of processes; `-1` for none.
        pids_limit: i64,
        /// `os/arch/variant`.
        platform: Option<String>,
        /// Whether the container has all rights.
        privileged: bool,
        /// When to pull; see [`Container::pull_policy`].
        pull_policy: Option<String>,
        /// Age after which an image is pulled again; read and shown, but nothing acts on it.
        pull_refresh_after: Option<String>,
        /// Whether the root file system is read-only.
        read_only: bool,
        /// OCI runtime.
        runtime: Option<String>,
        /// Secrets to mount.
        secrets: Vec<FileReference>,
        /// Security options.
        security_opt: Vec<String>,
        /// Size of `/dev/shm`.
        shm_size: ByteSize,
        /// Time between the stop signal and the kill.
        stop_grace_period: Option<Duration>,
        /// The stop signal.
        stop_signal: Option<String>,
        /// Options of the storage driver.
        storage_opt: IndexMap<String, String>,
        /// Kernel parameters.
        sysctls: IndexMap<String, String> = Pairs,
        /// Temporary file systems: `path[:options]`.
        tmpfs: Vec<String>,
        /// Resource limits.
        ulimits: IndexMap<String, Ulimit>,
        /// Whether the engine's socket is made available inside.
        use_api_socket: bool,
        /// User and group: `uid[:gid]`.
        user: Option<String>,
        /// User namespace.
        userns_mode: Option<String>,
        /// UTS namespace.
        uts: Option<String>,
        /// Mounts.
        volumes: Vec<Mount>,
        /// Services or containers whose mounts are taken over: `x[:ro]`, `container:x[:ro]`.
        volumes_from: Vec<String>,
        /// Working directory.
        working_dir: Option<String>,
    }
}

record! {
    /// Credentials of managed service accounts (Windows).
    pub struct CredentialSpec {
        /// The config that holds them.
        config: Option<String>,
        /// The file that holds them.
        file: Option<String>,
        /// The registry value that holds them.
        registry: Option<String>,
    }
}

record! {
    /// Where the container's output goes.
    pub struct Logging {
        /// The driver; the engine's default when unset.
        driver: Option<String>,
        /// The driver's options.
        options: IndexMap<String, String> = Pairs,
    }
}

/// A file with variables for the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// The path, absolute after path resolution.
    pub path: String,
    /// Whether it must be there; the default is yes.
    pub required: bool,
    /// `raw` for a file without quoting and interpolation.
    pub format: Option<String>,
}

/// What a `pull_policy` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullPolicy {
    /// Pull every time.
    Always,
    /// Never pull.
    Never,
    /// Pull what is not there.
    Missing,
    /// Build, whether or not there is an image.
    Build,
    /// Pull when the last pull is older than this.
    Refresh(Duration),
}

impl Container {
    /// What `pull_policy` means; `None` when it is unset.
    pub fn pull_policy(&self) -> Option<PullPolicy> {
        let hours = |n: i64| Duration::from_secs(n * 3600);
        Some(match self.pull_policy.as_deref()? {
            "always" | "refresh" => PullPolicy::Always,
            "never" => PullPolicy::Never,
            "build" => PullPolicy::Build,
            "daily" => PullPolicy::Refresh(hours(24)),
            "weekly" => PullPolicy::Refresh(hours(7 * 24)),
            other => match other.strip_prefix("every_").map(parse_duration) {
                Some(Ok(period)) => PullPolicy::Refresh(period),
                _ => PullPolicy::Missing,
            },
        })
    }
}

impl Container {
    /// The image of the service or job `name`: the one it has, or what a build of it is named,
    /// `<project><separator><name>`.
    pub fn image_or_default(&self, project: &str, separator: char, name: &ServiceName) -> String {
        self.image.clone().unwrap_or_else(|| format!("{project}{separator}{name}"))
    }
}

impl Value for EnvFile {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<EnvFile> {
        if let Some(path) = node.as_str() {
            return Some(EnvFile { path: path.to_owned(), required: true, format: None });
        }
        let map = decoder.mapping(node, at)?;
        let mut text =
            |key| map.get(key).and_then(|node| Option::decode(node, &at.key(key), decoder)).flatten();
        let (path, format) = (text("path").unwrap_or_default(), text("format"));
        let required = map.get("required").and_then(|node| bool::decode(node, &at.key("required"), decoder));
        Some(EnvFile { path, required: required.unwrap_or(true), format })
    }
    fn is_zero(&self) -> bool {
        false
    }
    fn node(&self, form: Form) -> Node {
        let mut object = Object::new(form);
        object.insert("path", self.path.node(form));
        if !self.required {
            object.insert("required", false.node(form));
        }
        object.field::<_, Plain>("format", &self.format);
        object.into_node()
    }
}
