//! Devices: `SOURCE[:TARGET[:PERMISSIONS]]`.

use super::long;
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::yaml::{Kind, Node, PathRef};

/// Where a short text puts the device; none when it can't be read.
pub(crate) fn target(text: &str) -> Option<String> {
    read(text).map(|(_, target, _)| target.to_owned())
}

fn read(text: &str) -> Option<(&str, &str, &str)> {
    let fields: Vec<&str> = text.split(':').collect();
    let full = |field: &'_ str| !field.is_empty();
    match fields.as_slice() {
        [source] => Some((source, source, "rwm")),
        [source, target] => Some((source, if full(target) { target } else { source }, "rwm")),
        [source, target, permissions] => {
            Some((source, if full(target) { target } else { source }, permissions))
        }
        _ => None,
    }
}

pub(super) fn transform(node: &mut Node, path: &PathRef<'_>, lenient: bool, diags: &mut Diagnostics) {
    let Kind::String(text) = &node.kind else { return };
    let span = node.span;
    match read(text) {
        Some((source, target, permissions)) => {
            *node = long(
                span,
                [
                    ("source", Node::string(source, span)),
                    ("target", Node::string(target, span)),
                    ("permissions", Node::string(permissions, span)),
                ],
            );
        }
        None if lenient => {}
        None => {
            let message = format!("confusing device mapping, please use long syntax: {text}");
            diags.push(
                Diagnostic::new(Code::Device, span, message)
                    .at(path)
                    .help("the short form is `source[:target[:permissions]]`"),
            );
            node.kind = Kind::Invalid;
        }
    }
}
