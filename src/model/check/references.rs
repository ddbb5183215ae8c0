//! Volumes, secrets, configs and models that are named but not declared.

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::model::{Container, FileReference, MountType, Service};
use crate::yaml::PathRef;

use super::{HERE, Subject, suggested};

pub(super) fn check(subject: &Subject<'_>, diags: &mut Diagnostics) {
    if let Some(build) = &subject.workload.build {
        let at = HERE.key("build");
        files(subject, &build.secrets, at.key("secrets"), "build secret", diags, Kind::Secret);
    }
    container(subject, subject.container, HERE, diags);
}

/// What `pre_start` containers refer to; the reference does not look at it, so it only brings warnings.
pub(super) fn pre_start(subject: &Subject<'_>, service: &Service, diags: &mut Diagnostics) {
    let mut found = Diagnostics::new();
    let hooks = HERE.key("pre_start");
    for (at, hook) in service.pre_start.iter().enumerate() {
        let path = hooks.index(at);
        container(subject, &inherited_out(&hook.container, subject.container), path, &mut found);
    }
    for finding in found {
        diags.push(Diagnostic { severity: Severity::Warning, ..finding });
    }
}

/// The part of a hook's container that is not its service's, which was looked at already.
fn inherited_out(hook: &Container, service: &Container) -> Container {
    let mut own = hook.clone();
    let names = |list: &[FileReference]| list.iter().map(|file| file.source.clone()).collect::<Vec<_>>();
    let (secrets, configs) = (names(&service.secrets), names(&service.configs));
    let volumes: Vec<_> = service.volumes.iter().map(|mount| mount.source.clone()).collect();
    own.secrets.retain(|file| !secrets.contains(&file.source));
    own.configs.retain(|file| !configs.contains(&file.source));
    own.volumes.retain(|mount| !volumes.contains(&mount.source));
    own.models.retain(|name, _| !service.models.contains_key(name));
    own
}

#[derive(Clone, Copy)]
enum Kind {
    Secret,
    Config,
}

fn container(subject: &Subject<'_>, container: &Container, at: PathRef<'_>, diags: &mut Diagnostics) {
    let project = subject.project;
    let volumes = at.key("volumes");
    for (n, mount) in container.volumes.iter().enumerate() {
        let Some(source) = mount.source.as_deref().filter(|_| mount.kind == MountType::Volume) else {
            continue;
        };
        if !project.volumes.contains_key(source) {
            let what = format!("refers to the undefined volume `{source}`");
            let place = volumes.index(n);
            let span = subject.origins.value(place.key("source"));
            let finding = Diagnostic { span, ..subject.finding(Code::UndefinedVolume, place, what) };
            let known = project.volumes.keys().map(String::as_str);
            let otherwise = if source.contains('/') {
                format!("write `./{source}` to mount a directory of the host")
            } else {
                format!("declare it: `volumes: {{ {source}: }}` at the top level")
            };
            diags.push(suggested(finding, source, known, otherwise));
        }
    }
    files(subject, &container.configs, at.key("configs"), "config", diags, Kind::Config);
    let models = at.key("models");
    for name in container.models.keys().filter(|name| !project.models.contains_key(*name)) {
        let what = format!("refers to the undefined model `{name}`");
        let finding = subject.finding(Code::UndefinedModel, models.key(name), what);
        let known = project.models.keys().map(String::as_str);
        diags.push(suggested(finding, name, known, format!("declare `{name}` under the top-level `models`")));
    }
    files(subject, &container.secrets, at.key("secrets"), "secret", diags, Kind::Secret);
}

fn files(
    subject: &Subject<'_>,
    references: &[FileReference],
    at: PathRef<'_>,
    noun: &str,
    diags: &mut Diagnostics,
    kind: Kind,
) {
    let project = subject.project;
    for (n, reference) in references.iter().enumerate() {
        let name = reference.source.as_deref().unwrap_or_default();
        let (known, code, section): (Vec<&str>, Code, &str) = match kind {
            Kind::Secret if project.secrets.contains_key(name) => continue,
            Kind::Config if project.configs.contains_key(name) => continue,
            Kind::Secret => {
                (project.secrets.keys().map(String::as_str).collect(), Code::UndefinedSecret, "secrets")
            }
            Kind::Config => {
                (project.configs.keys().map(String::as_str).collect(), Code::UndefinedConfig, "configs")
            }
        };
        let path = at.index(n);
        let finding = if name.is_empty() {
            subject.finding(code, path.key("source"), format!("mounts a {noun} without a `source`"))
        } else {
            let what = format!("refers to the undefined {noun} `{name}`");
            let span = subject.origins.value(path.key("source"));
            Diagnostic { span, ..subject.finding(code, path, what) }
        };
        diags.push(suggested(finding, name, known, format!("declare it under the top-level `{section}`")));
    }
}
