//! The places of a file at which something can be broken, each with what the schema says about it.

use std::collections::HashSet;

use rcompose::yaml::{Key, Kind, Node};
use serde_json::{Map, Value};

/// One value of a file, with its key when it has one.
#[derive(Clone)]
pub struct Spot<'a> {
    /// Keys and positions (`[0]`) from the top.
    pub path: Vec<String>,
    /// Its key; none for the items of lists.
    pub key: Option<&'a Key>,
    /// The value.
    pub value: &'a Node,
    /// The schema's rule for it, as far as there is one: the branch for its type.
    pub rule: Option<&'a Map<String, Value>>,
    /// The keys that may stand beside its own, when no others may.
    pub closed: Option<&'a Map<String, Value>>,
    /// Whether the mapping it stands in must have its key.
    pub required: bool,
    /// The spot of the mapping or list that it stands in.
    pub parent: Option<usize>,
}

impl Spot<'_> {
    /// Whether the path looks like this; `*` stands for any one step.
    pub fn is(&self, pattern: &[&str]) -> bool {
        self.path.len() == pattern.len()
            && self.path.iter().zip(pattern).all(|(step, wanted)| *wanted == "*" || step == wanted)
    }

    /// `services.web.ports.[0]`
    pub fn shown(&self) -> String {
        self.path.join(".")
    }
}

/// Every spot of a tree, parents first; what several aliases stand for is there once.
pub fn spots<'a>(schema: &'a Value, root: &'a Node) -> Vec<Spot<'a>> {
    let mut all = vec![Spot {
        path: Vec::new(),
        key: None,
        value: root,
        rule: resolve(schema, schema, root),
        closed: None,
        required: false,
        parent: None,
    }];
    let (mut keys, mut items_seen) = (HashSet::new(), HashSet::new());
    // What stands under `x-` is looked at last: where an alias brings it to its place, it has a rule.
    let mut extensions = Vec::new();
    let mut at = 0;
    loop {
        if at == all.len() {
            match extensions.pop() {
                Some(spot) => all.push(spot),
                None => return all,
            }
        }
        let spot = all[at].clone();
        match &spot.value.kind {
            Kind::Mapping(map) => {
                for entry in map {
                    let key = entry.key.text.as_str();
                    if !keys.insert(entry.key.span) {
                        continue;
                    }
                    if at == 0 && key.starts_with("x-") {
                        extensions.push(Spot {
                            path: vec![key.to_owned()],
                            key: Some(&entry.key),
                            value: &entry.value,
                            rule: None,
                            closed: None,
                            required: false,
                            parent: Some(0),
                        });
                        continue;
                    }
                    let properties = spot.rule.and_then(|rule| rule.get("properties")?.as_object());
                    let own = properties.and_then(|properties| properties.get(key));
                    let closed =
                        spot.rule.is_some_and(|r| r.get("additionalProperties") == Some(&Value::Bool(false)));
                    let required = spot.rule.and_then(|rule| rule.get("required")?.as_array());
                    let rule = own.or_else(|| spot.rule.and_then(|rule| named(rule, key)));
                    all.push(Spot {
                        path: step(&spot, key.to_owned()),
                        key: Some(&entry.key),
                        value: &entry.value,
                        rule: rule.and_then(|rule| resolve(schema, rule, &entry.value)),
                        closed: own.and(properties).filter(|_| closed),
                        required: required.is_some_and(|keys| keys.iter().any(|known| known == key)),
                        parent: Some(at),
                    });
                }
            }
            Kind::Sequence(items) => {
                let rule = spot.rule.and_then(|rule| rule.get("items"));
                for (n, item) in items.iter().enumerate() {
                    if !items_seen.insert(item.span) {
                        continue;
                    }
                    all.push(Spot {
                        path: step(&spot, format!("[{n}]")),
                        key: None,
                        value: item,
                        rule: rule.and_then(|rule| resolve(schema, rule, item)),
                        closed: None,
                        required: false,
                        parent: Some(at),
                    });
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn step(spot: &Spot<'_>, step: String) -> Vec<String> {
    spot.path.iter().cloned().chain([step]).collect()
}

/// The rule for a name that users choose.
fn named<'a>(rule: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    if key.starts_with("x-") {
        return None;
    }
    let patterns = rule.get("patternProperties").and_then(Value::as_object);
    let pattern = patterns.and_then(|all| all.iter().find(|(pattern, _)| *pattern != "^x-"));
    pattern.map(|(_, rule)| rule).or_else(|| rule.get("additionalProperties"))
}

/// The rule itself, behind references and choices.
fn resolve<'a>(schema: &'a Value, rule: &'a Value, node: &Node) -> Option<&'a Map<String, Value>> {
    let map = rule.as_object()?;
    if let Some(Value::String(target)) = map.get("$ref") {
        return resolve(schema, schema.pointer(target.strip_prefix('#')?)?, node);
    }
    if let Some(Value::Array(branches)) = map.get("oneOf") {
        return branches.iter().find_map(|branch| resolve(schema, branch, node));
    }
    let name = match node.kind {
        Kind::Null => "null",
        Kind::Bool(_) => "boolean",
        Kind::Int(_) | Kind::UInt(_) => "integer",
        Kind::Float(_) => "number",
        Kind::String(_) | Kind::Timestamp(_) => "string",
        Kind::Sequence(_) => "array",
        Kind::Mapping(_) => "object",
        Kind::Invalid => return None,
    };
    let fits = |kind: &Value| kind == name || (kind == "number" && name == "integer");
    let good = match map.get("type") {
        Some(Value::Array(types)) => types.iter().any(fits),
        Some(one) => fits(one),
        None => true,
    };
    good.then_some(map)
}
