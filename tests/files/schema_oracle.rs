//! Our walk over the schema and a general JSON Schema validator must agree on which trees are good.
//!
//! Trees are made from the schema itself, so that every corner of it is visited, and then broken in a
//! place or two. The same seeds every time: a failure names the seed and prints the tree. Then the files that
//! `the mutation test` breaks, whole and broken, or those below the folder that `RCOMPOSE_CORPUS` names.

use crate::mutation::breakages::{Mistake, breakages};
use crate::mutation::dice::Dice;
use crate::mutation::oracle::{self, Oracle};
use crate::mutation::projects;
use rcompose::diag::Diagnostics;
use rcompose::schema;
use rcompose::yaml::{Key, Kind, Mapping, Node};
use serde_json::{Map, Value, json};

fn node(value: &Value) -> Node {
    Node::new(match value {
        Value::Null => Kind::Null,
        Value::Bool(flag) => Kind::Bool(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(int), _, _) => Kind::Int(int),
            (_, Some(int), _) => Kind::UInt(int),
            (_, _, float) => Kind::Float(float.unwrap_or_default()),
        },
        Value::String(text) => Kind::String(text.clone()),
        Value::Array(items) => Kind::Sequence(items.iter().map(node).collect()),
        Value::Object(map) => {
            Kind::Mapping(map.iter().map(|(key, value)| (Key::new(key), node(value))).collect::<Mapping>())
        }
    })
}

fn findings(value: &Value) -> Diagnostics {
    let mut diags = Diagnostics::new();
    schema::validate(&node(value), &mut diags);
    diags
}

/// Both must say the same; gives what that is.
fn agree(oracle: &Oracle, value: &Value, what: &str) -> bool {
    let good = oracle.takes(value);
    let ours = findings(value);
    let reasons = oracle.reasons(value);
    assert_eq!(good, ours.is_empty(), "{what}\n{value:#}\noracle: {reasons:#?}\nours: {ours:#?}");
    good
}

const WORDS: &[&str] =
    &["web", "db", "x-a", "a b", "", "ä", "80:80", "always", "every_2d", "all", "0", "nproc", "\n"];

/// A value that mostly fits the schema.
fn make(root: &Value, schema: &Value, dice: &mut Dice, depth: usize) -> Value {
    let Some(schema) = schema.as_object() else { return json!({"any": [1, null]}) };
    if let Some(Value::String(target)) = schema.get("$ref") {
        let name = target.strip_prefix("#/$defs/").unwrap();
        return make(root, &root["$defs"][name], dice, depth);
    }
    if let Some(Value::Array(words)) = schema.get("enum") {
        return dice.pick(words).clone();
    }
    if let Some(Value::Array(branches)) = schema.get("oneOf") {
        return make(root, dice.pick(branches), dice, depth);
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => vec!["string", "object", "null", "array"],
    };
    match *dice.pick(&types) {
        "null" => Value::Null,
        "boolean" => json!(dice.one_in(2)),
        "integer" => {
            dice.pick(&[json!(0), json!(1), json!(-1), json!(100), json!(2.0), json!(u64::MAX)]).clone()
        }
        "number" => dice.pick(&[json!(0), json!(1.5), json!(-3), json!(8080)]).clone(),
        "string" => match schema.get("pattern").and_then(Value::as_str) {
            Some(pattern) if pattern.contains("always") => json!("always"),
            Some(_) => json!("name-1"),
            None => json!(dice.pick(WORDS)),
        },
        "array" => {
            let length = dice.below(4);
            let mut items: Vec<Value> = Vec::new();
            for _ in 0..length {
                let item = match schema.get("items") {
                    Some(items) => make(root, items, dice, depth + 1),
                    None => json!(1),
                };
                if !items.contains(&item) || dice.one_in(8) {
                    items.push(item);
                }
            }
            Value::Array(items)
        }
        _ => {
            let mut map = Map::new();
            let required: Vec<&str> = schema
                .get("required")
                .and_then(Value::as_array)
                .map(|all| all.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            if let Some(Value::Object(properties)) = schema.get("properties") {
                let odds = if depth == 0 { 2 } else { 3 + properties.len() / 12 };
                for (name, property) in properties {
                    if required.contains(&name.as_str()) || dice.one_in(odds) {
                        map.insert(name.clone(), make(root, property, dice, depth + 1));
                    }
                }
            }
            if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
                for (pattern, property) in patterns {
                    let names: &[&str] = match pattern.as_str() {
                        "^x-" => &["x-note"],
                        "^[a-z]+$" => &["nofile", "nproc", "Bad"],
                        _ => &["web", "db", "data.1", "with_under", "a b"],
                    };
                    for name in names {
                        if dice.one_in(if name.contains(' ') || *name == "Bad" { 40 } else { 3 }) {
                            map.insert((*name).to_owned(), make(root, property, dice, depth + 1));
                        }
                    }
                }
            }
            Value::Object(map)
        }
    }
}

/// Every place in a tree, counted.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(map) => map.values().map(places).sum(),
        _ => 0,
    }
}

/// Breaks the tree at the place with this number.
fn mutate(value: &mut Value, at: &mut usize, dice: &mut Dice) {
    if *at == 0 {
        *at = usize::MAX;
        match (dice.below(4), &mut *value) {
            (0, Value::Object(map)) => {
                map.insert((*dice.pick(&["imgae", "x-ok", "replicas", "type"])).to_owned(), json!("text"));
            }
            (1, Value::Object(map)) => {
                let keys: Vec<String> = map.keys().cloned().collect();
                if !keys.is_empty() {
                    map.remove(dice.pick(&keys));
                }
            }
            (0 | 1, Value::Array(items)) if !items.is_empty() => {
                let twin = dice.pick(items).clone();
                items.push(twin);
            }
            _ => {
                *value = dice
                    .pick(&[
                        json!(null),
                        json!(true),
                        json!(90),
                        json!(-2000),
                        json!(1.5),
                        json!("text"),
                        json!([]),
                        json!(["a", "a"]),
                        json!([1, 1.0]),
                        json!({}),
                        json!({"a": "b"}),
                        json!([{"a": 1}, {"a": 1.0}]),
                    ])
                    .clone();
            }
        }
        return;
    }
    *at -= 1;
    let children: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(map) => map.values_mut().collect(),
        _ => Vec::new(),
    };
    for child in children {
        mutate(child, at, dice);
        if *at == usize::MAX {
            return;
        }
    }
}

#[test]
fn trees_from_the_schema_and_their_broken_copies() {
    let oracle = Oracle::new();
    let (mut good, mut bad) = (0, 0);
    for seed in 0..1500 {
        let dice = &mut Dice(seed);
        let tree = make(&oracle.schema, &oracle.schema, dice, 0);
        let mut count = |value: &Value, what: &str| match agree(&oracle, value, what) {
            true => good += 1,
            false => bad += 1,
        };
        count(&tree, &format!("seed {seed}"));
        for round in 0..2 {
            let mut broken = tree.clone();
            mutate(&mut broken, &mut dice.below(places(&tree)), dice);
            count(&broken, &format!("seed {seed}, copy {round}"));
        }
    }
    assert!(good > 500 && bad > 500, "one-sided: {good} good, {bad} bad");
}

/// Every definition alone, so that rarely met corners are met too.
#[test]
fn each_service_key_with_each_kind_of_value() {
    let oracle = Oracle::new();
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(101),
        json!(1.5),
        json!(2.0),
        json!(""),
        json!("a"),
        json!("host"),
        json!([]),
        json!(["a"]),
        json!(["a", "a"]),
        json!([1]),
        json!([null]),
        json!([{}]),
        json!({}),
        json!({"a": null}),
        json!({"a": "b"}),
        json!({"a": {}}),
        json!({"": "b"}),
        json!({"x-a": {"b": []}}),
    ];
    let keys = |name: &str| -> Vec<String> {
        oracle.schema["$defs"][name]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    for key in keys("service") {
        for value in &values {
            agree(&oracle, &json!({"services": {"web": {key.clone(): value}}}), &key);
        }
    }
    for (section, definition) in [
        ("networks", "network"),
        ("volumes", "volume"),
        ("secrets", "secret"),
        ("configs", "config"),
        ("models", "model"),
        ("jobs", "job"),
    ] {
        for key in keys(definition) {
            for value in &values {
                agree(&oracle, &json!({section: {"one": {key.clone(): value}}}), &key);
            }
        }
        for value in &values {
            agree(&oracle, &json!({section: {"one": value}}), section);
            agree(&oracle, &json!({section: value}), section);
        }
    }
}

#[test]
fn every_finding_of_a_tree_is_told() {
    let tree = json!({
        "service": {},
        "services": {
            "web": {"imgae": "nginx", "ports": "80", "replicas": 2, "healthcheck": {"interval": 90}},
            "db": {"image": 5, "depends_on": {"web": {"condition": "healthy"}, "cache": {}}},
        },
    });
    let paths: Vec<Option<String>> =
        findings(&tree).into_iter().map(|finding| finding.path.map(|path| path.to_string())).collect();
    let expected = [
        "service",
        "services.web.imgae",
        "services.web.ports",
        "services.web.replicas",
        "services.web.healthcheck.interval",
        "services.db.image",
        "services.db.depends_on.web.condition",
        "services.db.depends_on.cache",
    ];
    assert_eq!(paths, expected.map(|path| Some(path.to_owned())));
}

#[test]
fn real_files_and_their_broken_copies() {
    let oracle = Oracle::new();
    let (mut good, mut bad) = (0, 0);
    let mut count = |text: &str, what: &str| {
        for root in oracle::documents(text).unwrap_or_default() {
            // What JSON has no word for is refused before the schema is asked.
            let Some(value) = oracle::json(&root) else { continue };
            let mut ours = Diagnostics::new();
            schema::validate(&root, &mut ours);
            let (takes, reasons) = (oracle.takes(&value), oracle.reasons(&value));
            assert_eq!(takes, ours.is_empty(), "{what}\n{text}\noracle: {reasons:#?}\nours: {ours:#?}");
            *(if takes { &mut good } else { &mut bad }) += 1;
        }
    };
    for (seed, project) in projects::corpus().unwrap_or_else(projects::own).iter().enumerate() {
        let Some(text) = project.text() else { continue };
        count(text, &project.name);
        let Some(root) = oracle::documents(text).and_then(|all| all.into_iter().next()) else { continue };
        let dice = &mut Dice(seed as u64);
        for mistake in [Mistake::Key, Mistake::Type, Mistake::Missing, Mistake::Quantity, Mistake::Word] {
            for broken in breakages(text, &root, mistake, 4, &oracle, true, dice) {
                count(&broken.text, &format!("{}: {}", project.name, broken.what));
            }
        }
    }
    assert!(good > 30 && bad > 100, "one-sided: {good} good, {bad} bad");
}
