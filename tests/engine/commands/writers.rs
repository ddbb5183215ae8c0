//! One command at a time changes a project: the others wait, and say for whom.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::Signal;

use super::bench::{Bench, on_each};

/// Comes up when the file `/tmp/ready` is there.
const SLOW: &str = r#"
services:
  web:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: {test: "test -f /tmp/ready", interval: 200ms, retries: 1000}
"#;

/// Begins a command and returns with the first line of its standard error.
fn first_words(bench: &Bench, arguments: &str) -> (Child, BufReader<ChildStderr>, String) {
    let mut command = bench.command(arguments.split(' '));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    (child, lines, line)
}

#[test]
fn the_second_waits_and_readers_do_not() {
    on_each("turns", |bench| {
        bench.compose(SLOW);
        let holder = bench.begin("up --wait");
        bench.until("the wait for web", || bench.state("web-1") == "running");
        let words = format!("rcompose up (pid {}, since ", holder.pid());

        // Said at once, while the first one holds the lock.
        let (mut second, _lines, line) = first_words(bench, "restart web");
        assert!(line.contains(&format!("waiting for {words}")) && !line.contains("not waiting"), "{line}");
        bench.run("stop --no-wait-lock").exits(1).tells(&format!("not waiting for {words}"));
        let (mut third, _lines, _) = first_words(bench, "down");
        rustix::process::kill_process(rustix::process::Pid::from_child(&third), Signal::INT).unwrap();
        assert_eq!(third.wait().unwrap().code(), Some(130), "who waits can be cancelled");
        // Readers wait for nobody: these end while the lock is held.
        for reader in ["ps", "logs", "config -q", "plan", "ls", "down --dry-run", "up --dry-run"] {
            let ran = bench.run(reader);
            assert!(!ran.err.contains("waiting for"), "{reader}: {}", ran.err);
        }
        assert!(second.try_wait().unwrap().is_none(), "it waits");
        let began = bench.inspect("web-1")["State"]["StartedAt"].clone();

        // A holder that is killed holds up nobody.
        holder.signal(Signal::KILL);
        holder.ends();
        assert_eq!(second.wait().unwrap().code(), Some(0));
        assert_ne!(bench.inspect("web-1")["State"]["StartedAt"], began);
        bench.run("down").exits(0);
        assert!(bench.containers().is_empty());
    });
}

#[test]
fn what_follows_output_leaves_the_lock_to_others() {
    on_each("follow", |bench| {
        bench.compose(&SLOW.replace("test -f /tmp/ready", "true"));
        let attached = bench.begin("up");
        bench.until("the container", || bench.state("web-1") == "running");
        bench.run("restart -t 0").exits(0);
        bench.run("up -d").exits(0);
        bench.run("down").exits(0);
        assert!(bench.containers().is_empty());
        attached.ends();
    });
}
