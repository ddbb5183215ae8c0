//! The four ways progress is shown, the terminal's on a terminal.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::Value;

use super::bench::{Bench, on_each};

const PAIR: &str = r#"
services:
  db:
    image: busybox
    command: sh -c "sleep 1.3; touch /ready; exec sleep 1000"
    stop_signal: SIGKILL
    healthcheck: {test: test -f /ready, interval: 200ms, retries: 50}
  web:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: {db: {condition: service_healthy}}
"#;
const ROWS: u16 = 20;
const COLUMNS: u16 = 90;

/// Runs a command on a terminal: every picture it showed, the last one last, and its exit code.
fn on_terminal(bench: &Bench, arguments: &str) -> (Vec<String>, i32) {
    interrupted_on_terminal(bench, arguments, None)
}

/// Likewise, with an interruption as soon as some words are seen.
fn interrupted_on_terminal(bench: &Bench, arguments: &str, mut at: Option<&str>) -> (Vec<String>, i32) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave: OwnedFd = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap().into();
    let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).unwrap();
    let mut child = bench
        .command(arguments.split(' '))
        .env("TERM", "xterm")
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stdout(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave))
        .spawn()
        .unwrap();
    let mut screen = vt100::Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 1000);
    let mut pictures = Vec::new();
    let mut master = File::from(master);
    let mut bytes = [0; 4096];
    // The terminal reports an error once nobody holds its other end.
    while let Ok(count @ 1..) = master.read(&mut bytes) {
        screen.process(&bytes[..count]);
        let picture = screen.screen().contents();
        if at.take_if(|words| picture.contains(*words)).is_some() {
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        }
        pictures.push(picture);
    }
    assert!(!screen.screen().hide_cursor(), "the cursor is back");
    (pictures, child.wait().unwrap().code().unwrap_or(-1))
}

#[test]
fn a_terminal_shows_who_waits() {
    on_each("tty", |bench| {
        bench.compose(PAIR);
        let (pictures, code) = on_terminal(bench, "up -d");
        let last = pictures.last().unwrap();
        assert_eq!(code, 0, "{last}");
        let waits = format!("Container {}  Waiting for db to be healthy", bench.name("web-1"));
        assert!(
            pictures.iter().any(|picture| picture.contains(&waits)),
            "no {waits:?}:\n{}",
            pictures.join("\n---\n")
        );
        assert!(last.starts_with("[+] up 3/3"), "{last}");
        for line in ["_default  Created", "-db-1   Healthy", "-web-1  Started"] {
            assert!(
                last.lines().any(|found| found.starts_with(" ✔") && found.contains(line)),
                "no {line:?} in\n{last}"
            );
        }
        // Each thing has one line, whatever happened to it.
        assert_eq!(last.matches("web-1").count(), 1, "{last}");
        // Failures stand below the block.
        bench.compose(
            &PAIR.replace(
                "test -f /ready, interval: 200ms, retries: 50",
                "exit 1, interval: 100ms, retries: 1",
            ),
        );
        let (pictures, code) = on_terminal(bench, "up -d --force-recreate");
        let last = pictures.last().unwrap();
        assert_eq!(code, 1, "{last}");
        let block = last.find("[+] up").unwrap();
        assert!(last.lines().any(|line| line.starts_with("[+] up") && line.ends_with("failed")), "{last}");
        assert!(last.lines().any(|line| line.starts_with(" ✘") && line.contains("-db-1")), "{last}");
        assert!(last.find("error: dependency failed to start").unwrap() > block, "{last}");
        // A plan has colours, and no wrapped lines of its own making.
        let (pictures, _) = on_terminal(bench, "ps");
        assert!(pictures.last().unwrap().contains("NAME"));
    });
}

#[test]
fn last_words_are_seen_on_a_terminal() {
    on_each("words", |bench| {
        bench.compose(
            "services:\n  polite:\n    image: busybox\n    command: [\"sh\", \"-c\", \"trap 'echo bye; exit 7' TERM; echo hello; while true; do sleep 0.05; done\"]\n",
        );
        let (pictures, code) = interrupted_on_terminal(bench, "up", Some("hello"));
        let last = pictures.last().unwrap();
        assert_eq!(code, 130, "{last}");
        for words in
            ["Gracefully Stopping...", "polite-1  | bye", "polite-1 exited with code 7", "[+] stop 1/1"]
        {
            assert!(last.contains(words), "no {words:?} in\n{last}");
        }
    });
}

#[test]
fn lines_objects_and_silence() {
    on_each("modes", |bench| {
        bench.compose(PAIR);
        let ran = bench.run("--progress plain up -d").exits(0);
        assert!(ran.out.is_empty(), "{}", ran.out);
        let wait = format!(" Container {} Waiting for db to be healthy", bench.name("web-1"));
        assert!(ran.err.lines().any(|line| line == wait), "no {wait:?} in\n{}", ran.err);
        let done = format!(" Container {} Started ", bench.name("web-1"));
        assert_eq!(ran.err.lines().last(), Some(done.as_str()));
        assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);

        let ran = bench.run("--progress json up -d --force-recreate").exits(0);
        let objects: Vec<Value> =
            ran.err.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let web = format!("Container {}", bench.name("web-1"));
        assert!(
            objects.iter().any(|one| one["id"] == *web
                && one["text"] == "Waiting"
                && one["details"] == "for db to be healthy"),
            "{}",
            ran.err
        );
        assert!(
            objects
                .iter()
                .any(|one| one["id"] == *web && one["status"] == "Done" && one["text"] == "Recreated"),
            "{}",
            ran.err
        );

        let ran = bench.run("--progress quiet up -d --force-recreate").exits(0);
        assert!(ran.out.is_empty() && ran.err.is_empty(), "{}{}", ran.out, ran.err);
        let ran = bench.run("--progress json down").exits(0);
        assert!(ran.err.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ran.err);
        // Findings are objects too.
        bench.compose("services:\n  a: {image: busybox, imagee: x}\n");
        let ran = bench.run("--progress json up -d").exits(1);
        assert!(ran.err.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ran.err);
        bench.run("--progress loud up").exits(1).tells("unsupported --progress value \"loud\"");
    });
}

#[test]
fn a_signal_is_answered_at_once() {
    const DEAF: &str = "services:\n  deaf:\n    image: busybox\n    command: [\"sh\", \"-c\", \"trap : TERM; while true; do sleep 0.05; done\"]\n    stop_grace_period: 3s\n";
    on_each("answer", |bench| {
        bench.compose(DEAF);
        bench.run("up -d").exits(0);
        let (pictures, code) = interrupted_on_terminal(bench, "down", Some("Stopping"));
        let last = pictures.last().unwrap();
        assert_eq!(code, 130, "{last}");
        let at = |words: &str| pictures.iter().position(|picture| picture.contains(words));
        // While the container is still being stopped, and with the block below it.
        let told = at("stopping; press Ctrl-C again to force").expect(last);
        assert!(told < at("Stopped").expect(last), "{last}");
        assert!(last.contains("[+] down 0/2 cancelled"), "{last}");
        bench.run("down -t 0").exits(0);
    });
}
