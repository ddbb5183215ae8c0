//! `config --explain` and `config --origins`: where values come from.
//!
//! In: a project that was loaded with a record ([`super::load::load_recorded`]). Out: for a path what the
//! value is, the place that wrote it, the variables in it and who set them, what it took the place of, and
//! the rule that made it where nobody wrote it.

mod facts;
mod in_files;
mod json;
mod lookup;
mod missing;
mod origins;
mod shadows;
mod text;

use std::path::Path as FilePath;

use crate::diag::{SourceMap, Span};
use crate::load::files::Files;
use crate::load::provenance::Provenance;
use crate::model;
use crate::yaml::{Kind, Node, Path, PathError};

use super::load::Loaded;

/// What is known of one value.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Where it stands in the model.
    pub path: Path,
    /// The value, as `config` prints it where it prints it.
    pub value: Node,
    /// The place that wrote it; [`Span::NONE`] when no file did.
    pub span: Span,
    /// What else there is to tell, most important first.
    pub facts: Vec<Fact>,
    /// What is inside, each with its origin in short; empty for a scalar.
    pub parts: Vec<Part>,
}

/// Something about a value's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What kind of fact.
    pub kind: FactKind,
    /// In words.
    pub words: String,
    /// The place it is about, in a Compose file.
    pub span: Span,
    /// A file of variables and the line there.
    pub line: Option<(String, usize)>,
    /// The variable it is about.
    pub variable: Option<String>,
    /// The value it is about: the variable's, or the one that lost.
    pub value: Option<String>,
}

/// Kinds of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// A variable went into the value.
    Variable,
    /// The value stands in a file of the service's `env_file` or `label_file`.
    EnvFile,
    /// An alias or merge key brought it.
    Alias,
    /// A service that is extended brought it.
    Extends,
    /// Its file is included.
    Include,
    /// A rule made it, or changed what is written.
    Rule,
    /// It took the place of another.
    Shadows,
}

/// A value inside the explained one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it stands in the model.
    pub path: Path,
    /// The value on one line.
    pub value: String,
    /// Where it comes from, in short.
    pub origin: String,
}

/// Why nothing is explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The text is no path.
    #[error("`{text}` is no path: {cause}")]
    Path {
        /// The text.
        text: String,
        /// What is wrong with it.
        cause: PathError,
    },
    /// Nothing stands there.
    #[error("nothing found at {}", .0.path.quoted())]
    Missing(Box<Missing>),
    /// The project could not be loaded so far.
    #[error("the project could not be loaded")]
    NoProject,
}

/// A path at which nothing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The path.
    pub path: Path,
    /// Paths that may have been meant, the likeliest first.
    pub near: Vec<Path>,
    /// Whether the first of them is one that is spelt much like it.
    pub likely: bool,
    /// The `!reset` that took the value away, and the value.
    pub reset: Option<(Span, Span)>,
}

/// Answers questions about one project.
pub struct Explainer<'a> {
    loaded: &'a Loaded,
    provenance: &'a Provenance,
    files: &'a dyn Files,
    cwd: &'a FilePath,
    tree: &'a Node,
    printed: Node,
    /// Substitutions by their place.
    by_place: Vec<usize>,
}

impl<'a> Explainer<'a> {
    /// Takes a loaded project and its record; names of files are told from `cwd`.
    pub fn new(
        loaded: &'a Loaded,
        provenance: &'a Provenance,
        files: &'a dyn Files,
        cwd: &'a FilePath,
    ) -> Result<Explainer<'a>, ExplainError> {
        let (Some(tree), Some(project)) = (loaded.tree.as_deref(), &loaded.project) else {
            return Err(ExplainError::NoProject);
        };
        let mut by_place: Vec<usize> = (0..provenance.substitutions.len()).collect();
        by_place.sort_by_key(|at| provenance.substitutions[*at].span);
        let printed = model::print::tree(project, model::Form::Yaml);
        Ok(Explainer { loaded, provenance, files, cwd, tree, printed, by_place })
    }

    /// Explains the value at a path.
    pub fn explain(&self, text: &str) -> Result<Explanation, ExplainError> {
        let wanted =
            Path::parse(text).map_err(|cause| ExplainError::Path { text: text.to_owned(), cause })?;
        let in_print = lookup::resolve(&self.printed, &wanted.0);
        let in_tree = lookup::resolve(self.tree, &wanted.0);
        let (path, value, is_printed) = match (in_print, in_tree) {
            (Ok((path, value)), _) => (path, value, true),
            (_, Ok((path, value))) => (path, value, false),
            (Err(print), Err(tree)) => {
                return Err(ExplainError::Missing(Box::new(self.missing(wanted, &print, &tree))));
            }
        };
        let (span, facts) = self.facts(&path, value, is_printed);
        let mut parts = Vec::new();
        if matches!(value.kind, Kind::Mapping(_) | Kind::Sequence(_)) {
            self.parts(value, &mut path.clone(), &mut parts);
        }
        Ok(Explanation { path, value: value.clone(), span, facts, parts })
    }

    fn parts(&self, node: &Node, path: &mut Path, into: &mut Vec<Part>) {
        lookup::leaves(node, path, &mut |path, leaf| {
            let value = text::on_one_line(leaf);
            into.push(Part { path: path.clone(), value, origin: self.brief(path).unwrap_or_default() });
        });
    }

    fn sources(&self) -> &SourceMap {
        &self.loaded.sources
    }

    /// What a place says, without its quotes.
    fn written(&self, span: Span) -> Option<&str> {
        let text = self.sources().slice(span)?;
        let bare = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
        Some(bare('"').or_else(|| bare('\'')).unwrap_or(text))
    }

    /// A file's name from the working directory.
    fn shown(&self, path: &FilePath) -> String {
        path.strip_prefix(self.cwd).unwrap_or(path).display().to_string()
    }
}
