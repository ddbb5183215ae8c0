//! What changed in a service's definition, told by comparing what a container was created from with what
//! is wanted now. Used for reasons only: whether a container diverged is the hash's word.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::Change;
use crate::spec::{ContainerSpec, EndpointSpec, MountKind, MountSpec, Namespace, ServiceSpec, Written};
use crate::state::{ObservedContainer, ObservedImage};

/// Another name of its own.
pub(super) fn of_name(service: &ServiceSpec, container: &ObservedContainer, wanted: &str) -> Option<Change> {
    if container.name == wanted || super::verdict::is_temporary(&container.name) {
        return None;
    }
    let span = service.place("container_name");
    let (from, to) = (Some(container.name.clone()), Some(wanted.to_owned()));
    let written = service.written("container_name");
    Some(Change { path: "container_name".to_owned(), from, to, span, written })
}

/// The differences, in the order of their paths. Empty when nothing the engine keeps differs (a change
/// of `develop`, say).
pub(super) fn changes(
    service: &ServiceSpec,
    container: &ObservedContainer,
    old: &ContainerSpec,
    image: Option<&ObservedImage>,
) -> Vec<Change> {
    let new = &service.container;
    let mut found = Found { service, changes: Vec::new() };
    found.value("image", &some(&old.image), &some(&new.image));
    // What the service doesn't set comes from the image, and the engine reports both in one.
    if let Some(command) = &new.command {
        found.value("command", &words(old.command.as_ref()), &words(Some(command)));
    } else if image.is_some_and(|image| image.command != old.command) {
        found.value("command", &words(old.command.as_ref()), &None);
    }
    if let Some(entrypoint) = &new.entrypoint {
        let set = old.entrypoint.clone().unwrap_or_default();
        found.value("entrypoint", &words(Some(&set)), &words(Some(entrypoint)));
    } else if image.is_some_and(|image| image.entrypoint != old.entrypoint) {
        found.value("entrypoint", &words(old.entrypoint.as_ref()), &None);
    }
    found.environment(old, new, image);
    found.labels(old, new, image);
    found.mounts(&old.mounts, &new.mounts, image);
    found.networks(container, old, new);
    found.map("tmpfs", &texts(&old.tmpfs), &texts(&new.tmpfs));
    found.value("ports", &ports(old), &ports(new));
    if new.user.is_some() {
        found.value("user", &old.user, &new.user);
    }
    if new.working_dir.is_some() {
        found.value("working_dir", &old.working_dir, &new.working_dir);
    }
    if new.hostname.is_some() {
        found.value("hostname", &old.hostname, &new.hostname);
    }
    if new.stop_signal.is_some() {
        found.value("stop_signal", &old.stop_signal, &new.stop_signal);
    }
    found.value("stop_grace_period", &seconds(old.stop_timeout), &seconds(new.stop_timeout));
    found.value("tty", &flag(old.tty), &flag(new.tty));
    found.value("stdin_open", &flag(old.stdin_open), &flag(new.stdin_open));
    found.value("privileged", &flag(old.privileged), &flag(new.privileged));
    found.value("read_only", &flag(old.read_only), &flag(new.read_only));
    found.value("restart", &restart(old), &restart(new));
    found.value("cap_add", &list(&old.cap_add), &list(&new.cap_add));
    found.value("cap_drop", &list(&old.cap_drop), &list(&new.cap_drop));
    found.value("extra_hosts", &list(&sorted(&old.extra_hosts)), &list(&sorted(&new.extra_hosts)));
    found.value("dns", &list(&old.dns), &list(&new.dns));
    found.value("dns_search", &list(&old.dns_search), &list(&new.dns_search));
    found.value("dns_opt", &list(&old.dns_options), &list(&new.dns_options));
    found.value("group_add", &list(&sorted(&old.group_add)), &list(&sorted(&new.group_add)));
    found.value("init", &old.init.map(|on| on.to_string()), &new.init.map(|on| on.to_string()));
    found.map("sysctls", &texts(&old.sysctls), &texts(&new.sysctls));
    if new.healthcheck.is_some() {
        let text = |spec: &ContainerSpec| spec.healthcheck.as_ref().map(|check| format!("{}", Shown(check)));
        found.value("healthcheck", &text(old), &text(new));
    }
    if let Some(logging) = &new.logging
        && old.logging.as_ref().is_some_and(|old| old != logging)
    {
        found.push("logging", None, None);
    }
    let (a, b) = (&old.resources, &new.resources);
    found.value("mem_limit", &number(a.memory), &number(b.memory));
    found.value("mem_reservation", &number(a.memory_reservation), &number(b.memory_reservation));
    found.value("cpus", &cpus(a.nano_cpus), &cpus(b.nano_cpus));
    found.value("cpu_shares", &number(a.cpu_shares), &number(b.cpu_shares));
    if old.image != new.image {
        // What the old image set can't be told from what the file no longer says.
        let of_images = ["environment", "labels", "command", "entrypoint"];
        let may_be = |path: &str| of_images.iter().any(|key| path.split('.').next() == Some(key));
        found.changes.retain(|change| change.to.is_some() || !may_be(&change.path));
    }
    found.changes.sort_by(|a, b| a.path.cmp(&b.path));
    found.changes
}

struct Shown<'a>(&'a crate::spec::HealthSpec);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let check = self.0;
        write!(f, "{}", check.test.join(" "))?;
        for (name, time) in
            [("interval", check.interval), ("timeout", check.timeout), ("start_period", check.start_period)]
        {
            if let Some(nanos) = time.filter(|nanos| *nanos != 0) {
                write!(f, " {name}={}", crate::base::duration::Duration(nanos))?;
            }
        }
        if let Some(retries) = check.retries.filter(|n| *n != 0) {
            write!(f, " retries={retries}")?;
        }
        Ok(())
    }
}

struct Found<'a> {
    service: &'a ServiceSpec,
    changes: Vec<Change>,
}

impl Found<'_> {
    fn push(&mut self, path: &str, from: Option<String>, to: Option<String>) {
        let written = self.service.written(path);
        let span = match &written {
            Written::Outside(source) if to.is_some() => self.service.place(source),
            _ => self.service.place(path),
        };
        self.changes.push(Change { path: path.to_owned(), from, to, span, written });
    }

    fn value(&mut self, path: &str, from: &Option<String>, to: &Option<String>) {
        if from != to {
            self.push(path, from.clone(), to.clone());
        }
    }

    fn map(
        &mut self,
        path: &str,
        from: &BTreeMap<String, Option<String>>,
        to: &BTreeMap<String, Option<String>>,
    ) {
        let keys: std::collections::BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        for key in keys {
            let (a, b) = (from.get(key), to.get(key));
            if a == b {
                continue;
            }
            self.push(&format!("{path}.{key}"), a.cloned().flatten(), b.cloned().flatten());
        }
    }

    fn environment(&mut self, old: &ContainerSpec, new: &ContainerSpec, image: Option<&ObservedImage>) {
        let defaults: Vec<&str> =
            image.map(|i| i.environment.iter().map(String::as_str).collect()).unwrap_or_default();
        let is_default = |key: &str, value: &Option<String>| {
            let text = format!("{key}={}", value.as_deref().unwrap_or_default());
            defaults.contains(&text.as_str()) && !new.environment.contains_key(key)
        };
        let from = old
            .environment
            .iter()
            .filter(|(key, value)| !is_default(key, value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        // A key without a value unsets the image's: the engine keeps nothing of it.
        let to = new
            .environment
            .iter()
            .filter(|(_, value)| value.is_some())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        self.map("environment", &from, &to);
    }

    fn labels(&mut self, old: &ContainerSpec, new: &ContainerSpec, image: Option<&ObservedImage>) {
        let own = |key: &str| key.starts_with("com.docker.compose.");
        let from = old
            .labels
            .iter()
            .filter(|(key, value)| {
                let default = image.is_some_and(|i| i.labels.get(*key) == Some(*value));
                !own(key) && (!default || new.labels.contains_key(*key))
            })
            .map(|(key, value)| (key.clone(), Some(value.clone())))
            .collect();
        let to = new
            .labels
            .iter()
            .filter(|(key, _)| !own(key))
            .map(|(key, value)| (key.clone(), Some(value.clone())))
            .collect();
        self.map("labels", &from, &to);
    }

    fn networks(&mut self, container: &ObservedContainer, old: &ContainerSpec, new: &ContainerSpec) {
        let (from, to) = (&old.network.endpoints, &new.network.endpoints);
        if to.is_empty() {
            if let Some(Namespace::Mode(mode)) = &new.network.mode {
                let before = match &old.network.mode {
                    Some(Namespace::Mode(mode)) => Some(mode.clone()),
                    _ => None,
                };
                self.value("network_mode", &before, &Some(mode.clone()));
            }
            return;
        }
        let names = |endpoints: &[EndpointSpec]| {
            let names: Vec<String> = endpoints.iter().map(|endpoint| endpoint.network.clone()).collect();
            list(&sorted(&names))
        };
        self.value("networks", &names(from), &names(to));
        for endpoint in to {
            let Some(before) = from.iter().find(|e| e.network == endpoint.network) else { continue };
            // The engine, and we, add the container's own names.
            let own = |alias: &&String| **alias == container.name || **alias == *container.id.short();
            let aliases = |endpoint: &EndpointSpec| {
                let names: Vec<String> = endpoint.aliases.iter().filter(|a| !own(a)).cloned().collect();
                list(&sorted(&names))
            };
            let path = format!("networks.{}", endpoint.key);
            if aliases(before) != aliases(endpoint) {
                self.change(&path, "aliases", aliases(before), aliases(endpoint));
            }
            if before.ipv4_address != endpoint.ipv4_address {
                let (from, to) = (before.ipv4_address.clone(), endpoint.ipv4_address.clone());
                self.change(&path, "ipv4_address", from, to);
            }
        }
    }

    /// A change of a key inside of something that has a place.
    fn change(&mut self, place: &str, key: &str, from: Option<String>, to: Option<String>) {
        let (span, written) = (self.service.place(place), self.service.written(place));
        self.changes.push(Change { path: format!("{place}.{key}"), from, to, span, written });
    }

    fn mounts(&mut self, old: &[MountSpec], new: &[MountSpec], image: Option<&ObservedImage>) {
        let from: BTreeMap<&str, &MountSpec> = old.iter().map(|m| (m.target.as_str(), m)).collect();
        let to: BTreeMap<&str, &MountSpec> = new.iter().map(|m| (m.target.as_str(), m)).collect();
        for (target, mount) in &to {
            let before = from.get(target).map(|m| source(m));
            let now = source(mount);
            // An anonymous volume has a name only the engine knows.
            let anonymous = matches!(mount.kind, MountKind::Volume { name: None, .. });
            let same = match &before {
                Some(before) => (anonymous || *before == now) && from[target].read_only == mount.read_only,
                None => false,
            };
            if !same {
                let at = new.iter().position(|m| m.target == **target).unwrap_or_default();
                self.mount(target, at, before, Some(now));
            }
        }
        for (target, mount) in &from {
            let declared = image.is_some_and(|image| image.volumes.iter().any(|v| v == target));
            if !to.contains_key(target) && !declared {
                self.mount(target, usize::MAX, Some(source(mount)), None);
            }
        }
    }

    fn mount(&mut self, target: &str, at: usize, from: Option<String>, to: Option<String>) {
        let place = format!("volumes[{at}]");
        let (span, written) = (self.service.place(&place), self.service.written(&place));
        self.changes.push(Change { path: format!("volumes[{target}]"), from, to, span, written });
    }
}

fn source(mount: &MountSpec) -> String {
    match &mount.kind {
        MountKind::Bind { source, .. } => source.clone(),
        MountKind::Volume { name, .. } => name.clone().unwrap_or_else(|| "anonymous volume".to_owned()),
        MountKind::Tmpfs { .. } => "tmpfs".to_owned(),
        MountKind::Image { source, .. } => format!("image {source}"),
        MountKind::Other { kind, source } => format!("{kind} {source}"),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn words(list: Option<&Vec<String>>) -> Option<String> {
    list.map(|words| words.join(" "))
}

fn list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(", "))
}

fn sorted(items: &[String]) -> Vec<String> {
    let mut items = items.to_vec();
    items.sort();
    items
}

fn flag(value: bool) -> Option<String> {
    value.then(|| "true".to_owned())
}

fn number(value: i64) -> Option<String> {
    (value != 0).then(|| value.to_string())
}

/// Whole and part CPUs from billionths.
fn cpus(value: i64) -> Option<String> {
    let part = format!("{:09}", value % 1_000_000_000);
    let text = format!("{}.{part}", value / 1_000_000_000);
    (value != 0).then(|| text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

fn seconds(value: Option<i64>) -> Option<String> {
    value.map(|s| format!("{s}s"))
}

fn texts(map: &IndexMap<String, String>) -> BTreeMap<String, Option<String>> {
    map.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
}

fn restart(spec: &ContainerSpec) -> Option<String> {
    let policy = spec.restart.as_ref()?;
    match policy.name.as_str() {
        "" | "no" => None,
        name if policy.max_retries > 0 => Some(format!("{name}:{}", policy.max_retries)),
        name => Some(name.to_owned()),
    }
}

fn ports(spec: &ContainerSpec) -> Option<String> {
    let mut texts: Vec<String> = spec
        .port_bindings
        .iter()
        .map(|binding| {
            let ip = if binding.host_ip.is_empty() { String::new() } else { format!("{}:", binding.host_ip) };
            format!("{ip}{}:{}/{}", binding.host_port, binding.container.port, binding.container.protocol)
        })
        .collect();
    texts.sort();
    list(&texts)
}
