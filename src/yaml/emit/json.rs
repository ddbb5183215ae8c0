//! JSON as the reference's library writes it.

use std::fmt::Write as _;

use crate::base::number::json_f64;
use crate::yaml::{Kind, Node, scalar};

/// JSON with each level indented by `indent` spaces, keys in the tree's own order, no final newline.
pub fn to_json(node: &Node, indent: usize) -> String {
    let mut out = String::new();
    write(node, Some(indent), 0, &mut out);
    out
}

/// JSON without any white space, the form that is hashed.
pub fn to_json_compact(node: &Node) -> String {
    let mut out = String::new();
    write(node, None, 0, &mut out);
    out
}

fn write(node: &Node, indent: Option<usize>, level: usize, out: &mut String) {
    match &node.kind {
        Kind::Null | Kind::Invalid => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Int(value) => display(value, out),
        Kind::UInt(value) => display(value, out),
        Kind::Float(value) => out.push_str(&json_f64(*value)),
        Kind::Timestamp(text) => string(&scalar::rfc3339(text), out),
        Kind::String(text) => string(text, out),
        Kind::Sequence(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, indent, level + 1, out);
                write(item, indent, level + 1, out);
            }
            close(items.is_empty(), ']', indent, level, out);
        }
        Kind::Mapping(map) => {
            out.push('{');
            for (at, entry) in map.iter().enumerate() {
                separate(at, indent, level + 1, out);
                string(&entry.key.text, out);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(&entry.value, indent, level + 1, out);
            }
            close(map.is_empty(), '}', indent, level, out);
        }
    }
}

fn display(value: &dyn std::fmt::Display, out: &mut String) {
    // Writing to a string can't fail.
    let _ = write!(out, "{value}");
}

fn separate(at: usize, indent: Option<usize>, level: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
    line(indent, level, out);
}

fn close(empty: bool, bracket: char, indent: Option<usize>, level: usize, out: &mut String) {
    if !empty {
        line(indent, level, out);
    }
    out.push(bracket);
}

fn line(indent: Option<usize>, level: usize, out: &mut String) {
    if let Some(indent) = indent {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent * level));
    }
}

/// A string in quotes; characters that could end a script or a line are escaped, too.
fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let escape = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + c.len_utf8();
        if escape.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Span;
    use crate::yaml::{Key, Mapping};

    #[test]
    fn strings_numbers_and_layout() {
        let string = |text: &str| Node::string(text, Span::NONE);
        let list = Node::new(Kind::Sequence(vec![
            string("a<b>&\"\\\n\u{1}\u{7f}\u{2028}é"),
            Node::new(Kind::Float(1e21)),
            Node::new(Kind::Float(100_000_000.0)),
            Node::new(Kind::Float(1e-7)),
            Node::new(Kind::UInt(u64::MAX)),
            Node::new(Kind::Sequence(Vec::new())),
            Node::new(Kind::Timestamp("2001-1-1".into())),
        ]));
        assert_eq!(
            to_json_compact(&list),
            "[\"a\\u003cb\\u003e\\u0026\\\"\\\\\\n\\u0001\u{7f}\\u2028é\",1e+21,100000000,1e-7,18446744073709551615,[],\"2001-01-01T00:00:00Z\"]"
        );
        let map: Mapping = [
            (Key::new("b"), Node::new(Kind::Mapping(Mapping::new()))),
            (Key::new("a"), Node::new(Kind::Sequence(vec![Node::null()]))),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            to_json(&Node::new(Kind::Mapping(map)), 2),
            "{\n  \"b\": {},\n  \"a\": [\n    null\n  ]\n}"
        );
    }
}
