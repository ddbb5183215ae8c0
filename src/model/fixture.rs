//! Trees for tests, written as JSON.

use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::yaml::{Key, Kind, Node};

use super::{Project, decode};

/// The tree of a JSON value.
pub(super) fn tree(value: &serde_json::Value) -> Node {
    use serde_json::Value;
    Node::new(match value {
        Value::Null => Kind::Null,
        Value::Bool(flag) => Kind::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Kind::Int(whole),
            None => Kind::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Kind::String(text.clone()),
        Value::Array(items) => Kind::Sequence(items.iter().map(tree).collect()),
        Value::Object(map) => {
            Kind::Mapping(map.iter().map(|(k, v)| (Key::new(k.as_str()), tree(v))).collect())
        }
    })
}

/// The project of a canonical tree, with what decoding found.
pub(super) fn project(value: serde_json::Value) -> (Project, Diagnostics) {
    let mut diags = Diagnostics::new();
    let project = decode(&Arc::new(tree(&value)), &mut diags);
    (project, diags)
}

/// The messages of findings.
pub(super) fn messages(diags: &Diagnostics) -> Vec<String> {
    diags
        .iter()
        .map(|d| format!("{} {}: {}", d.code, d.path.clone().unwrap_or_default(), d.message))
        .collect()
}
