//! One broken project for each kind of finding: `tests/diag/<CODE>_<slug>[_variant]/`.
//!
//! A folder holds the project's files and `expected.txt`, what people are told about them. Where files
//! alone don't bring the finding about, `request.json` says what the command line would. With
//! `RCOMPOSE_BLESS=1` the expected texts are written anew.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rcompose::app::load::{LoadRequest, load};
use rcompose::app::request::{Facts, from_project};
use rcompose::diag::{Code, Diagnostics, SourceMap};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::load::files::MapFiles;
use rcompose::ui::diag::{Look, draw_in};

/// Kinds of findings without a folder, and why.
const ELSEWHERE: &[(Code, &str)] =
    &[(Code::FileTooLarge, "the file would have 64 MiB; a unit test of load::files makes one in memory")];

/// The directory the projects seem to be in, so that messages are the same on every machine.
const DIRECTORY: &str = "/shop";

/// What `request.json` may say.
#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// `--file`
    files: Vec<String>,
    /// `--project-name`
    project_name: Option<String>,
    /// `--profile`
    profiles: Vec<String>,
    /// Services named by the command.
    services: Vec<String>,
    /// The environment of the process.
    environment: BTreeMap<String, String>,
}

/// The one place that knows how a project is loaded.
fn findings(folder: &Path) -> (Diagnostics, SourceMap) {
    let mut files = MapFiles::new().with_directory(DIRECTORY);
    let mut wanted = Wanted::default();
    for path in project_files(folder) {
        let content = fs::read(&path).unwrap();
        match path.strip_prefix(folder).unwrap().to_str().unwrap() {
            "request.json" => wanted = serde_json::from_slice(&content).unwrap(),
            "expected.txt" => {}
            name => files = files.with(Path::new(DIRECTORY).join(name), content),
        }
    }
    let request = Request {
        files: wanted.files,
        project_name: wanted.project_name,
        profiles: wanted.profiles,
        cwd: PathBuf::from(DIRECTORY),
        os: Environment::from_os(wanted.environment),
        ..Request::default()
    };
    let mut loaded = load(&LoadRequest::full(request, wanted.services), &files);
    let mut findings = std::mem::take(&mut loaded.findings);
    let sources = loaded.sources.clone();
    // As the commands do, what the engine can't be told is only looked at in a project without mistakes.
    if let Some(project) = loaded.project.filter(|_| !findings.has_errors()) {
        findings.extend(from_project(project, loaded.sources, &Facts::default()).findings);
        findings.sort();
    }
    (findings, sources)
}

fn project_files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(project_files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diag");
    let mut all: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

/// The code a folder is named for.
fn code_of(folder: &Path) -> Code {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let named = |code: &Code| {
        name.strip_prefix(&format!("{}_{}", code.id(), code.slug()))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    Code::all().find(named).unwrap_or_else(|| panic!("{name}: no code and slug in front"))
}

#[test]
fn findings_read_as_expected() {
    let bless = std::env::var_os("RCOMPOSE_BLESS").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for folder in folders() {
        assert!(folder.is_dir(), "{}: a stray file", folder.display());
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let code = code_of(&folder);
        let (findings, sources) = findings(&folder);
        let drawn = draw_in(&findings, &sources, Look::default(), Some(Path::new(DIRECTORY)));
        if !findings.iter().any(|finding| finding.code == code) {
            wrong.push(format!("{name}: no {code} among the findings\n{drawn}"));
        }
        let expected = folder.join("expected.txt");
        if bless {
            fs::write(&expected, &drawn).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != drawn {
            wrong.push(format!("{name}: not as expected\n{drawn}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n\n{} of them", wrong.join("\n\n"), wrong.len());
}

#[test]
fn each_kind_of_finding_has_a_folder_or_a_reason() {
    let shown: Vec<Code> = folders().iter().map(|folder| code_of(folder)).collect();
    // The codes of `lint` have theirs in tests/lint.
    let traps = |code: &Code| rcompose::lint::RULES.iter().any(|rule| rule.code == *code);
    for code in Code::all().filter(|code| !traps(code)) {
        let excused = ELSEWHERE.iter().any(|(other, _)| *other == code);
        assert!(shown.contains(&code) != excused, "{code} {}: a folder or a reason, not both", code.slug());
    }
}

/// Places must lie in the texts, on whole characters, and edits must change what they say they change.
#[test]
fn places_lie_in_the_texts() {
    for folder in folders() {
        let (findings, sources) = findings(&folder);
        for finding in findings.iter() {
            let spans = [finding.span].into_iter().chain(finding.labels.iter().map(|label| label.span));
            for span in spans.chain(finding.edit.iter().map(|edit| edit.span)).filter(|span| span.is_some()) {
                assert!(sources.slice(span).is_some(), "{}: {finding:?}", folder.display());
            }
        }
    }
}
