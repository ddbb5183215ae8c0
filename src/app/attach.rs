//! Listening to the project's containers: attached `up`, and `logs`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Session;
use super::converge::{self, Consent, ConvergeError, Converged, Way};
use crate::base::{ProjectName, ServiceName};
use crate::engine::{ContainerQuery, EngineError};
use crate::logs::{self, Request};
pub use crate::logs::{Attachments, Collector, Options, Unreadable, display_name};
use crate::plan::{Intent, Stop};
use crate::spec::{Desired, labels};
use crate::state::ObservedContainer;

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

/// Listens to what runs, and to what will be started; `None` means all services.
pub async fn attach(
    session: &Session,
    project: &ProjectName,
    services: Option<BTreeSet<ServiceName>>,
    timestamps: bool,
) -> Result<(Attachments, Collector), EngineError> {
    let containers = containers(session, project).await?;
    let options = Options { follow: true, timestamps, ..Options::default() };
    let request = Request { project: project.clone(), services, containers, options };
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
    logs::read(&session.engine, Request { project: project.clone(), services, containers, options }).await
}

/// Display names of the containers that a project wants of some services, by name.
pub fn wanted_names(desired: &Desired, services: Option<&BTreeSet<ServiceName>>) -> Vec<String> {
    let wanted = desired.services.values().filter(|s| services.is_none_or(|set| set.contains(&s.name)));
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

/// Nobody is asked while a project is stopped: nothing is lost by it.
struct Never;

impl Consent for Never {
    fn recreate_volume(&self, _: &str) -> bool {
        false
    }
}

/// Stops every service of a project.
pub async fn stop(
    session: &Session,
    desired: Desired,
    timeout: Option<Duration>,
) -> Result<Converged, ConvergeError> {
    let way = Way { before_start: &(), consent: &Never, wait_timeout: None, quiet_pull: false };
    converge::converge(session, desired, Intent::Stop(Stop { targets: Vec::new(), timeout }), &way).await
}
