//! `up` that stays: output of the containers, how it ends, and signals.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::Signal;

use super::bench::{Bench, on_each};

const TALK: &str = r#"
services:
  polite:
    image: busybox
    command: ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo hello; while true; do sleep 0.05; done"]
  job:
    image: busybox
    command: ["sh", "-c", "echo working; echo trouble >&2; sleep 0.5; exit 7"]
    stop_signal: SIGKILL
"#;

#[test]
fn the_end_of_one_ends_all() {
    on_each("abort", |bench| {
        bench.compose(TALK);
        let ran = bench.run("up --abort-on-container-exit").exits(7);
        for line in
            ["Attaching to job-1, polite-1", "polite-1  | hello", "job-1     | working", "polite-1  | bye"]
        {
            assert!(ran.out.lines().any(|found| found == line), "no {line:?} in\n{}", ran.out);
        }
        assert!(ran.out.contains("job-1 exited with code 7"), "{}", ran.out);
        let ran = ran.tells("job-1     | trouble");
        assert!(!ran.out.contains("trouble"), "standard error stays apart: {}", ran.out);
        ran.tells("Aborting on container exit...").tells("polite-1 Stopped");
        assert_eq!((bench.state("polite-1").as_str(), bench.state("job-1").as_str()), ("exited", "exited"));

        let ran = bench.run("up --exit-code-from polite --no-log-prefix").exits(0);
        assert!(ran.out.lines().any(|line| line == "hello"), "{}", ran.out);
        let ran = bench.run("up --abort-on-container-failure --timestamps").exits(7);
        let hello = ran.out.lines().find(|line| line.ends_with(" hello")).unwrap_or_default();
        assert!(hello.starts_with("polite-1  | 20") && hello.contains('T'), "{}", ran.out);
        assert!(ran.out.contains("working"), "{}", ran.out);
        // Without such a flag the run ends when all have ended, well.
        bench.run("up --no-deps job").exits(0);
    });
}

/// Begins `up` and returns once a container has spoken.
fn speaking(bench: &Bench, arguments: &str) -> (Child, BufReader<ChildStdout>) {
    spoken(bench.command(arguments.split(' ')))
}

fn spoken(mut command: Command) -> (Child, BufReader<ChildStdout>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("hello") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended early");
    }
    (child, lines)
}

fn signal(child: &Child, signal: Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

#[test]
fn one_signal_stops_gracefully() {
    on_each("int", |bench| {
        bench.compose(TALK);
        let (child, lines) = speaking(bench, "up polite");
        signal(&child, Signal::INT);
        let output = child.wait_with_output().unwrap();
        drop(lines);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{told}");
        assert!(told.contains("Gracefully Stopping... press Ctrl+C again to force"), "{told}");
        let found = bench.inspect("polite-1");
        assert_eq!(
            (&found["State"]["Status"], &found["State"]["ExitCode"]),
            (&"exited".into(), &0.into()),
            "it had its time"
        );
    });
}

#[test]
fn two_signals_kill() {
    on_each("kill", |bench| {
        bench.compose(
            "services:\n  deaf:\n    image: busybox\n    command: [\"sh\", \"-c\", \"trap : TERM; echo hello; while true; do sleep 0.05; done\"]\n    stop_grace_period: 10m\n",
        );
        let (child, lines) = speaking(bench, "up");
        signal(&child, Signal::INT);
        // The stop has reached the engine once the second signal comes.
        std::thread::sleep(std::time::Duration::from_millis(300));
        signal(&child, Signal::INT);
        let output = child.wait_with_output().unwrap();
        drop(lines);
        assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(bench.inspect("deaf-1")["State"]["ExitCode"], 137);
    });
}

#[test]
fn output_of_what_starts_again_goes_on() {
    on_each("again", |bench| {
        bench.compose(
            "services:\n  flaky:\n    image: busybox\n    restart: on-failure:2\n    command: sh -c \"echo hello; exit 3\"\n",
        );
        let ran = bench.run("up").exits(0);
        assert_eq!(ran.out.matches("flaky-1  | hello").count(), 3, "{}", ran.out);
        assert!(ran.out.contains("flaky-1 exited with code 3 (restarting)"), "{}", ran.out);
        assert!(ran.out.trim_end().ends_with("flaky-1 exited with code 3"), "{}", ran.out);
    });
}

/// A part of a project is brought up while another part runs.
const PARTS: &str = r#"
x-talk: &talk {image: busybox, command: sh -c "while true; do echo hello; sleep 0.05; done", stop_signal: SIGKILL}
services:
  web: {<<: *talk, depends_on: [db], environment: {X: "${X:-1}"}}
  api: {<<: *talk, depends_on: [db]}
  db: {<<: *talk}
  blip: {image: busybox, command: sh -c "sleep 0.2; exit 9"}
  job: {image: busybox, command: sh -c "echo work; sleep 0.6; exit 3"}
  foo: {image: busybox, command: sh -c "echo work; sleep 1", depends_on: [db, blip]}
"#;

#[test]
fn it_is_about_the_selected_services_only() {
    on_each("select", |bench| {
        bench.compose(PARTS);
        for side in bench.sides() {
            side.run("up -d web").exits(0);
            // Not about what runs beside it.
            let ran = side.run("up job").exits(0);
            assert!(ran.out.contains("job-1  | work") && !ran.out.contains("web-1"), "{}", ran.out);
            side.run("up --abort-on-container-exit job").exits(3);
            assert_eq!(bench.state("web-1"), "running");
            // Nor is the end of a dependency that of the run, or its code; its output may be shown.
            let ran = side.run("up --attach-dependencies foo").exits(0);
            assert!(ran.out.contains("db-1    | hello") || ran.out.contains("db-1   | hello"), "{}", ran.out);
            side.run("up --abort-on-container-exit foo").exits(0);
            let ran = side.run("up --attach foo foo").exits(0);
            assert!(ran.out.contains("foo-1  | work") && !ran.out.contains("db-1"), "{}", ran.out);
            // What is named is waited for, though it isn't shown.
            let ran = side.run("up --attach foo --exit-code-from job foo job").exits(3);
            assert!(ran.out.contains("foo-1  | work") && !ran.out.contains("job-1  |"), "{}", ran.out);
            assert_eq!(bench.state("db-1"), "running");
            side.run("down -t 0").exits(0);
        }
        // Orphans neither.
        bench.run("up -d web").exits(0);
        bench.compose("services:\n  job: {image: busybox, command: sh -c \"sleep 0.3\"}\n");
        let ran = bench.run("up").exits(0);
        assert!(!ran.out.contains("web-1"), "{}", ran.out);
    });
}

#[test]
fn a_signal_stops_what_was_named() {
    on_each("named", |bench| {
        bench.compose(PARTS);
        for side in bench.sides() {
            side.run("up -d api").exits(0);
            let (child, lines) = spoken(side.command("up web"));
            signal(&child, Signal::INT);
            let output = child.wait_with_output().unwrap();
            drop(lines);
            assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
            let states = ["api-1", "db-1", "web-1"].map(|name| bench.state(name));
            assert_eq!(states, ["running", "running", "exited"]);
            side.run("down -t 0").exits(0);
        }
    });
}

#[test]
fn a_replaced_container_is_not_one_that_ended() {
    on_each("replaced", |bench| {
        bench.compose(PARTS);
        for side in bench.sides() {
            side.run("up -d web").exits(0);
            let before = bench.id("web-1");
            bench.file(".env", "X=2\n");
            let ran = side.run("up --abort-on-container-exit web job").exits(3);
            assert_ne!(bench.id("web-1"), before);
            assert!(!ran.out.contains("has been recreated"), "{}", ran.out);
            assert_eq!(ran.out.matches("web-1 exited with").count(), 1, "{}", ran.out);
            bench.file(".env", "");
            side.run("down -t 0").exits(0);
        }
    });
}

#[test]
fn hooks_are_heard() {
    on_each("hooks", |bench| {
        bench.compose(
            r#"
services:
  a:
    image: busybox
    command: sh -c "sleep 3"
    post_start: [{command: [sh, -c, "echo trouble >&2; sleep 0.2; echo hooked; printf half"]}]
    pre_stop: [{command: [sh, -c, "echo farewell"]}]
  b: {image: busybox, command: sh -c "sleep 0.3"}
  quiet:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    attach: false
    post_start: [{command: [sh, -c, "echo unheard"]}]
"#,
        );
        for side in bench.sides() {
            let ran = side.run("up").exits(0);
            for line in ["a-1 ->  | hooked", "a-1 ->  | trouble", "a-1 ->  | half"] {
                assert!(ran.out.lines().any(|found| found == line), "no {line:?} in\n{}", ran.out);
            }
            assert!(!ran.out.contains("unheard"), "{}", ran.out);
        }
        // Also those of the stop that ends the run.
        let ran = bench.run("up --abort-on-container-exit").exits(0);
        assert!(ran.out.lines().any(|found| found == "a-1 ->  | farewell"), "{}", ran.out);
    });
}

#[test]
fn without_a_reader_it_ends_and_the_containers_go_on() {
    on_each("unread", |bench| {
        bench.compose(PARTS);
        // The reader goes away after a line; that there is none any more is seen without another one.
        for (arguments, code) in [("up web", 0), ("up --abort-on-container-exit web", 1), ("logs -f web", 0)]
        {
            let (child, lines) = speaking(bench, arguments);
            drop(lines);
            let output = child.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{arguments}: {told}");
            assert_eq!(told.contains("nobody reads the output any more"), code == 1, "{arguments}: {told}");
            assert_eq!((bench.state("web-1"), bench.state("db-1")), ("running".into(), "running".into()));
        }
        bench.compose("services:\n  still: {image: busybox, command: sh -c \"echo hello; exec sleep 1000\", stop_signal: SIGKILL}\n");
        for arguments in ["up --force-recreate", "logs -f"] {
            let (child, lines) = speaking(bench, arguments);
            drop(lines);
            assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0), "{arguments}");
            assert_eq!(bench.state("still-1"), "running");
        }
    });
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    on_each("full", |bench| {
        bench.compose(PARTS);
        bench.run("up -d db").exits(0);
        let looking =
            ["config", "config --format json", "ls", "ps", "version", "plan", "plan --format json", "lint"];
        let running = ["--dry-run up", "--dry-run down", "up db", "logs db", "logs -f db"];
        for arguments in looking.into_iter().chain(running) {
            let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
            let output = bench.command(arguments.split(' ')).stdout(full()).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments}: {told}");
            assert!(
                told.contains("cannot write to standard output: No space left on device"),
                "{arguments}: {told}"
            );
        }
        assert_eq!(bench.state("db-1"), "running");
        // A closed pipe is no error.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        for arguments in ["config", "ps", "version"] {
            let output =
                bench.command(arguments.split(' ')).stdout(writer.try_clone().unwrap()).output().unwrap();
            assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{arguments}");
        }
    });
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    on_each("unreadable", |bench| {
        bench.compose(
            "services:\n  mute: {image: busybox, command: sh -c \"echo unheard\", logging: {driver: none}}\n  loud: {image: busybox, command: sh -c \"echo heard\"}\n",
        );
        bench.run("up").exits(0);
        for arguments in ["logs", "logs -f"] {
            let ran = bench.run(arguments).exits(1).tells("Can't retrieve logs for");
            assert!(ran.out.contains("loud-1  | heard") && !ran.out.contains("unheard"), "{}", ran.out);
        }
    });
}
