//! One broken project for each kind of finding: `tests/diag/<CODE>_<slug>[_variant]/`.
//!
//! A folder holds the project's files and `expected.txt`, what people are told about them. Where files
//! alone don't bring the finding about, `request.json` says what the command line would. With
//! `RCOMPOSE_BLESS=1` the expected texts are written anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rcompose::app::load::{LoadRequest, load};
use rcompose::app::request::{Facts, from_project};
use rcompose::diag::{Code, Diagnostics, SourceMap};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::ui::diag::{Look, draw_in};

use crate::fixtures::{self, DIRECTORY, Verdict, assert_places_lie_in_the_texts, code_of, name_of};

/// Kinds of findings without a folder, and why.
const ELSEWHERE: &[(Code, &str)] =
    &[(Code::FileTooLarge, "the file would have 64 MiB; a unit test of load::files makes one in memory")];

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
    let (files, wanted): (_, Wanted) = fixtures::read(folder);
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
        findings.extend(from_project(project, loaded.sources, &Facts::default(), &files).findings);
        findings.sort();
    }
    (findings, sources)
}

fn folders() -> Vec<PathBuf> {
    fixtures::folders("tests/diag")
}

#[test]
fn findings_read_as_expected() {
    let mut verdict = Verdict::new();
    for folder in folders() {
        let code = code_of(&folder);
        let (findings, sources) = findings(&folder);
        let drawn = draw_in(&findings, &sources, Look::default(), Some(Path::new(DIRECTORY)));
        if !findings.iter().any(|finding| finding.code == code) {
            verdict.wrong(format!("{}: no {code} among the findings\n{drawn}", name_of(&folder)));
        }
        verdict.compare(&folder.join("expected.txt"), &drawn);
    }
    verdict.end();
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

#[test]
fn places_lie_in_the_texts() {
    for folder in folders() {
        let (findings, sources) = findings(&folder);
        assert_places_lie_in_the_texts(&folder, &findings, &sources);
    }
}
