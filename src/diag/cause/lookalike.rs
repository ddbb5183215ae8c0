//! Characters that look like a blank, a colon, a quote or nothing at all.

use std::ops::Range;

use super::super::{Code, Diagnostic, Severity, SourceMap, Span};
use super::{Cause, NEAR, is_structural, line_at, line_before, text_of};

/// What is called so, and what to write in its place.
const LOOKALIKES: &[(char, &str, &str)] = &[
    ('\u{a0}', "no-break space", " "),
    ('\u{1680}', "ogham space", " "),
    ('\u{2000}', "en quad", " "),
    ('\u{2001}', "em quad", " "),
    ('\u{2002}', "en space", " "),
    ('\u{2003}', "em space", " "),
    ('\u{2004}', "three-per-em space", " "),
    ('\u{2005}', "four-per-em space", " "),
    ('\u{2006}', "six-per-em space", " "),
    ('\u{2007}', "figure space", " "),
    ('\u{2008}', "punctuation space", " "),
    ('\u{2009}', "thin space", " "),
    ('\u{200a}', "hair space", " "),
    ('\u{202f}', "narrow no-break space", " "),
    ('\u{205f}', "mathematical space", " "),
    ('\u{3000}', "ideographic space", " "),
    ('\u{ad}', "soft hyphen", ""),
    ('\u{200b}', "zero-width space", ""),
    ('\u{200c}', "zero-width non-joiner", ""),
    ('\u{200d}', "zero-width joiner", ""),
    ('\u{2060}', "word joiner", ""),
    ('\u{feff}', "byte-order mark", ""),
    ('\u{ff1a}', "fullwidth colon", ":"),
];

/// Quotes of written language, by how they begin.
const QUOTES: &[char] = &['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»'];

/// Bytes of a finding's place that are looked at.
const MOST: usize = 4 << 10;

/// Lines without a word that may stand between a key and what belongs to it.
const EMPTY_LINES: usize = 20;

/// The character that a finding comes from.
pub(super) fn behind(found: &Diagnostic, sources: &SourceMap) -> Option<Cause> {
    if found.severity != Severity::Error || matches!(found.code, Code::EnvFile | Code::UnsetVariable) {
        return None;
    }
    let (text, at) = text_of(found, sources)?;
    let file = found.span.file;
    let (start, line) = line_at(text, at);
    let cause =
        |at: usize, range: Range<usize>| blank(text, Span::new(file, at + range.start, at + range.end));
    // In the very place of the finding.
    let end = (found.span.end as usize).min(start + line.len()).min(at + MOST);
    let place = text.get(at..end).unwrap_or_default();
    if place.starts_with(QUOTES) {
        return Some(quote(text, at, start + line.len(), file));
    }
    if let Some(range) = runs(place).next() {
        return Some(cause(at, range));
    }
    if !is_structural(found) {
        return None;
    }
    // Beside it, where a blank or a colon would have a meaning.
    let before = line_before(text, at).filter(|_| found.code == Code::YamlSyntax);
    for (number, (start, line)) in [Some((start, line)), before].into_iter().flatten().enumerate() {
        if let Some(range) = suspicious(line) {
            return Some(cause(start, range));
        }
        // On the line before, a value in such quotes is complete.
        let value = quoted_value(line).filter(|_| number == 0 && found.code == Code::YamlSyntax);
        if let Some(open) = value {
            return Some(quote(text, start + open, start + line.len(), file));
        }
    }
    // As the indentation of what would belong to it.
    let mut next = start + line.len();
    for _ in 0..EMPTY_LINES {
        next += text.get(next..)?.bytes().take(NEAR).position(|byte| byte == b'\n')? + 1;
        let (start, line) = line_at(text, next);
        if line.trim().is_empty() && !line.trim_matches(' ').is_empty() {
            continue;
        }
        if !line.trim_matches(' ').is_empty() && !line.trim_start().starts_with('#') {
            let range = suspicious(line)?;
            return line[..range.start].trim().is_empty().then(|| cause(start, range));
        }
    }
    None
}

fn lookalike(c: char) -> Option<&'static (char, &'static str, &'static str)> {
    // Most characters are none, and a text may be long.
    if c.is_ascii() { None } else { LOOKALIKES.iter().find(|(known, ..)| *known == c) }
}

/// The runs of one such character.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let (at, c) = text[from..].char_indices().find(|(_, c)| lookalike(*c).is_some())?;
        let start = from + at;
        from =
            start + text[start..].chars().take_while(|other| *other == c).map(char::len_utf8).sum::<usize>();
        Some(start..from)
    })
}

/// A run at the beginning of a line or item, after a key's colon or before it, or in the place of one.
fn suspicious(line: &str) -> Option<Range<usize>> {
    let code = &line[..code_end(line)];
    let is_blank = |c: char| c.is_whitespace() || lookalike(c).is_some_and(|(_, _, meant)| *meant != ":");
    runs(code).filter(|range| !in_quotes(&code[..range.start])).find(|range| {
        let before = code[..range.start].trim_end_matches(is_blank);
        let after = code[range.end..].trim_start_matches(is_blank);
        if code[range.clone()].starts_with('\u{ff1a}') {
            return !before.contains(": ");
        }
        before.is_empty() || before.ends_with(':') || before.trim_start() == "-" || after.starts_with(':')
    })
}

/// Where a line's comment begins.
fn code_end(line: &str) -> usize {
    let comment = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let mut marks = line.match_indices('#').map(|(at, _)| at).filter(comment);
    marks.find(|at| !in_quotes(&line[..*at])).unwrap_or(line.len())
}

/// Whether a quote is open at the end of a part of a line.
fn in_quotes(before: &str) -> bool {
    let mut open: Option<char> = None;
    let mut last = ' ';
    for c in before.chars() {
        match open {
            Some(quote) if c == quote => open = None,
            None if matches!(c, '"' | '\'') && (last.is_whitespace() || "[{,:(".contains(last)) => {
                open = Some(c)
            }
            _ => {}
        }
        last = c;
    }
    open.is_some()
}

/// Whether a value or a line begins behind a part of a line.
pub(super) fn begins_value(before: &str) -> bool {
    let words = before.trim_end();
    let after_mark = words.ends_with([':', ',', '[', '{']) || words.trim_start() == "-";
    words.is_empty() || (after_mark && !in_quotes(before))
}

/// Where a value in the quotes of written language begins.
fn quoted_value(line: &str) -> Option<usize> {
    let code = &line[..code_end(line)];
    let begins = |at: &usize| begins_value(&code[..*at]);
    code.match_indices(QUOTES).map(|(at, _)| at).find(begins)
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", c as u32)
}

fn blank(text: &str, span: Span) -> Cause {
    let run = &text[span.start as usize..span.end as usize];
    let c = run.chars().next().unwrap_or(' ');
    let (_, name, meant) = lookalike(c).copied().unwrap_or((c, "character", ""));
    let count = run.chars().count();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let point = code_point(c);
    let message = match count {
        1 => format!("{article} {name} ({point}) here"),
        _ => format!("{count} {name}s ({point}) stand here"),
    };
    let it = if count == 1 { "it" } else { "them" };
    let help = match meant {
        " " => format!("replace {it} by {}", if count == 1 { "a blank" } else { "blanks" }),
        "" => format!("remove {it}: {} seen", if count == 1 { "it can't be" } else { "they can't be" }),
        other => format!("replace {it} by `{other}`"),
    };
    // A colon needs a blank behind it.
    let apart = meant != ":" || text[span.end as usize..].starts_with([' ', '\n', '\r']);
    let replacement = if apart { meant.repeat(count) } else { format!("{meant} ") };
    Cause { span, message, help, edit: Some((span, replacement)) }
}

fn quote(text: &str, open: usize, line_end: usize, file: super::super::FileId) -> Cause {
    let c = text[open..].chars().next().unwrap_or('“');
    let inside = open + c.len_utf8();
    let close = text[inside..line_end].find(QUOTES).map(|at| inside + at);
    let edit = close.and_then(|close| {
        let value = &text[inside..close];
        let end = close + text[close..].chars().next().map_or(0, char::len_utf8);
        (!value.contains(['"', '\\'])).then(|| (Span::new(file, open, end), format!("\"{value}\"")))
    });
    Cause {
        span: Span::new(file, open, inside),
        message: format!("a typographic quote ({}) is an ordinary letter in YAML", code_point(c)),
        help: "write `\"` in its place, and in that of its partner".to_owned(),
        edit,
    }
}
