//! Two ways of writing one thing, made alike before they merge.

use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::yaml::{Entry, Key, Kind, Mapping, Node, PathRef, scalar};

/// The bytes of a key and its value, when they stand together.
fn entry_span(entry: &Entry) -> Span {
    let (key, value) = (entry.key.span, entry.value.span);
    match key.is_some() && key.file == value.file && key.start <= value.end {
        true => Span { end: value.end, ..key },
        false if key.is_some() => key,
        false => value,
    }
}

/// A list of text: a mapping gives `key=value`, sorted; a lone scalar a list of one.
pub(super) fn to_list(node: Node, path: &PathRef<'_>, diags: &mut Diagnostics) -> Vec<Node> {
    let map = match node.kind {
        Kind::Sequence(items) => return items,
        Kind::Mapping(map) => map,
        Kind::Null => return Vec::new(),
        kind => return vec![Node { span: node.span, kind }],
    };
    let mut items = Vec::with_capacity(map.len());
    for entry in map {
        let span = entry_span(&entry);
        let Entry { key, value } = entry;
        match value.kind {
            Kind::Null => items.push(Node::string(key.text, span)),
            Kind::Invalid => items.push(Node::spanned(Kind::Invalid, span)),
            Kind::Sequence(values) => {
                for value in values {
                    items.push(pair(&key, &value, span, path, diags));
                }
            }
            _ => items.push(pair(&key, &value, span, path, diags)),
        }
    }
    items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    items
}

fn pair(key: &Key, value: &Node, span: Span, path: &PathRef<'_>, diags: &mut Diagnostics) -> Node {
    match scalar::text_of(value) {
        Some(text) => Node::string(format!("{}={text}", key.text), span),
        None => {
            if matches!(value.kind, Kind::Mapping(_) | Kind::Sequence(_)) {
                let place = path.key(&key.text);
                let message = format!("{place} must be a boolean, null, number or string");
                diags.push(
                    Diagnostic::new(Code::WrongType, value.span, message)
                        .at(place)
                        .note(format!("{} here", value.kind_name())),
                );
            }
            Node::spanned(Kind::Invalid, span)
        }
    }
}

/// `build: dir` is `build: {context: dir}`.
pub(super) fn build_to_mapping(node: Node) -> Node {
    match node.kind {
        Kind::String(text) => {
            let context = Node::string(text, node.span);
            let map = Mapping::from_iter([(Key { text: "context".to_owned(), span: node.span }, context)]);
            Node::spanned(Kind::Mapping(map), node.span)
        }
        kind => Node { span: node.span, kind },
    }
}

/// The long form of a dependency that is only named.
pub(crate) fn dependency(span: Span) -> Node {
    let map = Mapping::from_iter([
        (Key { text: "condition".to_owned(), span }, Node::string("service_started", span)),
        (Key { text: "required".to_owned(), span }, Node::spanned(Kind::Bool(true), span)),
    ]);
    Node::spanned(Kind::Mapping(map), span)
}

/// A list of names as a mapping; a list with anything but names stays as it is, for the schema to tell.
pub(crate) fn names_to_mapping(node: Node, value: impl Fn(Span) -> Node) -> Node {
    match node.kind {
        Kind::Sequence(items) if items.iter().all(|item| item.as_str().is_some() || item.is_invalid()) => {
            let map = items
                .into_iter()
                .filter_map(|item| match item.kind {
                    Kind::String(text) => Some((Key { text, span: item.span }, value(item.span))),
                    _ => None,
                })
                .collect();
            Node::spanned(Kind::Mapping(map), node.span)
        }
        kind => Node { span: node.span, kind },
    }
}
