//! Lists that hold each thing once: the later item takes the earlier one's position.

use std::collections::HashMap;

use super::rules::{self, UniqueKey};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::load::canonical::{device_target, volume_target};
use crate::load::rule_table::Cursor;
use crate::yaml::{Kind, Node, PathRef, scalar};

/// Collapses every list of the model that must hold each thing once. Without `diags` items that can't be
/// told apart stay as they are: the schema may have a better word for what is wrong with them.
pub fn unique(root: &mut Node, diags: Option<&mut Diagnostics>) {
    let tell = diags.is_some();
    let mut faults = Diagnostics::new();
    rules::UNIQUE.visit(root, &mut |node, rule, path| {
        if let Kind::Sequence(items) = &mut node.kind {
            collapse(items, rule, path, tell.then_some(&mut faults));
        }
    });
    if let Some(diags) = diags {
        diags.absorb_missing(faults);
    }
}

/// Whether a list at this path that must hold each thing once takes two items for one thing.
pub fn same_thing(path: &PathRef<'_>, a: &Node, b: &Node) -> bool {
    let key = |item, rule| key_of(item, rule).ok().flatten();
    match rules::UNIQUE.find(path).and_then(Cursor::rule) {
        Some(rule) => key(a, rule).is_some_and(|a| key(b, rule) == Some(a)),
        None => false,
    }
}

fn collapse(
    items: &mut Vec<Node>,
    rule: UniqueKey,
    path: &PathRef<'_>,
    mut faults: Option<&mut Diagnostics>,
) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    for (at, mut item) in std::mem::take(items).into_iter().enumerate() {
        match key_of(&item, rule) {
            Ok(None) => kept.push(item),
            Ok(Some(key)) => match seen.get(&key) {
                Some(position) => kept[*position] = item,
                None => {
                    seen.insert(key, kept.len());
                    kept.push(item);
                }
            },
            Err((code, message)) => {
                if let Some(faults) = &mut faults {
                    let place = path.index(at);
                    let message = message.replace("{}", &place.to_string());
                    faults.push(Diagnostic::new(code, item.span, message).at(place));
                    item.kind = Kind::Invalid;
                }
                kept.push(item);
            }
        }
    }
    *items = kept;
}

/// Collapses by the text before `=`; of what is no text, the very same counts once.
pub(super) fn by_name(items: Vec<Node>) -> Vec<Node> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Node> = Vec::with_capacity(items.len());
    for item in items {
        match item.as_str().map(|text| text.split('=').next().unwrap_or(text)) {
            None if kept.iter().any(|known| known.same(&item)) => {}
            None => kept.push(item),
            Some(name) => match seen.get(name) {
                Some(position) => kept[*position] = item,
                None => {
                    seen.insert(name.to_owned(), kept.len());
                    kept.push(item);
                }
            },
        }
    }
    kept
}

type Fault = (Code, &'static str);

/// The key of an item; none for what the schema will refuse. `{}` in a fault stands for the item's path.
fn key_of(item: &Node, rule: UniqueKey) -> Result<Option<String>, Fault> {
    let text = item.as_str();
    let field = |name: &str| item.get(name).and_then(scalar::text_of);
    let is_mapping = item.as_mapping().is_some();
    Ok(match rule {
        // A date is text to the schema, but no text by its type.
        UniqueKey::Name if matches!(item.kind, Kind::Timestamp(_)) => {
            return Err((Code::WrongType, "{}: unexpected type: a date must be in quotes here"));
        }
        UniqueKey::Name => text.map(|text| text.split('=').next().unwrap_or(text).to_owned()),
        UniqueKey::Volume => match text {
            Some(text) => volume_target(text),
            None if !is_mapping => None,
            None => match item.get("target") {
                Some(target) => scalar::text_of(target),
                None => return Err((Code::MountTarget, "service volume {} is missing a mount target")),
            },
        },
        UniqueKey::Device => match text {
            Some(text) => device_target(text),
            None if !is_mapping => None,
            None => match item.get("target") {
                Some(target) => scalar::text_of(target),
                None => return Err((Code::MountTarget, "service device {} is missing a mount target")),
            },
        },
        UniqueKey::Port => match is_mapping {
            false => scalar::text_of(item),
            true => {
                let target = match item.get("target") {
                    Some(target) => scalar::text_of(target),
                    None => return Err((Code::Port, "service ports {} is missing a target port")),
                };
                // A number and a text are told apart, as the reference does. A short form that can't be read yet
                // is the same as the long form it writes out.
                let published = item.get("published").map(|node| match node.as_str() {
                    Some(text) => text.to_owned(),
                    None => format!("{}#", scalar::text_of(node).unwrap_or_default()),
                });
                let host = field("host_ip").unwrap_or_else(|| "0.0.0.0".to_owned());
                let protocol = field("protocol").unwrap_or_else(|| "tcp".to_owned());
                target.map(|target| {
                    format!("{host}:{}:{target}/{protocol}", published.as_deref().unwrap_or_default())
                })
            }
        },
        UniqueKey::Secret | UniqueKey::Config => {
            let folder = if rule == UniqueKey::Secret { "/run/secrets/" } else { "/" };
            match text {
                Some(name) => Some(format!("{folder}{name}")),
                None => {
                    let source = || field("source").map(|source| format!("{folder}{source}"));
                    field("target").or_else(source)
                }
            }
        }
        UniqueKey::EnvFile => match text {
            Some(path) => Some(path.to_owned()),
            None if !is_mapping => None,
            None => match item.get("path") {
                Some(path) => scalar::text_of(path),
                None => {
                    return Err((Code::MissingKey, "environment path attribute {} is missing"));
                }
            },
        },
        UniqueKey::Expose => match &item.kind {
            Kind::Int(_) | Kind::String(_) => scalar::text_of(item),
            _ => None,
        },
    })
}
