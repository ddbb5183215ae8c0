//! Paths at which nothing stands, and what may have been meant.

use super::lookup::{self, Miss};
use super::{Explainer, Missing};
use crate::diag::suggest;
use crate::load::provenance::How;
use crate::yaml::{Kind, Path, Segment};

/// Sections of a project whose name people leave out, `web.image`, the most frequent first.
const SECTIONS: [&str; 7] = ["services", "networks", "volumes", "configs", "secrets", "models", "jobs"];

/// How many paths are kept as suggestions.
const MOST: usize = 10;

/// Paths that may have been meant.
struct Near {
    paths: Vec<Path>,
    /// Whether the first of them is one that is spelt much like it.
    likely: bool,
    /// How many segments of the path are there.
    depth: usize,
}

impl Explainer<'_> {
    /// What there is to say of a path that leads nowhere.
    pub(super) fn missing(&self, wanted: Path, print: &Miss<'_>, tree: &Miss<'_>) -> Missing {
        let reset = self.provenance.shadowed.iter().find_map(|shadowed| match shadowed.how {
            How::Tag(tag) if !shadowed.by.is_some() && wanted.0.starts_with(&shadowed.path.0) => {
                Some((tag, shadowed.span))
            }
            _ => None,
        });
        let mut near = self.near(&wanted, print, tree);
        if near.depth == 0
            && let Some(read) = self.read_otherwise(&wanted, near.likely)
        {
            near = read;
        }
        Missing { path: wanted, near: near.paths, likely: near.likely, reset }
    }

    /// A path of which nothing is there may lack its section, or be written as in a file system.
    fn read_otherwise(&self, wanted: &Path, is_misspelt: bool) -> Option<Near> {
        let readings = readings(wanted);
        let there = readings.iter().find_map(|path| {
            let found =
                lookup::resolve(&self.printed, &path.0).or_else(|_| lookup::resolve(self.tree, &path.0));
            found.ok().map(|(path, _)| path)
        });
        if let Some(path) = there {
            let depth = path.0.len();
            return Some(Near { paths: vec![path], likely: true, depth });
        }
        if is_misspelt {
            return None;
        }
        readings.iter().find_map(|path| {
            let print = lookup::resolve(&self.printed, &path.0).err()?;
            let tree = lookup::resolve(self.tree, &path.0).err()?;
            let near = self.near(path, &print, &tree);
            (near.depth > 1 || near.likely).then_some(near)
        })
    }

    /// What is near the point where a path leads nowhere.
    fn near(&self, wanted: &Path, print: &Miss<'_>, tree: &Miss<'_>) -> Near {
        let deepest = if tree.found.0.len() > print.found.0.len() { tree } else { print };
        let depth = deepest.found.0.len();
        let mut paths: Vec<Path> = Vec::new();
        let mut likely = false;
        let mut suggest = |key: &str| {
            let mut path = deepest.found.clone();
            path.0.push(Segment::Key(key.to_owned()));
            path.0.extend(wanted.0.iter().skip(depth + 1).cloned());
            // Where the rest isn't there either, so far is as far as the hint goes.
            if lookup::resolve(&self.printed, &path.0).is_err()
                && lookup::resolve(self.tree, &path.0).is_err()
            {
                path.0.truncate(depth + 1);
            }
            if !paths.contains(&path) {
                paths.push(path);
            }
        };
        match (&deepest.node.kind, wanted.0.get(depth)) {
            (Kind::Mapping(map), Some(Segment::Key(key))) => {
                if let Some(key) = suggest::nearest(key, map.keys()) {
                    suggest(key);
                    likely = true;
                }
                map.keys().take(MOST).for_each(&mut suggest);
            }
            (Kind::Sequence(items), Some(_)) => {
                for at in 0..items.len().min(MOST) {
                    let mut path = deepest.found.clone();
                    path.0.push(Segment::Index(at));
                    paths.push(path);
                }
            }
            _ => {}
        }
        if paths.is_empty() {
            paths.push(deepest.found.clone());
        }
        Near { paths, likely, depth }
    }
}

/// Other ways to read a path.
fn readings(wanted: &Path) -> Vec<Path> {
    let mut readings = Vec::new();
    if wanted.0.iter().any(|segment| matches!(segment, Segment::Key(key) if key.contains('/'))) {
        readings.push(without_slashes(wanted));
    }
    let base = readings.first().unwrap_or(wanted).clone();
    readings.extend(SECTIONS.iter().map(|section| {
        let mut path = Path(vec![Segment::Key((*section).to_owned())]);
        path.0.extend(base.0.iter().cloned());
        path
    }));
    readings
}

/// `/services/web/ports/0` as `services.web.ports[0]`.
fn without_slashes(wanted: &Path) -> Path {
    let mut path = Path::default();
    for segment in &wanted.0 {
        let Segment::Key(key) = segment else {
            path.0.push(segment.clone());
            continue;
        };
        path.0.extend(key.split('/').filter(|part| !part.is_empty()).map(|part| match part.parse() {
            Ok(at) => Segment::Index(at),
            Err(_) => Segment::Key(part.to_owned()),
        }));
    }
    path
}
