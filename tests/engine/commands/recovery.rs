//! After runs that did not end well: what others started stays, what ran runs again, and what could not be
//! known is looked at.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::bench::{Going, on_each};

const IDLE: &str = "image: busybox, command: sleep 1000, stop_signal: SIGKILL";

#[test]
fn a_container_that_someone_else_started_stays_with_its_volume() {
    on_each("rival", |bench| {
        bench.compose(&format!(
            "services:\n  db: {{{IDLE}, healthcheck: {{test: \"test ! -f /tmp/over || exit 1; sleep 30\", interval: 300ms, timeout: 60s, retries: 1}}}}\n  web: {{{IDLE}, volumes: [/data], depends_on: {{db: {{condition: service_healthy}}}}}}\n"
        ));
        let going = bench.begin("up -d");
        bench.until("the wait for db", || {
            bench.state("db-1") == "running" && bench.state("web-1") == "created"
        });
        let web = bench.id("web-1");
        bench.post(&format!("/containers/{web}/start"));
        let volume = bench.inspect("web-1")["Mounts"][0]["Name"].as_str().unwrap().to_owned();
        bench.post(&format!("/containers/{}/kill", bench.id("db-1")));
        let ran = going.ends().exits(1);
        assert!(!ran.err.contains("removed"), "{}", ran.err);
        assert_eq!((bench.id("web-1"), bench.state("web-1").as_str()), (web, "running"));
        assert_eq!(bench.get(&format!("/volumes/{volume}"))["Name"], volume.as_str());
    });
}

#[test]
fn a_container_whose_command_after_the_start_cannot_run_stays_up() {
    on_each("hook", |bench| {
        let file = |hook: &str, version: u8| {
            format!("services:\n  web: {{{IDLE}, environment: [V={version}]{hook}}}\n")
        };
        let hook = ", post_start: [{command: [/bin/nosuch]}]";
        bench.compose(&file(hook, 1));
        let ran = bench.run("up -d").exits(1);
        assert!(!ran.err.contains("made by this run"), "{}", ran.err);
        assert_eq!(
            (bench.containers(), bench.state("web-1").as_str()),
            (vec!["web-1".to_owned()], "running")
        );

        // In place of one that runs: that one comes back.
        bench.compose(&file("", 2));
        bench.run("up -d").exits(0);
        let old = bench.id("web-1");
        bench.compose(&file(hook, 3));
        bench.run("up -d").exits(1).tells("web-1 runs again as before");
        assert_eq!((bench.id("web-1"), bench.state("web-1").as_str()), (old, "running"));
        assert_eq!(bench.containers(), ["web-1"]);
    });
}

#[test]
fn a_container_between_two_of_its_restarts_gets_its_name() {
    on_each("flap", |bench| {
        bench.compose("services:\n  web: {image: busybox, command: [\"false\"], restart: always}\n");
        bench.run("up -d").exits(0);
        for _ in 0..3 {
            let before = bench.id("web-1");
            bench.run("up -d --force-recreate").exits(0);
            assert_eq!(bench.containers(), ["web-1"]);
            assert_ne!(bench.id("web-1"), before);
        }
    });
}

#[test]
fn the_answer_to_a_removal_is_lost() {
    on_each("lost", |bench| {
        let file = |version: u8| format!("services:\n  web: {{{IDLE}, environment: [V={version}]}}\n");
        bench.compose(&file(1));
        bench.run("up -d").exits(0);
        let before = bench.id("web-1");
        let socket = bench.directory().join("proxy.sock");
        let lost = losing_a_removal(&bench.engine, &socket);
        bench.compose(&file(2));
        let mut command = bench.command(["up", "-d"]);
        command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
        Going::new(command).ends().exits(0);
        assert!(lost.load(Ordering::SeqCst), "no removal came by");
        assert_eq!(
            (bench.containers(), bench.state("web-1").as_str()),
            (vec!["web-1".to_owned()], "running")
        );
        assert_ne!(bench.id("web-1"), before);
    });
}

/// Passes everything on to an engine but the answer to the first removal of a container: then the connection
/// breaks off. What comes back turns true when that has happened.
fn losing_a_removal(engine: &str, socket: &Path) -> Arc<AtomicBool> {
    let listener = UnixListener::bind(socket).unwrap();
    let engine = engine.strip_prefix("unix://").unwrap_or(engine).to_owned();
    let lost = Arc::new(AtomicBool::new(false));
    let losing = lost.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), UnixStream::connect(&engine).unwrap());
            let swallow = Arc::new(AtomicBool::new(false));
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            let (asked, losing) = (swallow.clone(), losing.clone());
            std::thread::spawn(move || {
                pass(from, to, |bytes| {
                    let text = String::from_utf8_lossy(bytes);
                    if text.starts_with("DELETE ")
                        && text.contains("/containers/")
                        && !losing.swap(true, Ordering::SeqCst)
                    {
                        asked.store(true, Ordering::SeqCst);
                    }
                    true
                });
            });
            std::thread::spawn(move || pass(server, client, |_| !swallow.load(Ordering::SeqCst)));
        }
    });
    lost
}

/// Passes bytes on as long as a look at them allows it.
fn pass(mut from: UnixStream, mut to: UnixStream, allowed: impl Fn(&[u8]) -> bool) {
    let mut bytes = [0; 65536];
    while let Ok(count) = from.read(&mut bytes) {
        if count == 0 || !allowed(&bytes[..count]) || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
