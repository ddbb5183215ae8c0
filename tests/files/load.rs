//! What projects load to: `tests/load/<case>/`.
//!
//! A folder holds a project's files, `case.json` with the calls of `config` to try on it, and `expected.txt`
//! with what each of them prints: exit code, first lines of the findings, output. With `RCOMPOSE_BLESS=1` the
//! expected texts are written anew. Where `RCOMPOSE_REFERENCE` names a Docker Compose binary, each call is made
//! with it too: both must refuse, or both print the same. A call that deliberately differs says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::fixtures::{self, name_of};

/// What `case.json` says.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows, for readers.
    #[serde(rename = "about")]
    _about: String,
    /// Symbolic links to make: name to target.
    #[serde(default)]
    links: BTreeMap<String, String>,
    /// The calls, in order.
    calls: Vec<Call>,
}

/// One call.
#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Call {
    /// Arguments before `config`.
    before: Vec<String>,
    /// Arguments after it.
    after: Vec<String>,
    /// The environment, besides `PATH` and `HOME`.
    environment: BTreeMap<String, String>,
    /// The folder of the project the call is made in.
    directory: String,
    /// Standard input.
    stdin: String,
    /// A file the call writes, to be shown too.
    writes: Option<String>,
    /// Why the reference does something else; `docs/differences.md` says more.
    differs: Option<String>,
}

/// Lists that the reference prints in random order.
const UNORDERED: &[&str] = &[
    "--services",
    "--volumes",
    "--networks",
    "--images",
    "--models",
    "--hash",
    "--variables",
    "--environment",
];

/// Warnings that both tools give in the same words.
const SHARED_WARNINGS: &[&str] = &[
    "variable is not set. Defaulting",
    "for boolean is not supported by YAML 1.2",
    "the attribute `version` is obsolete",
    "external.name is deprecated",
];

/// What came of a call.
struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

fn folders() -> Vec<PathBuf> {
    fixtures::folders("tests/load")
}

fn read_case(folder: &Path) -> Case {
    let text = fs::read_to_string(folder.join("case.json"))
        .unwrap_or_else(|error| panic!("{}: case.json: {error}", name_of(folder)));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: case.json: {error}", name_of(folder)))
}

/// Copies a case's files.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// A case's project in a place of its own, named like the case.
fn set_up(folder: &Path, case: &Case, place: &Path) -> PathBuf {
    let project = place.join(name_of(folder));
    copy(folder, &project);
    for own in ["case.json", "expected.txt"] {
        let _ = fs::remove_file(project.join(own));
    }
    #[cfg(unix)]
    for (name, target) in &case.links {
        std::os::unix::fs::symlink(target, project.join(name)).unwrap();
    }
    project
}

fn make(binary: &Path, call: &Call, project: &Path) -> Outcome {
    let mut child = Command::new(binary)
        .args(&call.before)
        .arg("config")
        .args(&call.after)
        .current_dir(project.join(&call.directory))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .envs(&call.environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
    // A program that doesn't read its input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(call.stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let mut stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if let Some(written) = &call.writes {
        let path = project.join(written);
        stdout += &match fs::read_to_string(&path) {
            Ok(text) => format!("# {written}\n{text}"),
            Err(_) => format!("# no {written}\n"),
        };
        let _ = fs::remove_file(path);
    }
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The first lines of our findings.
fn findings(stderr: &str) -> Vec<&str> {
    let begins = |line: &&str| {
        line.starts_with("error") || line.starts_with("warning") || line.starts_with("rcompose:")
    };
    let found: Vec<&str> = stderr.lines().filter(begins).collect();
    // What is wrong with the command line itself is said without a code.
    if !found.is_empty() {
        return found;
    }
    let timeless = |line: &'_ str| line.find("level=").unwrap_or_default();
    stderr.lines().take(1).map(|line| &line[timeless(line)..]).collect()
}

/// How a call and its outcome stand in `expected.txt`.
fn shown(call: &Call, outcome: &Outcome, place: &Path) -> String {
    let mut text = String::from("$");
    for (name, value) in &call.environment {
        text += &format!(" {name}={value:?}");
    }
    let words = call.before.iter().map(String::as_str).chain(["config"]);
    for word in words.chain(call.after.iter().map(String::as_str)) {
        text += &format!(" {word}");
    }
    if !call.directory.is_empty() {
        text += &format!("   (in {})", call.directory);
    }
    text += &format!("\nexit {}\n", outcome.code);
    for finding in findings(&outcome.stderr) {
        text += &format!("| {finding}\n");
    }
    text += &outcome.stdout;
    if !text.ends_with('\n') {
        text += "\n(no line's end)\n";
    }
    text.replace(place.to_str().unwrap(), "") + "\n"
}

/// The warnings of a run of the reference, without repetitions.
fn reference_warnings(stderr: &str) -> BTreeSet<String> {
    let message = |line: &str| {
        let text = line.split_once("level=warning msg=")?.1;
        Some(serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()))
    };
    stderr.lines().filter_map(message).collect()
}

fn shared(warnings: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let both = |text: &String| SHARED_WARNINGS.iter().any(|words| text.contains(words));
    warnings.into_iter().filter(both).collect()
}

/// How two outcomes of a call differ, if they do.
fn difference(call: &Call, ours: &Outcome, theirs: &Outcome) -> Option<String> {
    if (ours.code == 0) != (theirs.code == 0) {
        let last = theirs.stderr.lines().last().unwrap_or_default();
        return Some(format!("exit {} here, {} there: {last}", ours.code, theirs.code));
    }
    if ours.code != 0 {
        return None;
    }
    let unordered = call.after.iter().any(|word| UNORDERED.contains(&word.as_str()));
    let same = match unordered {
        true => ours.stdout.lines().collect::<BTreeSet<_>>() == theirs.stdout.lines().collect(),
        false => ours.stdout == theirs.stdout,
    };
    if !same {
        return Some(format!("the reference prints\n{}", theirs.stdout));
    }
    let words = |line: &str| line.strip_prefix("warning")?.split_once(": ").map(|(_, text)| text.to_owned());
    let told = shared(findings(&ours.stderr).into_iter().filter_map(words));
    let theirs = shared(reference_warnings(&theirs.stderr));
    (told != theirs).then(|| format!("warnings {told:?} here, {theirs:?} there"))
}

/// Tries a case; what is wrong with it.
fn check(folder: &Path, reference: Option<&Path>, bless: bool) -> Vec<String> {
    let name = name_of(folder);
    let case = read_case(folder);
    let ours = Path::new(env!("CARGO_BIN_EXE_rcompose"));
    let place = tempfile::tempdir().unwrap();
    let project = set_up(folder, &case, place.path());
    let place = place.path().canonicalize().unwrap();
    let (mut wrong, mut text) = (Vec::new(), String::new());
    for call in &case.calls {
        let outcome = make(ours, call, &project);
        let shown = shown(call, &outcome, &place);
        if outcome.code != 0 && findings(&outcome.stderr).is_empty() {
            wrong.push(format!("{name}: no reason for\n{shown}{}", outcome.stderr));
        }
        text += &shown;
        let Some(reference) = reference else { continue };
        let first = shown.lines().next().unwrap_or_default();
        match (difference(call, &outcome, &make(reference, call, &project)), &call.differs) {
            (Some(difference), None) => wrong.push(format!("{name}: {first}\n{difference}\n{shown}")),
            (None, Some(_)) => wrong.push(format!("{name}: {first}: the reference does the same now")),
            _ => {}
        }
    }
    let expected = folder.join("expected.txt");
    if bless {
        fs::write(expected, text).unwrap();
    } else {
        let known = fs::read_to_string(expected).unwrap_or_default();
        if known != text {
            wrong.push(format!("{name}: not as expected: {}", first_difference(&known, &text)));
        }
    }
    wrong
}

fn first_difference(known: &str, now: &str) -> String {
    let at = known.lines().zip(now.lines()).take_while(|(a, b)| a == b).count();
    let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
    format!("line {}\n  expected {}\n  got      {}", at + 1, line(known), line(now))
}

#[test]
fn cases_load_as_expected() {
    let bless = fixtures::bless();
    let reference = std::env::var_os("RCOMPOSE_REFERENCE").filter(|path| !path.is_empty()).map(PathBuf::from);
    if reference.is_none() {
        eprintln!("SKIPPED: the comparison with Docker Compose, since RCOMPOSE_REFERENCE is not set");
    }
    let (folders, next, wrong) = (folders(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = check(folder, reference.as_deref(), bless);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{}\n\n{} of them", wrong.join("\n\n"), wrong.len());
}

/// A difference is told to people, under the words the case gives as its reason.
#[test]
fn differences_are_documented() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/differences.md");
    let document = fs::read_to_string(document).unwrap();
    for folder in folders() {
        for reason in read_case(&folder).calls.into_iter().filter_map(|call| call.differs) {
            let words = format!("**{reason}**");
            assert!(document.contains(&words), "{}: {words} is not in the document", name_of(&folder));
        }
    }
}
