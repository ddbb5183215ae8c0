//! The texts that were read, and places in them.

use std::sync::Arc;

/// Which of the texts in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open byte range in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Default for Span {
    fn default() -> Span {
        Span::NONE
    }
}

impl Span {
    /// The place of values no file wrote (defaults, command line).
    pub const NONE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

    /// A span from byte offsets; texts beyond 4 GiB are refused before they get here.
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { file, start: clamp(start), end: clamp(end) }
    }

    /// Whether a file wrote this.
    pub fn is_some(self) -> bool {
        self.file != Span::NONE.file
    }

    /// The part `[from, to)` (byte offsets relative to the span's start), kept inside the span.
    pub fn part(self, from: usize, to: usize) -> Span {
        let at = |n: usize| (self.start as usize).saturating_add(n).min(self.end as usize);
        Span::new(self.file, at(from), at(to))
    }
}

/// Line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct LineCol {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One text that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name shown to people: the path as the reference would print it, or `-` for standard input.
    pub name: String,
    /// The text.
    pub text: Arc<str>,
    /// Byte offset of each line's first byte.
    lines: Vec<u32>,
    /// How many characters begin before each part of [`PART`] bytes: a line may be very long, and hold very
    /// many findings.
    characters: Vec<u32>,
}

/// Bytes that are counted through to find a column, at most.
const PART: usize = 4096;

/// How many characters begin in these bytes.
fn beginnings(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// Every text of a run, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// An empty map.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Keeps a text and gives it an id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let mut lines = vec![0];
        lines.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, b)| *b == b'\n')
                .map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)),
        );
        let mut characters = vec![0];
        let mut so_far = 0;
        for part in text.as_bytes().chunks(PART) {
            so_far += beginnings(part);
            characters.push(u32::try_from(so_far).unwrap_or(u32::MAX));
        }
        let id = FileId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX - 1));
        self.sources.push(Source { name: name.into(), text, lines, characters });
        id
    }

    /// Shortens the names of texts below a directory: people read `compose.yaml`, not the whole way there.
    pub fn relative_to(&mut self, directory: &str) {
        let prefix = format!("{}/", directory.trim_end_matches('/'));
        for source in &mut self.sources {
            if let Some(short) = source.name.strip_prefix(&prefix) {
                source.name = short.to_owned();
            }
        }
    }

    /// The same texts as they are shown: names and contents go through these, and no byte of a text changes its
    /// place. `content` gives `None` for a text that stays as it is.
    pub fn presented(
        &self,
        name: &dyn Fn(&str) -> String,
        content: &dyn Fn(&str) -> Option<String>,
    ) -> SourceMap {
        let present = |source: &Source| {
            let text = match content(&source.text) {
                Some(changed) if changed.len() == source.text.len() => Arc::from(changed),
                _ => Arc::clone(&source.text),
            };
            Source { name: name(&source.name), text, ..source.clone() }
        };
        SourceMap { sources: self.sources.iter().map(present).collect() }
    }

    /// The text of an id, unless it is the id of [`Span::NONE`].
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// The id of the text with this name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.sources.iter().position(|s| s.name == name).map(|n| FileId(n as u32))
    }

    /// Every text, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.sources.iter().enumerate().map(|(n, s)| (FileId(n as u32), s))
    }

    /// The text under a span.
    pub fn slice(&self, span: Span) -> Option<&str> {
        self.get(span.file)?.text.get(span.start as usize..span.end as usize)
    }

    /// Line and column of a span's first byte.
    pub fn position(&self, span: Span) -> Option<LineCol> {
        self.get(span.file).map(|source| source.position(span.start))
    }

    /// `file:line:column`, the form every message uses; `None` when no file wrote it.
    pub fn place(&self, span: Span) -> Option<String> {
        let source = self.get(span.file)?;
        let LineCol { line, column } = source.position(span.start);
        Some(format!("{}:{line}:{column}", source.name))
    }
}

impl Source {
    /// Line and column of a byte offset.
    pub fn position(&self, offset: u32) -> LineCol {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        LineCol { line, column: self.characters_before(end) - self.characters_before(start) + 1 }
    }

    fn characters_before(&self, at: usize) -> usize {
        let part = at / PART;
        let before = self.characters.get(part).copied().unwrap_or_default() as usize;
        before + beginnings(&self.text.as_bytes()[part * PART..at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut map = SourceMap::new();
        let id = map.add("f", "ä: b\nc: d\n");
        assert_eq!(map.place(Span::new(id, 0, 1)).as_deref(), Some("f:1:1"));
        assert_eq!(map.place(Span::new(id, 4, 5)).as_deref(), Some("f:1:4"));
        assert_eq!(map.place(Span::new(id, 6, 7)).as_deref(), Some("f:2:1"));
        assert_eq!(map.place(Span::new(id, 99, 99)).as_deref(), Some("f:3:1"));
        assert_eq!(map.place(Span::NONE), None);
        let long = "ä".repeat(3 * PART);
        let id = map.add("l", format!("a\n{long}x\n{long}"));
        for column in [1, PART / 2, PART, PART + 1, 2 * PART + 7, 3 * PART] {
            let at = 2 + 2 * (column - 1);
            assert_eq!(map.place(Span::new(id, at, at + 2)), Some(format!("l:2:{column}")));
        }
        let last = 2 + 2 * long.len() + 2;
        assert_eq!(map.place(Span::new(id, last, last)), Some(format!("l:3:{}", 3 * PART + 1)));
    }
}
