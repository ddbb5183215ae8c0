//! The answer of an inspection, and the request it came from as far as it can be told.

use crate::base::{ContainerId, ImageId};
use crate::engine::{ContainerDetail, HealthLog};
use crate::spec::{
    BlkioSpec, ContainerSpec, DeviceRequestSpec, DeviceSpec, EndpointSpec, ExposedPort, HealthSpec, LogSpec,
    MountKind, MountSpec, Namespace, NetworkAttachment, PortBinding, ResourceSpec, RestartSpec, ThrottleSpec,
    UlimitSpec,
};
use crate::state::{ContainerState, Health};

use super::view::View;

/// Reads an inspection.
pub(super) fn detail(answer: &serde_json::Value) -> ContainerDetail {
    let root = View(answer);
    let (state, config) = (root.at("State"), root.at("Config"));
    let health = state.at("Health");
    let name = root.text("Name");
    let started = state.text("StartedAt");
    ContainerDetail {
        id: ContainerId::from(root.text("Id")),
        name: name.strip_prefix('/').unwrap_or(&name).to_owned(),
        state: ContainerState::parse(&state.text("Status")),
        exit_code: state.number("ExitCode"),
        oom_killed: state.flag("OOMKilled"),
        error: state.text("Error"),
        // Go's zero time.
        started_at: if started.starts_with("0001-") { String::new() } else { started },
        restart_count: root.number("RestartCount"),
        restarting: state.flag("Restarting"),
        health: match health.text("Status").as_str() {
            "starting" => Some(Health::Starting),
            "healthy" => Some(Health::Healthy),
            "unhealthy" => Some(Health::Unhealthy),
            _ => None,
        },
        health_log: health
            .items("Log")
            .map(|entry| HealthLog {
                end: entry.text("End"),
                exit_code: entry.number("ExitCode"),
                output: entry.text("Output"),
            })
            .collect(),
        failing_streak: health.number("FailingStreak"),
        tty: config.flag("Tty"),
        labels: config.map("Labels").into_iter().collect(),
        image_id: ImageId::from(root.text("Image")),
        spec: Box::new(spec(root)),
    }
}

fn spec(root: View<'_>) -> ContainerSpec {
    let (config, host) = (root.at("Config"), root.at("HostConfig"));
    let id = root.text("Id");
    let short = id.get(..12).unwrap_or(&id);
    ContainerSpec {
        image: config.text("Image"),
        // The platform asked for isn't told: only the one found.
        platform: None,
        command: config.list("Cmd"),
        entrypoint: config.list("Entrypoint"),
        // A bare key unset the image's variable: the container hasn't got it.
        environment: config
            .words("Env")
            .iter()
            .filter_map(|entry| entry.split_once('='))
            .map(|(key, value)| (key.to_owned(), Some(value.to_owned())))
            .collect(),
        labels: config.map("Labels"),
        annotations: host.map("Annotations"),
        // Unless it was given, the host name is the short id.
        hostname: config.word("Hostname").filter(|name| name != short),
        domainname: config.word("Domainname"),
        user: config.word("User"),
        working_dir: config.word("WorkingDir"),
        tty: config.flag("Tty"),
        stdin_open: config.flag("OpenStdin"),
        stop_signal: config.word("StopSignal"),
        stop_timeout: config.0["StopTimeout"].as_i64(),
        exposed_ports: config
            .entries("ExposedPorts")
            .into_iter()
            .filter_map(|(port, _)| exposed_port(port))
            .collect(),
        port_bindings: port_bindings(host),
        healthcheck: Some(config.at("Healthcheck")).filter(|check| check.given()).map(health),
        mounts: mounts(host),
        tmpfs: host.map("Tmpfs"),
        volumes_from: host.words("VolumesFrom").into_iter().map(Namespace::Mode).collect(),
        uploads: Vec::new(),
        network: network(root, short),
        extra_hosts: host.words("ExtraHosts"),
        links: host.words("Links"),
        dns: host.words("Dns"),
        dns_search: host.words("DnsSearch"),
        dns_options: host.words("DnsOptions"),
        cap_add: host.words("CapAdd"),
        cap_drop: host.words("CapDrop"),
        group_add: host.words("GroupAdd"),
        privileged: host.flag("Privileged"),
        read_only: host.flag("ReadonlyRootfs"),
        init: host.0["Init"].as_bool(),
        ipc: host.word("IpcMode").map(Namespace::Mode),
        pid: host.word("PidMode").map(Namespace::Mode),
        uts: host.word("UTSMode"),
        userns_mode: host.word("UsernsMode"),
        cgroup: host.word("CgroupnsMode"),
        cgroup_parent: host.word("CgroupParent"),
        runtime: host.word("Runtime"),
        isolation: host.word("Isolation"),
        security_opt: host.words("SecurityOpt"),
        unmasked_paths: host.list("MaskedPaths").is_some_and(|paths| paths.is_empty()),
        sysctls: host.map("Sysctls"),
        storage_opt: host.map("StorageOpt"),
        logging: Some(host.at("LogConfig"))
            .filter(|log| log.given())
            .map(|log| LogSpec { driver: log.text("Type"), options: log.map("Config") }),
        restart: Some(host.at("RestartPolicy")).filter(|policy| policy.given()).map(|policy| RestartSpec {
            name: policy.text("Name"),
            max_retries: policy.number("MaximumRetryCount"),
        }),
        volume_driver: host.word("VolumeDriver"),
        resources: resources(host),
    }
}

/// `80/tcp`.
fn exposed_port(text: &str) -> Option<ExposedPort> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    Some(ExposedPort { port: port.parse().ok()?, protocol: protocol.to_owned() })
}

fn port_bindings(host: View<'_>) -> Vec<PortBinding> {
    let mut bindings = Vec::new();
    for (port, list) in host.entries("PortBindings") {
        let Some(container) = exposed_port(port) else { continue };
        for binding in list.0.as_array().into_iter().flatten().map(View) {
            bindings.push(PortBinding {
                container: container.clone(),
                host_ip: binding.text("HostIp"),
                host_port: binding.text("HostPort"),
            });
        }
    }
    bindings
}

fn health(check: View<'_>) -> HealthSpec {
    HealthSpec {
        test: check.words("Test"),
        interval: check.amount("Interval"),
        timeout: check.amount("Timeout"),
        retries: check.amount("Retries").and_then(|retries| u64::try_from(retries).ok()),
        start_period: check.amount("StartPeriod"),
        start_interval: check.amount("StartInterval"),
    }
}

/// What was asked for; volumes that only the image declares aren't here.
fn mounts(host: View<'_>) -> Vec<MountSpec> {
    let binds = host.words("Binds").into_iter().filter_map(|text| bind(&text));
    let mut mounts: Vec<MountSpec> = binds.chain(host.items("Mounts").map(mount)).collect();
    mounts.sort_by(|a, b| a.target.cmp(&b.target));
    mounts
}

/// `source:target[:options]`.
fn bind(text: &str) -> Option<MountSpec> {
    // A Windows path has a colon of its own.
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes().get(2) == Some(&b'\\');
    let at = text.get(if drive { 2 } else { 0 }..)?.find(':')? + if drive { 2 } else { 0 };
    let (source, rest) = (text.get(..at)?, text.get(at + 1..)?);
    let (target, options) =
        rest.rsplit_once(':').filter(|(target, _)| !target.is_empty()).unwrap_or((rest, ""));
    let options: Vec<&str> = options.split(',').collect();
    let has = |word: &str| options.contains(&word);
    let selinux = options.iter().find(|option| ["z", "Z"].contains(option)).map(|o| (*o).to_owned());
    let kind = if source.starts_with('/') || drive {
        MountKind::Bind {
            source: source.to_owned(),
            create_host_path: true,
            propagation: options
                .iter()
                .find(|option| {
                    ["shared", "rshared", "slave", "rslave", "private", "rprivate"].contains(option)
                })
                .map(|option| (*option).to_owned()),
            recursive: None,
            selinux,
            resource: false,
        }
    } else {
        MountKind::Volume {
            name: Some(source.to_owned()),
            key: None,
            labels: indexmap::IndexMap::new(),
            nocopy: has("nocopy"),
            subpath: None,
            selinux,
            configured: false,
        }
    };
    Some(MountSpec { target: target.to_owned(), read_only: has("ro"), kind, consistency: None })
}

fn mount(mount: View<'_>) -> MountSpec {
    let source = mount.text("Source");
    let kind = match mount.text("Type").as_str() {
        "bind" => {
            let options = mount.at("BindOptions");
            let recursive = [
                ("NonRecursive", "disabled"),
                ("ReadOnlyNonRecursive", "writable"),
                ("ReadOnlyForceRecursive", "readonly"),
            ];
            MountKind::Bind {
                source,
                create_host_path: options.flag("CreateMountpoint"),
                propagation: options.word("Propagation"),
                recursive: recursive
                    .into_iter()
                    .find(|(key, _)| options.flag(key))
                    .map(|(_, word)| word.to_owned()),
                selinux: None,
                resource: !options.given(),
            }
        }
        "volume" => {
            let options = mount.at("VolumeOptions");
            MountKind::Volume {
                name: mount.word("Source"),
                key: None,
                labels: options.map("Labels"),
                nocopy: options.flag("NoCopy"),
                subpath: options.word("Subpath"),
                selinux: None,
                configured: options.given(),
            }
        }
        "tmpfs" => {
            let options = mount.at("TmpfsOptions");
            MountKind::Tmpfs {
                size: options.amount("SizeBytes"),
                mode: options.amount("Mode").and_then(|mode| u32::try_from(mode).ok()),
            }
        }
        "image" => MountKind::Image { source, subpath: mount.at("ImageOptions").word("Subpath") },
        other => MountKind::Other { kind: other.to_owned(), source },
    };
    MountSpec {
        target: mount.text("Target"),
        read_only: mount.flag("ReadOnly"),
        kind,
        consistency: mount.word("Consistency"),
    }
}

fn network(root: View<'_>, short: &str) -> NetworkAttachment {
    let mode = root.at("HostConfig").text("NetworkMode");
    let disabled = root.at("Config").flag("NetworkDisabled");
    let networks = root.at("NetworkSettings").entries("Networks");
    // Podman 4 calls every network "bridge" here.
    let elsewhere = mode == "bridge"
        && !networks.is_empty()
        && !networks.iter().any(|(name, _)| matches!(*name, "bridge" | "podman"));
    let own = matches!(mode.as_str(), "" | "default" | "bridge" | "host" | "none" | "nat")
        || mode.starts_with("container:");
    let mut endpoints: Vec<EndpointSpec> = if own && !elsewhere {
        Vec::new()
    } else {
        networks.into_iter().map(|(name, endpoint)| endpoint_spec(name, endpoint, short)).collect()
    };
    // The primary one is the mode.
    endpoints.sort_by_key(|endpoint| endpoint.network != mode);
    let mode = (!mode.is_empty()).then_some(Namespace::Mode(mode));
    NetworkAttachment { mode, endpoints, disabled }
}

fn endpoint_spec(name: &str, endpoint: View<'_>, short: &str) -> EndpointSpec {
    let ipam = endpoint.at("IPAMConfig");
    let mut aliases = endpoint.words("Aliases");
    // Older engines add the short id.
    aliases.retain(|alias| alias != short);
    let driver_opts = endpoint.map("DriverOpts");
    EndpointSpec {
        key: String::new(),
        network: name.to_owned(),
        network_id: None,
        aliases,
        links: endpoint.words("Links"),
        ipv4_address: ipam.word("IPv4Address"),
        ipv6_address: ipam.word("IPv6Address"),
        link_local_ips: ipam.words("LinkLocalIPs"),
        configured: ipam.given(),
        // A running container tells the address it got, asked for or not.
        mac_address: None,
        interface_name: driver_opts.get("com.docker.network.endpoint.ifname").cloned(),
        driver_opts,
        gw_priority: endpoint.number("GwPriority"),
    }
}

fn resources(host: View<'_>) -> ResourceSpec {
    let throttles = |key: &str| -> Vec<ThrottleSpec> {
        host.items(key)
            .map(|entry| ThrottleSpec {
                path: entry.text("Path"),
                rate: entry.0["Rate"].as_u64().unwrap_or_default(),
            })
            .collect()
    };
    let mut ulimits: Vec<UlimitSpec> = host
        .items("Ulimits")
        .map(|limit| UlimitSpec {
            name: limit.text("Name"),
            soft: limit.number("Soft"),
            hard: limit.number("Hard"),
        })
        .collect();
    ulimits.sort_by(|a, b| a.name.cmp(&b.name));
    ResourceSpec {
        memory: host.number("Memory"),
        memory_reservation: host.number("MemoryReservation"),
        memory_swap: host.number("MemorySwap"),
        memory_swappiness: host.0["MemorySwappiness"].as_i64().filter(|value| *value >= 0),
        oom_kill_disable: host.flag("OomKillDisable"),
        oom_score_adj: host.number("OomScoreAdj"),
        shm_size: host.number("ShmSize"),
        nano_cpus: host.number("NanoCpus"),
        cpu_shares: host.number("CpuShares"),
        cpu_period: host.number("CpuPeriod"),
        cpu_quota: host.number("CpuQuota"),
        cpu_rt_period: host.number("CpuRealtimePeriod"),
        cpu_rt_runtime: host.number("CpuRealtimeRuntime"),
        cpuset: host.word("CpusetCpus"),
        cpu_count: host.number("CpuCount"),
        cpu_percent: host.number("CpuPercent"),
        pids_limit: host.amount("PidsLimit"),
        ulimits,
        devices: host
            .items("Devices")
            .map(|device| DeviceSpec {
                source: device.text("PathOnHost"),
                target: device.text("PathInContainer"),
                permissions: device.text("CgroupPermissions"),
            })
            .collect(),
        device_requests: host
            .items("DeviceRequests")
            .map(|request| DeviceRequestSpec {
                driver: request.text("Driver"),
                count: request.number("Count"),
                device_ids: request.words("DeviceIDs"),
                // Alternatives of capabilities: we always ask with one.
                capabilities: request.0["Capabilities"][0]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|word| word.as_str().map(str::to_owned))
                    .collect(),
                options: request.map("Options"),
            })
            .collect(),
        device_cgroup_rules: host.words("DeviceCgroupRules"),
        blkio: BlkioSpec {
            weight: u16::try_from(host.number("BlkioWeight")).unwrap_or_default(),
            weight_device: host
                .items("BlkioWeightDevice")
                .map(|entry| (entry.text("Path"), u16::try_from(entry.number("Weight")).unwrap_or_default()))
                .collect(),
            device_read_bps: throttles("BlkioDeviceReadBps"),
            device_read_iops: throttles("BlkioDeviceReadIOps"),
            device_write_bps: throttles("BlkioDeviceWriteBps"),
            device_write_iops: throttles("BlkioDeviceWriteIOps"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::ApiVersion;

    #[test]
    fn bind_texts_are_read_back() {
        let found = bind("/src:/h:ro,z").expect("a mount");
        assert_eq!((found.target.as_str(), found.read_only), ("/h", true));
        let MountKind::Bind { source, selinux, .. } = found.kind else { panic!("a bind") };
        assert_eq!((source.as_str(), selinux.as_deref()), ("/src", Some("z")));
        let found = bind("p_v:/v:rw").expect("a mount");
        assert!(matches!(found.kind, MountKind::Volume { name: Some(name), .. } if name == "p_v"));
        assert_eq!(bind("v:/v").expect("a mount").target, "/v");
    }

    #[test]
    fn what_was_asked_for_comes_back() {
        let spec = ContainerSpec {
            image: "busybox".into(),
            command: Some(vec!["sleep".into(), "9".into()]),
            entrypoint: Some(Vec::new()),
            environment: [("A".to_owned(), Some("1=2".to_owned()))].into_iter().collect(),
            cap_add: vec!["CAP_NET_ADMIN".into()],
            healthcheck: Some(HealthSpec {
                test: vec!["CMD".into(), "true".into()],
                interval: Some(5_000_000_000),
                retries: Some(3),
                ..HealthSpec::default()
            }),
            exposed_ports: vec![ExposedPort { port: 80, protocol: "tcp".into() }],
            port_bindings: vec![PortBinding {
                container: ExposedPort { port: 80, protocol: "tcp".into() },
                host_ip: "127.0.0.1".into(),
                host_port: "8080".into(),
            }],
            restart: Some(RestartSpec { name: "on-failure".into(), max_retries: 3 }),
            resources: ResourceSpec {
                memory: 1 << 26,
                ulimits: vec![UlimitSpec { name: "nofile".into(), soft: 1, hard: 2 }],
                pids_limit: Some(50),
                ..ResourceSpec::default()
            },
            ..ContainerSpec::default()
        };
        let body = super::super::body::container(&spec, ApiVersion::new(1, 51)).expect("a body");
        // An inspection shows the request's own words, one level deeper.
        let answer =
            serde_json::json!({"Id": "0123456789abcdef", "Config": body, "HostConfig": body["HostConfig"]});
        assert_eq!(*detail(&answer).spec, spec);
    }
}
