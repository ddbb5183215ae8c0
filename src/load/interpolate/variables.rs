//! The variables a tree uses, for `config --variables`.

use std::ops::Range;

use crate::diag::Span;
use crate::yaml::{Kind, Node};

use super::template::{Operator, Piece, Pieces};

/// One use of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse {
    /// The variable.
    pub name: String,
    /// The word after `-` or `:-`, as written; empty when there is none.
    pub default: String,
    /// The word after `+` or `:+`, as written; empty when there is none.
    pub alternate: String,
    /// Whether `?` or `:?` demands a value.
    pub required: bool,
    /// The scalar that uses it.
    pub span: Span,
}

/// Every use in every string value, in the order of the tree, also those in words that may go unused.
pub fn variables(root: &Node) -> Vec<VariableUse> {
    let mut found = Vec::new();
    collect(root, &mut found);
    found
}

fn collect(node: &Node, found: &mut Vec<VariableUse>) {
    match &node.kind {
        Kind::Mapping(map) => map.values().for_each(|value| collect(value, found)),
        Kind::Sequence(items) => items.iter().for_each(|item| collect(item, found)),
        Kind::String(text) if text.contains('$') => scan(text, 0..text.len(), 0, node.span, found),
        _ => {}
    }
}

fn scan(text: &str, part: Range<usize>, depth: usize, span: Span, found: &mut Vec<VariableUse>) {
    if depth > super::MAX_DEPTH {
        return;
    }
    for piece in Pieces::new(text, part) {
        let Piece::Variable { name, word, .. } = piece else { continue };
        let mut usage = VariableUse {
            name: text[name].to_owned(),
            default: String::new(),
            alternate: String::new(),
            required: false,
            span,
        };
        let Some((operator, word)) = word else {
            found.push(usage);
            continue;
        };
        let words = text[word.clone()].to_owned();
        match operator {
            Operator::Default | Operator::DefaultIfEmpty => usage.default = words,
            Operator::Alternate | Operator::AlternateIfFull => usage.alternate = words,
            Operator::Required | Operator::RequiredFull => usage.required = true,
        }
        let nested = !usage.required;
        found.push(usage);
        if nested {
            scan(text, word, depth + 1, span, found);
        }
    }
}
