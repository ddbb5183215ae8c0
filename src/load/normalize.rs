//! What the project's name and its services imply: default networks, dependencies, names of resources.

use crate::base::ProjectName;
use crate::diag::{Diagnostics, Span};
use crate::load::env::Environment;
use crate::load::merge::{dependency, inherit};
use crate::load::paths::clean;
use crate::yaml::{Key, Kind, Mapping, Node, PathRef};

/// Keys of a service that are not those of a container, so that hooks don't inherit them; nor do they
/// inherit its mounts.
const NOT_INHERITED: [&str; 19] = [
    "attach",
    "build",
    "container_name",
    "depends_on",
    "deploy",
    "develop",
    "expose",
    "external_links",
    "extends",
    "healthcheck",
    "links",
    "ports",
    "post_start",
    "pre_start",
    "pre_stop",
    "profiles",
    "restart",
    "scale",
    "volumes",
];
const NOT_INHERITED_TOO: [&str; 3] = ["provider", "stdin_open", "tty"];

/// Completes the tree.
pub fn normalize(root: &mut Node, name: &ProjectName, environment: &Environment, diags: &mut Diagnostics) {
    let mut uses_default = false;
    for section in ["services", "jobs"] {
        let Some(Kind::Mapping(services)) = root.get_mut(section).map(|node| &mut node.kind) else {
            continue;
        };
        let parent = PathRef::Root.key(section);
        for (key, node) in services.iter_mut() {
            if let Kind::Mapping(service) = &mut node.kind {
                uses_default |= workload(service, &parent.key(&key.text), environment, diags);
            }
        }
    }
    let Kind::Mapping(map) = &mut root.kind else { return };
    if uses_default {
        match map.get_mut("networks").map(|node| &mut node.kind) {
            Some(Kind::Mapping(networks)) => {
                if !networks.contains_key("default") {
                    networks.insert(Key::new("default"), Node::null());
                }
            }
            None | Some(Kind::Null) => {
                let networks = Mapping::from_iter([(Key::new("default"), Node::null())]);
                map.insert(Key::new("networks"), Node::new(Kind::Mapping(networks)));
            }
            Some(_) => {}
        }
    }
    for section in ["networks", "volumes", "configs", "secrets"] {
        let Some(Kind::Mapping(resources)) = map.get_mut(section).map(|node| &mut node.kind) else {
            continue;
        };
        for (key, node) in resources.iter_mut() {
            resource(&key.text, node, name);
        }
    }
}

fn resource(key: &str, node: &mut Node, name: &ProjectName) {
    if node.is_null() {
        node.kind = Kind::Mapping(Mapping::new());
    }
    let Kind::Mapping(map) = &mut node.kind else { return };
    if map.get("name").is_none_or(Node::is_null) {
        let external = map.get("external").is_some_and(|node| match &node.kind {
            Kind::Bool(value) => *value,
            Kind::Null | Kind::Invalid => false,
            _ => true,
        });
        let full = if external { key.to_owned() } else { format!("{name}_{key}") };
        map.insert(Key::new("name"), Node::string(full, Span::NONE));
    }
}

/// Completes a service or job; says whether it is on the default network.
fn workload(
    service: &mut Mapping,
    path: &PathRef<'_>,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> bool {
    let has = |service: &Mapping, key: &str| service.get(key).is_some_and(|node| !node.is_null());
    let mut uses_default = false;
    if !service.contains_key("provider") && !service.contains_key("network_mode") {
        let none = match service.get("networks").map(|node| &node.kind) {
            None | Some(Kind::Null) => true,
            Some(Kind::Mapping(networks)) => networks.is_empty(),
            Some(_) => false,
        };
        if none {
            let networks = Mapping::from_iter([(Key::new("default"), Node::null())]);
            service.insert(Key::new("networks"), Node::new(Kind::Mapping(networks)));
        }
        uses_default = service.get("networks").is_some_and(|networks| networks.get("default").is_some());
    }
    if let Some(policy) = service.get_mut("pull_policy")
        && policy.as_str() == Some("if_not_present")
    {
        policy.kind = Kind::String("missing".to_owned());
    }
    if let Some(Kind::Mapping(build)) = service.get_mut("build").map(|node| &mut node.kind) {
        if !has(build, "context") {
            build.insert(Key::new("context"), Node::string(".", Span::NONE));
        }
        if !has(build, "dockerfile") && !has(build, "dockerfile_inline") {
            build.insert(Key::new("dockerfile"), Node::string("Dockerfile", Span::NONE));
        }
        if let Some(args) = build.get_mut("args") {
            fill(args, environment, Unknown::Drop);
        }
    }
    if let Some(variables) = service.get_mut("environment") {
        fill(variables, environment, Unknown::Keep);
    }
    depend(service);
    if let Some(Kind::Sequence(volumes)) = service.get_mut("volumes").map(|node| &mut node.kind) {
        for volume in volumes {
            if let Some(Kind::String(target)) = volume.get_mut("target").map(|node| &mut node.kind) {
                *target = clean(target);
            }
        }
    }
    hooks(service, path, diags);
    uses_default
}

/// What becomes of a variable nobody set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    Keep,
    Drop,
}

/// Gives every variable without a value the one of the environment.
pub(super) fn fill(node: &mut Node, environment: &Environment, unknown: Unknown) {
    match &mut node.kind {
        Kind::Mapping(map) => {
            for (key, value) in map.iter_mut() {
                if value.is_null()
                    && let Some(found) = environment.get(&key.text)
                {
                    value.kind = Kind::String(found.to_owned());
                }
            }
            if unknown == Unknown::Drop && map.values().any(Node::is_null) {
                map.retain(|entry| !entry.value.is_null());
            }
        }
        Kind::Sequence(items) => {
            for item in items.iter_mut() {
                if let Kind::String(text) = &mut item.kind
                    && !text.contains('=')
                    && let Some(found) = environment.get(text)
                {
                    *text = format!("{text}={found}");
                }
            }
            if unknown == Unknown::Drop {
                items.retain(|item| item.as_str().is_none_or(|text| text.contains('=')));
            }
        }
        _ => {}
    }
}

/// Adds the dependencies that other keys imply.
fn depend(service: &mut Mapping) {
    let mut implied: Vec<(String, bool, Span)> = Vec::new();
    if let Some(links) = service.get("links").and_then(Node::as_sequence) {
        for link in links {
            let Some(text) = link.as_str() else { continue };
            let target = match text.split_once(':') {
                Some((target, alias)) if !alias.contains(':') => target,
                _ => text,
            };
            implied.push((target.to_owned(), true, link.span));
        }
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(node) = service.get(key)
            && let Some(target) = node.as_str().and_then(|text| text.strip_prefix("service:"))
        {
            implied.push((target.to_owned(), true, node.span));
        }
    }
    if let Some(others) = service.get("volumes_from").and_then(Node::as_sequence) {
        for other in others {
            let Some(text) = other.as_str() else { continue };
            if !text.starts_with("container:") {
                let target = text.split(':').next().unwrap_or(text);
                implied.push((target.to_owned(), false, other.span));
            }
        }
    }
    if implied.is_empty() {
        return;
    }
    if service.get("depends_on").is_none_or(Node::is_null) {
        service.insert(Key::new("depends_on"), Node::new(Kind::Mapping(Mapping::new())));
    }
    let Some(Kind::Mapping(known)) = service.get_mut("depends_on").map(|node| &mut node.kind) else { return };
    for (target, restart, span) in implied {
        if known.contains_key(&target) {
            continue;
        }
        let mut value = dependency(span);
        if let Kind::Mapping(fields) = &mut value.kind {
            fields.insert(Key { text: "restart".to_owned(), span }, Node::spanned(Kind::Bool(restart), span));
        }
        known.insert(Key { text: target, span }, value);
    }
}

/// Hooks before the start have what they don't set themselves from their service.
fn hooks(service: &mut Mapping, path: &PathRef<'_>, diags: &mut Diagnostics) {
    let Some(node) = service.get_mut("pre_start") else { return };
    let Kind::Sequence(hooks) = &mut node.kind else { return };
    let hooks = std::mem::take(hooks);
    let parent = path.key("pre_start");
    let completed = hooks
        .into_iter()
        .enumerate()
        .map(|(at, hook)| match hook.kind {
            Kind::Mapping(map) => {
                let inherited = |key: &str| {
                    !key.starts_with("x-")
                        && !NOT_INHERITED.contains(&key)
                        && !NOT_INHERITED_TOO.contains(&key)
                };
                let map = inherit(service, map, &parent.index(at), inherited, diags);
                Node::spanned(Kind::Mapping(map), hook.span)
            }
            kind => Node { span: hook.span, kind },
        })
        .collect();
    if let Some(node) = service.get_mut("pre_start") {
        node.kind = Kind::Sequence(completed);
    }
}
