//! `up` and `plan`: what is made, kept, replaced, scaled and removed.

use serde_json::Value;

use super::bench::{Bench, on_each, on_each_and_podman};

const SHOP: &str = r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
services:
  db: {<<: *idle, volumes: [/var/lib]}
  web:
    <<: *idle
    environment: {LEVEL: "${LEVEL:-low}"}
    depends_on: [db]
  other: {<<: *idle}
"#;

#[test]
fn up_makes_keeps_and_replaces() {
    on_each_and_podman("up", |bench| {
        bench.compose(SHOP);
        assert_eq!(bench.run("plan").exits(2).out.lines().last(), Some("Plan: 4 to create"));
        // Named services bring their dependencies, and nothing else.
        bench.run("up -d web").exits(0);
        assert_eq!(bench.containers(), ["db-1", "web-1"]);
        bench.run("up -d").exits(0);
        assert_eq!(bench.containers(), ["db-1", "other-1", "web-1"]);
        let made = ["db-1", "other-1", "web-1"].map(|name| bench.id(name));
        let ids = || ["db-1", "other-1", "web-1"].map(|name| bench.id(name));

        // Nothing changed: nothing is done.
        let same = bench.run("up -d").exits(0);
        assert_eq!(same.err.matches(" Running ").count(), 3, "{}", same.err);
        assert_eq!(ids(), made);
        assert_eq!(bench.run("plan").exits(0).out.lines().last(), Some("Plan: nothing to do (3 unchanged)"));

        // One variable: one replacement, with the reason and its place.
        bench.file(".env", "LEVEL=high\n");
        let plan = bench.run("plan").exits(2).out;
        assert!(plan.contains("environment.LEVEL") && plan.contains("compose.yaml:7:"), "{plan}");
        let json: Value = serde_json::from_str(&bench.run("plan --format json").exits(2).out).unwrap();
        assert!(
            json["steps"].as_array().unwrap().iter().any(|step| step["reason"].to_string().contains("LEVEL")),
            "{json:#}"
        );
        bench.run("up -d --no-recreate").exits(0);
        assert_eq!(ids(), made, "--no-recreate");
        bench.run("up -d").exits(0).tells("web-1 Recreated");
        let after = ids();
        assert_eq!((&after[..2], after[2] == made[2]), (&made[..2], false), "only web");

        // Forced: the targets only, unless dependencies are asked for too; data of anonymous volumes stays.
        let volume = |name: &str| bench.inspect(name)["Mounts"][0]["Name"].clone();
        let data = volume("db-1");
        bench.run("up -d --force-recreate --no-deps web").exits(0);
        assert_eq!((ids()[0] == after[0], ids()[2] == after[2]), (true, false), "--force-recreate web");
        bench.run("up -d --force-recreate db").exits(0);
        assert_eq!((ids()[0] == after[0], volume("db-1") == data), (false, true));
        bench.run("up -d -V db").exits(0);
        assert_ne!(volume("db-1"), data, "--renew-anon-volumes");
        let before = bench.id("db-1");
        bench.run("up -d --always-recreate-deps web").exits(0);
        assert_ne!(bench.id("db-1"), before, "--always-recreate-deps");
    });
}

#[test]
fn up_scales_and_clears_away() {
    on_each_and_podman("scale", |bench| {
        bench.compose(SHOP);
        bench.run("up -d --no-deps --scale web=3 web").exits(0);
        assert_eq!(bench.containers(), ["web-1", "web-2", "web-3"]);
        bench.run("up -d --scale web=1").exits(0);
        assert_eq!(bench.containers(), ["db-1", "other-1", "web-1"], "the highest numbers go");
        bench
            .run("up -d --scale web")
            .exits(1)
            .tells("invalid --scale option \"web\". Should be SERVICE=NUM");
        bench.run("up -d --scale nope=1").exits(1).tells("no such service: nope");
        bench.run("up -d nope").exits(1).tells("no such service: nope");

        bench.compose("services:\n  db: {image: busybox, command: sleep 1000, stop_signal: SIGKILL, volumes: [/var/lib]}\n");
        bench.run("up -d").exits(0).tells("Found orphan containers");
        assert_eq!(bench.containers(), ["db-1", "other-1", "web-1"]);
        let orphans = bench.run("plan --remove-orphans").exits(2).out;
        assert!(orphans.contains("web-1") && orphans.contains("remove"), "{orphans}");
        let cleared = bench.run("up -d --remove-orphans").exits(0);
        assert!(!cleared.err.contains("Found orphan"), "{}", cleared.err);
        assert_eq!(bench.containers(), ["db-1"]);
        // Created, and not started.
        bench.run("up --no-start --force-recreate").exits(0);
        assert_eq!(bench.state("db-1"), "created");
        bench.run("up -d").exits(0);
        assert_eq!(bench.state("db-1"), "running");
    });
}

#[test]
fn conditions_hold_back_what_waits() {
    on_each_and_podman("wait", |bench| {
        bench.compose(
            r#"
x-quick: &quick {image: busybox, stop_signal: SIGKILL}
services:
  db:
    <<: *quick
    command: sh -c "sleep 1; touch /ready; exec sleep 1000"
    healthcheck: {test: test -f /ready, interval: 200ms, retries: 50}
  job: {<<: *quick, command: sh -c "sleep 0.5"}
  started: {<<: *quick, command: sleep 1000}
  web:
    <<: *quick
    command: sleep 1000
    healthcheck: {test: "true", interval: 200ms, retries: 50}
    depends_on:
      db: {condition: service_healthy}
      job: {condition: service_completed_successfully}
      started: {condition: service_started}
      absent: {condition: service_started, required: false}
  absent: {<<: *quick, command: sleep 1000, profiles: [never]}
  broken: {<<: *quick, command: "false"}
  brave:
    <<: *quick
    command: sleep 1000
    depends_on: {broken: {condition: service_completed_successfully, required: false}}
"#,
        );
        let ran = bench.run("up -d --wait web brave").exits(1);
        // `broken` ended with 1: what may do without it runs, but `--wait` says so.
        ran.tells("optional dependency \"broken\" didn't complete successfully: exit 1");
        assert_eq!(bench.state("brave-1"), "running");
        let ran = bench.run("up -d --wait web").exits(0);
        assert!(ran.err.contains("web-1 Healthy"), "{}", ran.err);
        let time = |container: &str, field: &str| {
            bench.inspect(container)["State"][field].as_str().unwrap().to_owned()
        };
        let web = time("web-1", "StartedAt");
        let healthy = &bench.inspect("db-1")["State"]["Health"]["Log"][0]["Start"];
        assert!(healthy.is_string(), "{healthy}");
        assert!(time("started-1", "StartedAt") < web);
        assert_eq!(bench.inspect("web-1")["State"]["Health"]["Status"], "healthy");
        assert!(!bench.containers().contains(&"absent-1".to_owned()));
        // Nothing is waited for that holds already.
        let again = bench.run("up -d --no-deps web").exits(0);
        assert!(!again.err.contains("Waiting"), "{}", again.err);
        bench
            .run("up -d --wait --wait-timeout -1")
            .exits(1)
            .tells("--wait-timeout must be a non-negative integer");
    });
}

#[test]
fn what_does_not_go_together_is_told() {
    on_each("refused", |bench: &Bench| {
        bench.compose(SHOP);
        for (arguments, words) in [
            ("up -d --force-recreate --no-recreate", "--force-recreate and --no-recreate are incompatible"),
            ("up -d --no-recreate -V", "--no-recreate and --renew-anon-volumes are incompatible"),
            ("up -d --build --no-build", "--build and --no-build are incompatible"),
            (
                "up --abort-on-container-exit --abort-on-container-failure",
                "cannot be combined with --abort-on-container-exit",
            ),
            ("up -d --attach web", "--detach cannot be combined with"),
            ("up --wait --attach web", "--wait cannot be combined with"),
            ("up --attach nope", "cannot attach to services not included in up: nope"),
            ("up --exit-code-from nope", "no such service: nope"),
            ("up -d --pull sometimes", "invalid --pull option \"sometimes\""),
            ("restart nope", "no such service: nope"),
            ("stop nope", "no such service: nope"),
            ("ps nope", "no such service: nope"),
            ("ps --filter a=b", "unknown filter a"),
            ("logs nope", "no such service: nope"),
            ("down --rmi some", "invalid value for --rmi: \"some\""),
            ("start", "service \"db\" has no container to start"),
        ] {
            bench.run(arguments).exits(1).tells(words);
        }
        assert!(bench.containers().is_empty(), "none of them made anything");
    });
}

/// Links hold on each network, also where a container is connected after its creation (API below 1.44), and a
/// lost one is seen.
#[test]
fn links_hold_on_every_network() {
    on_each("links", |bench| {
        bench.compose(
            r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL, networks: [front, back]}
services:
  main: {<<: *idle}
  linked: {<<: *idle, links: ["main:db"]}
networks: {front: {}, back: {}}
"#,
        );
        let links = |network: &str| {
            let endpoint = bench.inspect("linked-1")["NetworkSettings"]["Networks"]
                [format!("{}_{network}", bench.project)]
            .clone();
            endpoint["Links"].as_array().map_or(0, Vec::len)
        };
        bench.run("up -d").exits(0);
        assert_eq!((links("front"), links("back")), (3, 3));
        assert_eq!(bench.run("plan").exits(0).out.lines().last(), Some("Plan: nothing to do (2 unchanged)"));
        let network = format!("{}_back", bench.project);
        for action in ["disconnect", "connect"] {
            let body = format!("{{\"Container\": \"{}\"}}", bench.id("linked-1"));
            assert_eq!(bench.status("POST", &format!("/networks/{network}/{action}"), &body), "200");
        }
        assert_eq!(links("back"), 0);
        let plan = bench.run("plan").exits(2).out;
        assert!(plan.contains("networks.back.links"), "{plan}");
        bench.run("up -d").exits(0);
        assert_eq!((links("front"), links("back")), (3, 3));
    });
}

#[test]
fn a_container_that_is_shared_must_exist() {
    on_each("share", |bench| {
        for (key, what) in [
            ("network_mode: 'service:db'", "network namespace"),
            ("ipc: 'service:db'", "IPC namespace"),
            ("pid: 'service:db'", "PID namespace"),
            ("volumes_from: [db]", "volume"),
        ] {
            let services =
                "services:\n  db: {image: busybox, ipc: shareable}\n  app: {image: busybox, KEY}\n";
            bench.compose(&services.replace("KEY", key));
            let words = format!("cannot share {what} with service db: container missing");
            bench.run("up -d --no-deps app").exits(1).tells(&words);
        }
    });
}
