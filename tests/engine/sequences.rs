//! Random sequences of edits, commands and interference by hand, each run with Docker Compose and with rcompose on
//! projects of their own; after every command both projects must look the same on the engine.
//!
//! `RCOMPOSE_REFERENCE` names the reference; without it a test says aloud that it was not run. A short fixed
//! selection runs with the other tests; `scripts/sequences` runs as many as one likes, from any seed.

mod project;
mod step;
mod world;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use project::Project;
use step::Step;
use world::{Side, World};

use crate::commands::bench::on_each_address;
use crate::dice::Dice;

/// Steps of one sequence.
const STEPS: usize = 7;
/// Sequences that run with the other tests, on each engine.
const USUAL: u64 = 4;
/// Sequences at work at once.
const AT_ONCE: usize = 3;

#[test]
fn sequences_end_as_with_the_reference() {
    let reference = std::env::var("RCOMPOSE_REFERENCE").ok().filter(|path| !path.is_empty());
    let Some(reference) = reference.map(PathBuf::from) else {
        eprintln!("sequences: NOT RUN: RCOMPOSE_REFERENCE is not set");
        return;
    };
    let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse().ok());
    let first: u64 = number("RCOMPOSE_SEQUENCES_SEED").unwrap_or(1);
    let count: u64 = number("RCOMPOSE_SEQUENCES").unwrap_or(USUAL);
    let loud = number("RCOMPOSE_SEQUENCES_TRACE").is_some();
    on_each_address("sequences", |tag, address| {
        let next = AtomicU64::new(first);
        let differences = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + count {
                            break;
                        }
                        let mut sequence = Sequence::new(seed, tag, address, reference.clone());
                        let difference = sequence.run();
                        if loud || difference.is_some() {
                            eprintln!("sequences: engine {tag}, seed {seed}\n{}", sequence.trace.join("\n"));
                        }
                        if let Some(difference) = difference {
                            eprintln!("=> {difference}\n");
                            differences.lock().unwrap().push(format!("seed {seed}: {difference}"));
                        }
                    }
                });
            }
        });
        let differences = differences.into_inner().unwrap();
        eprintln!("sequences: engine {tag}: {count} sequences, {} differences", differences.len());
        assert!(differences.is_empty(), "engine {tag}:\n{}", differences.join("\n"));
    });
}

/// One random sequence and the two worlds it is run in.
struct Sequence {
    dice: Dice,
    project: Project,
    ours: World,
    theirs: World,
    /// What was done, for whoever reads a failure.
    trace: Vec<String>,
}

impl Sequence {
    fn new(seed: u64, tag: &str, address: &str, reference: PathBuf) -> Sequence {
        let mut dice = Dice(seed);
        let project = Project::random(&mut dice);
        // Names of one length, so that nothing depends on it.
        let name = |side: char| format!("rcs{}{tag}{seed}{side}", std::process::id());
        let ours = World::new(Side::Ours, address, &name('o'), None);
        let theirs = World::new(Side::Theirs, address, &name('r'), Some(reference));
        Sequence { dice, project, ours, theirs, trace: Vec::new() }
    }

    /// Runs the steps until the worlds differ, or the reference gives up; the difference, if there is one.
    fn run(&mut self) -> Option<String> {
        self.trace.push(self.project.text());
        for at in 0..STEPS {
            let step = if at == 0 {
                Step::first(&mut self.dice)
            } else {
                Step::random(&mut self.dice, &self.project)
            };
            self.trace.push(format!("- {step}"));
            match &step {
                Step::Edit => {
                    let before = self.project.clone();
                    self.project.edit(&mut self.dice);
                    self.trace.push(self.project.changes(&before));
                }
                Step::Command(arguments) => match self.command(arguments) {
                    Verdict::GoesOn => {}
                    Verdict::Over => return None,
                    Verdict::Differs(difference) => return Some(difference),
                },
                Step::ByHand(action) => {
                    let (ours, theirs) = (self.ours.by_hand(action), self.theirs.by_hand(action));
                    self.trace.push(format!("  {ours} | {theirs}"));
                    if ours != theirs {
                        // The engine itself answered differently: nothing can be compared from here on.
                        return None;
                    }
                }
            }
        }
        None
    }

    fn command(&mut self, arguments: &str) -> Verdict {
        let text = self.project.text();
        let theirs = self.theirs.run(&text, arguments);
        let plan = self.ours.plan(&text, arguments);
        let ours = self.ours.run(&text, arguments);
        self.trace.push(format!("  exit {} | {}", ours.code, theirs.code));
        if ours.code != 0 {
            self.trace.push(ours.err.clone());
        }
        if theirs.code != 0 {
            // What the reference refuses or fails at leaves its project in a state of its own.
            self.trace.push(theirs.err.clone());
            return Verdict::Over;
        }
        if ours.code != 0 {
            return Verdict::Differs(format!("{arguments}: exit {} where the reference succeeds", ours.code));
        }
        let (own, their) = (self.ours.look(), self.theirs.look());
        if let Some(difference) = own.difference(&their, &self.project.network_names()) {
            return Verdict::Differs(format!("{arguments}: {difference}"));
        }
        if let Some(planned) = plan
            && planned.says_nothing_to_do
            && own.changed
        {
            return Verdict::Differs(format!(
                "{arguments}: the plan said nothing to do, and something was done"
            ));
        }
        Verdict::GoesOn
    }
}

/// What a command led to.
enum Verdict {
    GoesOn,
    Over,
    Differs(String),
}
