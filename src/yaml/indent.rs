//! Which line's indentation is the mistake, when a text is no YAML.
//!
//! A parser stumbles where lines no longer fit together, which is often below the line that was moved. The
//! line is found by trying: among those that the place of the error hangs on, the one is sought that makes
//! the whole text readable when it alone is moved, and leaves the fewest lines indented unusually.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

/// Texts beyond this are not tried: every trial reads the whole text.
pub(super) const MAX_TEXT: usize = 128 << 10;

/// Lines that are tried at most.
const MAX_LINES: usize = 16;

/// The step of a line that stands at the very left, under nothing.
const TOP: usize = usize::MAX - 1;

/// A line, and the indentation that mends the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mend {
    /// The bytes of the indentation, as it is.
    pub indentation: Range<usize>,
    /// The spaces that it should have.
    pub wanted: usize,
}

/// A line that begins a key or an item.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    indent: usize,
    item: bool,
    /// Whether its key has a value on the line.
    full: bool,
}

/// The line to move, for a text that the parser gives up at a byte.
pub(super) fn mend(text: &str, at: usize) -> Option<Mend> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let lines = lines(text);
    let (chosen, columns) = suspects(&lines, at);
    let mut best: Option<((usize, bool, bool, usize), Mend)> = None;
    for line in chosen {
        for wanted in columns.iter().copied().filter(|column| *column != line.indent) {
            let indentation = line.start..line.start + line.indent;
            let moved = [&text[..line.start], &" ".repeat(wanted), &text[indentation.end..]].concat();
            // The place of the error, as it is after the move.
            let error = if at > line.start { (at + wanted).saturating_sub(line.indent) } else { at };
            if !reads(&moved, line.start + wanted, line.item, error) {
                continue;
            }
            // Of two that mend it rather a line that holds no others, and rather inwards: most lines are deep.
            let odd = unusual(&self::lines(&moved), &lines);
            let cost = (odd, !line.full, wanted < line.indent, wanted.abs_diff(line.indent));
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, Mend { indentation, wanted }));
            }
        }
    }
    best.map(|(_, mend)| mend)
}

/// The lines that may be the mistake, and the columns they may belong in: around the error, and on the
/// way from there out to the top.
fn suspects(lines: &[Line], at: usize) -> (Vec<Line>, Vec<usize>) {
    let here = lines.partition_point(|line| line.start <= at).saturating_sub(1);
    let mut chosen: Vec<Line> = lines.iter().skip(here).take(2).copied().collect();
    let mut lowest = usize::MAX;
    for at in (0..here).rev() {
        if lines[at].indent < lowest {
            lowest = lines[at].indent;
            // The line itself, and the first of the block below it.
            let first =
                lines.get(at + 1).filter(|first| chosen.iter().all(|known| known.start != first.start));
            chosen.extend(first.copied().into_iter().chain([lines[at]]));
        }
        if lowest == 0 || chosen.len() >= MAX_LINES {
            break;
        }
    }
    // All that follows hangs on the first line.
    chosen.extend(lines.first().filter(|first| chosen.iter().all(|known| known.start != first.start)));
    let mut columns: Vec<usize> = chosen.iter().flat_map(|line| [line.indent, line.indent + 2]).collect();
    // The line before and after may be of the right column where none of the suspects is.
    let near = here.saturating_sub(3)..(here + 4).min(lines.len());
    columns.extend(lines[near].iter().map(|line| line.indent));
    columns.push(0);
    columns.sort_unstable();
    columns.dedup();
    (chosen, columns)
}

/// The lines that look like a key or an item.
fn lines(text: &str) -> Vec<Line> {
    let mut start = 0;
    let mut all = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        let words = content.trim_end();
        let item = words == "-" || words.starts_with("- ");
        let key = words.ends_with(':') || words.contains(": ");
        if (item || key) && !words.starts_with('#') {
            all.push(Line { start, indent: line.len() - content.len(), item, full: !words.ends_with(':') });
        }
        start += line.len();
    }
    all
}

/// Whether a text is YAML in which a key or item begins at this byte, and no line about it or the place
/// of the error has become part of a value before it.
fn reads(text: &str, content: usize, item: bool, error: usize) -> bool {
    let dash = usize::from(item);
    let first = content + dash + text[content + dash..].bytes().take_while(|byte| *byte == b' ').count();
    let near = [around(text, content), around(text, error)];
    let mut begins = false;
    for event in Parser::new_from_str(text) {
        let Ok((event, place)) = event else { return false };
        let range = place.byte_range().unwrap_or_default();
        begins |= range.start == first;
        let folded = matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..))
            && text.get(range.clone()).is_some_and(|written| written.trim_end().contains('\n'));
        if folded && near.iter().any(|near| range.start < near.end && near.start < range.end) {
            return false;
        }
    }
    begins
}

/// The line of a byte with the lines before and after it.
fn around(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let bytes = text.as_bytes();
    let line_start = |end: usize| bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |n| n + 1);
    let line_end = |start: usize| {
        bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| start + n + 1)
    };
    line_start(line_start(at).saturating_sub(1))..line_end(line_end(at))
}

/// How many lines are not indented under their parent as most lines of the file are.
fn unusual(lines: &[Line], original: &[Line]) -> usize {
    let usual = |item: bool| {
        let mut counts = [0_usize; 16];
        for (_, step) in steps(original).filter(|(line, step)| line.item == item && *step < 16) {
            counts[step] += 1;
        }
        // Of equals the smaller.
        (0..counts.len()).rev().max_by_key(|step| counts[*step]).unwrap_or(2)
    };
    let (key, item) = (usual(false), usual(true));
    let good = |line: &Line, step: usize| step == TOP || step == if line.item { item } else { key };
    steps(lines).filter(|(line, step)| !good(line, *step)).count()
}

/// Each line with the step from its parent's column to its own. At the top no step is usual.
fn steps(lines: &[Line]) -> impl Iterator<Item = (Line, usize)> + '_ {
    // The columns that are open: of keys, and of items with what follows their dash.
    let mut open: Vec<(usize, bool)> = Vec::new();
    lines.iter().map(move |line| {
        while open.last().is_some_and(|(column, item)| {
            *column > line.indent || (*column == line.indent && (*item || !line.item))
        }) {
            open.pop();
        }
        let step = match open.last() {
            Some((column, _)) => line.indent - column,
            None if line.indent > 0 => usize::MAX,
            None => TOP,
        };
        open.push((line.indent, line.item));
        if line.item {
            open.push((line.indent + 2, false));
        }
        (*line, step)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line to move and its column, for the first error of a text.
    fn moved(text: &str) -> Option<(usize, usize)> {
        let error = Parser::new_from_str(text).find_map(Result::err)?;
        let mend = mend(text, error.marker().byte_offset()?)?;
        Some((1 + text[..mend.indentation.start].matches('\n').count(), mend.wanted))
    }

    #[test]
    fn the_moved_line_is_found() {
        // Too far in, at the first of a block: its neighbours tell.
        assert_eq!(moved("services:\n  a:\n     image: x\n    tty: true\n"), Some((3, 4)));
        // Too far out, between others.
        assert_eq!(moved("services:\n  a:\n    image: x\n  tty: true\n    init: true\n"), Some((4, 4)));
        // A whole service too far out: noticed at the next one.
        assert_eq!(moved("services:\na:\n    image: x\n    tty: true\n  b:\n    image: y\n"), Some((2, 2)));
        // By one space, at the end of a block.
        assert_eq!(moved("services:\n  a:\n    image: x\n   tty: true\n"), Some((4, 4)));
        // The first line of all, and the first of a block.
        assert_eq!(moved("  name: x\nservices:\n  a:\n    image: x\n"), Some((1, 0)));
        assert_eq!(moved("services:\n    a:\n    image: x\n  b:\n    image: x\n"), Some((2, 2)));
        assert_eq!(moved("volumes:\n    a:\n  b:\n"), Some((2, 2)));
        assert_eq!(moved("  services:\n  a:\n    image: x\nvolumes:\n  b:\n"), Some((1, 0)));
        // Items.
        assert_eq!(moved("a:\n  b:\n    - 1\n   - 2\n    - 3\n"), Some((4, 4)));
        assert_eq!(moved("a:\n- 1\n - b: 2\n- 3\n").map(|(line, _)| line), Some(3));
    }

    #[test]
    fn other_mistakes_are_not_mended_by_moving() {
        assert_eq!(moved("a:\n  b: 1\n  image nginx\n"), None);
        assert_eq!(moved("a:\n  b: 1\n  - c\n"), None);
        assert_eq!(moved("a: [1, 2\nb: 3\n"), None);
        assert_eq!(moved("a: 'x\nb: 3\n"), None);
    }
}
