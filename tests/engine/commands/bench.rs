//! A project of its own on a real engine, the binary that is run on it, and eyes that don't belong to us:
//! what the engine says about its objects is asked without this program.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const USUAL: &str = "unix:///var/run/docker.sock";
/// No test waits longer for something that must come.
const PATIENCE: Duration = Duration::from_secs(40);

/// An engine to test on: what its projects' names end with, and where its address is found.
type Choice = (&'static str, &'static str);

const DOCKER: [Choice; 2] = [("e", "RCOMPOSE_TEST_ENGINE"), ("m", "RCOMPOSE_TEST_ENGINE_MODERN")];
const PODMAN: Choice = ("p", "RCOMPOSE_TEST_ENGINE_PODMAN");

/// Runs a test on each Docker engine there is, side by side.
pub fn on_each(name: &str, test: impl Fn(&Bench) + Sync) {
    on(&DOCKER, name, test);
}

/// Runs a test on each engine there is, Podman too.
pub fn on_each_and_podman(name: &str, test: impl Fn(&Bench) + Sync) {
    on(&[DOCKER[0], DOCKER[1], PODMAN], name, test);
}

/// Runs a test on Podman, when it is there.
pub fn on_podman(name: &str, test: impl Fn(&Bench) + Sync) {
    on(&[PODMAN], name, test);
}

fn on(engines: &[Choice], name: &str, test: impl Fn(&Bench) + Sync) {
    on_addresses(engines, name, |tag, address| {
        test(&Bench::new(address, &format!("rce{}-{name}-{tag}", std::process::id())));
    });
}

/// Runs a test on each Docker engine there is, side by side. It gets the letter of the engine and its address.
pub fn on_each_address(name: &str, test: impl Fn(&str, &str) + Sync) {
    on_addresses(&DOCKER, name, test);
}

fn on_addresses(engines: &[Choice], name: &str, test: impl Fn(&str, &str) + Sync) {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    std::thread::scope(|scope| {
        for (tag, variable) in engines {
            let address = std::env::var(variable).ok().filter(|address| !address.is_empty());
            let usual = (*tag == "e").then(|| USUAL.to_owned());
            let Some(address) = address.or(usual) else {
                eprintln!("engine: NOT RUN: {name}: {variable} is not set");
                continue;
            };
            if connect(&address).is_err() {
                assert!(!(ci && *tag == "e"), "CI must have an engine at {address}");
                eprintln!("engine: NOT RUN: {name}: no engine answers at {address}");
                continue;
            }
            let test = &test;
            scope.spawn(move || test(tag, &address));
        }
    });
}

/// A connection to an engine's socket.
pub fn connect(address: &str) -> std::io::Result<UnixStream> {
    UnixStream::connect(address.strip_prefix("unix://").unwrap_or(address))
}

/// One project in a directory of its own.
pub struct Bench {
    /// The engine's address.
    pub engine: String,
    /// Name of the project.
    pub project: String,
    directory: TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Nothing is left behind, whatever a test saw, and whoever still holds the lock of this directory.
        let _ = self
            .bare(["-p", &self.project, "down", "-v", "--remove-orphans", "-t", "0"])
            .env_remove("XDG_RUNTIME_DIR")
            .current_dir("/")
            .output();
    }
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Asserts the exit code, and shows everything when it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Asserts that standard error holds these words.
    #[track_caller]
    pub fn tells(self, words: &str) -> Ran {
        assert!(self.err.contains(words), "no {words:?} in\n{}", self.err);
        self
    }
}

impl Bench {
    /// A project of that name, with nothing in it yet.
    pub fn new(engine: &str, project: &str) -> Bench {
        let directory = tempfile::Builder::new().prefix("rcompose-engine-").tempdir().unwrap();
        Bench { engine: engine.to_owned(), project: project.to_owned(), directory }
    }

    /// Whether the engine takes all networks when a container is created.
    pub fn is_modern(&self) -> bool {
        let version = self.get("/version");
        version["ApiVersion"].as_str().and_then(|text| text.split_once('.')?.1.parse().ok()).unwrap_or(0)
            >= 44
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes the Compose file.
    pub fn compose(&self, text: &str) -> &Bench {
        self.file("compose.yaml", text)
    }

    /// Writes a file beside it.
    pub fn file(&self, name: &str, text: &str) -> &Bench {
        let path = self.directory().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// The binary, away from this process's environment.
    fn bare<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rcompose"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory())
            .env("XDG_RUNTIME_DIR", self.directory())
            .env("DOCKER_HOST", &self.engine)
            .current_dir(self.directory())
            .stdin(Stdio::null());
        command
    }

    /// The binary on this project.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.bare(arguments);
        command.env("COMPOSE_PROJECT_NAME", &self.project);
        command
    }

    /// Runs it to its end. The arguments are one line.
    pub fn run(&self, arguments: &str) -> Ran {
        self.begin(arguments).ends()
    }

    /// Runs it with its project known by name only, away from the Compose file.
    pub fn by_name(&self, arguments: &str) -> Ran {
        let arguments = ["-p", &self.project].into_iter().chain(arguments.split(' '));
        let mut command = self.bare(arguments);
        command.current_dir("/");
        Going::new(command).ends()
    }

    /// This program, and Docker Compose where `RCOMPOSE_REFERENCE` names it: what holds for both is tested
    /// with both.
    pub fn sides(&self) -> Vec<Side<'_>> {
        let reference = std::env::var_os("RCOMPOSE_REFERENCE").filter(|path| !path.is_empty());
        if reference.is_none() {
            eprintln!("engine: NOT COMPARED: RCOMPOSE_REFERENCE is not set");
        }
        [None].into_iter().chain(reference.map(Some)).map(|program| Side { bench: self, program }).collect()
    }

    /// Runs Docker Compose on this project, where `RCOMPOSE_REFERENCE` names it. The arguments are one line.
    pub fn reference(&self, arguments: &str) -> Option<Ran> {
        self.sides().iter().find(|side| side.program.is_some()).map(|side| side.run(arguments))
    }

    /// Begins a run that is going to be interrupted.
    pub fn begin(&self, arguments: &str) -> Going {
        Going::new(self.command(arguments.split(' ')))
    }

    /// Asks the engine itself; `null` when the thing isn't there.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path);
        match status.as_str() {
            "404" => Value::Null,
            _ => serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}")),
        }
    }

    /// Has the engine itself remove something.
    pub fn delete(&self, path: &str) {
        let (status, body) = self.ask("DELETE", path);
        assert!(status.starts_with('2'), "{path}: {status}: {body}");
    }

    /// Has the engine itself do something.
    pub fn post(&self, path: &str) {
        let (status, body) = self.ask("POST", path);
        assert!(status.starts_with('2'), "{path}: {status}: {body}");
    }

    /// How many networks the project has.
    pub fn networks(&self) -> usize {
        let filter = format!("%7B%22label%22%3A%5B%22com.docker.compose.project%3D{}%22%5D%7D", self.project);
        self.get(&format!("/networks?filters={filter}")).as_array().unwrap().len()
    }

    /// Has the engine itself do something that it may refuse; its status code.
    pub fn status(&self, method: &str, path: &str, body: &str) -> String {
        self.send(method, path, body).0
    }

    /// Has the engine itself do what a JSON body says.
    pub fn post_json(&self, path: &str, body: &str) {
        let (status, answer) = self.send("POST", path, body);
        assert!(status.starts_with('2'), "{path}: {status}: {answer}");
    }

    fn ask(&self, method: &str, path: &str) -> (String, String) {
        self.send(method, path, "")
    }

    fn send(&self, method: &str, path: &str, body: &str) -> (String, String) {
        let mut stream = connect(&self.engine).unwrap();
        // Version 1.0 gives the answer in one piece, to the end of the connection.
        let length = body.len();
        let head = "Host: engine\r\nContent-Type: application/json";
        write!(stream, "{method} {path} HTTP/1.0\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned())
    }

    /// Name of a service's container.
    pub fn name(&self, container: &str) -> String {
        format!("{}-{container}", self.project)
    }

    /// Everything about a container, `web-1`.
    pub fn inspect(&self, container: &str) -> Value {
        self.get(&format!("/containers/{}/json", self.name(container)))
    }

    /// Id of a container; empty when it isn't there.
    pub fn id(&self, container: &str) -> String {
        self.inspect(container)["Id"].as_str().unwrap_or_default().to_owned()
    }

    /// What a container does: `running`, `exited`, …; empty when it isn't there.
    pub fn state(&self, container: &str) -> String {
        self.inspect(container)["State"]["Status"].as_str().unwrap_or_default().to_owned()
    }

    /// Names of the project's containers, without its own, by id.
    pub fn ids(&self) -> BTreeMap<String, String> {
        let filter = format!("%7B%22label%22%3A%5B%22com.docker.compose.project%3D{}%22%5D%7D", self.project);
        let listed = self.get(&format!("/containers/json?all=1&filters={filter}"));
        let prefix = format!("/{}-", self.project);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let name = |one: &Value| text(&one["Names"][0]).trim_start_matches(&prefix).to_owned();
        listed.as_array().unwrap().iter().map(|one| (text(&one["Id"]), name(one))).collect()
    }

    /// Containers of the project without its name, sorted.
    pub fn containers(&self) -> Vec<String> {
        let mut names: Vec<String> = self.ids().into_values().collect();
        names.sort();
        names
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < PATIENCE, "never came: {what}; there are {:?}", self.containers());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// One of the programs that are compared.
pub struct Side<'a> {
    bench: &'a Bench,
    /// Docker Compose; `None` for this program.
    program: Option<OsString>,
}

impl Side<'_> {
    /// The program on the project.
    pub fn command(&self, arguments: &str) -> Command {
        let ours = self.bench.command(arguments.split(' '));
        let Some(program) = &self.program else { return ours };
        let mut command = Command::new(program);
        command.args(ours.get_args()).env_clear().stdin(Stdio::null());
        command.envs(ours.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command.current_dir(self.bench.directory());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &str) -> Ran {
        Going::new(self.command(arguments)).ends()
    }
}

/// A run that goes on.
pub struct Going {
    child: Child,
    told: String,
    out: JoinHandle<String>,
    err: JoinHandle<String>,
}

impl Going {
    /// Begins a run.
    pub fn new(mut command: Command) -> Going {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Going { child, told: format!("{command:?}"), out: read(out), err: read(err) }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end, which must come.
    #[track_caller]
    pub fn ends(mut self) -> Ran {
        let begun = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            if begun.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                let (out, err) = (self.out.join().unwrap(), self.err.join().unwrap());
                panic!("never ended: {}\n{out}\n{err}", self.told);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Ran { code, out: self.out.join().unwrap(), err: self.err.join().unwrap() }
    }
}

fn read(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
