//! Runs that are broken off: nothing is lost, and the next run repairs.

use rustix::process::Signal;

use super::bench::{Bench, on_each};

const SLOW: &str = r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL}
services:
  db:
    <<: *idle
    environment: {V: "${V:-1}"}
    healthcheck: {test: "test -f /tmp/ready", interval: 200ms, retries: 1000}
  web:
    <<: *idle
    environment: {V: "${V:-1}"}
    depends_on: {db: {condition: service_healthy}}
  api: {<<: *idle, environment: {V: "${V:-1}"}, scale: 3}
"#;

/// The same with a check that holds.
fn healed() -> String {
    SLOW.replace("test -f /tmp/ready", "true")
}

fn is_whole(bench: &Bench) {
    assert_eq!(bench.containers(), ["api-1", "api-2", "api-3", "db-1", "web-1"]);
    for name in bench.containers() {
        assert_eq!(bench.state(&name), "running", "{name}");
    }
    assert_eq!(bench.run("plan").exits(0).out.lines().last(), Some("Plan: nothing to do (5 unchanged)"));
}

#[test]
fn killed_in_the_middle() {
    on_each("shot", |bench| {
        bench.compose(SLOW);
        let going = bench.begin("up -d");
        bench.until("the wait for db", || bench.state("db-1") == "running");
        going.signal(Signal::KILL);
        going.ends();
        bench.compose(&healed());
        bench.run("up -d").exits(0);
        is_whole(bench);

        // In the middle of replacements, at several moments.
        for (version, moment) in [("2", 60), ("3", 160), ("4", 320)] {
            bench.file(".env", &format!("V={version}\n"));
            let going = bench.begin("up -d");
            std::thread::sleep(std::time::Duration::from_millis(moment));
            going.signal(Signal::KILL);
            going.ends();
            bench.run("up -d").exits(0);
            is_whole(bench);
            let environment = bench.inspect("web-1")["Config"]["Env"].to_string();
            assert!(environment.contains(&format!("V={version}")), "{environment}");
        }
    });
}

#[test]
fn interrupted_while_it_waits() {
    on_each("break", |bench| {
        bench.compose(SLOW);
        let going = bench.begin("up -d");
        bench.until("the wait for db", || {
            bench.state("db-1") == "running" && bench.state("api-3") == "running"
        });
        going.signal(Signal::INT);
        let ran = going.ends().exits(130);
        assert!(!ran.err.contains("error"), "a wish is no error:\n{}", ran.err);
        assert_eq!(bench.state("db-1"), "running", "what runs goes on");
        assert!(bench.state("web-1").is_empty(), "what was never started is gone: {:?}", bench.containers());
        bench.compose(&healed());
        bench.run("up -d").exits(0);
        is_whole(bench);

        // A replacement that is broken off before its turn leaves the old container as it was.
        let before = bench.id("web-1");
        bench.compose(SLOW).file(".env", "V=2\n");
        let going = bench.begin("up -d");
        bench.until("the new db", || bench.inspect("db-1")["Config"]["Env"].to_string().contains("V=2"));
        going.signal(Signal::TERM);
        going.ends().exits(130);
        assert_eq!((bench.id("web-1"), bench.state("web-1")), (before, "running".to_owned()));
        bench.compose(&healed());
        bench.run("up -d").exits(0);
        is_whole(bench);
    });
}
