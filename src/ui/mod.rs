//! What people and programs read: findings, tables, progress, logs, questions. The only layer that
//! prints, and the only one that knows how output looks.
//!
//! In: diagnostics, events, observed state, plans. Out: text on the streams it was given. Renderers are
//! state machines over events and a clock that is handed in, so that tests need no terminal.

pub mod age;
mod bytes;
pub mod clean;
pub mod diag;
pub mod failure;
pub mod format;
pub mod logs;
pub mod ls;
pub mod message;
pub mod mode;
pub mod plan;
pub mod ports;
pub mod progress;
pub mod prompt;
pub mod ps;
pub mod sarif;
pub mod screen;
pub mod table;
pub mod template;
pub mod terminal;
