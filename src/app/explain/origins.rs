//! Where a value comes from, in short: a few words for each line of what `config` prints.

use std::path::Path as FilePath;

use super::facts::place;
use super::lookup;
use super::{Explainer, Explanation};
use crate::diag::Span;
use crate::load::env::Origin;
use crate::load::provenance::contains;
use crate::model::print::double_dollars;
use crate::yaml::{Node, Path, emit};

/// A variable in a value.
pub(super) struct VariableUse<'a> {
    pub name: String,
    pub value: Option<String>,
    pub origin: Option<Giver<'a>>,
    pub took_word: bool,
    pub span: Span,
}

/// Who gave a variable its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Giver<'a> {
    /// Who set it for the whole project.
    Origin(&'a Origin),
    /// A line of a file of the service.
    Line(&'a FilePath, usize),
    /// The service's own `environment`, at this place.
    Service(Span),
}

impl<'a> Giver<'a> {
    /// The file and the line, where it is a file of variables.
    pub fn line(self) -> Option<(&'a FilePath, usize)> {
        match self {
            Giver::Origin(Origin::File { path, line }) => Some((path, *line)),
            Giver::Line(path, line) => Some((path, line)),
            Giver::Origin(_) | Giver::Service(_) => None,
        }
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
            let mut words = format!("{}:{}", file.file, file.line);
            self.add_uses(&file.uses, &mut words);
            return Some(words);
        }
        let found = match whole {
            true => trail.last()?,
            // A list made of one line, say: what is around it is the origin.
            false => trail.iter().skip(1).rev().find(|found| place(found).is_some())?,
        };
        let mut words = self.sources().place(place(found)).unwrap_or_else(|| "default".to_owned());
        if let Some(name) = self.filled(path, found.node) {
            let located = self.loaded.located.as_ref()?;
            let variable = located.environment.variable(name);
            let origin = variable.map(|variable| Giver::Origin(&variable.origin));
            words.push_str(&format!(", {name} from {}", self.who(origin, false)));
        }
        self.add_uses(&self.uses(found.node), &mut words);
        Some(words)
    }

    fn add_uses(&self, uses: &[VariableUse<'_>], words: &mut String) {
        for used in uses {
            let from = if used.origin.is_some() { "from " } else { "" };
            words.push_str(&format!(", {} {from}{}", used.name, self.who(used.origin, used.took_word)));
        }
    }

    fn who(&self, origin: Option<Giver<'_>>, took_word: bool) -> String {
        match origin {
            Some(Giver::Origin(Origin::Os)) => "the environment".to_owned(),
            Some(Giver::Origin(Origin::File { path, line })) => format!("{}:{line}", self.shown(path)),
            Some(Giver::Line(path, line)) => format!("{}:{line}", self.shown(path)),
            Some(Giver::Service(span)) => {
                self.sources().place(span).unwrap_or_else(|| "the service".to_owned())
            }
            Some(Giver::Origin(Origin::Program)) => "rcompose".to_owned(),
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
            let origin = used.origin.as_ref().map(Giver::Origin);
            let known = uses.iter().any(|other| other.name == used.variable && other.origin == origin);
            if contains(node.span, used.span) && !known {
                uses.push(VariableUse {
                    name: used.variable.clone(),
                    value: used.value.clone(),
                    origin,
                    took_word: used.took_word,
                    span: used.span,
                });
            }
        }
        uses
    }
}

impl Explanation {
    /// Whether there is anything inside.
    pub fn is_tree(&self) -> bool {
        !self.parts.is_empty()
    }
}
