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

/// The reference reads an expression with a word together with what follows it on its line, up to the last
/// brace, and tells what is in there first. It matters where one name has several defaults.
fn scan(text: &str, part: Range<usize>, depth: usize, span: Span, found: &mut Vec<VariableUse>) {
    if depth > super::MAX_DEPTH {
        return;
    }
    let mut waiting: Vec<(VariableUse, Option<Range<usize>>)> = Vec::new();
    let mut line_end = part.start;
    for piece in Pieces::new(text, part.clone()) {
        let (name, word, range) = match piece {
            Piece::Variable { name, word, range } => (&text[name], word, range),
            // An expression that is none has a row too, without a name.
            Piece::Invalid { range, .. } => ("", None, range),
            _ => continue,
        };
        if range.start >= line_end {
            tell(text, &mut waiting, depth, span, found);
        }
        let mut usage = VariableUse {
            name: name.to_owned(),
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
        if waiting.is_empty() {
            let line = text[range.end..part.end].split('\n').next().unwrap_or_default();
            line_end = range.end + line.rfind('}').map_or(0, |at| at + 1);
        }
        let nested = (!usage.required).then_some(word);
        waiting.push((usage, nested));
    }
    tell(text, &mut waiting, depth, span, found);
}

/// Tells the uses of a line that waited for those after them, each with what its word uses.
fn tell(
    text: &str,
    waiting: &mut Vec<(VariableUse, Option<Range<usize>>)>,
    depth: usize,
    span: Span,
    found: &mut Vec<VariableUse>,
) {
    for (usage, word) in waiting.drain(..).rev() {
        found.push(usage);
        if let Some(word) = word {
            scan(text, word, depth + 1, span, found);
        }
    }
}
