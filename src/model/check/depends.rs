//! Services that are needed first.

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::yaml::{Node, PathRef};

use super::{HERE, Subject, suggested};

pub(super) fn check(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for name in subject.workload.depends_on.keys() {
        one(subject, name, diags);
    }
}

/// Like [`check`], of what is required alone.
pub(super) fn required(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for (name, _) in subject.workload.depends_on.iter().filter(|(_, dependency)| dependency.required) {
        one(subject, name, diags);
    }
}

fn one(subject: &Subject<'_>, name: &str, diags: &mut Diagnostics) {
    let project = subject.project;
    let job = project.jobs.contains_key(name) || project.disabled_jobs.contains_key(name);
    if project.services.contains_key(name) || (subject.noun == "job" && job) {
        return;
    }
    if let Some(disabled) = project.disabled_services.get(name) {
        if subject.workload.depends_on.get(name).is_some_and(|dependency| dependency.required) {
            let profiles = disabled.profiles.join("`, `");
            let what = format!("depends on `{name}`, which its profiles keep off");
            let finding = finding(subject, Code::DisabledService, name, what)
                .label(disabled.origins.key(HERE.key("profiles")), "switched on by these profiles only")
                .help(format!("activate one of its profiles: `{profiles}`"))
                .help("or write `required: false` if it is not needed");
            diags.push(finding);
        }
        return;
    }
    if job {
        let what = format!("depends on the job `{name}`; services can only depend on services");
        diags.push(finding(subject, Code::UndefinedService, name, what));
        return;
    }
    let what = format!("depends on the undefined service `{name}`");
    let finding = finding(subject, Code::UndefinedService, name, what);
    let known = project.services.keys().chain(project.disabled_services.keys());
    let known = known.map(|key| key.as_str()).filter(|key| *key != subject.name);
    diags.push(suggested(finding, name, known, format!("declare a service `{name}`, or remove this")));
}

/// A finding at the place that brought the dependency in, which need not be `depends_on`. It is an error for
/// jobs as well.
fn finding(subject: &Subject<'_>, code: Code, name: &str, what: String) -> Diagnostic {
    let mut finding = subject.finding(code, HERE.key("depends_on").key(name), what);
    if let Some(node) = implied_by(subject, name) {
        finding.span = node.span;
    }
    finding.severity = Severity::Error;
    finding
}

/// The value that names the service, when `depends_on` itself was not written for it.
fn implied_by<'a>(subject: &Subject<'a>, name: &str) -> Option<&'a Node> {
    let origins = subject.origins;
    let declared = origins.node(HERE.key("depends_on").key(name));
    if declared.is_some_and(|node| node.span.is_some()) {
        return None;
    }
    let text = |path: PathRef<'_>| origins.node(path).filter(|node| node.span.is_some());
    let single = ["network_mode", "ipc", "pid", "uts", "cgroup"].into_iter().find_map(|key| {
        text(HERE.key(key))
            .filter(|node| node.as_str().and_then(|t| t.strip_prefix("service:")) == Some(name))
    });
    single.or_else(|| {
        ["links", "volumes_from"].into_iter().find_map(|key| {
            let items = origins.node(HERE.key(key))?.as_sequence()?;
            items.iter().find(|item| {
                item.span.is_some() && item.as_str().and_then(|t| t.split(':').next()) == Some(name)
            })
        })
    })
}
