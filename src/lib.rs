//! rcompose reads Compose files and makes a container engine match them.
//!
//! The way of the data is one straight line, described in `docs/architecture.md`:
//! text becomes a spanned tree ([`yaml`]), the tree becomes a typed project ([`load`], [`model`]),
//! the project becomes desired objects ([`spec`]), these and what exists ([`state`], [`observe`])
//! become a plan ([`plan`]), and the plan is carried out ([`apply`]) over the engine port ([`engine`]).
//! Reading `app::load` and `app::converge` is enough to understand the whole program.

pub mod app;
pub mod apply;
pub mod base;
pub mod cli;
pub mod diag;
pub mod docker;
pub mod engine;
pub mod event;
pub mod graph;
pub mod lint;
pub mod load;
pub mod logs;
pub mod memory;
pub mod model;
pub mod observe;
pub mod plan;
pub mod schema;
pub mod spec;
pub mod state;
pub mod ui;
pub mod yaml;
