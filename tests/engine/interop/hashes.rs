//! Config hashes: those of the reference, written down, and ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcompose::app::load::{LoadRequest, load};
use rcompose::app::request::{Facts, from_project};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::load::files::MapFiles;

use super::sides::setting;

/// Relative paths are hashed as absolute ones: the project seems to be here on every machine.
const DIRECTORY: &str = "/shop";

type Hashes = BTreeMap<String, String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/vectors")
}

fn written(name: &str) -> Hashes {
    serde_json::from_slice(&fs::read(folder().join(name)).unwrap()).unwrap()
}

fn bless(name: &str, hashes: &Hashes) {
    fs::write(folder().join(name), serde_json::to_string_pretty(hashes).unwrap() + "\n").unwrap();
}

/// A program on one of the files, in an environment of its own.
fn run(program: &Path, file: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(["-f", file, "--project-directory", DIRECTORY]).args(arguments).current_dir(folder());
    command.env_clear().env("HOME", "/nowhere");
    if let Ok(engine) = std::env::var("RCOMPOSE_TEST_ENGINE") {
        command.env("DOCKER_HOST", engine);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn blessed_by() -> Option<PathBuf> {
    std::env::var_os("RCOMPOSE_BLESS")?;
    setting("RCOMPOSE_REFERENCE").map(PathBuf::from)
}

fn of_services(program: &Path) -> Hashes {
    let out = run(program, "services.yaml", &["config", "--hash", "*"]);
    out.lines().map(|line| line.split_once(' ').unwrap()).map(|(s, h)| (s.to_owned(), h.to_owned())).collect()
}

#[test]
fn services_have_the_references_hashes() {
    if let Some(reference) = blessed_by() {
        bless("services.json", &of_services(&reference));
    }
    let (ours, theirs) = (of_services(Path::new(env!("CARGO_BIN_EXE_rcompose"))), written("services.json"));
    let differing: Vec<&String> = theirs.keys().filter(|key| ours.get(*key) != theirs.get(*key)).collect();
    assert!(differing.is_empty(), "other hashes than the reference's: {differing:?}");
    assert_eq!(ours.len(), theirs.len());
}

/// Only the labels of what exists tell the reference's hashes of networks and volumes.
fn of_resources(reference: &Path) -> Hashes {
    run(reference, "resources.yaml", &["up", "--no-start"]);
    let label = "{{index .Labels \"com.docker.compose.config-hash\"}}";
    let mut hashes = Hashes::new();
    for (kind, own) in [("network", "network"), ("volume", "volume")] {
        let docker = |arguments: &[&str]| {
            let host = std::env::var("RCOMPOSE_TEST_ENGINE").unwrap();
            let done = Command::new("docker").args(["-H", &host, kind]).args(arguments).output().unwrap();
            String::from_utf8(done.stdout).unwrap()
        };
        let listed = docker(&["ls", "-q", "--filter", "label=com.docker.compose.project=interop-vectors"]);
        for id in listed.lines() {
            let key = format!("{{{{index .Labels \"com.docker.compose.{own}\"}}}} {label}");
            let told = docker(&["inspect", "--format", &key, id]);
            let (key, hash) = told.trim().split_once(' ').unwrap();
            hashes.insert(key.to_owned(), hash.to_owned());
        }
    }
    run(reference, "resources.yaml", &["down", "-v"]);
    hashes
}

#[test]
fn networks_and_volumes_have_the_references_hashes() {
    if let Some(reference) = blessed_by() {
        bless("resources.json", &of_resources(&reference));
    }
    let text = fs::read(folder().join("resources.yaml")).unwrap();
    let files =
        MapFiles::new().with_directory(DIRECTORY).with(Path::new(DIRECTORY).join("compose.yaml"), text);
    let request =
        Request { cwd: PathBuf::from(DIRECTORY), os: Environment::from_os(Vec::new()), ..Request::default() };
    let loaded = load(&LoadRequest::full(request, Vec::new()), &files);
    assert!(!loaded.findings.has_errors(), "{:?}", loaded.findings);
    let desired = from_project(loaded.project.unwrap(), loaded.sources, &Facts::default(), &files).desired;
    let networks = desired.networks.values().map(|network| (network.key.clone(), network.hash.clone()));
    let volumes = desired.volumes.values().map(|volume| (volume.key.clone(), volume.hash.clone()));
    let ours: Hashes = networks.chain(volumes).collect();
    assert_eq!(serde_json::to_value(ours).unwrap(), serde_json::to_value(written("resources.json")).unwrap());
}
