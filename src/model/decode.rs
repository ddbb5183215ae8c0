//! From the canonical tree to the typed project.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::base::ServiceName;
use crate::base::number;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, suggest};
use crate::yaml::{Kind, Mapping, Node, PathRef};

use super::origins::Origins;
use super::project::Project;
use super::record::Record;
use super::{Config, Job, Model, Network, Secret, Service, Volume};

/// Binds the canonical tree to types. Everything unreadable is reported, all at once; the field is then
/// left unset. All services are taken as switched on; [`super::select::profiles`] parts them.
pub fn decode(root: &Arc<Node>, diags: &mut Diagnostics) -> Project {
    let mut decoder = Decoder { diags };
    let mut project = Project { origins: Origins::new(root, Default::default()), ..Default::default() };
    let top = PathRef::Root;
    let sections = decoder.mapping(root, &top).into_iter().flat_map(Mapping::iter);
    for entry in sections {
        let (key, node) = (entry.key.text.as_str(), &entry.value);
        let at = top.key(key);
        let d = &mut decoder;
        match key {
            "name" => project.name = d.text(node, &at).unwrap_or_default(),
            "services" => {
                project.services = section(root, node, &at, d, |service: &mut Service, key, origins| {
                    (service.name, service.origins) = (ServiceName::from(key), origins);
                });
            }
            "jobs" => {
                project.jobs = section(root, node, &at, d, |job: &mut Job, key, origins| {
                    (job.name, job.origins) = (ServiceName::from(key), origins);
                });
            }
            "networks" => {
                project.networks = section(root, node, &at, d, |network: &mut Network, key, origins| {
                    (network.key, network.origins) = (key.to_owned(), origins);
                });
            }
            "volumes" => {
                project.volumes = section(root, node, &at, d, |volume: &mut Volume, key, origins| {
                    (volume.key, volume.origins) = (key.to_owned(), origins);
                });
            }
            "secrets" => {
                project.secrets = section(root, node, &at, d, |secret: &mut Secret, key, origins| {
                    (secret.key, secret.origins) = (key.to_owned(), origins);
                });
            }
            "configs" => {
                project.configs = section(root, node, &at, d, |config: &mut Config, key, origins| {
                    (config.key, config.origins) = (key.to_owned(), origins);
                });
            }
            "models" => {
                project.models = section(root, node, &at, d, |model: &mut Model, key, origins| {
                    (model.key, model.origins) = (key.to_owned(), origins);
                });
            }
            _ if key.starts_with("x-") => {
                project.extensions.insert(entry.key.clone(), node.clone());
            }
            _ => {}
        }
    }
    project
}

/// A top-level section: objects by key. A null object is an empty one.
fn section<K: From<String> + std::hash::Hash + Eq, T: Record>(
    root: &Arc<Node>,
    node: &Node,
    at: &PathRef<'_>,
    decoder: &mut Decoder<'_>,
    place: impl Fn(&mut T, &str, Origins),
) -> IndexMap<K, T> {
    let entries = decoder.mapping(node, at).into_iter().flat_map(Mapping::iter);
    entries
        .filter(|entry| !entry.value.is_invalid())
        .map(|entry| {
            let key = entry.key.text.as_str();
            let at = at.key(key);
            let mut object = T::default();
            place(&mut object, key, Origins::new(root, at.to_path()));
            if let Some(map) = decoder.mapping(&entry.value, &at) {
                object.read(map, &at, decoder);
            }
            (K::from(key.to_owned()), object)
        })
        .collect()
}

/// Reads nodes and reports what can't be read.
pub struct Decoder<'a> {
    diags: &'a mut Diagnostics,
}

impl Decoder<'_> {
    /// Reports an error at a node; `help` may be empty.
    pub fn report(
        &mut self,
        code: Code,
        node: &Node,
        at: &PathRef<'_>,
        message: impl Into<String>,
        help: &str,
    ) {
        self.push(Diagnostic::new(code, node.span, message), at, help);
    }

    /// Reports something that works, but not as meant.
    pub fn warn(
        &mut self,
        code: Code,
        node: &Node,
        at: &PathRef<'_>,
        message: impl Into<String>,
        help: &str,
    ) {
        let mut finding = Diagnostic::new(code, node.span, message);
        finding.severity = Severity::Warning;
        self.push(finding, at, help);
    }

    fn push(&mut self, finding: Diagnostic, at: &PathRef<'_>, help: &str) {
        let finding = finding.at(at);
        self.diags.push(if help.is_empty() { finding } else { finding.help(help) });
    }

    /// Reports a value of the wrong kind, unless it is null or was reported before.
    pub fn mismatch<T>(&mut self, node: &Node, at: &PathRef<'_>, wanted: &str) -> Option<T> {
        if !node.is_null() && !node.is_invalid() {
            self.report(
                Code::WrongType,
                node,
                at,
                format!("expected {wanted}, found {}", node.kind_name()),
                "",
            );
        }
        None
    }

    /// Reports a word that is not one of a closed set.
    pub fn not_allowed<T>(
        &mut self,
        node: &Node,
        at: &PathRef<'_>,
        word: &str,
        what: &str,
        allowed: &[&'static str],
    ) -> Option<T> {
        let help = match suggest::nearest(word, allowed.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of `{}`", allowed.join("`, `")),
        };
        self.report(Code::NotAllowed, node, at, format!("`{word}` is not {what}"), &help);
        None
    }

    /// A mapping.
    pub fn mapping<'n>(&mut self, node: &'n Node, at: &PathRef<'_>) -> Option<&'n Mapping> {
        match &node.kind {
            Kind::Mapping(map) => Some(map),
            _ => self.mismatch(node, at, "a mapping"),
        }
    }

    /// The text of any scalar; null is `None`.
    pub fn text(&mut self, node: &Node, at: &PathRef<'_>) -> Option<String> {
        match scalar_text(node) {
            None => self.mismatch(node, at, "a text"),
            text => text,
        }
    }
}

/// The text of a scalar, as the reference writes numbers where it needs text.
pub fn scalar_text(node: &Node) -> Option<String> {
    Some(match &node.kind {
        Kind::String(text) | Kind::Timestamp(text) => text.clone(),
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        Kind::UInt(value) => value.to_string(),
        Kind::Float(value) => number::format_f64(*value),
        Kind::Null | Kind::Sequence(_) | Kind::Mapping(_) | Kind::Invalid => return None,
    })
}
