//! The project's name: who gives it, and what it must look like.

use std::path::Path;

use crate::base::ProjectName;
use crate::base::go_quote;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::load::env::{Environment, Origin};
use crate::load::files::Files;
use crate::load::interpolate;
use crate::yaml::{Kind, Node, PathRef};

/// Who gave the project its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// `--project-name`.
    Flag,
    /// `COMPOSE_PROJECT_NAME`.
    Variable(Origin),
    /// `name:` in a file.
    File(Span),
    /// The working directory.
    Directory,
}

/// How `name:` in a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// Whether variables in it are replaced.
    pub interpolate: bool,
    /// Whether it is brought to normal form.
    pub normalize: bool,
}

/// The finding for a name from outside that is not in normal form.
fn refused(text: &str) -> Diagnostic {
    let message = format!(
        "invalid project name {}: must consist only of lowercase alphanumeric characters, hyphens, and \
         underscores as well as start with a letter or number",
        go_quote(text)
    );
    let finding = Diagnostic::new(Code::ProjectName, Span::NONE, message);
    match ProjectName::normalize(text) {
        Some(name) => finding.help(format!("`{name}` would be valid")),
        None => finding,
    }
}

/// The name from the command line or the environment, if either gives one.
pub(super) fn from_outside(
    flag: Option<&str>,
    environment: &Environment,
    diags: &mut Diagnostics,
) -> Option<(ProjectName, NameSource)> {
    let (text, source) = match flag.filter(|name| !name.is_empty()) {
        Some(flag) => (flag, NameSource::Flag),
        None => {
            let variable = environment.variable("COMPOSE_PROJECT_NAME").filter(|v| !v.value.is_empty())?;
            (variable.value.as_str(), NameSource::Variable(variable.origin.clone()))
        }
    };
    let name = ProjectName::parse(text).unwrap_or_else(|| {
        diags.push(refused(text));
        // The rest of the files is still worth reading.
        stand_in(text)
    });
    Some((name, source))
}

/// The name from the files' own `name:` values: the last that is not empty counts.
pub(super) fn from_files(
    names: Vec<Node>,
    rules: NameRules,
    environment: &Environment,
    sources: &SourceMap,
    diags: &mut Diagnostics,
) -> Option<(ProjectName, NameSource)> {
    for name in &names {
        // Elsewhere a date is text as good as any; a name it can't be.
        if let Kind::Timestamp(text) = &name.kind {
            let message = format!("`name` must be a string, found the date `{text}`");
            let finding = Diagnostic::new(Code::WrongType, name.span, message).at(["name"]);
            diags.push(finding.edit(name.span, format!("\"{text}\"")).help("put it in quotes"));
        }
    }
    let last = names.into_iter().rev().find(|node| node.as_str().is_some_and(|text| !text.is_empty()))?;
    let span = last.span;
    let mut node = last;
    if rules.interpolate {
        interpolate::tree_with(&mut node, &PathRef::Root.key("name"), environment, sources, diags, None);
    }
    let source = NameSource::File(span);
    let Some(text) = node.as_str() else {
        return Some((stand_in(""), source));
    };
    if !rules.normalize && !text.is_empty() {
        return Some((ProjectName::from(text), source));
    }
    let name = ProjectName::normalize(text).unwrap_or_else(|| {
        diags.push(
            Diagnostic::new(Code::ProjectName, span, "project name must not be empty")
                .at(["name"])
                .note("nothing is left of this without its invalid characters"),
        );
        stand_in("")
    });
    Some((name, source))
}

/// The name from the working directory.
pub(super) fn from_directory(
    directory: &Path,
    files: &dyn Files,
    diags: &mut Diagnostics,
) -> (ProjectName, NameSource) {
    let base = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = base(directory).unwrap_or_default();
    if let Ok(target) = files.canonicalize(directory)
        && base(&target).is_some_and(|target| target != own)
    {
        let message = format!(
            "project has been loaded without an explicit name from a symlink. Using name {}",
            go_quote(&own)
        );
        let mut finding = Diagnostic::new(Code::ProjectName, Span::NONE, message);
        finding.severity = Severity::Warning;
        diags.push(finding);
    }
    let name = ProjectName::normalize(&own).unwrap_or_else(|| {
        diags.push(Diagnostic::new(Code::ProjectName, Span::NONE, "project name must not be empty").help(
            format!(
                "the directory's name {} gives none: set one with `name:` in the file or with `-p`",
                go_quote(&own)
            ),
        ));
        stand_in("")
    });
    (name, NameSource::Directory)
}

/// A name to go on with when the real one is refused.
fn stand_in(text: &str) -> ProjectName {
    ProjectName::normalize(text).unwrap_or_else(|| ProjectName::from("project"))
}
