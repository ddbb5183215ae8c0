//! rcompose and Docker Compose on one engine, in turn: what one makes, the other finds as it should be.
//!
//! The reference's binary is `RCOMPOSE_REFERENCE`, the engines are `RCOMPOSE_TEST_ENGINE` and
//! `RCOMPOSE_TEST_ENGINE_MODERN`; without them a test says aloud that it was not run. The vectors of hashes need
//! none of them; `RCOMPOSE_BLESS=1` has the reference write them anew.

mod hashes;
mod inspect;
mod sides;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use sides::{Bench, Side};

const OLD: &str = "RCOMPOSE_TEST_ENGINE";
const MODERN: &str = "RCOMPOSE_TEST_ENGINE_MODERN";

#[test]
fn either_goes_on_with_the_others_project() {
    if let Some(bench) = Bench::new(OLD, "compose.yaml", 1) {
        in_turn(&bench);
    }
}

#[test]
fn either_goes_on_with_the_others_project_on_a_modern_engine() {
    if let Some(bench) = Bench::new(MODERN, "compose.yaml", 2) {
        in_turn(&bench);
    }
}

#[test]
fn what_is_created_is_the_same() {
    if let Some(bench) = Bench::new(OLD, "created.yaml", 3) {
        created(&bench);
    }
}

#[test]
fn what_is_created_is_the_same_on_a_modern_engine() {
    if let Some(bench) = Bench::new(MODERN, "created.yaml", 4) {
        created(&bench);
    }
}

#[test]
fn aliases_survive_a_changed_network() {
    let Some(mut bench) = Bench::new(OLD, "moved-before.yaml", 5) else { return };
    for (side, survive) in [(Side::Ours, true), (Side::Theirs, false)] {
        bench.file = "moved-before.yaml";
        bench.done(side, &["up", "-d"]);
        let ids = bench.ids();
        bench.file = "moved-after.yaml";
        bench.done(side, &["up", "-d"]);
        assert_eq!(bench.ids(), ids, "{side:?}");
        let made = bench.inspected();
        let web = &made[&format!("container {}-web-1", bench.project)];
        let endpoint = &web["NetworkSettings"]["Networks"][format!("{}_front", bench.project)];
        let aliases = endpoint["Aliases"].as_array().cloned().unwrap_or_default();
        assert_eq!(aliases.contains(&"shop".into()), survive, "{side:?}: {endpoint:#}");
        assert_eq!(endpoint["IPAddress"] == format!("{}.7", bench.subnet), survive, "{side:?}: {endpoint:#}");
        bench.done(side, &["down", "-t", "0"]);
    }
}

#[test]
fn a_service_that_is_off_is_there_when_it_is_named() {
    let Some(bench) = Bench::new(OLD, "created.yaml", 6) else { return };
    bench.done(Side::Theirs, &["--profile", "off", "up", "-d", "sleeper"]);
    let ids = bench.ids();
    let started =
        || bench.get(&format!("/containers/{}/json", ids.first().unwrap()))["State"]["StartedAt"].clone();
    for side in [Side::Theirs, Side::Ours] {
        let before = started();
        bench.done(side, &["restart", "-t", "0", "sleeper"]);
        assert_ne!(started(), before, "{side:?} restarted nothing");
        bench.done(side, &["stop", "sleeper"]);
        bench.done(side, &["start", "sleeper"]);
    }
    assert_eq!(bench.ids(), ids);
}

fn in_turn(bench: &Bench) {
    ours_alone(bench);
    let mut made: Vec<BTreeMap<String, Json>> = Vec::new();
    for (first, second) in [(Side::Theirs, Side::Ours), (Side::Ours, Side::Theirs)] {
        bench.done(first, &["up", "-d"]);
        made.push(bench.inspected());
        let ids = bench.ids();
        assert_eq!(ids.len(), 9, "{first:?} made another number of containers");
        only_the_job_is_left_to_do(bench);
        bench.done(second, &["up", "-d"]);
        assert_eq!(bench.ids(), ids, "{second:?} replaced containers that {first:?} made");
        only_the_job_is_left_to_do(bench);
        print_the_same(bench);
        act_the_same_by_name(bench);
        assert_eq!(bench.ids(), ids, "a name of no service meant something");
        bench.done(second, &["stop", "-t", "0"]);
        // What is stopped stays untold.
        assert_eq!(bench.run(Side::Ours, &["stop"]).err, "");
        bench.alike(&["ps", "--services", "--status", "running"]);
        bench.done(first, &["start"]);
        bench.done(second, &["restart", "-t", "0", "web"]);
        assert_eq!(bench.ids(), ids, "stopping and starting replaced containers");
        bench.alike(&["ps", "-q"]);
        bench.done(second, &["down", "-v", "-t", "0"]);
        let left: Vec<String> = bench.inspected().into_keys().collect();
        assert!(left.is_empty(), "{second:?} left {left:?}");
    }
    inspect::assert_equal(&made[1], &made[0]);
}

/// What is different on purpose and needs no container.
fn ours_alone(bench: &Bench) {
    // A dry run is the plan. A copied secret has its owner and mode: nothing warns of them.
    let dry = bench.run(Side::Ours, &["--dry-run", "up", "-d"]);
    assert!(dry.out.contains("\nPlan: "), "{}", dry.out);
    assert_eq!(dry.err, "");
    assert!(bench.ids().is_empty());
    // A bad number of lines is refused.
    assert_eq!(bench.run(Side::Ours, &["logs", "--tail", "x"]).code, 1);
    // The version is our own.
    let version: Json = serde_json::from_str(&bench.done(Side::Ours, &["version", "-f", "json"])).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    let reference = bench.done(Side::Theirs, &["version", "--short"]);
    assert_eq!(version["compatible"], reference.trim());
}

/// A job that ended well runs again with each `up`, whoever says it. All else is as it should be.
fn only_the_job_is_left_to_do(bench: &Bench) {
    let said = bench.run(Side::Ours, &["plan", "--format", "json"]);
    let plan: Json = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    let steps = plan["steps"].as_array().expect("steps");
    let writes: Vec<&Json> = steps.iter().filter(|step| step["action"] != "wait").collect();
    let names_the_job = |step: &&&Json| step.to_string().contains("-job-1");
    assert!(writes.iter().all(|step| names_the_job(&step)), "{:#}", plan["steps"]);
    let without =
        bench.run(Side::Ours, &["plan", "db", "hosted", "addressed", "included", "options", "shared"]);
    assert_eq!(without.code, 0, "{}{}", without.out, without.err);
}

fn print_the_same(bench: &Bench) {
    for arguments in [
        &["ps", "-q"][..],
        &["ps", "-qa"],
        &["ps", "--services"],
        &["ps", "-a", "--services"],
        &[
            "ps",
            "-a",
            "--format",
            "table {{.Name}}\\t{{.Image}}\\t{{.Command}}\\t{{.Service}}\\t{{.State}}\\t{{.Ports}}",
        ],
        &[
            "ps",
            "web",
            "--no-trunc",
            "--format",
            "{{.ID}} {{.Command}} {{.Health}} {{.ExitCode}} {{.CreatedAt}}",
        ],
        &[
            "ps",
            "-a",
            "--format",
            "{{.Label \"com.docker.compose.service\"}} {{upper .State}} {{json .Project}}",
        ],
        &["ps", "-a", "--format", "{{.Size}} {{.LocalVolumes}} {{.Names}} {{.Engine}}"],
        &["ps", "--status", "exited", "-q"],
        &["ps", "--filter", "status=running", "--services"],
        &["ps", "-q", "nosuch"],
        &["logs", "--index", "7", "web"],
    ] {
        bench.alike(arguments);
    }
    bench.alike_sorted(&["logs", "--no-color"]);
    // Lines of a log begin in one column.
    let logs = bench.done(Side::Ours, &["logs", "--no-color"]);
    let columns: BTreeSet<Option<usize>> = logs.lines().map(|line| line.find(" | ")).collect();
    assert_eq!(columns.len(), 1, "{logs}");
    bench.alike_sorted(&["logs", "--no-log-prefix", "--tail", "1", "job"]);
    let name = format!("name=^{}$", bench.project);
    for arguments in [&["-a"][..], &["--format", "json"], &["-q"]] {
        bench.alike(&[&["ls", "--filter", &name], arguments].concat());
    }
    assert_eq!(listed(bench, Side::Ours), listed(bench, Side::Theirs));
}

/// Without a file, a name of no service is never taken for all services.
fn act_the_same_by_name(bench: &Bench) {
    for (arguments, code) in [
        (&["ps", "-q"][..], 0),
        (&["ps", "--services"], 0),
        (&["ps", "-q", "nosuch"], 0),
        (&["logs", "nosuch"], 0),
        (&["stop", "nosuch"], 0),
        (&["down", "nosuch"], 0),
        (&["start", "nosuch"], 1),
        (&["restart", "nosuch"], 1),
    ] {
        let [ours, theirs] = [Side::Ours, Side::Theirs].map(|side| bench.run_by_name(side, arguments));
        assert_eq!((ours.code, theirs.code), (code, code), "{arguments:?}: {} / {}", ours.err, theirs.err);
        assert_eq!(ours.out, theirs.out, "{arguments:?}: {}", ours.err);
    }
    let [ours, theirs] =
        [Side::Ours, Side::Theirs].map(|side| bench.run_by_environment(side, &["ps", "-qa"]));
    assert_eq!((ours.code, ours.out), (0, theirs.out), "{}", ours.err);
}

/// `ps --format json`, without the words that go with the time, and with the lists that the reference leaves
/// in any order sorted.
fn listed(bench: &Bench, side: Side) -> Vec<Json> {
    // Without it ours hides labels that come from outside of the Compose file.
    let flags: &[&str] = if side == Side::Ours { &["--show-values"] } else { &[] };
    let out = bench.done(side, &[flags, &["ps", "-a", "--format", "json"]].concat());
    let row = |line: &str| {
        let mut row: Json = serde_json::from_str(line).expect("JSON");
        for key in ["Labels", "Mounts", "Networks"] {
            let mut parts: Vec<&str> = row[key].as_str().expect("text").split(',').collect();
            parts.sort_unstable();
            row[key] = Json::String(parts.join(","));
        }
        let fields = row.as_object_mut().expect("an object");
        for key in ["RunningFor", "Status"] {
            assert!(fields.remove(key).is_some_and(|words| words.is_string()), "{line}");
        }
        row
    };
    out.lines().map(row).collect()
}

/// Containers, networks and volumes that are only created.
fn created(bench: &Bench) {
    let made = [Side::Theirs, Side::Ours].map(|side| {
        let said = bench.run(side, &["up", "--no-start"]);
        assert_eq!(said.code, 0, "{side:?}: {}", said.err);
        // What the engine doesn't honour is told.
        assert!(said.err.contains("CPU percent"), "{side:?}: {}", said.err);
        if side == Side::Ours {
            // One line for a network or volume.
            let network = format!("Network {}_default Created", bench.project);
            assert_eq!(said.err.matches(&network).count(), 1, "{}", said.err);
        }
        let made = bench.inspected();
        let said = bench.run(Side::Ours, &["plan", "--no-start"]);
        assert_eq!(said.code, 0, "after {side:?}: {}{}", said.out, said.err);
        bench.done(side, &["down", "-v"]);
        made
    });
    inspect::assert_equal(&made[1], &made[0]);
}
