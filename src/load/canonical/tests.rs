use super::*;
use crate::diag::SourceMap;
use crate::yaml::{self, emit};

fn node(text: &str) -> (Node, SourceMap) {
    let mut sources = SourceMap::new();
    let mut diags = Diagnostics::new();
    let file = sources.add("f", text);
    let root = yaml::parse(text, file, &mut diags).remove(0).root;
    assert!(diags.is_empty(), "{diags:?}");
    (root, sources)
}

fn run(text: &str, strictness: Strictness) -> (Node, SourceMap, Vec<String>) {
    let (mut root, sources) = node(text);
    let mut diags = Diagnostics::new();
    transform(&mut root, strictness, &mut diags);
    (root, sources, diags.iter().map(|d| d.message.clone()).collect())
}

#[track_caller]
fn service(short: &str, long: &str) {
    let wrap = |text: &str| format!("services: {{s: {{{text}}}}}");
    let (root, _, findings) = run(&wrap(short), Strictness::Strict);
    assert!(findings.is_empty(), "{findings:?}");
    let wanted = node(&wrap(long)).0;
    assert!(root.same(&wanted), "{}\n{}", emit::to_json_compact(&root), emit::to_json_compact(&wanted));
    let mut again = root.clone();
    transform(&mut again, Strictness::Strict, &mut Diagnostics::new());
    assert!(again.same(&root), "twice is once");
}

#[test]
fn ports_are_split_and_ranges_expanded() {
    let port = |rest: &str| format!("{{mode: ingress, {rest}}}");
    for (short, long) in [
        ("[80]", port("target: 80, protocol: tcp")),
        (
            "['127.0.0.1:8080:80/UDP']",
            port("target: 80, protocol: udp, host_ip: 127.0.0.1, published: '8080'"),
        ),
        ("['::1:81:80']", port("target: 80, protocol: tcp, host_ip: '::1', published: '81'")),
        ("['[::1]:81:80']", port("target: 80, protocol: tcp, host_ip: '::1', published: '81'")),
        ("['8000-8001:80']", port("target: 80, protocol: tcp, published: '8000-8001'")),
        ("['80-80:80']", port("target: 80, protocol: tcp, published: '80'")),
        ("[':80']", port("target: 80, protocol: tcp")),
    ] {
        service(&format!("ports: {short}"), &format!("ports: [{long}]"));
    }
    let (root, _, _) = run("services: {s: {ports: ['9-11:9-11']}}", Strictness::Strict);
    let ports = root.get("services").and_then(|s| s.get("s")?.get("ports")?.as_sequence());
    let targets: Vec<i64> =
        ports.unwrap_or_default().iter().filter_map(|p| p.get("target")?.as_int()).collect();
    assert_eq!(targets, [10, 11, 9]);
}

#[test]
fn every_broken_port_is_told() {
    let text =
        "services: {s: {ports: ['80:', 'a:80', '1:a', '80/foo', 'localhost:1:2', '80-81:8080-8082', 1.5]}}";
    let (_, _, findings) = run(text, Strictness::Strict);
    assert_eq!(
        findings,
        [
            "no port specified: 80:<empty>",
            "invalid hostPort: a",
            "invalid containerPort: a",
            "invalid proto: foo",
            "invalid IP address: localhost",
            "invalid ranges specified for container and host Ports: 8080-8082 and 80-81",
            "services.s.ports: invalid type float64 for port",
        ]
    );
    let (root, _, findings) = run("services: {s: {ports: ['80:80', '${P}:80']}}", Strictness::Lenient);
    assert!(findings.is_empty());
    assert!(emit::to_json_compact(&root).contains("[\"80:80\",\"${P}:80\"]"));
}

#[test]
fn mounts_are_split() {
    for (short, long) in [
        ("/d", "{type: volume, target: /d}"),
        ("/data/", "{type: volume, target: /data, volume: {}}"),
        ("v:/data", "{type: volume, target: 'v:/data', volume: {}}"),
        (
            "vol:/d/../e:ro,nocopy",
            "{type: volume, source: vol, target: /e, read_only: true, volume: {nocopy: true}}",
        ),
        ("./a:/b:z", "{type: bind, source: ./a, target: /b, bind: {selinux: z, create_host_path: true}}"),
        ("C:\\a:/b", "{type: bind, source: 'C:\\a', target: /b, bind: {create_host_path: true}}"),
        ("vol:/b:z", "{type: volume, source: vol, target: /b, bind: {selinux: z}, volume: {}}"),
        ("${V:-./x}:/x", "{type: volume, source: '${V:-./x}', target: /x, volume: {}}"),
    ] {
        // One and two bytes are a target and nothing else.
        service(&format!("volumes: ['{short}']"), &format!("volumes: [{long}]"));
    }
    let text = "services: {s: {volumes: ['', ':/d', 'data:/d:ro:x']}}";
    assert_eq!(
        run(text, Strictness::Strict).2,
        [
            "invalid empty volume spec",
            "invalid spec: :/d: empty section between colons",
            "invalid spec: data:/d:ro:x: too many colons"
        ]
    );
}

#[test]
fn other_short_forms() {
    service(
        "devices: [/dev/a, '/dev/a::r']",
        concat!(
            "devices: [{source: /dev/a, target: /dev/a, permissions: rwm},",
            " {source: /dev/a, target: /dev/a, permissions: r}]"
        ),
    );
    service("gpus: all", "gpus: [{count: all}]");
    service("env_file: a", "env_file: [{path: a, required: true}]");
    service("depends_on: [a]", "depends_on: {a: {condition: service_started, required: true}}");
    service("secrets: [a]", "secrets: [{source: a}]");
    service("networks: [a]", "networks: {a: }");
    service("build: .", "build: {context: .}");
    service(
        "build: {ssh: [default, k=/p], provenance: true, additional_contexts: [a=b]}",
        "build: {ssh: {default: , k: /p}, provenance: 'true', additional_contexts: {a: b}}",
    );
    let (root, _, findings) = run("volumes: {v: {external: {name: x}}}", Strictness::Strict);
    assert_eq!(emit::to_json_compact(&root), r#"{"volumes":{"v":{"external":true,"name":"x"}}}"#);
    assert_eq!(findings, ["volumes.v: external.name is deprecated. Please set name and external: true"]);
}

#[test]
fn parts_of_a_short_form_have_their_own_places() {
    let (root, sources, _) = run("services: {s: {ports: ['8080:80']}}", Strictness::Strict);
    let port = root.get("services").and_then(|s| s.get("s")?.get("ports")?.as_sequence()?.first());
    let place = |key: &str| port.and_then(|port| port.get(key)).and_then(|node| sources.slice(node.span));
    assert_eq!((place("published"), place("target")), (Some("8080"), Some("80")));
}
