//! The printed form of a project, as `config` shows it.

use crate::yaml::{Key, Kind, Mapping, Node};

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

/// The printed form as a tree.
pub fn tree(project: &Project, form: Form) -> Node {
    let mut top = Object::new(form);
    top.field::<_, Plain>("name", &project.name);
    let mut services = section(&project.services, form);
    let mut jobs = section(&project.jobs, form);
    if form == Form::Yaml {
        if let Some(map) = jobs.as_mut() {
            // The reference shows a job's name inside the job too, but only in YAML.
            for (key, job) in map.iter_mut() {
                let fields = std::mem::replace(job, Node::null());
                let named = [(Key::new("name"), text(key.text.as_str()))].into_iter();
                if let Kind::Mapping(fields) = fields.kind {
                    let all = named.chain(fields.into_iter().map(|entry| (entry.key, entry.value)));
                    *job = Node::new(Kind::Mapping(all.collect()));
                }
            }
        }
    }
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
        ("services", Some(services.take().unwrap_or_default())),
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
    for entry in &project.extensions {
        top.insert(&entry.key.text, sorted_deep(entry.value.clone(), form));
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

/// A free mapping in the order in which the form shows it.
pub(super) fn sorted(map: Mapping, form: Form) -> Mapping {
    let mut entries: Vec<_> = map.into_iter().collect();
    match form {
        Form::Yaml => entries.sort_by(|a, b| emit::natural_cmp(&a.key.text, &b.key.text)),
        Form::Json => entries.sort_by(|a, b| a.key.text.cmp(&b.key.text)),
    }
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

/// A tree of free mappings in the order in which the form shows it.
pub(super) fn sorted_deep(node: Node, form: Form) -> Node {
    let kind = match node.kind {
        Kind::Mapping(map) => {
            let map = map.into_iter().map(|entry| (entry.key, sorted_deep(entry.value, form))).collect();
            Kind::Mapping(sorted(map, form))
        }
        Kind::Sequence(items) => {
            Kind::Sequence(items.into_iter().map(|item| sorted_deep(item, form)).collect())
        }
        kind => kind,
    };
    Node { span: node.span, kind }
}

// TEMP until the emitter is here
mod emit {
    use crate::yaml::Node;
    pub fn to_yaml(_: &Node) -> String {
        String::new()
    }
    pub fn to_json(_: &Node, _: usize) -> String {
        String::new()
    }
    pub fn natural_cmp(a: &str, b: &str) -> std::cmp::Ordering {
        a.cmp(b)
    }
}
