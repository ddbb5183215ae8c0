//! Where a value comes from, in short: a few words for each line of what `config` prints.

use std::path::PathBuf;

use super::facts::{file_name, place};
use super::lookup;
use super::{Explainer, Explanation};
use crate::diag::Span;
use crate::load::env::Origin;
use crate::load::provenance::contains;
use crate::model::print::double_dollars;
use crate::yaml::{Node, Path, PathRef, Segment, emit};

/// A variable in a value.
pub(super) struct VariableUse<'a> {
    pub name: String,
    pub value: Option<String>,
    pub origin: Option<&'a Origin>,
    pub took_word: bool,
    pub span: Span,
}

/// A line of a service's `env_file` or `label_file` that sets the variable or label in question.
pub(super) struct InFile {
    /// The file's name as people are shown it.
    pub file: String,
    pub line: usize,
    pub value: String,
    /// Which key names the file.
    pub key: &'static str,
    /// The place that names it.
    pub named: Span,
    /// Whether this is the value the container gets.
    pub wins: bool,
}

impl InFile {
    pub fn shown(&self) -> String {
        format!("{}, line {}", self.file, self.line)
    }
}

impl Explainer<'_> {
    /// The project in YAML, each value with its origin in a comment.
    pub fn origins(&self) -> String {
        let mut remarks = Vec::new();
        lookup::leaves(&self.printed, &mut Path::default(), &mut |path, _| remarks.push(self.brief(path)));
        double_dollars(&emit::to_yaml_with_remarks(&self.printed, remarks))
    }

    /// `compose.yaml:7:18, TAG from .env:3`
    pub(super) fn brief(&self, path: &Path) -> Option<String> {
        let trail = lookup::trail(self.tree, path);
        let whole = trail.len() == path.0.len() + 1;
        let winner = self.in_variable_files(path).into_iter().find(|file| file.wins);
        if let Some(file) = winner {
            return Some(format!("{}:{}", file.file, file.line));
        }
        let found = match whole {
            true => trail.last()?,
            // A list made of one line, say: what is around it is the origin.
            false => trail.iter().skip(1).rev().find(|found| place(found).is_some())?,
        };
        let mut words = self.sources().place(place(found)).unwrap_or_else(|| "default".to_owned());
        if let Some(name) = self.filled(path, found.node) {
            let located = self.loaded.located.as_ref()?;
            let origin = located.environment.variable(name).map(|variable| &variable.origin);
            words.push_str(&format!(", {name} from {}", self.who(origin, false)));
        }
        for used in self.uses(found.node) {
            words.push_str(&format!(
                ", {} {}",
                used.name,
                match used.origin {
                    None => self.who(None, used.took_word),
                    origin => format!("from {}", self.who(origin, used.took_word)),
                }
            ));
        }
        Some(words)
    }

    fn who(&self, origin: Option<&Origin>, took_word: bool) -> String {
        match origin {
            Some(Origin::Os) => "the environment".to_owned(),
            Some(Origin::File { path, line }) => format!("{}:{line}", self.shown(path)),
            Some(Origin::Program) => "rcompose".to_owned(),
            None if took_word => "unset, by its default".to_owned(),
            None => "unset".to_owned(),
        }
    }

    /// The variables in a scalar, each once.
    pub(super) fn uses(&self, node: &Node) -> Vec<VariableUse<'_>> {
        let all = &self.provenance.substitutions;
        if !node.span.is_some() || node.as_mapping().is_some() || node.as_sequence().is_some() {
            return Vec::new();
        }
        let first = self.by_place.partition_point(|at| all[*at].span < Span { end: 0, ..node.span });
        let mut uses: Vec<VariableUse<'_>> = Vec::new();
        for used in self.by_place[first..].iter().map(|at| &all[*at]) {
            if used.span.file != node.span.file || used.span.start >= node.span.end {
                break;
            }
            let known =
                uses.iter().any(|other| other.name == used.variable && other.origin == used.origin.as_ref());
            if contains(node.span, used.span) && !known {
                uses.push(VariableUse {
                    name: used.variable.clone(),
                    value: used.value.clone(),
                    origin: used.origin.as_ref(),
                    took_word: used.took_word,
                    span: used.span,
                });
            }
        }
        uses
    }

    /// The lines of the service's files that set a variable or label, the one that counts first.
    pub(super) fn in_variable_files(&self, path: &Path) -> Vec<InFile> {
        let [Segment::Key(section), Segment::Key(service), Segment::Key(map), Segment::Key(name)] =
            path.0.as_slice()
        else {
            return Vec::new();
        };
        let key = match (section.as_str(), map.as_str()) {
            ("services", "environment") => "env_file",
            ("services", "labels") => "label_file",
            _ => return Vec::new(),
        };
        let services = PathRef::Root.key("services");
        let here = services.key(service);
        let files = lookup::trail(self.tree, &here.key(key).to_path());
        let Some(items) = files.get(3).and_then(|found| found.node.as_sequence()) else { return Vec::new() };
        let mut found: Vec<InFile> = Vec::new();
        for item in items.iter().rev() {
            let Some(written) = item.as_str().or_else(|| item.get("path")?.as_str()) else { continue };
            let file = PathBuf::from(written);
            let Some(read) = self.provenance.variable_files.iter().find(|read| read.path == file) else {
                continue;
            };
            if let Some((_, value, line)) = read.assignments.iter().rev().find(|(set, _, _)| set == name) {
                found.push(InFile {
                    file: if file.starts_with(self.cwd) { self.shown(&file) } else { file_name(&file) },
                    line: *line,
                    value: value.clone(),
                    key,
                    named: item.get("path").map_or(item.span, |path| path.span),
                    wins: false,
                });
            }
        }
        // What the service itself says wins, even when it has no value to give.
        let own = lookup::trail(self.tree, path).len() == path.0.len() + 1;
        if let Some(first) = found.first_mut() {
            first.wins = !own;
        }
        found
    }
}

impl Explanation {
    /// Whether there is anything inside.
    pub fn is_tree(&self) -> bool {
        !self.parts.is_empty()
    }
}
