//! Which values of a project must not be shown outside of `config`: what variables, env files and the
//! environment gave, and what secret-like names hold.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::base::ServiceName;
use crate::base::secret::{HIDDEN, Redactor, is_secret_name, looks_secret, references};
use crate::diag::{Diagnostics, SourceMap};
use crate::model::{Origins, Project, Service};
use crate::spec::{Desired, ServiceSpec, Written, labels};
use crate::state::ObservedContainer;
use crate::yaml::PathRef;

/// Variables that say where and who one is, and nothing secret.
const HARMLESS: [&str; 10] =
    ["HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "UID", "GID", "HOSTNAME", "COMPOSE_PROJECT_NAME", "PATH"];

/// What of a project must not be shown.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    /// The values.
    pub values: Redactor,
    /// Services whose health check holds values of variables: what a container runs may hold older ones.
    pub checks: BTreeSet<ServiceName>,
}

impl Hidden {
    /// What of a loaded project must not be shown.
    pub fn of(project: &Project, sources: &SourceMap) -> Hidden {
        let value = |name: &str| project.environment.get(name).cloned();
        let literal = |service: &Service| {
            let test = service.origins.node(PathRef::Root.key("healthcheck").key("test"));
            let written = test.map(Written::of).unwrap_or_default();
            written.scalars().iter().all(|scalar| scalar.is_literal(sources))
        };
        let services = project.services.iter().filter(|(_, service)| !literal(service));
        Hidden {
            values: values(sources, &value, Some(project)),
            checks: services.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// The command of a health check as it may be shown.
    pub fn check(&self, service: Option<&ServiceName>, test: &str) -> String {
        let mut hidden = self.values.clone();
        hidden.hide_in_command(&[test.to_owned()]);
        let without = hidden.apply(test).into_owned();
        let varies = service.is_some_and(|service| self.checks.contains(service));
        if varies && without == test { HIDDEN.to_owned() } else { without }
    }
}

/// Takes values that must not be shown out of findings, and parts of them: what can't be read is often quoted by the
/// part that is wrong.
pub fn findings(
    findings: &mut Diagnostics,
    sources: &SourceMap,
    value: &dyn Fn(&str) -> Option<String>,
    hidden: &Redactor,
) {
    findings.reword_at(&|span, text| {
        let without = hidden.apply(text);
        let names = sources.slice(span).map(references).unwrap_or_default();
        let values: Vec<String> =
            names.into_iter().filter_map(value).map(|value| value.to_lowercase()).collect();
        without_parts(&without, &values)
    });
}

/// The shortest part of a value that is looked for.
const PART: usize = 3;

/// The text with `…` in the place of each quoted part of a value.
fn without_parts(text: &str, values: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let quote = &rest[at..=at];
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let Some(end) = rest.find(quote) else { continue };
        let inner = rest[..end].to_lowercase();
        if inner.chars().count() >= PART && values.iter().any(|value| value.contains(&inner)) {
            out.push('…');
            out.push_str(quote);
            rest = &rest[end + 1..];
        }
    }
    out + rest
}

/// The values to hide. `value` looks variables up; a project that could not be loaded leaves the variables that
/// the texts name.
pub fn values(
    sources: &SourceMap,
    value: &dyn Fn(&str) -> Option<String>,
    project: Option<&Project>,
) -> Redactor {
    let mut found =
        Values { sources, public: project.map(public).unwrap_or_default(), hidden: Redactor::new() };
    let named = sources.iter().flat_map(|(_, source)| references(&source.text));
    for name in named {
        if let Some(value) = value(name) {
            found.variable(name, &value);
        }
    }
    let Some(project) = project else { return found.hidden };
    for service in project.services.values() {
        found.service(service);
    }
    let secrets = project.secrets.values().map(|secret| &secret.environment);
    let configs = project.configs.values().map(|config| &config.environment);
    for name in secrets.chain(configs).flatten() {
        if let Some(value) = value(name) {
            found.hidden.hide(&value, &format!("${{{name}}}"));
        }
    }
    found.hidden
}

struct Values<'a> {
    sources: &'a SourceMap,
    /// Names that are shown anyway.
    public: Vec<String>,
    hidden: Redactor,
}

impl Values<'_> {
    fn variable(&mut self, name: &str, value: &str) {
        if !HARMLESS.contains(&name) && (is_secret_name(name) || !self.is_public(value)) {
            self.hidden.hide(value, &format!("${{{name}}}"));
        }
    }

    fn is_public(&self, value: &str) -> bool {
        self.public.iter().any(|name| name.contains(value))
    }

    fn service(&mut self, service: &Service) {
        let container = &service.container;
        let root = PathRef::Root;
        self.pairs(&container.environment, &service.origins, root.key("environment"));
        let labels: IndexMap<String, Option<String>> =
            container.labels.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        self.pairs(&labels, &service.origins, root.key("labels"));
        if let Some(build) = &service.workload.build {
            self.pairs(&build.args, &service.origins, root.key("build").key("args"));
        }
        let health = service.workload.healthcheck.as_ref().map(|check| &check.test);
        for words in [container.command.as_ref(), container.entrypoint.as_ref(), health].into_iter().flatten()
        {
            self.hidden.hide_in_command(words);
        }
    }

    fn pairs(&mut self, pairs: &IndexMap<String, Option<String>>, origins: &Origins, at: PathRef<'_>) {
        for (key, value) in pairs {
            let Some(value) = value else { continue };
            let written = origins.node(at.key(key)).map(Written::of).unwrap_or_default();
            let mut scalars = written.scalars().iter();
            let literal =
                !written.scalars().is_empty() && scalars.all(|scalar| scalar.is_literal(self.sources));
            if is_secret_name(key) || !(literal || self.is_public(value)) {
                self.hidden.hide(value, HIDDEN);
            }
            self.hidden.hide_passwords(value);
        }
    }
}

/// The names of things, which say what a message is about.
fn public(project: &Project) -> Vec<String> {
    let mut names = vec![project.name.clone(), project.working_dir.to_string_lossy().into_owned()];
    names.extend(project.compose_files.iter().map(|path| path.to_string_lossy().into_owned()));
    for (name, service) in &project.services {
        names.push(name.to_string());
        names.extend(service.container.image.clone());
        names.extend(service.container_name.clone());
        let ports = service.workload.ports.iter();
        names.extend(ports.filter_map(|port| port.published.clone()));
        names.extend(service.container.volumes.iter().filter_map(|mount| mount.source.clone()));
    }
    for (key, network) in &project.networks {
        names.extend([Some(key.clone()), network.name.clone()].into_iter().flatten());
    }
    for (key, volume) in &project.volumes {
        names.extend([Some(key.clone()), volume.name.clone()].into_iter().flatten());
    }
    names
}

/// Takes values that must not be shown out of what an engine tells of containers. What a container was made
/// with may be older than the files, so a value that isn't the one of the files is not shown at all where a
/// variable gives it.
pub fn containers(
    containers: &mut [ObservedContainer],
    desired: Option<&Desired>,
    sources: &SourceMap,
    hidden: &Redactor,
) {
    for container in containers {
        let service = container.label(labels::SERVICE).and_then(|name| desired?.services.get(name));
        let open = |path: &str| {
            service.is_none_or(|service| match service.written(path) {
                Written::Files(scalars) => scalars.iter().all(|scalar| scalar.is_literal(sources)),
                Written::Nowhere => true,
                Written::Outside(_) => false,
            })
        };
        let mut hidden = hidden.clone();
        hidden.hide_in_command(std::slice::from_ref(&container.command));
        let known = service.is_none_or(|service| is_command_of(service, &container.command));
        container.command = match (open("command") && open("entrypoint")) || known {
            true => hidden.apply(&container.command).into_owned(),
            false => HIDDEN.to_owned(),
        };
        for (key, value) in &mut container.labels {
            if key.starts_with("com.docker.compose.") {
                continue;
            }
            let wanted = service.and_then(|service| service.container.labels.get(key));
            let literal = wanted.is_none() || open(&format!("labels.{key}"));
            hidden.hide_passwords(value);
            let without = hidden.apply(value);
            let shown = match () {
                () if is_secret_name(key) => HIDDEN.to_owned(),
                () if literal && !looks_secret(value) => continue,
                // Without any trace of what was put in, nobody knows what it was.
                () if wanted.is_none_or(|wanted| wanted == value) && without != *value => {
                    without.into_owned()
                }
                () => HIDDEN.to_owned(),
            };
            *value = shown;
        }
    }
}

/// Whether a container runs the command of its service as the files have it now.
fn is_command_of(service: &ServiceSpec, running: &str) -> bool {
    let bare = |text: &str| text.replace(['\'', '"'], "");
    let spec = &service.container;
    let words = [&spec.entrypoint, &spec.command].into_iter().flatten().flatten();
    let wanted: Vec<&str> = words.map(String::as_str).collect();
    bare(running).ends_with(&bare(&wanted.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_parts_of_values_are_left_out() {
        let values = ["12hunterxy".to_owned()];
        for (text, shown) in [
            ("`${PW}` is not a size: parsing \"12Hunter\": bad", "`${PW}` is not a size: parsing \"…\": bad"),
            ("invalid suffix: 'hunterxy'", "invalid suffix: '…'"),
            ("service \"web\": don't", "service \"web\": don't"),
            ("a 'xy' b", "a 'xy' b"),
        ] {
            assert_eq!(without_parts(text, &values), shown);
        }
    }
}
