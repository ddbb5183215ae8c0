//! Why no plan can be made.

use crate::base::ServiceName;
use crate::diag::Span;

/// Everything that keeps a plan from being made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct PlanErrors(pub Vec<PlanError>);

impl From<PlanError> for PlanErrors {
    fn from(error: PlanError) -> PlanErrors {
        PlanErrors(vec![error])
    }
}

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// An external network is not there.
    #[error("network {name} declared as external, but could not be found")]
    ExternalNetworkMissing {
        /// Its name.
        name: String,
        /// Where it is declared.
        span: Span,
    },
    /// An external volume is not there.
    #[error("external volume \"{name}\" not found")]
    ExternalVolumeMissing {
        /// Its name.
        name: String,
        /// Where it is declared.
        span: Span,
    },
    /// A volume the user agreed to lose is mounted by a container that the plan leaves alone.
    #[error("cannot recreate volume {volume}: container {container} is using it: {way_out}")]
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
        "service \"{service}\" uses the container name \"{name}\" and is scaled to {scale}, but each container needs a name of its own"
    )]
    NamedAndScaled {
        /// The service.
        service: ServiceName,
        /// The name.
        name: String,
        /// The scale.
        scale: u32,
        /// Where the service is.
        span: Span,
    },
    /// A service is built, its image isn't there, and this version doesn't build.
    #[error("service \"{service}\" has a `build` section, and its image \"{image}\" was not found locally")]
    BuildNeeded {
        /// The service.
        service: ServiceName,
        /// Name the built image has.
        image: String,
        /// Where the service is.
        span: Span,
    },
    /// A service's image isn't there and may not be pulled.
    #[error(
        "image {image} not found locally, and service \"{service}\" has a pull_policy that forbids pulling"
    )]
    ImageMissing {
        /// The service.
        service: ServiceName,
        /// The image.
        image: String,
        /// Where the service is.
        span: Span,
    },
    /// Several replicas want the one port of the host.
    #[error("service \"{service}\" has {scale} replicas, but the host has one port {port}")]
    PortScaled {
        /// The service.
        service: ServiceName,
        /// The port of the host.
        port: u16,
        /// How many replicas.
        scale: u32,
        /// Where the port is published.
        span: Span,
    },
    /// A service shares namespaces or volumes of one that is to have no container.
    #[error("service \"{service}\" shares namespaces or volumes of service \"{of}\", which is scaled to 0")]
    SharedScaledToZero {
        /// The service.
        service: ServiceName,
        /// The one it shares with.
        of: ServiceName,
        /// Where the service is.
        span: Span,
    },
    /// A network can't make room for another while containers that stay are on it.
    #[error(
        "network {network} can't be replaced by {to} while containers that this run leaves alone are on it: {}",
        .containers.join(", ")
    )]
    NetworkHeld {
        /// Its name.
        network: String,
        /// The name of the one that is wanted.
        to: String,
        /// Those containers, sorted.
        containers: Vec<String>,
        /// Where the file declares it.
        span: Span,
    },
    /// A container shares the network of one that is gone, so that it can't be started.
    #[error("container {container} shares the network of a container of service {of} that is gone")]
    SharedContainerGone {
        /// The container.
        container: String,
        /// Its service.
        service: ServiceName,
        /// The service it shares with.
        of: ServiceName,
    },
    /// A service to start has no container.
    #[error("service \"{service}\" has no container to start: run `up` first")]
    NothingToStart {
        /// The service.
        service: ServiceName,
    },
    /// A service shares the namespace of one that has no container.
    #[error(
        "cannot share {what} with service {of}: container missing, so service {service} cannot be created"
    )]
    NothingToShare {
        /// The service.
        service: ServiceName,
        /// The service whose namespace is shared.
        of: ServiceName,
        /// What is shared, in the words of the reference.
        what: &'static str,
    },
}

impl PlanError {
    /// The place in the file, where there is one.
    pub fn span(&self) -> Span {
        match self {
            PlanError::ExternalNetworkMissing { span, .. }
            | PlanError::ExternalVolumeMissing { span, .. }
            | PlanError::NamedAndScaled { span, .. }
            | PlanError::BuildNeeded { span, .. }
            | PlanError::ImageMissing { span, .. }
            | PlanError::PortScaled { span, .. }
            | PlanError::SharedScaledToZero { span, .. }
            | PlanError::NetworkHeld { span, .. } => *span,
            PlanError::VolumeHeld { .. }
            | PlanError::SharedContainerGone { .. }
            | PlanError::NothingToStart { .. }
            | PlanError::NothingToShare { .. } => Span::NONE,
        }
    }

    /// The way out, where the message doesn't say it.
    pub fn help(&self) -> Option<String> {
        match self {
            PlanError::ExternalNetworkMissing { name, .. } => {
                Some(format!("create it (docker network create {name}), or leave out `external`"))
            }
            PlanError::ExternalVolumeMissing { name, .. } => {
                Some(format!("create it (docker volume create {name}), or leave out `external`"))
            }
            PlanError::NamedAndScaled { .. } => {
                Some("remove `container_name` to scale the service".to_owned())
            }
            PlanError::BuildNeeded { image, .. } => {
                Some(format!("build it first (docker build -t {image} …)"))
            }
            PlanError::ImageMissing { .. } => Some("pull or build the image first".to_owned()),
            PlanError::PortScaled { .. } => {
                Some("leave the host's port out, or give a range that has one for each".to_owned())
            }
            PlanError::SharedScaledToZero { service, of, .. } => {
                Some(format!("scale {of} to 1 or more, or {service} to 0 too"))
            }
            PlanError::NetworkHeld { .. } => Some(
                "run `up` without names of services, with --remove-orphans where they are orphans".to_owned(),
            ),
            PlanError::SharedContainerGone { service, .. } => {
                Some(format!("run `up {service}`: it replaces the container"))
            }
            PlanError::VolumeHeld { .. }
            | PlanError::NothingToStart { .. }
            | PlanError::NothingToShare { .. } => None,
        }
    }
}
