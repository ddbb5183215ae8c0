//! Paths in trees: the printed one and the one it was read from, which write some things differently.

use crate::yaml::{Found, Kind, Node, Path, Segment};

/// How far a path leads.
pub(super) struct Miss<'a> {
    /// The part of it that is there.
    pub found: Path,
    /// What stands there.
    pub node: &'a Node,
}

/// The nodes on the way to a path, from the top on, as far as there are any. In lists of `key=value` texts,
/// keys find their item.
pub(super) fn trail<'a>(root: &'a Node, path: &Path) -> Vec<Found<'a>> {
    let mut nodes = vec![Found::top(root)];
    for segment in &path.0 {
        let Some(next) = nodes.last().and_then(|last| last.step(segment)) else { break };
        nodes.push(next);
    }
    nodes
}

/// Follows a path as people write it: keys with dots may go without their quotes.
pub(super) fn resolve<'a>(root: &'a Node, segments: &[Segment]) -> Result<(Path, &'a Node), Miss<'a>> {
    let mut best = Miss { found: Path::default(), node: root };
    match follow(root, segments, &mut Path::default(), &mut best) {
        Some(found) => Ok(found),
        None => Err(best),
    }
}

fn follow<'a>(
    node: &'a Node,
    rest: &[Segment],
    path: &mut Path,
    best: &mut Miss<'a>,
) -> Option<(Path, &'a Node)> {
    if path.0.len() > best.found.0.len() {
        *best = Miss { found: path.clone(), node };
    }
    let Some(first) = rest.first() else { return Some((path.clone(), node)) };
    let mut name = String::new();
    for (at, segment) in rest.iter().enumerate() {
        let (wanted, taken) = match (segment, first) {
            (Segment::Key(key), Segment::Key(_)) => {
                name = if at == 0 { key.clone() } else { format!("{name}.{key}") };
                (Segment::Key(name.clone()), at + 1)
            }
            (Segment::Index(_), Segment::Index(_)) if at == 0 => (first.clone(), 1),
            _ => break,
        };
        if let Some(next) = Found::top(node).step(&wanted) {
            path.0.push(wanted);
            let found = follow(next.node, &rest[taken..], path, best);
            path.0.pop();
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// Hands every scalar and every empty collection to `take`, in the order of the tree.
pub(super) fn leaves(node: &Node, path: &mut Path, take: &mut dyn FnMut(&Path, &Node)) {
    match &node.kind {
        Kind::Mapping(map) if !map.is_empty() => {
            for entry in map {
                path.0.push(Segment::Key(entry.key.text.clone()));
                leaves(&entry.value, path, take);
                path.0.pop();
            }
        }
        Kind::Sequence(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                path.0.push(Segment::Index(at));
                leaves(item, path, take);
                path.0.pop();
            }
        }
        _ => take(path, node),
    }
}
