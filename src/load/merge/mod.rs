//! Laying a later value over an earlier one.
//!
//! In: two trees and their place in the model. Out: one tree, every part with the place of the file that
//! set it. What differs from "mappings merge, lists append, scalars replace" is a row in [`rules`].

mod convert;
mod reset;
mod rules;
mod unique;

pub use reset::{delete, reset};
pub use unique::{same_thing, unique};

pub(crate) use convert::{dependency, names_to_mapping};

use std::collections::HashMap;

use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::load::rule_table::Cursor;
use crate::yaml::{Entry, Key, Kind, Mapping, Node, PathRef};

use rules::Rule;

/// Lays `over` over `base`, both standing at `path`.
pub fn merge(base: Node, over: Node, path: &PathRef<'_>, diags: &mut Diagnostics) -> Node {
    let at = rules::MERGE.find(path);
    node(base, over, at, path, diags)
}

type At = Option<Cursor<'static, Rule>>;

fn node(base: Node, over: Node, at: At, path: &PathRef<'_>, diags: &mut Diagnostics) -> Node {
    match at.and_then(Cursor::rule) {
        Some(rule) if !base.is_invalid() && !over.is_invalid() => special(rule, base, over, at, path, diags),
        _ => generic(base, over, at, path, diags),
    }
}

fn generic(base: Node, over: Node, at: At, path: &PathRef<'_>, diags: &mut Diagnostics) -> Node {
    let Node { span, kind } = base;
    let whole = if span.is_some() { span } else { over.span };
    match (kind, over.kind) {
        (kind, Kind::Null) => Node { span, kind },
        (Kind::Mapping(base), Kind::Mapping(over)) => {
            Node::spanned(Kind::Mapping(mapping(base, over, at, path, diags)), whole)
        }
        (Kind::Sequence(base), Kind::Sequence(over)) => {
            Node::spanned(Kind::Sequence(append(base, over)), whole)
        }
        (Kind::Mapping(_) | Kind::Sequence(_) | Kind::Invalid, Kind::Invalid) => {
            Node::spanned(Kind::Invalid, over.span)
        }
        (Kind::Invalid, Kind::Mapping(_) | Kind::Sequence(_)) => Node::spanned(Kind::Invalid, span),
        (kind @ (Kind::Mapping(_) | Kind::Sequence(_)), over_kind) => {
            let (base, over) = (Node { span, kind }, Node { span: over.span, kind: over_kind });
            diags.push(cannot_override(&base, &over, path));
            Node::spanned(Kind::Invalid, over.span)
        }
        (_, kind) => Node { span: over.span, kind },
    }
}

fn cannot_override(base: &Node, over: &Node, path: &PathRef<'_>) -> Diagnostic {
    let finding = Diagnostic::new(Code::CannotMerge, over.span, format!("cannot override {path}"))
        .at(path)
        .note(format!("{} here", over.kind_name()));
    let finding = match base.span.is_some() {
        true => finding.label(base.span, format!("{} here", base.kind_name())),
        false => finding,
    };
    finding.help(format!(
        "write {} here too, or mark the value with `!override` to replace all of the earlier one",
        base.kind_name()
    ))
}

fn mapping(mut base: Mapping, over: Mapping, at: At, path: &PathRef<'_>, diags: &mut Diagnostics) -> Mapping {
    for Entry { key, value } in over {
        match base.get_mut(&key.text) {
            None => {
                base.insert(key, value);
            }
            Some(slot) => {
                let next = at.and_then(|at| at.key(&key.text));
                let earlier = std::mem::replace(slot, Node::new(Kind::Invalid));
                // A mapping or list that was added to keeps the place of its first file; what is
                // replaced takes the place of the last.
                let keeps_key = value.is_null()
                    || matches!(value.kind, Kind::Mapping(_) | Kind::Sequence(_)) && !earlier.is_null();
                let merged = node(earlier, value, next, &path.key(&key.text), diags);
                if keeps_key {
                    *slot = merged;
                } else {
                    base.insert(key, merged);
                }
            }
        }
    }
    base
}

/// Appends what isn't there yet.
fn append(mut base: Vec<Node>, over: Vec<Node>) -> Vec<Node> {
    let mut known: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, item) in base.iter().enumerate() {
        known.entry(item.likeness()).or_default().push(at);
    }
    for item in over {
        let alike = known.entry(item.likeness()).or_default();
        if !alike.iter().any(|at| base[*at].same(&item)) {
            alike.push(base.len());
            base.push(item);
        }
    }
    base
}

fn special(rule: Rule, base: Node, over: Node, at: At, path: &PathRef<'_>, diags: &mut Diagnostics) -> Node {
    let span = if base.span.is_some() { base.span } else { over.span };
    match rule {
        Rule::Replace => over,
        Rule::List => {
            let mut items = convert::to_list(base, path, diags);
            items.extend(convert::to_list(over, path, diags));
            Node::spanned(Kind::Sequence(unique::by_name(items)), span)
        }
        Rule::Hosts => {
            let base = convert::to_list(base, path, diags);
            let over = convert::to_list(over, path, diags);
            Node::spanned(Kind::Sequence(append(base, over)), span)
        }
        Rule::Build => {
            generic(convert::build_to_mapping(base), convert::build_to_mapping(over), at, path, diags)
        }
        Rule::DependsOn => {
            let base = convert::names_to_mapping(base, convert::dependency);
            generic(base, convert::names_to_mapping(over, convert::dependency), at, path, diags)
        }
        Rule::Names => {
            let base = convert::names_to_mapping(base, |span| Node::spanned(Kind::Null, span));
            let over = convert::names_to_mapping(over, |span| Node::spanned(Kind::Null, span));
            generic(base, over, at, path, diags)
        }
        Rule::Ssh => {
            let path_of = crate::load::canonical::ssh_to_mapping;
            generic(path_of(base), path_of(over), at, path, diags)
        }
        Rule::Logging => {
            let driver = |node: &Node| node.get("driver").and_then(Node::as_str).map(str::to_owned);
            match (driver(&base), driver(&over)) {
                (Some(a), Some(b)) if a != b => over,
                _ => generic(base, over, at, path, diags),
            }
        }
        Rule::Limit => match (&base.kind, &over.kind) {
            (Kind::Mapping(_), Kind::Mapping(_)) => generic(base, over, at, path, diags),
            _ => over,
        },
        Rule::Pools => pools(base, over, at, path, diags),
    }
}

/// Address pools of a later file take the place of the earlier ones; those of one subnet merge.
fn pools(base: Node, over: Node, at: At, path: &PathRef<'_>, diags: &mut Diagnostics) -> Node {
    let span = if base.span.is_some() { base.span } else { over.span };
    let (mut base, over) = match (base.kind, over.kind) {
        (Kind::Sequence(base), Kind::Sequence(over)) if !base.is_empty() => (base, over),
        (base_kind, over_kind) => {
            return generic(
                Node::spanned(base_kind, base.span),
                Node::spanned(over_kind, over.span),
                at,
                path,
                diags,
            );
        }
    };
    let subnet = |pool: &Node| pool.get("subnet").and_then(Node::as_str).map(str::to_owned);
    let mut pools: Vec<Node> = Vec::with_capacity(over.len());
    for pool in over {
        let (wanted, n) = (subnet(&pool), pools.len());
        let merged = match base.iter().position(|known| subnet(known) == wanted) {
            None => pool,
            Some(earlier) => {
                generic(base.remove(earlier), pool, at.and_then(Cursor::item), &path.index(n), diags)
            }
        };
        match pools.iter().position(|known| subnet(known) == wanted) {
            Some(known) => pools[known] = merged,
            None => pools.push(merged),
        }
    }
    Node::spanned(Kind::Sequence(pools), span)
}

/// Completes a hook before the start with what its service says, the hook's own words winning.
pub(crate) fn inherit(
    service: &Mapping,
    hook: Mapping,
    path: &PathRef<'_>,
    inherited: impl Fn(&str) -> bool,
    diags: &mut Diagnostics,
) -> Mapping {
    let base: Mapping = service
        .iter()
        .filter(|entry| inherited(&entry.key.text))
        .map(|entry| (Key { text: entry.key.text.clone(), span: entry.key.span }, entry.value.clone()))
        .collect();
    mapping(base, hook, rules::MERGE.find(path), path, diags)
}

#[cfg(test)]
mod tests;
