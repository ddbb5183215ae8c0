//! Mistakes in the user's files, as values: a code, a place, words, and how to mend it.
//!
//! In: spans and facts from every stage of loading. Out: a sorted list that `ui` draws.
//! Nothing here prints, and nothing about a file is ever an `Err`: findings stand beside the result.

mod account;
mod cause;
mod code;
mod diagnostic;
mod source;
pub mod suggest;

pub use account::Account;
pub use code::Code;
pub use diagnostic::{Diagnostic, Diagnostics, Edit, InFile, Label, Severity};
pub use source::{FileId, LineCol, Source, SourceMap, Span};
