//! The text under construction: it knows its column, and writes scalars in each style.

use std::fmt::Write as _;

use super::style::{is_break, is_printable};

/// Lines fold at the first place after this column.
const WIDTH: usize = 80;

pub(super) struct Text {
    out: String,
    /// In characters, from 0.
    column: usize,
    /// Comments behind the values that are still to come.
    remarks: std::vec::IntoIter<Option<String>>,
}

impl Text {
    pub(super) fn new() -> Text {
        Text::with_remarks(Vec::new())
    }

    pub(super) fn with_remarks(remarks: Vec<Option<String>>) -> Text {
        Text { out: String::new(), column: 0, remarks: remarks.into_iter() }
    }

    /// Writes the next value's comment.
    pub(super) fn remark(&mut self) {
        if let Some(remark) = self.remarks.next().flatten() {
            self.push(" # ");
            // A line break would end the comment.
            for c in remark.chars() {
                self.char(if c.is_control() || is_break(c) { ' ' } else { c });
            }
        }
    }

    /// The text as it is.
    pub(super) fn into_string(self) -> String {
        self.out
    }

    /// The whole text, with a newline at its end.
    pub(super) fn finish(mut self) -> String {
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out
    }

    /// Writes text without line breaks.
    pub(super) fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += if text.is_ascii() { text.len() } else { text.chars().count() };
    }

    pub(super) fn display(&mut self, value: &dyn std::fmt::Display) {
        let start = self.out.len();
        // Writing to a string can't fail.
        let _ = write!(self.out, "{value}");
        self.column += self.out.len() - start;
    }

    /// Begins a new line at a column, unless this one is new already.
    pub(super) fn line(&mut self, indent: usize) {
        if self.column > 0 {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn char(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    /// Writes a character that ends a line, as it is.
    fn line_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }

    pub(super) fn plain(&mut self, text: &str, fold: Option<usize>) {
        // Plain text has no line breaks; it folds at single spaces.
        self.folded(text, fold, false);
    }

    pub(super) fn single_quoted(&mut self, text: &str, fold: Option<usize>) {
        self.char('\'');
        self.folded(text, fold, true);
        self.char('\'');
    }

    fn folded(&mut self, text: &str, fold: Option<usize>, quoted: bool) {
        if self.column + text.len() <= WIDTH && text.is_ascii() && !text.contains(['\'', '\n', '\r']) {
            return self.push(text);
        }
        let (mut spaces, mut breaks) = (false, false);
        let mut rest = text.chars().peekable();
        let mut first = true;
        while let Some(c) = rest.next() {
            if c == ' ' {
                let next = rest.peek();
                let inside = !quoted || (!first && next.is_some());
                match fold {
                    Some(indent) if !spaces && self.column > WIDTH && inside && next != Some(&' ') => {
                        self.line(indent);
                    }
                    _ => self.char(' '),
                }
                spaces = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.out.push('\n');
                }
                self.line_break(c);
                breaks = true;
            } else {
                if breaks {
                    self.line(fold.unwrap_or_default());
                }
                if quoted && c == '\'' {
                    self.char('\'');
                }
                self.char(c);
                (spaces, breaks) = (false, false);
            }
            first = false;
        }
    }

    pub(super) fn double_quoted(&mut self, text: &str, fold: Option<usize>) {
        self.char('"');
        // The reference escapes every character of a text that begins with a byte-order mark.
        let all = text.starts_with('\u{feff}');
        let mut spaces = false;
        let mut rest = text.chars().peekable();
        let mut first = true;
        while let Some(c) = rest.next() {
            if c == ' ' && !all {
                match (fold, rest.peek()) {
                    (Some(indent), Some(next)) if !spaces && self.column > WIDTH && !first => {
                        self.line(indent);
                        // A space that begins a line would be lost.
                        if *next == ' ' {
                            self.char('\\');
                        }
                    }
                    _ => self.char(' '),
                }
                spaces = true;
            } else {
                self.escaped(c, all);
                spaces = false;
            }
            first = false;
        }
        self.char('"');
    }

    fn escaped(&mut self, c: char, always: bool) {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '\u{85}' => "\\N",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            '\u{a0}' if always => "\\_",
            _ if is_printable(c) && !always => return self.char(c),
            _ => {
                let code = u32::from(c);
                return match code {
                    0..=0xff => self.display(&format_args!("\\x{code:02X}")),
                    0x100..=0xffff => self.display(&format_args!("\\u{code:04X}")),
                    _ => self.display(&format_args!("\\U{code:08X}")),
                };
            }
        };
        self.push(short);
    }

    /// A literal block whose lines begin at column `indent`.
    pub(super) fn literal(&mut self, text: &str, indent: usize, step: usize) {
        self.char('|');
        if text.starts_with(' ') {
            self.display(&step);
        }
        let mut backwards = text.chars().rev();
        let chomp = match (backwards.next(), backwards.next()) {
            (Some(last), _) if !is_break(last) => "-",
            (_, None) => "+",
            (_, Some(before)) if is_break(before) => "+",
            _ => "",
        };
        self.push(chomp);
        self.remark();
        self.line_break('\n');
        for line in text.split_inclusive(is_break) {
            let content = line.trim_end_matches(is_break);
            if !content.is_empty() {
                self.line(indent);
                self.push(content);
            }
            if let Some(end) = line[content.len()..].chars().next() {
                self.line_break(end);
            }
        }
    }
}
