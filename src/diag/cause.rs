//! What stands behind findings: characters that look like others, and texts that are no Compose files.
//!
//! Such a cause makes findings far from it, in words that say nothing of it. Nothing here is a mistake by
//! itself: a text is looked at only where something was found.

mod foreign;
mod lookalike;
mod unset;

use std::collections::HashMap;

use super::{Code, Diagnostic, Diagnostics, Severity, SourceMap, Span};

impl Diagnostics {
    /// Puts one finding about the cause in the place of those that it brought about.
    pub fn name_causes(&mut self, sources: &SourceMap) {
        if !self.has_errors() {
            return;
        }
        let list = foreign::gather(std::mem::take(&mut self.list), sources);
        // Where each cause is told, and whether on the line of the finding that it stands for.
        let mut told: HashMap<Span, (usize, bool)> = HashMap::new();
        for found in list {
            let Some(cause) = lookalike::behind(&found, sources) else {
                self.list.push(found);
                continue;
            };
            let line = |span: Span| sources.position(span).map(|place| place.line);
            let near = line(cause.span) == line(found.span);
            let finding = retold(found, &cause, near);
            match told.get_mut(&cause.span) {
                None => {
                    told.insert(cause.span, (self.list.len(), near));
                    self.list.push(finding);
                }
                Some((at, told_near)) if near && !*told_near => {
                    self.list[*at] = finding;
                    *told_near = true;
                }
                Some(_) => {}
            }
        }
        self.sort();
    }
}

/// A place in a text, with what is to be said of it.
struct Cause {
    span: Span,
    message: String,
    help: String,
    edit: Option<(Span, String)>,
}

/// The finding about a cause, with the words of the one that it stands for.
fn retold(found: Diagnostic, cause: &Cause, near: bool) -> Diagnostic {
    let mut finding = Diagnostic::new(found.code, cause.span, cause.message.clone()).help(cause.help.clone());
    finding.path = found.path;
    if let Some((span, text)) = &cause.edit {
        finding = finding.edit(*span, text.clone());
    }
    if near { finding.note(found.message) } else { finding.label(found.span, found.message) }
}

/// The text that a finding is about, with where the finding begins.
fn text_of<'a>(found: &Diagnostic, sources: &'a SourceMap) -> Option<(&'a str, usize)> {
    let text = &*sources.get(found.span.file)?.text;
    let start = (found.span.start as usize).min(text.len());
    text.is_char_boundary(start).then_some((text, start))
}

/// How far around a place it is looked, in bytes: a file may be one long line, and hold many mistakes.
const NEAR: usize = 500;

/// Where the line of a byte begins, and the line without its end; of a long line, the part near the byte.
fn line_at(text: &str, at: usize) -> (usize, &str) {
    let first = text.floor_char_boundary(at.saturating_sub(NEAR));
    let last = text.floor_char_boundary((at + NEAR).min(text.len()));
    let start = text[first..at].rfind('\n').map_or(first, |n| first + n + 1);
    let end = text[at..last].find('\n').map_or(last, |n| at + n);
    (start, text[start..end].trim_end_matches('\r'))
}

/// Where the line before begins, and that line.
fn line_before(text: &str, at: usize) -> Option<(usize, &str)> {
    let first = text.floor_char_boundary(at.saturating_sub(NEAR));
    Some(line_at(text, first + text[first..at].rfind('\n')?))
}

/// Whether this says that the text is of another shape than it looks.
fn is_structural(found: &Diagnostic) -> bool {
    found.severity == Severity::Error
        && matches!(
            found.code,
            Code::YamlSyntax
                | Code::NonStringKey
                | Code::NotAMapping
                | Code::UnknownKey
                | Code::WrongType
                | Code::MissingKey
                | Code::NoImage
        )
}
