//! A user's directory, a cache and the program; a git server that is a directory; a registry on loopback.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Where the repositories of the tests seem to be.
pub const GIT_HOST: &str = "https://git.invalid/";

/// One user with one project directory.
pub struct Bench {
    root: tempfile::TempDir,
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Ran {
    pub out: String,
    pub err: String,
    pub code: Option<i32>,
}

impl Bench {
    pub fn new() -> Bench {
        let root = tempfile::tempdir().unwrap();
        for directory in ["shop", "home", "repos"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        Bench { root }
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.path().join(inside)
    }

    /// Writes a file, relative to the bench; the project is `shop/`.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A program with nothing of this machine's settings: its home, cache and git server are the bench's.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>, cache: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path("shop"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path(cache))
            .env("DOCKER_HOST", format!("unix://{}/none.sock", self.path("").display()))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", format!("url.file://{}/.insteadOf", self.path("repos").display()))
            .env("GIT_CONFIG_VALUE_0", GIT_HOST)
            .stdin(Stdio::null());
        command
    }

    pub fn rcompose(&self) -> Command {
        self.program(env!("CARGO_BIN_EXE_rcompose"), "cache")
    }

    /// Runs the program; paths of the cache are shown as `CACHE`.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.rcompose();
        command.args(arguments);
        self.finish(command)
    }

    pub fn finish(&self, mut command: Command) -> Ran {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let show = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let ours = format!("{}/rcompose/remote", self.path("cache").display());
            let theirs = format!("{}/docker-compose", self.path("their-cache").display());
            text.replace(&ours, "CACHE").replace(&theirs, "CACHE")
        };
        Ran { out: show(stdout), err: show(stderr), code: status.code() }
    }

    /// Runs `config` and the reference's, where there is one, and holds them against each other.
    pub fn config(&self, arguments: &[&str]) -> String {
        let all: Vec<&str> = arguments.iter().copied().chain(["config"]).collect();
        let ours = self.run(&all);
        assert_eq!((ours.code, ours.err.as_str()), (Some(0), ""), "{arguments:?}");
        if let Some(reference) = std::env::var_os("RCOMPOSE_REFERENCE").filter(|path| !path.is_empty()) {
            let mut command = self.program(reference, "their-cache");
            command.args(&all);
            let theirs = self.finish(command);
            assert_eq!(ours.out, theirs.out, "{arguments:?}: the reference differs: {}", theirs.err);
        } else {
            eprintln!("remote: NOT COMPARED: RCOMPOSE_REFERENCE is not set");
        }
        ours.out
    }

    /// What the cache holds.
    pub fn cached(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("cache/rcompose/remote")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs git in a repository of the server's.
    pub fn git(&self, repository: &str, arguments: &[&str]) -> String {
        let path = self.path("repos").join(repository);
        fs::create_dir_all(&path).unwrap();
        let mut command = self.program("git", "cache");
        command.arg("-C").arg(&path).args(["-c", "user.name=T", "-c", "user.email=t@example.com"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits these files on the branch that is checked out, and gives the commit.
    pub fn commit(&self, repository: &str, files: &[(&str, &str)]) -> String {
        let git_dir = self.path("repos").join(repository).join(".git");
        if !git_dir.exists() {
            self.git(repository, &["-c", "init.defaultBranch=main", "init", "-q"]);
        }
        for (path, text) in files {
            self.write(&format!("repos/{repository}/{path}"), text);
        }
        self.git(repository, &["add", "-A"]);
        self.git(repository, &["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(repository, &["rev-parse", "HEAD"])
    }
}

/// The name and the hash of `pass`, as the registry's configuration takes them.
const LOGIN: &str = "me:$2b$04$abcdefghijklmnopqrstuufznL8bkzdtHwLhca4To/v9Lo9bA7fR6\n";

/// A registry of this test alone.
pub struct Registry {
    child: Child,
    _data: tempfile::TempDir,
    pub host: String,
    authorization: Option<&'static str>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer: status, headers in lower case, body.
type Answer = (u16, String, Vec<u8>);

impl Registry {
    /// Starts one; `None`, said aloud, where the program is not installed.
    pub fn start(with_login: bool) -> Option<Registry> {
        let Some(program) = program() else {
            eprintln!("remote: NOT RUN: no docker-registry is installed, so no registry was asked");
            let ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!ci, "CI must have a registry: scripts/test fetches one");
            return None;
        };
        // A port that was free a moment ago; another process may be faster, so several are tried.
        for _ in 0..5 {
            let data = tempfile::tempdir().unwrap();
            let root = data.path().display().to_string();
            let host = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
            let mut config = format!(
                "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage: {{filesystem: {{rootdirectory: {root}/data}}}}\nhttp: {{addr: \"{host}\"}}\n"
            );
            if with_login {
                fs::write(data.path().join("login"), LOGIN).unwrap();
                config += &format!("auth: {{htpasswd: {{realm: test, path: {root}/login}}}}\n");
            }
            fs::write(data.path().join("config.yml"), config).unwrap();
            let mut command = Command::new(&program);
            command.arg("serve").arg(data.path().join("config.yml"));
            let child =
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let authorization = with_login.then_some("Basic bWU6cGFzcw==");
            let mut registry = Registry { child, _data: data, host, authorization };
            for _ in 0..300 {
                if registry.child.try_wait().unwrap().is_some() {
                    break;
                }
                if TcpStream::connect(&registry.host).is_ok() {
                    return Some(registry);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        panic!("{} does not serve", program.display());
    }

    fn request(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let login = self.authorization.map(|value| format!("authorization: {value}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\ncontent-type: {content_type}\r\n{login}content-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, bytes[end + 4..].to_vec())
    }

    /// Puts a blob there and gives its descriptor.
    fn blob(&self, repository: &str, media_type: &str, content: &[u8]) -> Value {
        let digest = digest(content);
        let (status, head, _) = self.request("POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"");
        assert_eq!(status, 202, "{head}");
        let location = head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("location")))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap();
        let path = location.strip_prefix(&format!("http://{}", self.host)).unwrap_or(&location);
        let (status, head, _) =
            self.request("PUT", &format!("{path}&digest={digest}"), "application/octet-stream", content);
        assert_eq!(status, 201, "{head}");
        json!({"mediaType": media_type, "digest": digest, "size": content.len()})
    }

    /// Puts a manifest there under a tag or its digest, and gives the digest.
    pub fn manifest(&self, repository: &str, tag: Option<&str>, manifest: &Value) -> String {
        let bytes = serde_json::to_vec(manifest).unwrap();
        let digest = digest(&bytes);
        let path = format!("/v2/{repository}/manifests/{}", tag.unwrap_or(&digest));
        let (status, head, body) =
            self.request("PUT", &path, manifest["mediaType"].as_str().unwrap(), &bytes);
        assert_eq!(status, 201, "{head} {}", String::from_utf8_lossy(&body));
        digest
    }

    /// The manifest of an artifact with these layers: media type, annotations, content.
    pub fn artifact(&self, repository: &str, layers: &[(&str, Value, &str)]) -> Value {
        let config = self.blob(repository, EMPTY, b"{}");
        let layers: Vec<Value> = layers
            .iter()
            .map(|(media_type, annotations, content)| {
                let mut layer = self.blob(repository, media_type, content.as_bytes());
                layer["annotations"] = annotations.clone();
                layer
            })
            .collect();
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.docker.compose.project",
            "config": config,
            "layers": layers,
        })
    }

    /// Publishes a project as `repository:tag`, and gives the digest.
    pub fn publish(&self, name: &str, layers: &[(&str, Value, &str)]) -> String {
        let (repository, tag) = name.split_once(':').unwrap();
        let manifest = self.artifact(repository, layers);
        self.manifest(repository, Some(tag), &manifest)
    }
}

/// A layer that is a Compose file.
pub fn compose_file(name: &str, content: &'static str) -> (&'static str, Value, &'static str) {
    (COMPOSE_FILE, json!({"com.docker.compose.file": name, "com.docker.compose.version": "5.6.1"}), content)
}

/// The media type of Compose files.
pub const COMPOSE_FILE: &str = "application/vnd.docker.compose.file+yaml";

/// The media type of an artifact's empty configuration.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// The media type of environment files.
pub const ENV_FILE: &str = "application/vnd.docker.compose.envfile";

pub fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("RCOMPOSE_TEST_REGISTRY").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).flat_map(|place| [place.join("docker-registry")]);
    places.into_iter().find(|place| Path::is_file(place))
}
