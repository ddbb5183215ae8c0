//! From a command's arguments to what should exist: a loaded project, or one known from its labels.

use std::io::{self, ErrorKind};
use std::path::Path;

use indexmap::IndexMap;

use super::Session;
use super::hidden::{self, Hidden};
use super::labels;
use super::load::Loaded;
use crate::base::{ProjectName, ServiceName};
use crate::diag::{Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::engine::EngineError;
use crate::graph::Graph;
use crate::load::env;
use crate::load::files::Files;
use crate::load::interpolate::expand;
use crate::model::{Project, Service, glob, select};
use crate::observe::{self, Query};
use crate::spec::{self, Desired};

/// What a command acts on.
#[derive(Debug)]
pub struct Aim {
    /// What should exist.
    pub desired: Desired,
    /// The texts behind it, for places.
    pub sources: SourceMap,
    /// Findings of the lowering.
    pub findings: Diagnostics,
    /// Whether a Compose file stands behind it.
    pub from_files: bool,
    /// What must not be shown of it.
    pub hidden: Hidden,
}

impl Aim {
    /// Whether the project has such a service, switched on or not.
    pub fn knows(&self, name: &ServiceName) -> bool {
        self.desired.services.contains_key(name) || self.desired.others.contains(name)
    }
}

/// Facts of the run that lowering needs.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// `--compatibility`, or the variable.
    pub compatibility: bool,
    /// `--env-file`, absolute.
    pub env_files: Vec<String>,
    /// Proxy variables of the client's configuration.
    pub proxy: IndexMap<String, String>,
    /// Whether the engine runs on another machine, and has other files.
    pub remote_engine: bool,
    /// Whether values of variables and secrets may be shown.
    pub show_values: bool,
    /// Whether containers are made without being started (`up --no-start`).
    pub no_start: bool,
}

/// What stands between the parts of generated names: `-`, or `_` in compatibility mode, which a flag or a
/// variable of the project switches on.
pub fn separator(project: &Project, compatibility: bool) -> char {
    let variable = project.environment.get("COMPOSE_COMPATIBILITY");
    if compatibility || variable.is_some_and(|value| env::is_truthy(value)) { '_' } else { '-' }
}

/// The desired objects of a loaded project, and what is found on the way to them. Blocking: it looks at files.
pub fn from_project(mut project: Project, sources: SourceMap, facts: &Facts, files: &dyn Files) -> Aim {
    let separator = separator(&project, facts.compatibility);
    let platform = project.environment.get("DOCKER_DEFAULT_PLATFORM").filter(|p| !p.is_empty()).cloned();
    if let Some(platform) = &platform {
        apply_platform(&mut project, platform);
    }
    let config_files: Vec<String> =
        project.compose_files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let context = spec::Context {
        config_files: &config_files,
        env_files: &facts.env_files,
        separator,
        default_platform: platform.as_deref(),
        proxy: &facts.proxy,
        no_start: facts.no_start,
        read: &|path: &Path| files.read(path),
        unset: &|place: Span| {
            let lookup = |name: &str| project.environment.get(name).cloned();
            let expanded = sources.slice(place).and_then(|text| expand(text, &lookup).ok());
            expanded.map(|expanded| expanded.unset).unwrap_or_default()
        },
        absence: &|path: &Path| absence(path, &project.working_dir, facts, files),
    };
    let (desired, mut findings) = spec::lower(&project, &context);
    findings.sort();
    findings.fold_copies();
    let hidden = if facts.show_values { Hidden::default() } else { Hidden::of(&project, &sources) };
    let value = |name: &str| project.environment.get(name).cloned();
    if !facts.show_values {
        hidden::findings(&mut findings, &sources, &value, &hidden.values);
    }
    Aim { desired, sources, findings, from_files: true, hidden }
}

/// How bad it is that a file isn't there. An engine elsewhere may well have it; and so may one outside of the
/// container this runs in, at least what isn't the project's own.
fn absence(path: &Path, working_dir: &Path, facts: &Facts, files: &dyn Files) -> Option<Severity> {
    // Where nobody may look, the engine may.
    let gone = |error: io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    if !files.canonicalize(path).is_err_and(gone) {
        return None;
    }
    let contained = || CONTAINED.iter().any(|mark| files.exists(Path::new(mark)));
    let elsewhere = facts.remote_engine || (!path.starts_with(working_dir) && contained());
    Some(if elsewhere { Severity::Warning } else { Severity::Error })
}

/// Files that container engines put into containers.
const CONTAINED: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// `DOCKER_DEFAULT_PLATFORM` becomes the platform of services that are built; it is part of their hash.
pub fn apply_platform(project: &mut Project, platform: &str) {
    for service in project.services.values_mut() {
        if service.workload.build.is_some() && service.container.platform.is_none() {
            service.container.platform = Some(platform.to_owned());
        }
    }
}

/// A project of which only the name is known.
pub async fn from_labels(session: &Session, name: &ProjectName) -> Result<Aim, EngineError> {
    let query = Query { project: name.clone(), desired: None, images: false };
    let observed = observe::snapshot(&*session.engine, &query).await?;
    Ok(Aim {
        desired: labels::desired(name, &observed),
        sources: SourceMap::new(),
        findings: Diagnostics::new(),
        from_files: false,
        hidden: Hidden::default(),
    })
}

/// What a loaded project aims at, when it loaded without errors.
pub fn from_loaded(loaded: Loaded, facts: &Facts, files: &dyn Files) -> Option<Aim> {
    let project = loaded.project?;
    let mut aim = from_project(project, loaded.sources, facts, files);
    let mut findings = loaded.findings;
    findings.extend(std::mem::take(&mut aim.findings));
    findings.sort();
    aim.findings = findings;
    Some(aim)
}

/// What the names of a command line stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The services, in the order they were named.
    pub services: Vec<ServiceName>,
    /// Names of no service.
    pub unknown: Vec<String>,
}

/// Finds services by their names, or by a glob over the names of those that are on.
pub fn named(desired: &Desired, names: &[String]) -> Named {
    let mut found = Named::default();
    for name in names {
        let exact = ServiceName::from(name.as_str());
        if desired.services.contains_key(&exact) || desired.others.contains(&exact) {
            found.services.push(exact);
            continue;
        }
        let matching = desired.services.keys().filter(|key| glob::matches(name, key));
        let before = found.services.len();
        if glob::is_pattern(name) {
            found.services.extend(matching.cloned());
        }
        if found.services.len() == before {
            found.unknown.push(name.clone());
        }
    }
    found
}

/// That a name is that of no service.
pub fn no_such_service(desired: &Desired, name: &str) -> Diagnostic {
    select::no_such_service(name, desired.services.keys(), &desired.others, &desired.jobs)
}

/// Services that take no part, and share namespaces or volumes of services that do, directly or not.
pub fn sharing(project: &Project) -> Vec<ServiceName> {
    let shares = |service: &Service, with: &dyn Fn(&str) -> bool| {
        let container = &service.container;
        let modes = [&container.network_mode, &container.ipc, &container.pid];
        let named = modes.into_iter().flatten().filter_map(|mode| mode.strip_prefix("service:"));
        let mounted = container.volumes_from.iter().filter(|entry| !entry.starts_with("container:"));
        named.chain(mounted.filter_map(|entry| entry.split(':').next())).any(with)
    };
    let mut found: Vec<ServiceName> = Vec::new();
    loop {
        let known = |name: &str| {
            project.services.contains_key(name) || found.iter().any(|service| service.as_str() == name)
        };
        let more: Vec<ServiceName> = project
            .disabled_services
            .values()
            .filter(|service| !found.contains(&service.name) && shares(service, &known))
            .map(|service| service.name.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// These services and everything that depends on them.
pub fn with_dependants(desired: &Desired, names: &[ServiceName]) -> Vec<ServiceName> {
    let services = desired.services.values();
    let graph = Graph::new(
        services
            .map(|service| (service.name.as_str(), service.depends_on.iter().map(|d| d.service.as_str()))),
    );
    graph.with_dependants(names.iter().map(ServiceName::as_str)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::files::MapFiles;
    use crate::spec::ServiceSpec;

    fn desired(names: &[&str], others: &[&str]) -> Desired {
        let spec = |name: &str| ServiceSpec { scale: 1, ..ServiceSpec::named(name.into()) };
        Desired {
            project: ProjectName::from("p"),
            services: names.iter().map(|name| (ServiceName::from(*name), spec(name))).collect(),
            others: others.iter().map(|name| ServiceName::from(*name)).collect(),
            profiles: std::collections::BTreeMap::new(),
            jobs: vec![ServiceName::from("seed")],
            networks: IndexMap::new(),
            volumes: IndexMap::new(),
            separator: '-',
        }
    }

    #[test]
    fn files_that_the_engine_may_have_elsewhere_are_doubtful_only() {
        let here = MapFiles::new().with("/shop/key", "x");
        let contained = here.clone().with("/.dockerenv", "");
        let remote = Facts { remote_engine: true, ..Facts::default() };
        let told = |path: &str, facts, files| absence(Path::new(path), Path::new("/shop"), facts, files);
        let local = &Facts::default();
        assert_eq!(told("/shop/key", local, &here), None);
        assert_eq!(told("/shop/none", local, &here), Some(Severity::Error));
        assert_eq!(told("/etc/none", local, &here), Some(Severity::Error));
        assert_eq!(told("/shop/none", &remote, &here), Some(Severity::Warning));
        assert_eq!(told("/shop/none", local, &contained), Some(Severity::Error));
        assert_eq!(told("/etc/none", local, &contained), Some(Severity::Warning));
    }

    #[test]
    fn names_and_globs_are_services_and_the_rest_is_told() {
        let desired = desired(&["web", "worker", "db"], &["off"]);
        let found = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let Named { services, unknown } = named(&desired, &names);
            (services.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), unknown.join(" "))
        };
        let told = |services: &str, unknown: &str| (services.to_owned(), unknown.to_owned());
        assert_eq!(found(&["db", "w*"]), told("db web worker", ""));
        assert_eq!(found(&["off", "o*"]), told("off", "o*"));
        assert_eq!(found(&["nosuch"]), told("", "nosuch"));
        assert_eq!(found(&[]), told("", ""));
    }

    #[test]
    fn what_an_unknown_name_may_have_meant_is_told() {
        let desired = desired(&["web", "db"], &["off"]);
        for (name, words) in [
            ("wbe", "did you mean `web`?"),
            ("of", "did you mean `off`?"),
            ("seed", "a job"),
            ("off", "in the files"),
        ] {
            let finding = no_such_service(&desired, name);
            assert_eq!(finding.message, format!("no such service: {name}"));
            assert!(finding.help.concat().contains(words), "{name}: {:?}", finding.help);
        }
        assert!(no_such_service(&desired, "unlike").help.is_empty());
    }
}
