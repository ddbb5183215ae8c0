//! Why no plan can be made.

use crate::base::ServiceName;

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// An external network is not there.
    #[error(
        "network {name} declared as external, but could not be found: create it (docker network create {name}), or leave out `external`"
    )]
    ExternalNetworkMissing {
        /// Its name.
        name: String,
    },
    /// An external volume is not there.
    #[error(
        "external volume \"{name}\" not found: create it (docker volume create {name}), or leave out `external`"
    )]
    ExternalVolumeMissing {
        /// Its name.
        name: String,
    },
    /// A volume the user agreed to lose is mounted by a container that the plan leaves alone.
    #[error("volume {volume} can't be made anew while container {container} mounts it: {way_out}")]
    VolumeHeld {
        /// The volume.
        volume: String,
        /// The container.
        container: String,
        /// What to do about it.
        way_out: String,
    },
    /// `container_name` with more than one container.
    #[error(
        "service \"{service}\" uses the container name \"{name}\" and is scaled to {scale}: the engine needs a name of its own for each container; remove container_name to scale the service"
    )]
    NamedAndScaled {
        /// The service.
        service: ServiceName,
        /// The name.
        name: String,
        /// The scale.
        scale: u32,
    },
    /// A service is built, its image isn't there, and this version doesn't build.
    #[error(
        "service \"{service}\" is built from source, and its image \"{image}\" isn't there: build it first (docker build -t {image} …)"
    )]
    BuildNeeded {
        /// The service.
        service: ServiceName,
        /// Name the built image has.
        image: String,
    },
    /// A service to start has no container.
    #[error("service \"{service}\" has no container to start: `up` makes one")]
    NothingToStart {
        /// The service.
        service: ServiceName,
    },
    /// A service shares the namespace of one that has no container.
    #[error("cannot share the {what} of service {of} with service {service}: it has no container")]
    NothingToShare {
        /// The service.
        service: ServiceName,
        /// The service whose namespace is shared.
        of: ServiceName,
        /// Which namespace.
        what: &'static str,
    },
}
