//! Traps: `tests/lint/<CODE>_<slug>[_variant]/`, and `none_<what>` for files without a finding.
//!
//! A folder holds the project's files and `expected.txt`, what `lint` says of them. `request.json` says what
//! the command line would. With `RCOMPOSE_BLESS=1` the expected texts are written anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rcompose::app::lint::{LintRequest, Linted, lint, why};
use rcompose::app::load::{LoadRequest, Reading};
use rcompose::app::request::Facts;
use rcompose::diag::{Code, Severity};
use rcompose::lint::RULES;
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::ui::diag::{Look, draw_in};
use rcompose::ui::sarif;
use serde_json::Value;

use crate::fixtures::{
    self, DIRECTORY, Verdict, assert_places_lie_in_the_texts, code_of, files_of, name_of, root,
};

/// What `request.json` may say.
#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// `--profile`
    profiles: Vec<String>,
    /// `--allow`
    allow: Vec<String>,
    /// The environment of the process.
    environment: BTreeMap<String, String>,
}

fn folders() -> Vec<PathBuf> {
    fixtures::folders("tests/lint")
}

/// The code a folder is named for; none for those without a finding.
fn trap_of(folder: &Path) -> Option<Code> {
    (!name_of(folder).starts_with("none_")).then(|| code_of(folder))
}

fn linted(folder: &Path) -> Linted {
    let (files, wanted): (_, Wanted) = fixtures::read(folder);
    let request = Request {
        profiles: wanted.profiles,
        cwd: PathBuf::from(DIRECTORY),
        os: Environment::from_os(wanted.environment),
        ..Request::default()
    };
    lint(
        &LintRequest {
            load: LoadRequest::full(request, Vec::new()),
            allow: wanted.allow,
            facts: Facts::default(),
        },
        Reading { files: &files, remote: None },
    )
}

#[test]
fn traps_are_told_as_expected() {
    let mut verdict = Verdict::new();
    for folder in folders() {
        let Linted { findings, sources } = linted(&folder);
        let drawn = draw_in(&findings, &sources, Look::default(), Some(Path::new(DIRECTORY)));
        let name = name_of(&folder);
        match trap_of(&folder) {
            Some(code) if !findings.iter().any(|finding| finding.code == code) => {
                verdict.wrong(format!("{name}: no {code} among the findings\n{drawn}"));
            }
            None if !findings.is_empty() => verdict.wrong(format!("{name}: findings\n{drawn}")),
            _ => {}
        }
        assert_places_lie_in_the_texts(&folder, &findings, &sources);
        verdict.compare(&folder.join("expected.txt"), &drawn);
    }
    verdict.end();
}

/// An edit that is shown must do what it says: the finding is gone once it is made.
#[test]
fn edits_mend_what_they_are_shown_for() {
    let mut edits = 0;
    for folder in folders() {
        let Linted { findings, sources } = linted(&folder);
        for finding in findings.iter() {
            let Some(edit) = &finding.edit else { continue };
            edits += 1;
            let source = sources.get(edit.span.file).unwrap();
            let mut text = source.text.to_string();
            text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.replacement);
            let mended = tempfile::tempdir().unwrap();
            for path in files_of(&folder) {
                let target = mended.path().join(path.strip_prefix(&folder).unwrap());
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                let changed = target.strip_prefix(mended.path()).unwrap() == Path::new(&source.name);
                fs::write(target, if changed { text.clone().into_bytes() } else { fs::read(path).unwrap() })
                    .unwrap();
            }
            let left = linted(mended.path()).findings;
            let same = |other: &&rcompose::diag::Diagnostic| {
                other.code == finding.code && other.message == finding.message
            };
            assert!(!left.iter().any(|other| same(&other)), "{}: {finding:?}", folder.display());
            assert!(!left.has_errors(), "{}: {left:?}", folder.display());
        }
    }
    assert!(edits >= 5, "only {edits} edits were tried");
}

#[test]
fn each_rule_has_a_folder() {
    let shown: Vec<Code> = folders().iter().filter_map(|folder| trap_of(folder)).collect();
    for rule in RULES {
        assert!(shown.contains(&rule.code), "{} has no folder in tests/lint", rule.code);
    }
    assert!(RULES.is_sorted_by_key(|rule| rule.code), "rules stand in the order of their codes");
    let without: Vec<&str> = Code::all()
        .filter(|code| code.id().starts_with("RC08") && RULES.iter().all(|rule| rule.code != *code))
        .map(Code::id)
        .collect();
    assert!(without.is_empty(), "codes without a rule: {without:?}");
}

/// `docs/lint.md` has a row for each rule, in order, and says the same of it.
#[test]
fn each_rule_is_documented() {
    let text = fs::read_to_string(root("docs/lint.md")).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| RC08")).collect();
    let wanted: Vec<String> = RULES
        .iter()
        .map(|rule| {
            let severity = match rule.code.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            format!("| {} | `{}` | {severity} | {} |", rule.code.id(), rule.code.slug(), rule.why)
        })
        .collect();
    assert_eq!(rows, wanted, "\nThe table should read:\n{}", wanted.join("\n"));
}

/// What the schema of SARIF 2.1.0 requires of the objects that are written, and no unknown key.
#[test]
fn sarif_is_complete() {
    let has = |object: &Value, required: &[&str], allowed: &[&str]| {
        let object = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
        for key in required {
            assert!(object.contains_key(*key), "{key} is missing in {object:?}");
        }
        for key in object.keys() {
            assert!(
                required.contains(&key.as_str()) || allowed.contains(&key.as_str()),
                "{key} in {object:?}"
            );
        }
    };
    let one_based = |region: &Value| {
        has(region, &["startLine", "startColumn", "endLine", "endColumn"], &[]);
        for key in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(region[key].as_u64().is_some_and(|n| n >= 1), "{region}");
        }
    };
    let place = |location: &Value, required: &[&str], allowed: &[&str]| {
        has(location, required, allowed);
        has(&location["physicalLocation"], &["artifactLocation", "region"], &[]);
        let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.contains(':') && !uri.starts_with('/'), "{uri} is not relative");
        one_based(&location["physicalLocation"]["region"]);
    };
    let (mut results, mut fixes) = (0, 0);
    for folder in folders() {
        let Linted { findings, sources } = linted(&folder);
        let log: Value = serde_json::from_str(&sarif::render(&findings, &sources, &why).unwrap()).unwrap();
        has(&log, &["version", "runs"], &["$schema"]);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        has(run, &["tool", "results", "columnKind"], &[]);
        let driver = &run["tool"]["driver"];
        has(driver, &["name", "rules"], &["semanticVersion"]);
        for rule in driver["rules"].as_array().unwrap() {
            let words = ["shortDescription", "fullDescription", "help"];
            has(
                rule,
                &["id", "name", "shortDescription", "fullDescription", "help"],
                &["defaultConfiguration"],
            );
            assert!(words.iter().all(|key| !rule[*key]["text"].as_str().unwrap().is_empty()), "{rule}");
        }
        for result in run["results"].as_array().unwrap() {
            results += 1;
            has(
                result,
                &["message", "ruleId", "ruleIndex", "level", "locations"],
                &["relatedLocations", "fixes"],
            );
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(driver["rules"][index]["id"], result["ruleId"]);
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
            for location in result["locations"].as_array().unwrap() {
                place(location, &["physicalLocation"], &["logicalLocations"]);
            }
            for location in result["relatedLocations"].as_array().into_iter().flatten() {
                place(location, &["physicalLocation", "message"], &[]);
            }
            for fix in result["fixes"].as_array().into_iter().flatten() {
                fixes += 1;
                has(fix, &["artifactChanges"], &["description"]);
                let change = &fix["artifactChanges"][0];
                has(change, &["artifactLocation", "replacements"], &[]);
                has(&change["replacements"][0], &["deletedRegion"], &["insertedContent"]);
                one_based(&change["replacements"][0]["deletedRegion"]);
            }
        }
    }
    assert!(results > 20 && fixes > 3, "{results} results, {fixes} fixes");
}
