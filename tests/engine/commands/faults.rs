//! Every call of a run fails in turn, in every way: it ends, says what failed, and the next run puts all right.
//!
//! Here is a small part of it, some calls with each fault; `scripts/faults` tries every call with every fault.

use super::bench::{Bench, Going, Ran, on_each};
use super::proxy::{Fault, Proxy};

const SMALL: &str = r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL, environment: {V: "${V:-1}"}}
services:
  db:
    <<: *idle
    volumes: ["data:/data"]
    healthcheck: {test: "true", interval: 200ms}
  web: {<<: *idle, depends_on: {db: {condition: service_healthy}}, networks: [default, back]}
networks: {back: {}}
volumes: {data: {}}
"#;

/// Calls with one fault that are tried in a short run.
const SAMPLES: usize = 1;

/// Numbers of calls to try with the fault of this position, of so many.
fn chosen(position: usize, calls: usize) -> Vec<usize> {
    if std::env::var("RCOMPOSE_FAULTS").is_ok_and(|value| value == "all") {
        return (0..calls).collect();
    }
    // Spread over the run, other calls for each fault.
    (0..SAMPLES).map(|nth| (position * 7 + nth * 5 + 3) % calls).collect()
}

fn through(bench: &Bench, proxy: &Proxy, arguments: &str) -> Ran {
    let mut command = bench.command(arguments.split(' '));
    command.env("DOCKER_HOST", &proxy.address);
    Going::new(command).ends()
}

/// Holds what a failed run says against what people can use.
fn is_told_well(ran: &Ran, case: &str) {
    assert!(matches!(ran.code, 0 | 1), "{case}: exit {}\n{}", ran.code, ran.err);
    let text = format!("{}{}", ran.out, ran.err);
    assert!(!text.contains("panicked"), "{case}: {text}");
    let mut words = text.split(|c: char| !c.is_ascii_hexdigit());
    assert!(!words.any(|word| word.len() == 64), "{case}: a whole id in\n{text}");
    if ran.code == 0 {
        return;
    }
    // The report at the end names the object, in its title or its facts; the progress before it does not count.
    let report = text.lines().position(|line| line.starts_with("error") || line.starts_with("Error"));
    let report: Vec<&str> = text.lines().skip(report.unwrap_or_default()).collect();
    let report = report.join("\n");
    let objects = ["container", "network", "volume", "image", "engine", "-db-1", "-web-1"];
    assert!(objects.iter().any(|object| report.contains(object)), "{case}: names nothing:\n{text}");
}

/// Tries one command. `prepare` makes what it is to find, `repair` is the run after it.
fn try_all(bench: &Bench, arguments: &str, prepare: impl Fn(), repair: impl Fn(&str)) {
    let proxy = Proxy::new(bench.directory(), &bench.engine);
    prepare();
    proxy.spoil(None);
    through(bench, &proxy, arguments).exits(0);
    let calls = proxy.calls();
    repair("no fault");
    for (position, fault) in Fault::ALL.into_iter().enumerate() {
        for number in chosen(position, calls.len()) {
            prepare();
            proxy.spoil(Some((number, fault)));
            let ran = through(bench, &proxy, arguments);
            let made = proxy.calls();
            let call = made.get(number).map_or("(not reached)", String::as_str);
            let case = format!("{arguments}: {fault:?} at call {number}, {call}");
            is_told_well(&ran, &case);
            repair(&case);
        }
    }
}

fn is_up(bench: &Bench, case: &str) {
    let ran = bench.run("up -d");
    assert_eq!(ran.code, 0, "{case}: the next run: {}", ran.err);
    assert_eq!(bench.containers(), ["db-1", "web-1"], "{case}");
    for name in bench.containers() {
        assert_eq!(bench.state(&name), "running", "{case}: {name}");
    }
    let plan = bench.run("plan");
    assert_eq!(plan.code, 0, "{case}: {}", plan.out);
}

#[test]
fn of_a_first_up() {
    on_each("faultup", |bench| {
        bench.compose(SMALL);
        try_all(bench, "up -d", || drop(bench.run("down -v -t 0").exits(0)), |case| is_up(bench, case));
    });
}

#[test]
fn of_an_up_that_replaces() {
    on_each("faultre", |bench| {
        bench.compose(SMALL);
        let version = std::cell::Cell::new(1);
        try_all(
            bench,
            "up -d",
            || {
                bench.run("up -d").exits(0);
                version.set(version.get() + 1);
                bench.file(".env", &format!("V={}\n", version.get()));
            },
            |case| {
                is_up(bench, case);
                let environment = bench.inspect("db-1")["Config"]["Env"].to_string();
                assert!(environment.contains(&format!("V={}", version.get())), "{case}: {environment}");
            },
        );
    });
}

#[test]
fn of_a_down() {
    on_each("faultdown", |bench| {
        bench.compose(SMALL);
        try_all(
            bench,
            "down -v -t 0",
            || drop(bench.run("up -d").exits(0)),
            |case| {
                let ran = bench.run("down -v -t 0");
                assert_eq!(ran.code, 0, "{case}: the next run: {}", ran.err);
                assert!(bench.containers().is_empty(), "{case}: {:?}", bench.containers());
                let volume = bench.get(&format!("/volumes/{}_data", bench.project));
                assert!(volume.is_null(), "{case}: {volume}");
            },
        );
    });
}
