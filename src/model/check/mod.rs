//! Whether the parts of the project fit together.
//!
//! In: the project after profiles have parted it. Out: every finding at once. Only services that are on
//! are checked, like the reference does; what it leaves unchecked (jobs, `pre_start` containers) brings
//! warnings. Cycles are found by the service graph, not here.

mod definitions;
mod depends;
mod mounts;
mod names;
mod network;
mod references;
mod scale;
mod source;
mod swarm;
mod watch;

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, suggest};
use crate::yaml::PathRef;

use super::{Container, Job, Origins, Project, Service, Workload};

/// The path of an object itself.
const HERE: PathRef<'static> = PathRef::Root;

/// Checks the whole project. The findings are errors, but for jobs and `pre_start` containers.
pub fn consistency(project: &Project, diags: &mut Diagnostics) {
    for service in project.services.values() {
        let subject = Subject::service(project, service);
        source::check(&subject, diags);
        network::check(&subject, diags);
        source::health(&subject, diags);
        depends::check(&subject, diags);
        references::check(&subject, diags);
        references::pre_start(&subject, service, diags);
        scale::check(&subject, service, diags);
        watch::check(&subject, service, diags);
        mounts::check(&subject, diags);
    }
    for job in project.jobs.values() {
        let subject = Subject::job(project, job);
        source::check(&subject, diags);
        network::check(&subject, diags);
        source::health(&subject, diags);
        depends::check(&subject, diags);
        references::check(&subject, diags);
        mounts::check(&subject, diags);
    }
    definitions::check(project, diags);
}

/// Says which services that the named ones need are not there, or are off. Profiles that only the names have
/// switched on are not known to [`consistency`].
pub(super) fn needed<'a>(
    project: &Project,
    services: impl Iterator<Item = &'a Service>,
    diags: &mut Diagnostics,
) {
    let mut found = Diagnostics::new();
    for service in services {
        depends::required(&Subject::service(project, service), &mut found);
    }
    diags.absorb(found);
}

/// Says which container names are taken twice. The reference does this once services are selected.
pub fn container_names(project: &Project, diags: &mut Diagnostics) {
    names::check(project, diags);
}

/// Warns of what only Swarm honours. The reference says it with every command that loads a project.
pub fn swarm_only(project: &Project, diags: &mut Diagnostics) {
    swarm::check(project, diags);
}

/// A service or job under examination.
struct Subject<'a> {
    project: &'a Project,
    noun: &'static str,
    name: &'a str,
    container: &'a Container,
    workload: &'a Workload,
    origins: &'a Origins,
    /// How bad findings are that the reference refuses services for.
    severity: Severity,
}

impl<'a> Subject<'a> {
    fn service(project: &'a Project, service: &'a Service) -> Subject<'a> {
        Subject {
            project,
            noun: "service",
            name: &service.name,
            container: &service.container,
            workload: &service.workload,
            origins: &service.origins,
            severity: Severity::Error,
        }
    }

    fn job(project: &'a Project, job: &'a Job) -> Subject<'a> {
        Subject {
            project,
            noun: "job",
            name: &job.name,
            container: &job.container,
            workload: &job.workload,
            origins: &job.origins,
            severity: Severity::Warning,
        }
    }

    /// A finding at the key of a field; `what` follows the subject's name.
    fn finding(&self, code: Code, path: PathRef<'_>, what: impl std::fmt::Display) -> Diagnostic {
        let mut finding =
            Diagnostic::new(code, self.origins.key(path), format!("{} `{}` {what}", self.noun, self.name));
        finding.severity = self.severity;
        finding.at(self.origins.full(path))
    }
}

/// Adds what was probably meant, or else how to declare what is missing.
fn suggested<'k>(
    finding: Diagnostic,
    name: &str,
    known: impl IntoIterator<Item = &'k str>,
    otherwise: String,
) -> Diagnostic {
    match suggest::nearest(name, known) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(otherwise),
    }
}

#[cfg(test)]
mod tests;
