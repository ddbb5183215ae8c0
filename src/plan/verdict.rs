//! What becomes of each container that exists: it stays, is replaced, or goes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::builder::runs;
use super::diff;
use super::existing::Existing;
use super::networks::is_on;
use super::{Change, Input, Reason, Recreate, Up, VolumeChoice};
use crate::base::{ContainerId, ServiceName};
use crate::graph::Graph;
use crate::spec::{Desired, EndpointSpec, MountKind, ServiceSpec, labels};
use crate::state::{Observed, ObservedContainer};

/// What becomes of a container.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// It stays.
    Keep,
    /// Another takes its place.
    Replace(Reason),
    /// It goes.
    Remove(Reason),
}

/// A container with its fate.
#[derive(Clone, Debug)]
pub(super) struct Verdict<'a> {
    pub container: &'a ObservedContainer,
    pub fate: Fate,
}

/// Fates of a service's containers (those that stay or are replaced first, in the order they are
/// counted), and how many containers there should be.
#[derive(Clone, Debug)]
pub(super) struct ServiceVerdict<'a> {
    pub containers: Vec<Verdict<'a>>,
    pub scale: u32,
}

/// The number of a replica; 0 when its label can't be read.
pub(super) fn number(container: &ObservedContainer) -> u32 {
    container.label(labels::CONTAINER_NUMBER).and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Whether `run` made it.
pub(super) fn is_one_off(container: &ObservedContainer) -> bool {
    container.label(labels::ONE_OFF) == Some("True")
}

/// A graph of the desired services, with namespace sharing as dependencies.
pub(super) fn graph(desired: &Desired) -> Graph<'_> {
    Graph::new(desired.services.values().map(|service| {
        let names = service.depends_on.iter().map(|d| &d.service).chain(service.shared_services());
        (service.name.as_str(), names.map(|n| n.as_str()).collect::<Vec<_>>())
    }))
}

pub(super) fn diverged(desired: &Desired, observed: &Observed) -> Vec<ContainerId> {
    let existing = Existing::new(observed, &desired.project);
    let mut ids = Vec::new();
    for service in desired.services.values() {
        let hash = service.config_hash(&|name| existing.first_container(name));
        // Only an inspection shows whether links are still there.
        let linked = !service.container.links.is_empty();
        ids.extend(
            existing
                .of_service(&service.name)
                .into_iter()
                .filter(|c| linked || c.label(labels::CONFIG_HASH) != Some(hash.as_str()))
                .map(|c| c.id.clone()),
        );
    }
    ids
}

/// Judges every container of the desired services. `order` has dependencies first, so that sharing a
/// replaced service's namespace can be seen.
pub(super) fn judge<'a>(
    input: Input<'a>,
    existing: &Existing<'a>,
    up: &Up,
    order: &[ServiceName],
) -> BTreeMap<ServiceName, ServiceVerdict<'a>> {
    // Containers that don't stay: who shares with one of them doesn't stay either.
    let mut going: BTreeSet<&ContainerId> = BTreeSet::new();
    let lost = Lost::new(input.desired, up);
    let mut verdicts = BTreeMap::new();
    for name in order {
        let Some(service) = input.desired.services.get(name) else { continue };
        if service.provider {
            continue;
        }
        let verdict = match up.bystanders.contains(name) {
            true => judge_bystander(existing, service, &going),
            false => judge_service(input, existing, up, &lost, service, &going),
        };
        going.extend(verdict.containers.iter().filter(|v| v.fate != Fate::Keep).map(|v| &v.container.id));
        verdicts.insert(name.clone(), verdict);
    }
    verdicts
}

/// The service one of whose containers doesn't stay and is shared with: its first container, as a definition
/// names it, or the one whose network a container is really on.
fn shares_with_going<'s>(
    existing: &Existing<'_>,
    service: &'s ServiceSpec,
    container: &ObservedContainer,
    going: &BTreeSet<&ContainerId>,
) -> Option<&'s ServiceName> {
    let lends = |name: &&ServiceName| {
        let first = existing.first_container(name);
        let own = container.lender.as_ref().filter(|id| {
            existing.container_of(id).is_some_and(|of| of.label(labels::SERVICE) == Some(name.as_str()))
        });
        first.iter().chain(own).any(|id| going.contains(id))
    };
    service.shared_services().into_iter().find(lends)
}

/// A service that is not selected: what runs in a namespace that goes away is replaced, all else stays.
fn judge_bystander<'a>(
    all: &Existing<'a>,
    service: &'a ServiceSpec,
    going: &BTreeSet<&ContainerId>,
) -> ServiceVerdict<'a> {
    let mut existing = all.of_service(&service.name);
    existing.sort_by_key(|container| number(container));
    let judged = existing.into_iter().map(|container| {
        let shared = shares_with_going(all, service, container, going).filter(|_| runs(container));
        let fate = match shared {
            Some(name) => Fate::Replace(Reason::SharedServiceReplaced(name.clone())),
            None => Fate::Keep,
        };
        Verdict { container, fate }
    });
    let containers: Vec<Verdict<'a>> = judged.collect();
    ServiceVerdict { scale: u32::try_from(containers.len()).unwrap_or(u32::MAX), containers }
}

/// How many containers of a service there should be, and the flag that says so, if it wasn't the file.
pub(super) fn wanted_scale(up: &Up, service: &ServiceSpec) -> (u32, Option<String>) {
    match up.scale.get(&service.name) {
        Some(count) => (*count, Some(format!("--scale {}={count}", service.name))),
        None => (service.scale, None),
    }
}

fn judge_service<'a>(
    input: Input<'a>,
    all: &Existing<'a>,
    up: &Up,
    lost: &Lost<'_>,
    service: &'a ServiceSpec,
    going: &BTreeSet<&ContainerId>,
) -> ServiceVerdict<'a> {
    let (scale, flag) = wanted_scale(up, service);
    let existing = all.of_service(&service.name);
    if let Some(key) = lost.of(service, &existing) {
        let gone = |container| Verdict { container, fate: Fate::Remove(Reason::VolumeChanged(key.clone())) };
        return ServiceVerdict { containers: existing.into_iter().map(gone).collect(), scale };
    }
    let hash = service.config_hash(&|name| all.first_container(name));
    let targeted = up.targets.is_empty() || up.targets.contains(&service.name);
    let strategy = if targeted { up.recreate } else { up.recreate_dependencies };
    let forced = match () {
        () if !targeted => "--always-recreate-deps",
        () if up.renew_anonymous_volumes => "--renew-anon-volumes",
        () => "--force-recreate",
    };
    let mut judged: Vec<(Option<Reason>, &ObservedContainer)> = existing
        .into_iter()
        .map(|container| {
            let reason = match strategy {
                Recreate::Never => None,
                Recreate::Force => Some(Reason::Forced { flag: forced }),
                Recreate::Diverged => divergence(input, all, service, container, &hash, going),
            };
            (reason, container)
        })
        .collect();
    // Of an unfinished replacement one goes: the old one when the new one is as it should be, else the new
    // one. Neither is counted twice.
    let mut halves = Vec::new();
    for (new, old) in half_replaced(judged.iter().map(|(_, container)| *container)) {
        let up_to_date = judged.iter().any(|(reason, c)| c.id == new.id && reason.is_none());
        let gone = if up_to_date { old } else { new };
        judged.retain(|(_, container)| container.id != gone.id);
        halves.push(Verdict { container: gone, fate: Fate::Remove(Reason::Unfinished) });
    }
    // Up-to-date ones first, then by number, then the newest: what is surplus is obsolete or high-numbered.
    judged.sort_by(|(a, x), (b, y)| {
        (a.is_some(), number(x), std::cmp::Reverse(x.created), &x.name).cmp(&(
            b.is_some(),
            number(y),
            std::cmp::Reverse(y.created),
            &y.name,
        ))
    });
    let counted = judged.into_iter().enumerate().map(|(at, (reason, container))| {
        let fate = match reason {
            _ if at >= scale as usize => {
                Fate::Remove(Reason::ScaleDown { wanted: scale, flag: flag.clone() })
            }
            Some(reason) => Fate::Replace(reason),
            None => Fate::Keep,
        };
        Verdict { container, fate }
    });
    ServiceVerdict { containers: counted.chain(halves).collect(), scale }
}

/// The volumes the user agreed to lose, by key and by name, in the order they were agreed to.
struct Lost<'a> {
    agreed: Vec<&'a str>,
    keys: HashMap<&'a str, usize>,
    names: HashMap<&'a str, usize>,
}

impl<'a> Lost<'a> {
    fn new(desired: &'a Desired, up: &'a Up) -> Lost<'a> {
        let agreed: Vec<&str> = up
            .changed_volumes
            .iter()
            .filter(|(_, choice)| **choice == VolumeChoice::Recreate)
            .map(|(key, _)| key.as_str())
            .collect();
        let keys: HashMap<&str, usize> = agreed.iter().copied().zip(0..).collect();
        let named = |(key, at): (&&str, &usize)| Some((desired.volumes.get(*key)?.name.as_str(), *at));
        Lost { agreed, names: keys.iter().filter_map(named).collect(), keys }
    }

    /// The first of them that the service mounts, or one of its containers still does: a volume in use
    /// can't be made anew.
    fn of(&self, service: &ServiceSpec, existing: &[&ObservedContainer]) -> Option<String> {
        let wanted = service.container.mounts.iter().filter_map(|mount| match &mount.kind {
            MountKind::Volume { key: Some(key), .. } => self.keys.get(key.as_str()),
            _ => None,
        });
        let mounted = existing.iter().flat_map(|container| &container.mounts);
        let mounted = mounted.filter_map(|mount| self.names.get(mount.name.as_deref()?));
        wanted.chain(mounted).min().map(|at| self.agreed[*at].to_owned())
    }
}

/// Why a container must be replaced, if it must.
fn divergence(
    input: Input<'_>,
    existing: &Existing<'_>,
    service: &ServiceSpec,
    container: &ObservedContainer,
    hash: &str,
    going: &BTreeSet<&ContainerId>,
) -> Option<Reason> {
    if let Some(name) = shares_with_going(existing, service, container, going) {
        return Some(Reason::SharedServiceReplaced(name.clone()));
    }
    if container.label(labels::CONFIG_HASH) != Some(hash) && service.not_compared().is_some() {
        return None;
    }
    if container.label(labels::CONFIG_HASH) != Some(hash) {
        let image = input.observed.images.get(&service.container.image);
        let name = service.container_name(input.desired, number(container).max(1));
        let mut changes: Vec<_> = diff::of_name(service, container, &name).into_iter().collect();
        if let Some(old) = input.details.get(&container.id) {
            changes.extend(diff::changes(service, container, old, image));
        }
        // The hash has the ids of the containers that are shared with.
        if changes.is_empty()
            && let Some(of) = service.shared_services().into_iter().next()
        {
            return Some(Reason::SharedContainerGone(of.clone()));
        }
        return Some(Reason::Changed(changes));
    }
    if let Some(image) = input.observed.images.get(&service.container.image) {
        let from = container.label(labels::IMAGE).unwrap_or_default();
        if from != image.identity {
            return Some(Reason::ImageChanged {
                reference: service.container.image.clone(),
                from: from.to_owned(),
                to: image.identity.clone(),
            });
        }
    }
    if let Some(reason) = left_network(input, existing, service, container) {
        return Some(reason);
    }
    if let Some(missing) = missing_network(input, existing, service, container) {
        return Some(Reason::NetworkMissing(missing));
    }
    if let Some(change) = lost_links(input, service, container) {
        return Some(Reason::Changed(vec![change]));
    }
    missing_volume(service, container).map(Reason::VolumeMissing)
}

/// A container can't be moved away from the network that its network mode names: that name stays with it, and
/// engines refuse to start it once no network has the name.
fn left_network(
    input: Input<'_>,
    existing: &Existing<'_>,
    service: &ServiceSpec,
    container: &ObservedContainer,
) -> Option<Reason> {
    let endpoints = &service.container.network.endpoints;
    let mode = container.network_mode.as_str();
    if !names_network(mode) || endpoints.iter().any(|endpoint| endpoint.network == mode) {
        return None;
    }
    let goes = match existing.network_named(mode) {
        Some(network) => {
            network.labels.get(labels::PROJECT).is_some_and(|of| of == input.desired.project.as_str())
        }
        None => true,
    };
    let to = endpoints.first().filter(|_| goes)?.network.clone();
    Some(Reason::Renamed { from: mode.to_owned(), to })
}

/// Whether a network mode is the name of a network that somebody made.
fn names_network(mode: &str) -> bool {
    !matches!(mode, "" | "default" | "bridge" | "host" | "none" | "nat" | "pasta" | "slirp4netns" | "private")
        && !mode.contains(':')
}

/// A network of the service that the container is not on. One that doesn't run counts too: an interrupted
/// move leaves it off its network, and one whose network was made anew could not be started.
fn missing_network(
    input: Input<'_>,
    existing: &Existing<'_>,
    service: &ServiceSpec,
    container: &ObservedContainer,
) -> Option<String> {
    let off = |endpoint: &&EndpointSpec| {
        let spec = input.desired.networks.get(&endpoint.key);
        match spec.and_then(|spec| existing.network(spec)) {
            Some(live) => !is_on(container, live),
            // It will be made; only who was never started finds it by its name then.
            None => {
                !container.networks.iter().any(|e| e.network == endpoint.network && e.network_id.is_empty())
            }
        }
    };
    service.container.network.endpoints.iter().find(off).map(|endpoint| endpoint.network.clone())
}

/// Links that the container lacks on a network: whoever connects it to another network without them loses them.
/// Only an inspection shows links, and Podman never does.
fn lost_links(input: Input<'_>, service: &ServiceSpec, container: &ObservedContainer) -> Option<Change> {
    let old = input.details.get(&container.id).filter(|_| !input.capabilities.checks_on_request)?;
    service.container.network.endpoints.iter().find_map(|wanted| {
        let before = old.network.endpoints.iter().find(|endpoint| endpoint.network == wanted.network)?;
        let lost = wanted.links.iter().any(|link| !before.links.contains(link));
        lost.then(|| Change {
            path: format!("networks.{}.links", wanted.key),
            from: (!before.links.is_empty()).then(|| before.links.join(", ")),
            to: Some(wanted.links.join(", ")),
            span: service.place("links"),
            written: service.written("links"),
        })
    })
}

/// A named volume of the service that is not mounted in the container. It may not exist yet: a volume that
/// got another name is made in this plan.
fn missing_volume(service: &ServiceSpec, container: &ObservedContainer) -> Option<String> {
    service.container.mounts.iter().find_map(|mount| match &mount.kind {
        MountKind::Volume { name: Some(name), key: Some(_), .. }
            if !container.mounts.iter().any(|m| m.name.as_deref() == Some(name)) =>
        {
            Some(name.clone())
        }
        _ => None,
    })
}

/// Pairs of a container with a temporary name and the one it was to replace: replacements that an earlier
/// run didn't finish.
fn half_replaced<'a>(
    containers: impl Iterator<Item = &'a ObservedContainer> + Clone,
) -> Vec<(&'a ObservedContainer, &'a ObservedContainer)> {
    let pair = |new: &'a ObservedContainer| {
        let replaces = |old: &&ObservedContainer| {
            number(old) == number(new) && old.id != new.id && new.name.starts_with(old.id.short())
        };
        containers.clone().find(replaces).map(|old| (new, old))
    };
    containers.clone().filter(|container| is_temporary(&container.name)).filter_map(pair).collect()
}

/// Replacements that an earlier run didn't finish and this one will: by the id of the container that is
/// kept, the one it replaces.
pub(super) fn unfinished<'a>(verdict: &ServiceVerdict<'a>) -> HashMap<ContainerId, &'a ObservedContainer> {
    let fate = |id: &ContainerId| verdict.containers.iter().find(|v| v.container.id == *id).map(|v| &v.fate);
    half_replaced(verdict.containers.iter().map(|v| v.container))
        .into_iter()
        .filter(|(new, old)| {
            matches!((fate(&new.id), fate(&old.id)), (Some(Fate::Keep), Some(Fate::Remove(_))))
        })
        .map(|(new, old)| (new.id.clone(), old))
        .collect()
}

/// Whether a name is one given during a replacement: `<12 hex>_<final name>`.
pub(super) fn is_temporary(name: &str) -> bool {
    name.split_once('_').is_some_and(|(id, rest)| {
        id.len() == 12
            && !rest.is_empty()
            && id.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
    })
}
