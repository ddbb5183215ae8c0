//! Raw nodes to trees: aliases become copies, merge keys are resolved, `!reset` and `!override`
//! are noted, keys become text.

use std::collections::HashMap;

use super::parse::{Borrowed, Document, Raw, Tagged, TaggedPath, What};
use super::{Key, Kind, Mapping, Node, PathRef, scalar, tags};
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Span, suggest};

/// Builds the document of a list of raw nodes.
pub(super) fn build(
    nodes: &[Raw<'_>],
    text: &str,
    file: FileId,
    names: &HashMap<String, Span>,
    diags: &mut Diagnostics,
    record: bool,
) -> Document {
    if nodes.is_empty() {
        return Document { root: Node::null(), tagged: Vec::new(), borrowed: Vec::new() };
    }
    let mut builder = Builder {
        nodes,
        text,
        file,
        names,
        diags,
        tagged: Vec::new(),
        borrowed: record.then(Vec::new),
        seen: vec![false; nodes.len()],
    };
    let root = builder.node(0, &PathRef::Root).unwrap_or_else(|| Node::spanned(Kind::Null, builder.span(0)));
    Document { root, tagged: builder.tagged, borrowed: builder.borrowed.unwrap_or_default() }
}

/// The anchors that an alias in a merge key might have named.
fn known_anchors(alias: Span, names: &HashMap<String, Span>) -> String {
    const MOST: usize = 6;
    let mut before: Vec<(u32, &str)> = names
        .iter()
        .filter(|(_, at)| at.start < alias.start)
        .map(|(name, at)| (at.start, name.as_str()))
        .collect();
    before.sort_unstable();
    // Those that stand nearest.
    let shown = &before[before.len().saturating_sub(MOST)..];
    let listed: Vec<String> = shown.iter().map(|(_, name)| format!("`*{name}`")).collect();
    match listed.as_slice() {
        [] => "write `&name` before a mapping further up, in the same document, and `*name` here".to_owned(),
        [one] => format!("did you mean {one}?"),
        [most @ .., last] => format!("the anchors above are {} and {last}", most.join(", ")),
    }
}

struct Builder<'a> {
    nodes: &'a [Raw<'a>],
    text: &'a str,
    file: FileId,
    names: &'a HashMap<String, Span>,
    diags: &'a mut Diagnostics,
    tagged: Vec<TaggedPath>,
    /// What aliases brought in, when that is recorded.
    borrowed: Option<Vec<Borrowed>>,
    /// Which nodes were built before: a copy brings no findings of its own.
    seen: Vec<bool>,
}

/// What a mapping's key turns out to be.
enum KeyText {
    Text(String),
    Merge,
    Unusable,
}

impl Builder<'_> {
    fn span(&self, at: usize) -> Span {
        let node = &self.nodes[at];
        Span::new(self.file, node.start as usize, node.end as usize)
    }

    fn written(&self, at: usize) -> &str {
        let node = &self.nodes[at];
        self.text.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// The children's positions of a collection.
    fn children(&self, at: usize) -> impl Iterator<Item = usize> + use<'_> {
        let end = self.nodes[at].next as usize;
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let here = (next < end).then_some(next)?;
            next = self.nodes[here].next as usize;
            Some(here)
        })
    }

    fn report(&mut self, first: bool, diagnostic: impl FnOnce() -> Diagnostic) {
        if first {
            self.diags.push(diagnostic());
        }
    }

    /// Builds the node at a position; `None` when `!reset` takes it out of the document.
    fn node(&mut self, at: usize, path: &PathRef<'_>) -> Option<Node> {
        let first = !std::mem::replace(&mut self.seen[at], true);
        let span = self.span(at);
        let nodes = self.nodes;
        let raw = &nodes[at];
        if let Some(tag) = &raw.tag {
            match tag.name.as_str() {
                "!reset" => {
                    self.tagged.push(TaggedPath { path: path.to_path(), kind: Tagged::Reset, span });
                    return None;
                }
                "!override" => {
                    self.tagged.push(TaggedPath { path: path.to_path(), kind: Tagged::Override, span });
                }
                _ => {}
            }
        }
        let kind = match &raw.what {
            What::Scalar(text, plain) => match &raw.tag {
                None if *plain => scalar::resolve_plain(text),
                None => Kind::String(text.to_string()),
                Some(tag) => match tags::scalar(&tag.name, text) {
                    Ok(kind) => kind,
                    Err(problem) => {
                        let place = Span::new(self.file, tag.start as usize, tag.end as usize);
                        self.report(first, || {
                            Diagnostic::new(Code::BadTag, span, problem.to_string())
                                .at(path)
                                .label(place, "the tag asks for it")
                                .help("without the tag the value keeps the type it looks like")
                        });
                        Kind::Invalid
                    }
                },
            },
            What::Sequence => {
                let mut items = Vec::new();
                let (mut child, mut index) = (at + 1, 0);
                while child < raw.next as usize {
                    items.extend(self.node(child, &path.index(index)));
                    (child, index) = (nodes[child].next as usize, index + 1);
                }
                Kind::Sequence(items)
            }
            What::Mapping => Kind::Mapping(self.mapping(at, path, first)),
            What::Alias(_) => match self.target(at) {
                Some(target) => {
                    let source = self.span(target);
                    self.borrow(|| Borrowed {
                        path: path.to_path(),
                        alias: span,
                        source,
                        merge: false,
                        hidden: Vec::new(),
                    });
                    return self.node(target, path);
                }
                None => {
                    self.report(first, || {
                        Diagnostic::new(Code::AliasCycle, span, "an alias is used inside its own anchor")
                            .at(path)
                            .note("this would contain itself")
                    });
                    Kind::Invalid
                }
            },
            What::Unresolved => {
                self.unresolved(at, path, first, false);
                Kind::Invalid
            }
        };
        Some(Node { span, kind })
    }

    /// Records what an alias brings in, when that is wanted.
    fn borrow(&mut self, borrowed: impl FnOnce() -> Borrowed) {
        if let Some(list) = &mut self.borrowed {
            list.push(borrowed());
        }
    }

    /// The node an alias stands for, through any further aliases; `None` inside its own anchor.
    fn target(&self, at: usize) -> Option<usize> {
        let mut here = at;
        while let What::Alias(target) = self.nodes[here].what {
            let target = target as usize;
            if target < here && here < self.nodes[target].next as usize {
                return None;
            }
            here = target;
        }
        Some(here)
    }

    /// Reports an alias of nothing; `merge` tells whether it stands where only a mapping can.
    fn unresolved(&mut self, at: usize, path: &PathRef<'_>, first: bool, merge: bool) {
        let (span, name) = (self.span(at), self.written(at).chars().skip(1).collect::<String>());
        let names = self.names;
        self.report(first, || {
            let message = format!("no anchor `&{name}` is defined before this alias");
            let finding = Diagnostic::new(Code::UnknownAnchor, span, message).at(path);
            match suggest::nearest(&name, names.keys().map(String::as_str)) {
                Some(near) => finding
                    .label(names[near], "a similar name is here")
                    .help(format!("did you mean `*{near}`?")),
                None => match names.get(&name) {
                    Some(later) => finding
                        .label(*later, "the anchor comes only here")
                        .help("an anchor must stand before its aliases, in the same document"),
                    None if merge => finding.help(known_anchors(span, names)),
                    None => finding.help("put text that begins with `*` in quotes"),
                },
            }
        });
    }

    fn mapping(&mut self, at: usize, path: &PathRef<'_>, first: bool) -> Mapping {
        let nodes = self.nodes;
        let end = nodes[at].next as usize;
        let mut map = Mapping::new();
        // Keys that are written but have no entry: `<<`, and those `!reset` took out.
        let mut gone: HashMap<String, Span> = HashMap::new();
        let mut merge: Option<usize> = None;
        let mut key_at = at + 1;
        while key_at < end {
            let value_at = nodes[key_at].next as usize;
            if value_at >= end {
                break;
            }
            let span = self.span(key_at);
            let key = self.key(key_at, path);
            let name = match &key {
                KeyText::Text(text) => Some(text.as_str()),
                KeyText::Merge => Some("<<"),
                KeyText::Unusable => None,
            };
            let earlier = name.and_then(|name| {
                map.entry(name).map(|entry| entry.key.span).or_else(|| gone.get(name).copied())
            });
            if let (Some(name), Some(earlier)) = (name, earlier) {
                self.report(first, || {
                    Diagnostic::new(Code::DuplicateKey, span, format!("the key `{name}` is here twice"))
                        .at(path.key(name))
                        .note("again")
                        .label(earlier, "first")
                        .help("keep one of them; a mapping has each key once")
                });
                self.only_findings(value_at, &path.key(name));
            } else {
                match key {
                    KeyText::Text(text) => match self.node(value_at, &path.key(&text)) {
                        Some(value) => {
                            map.insert(Key { text, span }, value);
                        }
                        None => {
                            gone.insert(text, span);
                        }
                    },
                    KeyText::Merge => {
                        gone.insert("<<".to_owned(), span);
                        merge = Some(value_at);
                    }
                    KeyText::Unusable => self.only_findings(value_at, path),
                }
            }
            key_at = nodes[value_at].next as usize;
        }
        if let Some(source) = merge {
            self.merge(source, &mut map, path);
        }
        map
    }

    /// Builds a value that has no place in the tree, for its findings.
    fn only_findings(&mut self, at: usize, path: &PathRef<'_>) {
        let tagged = self.tagged.len();
        self.node(at, path);
        self.tagged.truncate(tagged);
    }

    /// Adds what a merge key's value holds; the keys that are there already win.
    fn merge(&mut self, at: usize, map: &mut Mapping, path: &PathRef<'_>) {
        let source = match self.node_of_alias(at, path) {
            Some(source) => source,
            None => return,
        };
        let nodes = self.nodes;
        match nodes[source].what {
            What::Mapping => self.merge_mapping(source, self.span(at), map, path),
            What::Sequence => {
                for item in self.children(source).collect::<Vec<_>>() {
                    let Some(mapping) = self.node_of_alias(item, path) else { continue };
                    match nodes[mapping].what {
                        What::Mapping => self.merge_mapping(mapping, self.span(item), map, path),
                        _ if source == at => self.bad_merge(item, path),
                        // The list is written elsewhere and may be right there: the mistake is to merge it here.
                        _ => return self.bad_merge_list(at, item, path),
                    }
                }
            }
            _ => self.bad_merge(at, path),
        }
    }

    /// The node itself, or the one its alias stands for; findings when there is none.
    fn node_of_alias(&mut self, at: usize, path: &PathRef<'_>) -> Option<usize> {
        match self.nodes[at].what {
            What::Alias(_) => {
                let target = self.target(at);
                if target.is_none() {
                    self.node(at, path);
                }
                target
            }
            What::Unresolved => {
                let first = !std::mem::replace(&mut self.seen[at], true);
                self.unresolved(at, path, first, true);
                None
            }
            _ => Some(at),
        }
    }

    fn merge_mapping(&mut self, source: usize, alias: Span, map: &mut Mapping, path: &PathRef<'_>) {
        let Some(Node { kind: Kind::Mapping(merged), span }) = self.node(source, path) else { return };
        let mut hidden = Vec::new();
        for entry in merged {
            if !map.contains_key(&entry.key.text) {
                map.insert(entry.key, entry.value);
            } else if self.borrowed.is_some() {
                hidden.push((entry.key.text, entry.value));
            }
        }
        self.borrow(|| Borrowed { path: path.to_path(), alias, source: span, merge: true, hidden });
    }

    /// What a node that can't be merged is, with its article.
    fn noun(&self, at: usize) -> &'static str {
        match &self.nodes[self.target(at).unwrap_or(at)].what {
            What::Scalar(text, true) => scalar::resolve_plain(text).name(),
            What::Sequence => "a list",
            _ => "a string",
        }
    }

    /// Reports a merge key at `at` whose alias stands for a list with an item that is no mapping.
    fn bad_merge_list(&mut self, at: usize, item: usize, path: &PathRef<'_>) {
        let first = !std::mem::replace(&mut self.seen[at], true);
        let (span, place) = (self.span(at), self.span(item));
        let (alias, is) = (self.written(at).to_owned(), self.noun(item));
        self.report(first, || {
            let message =
                format!("`<<` takes a mapping or a list of mappings; `{alias}` is a list with {is} in it");
            let finding =
                Diagnostic::new(Code::MergeKey, span, message).at(path).label(place, format!("{is} here"));
            match path {
                PathRef::Key(_, key) => finding
                    .help(format!("write `{key}: {alias}` to take the list as it is, without other keys")),
                _ => finding.help("write a mapping after the anchor"),
            }
        });
    }

    fn bad_merge(&mut self, at: usize, path: &PathRef<'_>) {
        let first = !std::mem::replace(&mut self.seen[at], true);
        let span = self.span(at);
        let is = self.noun(at);
        self.report(first, || {
            Diagnostic::new(
                Code::MergeKey,
                span,
                format!("`<<` takes a mapping or a list of mappings, not {is}"),
            )
            .at(path)
            .help("write `<<: *name`, where `&name` is the anchor of a mapping")
        });
    }

    fn key(&mut self, at: usize, path: &PathRef<'_>) -> KeyText {
        let first = !std::mem::replace(&mut self.seen[at], true);
        let span = self.span(at);
        let nodes = self.nodes;
        if matches!(nodes[at].what, What::Unresolved) {
            self.unresolved(at, path, first, false);
            return KeyText::Unusable;
        }
        let Some(target) = self.target(at) else {
            self.report(first, || {
                Diagnostic::new(Code::AliasCycle, span, "an alias is used inside its own anchor").at(path)
            });
            return KeyText::Unusable;
        };
        let raw = &nodes[target];
        let is = match (&raw.what, &raw.tag) {
            (What::Scalar(text, true), None) => {
                if text == "<<" {
                    return KeyText::Merge;
                }
                match scalar::resolve_plain(text) {
                    Kind::String(text) => return KeyText::Text(text),
                    other => other.name(),
                }
            }
            (What::Scalar(text, false), None) => return KeyText::Text(text.to_string()),
            (What::Scalar(_, _), Some(tag)) if tag.name == tags::MERGE => return KeyText::Merge,
            (What::Scalar(text, _), Some(tag)) => match tags::scalar(&tag.name, text) {
                Ok(Kind::String(text)) => return KeyText::Text(text),
                Ok(other) => other.name(),
                Err(_) => "an invalid value",
            },
            (What::Sequence, _) => "a list",
            _ => "a mapping",
        };
        let scalar = matches!(raw.what, What::Scalar(..));
        let written = self.written(at).to_owned();
        self.report(first, || {
            let finding = if written.is_empty() {
                Diagnostic::new(Code::NonStringKey, span, "a mapping key is empty").at(path)
            } else if scalar {
                let message = format!("the mapping key `{written}` is {is}, not a string");
                Diagnostic::new(Code::NonStringKey, span, message).at(path)
            } else {
                let message = format!("a mapping key is {is}, not a string");
                Diagnostic::new(Code::NonStringKey, span, message).at(path)
            };
            if scalar && !written.is_empty() && !written.contains(['"', '\'', '*', '!', '\\', '\n']) {
                finding.help("put the key in quotes").edit(span, format!("\"{written}\""))
            } else if written.starts_with(['{', '[']) {
                finding.help("put text that begins with `{` or `[` in quotes")
            } else {
                finding
            }
        });
        KeyText::Unusable
    }
}
