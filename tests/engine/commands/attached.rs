//! `up` that stays: output of the containers, how it ends, and signals.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

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
fn speaking(bench: &Bench, arguments: &str) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut child =
        bench.command(arguments.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("hello") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended early");
    }
    (child, lines)
}

fn signal(child: &std::process::Child, signal: Signal) {
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
