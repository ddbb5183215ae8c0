//! Real files with one thing broken: the finding must stand on the line of the mistake.
//!
//! The files are those in `tests/mutation/files/` and, when `RCOMPOSE_CORPUS` names a folder, every Compose
//! file below it. Each is broken in ways that people break files ([`breakages`]); what must be refused is
//! decided without our loader. With `RCOMPOSE_REFERENCE` a share of the broken files is shown to Docker
//! Compose as well, so that the test expects nothing which only we would refuse. The same breakages every time.

pub mod breakages;
pub mod dice;
pub mod oracle;
pub mod projects;
pub mod spots;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use breakages::{Breakage, Mistake, breakages};
use dice::Dice;
use oracle::Oracle;
use projects::Project;
use rcompose::app::load::Loaded;
use rcompose::diag::{Diagnostic, Severity};

/// What became of one broken file.
struct Outcome<'a> {
    project: &'a Project,
    broken: Breakage,
    /// Each error's line and words.
    errors: Vec<(usize, String)>,
    /// Whether an error stands on the mistake's line.
    on_line: bool,
    /// Whether the words name what was meant.
    guessed: bool,
}

fn errors(loaded: &Loaded) -> Vec<&Diagnostic> {
    loaded.findings.iter().filter(|finding| finding.severity == Severity::Error).collect()
}

fn outcome<'a>(project: &'a Project, broken: Breakage) -> Outcome<'a> {
    let loaded = project.load(&broken.text);
    let found = errors(&loaded);
    let line = |finding: &Diagnostic| {
        let source = loaded.sources.get(finding.span.file).filter(|source| source.name == project.broken);
        source.map_or(0, |source| source.position(finding.span.start).line)
    };
    let on_line = found.iter().any(|finding| broken.lines.contains(&line(finding)));
    let quoted = broken.meant.as_ref().map(|meant| format!("`{meant}`"));
    let guessed = quoted.is_some_and(|meant| {
        found.iter().any(|finding| {
            finding.note.contains(&meant) || finding.help.iter().any(|help| help.contains(&meant))
        })
    });
    let errors = found.iter().map(|finding| (line(finding), finding.message.clone())).collect();
    Outcome { project, broken, errors, on_line, guessed }
}

/// Breaks each project in each way, a few times; and finds nothing in the files as they are.
fn run<'a>(projects: &'a [Project], times: usize) -> (Vec<Outcome<'a>>, Vec<&'a Project>) {
    let oracle = Oracle::new();
    let (mut outcomes, mut refused) = (Vec::new(), Vec::new());
    for (seed, project) in projects.iter().enumerate() {
        let Some(text) = project.text() else { continue };
        if !errors(&project.load(text)).is_empty() {
            refused.push(project);
            continue;
        }
        let Some(root) = oracle::documents(text).and_then(|documents| documents.into_iter().next()) else {
            continue;
        };
        let dice = &mut Dice(seed as u64);
        for mistake in Mistake::ALL {
            let alone = project.compose.len() == 1;
            let broken = breakages(text, &root, mistake, times, &oracle, alone, dice);
            outcomes.extend(broken.into_iter().map(|broken| outcome(project, broken)));
        }
    }
    (outcomes, refused)
}

#[derive(Default)]
struct Tally {
    broken: usize,
    on_line: usize,
    errors: usize,
    guessable: usize,
    guessed: usize,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome<'_>) {
        self.broken += 1;
        self.on_line += usize::from(outcome.on_line);
        self.errors += outcome.errors.len();
        self.guessable += usize::from(outcome.broken.meant.is_some());
        self.guessed += usize::from(outcome.guessed);
    }

    fn share(&self) -> f64 {
        self.on_line as f64 / self.broken.max(1) as f64
    }

    fn noise(&self) -> f64 {
        self.errors as f64 / self.broken.max(1) as f64
    }

    /// What the loader is held to: the line, one error for one mistake, and the word that was meant.
    fn is_good_enough(&self, text: &str) {
        assert!(self.share() >= 0.98, "{text}");
        assert!(self.noise() <= 1.1, "{text}");
        assert!(self.guessed as f64 >= 0.98 * self.guessable as f64, "{text}");
    }

    fn row(&self, name: &str) -> String {
        let guessed = match self.guessable {
            0 => String::new(),
            all => format!("{:.1} %", 100.0 * self.guessed as f64 / all as f64),
        };
        format!(
            "{name:12} {:7} {:7} {:8.1} % {:8.2} {guessed:>12}\n",
            self.broken,
            self.on_line,
            100.0 * self.share(),
            self.noise()
        )
    }
}

/// The table, the sum, and the misses.
fn report(outcomes: &[Outcome<'_>]) -> (String, BTreeMap<Mistake, Tally>, Tally) {
    let (mut tallies, mut sum) = (BTreeMap::<Mistake, Tally>::new(), Tally::default());
    for outcome in outcomes {
        tallies.entry(outcome.broken.mistake).or_default().add(outcome);
        sum.add(outcome);
    }
    let mut text = format!(
        "{:12} {:>7} {:>7} {:>10} {:>8} {:>12}\n",
        "mistake", "broken", "on line", "share", "errors", "guessed"
    );
    for (mistake, tally) in &tallies {
        text += &tally.row(&format!("{mistake:?}"));
    }
    text += &sum.row("all");
    let shown = std::env::var("RCOMPOSE_MISSES").ok().and_then(|most| most.parse().ok()).unwrap_or(10);
    for (title, wanted) in [
        ("missed", (|outcome| !outcome.on_line) as fn(&Outcome<'_>) -> bool),
        ("more than one error", |outcome| outcome.errors.len() > 1),
        ("not guessed", |outcome| outcome.broken.meant.is_some() && !outcome.guessed),
    ] {
        let all: Vec<&Outcome<'_>> = outcomes.iter().filter(|outcome| wanted(outcome)).collect();
        let _ = writeln!(text, "\n{title}: {}", all.len());
        for outcome in all.iter().take(shown) {
            let Outcome { project, broken, errors, .. } = outcome;
            let _ = writeln!(
                text,
                "  {:?} {}: {}, line {:?}",
                broken.mistake, project.name, broken.what, broken.lines
            );
            for (line, message) in errors {
                let _ = writeln!(text, "      {line}: {message}");
            }
        }
    }
    (text, tallies, sum)
}

/// Whether Docker Compose refuses the project with this text in it.
fn reference_refuses(program: &PathBuf, project: &Project, text: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    project.write(folder.path(), text);
    let mut command = Command::new(program);
    for file in &project.compose {
        command.args(["-f", file]);
    }
    let command = command.args(["--profile", "*", "config", "-q"]).current_dir(folder.path()).env_clear();
    !command.output().unwrap().status.success()
}

/// Shows every so many of the broken files to the reference; gives those that it takes.
fn taken_by_reference(outcomes: &[Outcome<'_>], every: usize) -> Vec<String> {
    let Some(program) = std::env::var_os("RCOMPOSE_REFERENCE").map(PathBuf::from) else {
        println!("RCOMPOSE_REFERENCE names no Docker Compose: what is expected is not shown to it");
        return Vec::new();
    };
    let taken = |outcome: &&Outcome<'_>| !reference_refuses(&program, outcome.project, &outcome.broken.text);
    let shown = outcomes.iter().step_by(every).filter(taken);
    shown
        .map(|outcome| {
            format!("{:?} {}: {}", outcome.broken.mistake, outcome.project.name, outcome.broken.what)
        })
        .collect()
}

#[test]
fn mistakes_in_our_own_files_are_told_on_their_line() {
    let projects = projects::own();
    let (outcomes, refused) = run(&projects, 12);
    let (text, tallies, sum) = report(&outcomes);
    println!("{text}");
    let refused: Vec<&str> = refused.iter().map(|project| project.name.as_str()).collect();
    assert!(refused.is_empty(), "good files are refused: {refused:?}");
    assert_eq!(tallies.len(), Mistake::ALL.len(), "a kind of mistake was never made");
    sum.is_good_enough(&text);
    let taken = taken_by_reference(&outcomes, 7);
    assert!(taken.is_empty(), "Docker Compose takes what we expect to be refused:\n{}", taken.join("\n"));
}

#[test]
fn mistakes_in_a_corpus_are_told_on_their_line() {
    let Some(projects) = projects::corpus() else {
        println!("RCOMPOSE_CORPUS names no folder: skipped");
        return;
    };
    let (outcomes, refused) = run(&projects, 2);
    let (text, _, sum) = report(&outcomes);
    println!("{} projects, {} of them refused as they are\n{text}", projects.len(), refused.len());
    if let Some(program) = std::env::var_os("RCOMPOSE_REFERENCE").map(PathBuf::from) {
        let only_we = refused
            .iter()
            .filter(|project| !reference_refuses(&program, project, project.text().unwrap_or_default()));
        let only_we: Vec<&str> = only_we.map(|project| project.name.as_str()).collect();
        assert!(only_we.is_empty(), "good files are refused: {only_we:?}");
    }
    sum.is_good_enough(&text);
    let taken = taken_by_reference(&outcomes, 23);
    assert!(taken.is_empty(), "Docker Compose takes what we expect to be refused:\n{}", taken.join("\n"));
}
