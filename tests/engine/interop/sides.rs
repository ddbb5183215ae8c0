//! The two programs, the engine they share, and one project of one test.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

/// One of the two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Ours,
    Theirs,
}

/// What a program printed and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A project on an engine, and both programs to work on it.
pub struct Bench {
    reference: PathBuf,
    pub engine: String,
    pub project: String,
    pub subnet: String,
    /// The Compose file both work on.
    pub file: &'static str,
}

/// The variable's value, or a word about what is not run without it.
pub fn setting(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        eprintln!("interop: NOT RUN: {variable} is not set");
    }
    value
}

/// Runs a program to its end.
fn said(command: &mut Command) -> Said {
    let done = command.output().expect("the program runs");
    Said {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&done.stdout).into_owned(),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

/// Where the project's files are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/rich")
}

impl Bench {
    /// `None` when the engine or the reference is not there; why is told. `number` keeps the address
    /// ranges of tests that run at a time apart.
    pub fn new(engine: &str, file: &'static str, number: u8) -> Option<Bench> {
        let reference = PathBuf::from(setting("RCOMPOSE_REFERENCE")?);
        let engine = setting(engine)?;
        let project = format!("interop-{}-{number}", std::process::id());
        let subnet = format!("10.{}.{number}", 200 + std::process::id() % 40);
        let bench = Bench { reference, engine, project, subnet, file };
        bench.get("/_ping");
        Some(bench)
    }

    /// Runs one of the programs on the files to its end.
    pub fn run(&self, side: Side, arguments: &[&str]) -> Said {
        said(&mut self.command(side, &directory(), &[&["-f", self.file], arguments].concat()))
    }

    /// Runs one of the programs far from the files: only the project's name is known.
    pub fn run_by_name(&self, side: Side, arguments: &[&str]) -> Said {
        said(&mut self.command(side, &std::env::temp_dir(), &[&["-p", &self.project], arguments].concat()))
    }

    /// Like [`Bench::run_by_name`], but the name comes from the environment.
    pub fn run_by_environment(&self, side: Side, arguments: &[&str]) -> Said {
        let mut command = self.command(side, &std::env::temp_dir(), arguments);
        said(command.env("COMPOSE_PROJECT_NAME", &self.project))
    }

    fn command(&self, side: Side, directory: &Path, arguments: &[&str]) -> Command {
        let program = match side {
            Side::Ours => Path::new(env!("CARGO_BIN_EXE_rcompose")),
            Side::Theirs => &self.reference,
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // No configuration of whoever runs the tests.
            .env("HOME", std::env::temp_dir().join("interop-no-home"))
            .env("DOCKER_HOST", &self.engine)
            .env("PROJECT", &self.project)
            .env("SUBNET", &self.subnet)
            .stdin(Stdio::null());
        command
    }

    /// Runs what must go well.
    pub fn done(&self, side: Side, arguments: &[&str]) -> String {
        let said = self.run(side, arguments);
        assert_eq!(said.code, 0, "{side:?} {arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    /// Both must print the same and end alike.
    pub fn alike(&self, arguments: &[&str]) {
        self.agree(arguments, |said| said.out.clone());
    }

    /// Like [`Bench::alike`], for output whose lines come in any order, in columns of any width.
    pub fn alike_sorted(&self, arguments: &[&str]) {
        self.agree(arguments, |said| {
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut lines: Vec<String> = said.out.lines().map(words).collect();
            lines.sort();
            lines
        });
    }

    /// Ages and states move on between two looks. So the other one looks before and after: when it sees the
    /// same both times, that is what there is to see.
    fn agree<T: PartialEq + std::fmt::Debug>(&self, arguments: &[&str], view: impl Fn(&Said) -> T) {
        for _ in 0..30 {
            let before = self.run(Side::Theirs, arguments);
            let ours = self.run(Side::Ours, arguments);
            let after = self.run(Side::Theirs, arguments);
            if (view(&before), before.code) != (view(&after), after.code) {
                continue;
            }
            assert_eq!(view(&ours), view(&after), "{arguments:?}: {}", ours.err);
            assert_eq!(ours.code, after.code, "{arguments:?}: {} / {}", ours.err, after.err);
            return;
        }
        panic!("{arguments:?}: never the same twice");
    }

    /// Asks the engine itself.
    pub fn get(&self, path: &str) -> Json {
        let mut stream: Box<dyn ReadWrite> = match self.engine.split_once("://") {
            Some(("unix", path)) => Box::new(UnixStream::connect(path).expect("the engine's socket")),
            Some(("tcp", address)) => Box::new(TcpStream::connect(address).expect("the engine's port")),
            _ => panic!("{}: only unix:// and tcp:// are understood here", self.engine),
        };
        // Version 1.0 of the protocol: the answer ends when the connection does.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: engine\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(" 200 "), "{path}: {head}\n{body}");
        serde_json::from_str(body).unwrap_or(Json::Null)
    }

    fn listed(&self, path: &str, list: &str) -> Vec<Json> {
        let filter = format!("%7B%22label%22%3A%5B%22com.docker.compose.project%3D{}%22%5D%7D", self.project);
        let found = self.get(&format!("{path}filters={filter}"));
        let found = if list.is_empty() { &found } else { &found[list] };
        found.as_array().cloned().unwrap_or_default()
    }

    /// Ids of the project's containers.
    pub fn ids(&self) -> BTreeSet<String> {
        let text = |container: Json| container["Id"].as_str().expect("an id").to_owned();
        self.listed("/containers/json?all=1&", "").into_iter().map(text).collect()
    }

    /// Everything of the project as an inspection shows it, by kind and name.
    pub fn inspected(&self) -> BTreeMap<String, Json> {
        let mut all = BTreeMap::new();
        for id in self.ids() {
            let found = self.get(&format!("/containers/{id}/json"));
            let name = found["Name"].as_str().expect("a name").trim_start_matches('/').to_owned();
            all.insert(format!("container {name}"), found);
        }
        for network in self.listed("/networks?", "") {
            let name = network["Name"].as_str().expect("a name").to_owned();
            all.insert(format!("network {name}"), self.get(&format!("/networks/{name}")));
        }
        for volume in self.listed("/volumes?", "Volumes") {
            let name = volume["Name"].as_str().expect("a name").to_owned();
            all.insert(format!("volume {name}"), self.get(&format!("/volumes/{name}")));
        }
        all
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let said = self.run(Side::Theirs, &["--profile", "*", "down", "-v", "-t", "0", "--remove-orphans"]);
        if said.code != 0 {
            eprintln!("interop: {} is not cleaned up: {}", self.project, said.err);
        }
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}
