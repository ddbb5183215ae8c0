//! How many requests commands make: each is a round trip, which over SSH or a slow line is what they take.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};

use super::bench::{Bench, Going, connect, on_each};

/// Stands between a command and its engine, and writes down the requests that pass.
struct Tap {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Tap {
    fn new(bench: &Bench) -> Tap {
        let path = bench.directory().join("tap.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (engine, record) = (bench.engine.clone(), Arc::clone(&requests));
        // Ends with the test's process.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), connect(&engine).unwrap());
                let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || pass(&back, &forth, |_| ()));
                let record = Arc::clone(&record);
                std::thread::spawn(move || {
                    pass(&client, &server, |bytes| {
                        let text = String::from_utf8_lossy(bytes);
                        let heads = text.lines().filter_map(|line| line.strip_suffix(" HTTP/1.1"));
                        record.lock().unwrap().extend(heads.map(str::to_owned));
                    });
                });
            }
        });
        Tap { address: format!("unix://{}", path.display()), requests }
    }

    /// The requests of a command that must end well.
    fn of(&self, bench: &Bench, arguments: &str) -> Vec<String> {
        self.requests.lock().unwrap().clear();
        let mut command = bench.command(arguments.split(' '));
        command.env("DOCKER_HOST", &self.address);
        Going::new(command).ends().exits(0);
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

fn pass(mut from: &UnixStream, mut to: &UnixStream, look: impl Fn(&[u8])) {
    let mut buffer = [0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        look(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

#[test]
fn nothing_is_asked_twice() {
    on_each("requests", |bench| {
        bench.compose(
            "services:\n  a: &a {image: busybox, command: sleep 1000, stop_signal: SIGKILL}\n  b: *a\n  c: *a\n",
        );
        bench.run("up -d").exits(0);
        let tap = Tap::new(bench);
        // Of an engine that nobody has spoken with, the version is asked first.
        let first = tap.of(bench, "ps");
        assert!(first.len() == 2 && first[0].ends_with("/_ping"), "{first:#?}");
        assert_eq!(tap.of(bench, "ps").len(), 1);
        assert_eq!(tap.of(bench, "ls").len(), 1);
        // Containers, networks, volumes and one image.
        let same = tap.of(bench, "up -d");
        assert_eq!(same.len(), 4, "{same:#?}");

        // Another engine has come since: what it says counts.
        let known = bench.directory().join(".cache/rcompose/engines");
        let files: Vec<_> = std::fs::read_dir(&known).unwrap().map(|entry| entry.unwrap().path()).collect();
        let memo = files
            .iter()
            .find(|path| std::fs::read_to_string(path).unwrap().starts_with(&tap.address))
            .unwrap();
        let right = std::fs::read_to_string(memo).unwrap();
        for wrong in ["1.51", "1.40"] {
            std::fs::write(memo, format!("{}\n{wrong}\ndocker\n", tap.address)).unwrap();
            let asked = tap.of(bench, "ps");
            assert!(asked.len() <= 2, "{asked:#?}");
            assert_eq!(std::fs::read_to_string(memo).unwrap(), right, "{wrong}");
            assert_eq!(tap.of(bench, "ps").len(), 1);
        }
    });
}
