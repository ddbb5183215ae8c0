//! One text in every place that takes a short form, brought to its long form and decoded; and what is
//! printed of it is the same when it goes the same way again.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use rcompose::base::{bytes, duration, image_ref::ImageRef, number, platform::Platform, shell};
use rcompose::diag::{Diagnostics, Span};
use rcompose::load::canonical::{self, Strictness};
use rcompose::model;
use rcompose::yaml::{Key, Kind, Mapping, Node};

const LISTS: &[&str] = &[
    "ports",
    "volumes",
    "devices",
    "extra_hosts",
    "environment",
    "secrets",
    "configs",
    "env_file",
    "tmpfs",
    "expose",
    "dns",
    "links",
    "volumes_from",
    "cap_add",
    "security_opt",
    "device_cgroup_rules",
    "group_add",
    "sysctls",
    "depends_on",
    "networks",
];

const TEXTS: &[&str] = &[
    "command",
    "entrypoint",
    "mem_limit",
    "shm_size",
    "stop_grace_period",
    "restart",
    "network_mode",
    "ipc",
    "pid",
    "user",
    "platform",
    "image",
    "build",
    "cpus",
    "gpus",
    "pull_policy",
    "mac_address",
];

fn mapping(entries: Vec<(&str, Node)>) -> Node {
    Node::new(Kind::Mapping(
        entries.into_iter().map(|(key, value)| (Key::new(key), value)).collect::<Mapping>(),
    ))
}

fuzz_target!(|text: &str| {
    let _ = (duration::parse_duration(text), bytes::parse_bytes(text), number::parse_f64(text));
    let _ = (number::parse_i64(text, "ParseInt"), shell::split(text), Platform::parse(text));
    if let Ok(image) = ImageRef::parse(text) {
        assert_eq!(ImageRef::parse(&image.name()).map(|again| again.name()), Ok(image.name()));
    }
    let word = || Node::string(text, Span::NONE);
    for key in LISTS.iter().chain(TEXTS) {
        let value = match LISTS.contains(key) {
            true => Node::new(Kind::Sequence(vec![word()])),
            false => word(),
        };
        let mut tree = mapping(vec![("services", mapping(vec![("web", mapping(vec![(*key, value)]))]))]);
        let mut findings = Diagnostics::new();
        canonical::transform(&mut tree, Strictness::Strict, &mut findings);
        let good = !findings.has_errors();
        let once = tree.clone();
        canonical::transform(&mut tree, Strictness::Strict, &mut findings);
        assert!(!good || tree.same(&once), "{key}: not canonical after one turn");
        let project = model::decode(&Arc::new(tree), &mut findings);
        let _ = model::print::yaml(&project);
        for service in project.services.values() {
            let _ = model::hash::service(service);
        }
    }
});
