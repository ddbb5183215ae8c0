//! One finding, and the list of them.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Code, FileId, Span};
use crate::base::{Path, Segment};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing can be done with the files until this is mended.
    Error,
    /// The files work, but probably not as meant.
    Warning,
    /// Told on request (`lint`).
    Note,
}

/// A second place that explains the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub message: String,
}

/// A line of a file whose text is never shown: environment files hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct InFile {
    /// The file's name, as people are shown it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// A change of text that would mend the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What to replace.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// One finding about the user's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding, for searching and silencing.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// One line, lower case, naming the thing.
    pub message: String,
    /// The path in the model, when there is one.
    pub path: Option<Path>,
    /// The main place.
    pub span: Span,
    /// The place where there is no span, in a file whose text is not shown.
    pub in_file: Option<InFile>,
    /// Words right at the main place; empty for none.
    pub note: String,
    /// Other places.
    pub labels: Vec<Label>,
    /// How to mend it, one sentence each.
    pub help: Vec<String>,
    /// An edit that mends it, when one is certain enough to show.
    pub edit: Option<Edit>,
}

impl Diagnostic {
    /// A finding with the code's own severity.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            path: None,
            span,
            in_file: None,
            note: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
            edit: None,
        }
    }

    /// The top-level key that a misspelt one was meant to be.
    fn stands_for(&self) -> Option<&str> {
        let top = self.code == Code::UnknownKey && self.path.as_ref().is_some_and(|path| path.0.len() == 1);
        self.edit.as_ref().filter(|_| top).map(|edit| edit.replacement.as_str())
    }

    /// The steps of the path, when there is one.
    fn segments(&self) -> Option<&[Segment]> {
        self.path.as_ref().map(|path| path.0.as_slice())
    }

    /// Adds the path in the model.
    pub fn at(mut self, path: impl Into<Path>) -> Diagnostic {
        self.path = Some(path.into());
        self
    }

    /// Adds the line, for files whose text is not shown.
    pub fn in_file(mut self, file: impl ToString, line: usize) -> Diagnostic {
        self.in_file = Some(InFile { file: file.to_string(), line });
        self
    }

    /// Adds words at the main place.
    pub fn note(mut self, words: impl Into<String>) -> Diagnostic {
        self.note = words.into();
        self
    }

    /// Adds another place.
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Adds a way to mend it.
    pub fn help(mut self, sentence: impl Into<String>) -> Diagnostic {
        self.help.push(sentence.into());
        self
    }

    /// Adds an edit that mends it.
    pub fn edit(mut self, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.edit = Some(Edit { span, replacement: replacement.into() });
        self
    }
}

/// How many further places of one mistake are named.
const COPIES: usize = 3;

/// The findings of a run.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    pub(super) list: Vec<Diagnostic>,
    /// The hashes of all that was pushed: a hostile file brings findings by the hundred thousand.
    hashes: HashSet<u64>,
}

impl PartialEq for Diagnostics {
    fn eq(&self, other: &Diagnostics) -> bool {
        self.list == other.list
    }
}

impl Eq for Diagnostics {}

impl Diagnostics {
    /// No findings yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds a finding; the same finding twice counts once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let mut hasher = DefaultHasher::new();
        let Diagnostic { code, span, path, message, in_file, .. } = &diagnostic;
        (code, span, path, message, in_file).hash(&mut hasher);
        if self.hashes.insert(hasher.finish()) || !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Takes over what a later stage found, without that which only follows from an error told already:
    /// whatever is at its place or below its path, what is said of a list or mapping in a service with an error
    /// inside, "nothing to run" for a service with errors inside, and that or undefined names where what declares
    /// them could not be read.
    pub fn absorb(&mut self, later: Diagnostics) {
        let errors = || self.list.iter().filter(|known| known.severity == Severity::Error);
        let places: HashSet<(FileId, u32)> = errors()
            .filter(|known| known.span.is_some())
            .map(|known| (known.span.file, known.span.start))
            .collect();
        let paths: HashSet<&[Segment]> = errors().filter_map(Diagnostic::segments).collect();
        let services: HashSet<&str> = paths.iter().filter_map(|path| service_of(path)).collect();
        // Where a file could not be read to its end, nobody knows what it declares.
        let gaps = errors().any(|known| known.code.leaves_gaps());
        // A variable of an environment file that can't be read may have given an image.
        let unknown = gaps || errors().any(|known| known.code == Code::EnvFile);
        let meant: HashSet<&str> = errors().filter_map(Diagnostic::stands_for).collect();
        // A section may also have got among the services.
        let doubtful = |section: &str| {
            meant.contains(section)
                || paths.contains(Path::from([section]).0.as_slice())
                || paths.contains(Path::from(["services", section]).0.as_slice())
        };
        let inner: HashSet<&[Segment]> = paths.iter().flat_map(|path| parents(path)).collect();
        let follows = |found: &Diagnostic| {
            let told = |path: &[Segment]| parents(path).any(|parent| paths.contains(parent));
            (unknown && found.code == Code::NoImage)
                || found.code.undefined_in().is_some_and(|section| gaps || doubtful(section))
                || places.contains(&(found.span.file, found.span.start))
                || found.segments().is_some_and(|path| {
                    told(path)
                        || (found.severity == Severity::Error && is_detail(path) && inner.contains(path))
                        || (found.code == Code::NoImage
                            && service_of(path).is_some_and(|service| services.contains(service)))
                })
        };
        let new: Vec<Diagnostic> = later.list.into_iter().filter(|found| !follows(found)).collect();
        self.extend(new);
    }

    /// Takes over what a later stage misses, unless something in the same place is told already: a key that
    /// isn't there may stand there misspelt.
    pub fn absorb_missing(&mut self, later: Diagnostics) {
        if later.is_empty() {
            return;
        }
        let errors = self.list.iter().filter(|known| known.severity == Severity::Error);
        let told: HashSet<&[Segment]> = errors.filter_map(Diagnostic::segments).flat_map(parents).collect();
        let missing = |found: &Diagnostic| found.segments().is_none_or(|path| !told.contains(path));
        let new: Vec<Diagnostic> = later.list.into_iter().filter(missing).collect();
        self.extend(new);
    }

    /// Makes one of the findings that several places of the model have in common, because one place of the
    /// files stands for all of them: through an alias, a merge key or `extends`.
    pub fn fold_copies(&mut self) {
        let mut firsts: HashMap<(Code, Span), usize> = HashMap::new();
        let mut copies: HashMap<usize, Vec<String>> = HashMap::new();
        let mut kept: Vec<Diagnostic> = Vec::with_capacity(self.list.len());
        for found in std::mem::take(&mut self.list) {
            if let (true, Some(path)) = (found.span.is_some(), &found.path) {
                let first = *firsts.entry((found.code, found.span)).or_insert(kept.len());
                if kept.get(first).is_some_and(|known| known.path.as_ref() != Some(path)) {
                    copies.entry(first).or_default().push(format!("`{}`", path.quoted()));
                    continue;
                }
            }
            kept.push(found);
        }
        for (at, mut paths) in copies {
            let more = paths.len().saturating_sub(COPIES);
            paths.truncate(COPIES);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            kept[at].help.push(format!("the same place is also {}{rest}", paths.join(", ")));
        }
        self.list = kept;
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// How many findings.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings in their present order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Sorts by file, place, then code, so that every run shows the same order; findings without a
    /// place come last.
    pub fn sort(&mut self) {
        self.list.sort_by(|a, b| {
            (a.span, a.code, &a.path, &a.message, &a.in_file)
                .cmp(&(b.span, b.code, &b.path, &b.message, &b.in_file))
        });
    }

    /// Shortens the names of files below a directory, as [`super::SourceMap::relative_to`] does.
    pub fn relative_to(&mut self, directory: &str) {
        let prefix = format!("{}/", directory.trim_end_matches('/'));
        for place in self.list.iter_mut().filter_map(|finding| finding.in_file.as_mut()) {
            if let Some(short) = place.file.strip_prefix(&prefix) {
                place.file = short.to_owned();
            }
        }
    }

    /// Changes all words that are reported; places and codes stay.
    pub fn reword(&mut self, words: &dyn Fn(&str) -> String) {
        self.reword_at(&|_, text| words(text));
    }

    /// Changes all words that are reported, given the place of each finding.
    pub fn reword_at(&mut self, words: &dyn Fn(Span, &str) -> String) {
        for finding in &mut self.list {
            let span = finding.span;
            let words = |text: &str| words(span, text);
            for step in finding.path.iter_mut().flat_map(|path| &mut path.0) {
                if let Segment::Key(key) = step {
                    *key = words(key);
                }
            }
            let labels = finding.labels.iter_mut().map(|label| &mut label.message);
            let edit = finding.edit.iter_mut().map(|edit| &mut edit.replacement);
            let texts = [&mut finding.message, &mut finding.note].into_iter();
            for text in texts.chain(labels).chain(&mut finding.help).chain(edit) {
                *text = words(text);
            }
        }
    }

    /// Changes the names of files whose text is not shown.
    pub fn rename_files(&mut self, name: &dyn Fn(&str) -> String) {
        for place in self.list.iter_mut().filter_map(|finding| finding.in_file.as_mut()) {
            place.file = name(&place.file);
        }
    }

    /// Gives the list away.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}

/// A path and the paths of all that it stands in; of these not the top, which is everything.
fn parents(path: &[Segment]) -> impl Iterator<Item = &[Segment]> {
    (path.len().min(1)..=path.len()).map(|length| &path[..length])
}

/// Whether a path leads into a service, not to it.
fn is_detail(path: &[Segment]) -> bool {
    service_of(path).is_some() && path.len() > 2
}

/// The service of a path at or below it.
fn service_of(path: &[Segment]) -> Option<&str> {
    match path {
        [Segment::Key(section), Segment::Key(name), ..] if section == "services" => Some(name),
        _ => None,
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        for diagnostic in iter {
            self.push(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_follows_from_an_error_is_not_told() {
        let at = |code, start, path: &str| {
            Diagnostic::new(code, Span::new(FileId(0), start, start + 1), "m").at(Path::parse(path).unwrap())
        };
        let mut known = Diagnostics::new();
        known.push(at(Code::WrongType, 10, "services.web.ports"));
        known.push(at(Code::ObsoleteVersion, 0, "version"));
        let mut later = Diagnostics::new();
        later.push(at(Code::Port, 12, "services.web.ports[0]"));
        later.push(at(Code::WrongType, 10, "elsewhere"));
        later.push(at(Code::NoImage, 5, "services.web"));
        later.push(at(Code::UndefinedVolume, 20, "services.web.volumes"));
        later.push(at(Code::NoImage, 30, "services.web2"));
        later.push(at(Code::WrongType, 1, "version"));
        known.absorb(later);
        let starts: Vec<u32> = known.iter().map(|d| d.span.start).collect();
        assert_eq!(starts, [10, 0, 20, 30, 1]);
    }

    /// `a.b` is a service of its own, and none of what `a` holds.
    #[test]
    fn keys_with_dots_are_one_step() {
        let at = |code, start, keys: [&str; 2]| {
            Diagnostic::new(code, Span::new(FileId(0), start, start + 1), "m").at(keys)
        };
        let mut known = Diagnostics::new();
        known.push(at(Code::WrongType, 10, ["services", "a"]));
        let mut later = Diagnostics::new();
        later.push(at(Code::NoImage, 20, ["services", "a"]));
        later.push(at(Code::NoImage, 30, ["services", "a.b"]));
        later.push(at(Code::NoImage, 40, ["services", "z"]));
        known.absorb(later);
        let starts: Vec<u32> = known.iter().map(|d| d.span.start).collect();
        assert_eq!(starts, [10, 30, 40]);
    }
}
