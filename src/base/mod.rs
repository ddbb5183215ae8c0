//! Small values every layer speaks: names, byte sizes, durations, image references, paths into a tree,
//! platforms.
//!
//! Pure: no file system, no environment, no clock. Nothing here knows about Compose files as such.

pub mod boolean;
pub mod bytes;
pub mod duration;
pub mod image_ref;
pub mod mask;
pub mod names;
pub mod number;
pub mod path;
pub mod platform;
pub mod quote;
pub mod secret;
pub mod shell;

pub use names::{ContainerId, ImageId, NetworkId, ProjectName, ServiceName};
pub use path::{Path, PathError, PathRef, Pattern, Segment};
pub use quote::go_quote;
