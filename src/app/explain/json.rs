//! Explanations for programs.

use serde_json::{Map, Value, json};

use super::{Explanation, Fact, Missing};
use crate::diag::{SourceMap, Span};
use crate::yaml::emit;

/// A place as `file`, `line` and `column`; nothing when no file wrote it.
fn place(span: Span, sources: &SourceMap) -> Option<Value> {
    let source = sources.get(span.file)?;
    let at = source.position(span.start);
    Some(json!({ "file": source.name, "line": at.line, "column": at.column }))
}

fn fact(fact: &Fact, sources: &SourceMap) -> Value {
    let mut object = Map::new();
    object.insert("kind".to_owned(), json!(fact.kind));
    object.insert("message".to_owned(), json!(fact.words));
    let line = || fact.line.as_ref().map(|(file, line)| json!({ "file": file, "line": line }));
    let fields = [
        ("variable", fact.variable.as_ref().map(|name| json!(name))),
        ("value", fact.value.as_ref().map(|value| json!(value))),
        ("place", line().or_else(|| place(fact.span, sources))),
    ];
    for (key, value) in fields {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    }
    Value::Object(object)
}

impl Explanation {
    /// One JSON object.
    pub fn json(&self, sources: &SourceMap) -> Result<String, serde_json::Error> {
        let value: Value = serde_json::from_str(&emit::to_json_compact(&self.value))?;
        let parts: Vec<Value> = self
            .parts
            .iter()
            .map(|part| json!({ "path": part.path.quoted(), "value": part.value, "origin": part.origin }))
            .collect();
        let mut object = json!({
            "path": self.path.quoted(),
            "value": value,
            "place": place(self.span, sources),
            "facts": self.facts.iter().map(|one| fact(one, sources)).collect::<Vec<_>>(),
        });
        if let Some(object) = object.as_object_mut().filter(|_| self.is_tree()) {
            object.insert("parts".to_owned(), Value::Array(parts));
        }
        serde_json::to_string_pretty(&object).map(|text| text + "\n")
    }
}

impl Missing {
    /// One JSON object.
    pub fn json(&self, sources: &SourceMap) -> Result<String, serde_json::Error> {
        let near: Vec<String> = self.near.iter().map(|path| path.quoted()).collect();
        let object = json!({
            "path": self.path.quoted(),
            "error": "nothing found there",
            "near": near,
            "reset": self.reset.and_then(|(tag, _)| place(tag, sources)),
        });
        serde_json::to_string_pretty(&object).map(|text| text + "\n")
    }
}
