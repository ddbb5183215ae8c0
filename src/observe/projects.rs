//! Which projects an engine holds.

use std::collections::BTreeMap;

use crate::base::ProjectName;
use crate::engine::{ContainerQuery, Engine, EngineError};
use crate::spec::labels;

/// A project some container belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundProject {
    /// Its name.
    pub name: ProjectName,
    /// How many containers are in each state, by the engine's word.
    pub states: BTreeMap<&'static str, usize>,
    /// Its Compose files, in the order they were met.
    pub config_files: Vec<String>,
    /// Containers that don't say which files they came from.
    pub without_files: Vec<String>,
}

/// The projects of an engine, by name: those with running containers, or all.
pub async fn projects(engine: &dyn Engine, all: bool) -> Result<Vec<FoundProject>, EngineError> {
    let labels = vec![labels::PROJECT.to_owned(), labels::CONFIG_HASH.to_owned()];
    let mut containers = engine.list_containers(ContainerQuery { labels, all }).await?;
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    let mut found: BTreeMap<String, FoundProject> = BTreeMap::new();
    for container in &containers {
        let Some(name) = container.label(labels::PROJECT) else { continue };
        let project = found.entry(name.to_owned()).or_insert_with(|| FoundProject {
            name: ProjectName::from(name),
            states: BTreeMap::new(),
            config_files: Vec::new(),
            without_files: Vec::new(),
        });
        *project.states.entry(container.state.as_str()).or_default() += 1;
        match container.label(labels::CONFIG_FILES) {
            Some(files) => {
                for file in files.split(',').filter(|file| !file.is_empty()) {
                    if !project.config_files.iter().any(|known| known == file) {
                        project.config_files.push(file.to_owned());
                    }
                }
            }
            None => project.without_files.push(container.name.clone()),
        }
    }
    Ok(found.into_values().collect())
}
