//! The create request of a container, in bollard's models.
//!
//! Words that bollard keeps in closed enums (restart policies, mount types, …) are written as text after
//! the model has become JSON, so that whatever the file says reaches the engine.

mod mounts;

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, DeviceMapping, DeviceRequest, EndpointIpamConfig, EndpointSettings, HealthConfig,
    HostConfig, HostConfigLogConfig, NetworkingConfig, PortBinding, PortMap, ResourcesBlkioWeightDevice,
    ResourcesUlimits, ThrottleDevice,
};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::engine::EngineError;
use crate::spec::{ContainerSpec, EndpointSpec, ExposedPort, HealthSpec, Namespace, ThrottleSpec};
use crate::state::ApiVersion;

/// Image mounts.
const IMAGE_MOUNTS: ApiVersion = ApiVersion::new(1, 48);
/// Names of network interfaces.
const INTERFACE_NAMES: ApiVersion = ApiVersion::new(1, 49);
/// More than one network at the creation.
const MANY_ENDPOINTS: ApiVersion = ApiVersion::new(1, 44);

/// MAC addresses of endpoints; before, a container has one.
const ENDPOINT_MAC: ApiVersion = ApiVersion::new(1, 44);
/// Which network has the default gateway.
const GATEWAY_PRIORITY: ApiVersion = ApiVersion::new(1, 48);

/// What an engine leaves out of a request without a word.
pub(super) fn left_out(spec: &ContainerSpec, api: ApiVersion) -> Vec<String> {
    let words = |key: &str, endpoint: &EndpointSpec, needs: ApiVersion| {
        let network = &endpoint.network;
        format!(
            "{key} on the network {network} needs engine API {needs}, and this engine speaks {api}: it has no effect"
        )
    };
    let mut out = Vec::new();
    for endpoint in &spec.network.endpoints {
        if endpoint.mac_address.is_some() && api < ENDPOINT_MAC {
            out.push(words("mac_address", endpoint, ENDPOINT_MAC));
        }
        if endpoint.gw_priority != 0 && api < GATEWAY_PRIORITY {
            out.push(words("gw_priority", endpoint, GATEWAY_PRIORITY));
        }
    }
    out
}

/// The body of `POST /containers/create`.
pub(super) fn container(spec: &ContainerSpec, api: ApiVersion) -> Result<Value, EngineError> {
    let (binds, mounts) = mounts::split(&spec.mounts, api)?;
    let endpoints = endpoints(spec, api)?;
    let body = ContainerCreateBody {
        hostname: spec.hostname.clone(),
        domainname: spec.domainname.clone(),
        user: spec.user.clone(),
        attach_stdin: Some(false),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(spec.tty),
        open_stdin: Some(spec.stdin_open),
        env: Some(environment(&spec.environment)),
        cmd: spec.command.clone(),
        entrypoint: spec.entrypoint.clone(),
        image: Some(spec.image.clone()),
        working_dir: spec.working_dir.clone(),
        labels: Some(text_map(&spec.labels)),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout: spec.stop_timeout,
        healthcheck: spec.healthcheck.as_ref().map(health),
        network_disabled: spec.network.disabled.then_some(true),
        networking_config: (!endpoints.is_empty())
            .then_some(NetworkingConfig { endpoints_config: Some(endpoints) }),
        host_config: Some(host(spec, binds)?),
        ..ContainerCreateBody::default()
    };
    let mut value = serde_json::to_value(&body).map_err(|error| EngineError::Broken {
        subject: format!("container of image {}", spec.image),
        cause: error.to_string(),
    })?;
    let exposed: serde_json::Map<String, Value> =
        spec.exposed_ports.iter().map(|port| (port_key(port), json!({}))).collect();
    if !exposed.is_empty() {
        value["ExposedPorts"] = Value::Object(exposed);
    }
    let host = &mut value["HostConfig"];
    if let Some(restart) = &spec.restart {
        host["RestartPolicy"] = json!({ "Name": restart.name, "MaximumRetryCount": restart.max_retries });
    }
    if let Some(mode) = &spec.cgroup {
        host["CgroupnsMode"] = json!(mode);
    }
    if let Some(isolation) = &spec.isolation {
        host["Isolation"] = json!(isolation);
    }
    if !mounts.is_empty() {
        host["Mounts"] = Value::Array(mounts);
    }
    if spec.unmasked_paths {
        host["MaskedPaths"] = json!([]);
        host["ReadonlyPaths"] = json!([]);
    }
    Ok(value)
}

fn host(spec: &ContainerSpec, binds: Vec<String>) -> Result<HostConfig, EngineError> {
    let resources = &spec.resources;
    let amount = |number: i64| (number != 0).then_some(number);
    let blkio = &resources.blkio;
    Ok(HostConfig {
        binds: some(binds),
        tmpfs: (!spec.tmpfs.is_empty()).then(|| text_map(&spec.tmpfs)),
        volumes_from: some(
            spec.volumes_from
                .iter()
                .map(|from| resolved(from, "volumes_from"))
                .collect::<Result<Vec<_>, _>>()?,
        ),
        volume_driver: spec.volume_driver.clone(),
        network_mode: mode(spec.network.mode.as_ref(), "network_mode")?,
        ipc_mode: mode(spec.ipc.as_ref(), "ipc")?,
        pid_mode: mode(spec.pid.as_ref(), "pid")?,
        uts_mode: spec.uts.clone(),
        userns_mode: spec.userns_mode.clone(),
        port_bindings: Some(port_bindings(spec)),
        annotations: (!spec.annotations.is_empty()).then(|| text_map(&spec.annotations)),
        cap_add: some(spec.cap_add.clone()),
        cap_drop: some(spec.cap_drop.clone()),
        group_add: some(spec.group_add.clone()),
        dns: some(spec.dns.clone()),
        dns_search: some(spec.dns_search.clone()),
        dns_options: some(spec.dns_options.clone()),
        extra_hosts: Some(spec.extra_hosts.clone()),
        links: some(spec.links.clone()),
        privileged: Some(spec.privileged),
        readonly_rootfs: Some(spec.read_only),
        init: spec.init,
        runtime: spec.runtime.clone(),
        security_opt: some(spec.security_opt.clone()),
        sysctls: (!spec.sysctls.is_empty()).then(|| text_map(&spec.sysctls)),
        storage_opt: (!spec.storage_opt.is_empty()).then(|| text_map(&spec.storage_opt)),
        log_config: spec.logging.as_ref().map(|logging| HostConfigLogConfig {
            typ: Some(logging.driver.clone()),
            config: Some(text_map(&logging.options)),
        }),
        cgroup_parent: spec.cgroup_parent.clone(),
        memory: amount(resources.memory),
        memory_reservation: amount(resources.memory_reservation),
        memory_swap: amount(resources.memory_swap),
        memory_swappiness: resources.memory_swappiness,
        oom_kill_disable: Some(resources.oom_kill_disable),
        oom_score_adj: amount(resources.oom_score_adj),
        shm_size: amount(resources.shm_size),
        nano_cpus: amount(resources.nano_cpus),
        cpu_shares: amount(resources.cpu_shares),
        cpu_period: amount(resources.cpu_period),
        cpu_quota: amount(resources.cpu_quota),
        cpu_realtime_period: amount(resources.cpu_rt_period),
        cpu_realtime_runtime: amount(resources.cpu_rt_runtime),
        cpuset_cpus: resources.cpuset.clone(),
        cpu_count: amount(resources.cpu_count),
        cpu_percent: amount(resources.cpu_percent),
        pids_limit: resources.pids_limit,
        ulimits: some(
            resources
                .ulimits
                .iter()
                .map(|limit| ResourcesUlimits {
                    name: Some(limit.name.clone()),
                    soft: Some(limit.soft),
                    hard: Some(limit.hard),
                })
                .collect(),
        ),
        devices: some(
            resources
                .devices
                .iter()
                .map(|device| DeviceMapping {
                    path_on_host: Some(device.source.clone()),
                    path_in_container: Some(device.target.clone()),
                    cgroup_permissions: Some(device.permissions.clone()),
                })
                .collect(),
        ),
        device_requests: some(
            resources
                .device_requests
                .iter()
                .map(|request| DeviceRequest {
                    driver: Some(request.driver.clone()),
                    count: Some(request.count),
                    device_ids: some(request.device_ids.clone()),
                    capabilities: (!request.capabilities.is_empty())
                        .then(|| vec![request.capabilities.clone()]),
                    options: (!request.options.is_empty()).then(|| text_map(&request.options)),
                })
                .collect(),
        ),
        device_cgroup_rules: some(resources.device_cgroup_rules.clone()),
        blkio_weight: (blkio.weight != 0).then_some(blkio.weight),
        blkio_weight_device: some(
            blkio
                .weight_device
                .iter()
                .map(|(path, weight)| ResourcesBlkioWeightDevice {
                    path: Some(path.clone()),
                    weight: Some(usize::from(*weight)),
                })
                .collect(),
        ),
        blkio_device_read_bps: throttles(&blkio.device_read_bps),
        blkio_device_read_iops: throttles(&blkio.device_read_iops),
        blkio_device_write_bps: throttles(&blkio.device_write_bps),
        blkio_device_write_iops: throttles(&blkio.device_write_iops),
        ..HostConfig::default()
    })
}

fn throttles(list: &[ThrottleSpec]) -> Option<Vec<ThrottleDevice>> {
    some(
        list.iter()
            .map(|throttle| ThrottleDevice {
                path: Some(throttle.path.clone()),
                rate: Some(i64::try_from(throttle.rate).unwrap_or(i64::MAX)),
            })
            .collect(),
    )
}

/// `80/tcp`.
fn port_key(port: &ExposedPort) -> String {
    format!("{}/{}", port.port, port.protocol)
}

/// Sent even when there is none, as the reference does: an inspection shows the difference.
fn port_bindings(spec: &ContainerSpec) -> PortMap {
    let mut map = PortMap::new();
    for binding in &spec.port_bindings {
        map.entry(port_key(&binding.container)).or_default().get_or_insert_default().push(PortBinding {
            host_ip: Some(binding.host_ip.clone()),
            host_port: Some(binding.host_port.clone()),
        });
    }
    map
}

fn environment(variables: &IndexMap<String, Option<String>>) -> Vec<String> {
    variables
        .iter()
        .map(|(key, value)| match value {
            Some(value) => format!("{key}={value}"),
            None => key.clone(),
        })
        .collect()
}

fn health(check: &HealthSpec) -> HealthConfig {
    HealthConfig {
        test: some(check.test.clone()),
        interval: check.interval,
        timeout: check.timeout,
        retries: check.retries.map(|retries| i64::try_from(retries).unwrap_or(i64::MAX)),
        start_period: check.start_period,
        start_interval: check.start_interval,
    }
}

fn endpoints(
    spec: &ContainerSpec,
    api: ApiVersion,
) -> Result<HashMap<String, EndpointSettings>, EngineError> {
    let count = if api >= MANY_ENDPOINTS { spec.network.endpoints.len() } else { 1 };
    spec.network
        .endpoints
        .iter()
        .take(count)
        .map(|wanted| {
            check_endpoint(wanted, api)?;
            Ok((wanted.network.clone(), endpoint(wanted)))
        })
        .collect()
}

/// Refuses what an older engine would silently leave out.
pub(super) fn check_endpoint(endpoint: &EndpointSpec, api: ApiVersion) -> Result<(), EngineError> {
    if endpoint.interface_name.is_some() {
        return need("interface_name", INTERFACE_NAMES, api);
    }
    Ok(())
}

fn need(feature: &str, needs: ApiVersion, has: ApiVersion) -> Result<(), EngineError> {
    if has >= needs {
        return Ok(());
    }
    Err(EngineError::Unsupported { feature: feature.to_owned(), needs, has })
}

/// Endpoint settings, for a creation or a connection.
pub(super) fn endpoint(spec: &EndpointSpec) -> EndpointSettings {
    EndpointSettings {
        ipam_config: spec.configured.then(|| EndpointIpamConfig {
            ipv4_address: spec.ipv4_address.clone(),
            ipv6_address: spec.ipv6_address.clone(),
            link_local_ips: some(spec.link_local_ips.clone()),
        }),
        network_id: spec.network_id.as_ref().map(ToString::to_string),
        links: some(spec.links.clone()),
        aliases: some(spec.aliases.clone()),
        mac_address: spec.mac_address.clone(),
        driver_opts: (!spec.driver_opts.is_empty()).then(|| text_map(&spec.driver_opts)),
        gw_priority: (spec.gw_priority != 0).then_some(spec.gw_priority),
        ip_address: spec.ipv4_address.clone(),
        ..EndpointSettings::default()
    }
}

fn mode(namespace: Option<&Namespace>, what: &str) -> Result<Option<String>, EngineError> {
    namespace.map(|namespace| resolved(namespace, what)).transpose()
}

/// The plan has put containers where services were.
fn resolved(namespace: &Namespace, what: &str) -> Result<String, EngineError> {
    match namespace {
        Namespace::Mode(mode) => Ok(mode.clone()),
        Namespace::Service(service) => Err(EngineError::Refused {
            subject: format!("service {service}"),
            status: 400,
            message: format!("{what} still names the service {service}, not one of its containers"),
        }),
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

pub(super) fn text_map(map: &IndexMap<String, String>) -> HashMap<String, String> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{NetworkAttachment, RestartSpec};

    const OLD: ApiVersion = ApiVersion::new(1, 41);
    const NEW: ApiVersion = ApiVersion::new(1, 51);

    fn two_networks() -> ContainerSpec {
        let endpoint = |name: &str| EndpointSpec {
            network: name.to_owned(),
            aliases: vec!["web".to_owned()],
            ..EndpointSpec::default()
        };
        ContainerSpec {
            image: "busybox".into(),
            network: NetworkAttachment {
                mode: Some(Namespace::Mode("p_front".into())),
                endpoints: vec![endpoint("p_front"), endpoint("p_back")],
                disabled: false,
            },
            ..ContainerSpec::default()
        }
    }

    #[test]
    fn old_engines_get_one_network() {
        let names = |api| {
            let body = container(&two_networks(), api).expect("a body");
            let map = body["NetworkingConfig"]["EndpointsConfig"].as_object().expect("endpoints").clone();
            let mut names: Vec<String> = map.into_iter().map(|(name, _)| name).collect();
            names.sort();
            names
        };
        assert_eq!(names(OLD), ["p_front"]);
        assert_eq!(names(NEW), ["p_back", "p_front"]);
    }

    #[test]
    fn what_old_engines_leave_out_is_said() {
        let mut spec = two_networks();
        for endpoint in &mut spec.network.endpoints {
            endpoint.mac_address = Some("02:42:ac:11:00:02".into());
        }
        spec.network.endpoints[0].gw_priority = 1;
        assert_eq!(
            left_out(&spec, OLD),
            [
                "mac_address on the network p_front needs engine API 1.44, and this engine speaks 1.41: it has no effect",
                "gw_priority on the network p_front needs engine API 1.48, and this engine speaks 1.41: it has no effect",
                "mac_address on the network p_back needs engine API 1.44, and this engine speaks 1.41: it has no effect",
            ]
        );
        assert!(left_out(&spec, NEW).is_empty());
    }

    #[test]
    fn emptied_lists_differ_from_absent_ones() {
        let mut spec = two_networks();
        let body = container(&spec, NEW).expect("a body");
        assert!(body["Entrypoint"].is_null() && body["HostConfig"]["MaskedPaths"].is_null());
        spec.entrypoint = Some(Vec::new());
        spec.unmasked_paths = true;
        spec.restart = Some(RestartSpec { name: "sometimes".into(), max_retries: 0 });
        spec.environment.insert("A".into(), Some("1".into()));
        spec.environment.insert("B".into(), None);
        let body = container(&spec, NEW).expect("a body");
        assert_eq!(body["Entrypoint"], json!([]));
        assert_eq!(body["HostConfig"]["MaskedPaths"], json!([]));
        assert_eq!(body["HostConfig"]["RestartPolicy"]["Name"], "sometimes");
        assert_eq!(body["Env"], json!(["A=1", "B"]));
    }

    #[test]
    fn an_interface_name_needs_a_new_engine() {
        let mut spec = two_networks();
        spec.network.endpoints[0].interface_name = Some("eth7".into());
        let refused = container(&spec, OLD).expect_err("a refusal");
        assert_eq!(
            refused,
            EngineError::Unsupported { feature: "interface_name".into(), needs: INTERFACE_NAMES, has: OLD }
        );
    }
}
