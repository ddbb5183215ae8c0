//! Where values come from: a record that the loader keeps only when it is asked to.
//!
//! The stages themselves know nothing of it. Every value carries the place that wrote it, so what a stage
//! replaced can be seen from outside: [`Provenance::compare`] walks the tree before and the tree after,
//! and notes each value that is no longer there, with the one that stands in its place.

use std::path::PathBuf;

use crate::diag::{FileId, Span};
use crate::load::document::Resets;
use crate::load::dotenv::{Assignment, Use};
use crate::load::interpolate::Substitution;
use crate::load::merge;
use crate::yaml::{Borrowed, Entry, Key, Kind, Mapping, Node, Path, PathRef, emit, scalar};

/// The record of one run.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// Variables that went into values.
    pub substitutions: Vec<Substitution>,
    /// Values that others took the place of.
    pub shadowed: Vec<Shadowed>,
    /// Services that took over from others.
    pub extended: Vec<Extended>,
    /// Included files, each with the place that names it.
    pub included: Vec<(FileId, Span)>,
    /// What aliases and merge keys brought in.
    pub borrowed: Vec<Borrowed>,
    /// The files of `env_file` and `label_file` that were read.
    pub variable_files: Vec<VariableFile>,
}

/// A value that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadowed {
    /// Where it stood in the model.
    pub path: Path,
    /// What stands there now; [`Span::NONE`] when nothing does.
    pub by: Span,
    /// Where it was written.
    pub span: Span,
    /// The value, as text.
    pub value: String,
    /// What took it away.
    pub how: How,
}

/// Which step took a value away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A later file, document or entry.
    Merge,
    /// The service that extends.
    Extends,
    /// The file that includes.
    Include,
    /// A tag, `!reset` or `!override`, at this place.
    Tag(Span),
}

/// A service that took over from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extended {
    /// The service.
    pub to: Path,
    /// The other, perhaps in another file.
    pub from: Path,
    /// The place that names the other.
    pub named: Span,
    /// What the other says, as far as it stands in one place.
    pub source: Span,
}

/// A file of variables or labels that a service names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableFile {
    /// The file.
    pub path: PathBuf,
    /// What it sets, in order.
    pub assignments: Vec<Assignment>,
    /// The variables in what it sets.
    pub uses: Vec<Use>,
}

impl Provenance {
    /// Notes what of `before` is no longer in `after`, both standing at `path`.
    pub(super) fn compare(
        &mut self,
        before: &Node,
        after: &Node,
        path: &PathRef<'_>,
        how: How,
        resets: &Resets,
    ) {
        Comparison { shadowed: &mut self.shadowed, how, resets }.node(before, after, path);
    }
}

struct Comparison<'a> {
    shadowed: &'a mut Vec<Shadowed>,
    how: How,
    resets: &'a Resets,
}

impl Comparison<'_> {
    fn node(&mut self, before: &Node, after: &Node, path: &PathRef<'_>) {
        if let Some(tag) = self.tag(path) {
            return self.note_tagged(before, after.span, path, tag);
        }
        match (&before.kind, &after.kind) {
            (Kind::Null | Kind::Invalid, _) | (_, Kind::Invalid) => {}
            (Kind::Mapping(before), Kind::Mapping(after)) => {
                for Entry { key, value } in before {
                    let path = path.key(&key.text);
                    match after.get(&key.text) {
                        Some(now) => self.node(value, now, &path),
                        None => {
                            if let Some(tag) = self.tag(&path) {
                                self.note_tagged(value, Span::NONE, &path, tag);
                            }
                        }
                    }
                }
            }
            (Kind::Mapping(before), Kind::Sequence(after)) => self.became_list(before, after, path),
            (Kind::Sequence(before), Kind::Mapping(after)) => self.became_mapping(before, after, path),
            (Kind::Sequence(items), Kind::Sequence(now)) => self.list(before, items, after, now, path),
            _ if before.span == after.span || !before.span.is_some() || holds(after, before.span) => {}
            _ => self.note(before.span, text(before), after.span, path),
        }
    }

    /// `A: x` may stand as `A=x` now.
    fn became_list(&mut self, before: &Mapping, after: &[Node], path: &PathRef<'_>) {
        for Entry { key: Key { text: name, .. }, value } in before {
            let Some(now) = after.iter().find(|item| name_of(item) == Some(name)) else { continue };
            if value.span.is_some() && !contains(now.span, value.span) {
                self.note(value.span, text(value), now.span, &path.key(name));
            }
        }
    }

    /// A name or `A=x` may be a key now.
    fn became_mapping(&mut self, before: &[Node], after: &Mapping, path: &PathRef<'_>) {
        for item in before {
            let Some(name) = name_of(item) else { continue };
            let Some(now) = after.entry(name) else { continue };
            let kept = now.key.span == item.span || holds(&now.value, item.span);
            if !kept && item.span.is_some() {
                let by = if now.value.span.is_some() { now.value.span } else { now.key.span };
                self.note(item.span, text(item), by, &path.key(name));
            }
        }
    }

    fn list(&mut self, before: &Node, items: &[Node], after: &Node, now: &[Node], path: &PathRef<'_>) {
        let mut any_stays = false;
        for item in items {
            if let Some(at) = now.iter().position(|other| other.span == item.span) {
                any_stays = true;
                if matches!(item.kind, Kind::Mapping(_)) {
                    self.node(item, &now[at], &path.index(at));
                }
                continue;
            }
            let twin = now.iter().position(|other| {
                let named = |node| name_of(node).filter(|_| text(node).contains('='));
                merge::same_thing(path, item, other) || named(item).is_some() && named(item) == named(other)
            });
            match twin {
                Some(at) => {
                    any_stays = true;
                    if item.span.is_some() {
                        self.note(item.span, text(item), now[at].span, &path.index(at));
                    }
                }
                None => any_stays |= now.iter().any(|other| other.same(item)),
            }
        }
        // Lists that don't append: the later one is there instead.
        if !any_stays && !items.is_empty() && before.span.is_some() && before.span != after.span {
            self.note(before.span, text(before), after.span, path);
        }
    }

    fn tag(&self, path: &PathRef<'_>) -> Option<Span> {
        let depth = path.depth();
        let mut marks = self.resets.marks().filter(|(marked, _)| marked.0.len() == depth).peekable();
        marks.peek()?;
        let here = path.to_path();
        marks.find(|(marked, _)| **marked == here).map(|(_, span)| span)
    }

    fn note_tagged(&mut self, before: &Node, by: Span, path: &PathRef<'_>, tag: Span) {
        let how = std::mem::replace(&mut self.how, How::Tag(tag));
        self.note(before.span, text(before), by, path);
        self.how = how;
    }

    fn note(&mut self, span: Span, value: String, by: Span, path: &PathRef<'_>) {
        let shadowed = Shadowed { path: path.to_path(), by, span, value, how: self.how };
        if !self.shadowed.contains(&shadowed) {
            self.shadowed.push(shadowed);
        }
    }
}

/// Whether a span lies within another.
pub fn contains(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

/// Whether a value, or one inside it, was written at a place.
fn holds(node: &Node, span: Span) -> bool {
    node.span == span
        || match &node.kind {
            Kind::Mapping(map) => map.values().any(|value| holds(value, span)),
            Kind::Sequence(items) => items.iter().any(|item| holds(item, span)),
            _ => false,
        }
}

/// `A` of `A=x`, and of `A` alone.
fn name_of(item: &Node) -> Option<&str> {
    item.as_str().map(|text| text.split('=').next().unwrap_or(text))
}

/// A value on one line.
pub fn text(node: &Node) -> String {
    scalar::text_of(node).unwrap_or_else(|| match &node.kind {
        Kind::Null | Kind::Invalid => String::new(),
        _ => emit::to_json_compact(node),
    })
}

#[cfg(test)]
mod tests;
