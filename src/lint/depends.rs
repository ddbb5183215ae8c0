//! Services that wait for others in a way that can't go well.

use super::{HERE, Subject, at, finding};
use crate::diag::{Code, Diagnostics, Span};
use crate::model::{Dependency, DependsCondition, Healthcheck, Service};
use crate::yaml::Node;

/// Every dependency among services that are on: who waits, for whom, how.
fn dependencies<'a>(
    subject: &Subject<'a>,
) -> impl Iterator<Item = (&'a Service, &'a Service, &'a Dependency)> + use<'a> {
    let services = &subject.project.services;
    services.values().flat_map(move |service| {
        let needed = service.workload.depends_on.iter();
        needed.filter_map(move |(name, how)| Some((service, services.get(name.as_str())?, how)))
    })
}

/// A profile that switches a service on, but not what it needs.
pub(super) fn profiles(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let project = subject.project;
    for service in subject.all_services() {
        for (name, _) in service.workload.depends_on.iter().filter(|(_, how)| how.required) {
            let on = project.services.get(name.as_str());
            let Some(needed) = on.or_else(|| project.disabled_services.get(name.as_str())) else { continue };
            // What can't be used as it is was told while loading.
            if needed.profiles.is_empty()
                || on.is_none() && project.services.contains_key(service.name.as_str())
            {
                continue;
            }
            let lacking: Vec<&str> = service
                .profiles
                .iter()
                .map(String::as_str)
                .filter(|profile| !needed.profiles.iter().any(|other| other == profile))
                .collect();
            let when = match (service.profiles.is_empty(), lacking.as_slice()) {
                (true, _) => "is always on".to_owned(),
                (false, []) => continue,
                (false, [one]) => format!("is on with the profile `{one}`"),
                (false, several) => format!("is on with the profiles `{}`", several.join("`, `")),
            };
            let what = format!("{when}, but needs `{name}`, which is not");
            let path = HERE.key("depends_on");
            let help = match lacking.as_slice() {
                [] => format!("take `{name}` out of its profiles, or write `required: false`"),
                several => format!(
                    "add the profile{} `{}` to `{name}`, or write `required: false`",
                    if several.len() == 1 { "" } else { "s" },
                    several.join("`, `")
                ),
            };
            diags.push(
                finding(Code::ProfileDependency, service, path.key(name), what)
                    .label(
                        needed.origins.key(HERE.key("profiles")),
                        format!("`{name}` is on with these profiles only"),
                    )
                    .help(help),
            );
        }
    }
}

/// Whether a health check says anything.
fn is_checked(check: &Healthcheck) -> bool {
    !check.disable && check.test.first().is_some_and(|word| word != "NONE")
}

/// The place of a name in `depends_on`, when it is written there and with no condition.
fn without_condition(subject: &Subject<'_>, service: &Service, name: &str) -> Option<Span> {
    let depends_on = HERE.key("depends_on");
    let path = depends_on.key(name);
    let key = service.origins.key(path);
    let condition = service.origins.node(path.key("condition"))?;
    let named = subject.written(key) == Some(name);
    let explicit = subject.written(condition.span).is_some_and(|text| text.starts_with("service_"));
    let declared = service.origins.node(depends_on).is_some_and(|node| node.span.is_some());
    (declared && named && !(explicit && condition.span != key)).then_some(key)
}

/// Waiting for a start where health could be waited for.
pub(super) fn started(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for (service, needed, how) in dependencies(subject) {
        let Some(check) = &needed.workload.healthcheck else { continue };
        if how.condition != DependsCondition::Started || !is_checked(check) {
            continue;
        }
        let name = needed.name.as_str();
        let Some(key) = without_condition(subject, service, name) else { continue };
        let what = format!("waits until `{name}` runs, though it could wait until it is healthy");
        let mut found = finding(Code::StartedNotHealthy, service, HERE.key("depends_on").key(name), what)
            .label(needed.origins.key(HERE.key("healthcheck")), format!("the health check of `{name}`"))
            .help("write the long form, with `condition: service_healthy`");
        if let Some((list, long)) = long_form(subject, service, key) {
            found = found.edit(list, long);
        }
        diags.push(found);
    }
}

/// A list in brackets, and the mapping to write instead: those with a health check are waited for.
fn long_form(subject: &Subject<'_>, service: &Service, name: Span) -> Option<(Span, String)> {
    let list = service.origins.node(HERE.key("depends_on"))?;
    let text = subject.sources.slice(list.span)?;
    if !text.starts_with('[') || text.contains(['\n', '#', '*']) || list.span.file != name.file {
        return None;
    }
    let entries = list.as_mapping()?.iter().map(|entry| {
        let needed = subject.project.services.get(entry.key.text.as_str());
        let healthy = needed.and_then(|needed| needed.workload.healthcheck.as_ref()).is_some_and(is_checked);
        let condition = if healthy { "service_healthy" } else { "service_started" };
        format!("{}: {{condition: {condition}}}", entry.key.text)
    });
    Some((list.span, format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))))
}

/// Waiting for health that is never told.
pub(super) fn never_healthy(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for (service, needed, how) in dependencies(subject) {
        let Some(check) = &needed.workload.healthcheck else { continue };
        let off = check.disable || check.test.first().is_some_and(|word| word == "NONE");
        if how.condition != DependsCondition::Healthy || !off {
            continue;
        }
        let what = format!("waits until `{}` is healthy, but its health check is off", needed.name);
        let depends_on = HERE.key("depends_on");
        diags.push(
            finding(Code::NeverHealthy, service, depends_on.key(&needed.name).key("condition"), what)
                .label(needed.origins.key(HERE.key("healthcheck")), "switched off here")
                .help("give it a health check, or wait with `condition: service_started`"),
        );
    }
}

/// A service that is started anew whenever it has done what others wait for.
pub(super) fn restarts(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let mut told: Vec<&str> = Vec::new();
    for (service, needed, how) in dependencies(subject) {
        let Some(policy) = needed.restart.as_deref() else { continue };
        if how.condition != DependsCondition::CompletedSuccessfully
            || !matches!(policy, "always" | "unless-stopped")
            || told.contains(&needed.name.as_str())
        {
            continue;
        }
        told.push(&needed.name);
        let what = format!("restarts whenever it ends, but `{}` waits for its end", service.name);
        let depends_on = HERE.key("depends_on");
        let path = HERE.key("restart");
        let place = needed.origins.value(path);
        let mut found = finding(Code::RestartsWhenDone, needed, path, what)
            .label(service.origins.key(depends_on.key(&needed.name)), "waits for it")
            .help("restart it on failure only");
        found.span = place;
        let literal = subject.written(place) == Some(policy);
        diags.push(if literal { found.edit(place, "on-failure") } else { found });
    }
}

/// The old way to tie containers together.
pub(super) fn links(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.all_services() {
        let written = service.origins.node(HERE.key("links")).and_then(Node::as_sequence);
        if written.is_some_and(|links| !links.is_empty()) {
            let message = format!(
                "service `{}` has `links`, which are not needed: services on one network reach each other by name",
                service.name
            );
            let aliases = service.links.iter().filter_map(|link| link.split_once(':'));
            let renamed = aliases.into_iter().any(|(name, alias)| name != alias);
            let help = match renamed {
                true => {
                    "write `depends_on`, and the other names as `aliases` of the linked service's networks"
                }
                false => "write `depends_on`; services find each other by name",
            };
            diags.push(at(Code::LegacyLinks, &service.origins, HERE.key("links"), message).help(help));
        }
    }
}
