//! Two inspections of the same thing, made by one program and by the other.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Keys that differ from one container to the next whoever makes it: ids, times, paths with ids, and what
/// the engine hands out as it comes.
const BY_CHANCE: &[&str] = &[
    "Containers",
    "Created",
    "CreatedAt",
    "EndpointID",
    "ExecIDs",
    "Gateway",
    "GraphDriver",
    "HostnamePath",
    "HostPort",
    "HostsPath",
    "Id",
    "IPAddress",
    "IPPrefixLen",
    "LogPath",
    "Mountpoint",
    "NetworkID",
    "ResolvConfPath",
    "SandboxID",
    "SandboxKey",
    "State",
    "Status",
    "Storage",
    "Subnet",
];

/// Asserts that the inspections are equal but for what is by chance, and names every place that is not.
pub fn assert_equal(ours: &BTreeMap<String, Json>, theirs: &BTreeMap<String, Json>) {
    let names = |all: &BTreeMap<String, Json>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs));
    let (ours, theirs) = (Masked::new(ours), Masked::new(theirs));
    let mut differences = Vec::new();
    for (name, own) in &ours.0 {
        differ(name, own, &theirs.0[name], &mut differences);
    }
    assert!(differences.is_empty(), "ours | theirs\n{}", differences.join("\n"));
}

fn differ(path: &str, ours: &Json, theirs: &Json, into: &mut Vec<String>) {
    match (ours, theirs) {
        (Json::Object(own), Json::Object(their)) => {
            for key in own.keys().chain(their.keys().filter(|key| !own.contains_key(*key))) {
                let absent = Json::String("(absent)".to_owned());
                let (own, their) = (own.get(key).unwrap_or(&absent), their.get(key).unwrap_or(&absent));
                differ(&format!("{path} {key}"), own, their, into);
            }
        }
        _ if ours == theirs => {}
        _ => into.push(format!("{path}: {ours} | {theirs}")),
    }
}

/// Inspections with names in place of ids, and without what is by chance.
struct Masked(BTreeMap<String, Json>);

impl Masked {
    fn new(all: &BTreeMap<String, Json>) -> Masked {
        let mut ids: Vec<(String, String)> = Vec::new();
        for (name, inspected) in all {
            if let Some(id) = inspected["Id"].as_str() {
                ids.push((id.to_owned(), format!("<id of {name}>")));
                ids.push((id[..12].to_owned(), format!("<short id of {name}>")));
            }
        }
        Masked(all.iter().map(|(name, found)| (name.clone(), mask("", found, &ids))).collect())
    }
}

fn mask(key: &str, value: &Json, ids: &[(String, String)]) -> Json {
    match value {
        Json::Object(entries) => {
            let entries = entries.iter().filter(|(key, _)| !BY_CHANCE.contains(&key.as_str()));
            Json::Object(entries.map(|(key, value)| (text(key, ids), mask(key, value, ids))).collect())
        }
        Json::Array(items) => {
            // Lists that were mappings in the file come in any order from either program.
            let mut items: Vec<Json> = items.iter().map(|item| mask("", item, ids)).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        // The order is that of a mapping in the reference: random.
        Json::String(list) if key == "com.docker.compose.depends_on" => {
            let mut entries: Vec<&str> = list.split(',').collect();
            entries.sort_unstable();
            Json::String(entries.join(","))
        }
        // The engine makes it from the address; those a file asks for are kept.
        Json::String(mac) if key == "MacAddress" && !mac.starts_with("02:42:ac:11:00:9") => Json::Null,
        // The service's hash names the container whose volumes or network it shares.
        Json::String(found) => Json::String(text(found, ids)),
        other => other.clone(),
    }
}

/// Known ids become names; other words of 64 hex digits are those of anonymous volumes.
fn text(found: &str, ids: &[(String, String)]) -> String {
    let mut found = found.to_owned();
    for (id, name) in ids {
        found = found.replace(id, name);
    }
    let hex = |word: &str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let words: Vec<&str> =
        found.split('/').map(|word| if hex(word) { "<anonymous>" } else { word }).collect();
    words.join("/")
}
