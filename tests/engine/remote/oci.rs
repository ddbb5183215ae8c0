//! Artifacts of a registry.

use serde_json::{Value, json};

use super::bench::{Bench, COMPOSE_FILE, ENV_FILE, Registry, compose_file, digest};

const WEB: &str = "name: published
services:
  web:
    image: busybox
    env_file: web.env
    extends: {file: base.yaml, service: base}
    volumes: [\"./data:/data\"]
";
const OVER: &str = "services: {web: {labels: {LEVEL: \"${LEVEL:-info}\"}}}\n";
const BASE: &str = "services: {base: {command: [sleep, \"1\"]}}\n";

/// The layers of a project as `publish` makes them.
fn layers() -> Vec<(&'static str, Value, &'static str)> {
    let extended = json!({"com.docker.compose.file": "base.yaml", "com.docker.compose.extends": "true"});
    vec![
        compose_file("compose.yaml", WEB),
        compose_file("over.yaml", OVER),
        (COMPOSE_FILE, extended, BASE),
        (ENV_FILE, json!({"com.docker.compose.envfile": "web.env"}), "A=1\n"),
        ("application/octet-stream", json!({}), "something else"),
    ]
}

/// `config` of an artifact, in both programs; the reference must be told that there is no TLS.
fn config(bench: &Bench, registry: &Registry, arguments: &[&str]) -> String {
    let insecure = ["--insecure-registry", &registry.host];
    bench.config(&[&insecure, arguments].concat())
}

#[test]
fn a_project_is_read_from_a_registry() {
    let Some(registry) = Registry::start(false) else { return };
    let bench = Bench::new();
    let published = registry.publish("shop/app:1", &layers());
    let hex = published.strip_prefix("sha256:").unwrap();
    let reference = format!("oci://{}/shop/app", registry.host);
    let tagged = format!("{reference}:1");
    let printed = config(&bench, &registry, &["-f", &tagged]);
    assert_eq!(
        printed,
        format!(
            "name: published
services:
  web:
    command:
      - sleep
      - \"1\"
    environment:
      A: \"1\"
    image: busybox
    labels:
      LEVEL: info
    networks:
      default: null
    volumes:
      - type: bind
        source: CACHE/{hex}/data
        target: /data
        bind: {{}}
networks:
  default:
    name: published_default
"
        )
    );
    assert_eq!(bench.cached(), [hex]);
    // A registry of this machine needs no flag.
    assert_eq!(bench.run(&["-f", &tagged, "config"]).out, printed);
    // Nor does it need this machine to know whom TLS may trust.
    let mut command = bench.rcompose();
    command.args(["-f", &tagged, "config"]).env("SSL_CERT_FILE", "/none").env("SSL_CERT_DIR", "/none");
    assert_eq!(bench.finish(command).out, printed);

    bench.write(
        "shop/compose.yaml",
        &format!(
            "include: [\"{tagged}\"]\nservices: {{two: {{extends: {{file: \"{tagged}\", service: web}}}}}}"
        ),
    );
    let both = config(&bench, &registry, &[]);
    assert_eq!(both.matches(&format!("source: CACHE/{hex}/data")).count(), 2, "{both}");

    // What has a digest and is there needs no registry.
    let host = registry.host.clone();
    drop(registry);
    let ran = bench.run(&["-f", &format!("{reference}@{published}"), "config"]);
    assert_eq!((ran.code, ran.out), (Some(0), printed));
    let ran = bench.run(&["-f", &tagged, "config"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(&format!("failed to pull OCI resource \"{host}/shop/app:1\"")), "{}", ran.err);
}

#[test]
fn older_forms_and_indexes_are_understood() {
    let Some(registry) = Registry::start(false) else { return };
    let bench = Bench::new();
    let simple = [compose_file("compose.yaml", "services: {web: {image: busybox}}")];
    // OCI 1.0 has no type of artifacts.
    let mut old = registry.artifact("shop/old", &simple);
    old.as_object_mut().unwrap().remove("artifactType");
    old["config"]["mediaType"] = json!("application/vnd.docker.compose.config.empty.v1+json");
    registry.manifest("shop/old", Some("1"), &old);
    let reference = format!("oci://{}/shop/old:1", registry.host);
    assert!(config(&bench, &registry, &["-f", &reference]).contains("image: busybox"));

    let inner = registry.artifact("shop/index", &simple);
    let bytes = serde_json::to_vec(&inner).unwrap();
    registry.manifest("shop/index", None, &inner);
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": inner["mediaType"],
            "artifactType": inner["artifactType"],
            "digest": digest(&bytes),
            "size": bytes.len(),
        }],
    });
    let published = registry.manifest("shop/index", Some("latest"), &index);
    let reference = format!("oci://{}/shop/index", registry.host);
    assert!(config(&bench, &registry, &["-f", &reference]).contains("image: busybox"));
    assert!(bench.cached().contains(&published.replace("sha256:", "")));
}

#[test]
fn what_is_no_project_is_refused() {
    let Some(registry) = Registry::start(false) else { return };
    let bench = Bench::new();
    let file = || compose_file("compose.yaml", "services: {web: {image: busybox}}");
    let extended = |name: &str| {
        let annotations = json!({"com.docker.compose.file": name, "com.docker.compose.extends": "true"});
        (COMPOSE_FILE, annotations, BASE)
    };
    let env = |annotations: Value| (ENV_FILE, annotations, "A=1\n");
    let named = |name: &str| env(json!({"com.docker.compose.envfile": name}));
    for (tag, layers, words) in [
        ("up", vec![file(), extended("../escaped.yaml")], "invalid OCI artifact"),
        ("sep", vec![file(), named("a/b")], "invalid OCI artifact"),
        ("abs", vec![file(), named("/tmp/rcompose-escaped")], "invalid OCI artifact"),
        ("dots", vec![file(), named("..")], "invalid OCI artifact"),
        ("over", vec![file(), named("compose.yaml")], "it has two files compose.yaml"),
        ("bare", vec![file(), env(json!({}))], "an environment file has no name"),
        ("none", vec![named("a.env")], "it has no Compose file"),
    ] {
        registry.publish(&format!("shop/bad:{tag}"), &layers);
        bench.write("shop/compose.yaml", &format!("include:\n  - oci://{}/shop/bad:{tag}\n", registry.host));
        let ran = bench.run(&["config"]);
        assert_eq!(ran.code, Some(1), "{tag}");
        assert!(ran.err.contains("error[RC0010]") && ran.err.contains(words), "{tag}: {}", ran.err);
        assert!(ran.err.contains("compose.yaml:2:5"), "{tag}: {}", ran.err);
    }
    let mut image = registry.artifact("shop/bad", &[file()]);
    image["artifactType"] = json!("application/vnd.example.thing");
    registry.manifest("shop/bad", Some("image"), &image);
    for (name, words) in [
        ("shop/bad:image", "is not a compose project OCI artifact, but application/vnd.example.thing"),
        ("shop/bad:absent", "not found"),
        ("Shop/bad", "invalid reference format"),
    ] {
        let ran = bench.run(&["-f", &format!("oci://{}/{name}", registry.host), "config"]);
        assert_eq!(ran.code, Some(1), "{name}");
        assert!(ran.err.contains(words), "{name}: {}", ran.err);
    }
    assert_eq!(bench.cached(), Vec::<String>::new());
    assert!(!bench.path("cache/rcompose/escaped.yaml").exists());
}

#[test]
fn the_docker_clients_login_is_used() {
    let Some(registry) = Registry::start(true) else { return };
    let bench = Bench::new();
    registry.publish("shop/app:1", &[compose_file("compose.yaml", "services: {web: {image: busybox}}")]);
    let reference = format!("oci://{}/shop/app:1", registry.host);
    let ran = bench.run(&["-f", &reference, "config"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("no login is known for it"), "{}", ran.err);
    assert!(ran.err.contains(&format!("docker login {}", registry.host)), "{}", ran.err);
    let login = |auth: &str| {
        let file = json!({"auths": {&registry.host: {"auth": auth}}});
        bench.write("home/.docker/config.json", &file.to_string());
    };
    // me:wrong
    login("bWU6d3Jvbmc=");
    let ran = bench.run(&["-f", &reference, "config"]);
    assert!(ran.code == Some(1) && ran.err.contains("401 Unauthorized"), "{}", ran.err);
    assert!(!ran.err.contains("wrong"), "{}", ran.err);
    login("bWU6cGFzcw==");
    assert!(config(&bench, &registry, &["-f", &reference]).contains("image: busybox"));
}

/// The engine asks the registry: it must be one of this machine that reaches the same loopback.
#[test]
fn digests_come_from_the_registry() {
    let Some(registry) = Registry::start(false) else { return };
    let Some(engine) = std::env::var("RCOMPOSE_TEST_ENGINE").ok().filter(|address| !address.is_empty())
    else {
        eprintln!("remote: NOT RUN: RCOMPOSE_TEST_ENGINE is not set, so no digest was asked for");
        return;
    };
    let bench = Bench::new();
    let manifest = registry.artifact("shop/image", &[("application/octet-stream", json!({}), "x")]);
    let known = registry.manifest("shop/image", Some("1"), &manifest);
    let host = &registry.host;
    let other = format!("sha256:{}", "a".repeat(64));
    bench.write(
        "shop/compose.yaml",
        &format!(
            "services:
  web:
    image: {host}/shop/image:1
    pre_start: [{{image: \"{host}/shop/image:1\", command: [\"true\"]}}]
    volumes:
      - {{type: image, source: \"{host}/shop/image:1\", target: /a}}
      - /x:/x
  pinned: {{image: \"{host}/shop/image:1@{other}\"}}
  built: {{build: .}}
"
        ),
    );
    let run = |arguments: &[&str]| {
        let mut command = bench.rcompose();
        command.arg("config").args(arguments).env("DOCKER_HOST", &engine);
        let ran = bench.finish(command);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
        if let Some(reference) = std::env::var_os("RCOMPOSE_REFERENCE").filter(|path| !path.is_empty()) {
            let mut command = bench.program(reference, "their-cache");
            command.arg("config").args(arguments).env("DOCKER_HOST", &engine);
            assert_eq!(bench.finish(command).out, ran.out, "{arguments:?}: the reference differs");
        }
        ran
    };
    let full = run(&["--resolve-image-digests"]).out;
    assert_eq!(full.matches(&format!("{host}/shop/image:1@{known}\n")).count(), 3, "{full}");
    assert!(full.contains(&format!("image: {host}/shop/image@{other}\n")), "{full}");
    run(&["--no-interpolate", "--resolve-image-digests"]);
    run(&["--no-interpolate", "--lock-image-digests"]);
    let locked = run(&["--lock-image-digests"]);
    assert_eq!(
        locked.out,
        format!(
            "services:
  built: {{}}
  pinned:
    image: {host}/shop/image@{other}
  web:
    image: {host}/shop/image:1@{known}
    volumes:
      - type: image
        source: {host}/shop/image:1@{known}
        target: /a
"
        )
    );
    assert!(
        locked.err.starts_with("warning: service \"web\": pre_start hook images are not pinned"),
        "{}",
        locked.err
    );

    bench.write(
        "shop/compose.yaml",
        &format!("services: {{a: {{image: \"{host}/absent/a\"}}, b: {{image: \"{host}/absent/b:2\"}}}}"),
    );
    let mut command = bench.rcompose();
    command.args(["config", "--resolve-image-digests"]).env("DOCKER_HOST", &engine);
    let ran = bench.finish(command);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    for image in ["absent/a:latest", "absent/b:2"] {
        assert!(ran.err.contains(&format!("failed to resolve digest for {host}/{image}: ")), "{}", ran.err);
    }
}
