//! The project as a whole.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::base::ServiceName;

use super::ai_model::Model;
use super::job::Job;
use super::network::Network;
use super::origins::Origins;
use super::record::Extensions;
use super::secret::{Config, Secret};
use super::service::Service;
use super::volume::Volume;

/// The typed project. Its collections keep the order of the files; what is printed is sorted.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The project's name; empty only where none is needed.
    pub name: String,
    /// The directory that relative paths start from.
    pub working_dir: PathBuf,
    /// The files it was read from, `-` for standard input.
    pub compose_files: Vec<PathBuf>,
    /// The variables that interpolation and resolution see.
    pub environment: IndexMap<String, String>,
    /// The profiles that are switched on.
    pub profiles: Vec<String>,
    /// Services that are on.
    pub services: IndexMap<ServiceName, Service>,
    /// Services that their profiles keep off.
    pub disabled_services: IndexMap<ServiceName, Service>,
    /// Jobs that are on.
    pub jobs: IndexMap<ServiceName, Job>,
    /// Jobs that their profiles keep off.
    pub disabled_jobs: IndexMap<ServiceName, Job>,
    /// Networks by key.
    pub networks: IndexMap<String, Network>,
    /// Volumes by key.
    pub volumes: IndexMap<String, Volume>,
    /// Secrets by key.
    pub secrets: IndexMap<String, Secret>,
    /// Configs by key.
    pub configs: IndexMap<String, Config>,
    /// AI models by key.
    pub models: IndexMap<String, Model>,
    /// The `x-` keys at the top.
    pub extensions: Extensions,
    /// Where everything was written.
    pub origins: Origins,
}
