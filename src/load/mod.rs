//! From files to one merged, canonical tree: discovery, environment, interpolation, merge, normalisation.
//!
//! In: what the command line says, and a [`files::Files`] to read through. Out: a [`crate::yaml::Node`]
//! tree with findings beside it. Must not touch the file system or the process environment itself.

pub mod discover;
pub mod dotenv;
pub mod env;
pub mod files;
pub mod interpolate;
pub mod name;
pub mod remote;
