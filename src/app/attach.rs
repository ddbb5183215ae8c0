//! Listening to the project's containers: attached runs, and `logs`.
//!
//! [`run::run`] carries a plan out and follows its containers; what it does when is decided by the pure
//! [`phase::next`], and which services it is about by [`selection::Selection`].

pub mod phase;
pub mod run;
pub mod selection;

use std::collections::BTreeSet;

use super::Session;
use crate::base::{ProjectName, ServiceName};
use crate::engine::{ContainerQuery, EngineError};
use crate::logs::Attachments;
use crate::logs::{self, Request};
pub use crate::logs::{Collector, Options, Unreadable};
use crate::spec::{Desired, labels};
use crate::state::ObservedContainer;
use selection::Selection;

/// The project's containers as one list call shows them, one-offs left out.
async fn containers(session: &Session, project: &ProjectName) -> Result<Vec<ObservedContainer>, EngineError> {
    let query = ContainerQuery {
        labels: vec![
            format!("{}={project}", labels::PROJECT),
            labels::CONFIG_HASH.to_owned(),
            format!("{}=False", labels::ONE_OFF),
        ],
        all: true,
    };
    session.engine.list_containers(query).await
}

/// Listens to what runs, and to what will be started.
async fn attach(
    session: &Session,
    project: &ProjectName,
    selection: &Selection,
    timestamps: bool,
) -> Result<(Attachments, Collector), EngineError> {
    let containers = containers(session, project).await?;
    let request = Request {
        project: project.clone(),
        shown: Some(selection.shown.clone()),
        watched: Some(selection.watched.clone()),
        containers,
        options: Options { follow: true, timestamps, ..Options::default() },
    };
    logs::attach(&session.engine, request).await
}

/// Reads what was written. With an index, only the container with that number.
pub async fn read(
    session: &Session,
    project: &ProjectName,
    services: Option<BTreeSet<ServiceName>>,
    index: Option<u32>,
    options: Options,
) -> Result<Collector, EngineError> {
    let mut containers = containers(session, project).await?;
    if let Some(index) = index {
        let wanted = index.to_string();
        containers.retain(|container| container.label(labels::CONTAINER_NUMBER) == Some(wanted.as_str()));
    }
    let request =
        Request { project: project.clone(), shown: services.clone(), watched: services, containers, options };
    logs::read(&session.engine, request).await
}

/// Display names of the containers that a project wants of some services, by name.
fn wanted_names(desired: &Desired, services: &BTreeSet<ServiceName>) -> Vec<String> {
    let wanted = desired.services.values().filter(|service| services.contains(&service.name));
    let mut names: Vec<String> = wanted
        .filter(|service| !service.provider)
        .flat_map(|service| {
            (1..=service.scale).map(|number| match &service.container_name {
                Some(name) => name.clone(),
                None => format!("{}{}{number}", service.name, desired.separator),
            })
        })
        .collect();
    names.sort();
    names
}
