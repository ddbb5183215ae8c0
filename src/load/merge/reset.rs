//! What `!reset` and `!override` do to the files before: their paths are deleted there.

use crate::yaml::{Node, Path, Segment};

/// Deletes every path that is there.
pub fn reset<'p>(root: &mut Node, paths: impl IntoIterator<Item = &'p Path>) {
    for path in paths {
        delete(root, &path.0);
    }
}

/// Deletes one path, given as segments from `root`. Only keys of mappings are deleted, never items of lists.
pub fn delete(root: &mut Node, segments: &[Segment]) {
    let Some((Segment::Key(last), parents)) = segments.split_last() else { return };
    let mut node = root;
    for segment in parents {
        let Segment::Key(key) = segment else { return };
        match node.get_mut(key) {
            Some(next) => node = next,
            None => return,
        }
    }
    if let Some(map) = node.as_mapping_mut() {
        map.remove(last);
    }
}
