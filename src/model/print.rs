//! The printed form of a project, as `config` shows it.

use crate::yaml::{Key, Kind, Mapping, Node, emit};

use super::project::Project;
use super::record::{Form, Object, Plain, Record};
use super::scalar::text;

/// The project in YAML, as `config` prints it but with single `$`; see [`double_dollars`].
pub fn yaml(project: &Project) -> String {
    emit::to_yaml(&tree(project, Form::Yaml))
}

/// The project in JSON, as `config --format json` prints it but with single `$`; no line break at the end.
pub fn json(project: &Project) -> String {
    emit::to_json(&tree(project, Form::Json), 2)
}

/// Doubles every `$`, so that a printed project that is loaded again is not interpolated.
pub fn double_dollars(printed: &str) -> String {
    printed.replace('$', "$$")
}

/// The untyped tree in YAML or JSON, as `config --no-interpolate` prints it.
pub fn raw(tree: &Node, form: Form) -> String {
    let tree = sorted_tree(tree, form);
    match form {
        Form::Yaml => emit::to_yaml(&tree),
        Form::Json => emit::to_json(&tree, 2),
    }
}

/// The printed form as a tree.
pub fn tree(project: &Project, form: Form) -> Node {
    let mut top = Object::new(form);
    top.field::<_, Plain>("name", &project.name);
    let services = section(&project.services, form).unwrap_or_default();
    let jobs = section(&project.jobs, form).map(|map| if form == Form::Yaml { named(map) } else { map });
    let configs = section(&project.configs, form).map(|mut map| {
        // What came from a variable is not shown.
        for (key, config) in map.iter_mut() {
            let from_variable = project.configs.get(&key.text).is_some_and(|c| c.environment.is_some());
            if let Some(fields) = config.as_mapping_mut().filter(|_| from_variable) {
                fields.remove("content");
            }
        }
        map
    });
    let sections = [
        ("services", Some(services)),
        ("jobs", jobs),
        ("networks", section(&project.networks, form)),
        ("volumes", section(&project.volumes, form)),
        ("secrets", section(&project.secrets, form)),
        ("configs", configs),
        // The reference's JSON has no models.
        ("models", section(&project.models, form).filter(|_| form == Form::Yaml)),
    ];
    for (key, map) in sections {
        if let Some(map) = map {
            top.insert(key, Node::new(Kind::Mapping(map)));
        }
    }
    for entry in sorted(project.extensions.clone(), form) {
        top.insert(&entry.key.text, sorted_tree(&entry.value, form));
    }
    match (top.into_node().kind, form) {
        (Kind::Mapping(map), Form::Json) => Node::new(Kind::Mapping(sorted(map, form))),
        (kind, _) => Node::new(kind),
    }
}

fn section<K: AsRef<str>, T: Record>(objects: &indexmap::IndexMap<K, T>, form: Form) -> Option<Mapping> {
    let map: Mapping =
        objects.iter().map(|(key, object)| (Key::new(key.as_ref()), object.to_node(form))).collect();
    (!map.is_empty()).then(|| sorted(map, form))
}

/// Puts each object's key into the object, as the reference's YAML does with jobs.
fn named(objects: Mapping) -> Mapping {
    let with_name = |key: Key, object: Node| {
        let name = (Key::new("name"), text(key.text.as_str()));
        let fields = match object.kind {
            Kind::Mapping(fields) => fields,
            _ => Mapping::new(),
        };
        let fields = std::iter::once(name).chain(fields.into_iter().map(|entry| (entry.key, entry.value)));
        (key, Node::new(Kind::Mapping(fields.collect())))
    };
    objects.into_iter().map(|entry| with_name(entry.key, entry.value)).collect()
}

/// A free mapping in the order in which the form shows it.
pub(super) fn sorted(map: Mapping, form: Form) -> Mapping {
    let order = |a: &str, b: &str| match form {
        Form::Yaml => emit::natural_cmp(a, b),
        Form::Json => a.cmp(b),
    };
    if map.keys().is_sorted_by(|a, b| order(a, b).is_lt()) {
        return map;
    }
    let mut entries: Vec<_> = map.into_iter().collect();
    entries.sort_by(|a, b| order(&a.key.text, &b.key.text));
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

/// A tree with every mapping in the order in which the form shows free mappings: how extensions are
/// printed, and whole trees that were not bound to types.
pub fn sorted_tree(node: &Node, form: Form) -> Node {
    let kind = match &node.kind {
        Kind::Mapping(map) => {
            let map = map.iter().map(|entry| (entry.key.clone(), sorted_tree(&entry.value, form))).collect();
            Kind::Mapping(sorted(map, form))
        }
        Kind::Sequence(items) => Kind::Sequence(items.iter().map(|item| sorted_tree(item, form)).collect()),
        kind => kind.clone(),
    };
    Node { span: node.span, kind }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::fixture;

    fn compact(node: &Node) -> String {
        emit::to_json_compact(node)
    }

    #[test]
    fn yaml_and_json_differ_where_the_reference_does() {
        let (project, _) = fixture::project(json!({
            "name": "p",
            "services": { "s": {
                "x-s": 1, "tty": true, "image": "i", "profiles": ["q"], "deploy": {}, "scale": 0,
                "blkio_config": { "weight_device": [{ "path": "/a", "weight": 70000 }] },
                "ulimits": { "core": 0, "nproc": { "soft": 1, "hard": 2 } },
                "volumes": [{ "type": "bind", "source": "/a", "target": "/b",
                    "bind": { "create_host_path": true } }],
                "configs": [{ "source": "c", "mode": "0440" }] } },
            "jobs": { "j": { "image": "i", "triggers": { "manual": false } } },
            "networks": { "n": null },
            "secrets": { "k": { "environment": "K", "content": "hidden" } },
            "configs": { "c": { "environment": "C", "content": "shown elsewhere" } },
            "models": { "m": { "model": "x" } },
            "x-top": { "b": 1, "a": 2 },
        }));
        assert_eq!(
            compact(&tree(&project, Form::Yaml)),
            concat!(
                r#"{"name":"p","services":{"s":{"profiles":["q"],"deploy":{},"scale":0,"#,
                r#""blkio_config":{"weight_device":[{"path":"/a","weight":4464}]},"#,
                r#""configs":[{"source":"c","mode":"0440"}],"image":"i","#,
                r#""ulimits":{"core":{"soft":0,"hard":0},"nproc":{"soft":1,"hard":2}},"#,
                r#""volumes":[{"type":"bind","source":"/a","target":"/b","bind":{}}],"tty":true,"x-s":1}},"#,
                r#""jobs":{"j":{"name":"j","triggers":{"manual":false},"image":"i"}},"networks":{"n":{}},"#,
                r#""secrets":{"k":{"environment":"K"}},"configs":{"c":{"environment":"C"}},"#,
                r#""models":{"m":{"model":"x"}},"x-top":{"a":2,"b":1}}"#,
            )
        );
        assert_eq!(
            compact(&tree(&project, Form::Json)),
            concat!(
                r#"{"configs":{"c":{"environment":"C"}},"jobs":{"j":{"triggers":{"manual":false},"#,
                r#""command":null,"entrypoint":null,"image":"i"}},"name":"p","networks":{"n":{"ipam":{}}},"#,
                r#""secrets":{"k":{"environment":"K"}},"services":{"s":{"profiles":["q"],"#,
                r#""deploy":{"resources":{},"placement":{}},"scale":0,"#,
                r#""blkio_config":{"weight_device":[{"Path":"/a","Weight":4464}]},"command":null,"#,
                r#""configs":[{"source":"c","mode":"0440"}],"entrypoint":null,"image":"i","#,
                r#""ulimits":{"core":{},"nproc":{"soft":1,"hard":2}},"#,
                r#""volumes":[{"type":"bind","source":"/a","target":"/b","bind":{}}],"tty":true}},"#,
                r#""x-top":{"a":2,"b":1}}"#,
            )
        );
    }
}
