//! Every key of a service does something: it changes what is to exist, or a finding says that it does not.
//!
//! `carried.yaml` has a sample of each key that the schema knows, in the service `all` or, for keys that
//! exclude one another, in further ones. Each key is taken away in turn.

use std::collections::BTreeSet;

use rcompose::spec::ServiceSpec;
use serde_json::{Map, Value};

use crate::world::load_text;

/// Keys that do their work before there is a container, or for other programs.
const ELSEWHERE: [(&str, &str); 3] = [
    ("extends", "loading puts the other service's keys in its place"),
    ("profiles", "they choose the services of a run"),
    ("pull_refresh_after", "Docker Compose knows it in the schema only"),
];

const SAMPLE: &str = include_str!("carried.yaml");

fn sample() -> Value {
    serde_yaml::from_str(SAMPLE).unwrap()
}

/// What a project comes to: its services without the places and the definition, and the findings.
fn outcome(project: &Value) -> (Vec<String>, Vec<String>) {
    let loaded = load_text(&project.to_string(), &[]);
    let findings: Vec<String> = loaded.findings.iter().map(|f| format!("{} {}", f.code, f.message)).collect();
    let Some(desired) = loaded.desired else { panic!("{findings:#?}") };
    let plain = |service: &ServiceSpec| {
        let mut text = format!("{:?}", service.container);
        text += &format!("{:?}{:?}{:?}", service.scale, service.container_name, service.pull_policy);
        for on in &service.depends_on {
            text += &format!("{}{:?}{}{}", on.service, on.condition, on.restart, on.required);
        }
        text + &format!("{:?}{:?}{}", service.post_start, service.pre_stop, service.attach)
    };
    (desired.services.values().map(plain).collect(), findings)
}

fn services(project: &mut Value) -> &mut Map<String, Value> {
    project["services"].as_object_mut().unwrap()
}

#[test]
fn every_key_of_a_service_is_carried_or_told() {
    let whole = outcome(&sample());
    let names: Vec<String> = services(&mut sample()).keys().cloned().collect();
    let mut idle = Vec::new();
    let mut seen: BTreeSet<String> = ELSEWHERE.iter().map(|(key, _)| (*key).to_owned()).collect();
    for name in names {
        let keys: Vec<String> = sample()["services"][&name].as_object().unwrap().keys().cloned().collect();
        for key in keys {
            let mut without = sample();
            let removed = services(&mut without)[&name].as_object_mut().unwrap().remove(&key);
            assert!(removed.is_some());
            if key == "image" {
                services(&mut without)[&name]["image"] = "other".into();
            }
            if outcome(&without) == whole {
                idle.push(format!("{name}.{key}"));
            }
            seen.insert(key);
        }
    }
    assert!(idle.is_empty(), "they do nothing, and nobody says so: {idle:?}");
    let schema: Value = serde_json::from_str(include_str!("../../schema/compose.json")).unwrap();
    let known = schema["$defs"]["service"]["properties"].as_object().unwrap();
    let missing: Vec<&String> = known.keys().filter(|key| !seen.contains(*key)).collect();
    assert!(missing.is_empty(), "no sample in carried.yaml: {missing:?}");
}
