//! Hashes of services, networks and volumes, as the reference writes them into labels.
//!
//! A hash is the SHA-256 of the compact JSON of the object. Services are hashed without what concerns
//! only this tool (`build`, `depends_on`, `profiles`, `pull_policy`, `scale`, `deploy.replicas`), and
//! their fields stand in an older order than the printed one.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::yaml::emit::to_json_compact;
use crate::yaml::{Kind, Mapping, Node};

use super::record::{Form, Record};
use super::{Network, Service, Volume};

/// The order of a service's fields in its hash; what is not here is not hashed.
const SERVICE_ORDER: &[&str] = &[
    "annotations",
    "attach",
    "develop",
    "blkio_config",
    "cap_add",
    "cap_drop",
    "cgroup_parent",
    "cgroup",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpus",
    "cpuset",
    "cpu_shares",
    "command",
    "configs",
    "container_name",
    "credential_spec",
    "deploy",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "provider",
    "environment",
    "env_file",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "group_add",
    "gpus",
    "hostname",
    "healthcheck",
    "image",
    "init",
    "ipc",
    "isolation",
    "labels",
    "label_file",
    "links",
    "logging",
    "mem_limit",
    "mem_reservation",
    "memswap_limit",
    "mem_swappiness",
    "mac_address",
    "models",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "ports",
    "privileged",
    "pull_refresh_after",
    "read_only",
    "restart",
    "runtime",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes",
    "volumes_from",
    "working_dir",
    "pre_start",
    "post_start",
    "pre_stop",
];

/// The hash of a service, the value of the label `com.docker.compose.config-hash`. For the label,
/// references to other services' containers must have been replaced by their ids before.
pub fn service(service: &Service) -> String {
    digest(&service_json(service))
}

/// The text that [`service()`] hashes.
pub fn service_json(service: &Service) -> String {
    let mut fields = mapping(service.to_node(Form::Json));
    if let Some(deploy) = fields.get_mut("deploy").and_then(Node::as_mapping_mut) {
        deploy.remove("replicas");
    }
    let ordered = SERVICE_ORDER.iter().filter_map(|key| fields.remove_entry(key));
    let ordered = ordered.map(|entry| (entry.key, entry.value)).collect();
    to_json_compact(&Node::new(Kind::Mapping(ordered)))
}

/// The hash of a network, the value of its label `com.docker.compose.config-hash`.
pub fn network(network: &Network) -> String {
    digest(&to_json_compact(&network.to_node(Form::Json)))
}

/// The hash of a volume, the value of its label `com.docker.compose.config-hash`.
pub fn volume(volume: &Volume) -> String {
    let mut named = volume.clone();
    named.driver.get_or_insert_with(|| "local".to_owned());
    digest(&to_json_compact(&named.to_node(Form::Json)))
}

fn mapping(node: Node) -> Mapping {
    match node.kind {
        Kind::Mapping(map) => map,
        _ => Mapping::new(),
    }
}

fn digest(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::fixture;

    fn service_hash(fields: Value) -> (String, String) {
        let (project, diags) = fixture::project(json!({ "services": { "s": fields } }));
        assert!(diags.is_empty(), "{:?}", fixture::messages(&diags));
        (service_json(&project.services["s"]), service(&project.services["s"]))
    }

    #[test]
    fn services_hash_as_the_reference_does() {
        let default = json!({ "default": null });
        let vectors = [
            (
                json!({ "image": "nginx", "networks": default }),
                "daef7adc9ecc59d4881bd1ebc06f26a836d35656f8b5fb0adfdb95b2d856fbd3",
            ),
            (
                json!({ "image": "nginx:1.25", "command": "echo hi", "networks": default,
                    "environment": { "B": "2", "A": 1, "C": null },
                    "ports": [{ "mode": "ingress", "target": 80, "published": "8080", "protocol": "tcp" }] }),
                "eade8203439059cb89a38544ee1c6c971e7a2fee5978d9ee4b126be949545b31",
            ),
            (
                json!({ "build": { "context": "/ctx" }, "network_mode": "host", "restart": "always",
                    "labels": { "a": "<b>&c" },
                    "volumes": [
                        { "type": "bind", "source": "/host", "target": "/c", "read_only": true,
                          "bind": { "create_host_path": true } },
                        { "type": "volume", "source": "vol", "target": "/d", "volume": {} }] }),
                "62da1b64e5439baf5a0489bc5d845688a5e90da40036b9ba463b763af4b2f632",
            ),
            (
                json!({ "image": "a", "scale": 3, "pull_policy": "always", "profiles": [], "networks": default,
                    "depends_on": { "t": { "condition": "service_started", "required": true } },
                    "deploy": { "replicas": 3 } }),
                "1594972185b5ebb99121ce44f78afc99a9a7f9c59c98d2d1651346d51590f959",
            ),
            (
                json!({ "image": "a", "cpus": 0.5, "mem_limit": "512m", "networks": default,
                    "healthcheck": { "test": "curl x", "interval": "1m30s", "retries": 3 },
                    "ulimits": { "nofile": { "soft": 1, "hard": 2 }, "nproc": 5 },
                    "logging": { "driver": "json-file", "options": { "max-size": "10m" } } }),
                "3ce55960394e23c6a357069118b3f38be9b394e5323eb46472e14f26922cfc66",
            ),
            (
                json!({ "image": "a", "networks": default, "dns": ["8.8.8.8"], "tmpfs": ["/tmp"],
                    "secrets": [{ "source": "x", "target": "/run/secrets/x" }],
                    "configs": [{ "source": "y", "target": "/y", "mode": 0o440 }],
                    "extra_hosts": ["h:1.2.3.4"], "sysctls": { "net.x": 1 }, "stop_grace_period": "20s",
                    "init": true }),
                "fd5cc6381bc76bfc60ead0c9fb5bf1ea71f0e32f06c5584dbee5ac3f79449ca8",
            ),
            (
                json!({ "image": "a", "networks": { "n": { "aliases": ["q"] }, "m": null } }),
                "fa98fbba3178051b2e9ebd68b6b1f158a5db4ff6b45c5f77530e7929064426cc",
            ),
            (
                json!({ "image": "a", "networks": default, "volumes": [
                    { "type": "bind", "source": "/a", "target": "/b" },
                    { "type": "bind", "source": "/a", "target": "/c", "bind": { "create_host_path": false } },
                    { "type": "tmpfs", "target": "/t", "tmpfs": { "size": "1m" } },
                    { "type": "volume", "target": "/anon", "volume": {} }] }),
                "90ff61c0bf5e80473b1029774b787174aadb28f25a3ea8887de51f23fe0a0399",
            ),
            (
                json!({ "image": "a", "networks": default, "command": [], "entrypoint": [], "x-foo": 1,
                    "environment": { "U": "é\u{2028}\"x\" \\\\ " } }),
                "1304ac6c7bb5c997401211079cd8d5c74aa317ad44187832a722a3110f9e6070",
            ),
        ];
        for (fields, expected) in vectors {
            let (text, hash) = service_hash(fields);
            assert_eq!(hash, expected, "{text}");
        }
    }

    #[test]
    fn networks_and_volumes_hash_as_the_reference_does() {
        let (project, _) = fixture::project(json!({
            "networks": {
                "default": { "name": "researchloader_default" },
                "n": { "name": "researchloader_n", "labels": ["k=v"], "internal": true,
                    "ipam": { "config": [{ "subnet": "10.99.0.0/24" }] } },
            },
            "volumes": { "vv": { "name": "researchloader_vv", "labels": { "k": "v" } } },
        }));
        assert_eq!(
            network(&project.networks["default"]),
            "89ffd2c131bf46099be1690b547f5cf534e8a35dddd92aa64af64d216353e6fb"
        );
        assert_eq!(
            network(&project.networks["n"]),
            "b63d018d251efea7aaa7eb21b82d64766b18d33505c55d25ad39abda9071a00a"
        );
        assert_eq!(
            volume(&project.volumes["vv"]),
            "ad42cd515a608688bdfeed957e34d7b9e434ff686870fd23ba58cd70ba6f7936"
        );
    }
}
