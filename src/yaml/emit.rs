//! Text of trees: YAML and JSON, byte for byte as the reference prints them.

mod json;
mod order;

pub use json::{to_json, to_json_compact};
pub use order::natural_cmp;

/// shim
pub fn to_yaml(node: &crate::yaml::Node) -> String { to_json(node, 2) + "\n" }
/// shim
pub fn scalar(text: &str) -> String { text.to_owned() }
