use super::*;
use crate::diag::{FileId, SourceMap};
use crate::yaml::{self, emit};

fn node(text: &str) -> Node {
    let mut diags = Diagnostics::new();
    let file = SourceMap::new().add("f", text);
    let document = yaml::parse(text, file, &mut diags).into_iter().next();
    assert!(diags.is_empty(), "{diags:?}");
    document.map_or_else(Node::null, |document| document.root)
}

fn merged(base: &str, over: &str) -> (String, Vec<String>) {
    let mut diags = Diagnostics::new();
    let mut root = merge(node(base), node(over), &PathRef::Root, &mut diags);
    unique(&mut root, Some(&mut diags));
    (emit::to_json_compact(&root), diags.iter().map(|d| d.message.clone()).collect())
}

#[track_caller]
fn check(base: &str, over: &str, wanted: &str) {
    assert_eq!(merged(base, over), (emit::to_json_compact(&node(wanted)), Vec::new()));
}

#[track_caller]
fn service(base: &str, over: &str, wanted: &str) {
    let wrap = |text: &str| format!("services: {{s: {{{text}}}}}");
    check(&wrap(base), &wrap(over), &wrap(wanted));
}

#[test]
fn mappings_merge_lists_grow_and_scalars_are_replaced() {
    service("image: a, x-a: {b: 1, c: 2}", "image: b, x-a: {c: 3}", "image: b, x-a: {b: 1, c: 3}");
    service("security_opt: [a, b]", "security_opt: [b, c]", "security_opt: [a, b, c]");
    service("image: a, command: [a]", "image: , command: ", "image: a, command: ");
    service("healthcheck: {test: [a]}", "healthcheck: {test: []}", "healthcheck: {test: []}");
}

#[test]
fn two_ways_of_writing_become_one() {
    service("environment: {B: 2, A: }", "environment: [B=3]", "environment: [A, B=3]");
    service("dns: 1.1.1.1", "dns: [1.1.1.1, 2.2.2.2]", "dns: [1.1.1.1, 2.2.2.2]");
    service("build: a", "build: {target: t}", "build: {context: a, target: t}");
    service(
        "depends_on: {a: {condition: service_healthy, restart: true, required: true}}",
        "depends_on: [a]",
        "depends_on: {a: {condition: service_started, restart: true, required: true}}",
    );
    service("networks: {a: {priority: 1}}", "networks: [a, b]", "networks: {a: {priority: 1}, b: }");
    service("build: {ssh: {default: }}", "build: {ssh: [k=/p]}", "build: {ssh: {default: , k: /p}}");
    service("logging: {driver: a, options: {x: y}}", "logging: {driver: b}", "logging: {driver: b}");
    service(
        "ulimits: {n: {soft: 1, hard: 2}}",
        "ulimits: {n: {hard: 3}}",
        "ulimits: {n: {soft: 1, hard: 3}}",
    );
    service("ulimits: {n: {soft: 1, hard: 2}}", "ulimits: {n: 3}", "ulimits: {n: 3}");
}

#[test]
fn later_address_pools_replace_all_but_those_of_their_subnet() {
    check(
        "networks: {n: {ipam: {config: [{subnet: a, gateway: g}, {subnet: b, gateway: h}]}}}",
        "networks: {n: {ipam: {config: [{subnet: b, ip_range: r}, {subnet: c}]}}}",
        "networks: {n: {ipam: {config: [{subnet: b, gateway: h, ip_range: r}, {subnet: c}]}}}",
    );
}

#[test]
fn lists_hold_each_thing_once() {
    service("volumes: [aa:/d, bb:/e]", "volumes: [cc:/d]", "volumes: [cc:/d, bb:/e]");
    service("ports: [80:80]", "ports: [80:80, {target: 1}, {target: 1}]", "ports: [80:80, {target: 1}]");
    service("secrets: [a]", "secrets: [{source: a, mode: 256}]", "secrets: [{source: a, mode: 256}]");
    service("expose: [80]", "expose: ['80', 81]", "expose: ['80', 81]");
    let (_, findings) = merged("services: {s: {volumes: [{type: bind}], ports: [{published: 1}]}}", "{}");
    assert_eq!(
        findings,
        [
            "service volume services.s.volumes[0] is missing a mount target",
            "service ports services.s.ports[0] is missing a target port"
        ]
    );
}

#[test]
fn conflicts_are_told_and_do_not_spread() {
    let (tree, findings) =
        merged("services: {s: {gpus: [{count: 1}], image: a}}", "services: {s: {gpus: all, image: b}}");
    assert_eq!(findings, ["cannot override services.s.gpus"]);
    assert!(tree.contains("\"image\":\"b\""), "{tree}");
}

#[test]
fn merged_values_keep_their_places() {
    let mut diags = Diagnostics::new();
    let parse = |text: &str, file: u32, diags: &mut Diagnostics| {
        yaml::parse(text, FileId(file), diags).remove(0).root
    };
    let base = parse("services: {s: {image: a, user: u}}", 0, &mut diags);
    let over = parse("services: {s: {image: b}}", 1, &mut diags);
    let root = merge(base, over, &PathRef::Root, &mut diags);
    let service = root.get("services").and_then(|s| s.get("s")).and_then(Node::as_mapping);
    let file =
        |key: &str| service.and_then(|s| s.entry(key)).map(|e| (e.key.span.file.0, e.value.span.file.0));
    assert_eq!((file("image"), file("user")), (Some((1, 1)), Some((0, 0))));
}
