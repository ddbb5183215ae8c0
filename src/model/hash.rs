//! Hashes of services, networks and volumes, as the reference writes them into labels.
//!
//! A hash is the SHA-256 of the compact JSON of the object. Services are hashed without what concerns
//! only this tool (`build`, `depends_on`, `profiles`, `pull_policy`, `scale`, `deploy.replicas`), and
//! their fields stand in an older order than the printed one.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::base::number;
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
    let mut text = String::with_capacity(512);
    object(&mut text, SERVICE_ORDER.iter().filter_map(|key| Some((*key, fields.get(key)?))));
    text
}

/// The hash of a network, the value of its label `com.docker.compose.config-hash`.
pub fn network(network: &Network) -> String {
    digest(&compact(&network.to_node(Form::Json)))
}

/// The hash of a volume, the value of its label `com.docker.compose.config-hash`.
pub fn volume(volume: &Volume) -> String {
    let mut named = volume.clone();
    named.driver.get_or_insert_with(|| "local".to_owned());
    digest(&compact(&named.to_node(Form::Json)))
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

fn compact(node: &Node) -> String {
    let mut text = String::with_capacity(256);
    value(&mut text, node);
    text
}

fn object<'a>(out: &mut String, entries: impl Iterator<Item = (&'a str, &'a Node)>) {
    out.push('{');
    for (at, (key, node)) in entries.enumerate() {
        if at > 0 {
            out.push(',');
        }
        string(out, key);
        out.push(':');
        value(out, node);
    }
    out.push('}');
}

fn value(out: &mut String, node: &Node) {
    match &node.kind {
        Kind::Null | Kind::Invalid => out.push_str("null"),
        Kind::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Kind::Int(number) => out.push_str(&number.to_string()),
        Kind::UInt(number) => out.push_str(&number.to_string()),
        Kind::Float(number) => out.push_str(&number::json_f64(*number)),
        Kind::Timestamp(text) | Kind::String(text) => string(out, text),
        Kind::Sequence(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                value(out, item);
            }
            out.push(']');
        }
        Kind::Mapping(map) => object(out, map.iter().map(|entry| (entry.key.text.as_str(), &entry.value))),
    }
}

/// A JSON string with the escapes of the reference, which make it safe inside HTML.
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
