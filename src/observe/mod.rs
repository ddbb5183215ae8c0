//! Asks an engine what exists.
//!
//! In: the name of a project, and what should exist when a file says so. Out: [`Observed`], plain
//! values. One list call for containers, one for networks, one for volumes; names that no list showed
//! are looked up one by one. Nothing here writes, and nothing is asked one after the other that can be
//! asked at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::iter;

use crate::base::{ContainerId, ProjectName};
use crate::engine::{ContainerDetail, ContainerQuery, Engine, EngineError};
use crate::spec::{ContainerSpec, Desired, labels};
use crate::state::{Health, Observed, ObservedContainer, ObservedImage, ObservedNetwork, ObservedVolume};

/// What to look for.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The project.
    pub project: ProjectName,
    /// What should exist; `None` to find everything by label alone.
    pub desired: Option<&'a Desired>,
    /// Look for the wanted images too.
    pub images: bool,
}

/// Inspections at a time.
const INSPECTIONS: usize = 16;

/// What exists of a project now.
pub async fn snapshot(engine: &dyn Engine, query: &Query<'_>) -> Result<Observed, EngineError> {
    let (containers, networks, volumes, images) = tokio::try_join!(
        containers(engine, &query.project),
        networks(engine, query),
        volumes(engine, query),
        images(engine, query),
    )?;
    Ok(Observed { containers, networks, volumes, images })
}

/// What containers were created from. Those that went away meanwhile are left out.
pub async fn details(
    engine: &dyn Engine,
    ids: &[ContainerId],
) -> Result<HashMap<ContainerId, ContainerSpec>, EngineError> {
    inspect(engine, ids, |detail| Some(*detail.spec)).await
}

/// The health of those containers that have a check.
pub async fn health(
    engine: &dyn Engine,
    ids: &[ContainerId],
) -> Result<HashMap<ContainerId, Health>, EngineError> {
    inspect(engine, ids, |detail| detail.health).await
}

/// Something of each container; those that went away meanwhile, or haven't got it, are left out.
async fn inspect<T>(
    engine: &dyn Engine,
    ids: &[ContainerId],
    pick: impl Fn(ContainerDetail) -> Option<T>,
) -> Result<HashMap<ContainerId, T>, EngineError> {
    let ask = |id: ContainerId| async move { (engine.inspect_container(&id).await, id) };
    let mut answers = iter(ids.iter().cloned().map(ask)).buffer_unordered(INSPECTIONS);
    let mut found = HashMap::new();
    while let Some((answer, id)) = answers.next().await {
        if let Some(picked) = unless_missing(answer)?.and_then(&pick) {
            found.insert(id, picked);
        }
    }
    Ok(found)
}

fn project_label(project: &ProjectName) -> String {
    format!("{}={project}", labels::PROJECT)
}

async fn containers(
    engine: &dyn Engine,
    project: &ProjectName,
) -> Result<Vec<ObservedContainer>, EngineError> {
    let labels = vec![project_label(project), labels::CONFIG_HASH.to_owned()];
    engine.list_containers(ContainerQuery { labels, all: true }).await
}

async fn networks(engine: &dyn Engine, query: &Query<'_>) -> Result<Vec<ObservedNetwork>, EngineError> {
    let label = [project_label(&query.project)];
    let Some(desired) = query.desired else { return engine.list_networks(&label).await };
    let external = desired.networks.values().filter(|n| n.external).map(|n| n.name.as_str());
    let (mut found, external) =
        tokio::try_join!(engine.list_networks(&label), networks_by_name(engine, external))?;
    let unlabelled: Vec<&str> = desired
        .networks
        .values()
        .filter(|wanted| !wanted.external)
        .filter(|wanted| !found.iter().any(|n| n.labels.get(labels::NETWORK) == Some(&wanted.key)))
        .map(|wanted| wanted.name.as_str())
        .collect();
    let by_name = networks_by_name(engine, unlabelled).await?;
    for network in external.into_iter().chain(by_name) {
        if !found.iter().any(|n| n.id == network.id) {
            found.push(network);
        }
    }
    Ok(found)
}

/// An inspection also matches the beginning of an id, so the name is compared.
async fn networks_by_name<'a>(
    engine: &dyn Engine,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<ObservedNetwork>, EngineError> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let asked = names.into_iter().map(|name| async move {
        let found = unless_missing(engine.inspect_network(name).await)?;
        Ok(found.filter(|network| network.name == name || network.id.as_str() == name))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

async fn volumes(engine: &dyn Engine, query: &Query<'_>) -> Result<Vec<ObservedVolume>, EngineError> {
    let label = [project_label(&query.project)];
    let Some(desired) = query.desired else { return engine.list_volumes(&label).await };
    let external = desired.volumes.values().filter(|v| v.external).map(|v| v.name.as_str());
    let (mut found, external) =
        tokio::try_join!(engine.list_volumes(&label), volumes_by_name(engine, external))?;
    let unlabelled: Vec<&str> = desired
        .volumes
        .values()
        .filter(|wanted| !wanted.external)
        .filter(|wanted| !found.iter().any(|v| v.labels.get(labels::VOLUME) == Some(&wanted.key)))
        .map(|wanted| wanted.name.as_str())
        .collect();
    let by_name = volumes_by_name(engine, unlabelled).await?;
    for volume in external.into_iter().chain(by_name) {
        if !found.iter().any(|v| v.name == volume.name) {
            found.push(volume);
        }
    }
    Ok(found)
}

async fn volumes_by_name<'a>(
    engine: &dyn Engine,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<ObservedVolume>, EngineError> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let asked =
        names.into_iter().map(|name| async move { unless_missing(engine.inspect_volume(name).await) });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

async fn images(
    engine: &dyn Engine,
    query: &Query<'_>,
) -> Result<BTreeMap<String, ObservedImage>, EngineError> {
    let Some(desired) = query.desired.filter(|_| query.images) else { return Ok(BTreeMap::new()) };
    let wanted: BTreeSet<(&str, Option<&str>)> = desired
        .services
        .values()
        .filter(|service| !service.provider && !service.container.image.is_empty())
        .map(|service| (service.container.image.as_str(), service.container.platform.as_deref()))
        .collect();
    let asked = wanted.into_iter().map(|(reference, platform)| async move {
        (reference, unless_missing(engine.inspect_image(reference, platform).await))
    });
    let mut found = BTreeMap::new();
    for (reference, answer) in join_all(asked).await {
        if let Some(image) = answer? {
            found.insert(reference.to_owned(), image);
        }
    }
    Ok(found)
}

/// Local images that were built for a project, by tag.
pub async fn built_images(
    engine: &dyn Engine,
    project: &ProjectName,
) -> Result<BTreeMap<String, ObservedImage>, EngineError> {
    let tags = engine.list_images(&[project_label(project)]).await?;
    let asked = tags.into_iter().map(|tag| async move {
        let image = unless_missing(engine.inspect_image(&tag, None).await)?;
        Ok(image.map(|image| (tag, image)))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// What isn't there is an answer too.
fn unless_missing<T>(answer: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
