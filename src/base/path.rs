//! Where a value stands in a tree: a list of segments, never a dotted string, since keys may hold dots.

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

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Two dots in a row, or one at an end.
    #[error("a key is missing, at character {0}")]
    NoKey(usize),
    /// A quote without its partner.
    #[error("the quote at character {0} is not closed")]
    Unclosed(usize),
    /// Brackets that hold no number.
    #[error("the brackets at character {0} hold no position in a list")]
    NoIndex(usize),
}

impl Path {
    /// Reads `services.web.ports[0]`; keys with dots or brackets stand in quotes, `labels."a.b"`. Without
    /// them, what is between two dots is one segment.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let mut segments = Vec::new();
        let mut rest = text.trim();
        let at = |rest: &str| text.trim().len() - rest.len() + 1;
        let mut wants_key = true;
        while !rest.is_empty() || wants_key {
            if let Some(inside) = rest.strip_prefix('[').filter(|_| !segments.is_empty() || !wants_key) {
                let number = inside.split_once(']').and_then(|(n, after)| Some((n.parse().ok()?, after)));
                let (index, after) = number.ok_or(PathError::NoIndex(at(rest)))?;
                segments.push(Segment::Index(index));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('.').filter(|_| !wants_key) {
                (rest, wants_key) = (after, true);
                continue;
            } else if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                let (key, after) = rest[1..].split_once(quote).ok_or(PathError::Unclosed(at(rest)))?;
                segments.push(Segment::Key(key.to_owned()));
                rest = after;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                if end == 0 {
                    return Err(PathError::NoKey(at(rest)));
                }
                segments.push(Segment::Key(rest[..end].to_owned()));
                rest = &rest[end..];
            }
            wants_key = false;
        }
        Ok(Path(segments))
    }

    /// The path of what stands at `below` from here.
    pub fn join(mut self, below: PathRef<'_>) -> Path {
        below.collect(&mut self.0);
        self
    }

    /// Whether this is the path of `other` or of something it stands in.
    pub fn holds(&self, other: &Path) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The text that [`Path::parse`] reads back: keys in quotes where they need them.
    pub fn quoted(&self) -> String {
        let mut text = String::new();
        for (at, segment) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            match segment {
                Segment::Index(n) => text.push_str(&format!("[{n}]")),
                Segment::Key(key) if key.is_empty() || key.contains(['.', '[', '\'']) => {
                    text.push_str(&format!("{dot}\"{key}\""));
                }
                Segment::Key(key) if key.starts_with('"') => text.push_str(&format!("{dot}'{key}'")),
                Segment::Key(key) => text.push_str(&format!("{dot}{key}")),
            }
        }
        text
    }

    /// Hands the path to whoever takes borrowed ones.
    pub fn with_ref<T>(&self, take: impl Fn(&PathRef<'_>) -> T) -> T {
        fn step<T>(rest: &[Segment], at: &PathRef<'_>, take: &dyn Fn(&PathRef<'_>) -> T) -> T {
            match rest.split_first() {
                None => take(at),
                Some((Segment::Key(key), rest)) => step(rest, &at.key(key), take),
                Some((Segment::Index(n), rest)) => step(rest, &at.index(*n), take),
            }
        }
        step(&self.0, &PathRef::Root, &take)
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

impl From<PathRef<'_>> for Path {
    fn from(path: PathRef<'_>) -> Path {
        path.to_path()
    }
}

impl From<&PathRef<'_>> for Path {
    fn from(path: &PathRef<'_>) -> Path {
        path.to_path()
    }
}

impl From<&Path> for Path {
    fn from(path: &Path) -> Path {
        path.clone()
    }
}

impl<const N: usize> From<[&str; N]> for Path {
    /// One key below the other.
    fn from(keys: [&str; N]) -> Path {
        Path(keys.into_iter().map(|key| Segment::Key(key.to_owned())).collect())
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
    fn paths_are_read_back() {
        for text in ["services.web.ports[0]", "services.\"a.b\".labels.'say \"x\"'", "x[1][2].y", "name"] {
            let path = Path::parse(text).unwrap();
            assert_eq!(Path::parse(&path.quoted()), Ok(path), "{text}");
        }
        assert_eq!(Path::parse("services.\"a.b\"").unwrap().0[1], Segment::Key("a.b".to_owned()));
        for (text, error) in [
            ("", PathError::NoKey(1)),
            ("a..b", PathError::NoKey(3)),
            ("a.", PathError::NoKey(3)),
            ("a.\"b", PathError::Unclosed(3)),
            ("a[x]", PathError::NoIndex(2)),
        ] {
            assert_eq!(Path::parse(text), Err(error), "{text}");
        }
    }

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
