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
        /// What it extends, where that is a service without anything in it: all else is taken over.
        extends: Option<Extends>,
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

record! {
    /// The service that another one extends.
    pub struct Extends {
        /// The file it is in.
        file: Option<String>,
        /// Its key.
        service: Option<String>,
    }
}

impl Service {
    /// How many containers are wanted: `scale`, else `deploy.replicas`, else one.
    pub fn replicas(&self) -> i64 {
        self.scale.or_else(|| self.deploy.as_ref()?.replicas).unwrap_or(1)
    }

    /// The image it runs.
    pub fn image_or_default(&self, project: &str, separator: char) -> String {
        self.container.image_or_default(project, separator, &self.name)
    }
}
