//! Where values come from: `tests/explain/<case>/` has a project's files, the paths that are asked for
//! (`questions.txt`) and what is told of them (`expected.txt`). `request.json` says what the environment has.
//! With `RCOMPOSE_BLESS=1` the expected texts are written anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use rcompose::app::explain::{ExplainError, Explainer};
use rcompose::app::load::{LoadRequest, Loaded, Reading, load, load_recorded};
use rcompose::diag::{Diagnostics, FileId};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::load::files::MapFiles;
use rcompose::load::provenance::Provenance;
use rcompose::model::{Form, print};
use rcompose::ui::diag::{Look, draw_account};
use rcompose::ui::table;
use rcompose::yaml::{self, Kind, Node, Segment};

use crate::fixtures::{self, DIRECTORY, Verdict, folders};

/// What `request.json` may say here and in the other fixtures; what is not needed is passed over.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Wanted {
    files: Vec<String>,
    profiles: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// A project of a folder, ready to be loaded.
struct Case {
    name: String,
    files: MapFiles,
    request: LoadRequest,
}

impl Case {
    fn new(folder: &Path) -> Case {
        let (files, wanted): (_, Wanted) = fixtures::read(folder);
        let request = Request {
            files: wanted.files,
            profiles: wanted.profiles,
            cwd: PathBuf::from(DIRECTORY),
            os: Environment::from_os(wanted.environment),
            ..Request::default()
        };
        let name = folder.display().to_string();
        Case { name, files, request: LoadRequest::full(request, Vec::new()) }
    }

    fn load(&self) -> (Loaded, Provenance) {
        load_recorded(&self.request, Reading { files: &self.files, remote: None })
    }
}

/// Every project of the fixtures that loads.
fn sound() -> Vec<Case> {
    let folders = ["tests/explain", "tests/lint", "tests/diag", "examples"].into_iter().flat_map(folders);
    let cases: Vec<Case> = folders
        .map(|folder| Case::new(&folder))
        .filter(|case| {
            let loaded = case.load().0;
            !loaded.findings.has_errors() && loaded.project.is_some()
        })
        .collect();
    assert!(cases.len() > 25, "only {} projects load", cases.len());
    cases
}

/// The paths of all scalars and empty collections.
fn leaves(node: &Node, path: &mut yaml::Path, into: &mut Vec<yaml::Path>) {
    match &node.kind {
        Kind::Mapping(map) if !map.is_empty() => {
            for entry in map {
                path.0.push(Segment::Key(entry.key.text.clone()));
                leaves(&entry.value, path, into);
                path.0.pop();
            }
        }
        Kind::Sequence(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                path.0.push(Segment::Index(at));
                leaves(item, path, into);
                path.0.pop();
            }
        }
        _ => into.push(path.clone()),
    }
}

#[test]
fn values_are_explained_as_expected() {
    let mut verdict = Verdict::new();
    for folder in folders("tests/explain") {
        let case = Case::new(&folder);
        let (loaded, record) = case.load();
        assert!(!loaded.findings.has_errors(), "{}: {:?}", case.name, loaded.findings);
        let explainer = Explainer::new(&loaded, &record, &case.files, Path::new(DIRECTORY)).unwrap();
        let mut told = String::new();
        for question in fs::read_to_string(folder.join("questions.txt")).unwrap().lines() {
            let (account, rows) = match explainer.explain(question) {
                Ok(explanation) => (explanation.account(), explanation.rows()),
                Err(ExplainError::Missing(missing)) => (missing.account(), Vec::new()),
                Err(error) => panic!("{question}: {error}"),
            };
            told.push_str(&draw_account(&account, &loaded.sources, Look::default()));
            told.push_str(&table::layout(&rows, 0, 2));
            told.push('\n');
        }
        told.push_str(&explainer.origins());
        verdict.compare(&folder.join("expected.txt"), &told);
    }
    verdict.end();
}

/// Nothing is printed that can't be accounted for: a place, or a rule that made it.
#[test]
fn every_value_has_an_origin() {
    let mut asked = 0;
    for case in sound() {
        let (loaded, record) = case.load();
        let explainer = Explainer::new(&loaded, &record, &case.files, Path::new(DIRECTORY)).unwrap();
        let printed = print::tree(loaded.project.as_ref().unwrap(), Form::Yaml);
        let mut paths = Vec::new();
        leaves(&printed, &mut yaml::Path::default(), &mut paths);
        for path in paths {
            asked += 1;
            let explanation =
                explainer.explain(&path.quoted()).unwrap_or_else(|e| panic!("{}: {e}", case.name));
            assert_eq!(explanation.path, path, "{}", case.name);
            let known = explanation.span.is_some() || !explanation.facts.is_empty();
            assert!(known, "{}: {path} comes from nowhere", case.name);
            let json: serde_json::Value =
                serde_json::from_str(&explanation.json(&loaded.sources).unwrap()).unwrap();
            assert_eq!(json["path"], path.quoted());
        }
    }
    assert!(asked > 200, "only {asked} values");
}

/// Comments are comments: the annotated text means what the plain one means.
#[test]
fn origins_leave_the_content_as_it_is() {
    for case in sound() {
        let (loaded, record) = case.load();
        let explainer = Explainer::new(&loaded, &record, &case.files, Path::new(DIRECTORY)).unwrap();
        let plain = print::double_dollars(&print::yaml(loaded.project.as_ref().unwrap()));
        let annotated = explainer.origins();
        let read = |text: &str| {
            let mut findings = Diagnostics::new();
            let mut documents = yaml::parse(text, FileId(0), &mut findings);
            assert!(findings.is_empty(), "{}: {findings:?}\n{text}", case.name);
            documents.remove(0).root
        };
        assert!(read(&plain).same(&read(&annotated)), "{}\n{annotated}", case.name);
        assert!(annotated.contains(" # "), "{}\n{annotated}", case.name);
    }
}

/// Text in every style YAML has, each with its comment.
#[test]
fn comments_fit_every_style() {
    let texts = [
        "plain",
        "",
        "# no comment",
        "a: b",
        "line\nline",
        "line\n",
        " indented\nline\n\n",
        "it's",
        "tab\there",
        "no",
        "12",
        "a very long text that is folded, since it goes on and on and on, well beyond the end of any line that people read",
        "a 'very' long: text that is folded # since it goes on and on and on, well beyond the end of any line that people read",
    ];
    let items = texts.map(|text| Node::string(text, rcompose::diag::Span::NONE)).to_vec();
    let list = Node::new(Kind::Sequence(items));
    let remarks = texts.iter().map(|_| Some("file:1:1\nnext".to_owned())).collect();
    let text = yaml::emit::to_yaml_with_remarks(&list, remarks);
    let mut findings = Diagnostics::new();
    let read = yaml::parse(&text, FileId(0), &mut findings).remove(0).root;
    assert!(findings.is_empty(), "{findings:?}\n{text}");
    assert!(read.same(&list), "{text}");
    assert_eq!(text.matches("# file:1:1 next").count(), texts.len(), "{text}");
}

/// Loading with a record gives what loading without one gives.
#[test]
fn the_record_changes_nothing() {
    for case in sound() {
        let plain = load(&case.request, &case.files);
        let (recorded, _) = case.load();
        let printed = |loaded: &Loaded| print::yaml(loaded.project.as_ref().unwrap());
        assert_eq!(printed(&plain), printed(&recorded), "{}", case.name);
        assert_eq!(plain.findings, recorded.findings, "{}", case.name);
    }
}

fn rcompose(directory: &Path, arguments: &[&str]) -> Output {
    assert_cmd::Command::cargo_bin("rcompose")
        .unwrap()
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_commands_answer_and_exit_as_they_should() {
    let directory = tempfile::tempdir().unwrap();
    let text = "services:\n  web:\n    image: nginx:1\n    privileged: true\n";
    fs::write(directory.path().join("compose.yaml"), text).unwrap();
    let run = |arguments: &[&str]| {
        let output = rcompose(directory.path(), arguments);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, out, _) = run(&["config", "--explain", "services.web.image"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("services.web.image: nginx:1\n --> compose.yaml:3:12\n"), "{out}");
    let (code, out, error) = run(&["config", "--explain", "services.web.imag"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("did you mean `services.web.image`?"), "{error}");
    let (code, out, _) = run(&["config", "--explain", "services.web.imag", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["near"][0]), (1, &serde_json::json!("services.web.image")));
    assert_eq!(run(&["config", "--explain", "services..web"]).0, 1);
    let (code, out, _) = run(&["config", "--origins"]);
    assert_eq!(code, 0);
    assert!(out.contains("    image: nginx:1 # compose.yaml:3:12\n"), "{out}");

    // A note is no failure, unless it is asked to be one.
    let (code, out, _) = run(&["lint"]);
    assert!(code == 0 && out.contains("note[RC0817]"), "{out}");
    assert_eq!(run(&["lint", "--fail-on", "note"]).0, 1);
    assert_eq!(
        run(&["lint", "--fail-on", "note", "--allow", "privileged"]),
        (0, String::new(), String::new())
    );
    let (code, out, _) = run(&["lint", "--allow", "privilegd,RC0817"]);
    assert!(code == 1 && out.contains("did you mean `privileged`?"), "{out}");
    let (_, out, _) = run(&["lint", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["code"], &json["line"]), (&serde_json::json!("RC0817"), &serde_json::json!(4)));
    let (_, out, _) = run(&["lint", "--format", "sarif"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let place = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "compose.yaml");
    fs::write(directory.path().join("x.env"), "A=1\nB=$UNSET\n").unwrap();
    let text = "services: {web: {image: 'nginx:1', env_file: x.env}}\n";
    fs::write(directory.path().join("compose.yaml"), text).unwrap();
    let (_, out, _) = run(&["lint", "--format", "sarif"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    let place = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let expected = serde_json::json!({"artifactLocation": {"uri": "x.env"}, "region": {"startLine": 2}});
    assert_eq!(place, &expected, "{out}");
    let (_, out, _) = run(&["lint", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["file"], &json["line"]), (&serde_json::json!("x.env"), &serde_json::json!(2)));
    fs::write(directory.path().join("compose.yaml"), "services: {web: {imag: nginx}}\n").unwrap();
    let (code, out, _) = run(&["lint", "--fail-on", "error"]);
    assert!(code == 1 && out.contains("error[RC0301]"), "{out}");
}
