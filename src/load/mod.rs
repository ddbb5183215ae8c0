//! From files to one merged, canonical tree: discovery, environment, interpolation, merge, normalisation.
//!
//! In: what the command line says, and a [`files::Files`] to read through. Out: a [`crate::yaml::Node`]
//! tree with findings beside it. Must not touch the file system or the process environment itself.

pub mod canonical;
pub mod defaults;
pub mod discover;
pub mod document;
pub mod dotenv;
pub mod env;
mod extends;
pub mod files;
pub mod implied;
mod include;
pub mod interpolate;
mod legacy;
pub mod merge;
pub mod name;
pub mod normalize;
pub mod paths;
pub mod pipeline;
pub mod provenance;
pub mod remote;
mod rule_table;
pub mod semantic;
