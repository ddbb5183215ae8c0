//! `config`: the project in its full form, or one of its lists.

use std::collections::{BTreeMap, BTreeSet};

use super::load::Loaded;
use super::request;
use crate::base::ServiceName;
use crate::diag::{Diagnostic, Span};
use crate::load::interpolate::{self, VariableUse};
use crate::model::{self, Project, select};
use crate::yaml::{Key, Kind, Mapping, Node, emit};

/// What is to be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The whole project.
    Project,
    /// Names of services, dependencies first.
    Services,
    /// Names of volumes.
    Volumes,
    /// Names of networks.
    Networks,
    /// Model references.
    Models,
    /// Hashes of these services, comma-separated, or of all with `*`.
    Hash(String),
    /// Names of all profiles.
    Profiles,
    /// Image references; the flag is `--compatibility`.
    Images(bool),
    /// Variables of the files.
    Variables,
    /// Variables interpolation sees.
    Environment,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// YAML.
    #[default]
    Yaml,
    /// JSON.
    Json,
    /// A table, where there is one.
    Table,
}

/// Why nothing can be printed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `--hash` names a service that isn't there, or that its profiles keep off.
    #[error("{}", .0.message)]
    NoSuchService(Box<Diagnostic>),
}

/// The text that `config` prints. `raw` prints the tree with its variables as they are written.
pub fn render(loaded: &Loaded, what: &What, form: Form, raw: bool) -> Result<String, ConfigError> {
    if let What::Variables = what {
        let uses = loaded.tree.as_deref().map(interpolate::variables).unwrap_or_default();
        return Ok(variables(&uses, form));
    }
    if let (true, Some(tree)) = (raw, loaded.tree.as_deref()) {
        return Ok(raw_tree(tree, what, form));
    }
    let Some(project) = &loaded.project else { return Ok(String::new()) };
    Ok(match what {
        What::Project => model::print::double_dollars(&match form {
            Form::Json => model::print::json(project),
            _ => model::print::yaml(project),
        }),
        What::Services => lines(services_in_order(project)),
        What::Volumes => lines(sorted(project.volumes.keys())),
        What::Networks => lines(sorted(project.networks.keys())),
        What::Models => lines(sorted(project.models.values().filter_map(|model| model.model.as_ref()))),
        What::Hash(names) => hashes(project, names)?,
        What::Profiles => lines(profiles(project)),
        What::Images(compatibility) => lines(images(project, *compatibility)),
        What::Environment => {
            let mut all: Vec<String> =
                project.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
            all.sort();
            lines(all)
        }
        What::Variables => String::new(),
    })
}

/// The untyped tree, keys in natural order (YAML) or bytewise (JSON), or the names of all its services.
fn raw_tree(tree: &Node, what: &What, form: Form) -> String {
    if *what == What::Services {
        let services = tree.get("services").and_then(Node::as_mapping);
        let names: Vec<String> = services.iter().flat_map(|map| map.keys()).map(str::to_owned).collect();
        return lines(sorted(names.iter()));
    }
    let form = if form == Form::Json { model::Form::Json } else { model::Form::Yaml };
    model::print::raw(tree, form)
}

fn services_in_order(project: &Project) -> Vec<String> {
    let graph = crate::graph::Graph::new(
        project
            .services
            .values()
            .map(|service| (service.name.as_str(), service.workload.depends_on.keys().map(String::as_str))),
    );
    graph.order().into_iter().map(String::from).collect()
}

fn hashes(project: &Project, names: &str) -> Result<String, ConfigError> {
    let mut wanted: Vec<&ServiceName> = Vec::new();
    if names == "*" {
        wanted.extend(project.services.keys());
    } else {
        for name in names.split(',') {
            match project.services.get_key_value(name) {
                Some((name, _)) => wanted.push(name),
                None => {
                    let (off, jobs) = (project.disabled_services.keys(), project.jobs.keys());
                    let jobs = jobs.chain(project.disabled_jobs.keys());
                    let finding = select::no_such_service(name, project.services.keys(), off, jobs);
                    return Err(ConfigError::NoSuchService(Box::new(finding)));
                }
            }
        }
    }
    wanted.sort();
    Ok(lines(
        wanted.into_iter().map(|name| format!("{name} {}", model::hash::service(&project.services[name]))),
    ))
}

/// The names of all profiles of services, sorted.
pub fn profiles(project: &Project) -> Vec<String> {
    let services =
        project.services.values().chain(project.disabled_services.values()).flat_map(|s| &s.profiles);
    services.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

fn images(project: &Project, compatibility: bool) -> Vec<String> {
    let separator = request::separator(project, compatibility);
    let mut images = Vec::new();
    for service in project.services.values() {
        let image = service.image_or_default(&project.name, separator);
        let hooks = service.pre_start.iter().filter_map(|hook| hook.container.image.as_ref());
        images.extend(hooks.filter(|hook| **hook != image).cloned());
        images.push(image);
    }
    images.extend(
        project.jobs.values().map(|job| job.container.image_or_default(&project.name, separator, &job.name)),
    );
    sorted(images.iter())
}

/// Variables by name, all uses of a name in one row: the first default and alternate there is, and whether
/// any use demands a value.
fn variables(uses: &[VariableUse], form: Form) -> String {
    let mut by_name: BTreeMap<&str, VariableUse> = BTreeMap::new();
    for one in uses {
        let row = by_name.entry(one.name.as_str()).or_insert_with(|| one.clone());
        row.required |= one.required;
        for (shown, word) in [(&mut row.default, &one.default), (&mut row.alternate, &one.alternate)] {
            if shown.is_empty() {
                shown.clone_from(word);
            }
        }
    }
    match form {
        Form::Table => {
            let mut rows = vec![["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"]];
            for (name, one) in &by_name {
                let required = if one.required { "true" } else { "false" };
                rows.push([name, required, &one.default, &one.alternate]);
            }
            table(&rows)
        }
        Form::Json => {
            let all: serde_json::Map<String, serde_json::Value> = by_name
                .into_iter()
                .map(|(name, one)| {
                    let value = serde_json::json!({
                        "Name": name,
                        "DefaultValue": one.default,
                        "PresenceValue": one.alternate,
                        "Required": one.required,
                    });
                    (name.to_owned(), value)
                })
                .collect();
            // The reference ends this list with an empty line.
            indented_json(&serde_json::Value::Object(all)) + "\n\n"
        }
        Form::Yaml => {
            let text = |value: &str| Node::string(value, Span::NONE);
            let all: Mapping = by_name
                .into_iter()
                .map(|(name, one)| {
                    let fields: Mapping = [
                        (Key::new("name"), text(name)),
                        (Key::new("defaultvalue"), text(&one.default)),
                        (Key::new("presencevalue"), text(&one.alternate)),
                        (Key::new("required"), Node::new(Kind::Bool(one.required))),
                    ]
                    .into_iter()
                    .collect();
                    (Key::new(name), Node::new(Kind::Mapping(fields)))
                })
                .collect();
            // The reference indents this one list by four.
            let printed = emit::to_yaml(&Node::new(Kind::Mapping(all)));
            let deeper = |line: &str| line.strip_prefix("  ").map(|rest| format!("    {rest}"));
            lines(printed.lines().map(|line| deeper(line).unwrap_or_else(|| line.to_owned())))
        }
    }
}

/// Columns at least 20 wide, three blanks between, as the reference's writer has them.
fn table(rows: &[[&str; 4]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count() + 3).max().unwrap_or(0).max(20);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let line = |row: &[&str; 4]| {
        let cells = row.iter().zip(&widths).take(3).map(|(cell, width)| format!("{cell:<width$}"));
        cells.chain([row[3].to_owned()]).collect::<String>()
    };
    lines(rows.iter().map(line))
}

fn indented_json(value: &serde_json::Value) -> String {
    use serde::Serialize;
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Writing a value into memory has nothing that can fail.
    let written = value.serialize(&mut serializer).is_ok();
    debug_assert!(written);
    String::from_utf8(bytes).unwrap_or_default()
}

fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names: Vec<String> = names.cloned().collect();
    names.sort();
    names
}

fn lines(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().map(|line| line + "\n").collect()
}
