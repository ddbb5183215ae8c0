//! Text from elsewhere on its way to a terminal: what a terminal would obey is written out instead.
//!
//! Names, labels, files, values and messages of engines may hold anything. Every printer of this folder sends
//! what it didn't make itself through here; only a container's own output goes through as it is.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal, or the eye, is led astray by a character: control characters (C0, DEL and C1), marks that
/// turn the direction of text, and separators of lines that only some programs know.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// A text for one line: everything hostile is an escape, line breaks too.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// A text that may have several lines: line breaks and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

/// JSON as it was written: what its writer left as it is becomes an escape of JSON, so that the values are the
/// same to who reads it.
pub fn json(text: &str) -> Cow<'_, str> {
    let hostile = |c: char| is_hostile(c) && c != '\n';
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match hostile(c) {
            true => _ = write!(out, "\\u{:04x}", u32::from(c)),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A text of a file as it is drawn, with every byte in its place: signs stand for what a terminal would obey. Those of
/// one byte have signs of their own with whoever draws them.
pub fn in_place(text: &str) -> Cow<'_, str> {
    let hostile = |c: char| is_hostile(c) && !c.is_ascii();
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let sign = |c: char| if c.len_utf8() == 2 { '\u{b7}' } else { char::REPLACEMENT_CHARACTER };
    Cow::Owned(text.chars().map(|c| if hostile(c) { sign(c) } else { c }).collect())
}

fn escape(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hostile = |c: char| is_hostile(c) && !stays(c);
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            _ if !hostile(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_ascii() => _ = write!(out, "\\x{:02x}", u32::from(c)),
            c => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
        }
    }
    Cow::Owned(out)
}

/// What a terminal would obey, and one sign of each kind: for the tests of every printer.
#[cfg(test)]
pub(super) const HOSTILE: &str =
    "a\u{1b}]0;title\u{7}\u{1b}[2Jb\u{9b}31mc\u{7f}d\u{202e}e\u{2066}f\u{8}g\rh\u{0}";

/// Whether a text that was printed holds nothing that a terminal would obey, but for line breaks and tabs.
#[cfg(test)]
pub(super) fn is_clean(text: &str) -> bool {
    !text.contains(|c: char| is_hostile(c) && !matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        assert!(matches!(line("plain ä 日本 text"), Cow::Borrowed(_)));
        assert_eq!(line("a\u{1b}[0mb\nc\td"), "a\\x1b[0mb\\nc\\td");
        assert_eq!(line("\u{9b}\u{202e}\u{7f}\r"), "\\u{9b}\\u{202e}\\x7f\\r");
        assert_eq!(block("a\nb\tc\u{1b}"), "a\nb\tc\\x1b");
        assert!(is_clean(&line(HOSTILE)) && is_clean(&block(HOSTILE)) && !is_clean(HOSTILE));
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ "name": HOSTILE });
        let text = value.to_string();
        let clean = json(&text);
        assert!(is_clean(&clean), "{clean}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&clean).unwrap(), value);
    }
}
