//! The typed project: what the user means.
//!
//! In: the canonical, normalised tree of all files ([`decode()`]). Out: a [`Project`] to select from
//! ([`select`]), check ([`check`]), complete with variable files ([`resolve`]), print ([`print`]) and
//! hash ([`hash`]). Nothing here reads files, asks the environment or knows an engine.
//!
//! Each kind of object is described once, in print order, by the [`record`] macro in the file of its
//! family; decoding, printing and hashing all follow that description.

mod ai_model;
mod build;
pub mod check;
mod codec;
mod container;
mod decode;
mod deploy;
mod develop;
mod device;
#[cfg(test)]
mod fixture;
pub(crate) mod glob;
pub mod hash;
mod health;
mod hook;
mod job;
mod mount;
mod network;
mod origins;
mod port;
pub mod print;
mod project;
mod record;
pub mod resolve;
mod scalar;
mod secret;
pub mod select;
mod service;
mod volume;
mod workload;

pub use ai_model::{Model, ModelBinding};
pub use build::Build;
pub use container::{Container, CredentialSpec, EnvFile, Logging, PullPolicy};
pub use decode::decode;
pub use deploy::{
    Deploy, DiscreteResource, GenericResource, Placement, PlacementPreference, Resource, Resources,
    RestartPolicy, UpdateConfig,
};
pub use develop::{Develop, WatchAction, WatchRule};
pub use device::{BlkioConfig, BlkioRate, BlkioWeight, Device, DeviceRequest, Ulimit};
pub use health::Healthcheck;
pub use hook::{Hook, PreStartHook};
pub use job::{Job, Schedule, Triggers};
pub use mount::{BindOptions, ImageOptions, Mount, MountType, TmpfsOptions, VolumeOptions};
pub use network::{Ipam, IpamPool, Network, NetworkAttachment};
pub use origins::Origins;
pub use port::Port;
pub use project::Project;
pub use record::{Extensions, Form};
pub use scalar::{ByteSize, FileMode};
pub use secret::{Config, FileReference, Secret};
pub use service::{Provider, Service};
pub use volume::Volume;
pub use workload::{Dependency, DependsCondition, Workload};
