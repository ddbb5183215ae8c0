//! Laws of the file: the order of its maps means nothing, and no text is too much.

use proptest::prelude::*;
use rcompose::diag::SourceMap;
use rcompose::plan::to_json;
use rcompose::ui::diag::{Look, draw_in};
use serde_json::{Map, Value};

use super::case::{case, up};
use super::cases;
use super::sketch;
use crate::world::{self, Run, desired, load_text, with_paused_time};

/// The same tree with every map in another order.
fn shuffled(value: &Value, seed: &mut u64) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            for at in (1..entries.len()).rev() {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                entries.swap(at, (*seed >> 33) as usize % (at + 1));
            }
            let entries = entries.into_iter().map(|(key, value)| (key.clone(), shuffled(value, seed)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| shuffled(item, seed)).collect(),
        other => other.clone(),
    }
}

/// The same tree with something wrong in it: a value is replaced by another.
fn spoiled(value: &mut Value, at: &mut usize, by: &Value) {
    if *at == 0 {
        *value = by.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| spoiled(inner, at, by)),
        Value::Array(items) => items.iter_mut().for_each(|inner| spoiled(inner, at, by)),
        _ => {}
    }
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!({ "": null })),
        Just(serde_json::json!(-1)),
        Just(serde_json::json!(1e300)),
        Just(serde_json::json!(true)),
        Just(serde_json::json!("")),
        Just(serde_json::json!("${")),
        Just(serde_json::json!("${A:-${B:?x}}")),
        Just(serde_json::json!("service:a")),
        Just(serde_json::json!("service:")),
        Just(serde_json::json!(":::")),
        Just(serde_json::json!("1-65536:99999/xyz")),
        Just(serde_json::json!(["a", "a"])),
        "\\PC{0,12}".prop_map(Value::from),
    ]
}

fn messages(text: &str) -> Vec<String> {
    let findings = load_text(text, &[]).findings;
    let mut told: Vec<String> =
        findings.iter().map(|f| format!("{} {} {:?} {:?}", f.code, f.message, f.path, f.help)).collect();
    told.sort();
    told
}

proptest! {
    #![proptest_config(cases(120))]

    /// Maps have no order: the plan and the findings are the same.
    #[test]
    fn the_order_of_maps_means_nothing(case in case(), seed in any::<u64>()) {
        with_paused_time(async {
            let mut seed = seed;
            let tree = case.now.tree();
            let other = serde_yaml::to_string(&shuffled(&tree, &mut seed)).unwrap();
            let engine = case.engine().await;
            let mut plans = Vec::new();
            for text in [case.now.text(), other] {
                let plan = world::plan(&engine, &desired(&text).0, up(), &Run::default()).await.unwrap();
                // Places differ, of course.
                plans.push((format!("{:#}", to_json(&plan, &SourceMap::new(), &rcompose::plan::Exposure::default())), text));
            }
            assert!(plans[0].0 == plans[1].0, "{}\n{}", plans[1].1, line_by_line(&plans[0].0, &plans[1].0));
        });
    }

    #[test]
    fn the_order_of_maps_means_nothing_for_findings(
        project in sketch::project(), seed in any::<u64>(), at in 0usize..60, by in odd(),
    ) {
        let mut tree = project.tree();
        let (mut at, mut seed) = (at, seed);
        spoiled(&mut tree, &mut at, &by);
        let other = shuffled(&tree, &mut seed);
        let (one, other) = (serde_yaml::to_string(&tree).unwrap(), serde_yaml::to_string(&other).unwrap());
        assert_eq!(messages(&one), messages(&other), "{one}\n---\n{other}");
    }

    /// Whatever stands in a file, it is read or refused.
    #[test]
    fn no_text_is_too_much(
        project in sketch::project(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), "\\PC{0,4}|[\\n \\t:{}\\[\\]&*!|>'\"#%@-]{0,5}"), 1..5),
    ) {
        let mut text: Vec<char> = project.text().chars().collect();
        for (from, length, put) in cuts {
            let from = from.index(text.len() + 1);
            let length = length.index(6).min(text.len() - from);
            text.splice(from..from + length, put.chars());
        }
        let text: String = text.into_iter().collect();
        let loaded = load_text(&text, &[]);
        let drawn = draw_in(&loaded.findings, &loaded.sources, Look::default(), None);
        assert!(loaded.desired.is_some() || !drawn.is_empty(), "refused without a word: {text}");
    }
}

fn line_by_line(one: &str, other: &str) -> String {
    let pairs = one.lines().zip(other.lines()).filter(|(a, b)| a != b).take(12);
    pairs.map(|(a, b)| format!("{a}\n{b}\n")).collect()
}
