//! Small values every layer speaks: names, byte sizes, durations, image references, platforms.
//!
//! Pure: no file system, no environment, no clock. Nothing here knows about Compose files as such.

pub mod names;

pub use names::{ContainerId, ImageId, NetworkId, ProjectName, ServiceName};
