//! From the canonical tree to the typed project.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::base::ServiceName;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, suggest};
use crate::yaml::{Kind, Mapping, Node, PathRef, scalar};

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
    let Some(map) = decoder.mapping(node, at) else { return IndexMap::new() };
    // Services are large: a map that grows would move them several times.
    let mut objects = IndexMap::with_capacity(map.len());
    for entry in map.iter().filter(|entry| !entry.value.is_invalid()) {
        let key = entry.key.text.as_str();
        let at = at.key(key);
        let mut object = T::default();
        place(&mut object, key, Origins::new(root, at.to_path()));
        if let Some(map) = decoder.mapping(&entry.value, &at) {
            object.read(map, &at, decoder);
        }
        objects.insert(K::from(key.to_owned()), object);
    }
    objects
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
        match scalar::text_of(node) {
            None => self.mismatch(node, at, "a text"),
            text => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::model::{DependsCondition, MountType, PullPolicy, fixture};

    #[test]
    fn everything_unreadable_is_reported_and_left_unset() {
        let (project, diags) = fixture::project(json!({ "services": { "s": {
            "image": "x", "mem_limit": "12x", "shm_size": 1.5, "stop_grace_period": "90", "command": "a 'b",
            "environment": ["A =1", "B=2"], "extra_hosts": ["a", "h:::1", "h=[::2]"],
            "gpus": [{ "count": "x" }], "attach": "foo", "pids_limit": 1.5,
            "depends_on": { "t": { "condition": "service_helthy" } },
            "volumes": [{ "type": "tmpfs", "target": "/x", "tmpfs": { "size": "1z", "mode": "0777" } }],
            "secrets": [{ "source": "a", "mode": "999" }],
        } } }));
        let service = &project.services["s"];
        let container = &service.container;
        assert_eq!(
            fixture::messages(&diags),
            [
                "RC0504 services.s.mem_limit: `12x` is not a size: invalid suffix: 'x'",
                "RC0504 services.s.shm_size: a size with a fraction or exponent is ignored",
                "RC0503 services.s.stop_grace_period: `90` is not a duration: time: missing unit in duration \
                 \"90\"",
                "RC0506 services.s.command: `a 'b` can't be split: invalid command line string",
                "RC0513 services.s.environment: the variable `A ` ends with a blank",
                "RC0507 services.s.extra_hosts[0]: `a` has no address",
                "RC0508 services.s.gpus[0].count: `x` is not a count of devices",
                "RC0203 services.s.attach: `foo` is neither `true` nor `false`",
                "RC0304 services.s.depends_on.t.condition: `service_helthy` is not a condition that can be \
                 waited for",
                "RC0504 services.s.volumes[0].tmpfs.size: `1z` is not a size: invalid suffix: 'z'",
                "RC0302 services.s.volumes[0].tmpfs.mode: expected a number without quotes, found a string",
                "RC0505 services.s.secrets[0].mode: `999` is not an octal file mode",
            ]
        );
        assert_eq!(container.command, None);
        assert_eq!(container.pids_limit, 1);
        assert_eq!(container.environment["B"].as_deref(), Some("2"));
        assert_eq!(container.extra_hosts["h"], ["::1", "::2"]);
        assert_eq!(container.volumes[0].kind, MountType::Tmpfs);
        assert_eq!(service.workload.depends_on["t"].condition, DependsCondition::Started);
    }

    #[test]
    fn pull_policies_have_meanings() {
        let policy = |word: &str| {
            let (project, _) = fixture::project(json!({ "services": { "s": { "pull_policy": word } } }));
            project.services["s"].container.pull_policy()
        };
        let hours = |n: i64| crate::base::duration::Duration::from_secs(n * 3600);
        assert_eq!(policy("weekly"), Some(PullPolicy::Refresh(hours(168))));
        assert_eq!(policy("every_12h"), Some(PullPolicy::Refresh(hours(12))));
        assert_eq!(policy("if_not_present"), Some(PullPolicy::Missing));
        assert_eq!(policy(""), None);
    }
}
