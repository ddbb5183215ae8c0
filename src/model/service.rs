//! Services.

use indexmap::IndexMap;

use crate::base::ServiceName;

use super::codec::Words;
use super::container::Container;
use super::deploy::Deploy;
use super::develop::Develop;
use super::hook::{Hook, PreStartHook};
use super::origins::Origins;
use super::record::record;
use super::workload::Workload;

record! {
    /// A service: containers that are kept running.
    pub struct Service {
        /// The profiles that switch it on; without any it is always on.
        profiles: Vec<String>,
        /// How many, and under which constraints.
        deploy: Option<Deploy>,
        /// What to watch while developing.
        develop: Option<Develop>,
        /// Restart policy as written: `no`, `always`, `on-failure[:n]`, `unless-stopped`.
        restart: Option<String>,
        /// How many containers; see [`Service::replicas`].
        scale: Option<i64>,
        /// Whether `up` shows its output.
        attach: Option<bool>,
        /// The name of its only container.
        container_name: Option<String>,
        /// The program that provides it instead of a container.
        provider: Option<Provider>,
        /// Containers outside of the project to link: `name[:alias]`.
        external_links: Vec<String>,
        /// Services to link: `name[:alias]`.
        links: Vec<String>,
        /// Containers to run to their end before the first one starts.
        pre_start: Vec<PreStartHook>,
        /// Commands to run inside after the start.
        post_start: Vec<Hook>,
        /// Commands to run inside before the stop.
        pre_stop: Vec<Hook>,
    }
    flatten {
        /// The container.
        container: Container,
        /// Build, dependencies, ports, health.
        workload: Workload,
    }
    beside {
        /// The key in the file.
        name: ServiceName,
        /// Where its fields were written.
        origins: Origins,
    }
}

record! {
    /// A program that provides a service.
    pub struct Provider {
        /// The program's name.
        kind as "type": Option<String>,
        /// What it is told.
        options: IndexMap<String, Vec<String>> = Words,
    }
}

impl Service {
    /// How many containers are wanted: `scale`, else `deploy.replicas`, else one.
    pub fn replicas(&self) -> i64 {
        self.scale.or_else(|| self.deploy.as_ref()?.replicas).unwrap_or(1)
    }

    /// The image it runs: its own, or the one that a build names `<project><separator><service>`.
    pub fn image_or_default(&self, project: &str, separator: &str) -> String {
        match &self.container.image {
            Some(image) => image.clone(),
            None => format!("{project}{separator}{}", self.name),
        }
    }
}
