//! Texts that are no Compose files: templates that were not rendered yet, and manifests for Kubernetes.

use std::collections::HashMap;

use super::super::{Code, Diagnostic, FileId, Severity, SourceMap, Span};
use super::lookalike::begins_value;
use super::{line_at, line_before, text_of};
use crate::base::Path;

/// What the text of a file turns out to be.
struct Foreign {
    finding: Diagnostic,
    /// Whether nothing else that was found in the file can be relied on.
    all: bool,
}

/// Puts one finding in the place of all that come from a text being something else.
pub(super) fn gather(list: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut files: HashMap<FileId, Foreign> = HashMap::new();
    for found in list.iter().filter(|found| found.severity == Severity::Error) {
        if files.contains_key(&found.span.file) {
            continue;
        }
        let foreign = template(found, sources).or_else(|| manifest(found, &list));
        files.extend(foreign.map(|foreign| (found.span.file, foreign)));
    }
    if files.is_empty() {
        return list;
    }
    let stays = |found: &Diagnostic| match files.get(&found.span.file) {
        Some(foreign) if found.severity == Severity::Error => {
            !foreign.all && marked(found, sources).is_none()
        }
        _ => true,
    };
    let mut kept: Vec<Diagnostic> = list.into_iter().filter(stays).collect();
    kept.extend(files.into_values().map(|foreign| foreign.finding));
    kept
}

/// `{{ … }}` or `{% … %}` where YAML can't take it.
fn template(found: &Diagnostic, sources: &SourceMap) -> Option<Foreign> {
    if !matches!(found.code, Code::YamlSyntax | Code::NonStringKey) {
        return None;
    }
    let mark = marked(found, sources)?;
    let (text, _) = text_of(found, sources)?;
    let written = &text[mark.start as usize..mark.end as usize];
    let finding = Diagnostic::new(found.code, mark, "this is a template, not a Compose file")
        .note(if written.starts_with("{%") {
            "a statement of a template"
        } else {
            "an expression of a template"
        })
        .help(
            "render it first, and load what comes of it; variables of a Compose file are written `${NAME}`",
        );
    let all = found.code == Code::YamlSyntax || (text.contains("apiVersion:") && text.contains("kind:"));
    Some(Foreign { finding, all })
}

/// The mark of a template on the line of a finding, or, where the reader stumbled, on the one before.
fn marked(found: &Diagnostic, sources: &SourceMap) -> Option<Span> {
    let (text, at) = text_of(found, sources)?;
    let before = line_before(text, at).filter(|_| found.code == Code::YamlSyntax);
    [Some(line_at(text, at)), before].into_iter().flatten().find_map(|(start, line)| {
        let (open, close) = [("{%", "%}"), ("{{", "}}")].into_iter().find_map(|(open, close)| {
            // Within plain text or quotes the marks are text.
            let at = line.match_indices(open).map(|(at, _)| at).find(|at| begins_value(&line[..*at]))?;
            let end = line[at..].find(close).map_or(line.len(), |end| at + end + close.len());
            Some((at, end))
        })?;
        Some(Span::new(found.span.file, start + open, start + close))
    })
}

/// `apiVersion` and `kind`, both at the top.
fn manifest(found: &Diagnostic, list: &[Diagnostic]) -> Option<Foreign> {
    let is = |found: &Diagnostic, key: &str| {
        found.code == Code::UnknownKey && found.path == Some(Path::from([key]))
    };
    let both = is(found, "apiVersion")
        && list.iter().any(|other| is(other, "kind") && other.span.file == found.span.file);
    both.then(|| Foreign {
        finding: Diagnostic::new(
            Code::UnknownKey,
            found.span,
            "this is a Kubernetes manifest, not a Compose file",
        )
        .at(["apiVersion"])
        .help("`kubectl apply -f` takes it; a Compose file has `services:` at the top"),
        all: true,
    })
}
