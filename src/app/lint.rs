//! `lint`: everything that loading finds, and the traps beside it.

use super::hidden::{self, Hidden};
use super::load::{LoadRequest, Reading, load_recorded};
use super::request::{self, Facts};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, SourceMap};
use crate::lint::{self, Allowed, Subject};
use crate::model::Project;

pub use crate::lint::why;

/// What to look through.
#[derive(Clone, Debug)]
pub struct LintRequest {
    /// The project, as `up` would load it.
    pub load: LoadRequest,
    /// Codes or slugs of findings that are not wanted.
    pub allow: Vec<String>,
    /// Facts of the run, as `up` would have them.
    pub facts: Facts,
}

/// What was found.
#[derive(Debug)]
pub struct Linted {
    /// The findings, sorted by place.
    pub findings: Diagnostics,
    /// The texts they point into.
    pub sources: SourceMap,
}

impl Linted {
    /// Whether there is a finding at least so bad.
    pub fn has(&self, worst: Severity) -> bool {
        self.findings.iter().any(|finding| finding.severity <= worst)
    }
}

/// Loads a project and asks every rule. Blocking: it reads files.
pub fn lint(request: &LintRequest, reading: Reading<'_>) -> Linted {
    let (mut loaded, provenance) = load_recorded(&request.load, reading);
    let mut findings = std::mem::take(&mut loaded.findings);
    if let Some(project) = &loaded.project {
        let subject =
            Subject { project, sources: &loaded.sources, provenance: &provenance, files: reading.files };
        let mut traps = Diagnostics::new();
        lint::check(&subject, &mut traps);
        let allowed = Allowed::read(&request.allow, &subject, &mut traps);
        findings = without_doubles(findings, &traps);
        if !findings.has_errors() {
            findings.extend(refused(project, &loaded.sources, &request.facts, reading));
        }
        findings.absorb(traps);
        findings = lint::silence(findings, &allowed, &subject);
        findings.sort();
        findings.fold_copies();
        if !request.load.show_values {
            let found = Hidden::of(project, &loaded.sources);
            let value = |name: &str| project.environment.get(name).cloned();
            hidden::findings(&mut findings, &loaded.sources, &value, &found.values);
        }
    }
    Linted { findings, sources: loaded.sources }
}

/// What `up` would refuse or doubt. What this version doesn't carry out is no fault of the files.
fn refused(project: &Project, sources: &SourceMap, facts: &Facts, reading: Reading<'_>) -> Vec<Diagnostic> {
    let aim = request::from_project(project.clone(), sources.clone(), facts, reading.files);
    aim.findings.into_vec().into_iter().filter(|finding| finding.code != Code::NotCarried).collect()
}

/// That a variable is not set need not be said where it is said who sets it in vain.
fn without_doubles(findings: Diagnostics, traps: &Diagnostics) -> Diagnostics {
    let told = |code, span| traps.iter().any(|trap| trap.code == code && trap.span == span);
    let mut kept = Diagnostics::new();
    kept.extend(findings.into_iter().filter(|finding| {
        finding.code != Code::UnsetVariable || !told(Code::VariableInEnvFile, finding.span)
    }));
    kept
}
