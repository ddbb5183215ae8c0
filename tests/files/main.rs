//! Everything about files: what they load to, what is reported about them, and where values come from.
//! No engine is asked. The folders beside this one hold the cases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

mod command_line;
mod diag;
mod explain;
mod fixtures;
mod hostile;
mod layers;
mod lint;
mod load;
mod mutation;
mod schema_oracle;
mod told;
