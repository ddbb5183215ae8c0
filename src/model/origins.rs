//! Where the fields of the typed project were written.

use std::sync::Arc;

use crate::diag::Span;
use crate::yaml::{Found, Node, Path, PathRef, Segment};

/// The part of the tree an object was read from. It costs nothing until it is asked: the tree is shared
/// and looked through on demand.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    root: Option<Arc<Node>>,
    path: Path,
}

impl Origins {
    /// The places of everything below `path` in the tree.
    pub fn new(root: &Arc<Node>, path: Path) -> Origins {
        Origins { root: Some(Arc::clone(root)), path }
    }

    /// The path of the object itself: `services.web`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path from the top of what is at a path below the object.
    pub fn full(&self, below: PathRef<'_>) -> Path {
        self.path.clone().join(below)
    }

    /// The place of the object's key.
    pub fn span(&self) -> Span {
        self.find(&[]).map_or(Span::NONE, |found| found.key_span())
    }

    /// The place of the key or list item at a path below the object; where the files say nothing about
    /// it, the nearest thing around it that they do say something about.
    pub fn key(&self, path: PathRef<'_>) -> Span {
        self.nearest(path, |found| found.key_span())
    }

    /// The place of the value at a path below the object, or the nearest thing around it.
    pub fn value(&self, path: PathRef<'_>) -> Span {
        self.nearest(path, |found| found.node.span)
    }

    /// The node at a path below the object. In lists of `key=value` texts, keys find their item.
    pub fn node(&self, path: PathRef<'_>) -> Option<&Node> {
        self.find(&path.to_path().0).map(|found| found.node)
    }

    fn nearest(&self, path: PathRef<'_>, place: impl Fn(&Found<'_>) -> Span) -> Span {
        let segments = path.to_path().0;
        (0..=segments.len())
            .rev()
            .filter_map(|length| self.find(&segments[..length]))
            .map(|found| place(&found))
            .find(|span| span.is_some())
            .unwrap_or(Span::NONE)
    }

    fn find(&self, below: &[Segment]) -> Option<Found<'_>> {
        let root = self.root.as_deref()?;
        self.path.0.iter().chain(below).try_fold(Found::top(root), |at, segment| at.step(segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::FileId;
    use crate::yaml::{Key, Kind, Mapping};

    #[test]
    fn the_nearest_known_place_is_found() {
        let at = |n| Span::new(FileId(0), n, n + 1);
        let map = |entries: Vec<(&str, usize, Node)>| {
            let map: Mapping =
                entries.into_iter().map(|(k, n, v)| (Key { text: k.into(), span: at(n) }, v)).collect();
            Node::spanned(Kind::Mapping(map), at(90))
        };
        let list =
            Node::spanned(Kind::Sequence(vec![Node::string("A=1", at(7)), Node::string("AB", at(8))]), at(6));
        let web = map(vec![("environment", 5, list), ("image", 9, Node::string("x", at(10)))]);
        let root = Arc::new(map(vec![("services", 1, map(vec![("web", 2, web)]))]));
        let path = PathRef::Root.key("services").key("web").to_path();
        let origins = Origins::new(&root, path);
        assert_eq!(origins.span(), at(2));
        assert_eq!(origins.key(PathRef::Root.key("environment").key("AB")), at(8));
        assert_eq!(origins.key(PathRef::Root.key("environment").key("C")), at(5));
        assert_eq!(origins.value(PathRef::Root.key("image")), at(10));
        assert_eq!(origins.value(PathRef::Root.key("ports").index(3)), at(90));
        assert_eq!(Origins::default().span(), Span::NONE);
    }
}
