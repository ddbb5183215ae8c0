//! One step down a tree at a time, with the keys on the way.

use crate::diag::Span;
use crate::yaml::{Key, Kind, Node, Segment};

/// A node, and the key it stands under.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The key; items of lists and the top have none.
    pub key: Option<&'a Key>,
    /// The node.
    pub node: &'a Node,
}

impl<'a> Found<'a> {
    /// The top of a tree.
    pub fn top(node: &'a Node) -> Found<'a> {
        Found { key: None, node }
    }

    /// What is one step further down. In lists of `key=value` texts, keys find their item.
    pub fn step(self, segment: &Segment) -> Option<Found<'a>> {
        match (&self.node.kind, segment) {
            (Kind::Mapping(map), Segment::Key(key)) => {
                map.entry(key).map(|entry| Found { key: Some(&entry.key), node: &entry.value })
            }
            (Kind::Sequence(items), Segment::Index(at)) => items.get(*at).map(Found::top),
            (Kind::Sequence(items), Segment::Key(key)) => items
                .iter()
                .find(|item| {
                    let rest = item.as_str().and_then(|text| text.strip_prefix(key.as_str()));
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['=', ':']))
                })
                .map(Found::top),
            _ => None,
        }
    }

    /// The place of the key; of the node where there is none.
    pub fn key_span(&self) -> Span {
        self.key.map_or(self.node.span, |key| if key.span.is_some() { key.span } else { self.node.span })
    }
}
