//! Runs that are killed at any moment: the next one, at once, succeeds. A few moments here; `scripts/kills` tries
//! many.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::bench::{Bench, on_each};

const FOUR: &str = r#"
x-idle: &idle {image: busybox, command: sleep 1000, stop_signal: SIGKILL, environment: {V: "${V:-1}"}}
services:
  a: {<<: *idle, volumes: ["data:/data"]}
  b: {<<: *idle, depends_on: [a]}
  c: *idle
  d: {<<: *idle, networks: [default, back]}
networks: {back: {}}
volumes: {data: {}}
"#;

/// Kills of each command in a short run.
const FEW: usize = 3;

fn kills() -> usize {
    let asked = std::env::var("RCOMPOSE_KILLS").ok().and_then(|text| text.parse::<usize>().ok());
    asked.map_or(FEW, |all| all.div_ceil(3))
}

/// Runs `down` or `up`, the latter with a new definition when asked, and kills it after so much of its time.
fn killed(bench: &Bench, arguments: &str, after: Duration) {
    let going = bench.begin(arguments);
    std::thread::sleep(after);
    going.signal(Signal::KILL);
    going.ends();
}

/// Moments spread over the time that a command takes: each new one is far from those before.
fn moment(nth: usize, whole: Duration) -> Duration {
    let part = (nth as f64 * 0.618_033_988_75 + 0.13).fract();
    whole.mul_f64(part)
}

fn is_whole(bench: &Bench, version: usize, case: &str) {
    let ran = bench.run("up -d");
    assert_eq!(ran.code, 0, "{case}: the next up:\n{}", ran.err);
    assert_eq!(bench.containers(), ["a-1", "b-1", "c-1", "d-1"], "{case}");
    for name in bench.containers() {
        let found = bench.inspect(&name);
        assert_eq!(found["State"]["Status"], "running", "{case}: {name}");
        let environment = found["Config"]["Env"].to_string();
        assert!(environment.contains(&format!("V={version}")), "{case}: {environment}");
    }
    let plan = bench.run("plan");
    assert_eq!(plan.code, 0, "{case}: {}", plan.out);
}

#[test]
fn the_next_run_succeeds() {
    on_each("kill", |bench| {
        bench.compose(FOUR).file(".env", "V=1\n");
        // How long each takes here and now.
        let timed = |arguments: &str| {
            let begun = Instant::now();
            bench.run(arguments).exits(0);
            begun.elapsed()
        };
        let up = timed("up -d");
        let down = timed("down -t 0");
        for nth in 0..kills() {
            let version = nth + 2;
            let case = format!("kill {nth}");
            killed(bench, "up -d", moment(nth, up));
            is_whole(bench, version - 1, &format!("{case} of up"));
            bench.file(".env", &format!("V={version}\n"));
            killed(bench, "up -d", moment(nth, up));
            is_whole(bench, version, &format!("{case} of a recreating up"));
            killed(bench, "down -t 0", moment(nth, down));
            let ran = bench.run("down -t 0");
            assert_eq!(ran.code, 0, "{case} of down, the next down:\n{}", ran.err);
            assert!(bench.containers().is_empty(), "{case} of down: {:?}", bench.containers());
        }
    });
}
