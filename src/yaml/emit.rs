//! Text of trees: YAML and JSON, byte for byte as the reference prints them.

mod json;
mod order;
mod style;
mod text;

pub use json::{to_json, to_json_compact};
pub use order::natural_cmp;

use super::{Key, Kind, Mapping, Node, scalar};
use crate::base::number::format_f64;
use style::Style;
use text::Text;

/// YAML in block style, keys in the tree's own order, with a final newline.
pub fn to_yaml(node: &Node) -> String {
    to_yaml_with_remarks(node, Vec::new())
}

/// Like [`to_yaml`], with a comment behind each scalar and each empty collection that has one. `remarks`
/// has an item for each of them, in the order of the tree; none leaves its line as it is.
pub fn to_yaml_with_remarks(node: &Node, remarks: Vec<Option<String>>) -> String {
    let mut out = Text::with_remarks(remarks);
    match &node.kind {
        Kind::Mapping(map) if !map.is_empty() => mapping(map, 0, true, &mut out),
        Kind::Sequence(items) if !items.is_empty() => sequence(items, 0, true, &mut out),
        _ => value(node, 0, &mut out),
    }
    out.finish()
}

/// A string as a YAML value, quoted when it needs to be; for one line of text put together by hand.
pub fn scalar(text: &str) -> String {
    let mut out = Text::new();
    let style = match style::Facts::of(text).style(text) {
        Style::Literal => Style::Double,
        style => style,
    };
    string(text, style, None, &mut out);
    out.into_string()
}

/// Further levels stand two columns to the right.
const STEP: usize = 2;

/// A key longer than this is written behind `?`, the value on the next line behind `:`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Entries from column `indent` on; `inline` when the first stands on the line begun already.
fn mapping(map: &Mapping, indent: usize, inline: bool, out: &mut Text) {
    for (at, entry) in map.iter().enumerate() {
        if at > 0 || !inline {
            out.line(indent);
        }
        if key(&entry.key, indent, out) {
            out.push(":");
            match &entry.value.kind {
                Kind::Mapping(map) if !map.is_empty() => mapping(map, indent + STEP, false, out),
                Kind::Sequence(items) if !items.is_empty() => sequence(items, indent + STEP, false, out),
                _ => {
                    out.push(" ");
                    value(&entry.value, indent + STEP, out);
                }
            }
        } else {
            out.line(indent);
            out.push(": ");
            inline_value(&entry.value, indent + STEP, out);
        }
    }
}

/// Items from column `indent` on; `inline` when the first stands on the line begun already.
fn sequence(items: &[Node], indent: usize, inline: bool, out: &mut Text) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 || !inline {
            out.line(indent);
        }
        out.push("- ");
        inline_value(item, indent + STEP, out);
    }
}

/// A value behind `- ` or `: `, where a collection begins on the same line.
fn inline_value(node: &Node, indent: usize, out: &mut Text) {
    match &node.kind {
        Kind::Mapping(map) if !map.is_empty() => mapping(map, indent, true, out),
        Kind::Sequence(items) if !items.is_empty() => sequence(items, indent, true, out),
        _ => value(node, indent, out),
    }
}

/// Writes a key; false when it is written behind `?`.
fn key(key: &Key, indent: usize, out: &mut Text) -> bool {
    let facts = style::Facts::of(&key.text);
    let style = facts.style(&key.text);
    if facts.multiline || key.text.len() > LONGEST_SIMPLE_KEY {
        out.push("? ");
        string(&key.text, style, Some(indent + STEP), out);
        return false;
    }
    string(&key.text, style, None, out);
    true
}

/// A scalar or an empty collection; further lines of a scalar begin at column `indent`.
fn value(node: &Node, indent: usize, out: &mut Text) {
    match &node.kind {
        Kind::Null | Kind::Invalid => out.push("null"),
        Kind::Bool(value) => out.push(if *value { "true" } else { "false" }),
        Kind::Int(value) => out.display(value),
        Kind::UInt(value) => out.display(value),
        Kind::Float(value) if value.is_nan() => out.push(".nan"),
        Kind::Float(value) if value.is_infinite() => out.push(if *value > 0.0 { ".inf" } else { "-.inf" }),
        Kind::Float(value) => out.push(&format_f64(*value)),
        Kind::Timestamp(text) => out.push(&scalar::rfc3339(text)),
        Kind::String(text) => {
            let style = style::Facts::of(text).style(text);
            string(text, style, Some(indent), out);
            // A block's comment stands behind its header.
            if style == Style::Literal {
                return;
            }
        }
        Kind::Sequence(_) => out.push("[]"),
        Kind::Mapping(_) => out.push("{}"),
    }
    out.remark();
}

/// A string in its style; without an indentation it stays on its line.
fn string(text: &str, style: Style, fold: Option<usize>, out: &mut Text) {
    // At the left edge a further line could look like the mark of a document.
    let inner = fold.map(|indent| indent.max(STEP));
    match style {
        Style::Plain => out.plain(text, inner),
        Style::Single => out.single_quoted(text, inner),
        Style::Double => out.double_quoted(text, inner),
        Style::Literal => out.literal(text, inner.unwrap_or_default(), STEP),
    }
}

#[cfg(test)]
mod tests;
