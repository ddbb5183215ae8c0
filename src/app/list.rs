//! `ps` and `ls`: what exists, picked and ordered.

use std::collections::{BTreeMap, BTreeSet};

use super::Session;
use crate::base::{ContainerId, ProjectName, ServiceName};
use crate::engine::{ContainerQuery, Engine, EngineError};
use crate::observe;
use crate::spec::labels;
use crate::state::{ContainerState, Health, ObservedContainer};

/// Which containers `ps` lists.
#[derive(Clone, Debug, Default)]
pub struct PsQuery {
    /// Only these services; empty for all.
    pub services: Vec<ServiceName>,
    /// Stopped ones and one-offs too.
    pub all: bool,
    /// Only these states; empty for any.
    pub states: Vec<ContainerState>,
    /// Only services of the file.
    pub only_known: Option<Vec<ServiceName>>,
}

/// The project's containers by name.
pub async fn containers(
    session: &Session,
    project: &ProjectName,
    query: &PsQuery,
) -> Result<Vec<ObservedContainer>, EngineError> {
    let all = query.all || !query.states.is_empty();
    let wanted = ContainerQuery {
        labels: vec![format!("{}={project}", labels::PROJECT), labels::CONFIG_HASH.to_owned()],
        all,
    };
    let mut found = session.engine.list_containers(wanted).await?;
    found.retain(|container| {
        let service = container.label(labels::SERVICE).unwrap_or_default();
        let one_off = container.label(labels::ONE_OFF) == Some("True");
        (query.services.is_empty() || query.services.iter().any(|name| name == service))
            && (query.states.is_empty() || query.states.contains(&container.state))
            && (all || !one_off)
            && query.only_known.as_ref().is_none_or(|known| known.iter().any(|name| name == service))
    });
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if session.engine.capabilities().await?.checks_on_request {
        add_health(&*session.engine, &mut found).await?;
    }
    Ok(found)
}

/// Completes what a list doesn't show: the health of running containers, in the words of other engines.
async fn add_health(engine: &dyn Engine, containers: &mut [ObservedContainer]) -> Result<(), EngineError> {
    let running: Vec<ContainerId> =
        containers.iter().filter(|c| c.state == ContainerState::Running).map(|c| c.id.clone()).collect();
    let details = observe::health(engine, &running).await?;
    for container in containers {
        let Some(health) = details.get(&container.id) else { continue };
        let word = match health {
            Health::Starting => "health: starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        };
        container.health = Some(*health);
        if !container.status.ends_with(')') {
            container.status = format!("{} ({word})", container.status);
        }
    }
    Ok(())
}

/// A project as `ls` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedProject {
    /// Its name.
    pub name: String,
    /// `exited(1), running(2)`.
    pub status: String,
    /// Its Compose files, joined with `,`; `N/A` when a container doesn't say.
    pub config_files: String,
}

/// Every project of the engine, by name.
pub async fn projects(session: &Session, all: bool) -> Result<Vec<ListedProject>, EngineError> {
    let wanted =
        ContainerQuery { labels: vec![labels::PROJECT.to_owned(), labels::CONFIG_HASH.to_owned()], all };
    let mut by_project: BTreeMap<String, Vec<ObservedContainer>> = BTreeMap::new();
    for container in session.engine.list_containers(wanted).await? {
        if let Some(project) = container.label(labels::PROJECT) {
            by_project.entry(project.to_owned()).or_default().push(container);
        }
    }
    Ok(by_project.into_iter().map(|(name, containers)| describe(name, &containers)).collect())
}

fn describe(name: String, containers: &[ObservedContainer]) -> ListedProject {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    let mut files: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unknown = false;
    for container in containers {
        *states.entry(container.state.as_str()).or_default() += 1;
        match container.label(labels::CONFIG_FILES) {
            Some(list) => files.extend(list.split(',').filter(|file| seen.insert(file.to_owned()))),
            None => unknown = true,
        }
    }
    let status: Vec<String> = states.iter().map(|(state, n)| format!("{state}({n})")).collect();
    let config_files = if unknown { "N/A".to_owned() } else { files.join(",") };
    ListedProject { name, status: status.join(", "), config_files }
}
