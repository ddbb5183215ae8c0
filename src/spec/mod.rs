//! What should exist, in engine-neutral words.
//!
//! In: a typed project. Out: [`Desired`]: networks, volumes and services with the containers they
//! want. `lower` (one function of the project) makes it; nothing here asks an engine anything.

mod container;
pub mod labels;
mod lower;
mod network;
mod service;
mod written;

pub use container::{
    BlkioSpec, ContainerSpec, DeviceRequestSpec, DeviceSpec, EndpointSpec, ExposedPort, HealthSpec, LogSpec,
    MountKind, MountSpec, Namespace, NetworkAttachment, PortBinding, ResourceSpec, RestartSpec, ThrottleSpec,
    UlimitSpec, Upload,
};
pub use lower::{Context, lower};
pub use network::{IpamPool, IpamSpec, NetworkSpec, VolumeSpec};
pub use service::{Condition, Dependency, Desired, HookSpec, PullPolicy, ServiceSpec, config_hash};
pub use written::{Scalar, Written};
