//! What programs that are not ours say about a text: whether it must be refused.

use rcompose::diag::{Diagnostics, SourceMap};
use rcompose::load::env::Environment;
use rcompose::load::interpolate;
use rcompose::schema;
use rcompose::yaml::{self, Kind, Node, PathRef};
use serde_json::Value;

/// A general JSON Schema validator with our schema.
pub struct Oracle {
    /// The schema, to look things up in.
    pub schema: Value,
    validator: jsonschema::Validator,
}

impl Oracle {
    /// Reads the schema.
    pub fn new() -> Oracle {
        let schema: Value = serde_json::from_str(schema::SOURCE).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        Oracle { schema, validator }
    }

    /// Whether the validator takes a tree.
    pub fn takes(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// What the validator says against a tree.
    pub fn reasons(&self, value: &Value) -> Vec<String> {
        self.validator.iter_errors(value).map(|error| error.to_string()).collect()
    }

    /// Whether a text's shape is one that must be refused.
    pub fn refuses(&self, text: &str) -> bool {
        trees(text).is_none_or(|trees| trees.iter().any(|tree| !self.takes(tree)))
    }
}

/// The documents of a text, its variables replaced; `None` when it is no YAML.
pub fn documents(text: &str) -> Option<Vec<Node>> {
    let mut sources = SourceMap::new();
    let file = sources.add("compose.yaml", text);
    let mut findings = Diagnostics::new();
    let mut roots: Vec<Node> =
        yaml::parse(text, file, &mut findings).into_iter().map(|document| document.root).collect();
    for root in &mut roots {
        let environment = Environment::new();
        interpolate::tree_with(root, &PathRef::Root, &environment, &sources, &mut findings, None);
    }
    (!findings.has_errors()).then_some(roots)
}

/// The documents of a text as JSON; `None` when it is no YAML or has values that JSON has no word for.
pub fn trees(text: &str) -> Option<Vec<Value>> {
    documents(text)?.iter().map(json).collect()
}

/// A tree as JSON.
pub fn json(node: &Node) -> Option<Value> {
    Some(match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::from(*value),
        Kind::Int(value) => Value::from(*value),
        Kind::UInt(value) => Value::from(*value),
        Kind::Float(value) => Value::Number(serde_json::Number::from_f64(*value)?),
        Kind::Timestamp(text) | Kind::String(text) => Value::from(text.as_str()),
        Kind::Sequence(items) => Value::Array(items.iter().map(json).collect::<Option<_>>()?),
        Kind::Mapping(map) => Value::Object(
            map.iter()
                .map(|entry| Some((entry.key.text.clone(), json(&entry.value)?)))
                .collect::<Option<_>>()?,
        ),
        Kind::Invalid => return None,
    })
}
