//! The spanned YAML tree: every value knows the file and bytes that wrote it, to the very end.
//!
//! In: text. Out: [`Node`] trees, a list of `!reset`/`!override` paths, findings; and text again
//! ([`emit`]). Scalars resolve as the reference's YAML library resolves them, which is neither
//! YAML 1.1 nor 1.2. Only this module knows the parser crate.

mod anchors;
pub mod emit;
mod found;
mod indent;
mod node;
mod parse;
pub mod scalar;
mod syntax;
mod tabs;
mod tags;

pub use crate::base::path::{Path, PathError, PathRef, Pattern, Segment};
pub use found::Found;
pub use node::{Entry, Key, Kind, Mapping, Node};
pub use parse::{Borrowed, Document, Tagged, TaggedPath, parse, parse_with_aliases};
