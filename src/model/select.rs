//! Which services take part: profiles, names on the command line, and what is left unused.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::base::ServiceName;
use crate::diag::{Code, Diagnostic, Diagnostics, Span, suggest};

use super::check;
use super::container::Container;
use super::glob;
use super::mount::MountType;
use super::project::Project;
use super::secret::FileReference;
use super::service::Service;

/// Which services come with the named ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Along {
    /// What they depend on, directly or not.
    #[default]
    Dependencies,
    /// What depends on them, directly or not.
    Dependents,
    /// Nothing.
    Nothing,
}

/// Whether profiles switch something on: it has none, one of them is active, or `*` is.
pub fn is_on(profiles: &[String], active: &[String]) -> bool {
    profiles.is_empty() || active.iter().any(|name| name == "*" || profiles.contains(name))
}

/// Parts services and jobs into those that the active profiles switch on and the others.
pub fn profiles(project: &mut Project, active: &[String]) {
    project.profiles = active.to_vec();
    part(&mut project.services, &mut project.disabled_services, |service| is_on(&service.profiles, active));
    part(&mut project.jobs, &mut project.disabled_jobs, |job| is_on(&job.profiles, active));
}

/// Sorts every value into the first or the second map. What is where it belongs is not moved: services are large,
/// and there may be thousands.
fn part<T>(
    on: &mut IndexMap<ServiceName, T>,
    off: &mut IndexMap<ServiceName, T>,
    mut keep: impl FnMut(&T) -> bool,
) {
    if on.values().all(&mut keep) && !off.values().any(&mut keep) {
        return;
    }
    let all = std::mem::take(on).into_iter().chain(std::mem::take(off));
    for (name, value) in all {
        if keep(&value) {
            on.insert(name, value);
        } else {
            off.insert(name, value);
        }
    }
}

/// Keeps the named services and what comes along; the others are set aside as disabled, and vanish from
/// `depends_on`. Names may be globs over the services that are on. Naming a service that its profiles
/// keep off activates these profiles. No names stand for everything.
pub fn services(project: &mut Project, names: &[String], along: Along, diags: &mut Diagnostics) {
    if names.is_empty() {
        return;
    }
    let mut active = project.profiles.clone();
    for name in names.iter().filter(|name| !project.services.contains_key(name.as_str())) {
        if let Some(service) = project.disabled_services.get(name.as_str()) {
            active.extend(service.profiles.iter().cloned());
        }
    }
    if active.len() > project.profiles.len() {
        profiles(project, &active);
    }
    let mut selected: Vec<ServiceName> = Vec::new();
    for name in names {
        if project.services.contains_key(name.as_str()) {
            selected.push(ServiceName::from(name.as_str()));
            continue;
        }
        let before = selected.len();
        if glob::is_pattern(name) {
            selected.extend(project.services.keys().filter(|key| glob::matches(name, key)).cloned());
        }
        if selected.len() == before {
            let (off, jobs) = (project.disabled_services.keys(), project.jobs.keys());
            let jobs = jobs.chain(project.disabled_jobs.keys());
            diags.push(no_such_service(name, project.services.keys(), off, jobs));
        }
    }
    let kept = closure(project, selected, along);
    if along == Along::Dependencies {
        let services = project.services.values().filter(|service| kept.contains(&service.name));
        check::needed(project, services, diags);
    }
    part(&mut project.services, &mut project.disabled_services, |service| kept.contains(&service.name));
    for service in project.services.values_mut() {
        service.workload.depends_on.retain(|name, _| kept.contains(name.as_str()));
    }
}

/// Says that the command names a service that does not exist. `switched_off` are those that its profiles or
/// names keep out.
pub fn no_such_service<'a>(
    name: &str,
    services: impl IntoIterator<Item = &'a ServiceName>,
    switched_off: impl IntoIterator<Item = &'a ServiceName>,
    jobs: impl IntoIterator<Item = &'a ServiceName>,
) -> Diagnostic {
    let finding = Diagnostic::new(Code::NoSuchService, Span::NONE, format!("no such service: {name}"));
    if jobs.into_iter().any(|job| job.as_str() == name) {
        return finding.help(format!("`{name}` is a job, not a service: this version runs no jobs"));
    }
    let switched_off: Vec<&ServiceName> = switched_off.into_iter().collect();
    if switched_off.iter().any(|service| service.as_str() == name) {
        return finding
            .help(format!("`{name}` is in the files, but not selected, or disabled by its profiles"));
    }
    let known = services.into_iter().chain(switched_off);
    match suggest::nearest(name, known.map(ServiceName::as_str)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding,
    }
}

fn closure(project: &Project, seeds: Vec<ServiceName>, along: Along) -> HashSet<ServiceName> {
    let mut dependents: IndexMap<&str, Vec<&ServiceName>> = IndexMap::new();
    if along == Along::Dependents {
        for service in project.services.values() {
            for name in service.workload.depends_on.keys() {
                dependents.entry(name).or_default().push(&service.name);
            }
        }
    }
    let mut kept = HashSet::new();
    let mut open = seeds;
    while let Some(name) = open.pop() {
        if kept.contains(&name) {
            continue;
        }
        match along {
            Along::Dependencies => {
                if let Some(service) = project.services.get(&name) {
                    let needed = service.workload.depends_on.keys().map(String::as_str);
                    let there = needed.filter(|name| project.services.contains_key(*name));
                    open.extend(there.map(ServiceName::from));
                }
            }
            Along::Dependents => {
                open.extend(dependents.get(name.as_str()).into_iter().flatten().map(|name| (*name).clone()));
            }
            Along::Nothing => {}
        }
        kept.insert(name);
    }
    kept
}

/// Drops networks, volumes, secrets, configs and models that no service refers to. Jobs don't count, like
/// in the reference; who runs a job must not call this.
pub fn drop_unused(project: &mut Project) {
    let mut used = Used::default();
    for service in project.services.values() {
        used.service(service);
    }
    let Used { networks, volumes, secrets, configs, models } = used;
    project.networks.retain(|key, _| networks.contains(key));
    project.volumes.retain(|key, _| volumes.contains(key));
    project.secrets.retain(|key, _| secrets.contains(key));
    project.configs.retain(|key, _| configs.contains(key));
    project.models.retain(|key, _| models.contains(key));
}

/// The resources that are referred to, by key.
#[derive(Default)]
struct Used {
    networks: HashSet<String>,
    volumes: HashSet<String>,
    secrets: HashSet<String>,
    configs: HashSet<String>,
    models: HashSet<String>,
}

impl Used {
    fn service(&mut self, service: &Service) {
        self.container(&service.container);
        for hook in &service.pre_start {
            self.container(&hook.container);
        }
        self.secrets.extend(service.workload.build.iter().flat_map(|build| sources(&build.secrets)));
    }

    fn container(&mut self, container: &Container) {
        self.networks.extend(container.networks.keys().cloned());
        let volumes = container.volumes.iter().filter(|mount| mount.kind == MountType::Volume);
        self.volumes.extend(volumes.filter_map(|mount| mount.source.clone()));
        self.secrets.extend(sources(&container.secrets));
        self.configs.extend(sources(&container.configs));
        self.models.extend(container.models.keys().cloned());
    }
}

fn sources(references: &[FileReference]) -> impl Iterator<Item = String> {
    references.iter().filter_map(|reference| reference.source.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::fixture;

    fn project() -> Project {
        let on = |name: &str| json!({ name: { "condition": "service_started", "required": true } });
        let (mut project, _) = fixture::project(json!({
            "services": {
                "web": { "image": "x", "depends_on": on("db"), "networks": { "n": null } },
                "worker": { "image": "x", "depends_on": on("db") },
                "db": { "image": "x", "volumes": [{ "type": "volume", "source": "v", "target": "/v" }] },
                "debug": { "image": "x", "profiles": ["p"] },
                "trace": { "image": "x", "profiles": ["p"] },
            },
            "networks": { "n": {}, "m": {} }, "volumes": { "v": {}, "w": {} },
            "jobs": { "seed": { "image": "x", "networks": { "m": null } } },
        }));
        profiles(&mut project, &[]);
        project
    }

    fn select(names: &[&str], along: Along) -> (Vec<String>, Vec<String>) {
        let (mut project, mut diags) = (project(), Diagnostics::new());
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        services(&mut project, &names, along, &mut diags);
        let kept = project.services.keys().map(ToString::to_string).collect();
        (kept, diags.iter().map(|d| format!("{} ({})", d.message, d.help.join(" "))).collect())
    }

    #[test]
    fn names_bring_what_they_need() {
        let kept = |names: &[&str], along| select(names, along).0;
        assert_eq!(kept(&[], Along::Dependencies), ["web", "worker", "db"]);
        assert_eq!(kept(&["web"], Along::Dependencies), ["web", "db"]);
        assert_eq!(kept(&["web"], Along::Nothing), ["web"]);
        assert_eq!(kept(&["db"], Along::Dependents), ["web", "worker", "db"]);
        assert_eq!(kept(&["w*"], Along::Nothing), ["web", "worker"]);
        assert_eq!(kept(&["debug"], Along::Dependencies), ["debug"]);
    }

    #[test]
    fn strangers_are_named() {
        let (_, found) = select(&["wbe", "seed", "z*"], Along::Dependencies);
        assert_eq!(
            found,
            [
                "no such service: wbe (did you mean `web`?)",
                "no such service: seed (`seed` is a job, not a service: this version runs no jobs)",
                "no such service: z* ()",
            ]
        );
    }

    #[test]
    fn what_is_left_out_is_neither_needed_nor_lost() {
        let mut project = project();
        services(&mut project, &["web".to_owned()], Along::Nothing, &mut Diagnostics::new());
        assert!(project.services["web"].workload.depends_on.is_empty());
        assert!(project.disabled_services.contains_key("db"));
        drop_unused(&mut project);
        assert_eq!(project.networks.keys().collect::<Vec<_>>(), ["n"]);
        assert!(project.volumes.is_empty());
    }
}
