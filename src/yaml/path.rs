//! Where a value stands in the tree: a list of segments, never a dotted string.

use std::fmt;

/// One step into the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// Under a key of a mapping.
    Key(String),
    /// At a position of a list, from 0.
    Index(usize),
}

/// A way into the tree, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Segment>);

/// A way into the tree, borrowed: what a recursive walk carries without allocating.
#[derive(Clone, Copy, Debug)]
pub enum PathRef<'a> {
    /// The top.
    Root,
    /// Under a key.
    Key(&'a PathRef<'a>, &'a str),
    /// At a position.
    Index(&'a PathRef<'a>, usize),
}

/// A path with `*` for "any one segment", as rules are written: `services.*.ports`.
/// A list item is matched by `*` too.
#[derive(Clone, Copy, Debug)]
pub struct Pattern(pub &'static [&'static str]);

impl<'a> PathRef<'a> {
    /// One step further, under a key.
    pub fn key(&'a self, key: &'a str) -> PathRef<'a> {
        PathRef::Key(self, key)
    }

    /// One step further, at a position.
    pub fn index(&'a self, at: usize) -> PathRef<'a> {
        PathRef::Index(self, at)
    }

    /// How many segments.
    pub fn depth(&self) -> usize {
        match self {
            PathRef::Root => 0,
            PathRef::Key(parent, _) | PathRef::Index(parent, _) => parent.depth() + 1,
        }
    }

    /// The owned path.
    pub fn to_path(&self) -> Path {
        let mut segments = Vec::with_capacity(self.depth());
        self.collect(&mut segments);
        Path(segments)
    }

    fn collect(&self, into: &mut Vec<Segment>) {
        match self {
            PathRef::Root => {}
            PathRef::Key(parent, key) => {
                parent.collect(into);
                into.push(Segment::Key((*key).to_owned()));
            }
            PathRef::Index(parent, at) => {
                parent.collect(into);
                into.push(Segment::Index(*at));
            }
        }
    }

    /// Whether the path is one the pattern means.
    pub fn matches(&self, pattern: Pattern) -> bool {
        let Some((last, rest)) = pattern.0.split_last() else {
            return matches!(self, PathRef::Root);
        };
        match self {
            PathRef::Root => false,
            PathRef::Key(parent, key) => (*last == "*" || last == key) && parent.matches(Pattern(rest)),
            PathRef::Index(parent, _) => *last == "*" && parent.matches(Pattern(rest)),
        }
    }
}

impl fmt::Display for Path {
    /// `services.web.ports[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if at == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(n) => write!(f, "[{n}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for PathRef<'_> {
    /// `services.web.ports[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathRef::Root => Ok(()),
            PathRef::Key(PathRef::Root, key) => f.write_str(key),
            PathRef::Key(parent, key) => write!(f, "{parent}.{key}"),
            PathRef::Index(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_and_match() {
        let services = PathRef::Root.key("services");
        let web = services.key("web");
        let ports = web.key("ports");
        let first = ports.index(0);
        assert_eq!(first.to_string(), "services.web.ports[0]");
        assert_eq!(first.to_path().to_string(), "services.web.ports[0]");
        assert!(ports.matches(Pattern(&["services", "*", "ports"])));
        assert!(first.matches(Pattern(&["services", "*", "ports", "*"])));
        assert!(!web.matches(Pattern(&["services", "*", "ports"])));
    }
}
