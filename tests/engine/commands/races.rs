//! Many commands at once: none fails, and in the end things are as if they had come one after the other. A few
//! rounds here; `scripts/races` does many.

use std::process::Command;

use super::bench::{Bench, Going, on_each};

const THREE: &str = r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
services:
  a: {<<: *idle, volumes: ["data:/data"]}
  b: {<<: *idle, depends_on: [a]}
  c: *idle
volumes: {data: {}}
"#;

fn rounds() -> usize {
    std::env::var("RCOMPOSE_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Runs commands at one time; none may fail.
fn at_once(commands: Vec<Command>, case: &str) {
    let going: Vec<Going> = commands.into_iter().map(Going::new).collect();
    let ended: Vec<_> = going.into_iter().map(Going::ends).collect();
    for ran in &ended {
        assert_eq!(ran.code, 0, "{case}:\n{}", ran.err);
    }
}

fn is_whole(bench: &Bench, case: &str) {
    assert_eq!(bench.containers(), ["a-1", "b-1", "c-1"], "{case}");
    let plan = bench.run("plan");
    assert_eq!(plan.code, 0, "{case}: {}", plan.out);
}

#[test]
fn eight_ups_and_a_down_against_an_up() {
    on_each("race", |bench| {
        bench.compose(THREE);
        for round in 0..rounds() {
            let case = format!("round {round}");
            at_once((0..8).map(|_| bench.command(["up", "-d"])).collect(), &case);
            is_whole(bench, &case);
            let pair = vec![bench.command(["up", "-d"]), bench.command(["down", "-t", "0"])];
            at_once(pair, &format!("{case}, up against down"));
            let left = bench.containers().len();
            assert!(left == 0 || left == 3, "{case}: half a project: {:?}", bench.containers());
            bench.run("down -v -t 0").exits(0);
        }
    });
}

/// With locks of their own, as on different machines: who loses a race looks again.
#[test]
fn ups_that_share_no_lock() {
    on_each("hosts", |bench| {
        bench.compose(THREE);
        for round in 0..rounds() {
            let case = format!("round {round}, no common lock");
            let hosts = (0..3).map(|host| {
                let directory = bench.directory().join(format!("host{host}"));
                std::fs::create_dir_all(&directory).unwrap();
                let mut command = bench.command(["up", "-d"]);
                command.env("XDG_RUNTIME_DIR", directory);
                command
            });
            at_once(hosts.collect(), &case);
            bench.run("up -d").exits(0);
            is_whole(bench, &case);
            bench.run("down -v -t 0").exits(0);
        }
    });
}

/// Engines before API 1.44 make two networks of one name when asked.
#[test]
fn a_second_network_of_one_name_is_no_hindrance() {
    on_each("twins", |bench| {
        if bench.is_modern() {
            return;
        }
        bench.compose(THREE);
        bench.run("up -d").exits(0);
        // As it was left by another client: one in use, one not.
        let name = format!("{}_default", bench.project);
        let labels = bench.get(&format!("/networks/{name}"))["Labels"].clone();
        let twin = serde_json::json!({ "Name": name, "CheckDuplicate": false, "Labels": labels });
        let twin = twin.to_string();
        assert_eq!(bench.status("POST", "/networks/create", &twin), "201");
        assert_eq!(bench.networks(), 2);
        bench.run("up -d --force-recreate").exits(0);
        assert_eq!(bench.networks(), 1);
        is_whole(bench, "twins");

        assert_eq!(bench.status("POST", "/networks/create", &twin), "201");
        bench.run("down").exits(0);
        assert_eq!(bench.networks(), 0);
    });
}
