//! Environment files: the grammar of `.env`, `--env-file`, `env_file` and `label_file`.
//!
//! The text is read as a whole, not by lines: values in quotes run over several, and what follows a closing
//! quote is the next statement.

mod error;
mod findings;

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use crate::diag::{Code, Diagnostic, Severity, Span};
use crate::load::interpolate;

pub use error::{DotenvError, Mistake};
pub use findings::findings;

/// A variable and its value, with its line in the file, from 1.
pub type Assignment = (String, String, usize);

/// Bytes that the variables of one file may stand for, all together: each line can double the one before.
const MAX_EXPANDED: usize = 16 << 20;

/// Mistakes of one text that are told; nobody reads more.
const MAX_MISTAKES: usize = 20;

/// What an environment file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The variables in order; of two with one name the later counts.
    pub assignments: Vec<Assignment>,
    /// Variables used in values that had none, with the line, one for each occurrence.
    pub unset: Vec<(String, usize)>,
    /// Variables that went into values.
    pub uses: Vec<Use>,
}

/// A variable that went into a value of an environment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The variable that the file sets with it.
    pub sets: String,
    /// The line, from 1.
    pub line: usize,
    /// The variable that is asked for.
    pub name: String,
    /// Whether the word of the expression (`${V:-word}`) counts, not the value.
    pub took_word: bool,
}

/// Looks a variable up, given the value that the file itself has set so far: who asks says which counts.
pub type Lookup<'a> = &'a dyn Fn(&str, Option<&str>) -> Option<String>;

/// What is reported of a value with bytes that are not UTF-8: the engine gets U+FFFD in their place.
pub fn replaced(name: &str, file: &Path, line: usize) -> Diagnostic {
    let message = format!("the value of `{name}` has a byte that is not UTF-8: it is replaced by U+FFFD");
    let mut finding = Diagnostic::new(Code::NotUtf8, Span::NONE, message).in_file(file.display(), line);
    finding.severity = Severity::Warning;
    finding.help("save the file as UTF-8")
}

/// The findings of values that hold a replaced byte, of a file that has some.
pub fn replacements(parsed: &Parsed, file: &Path, lossy: bool) -> Vec<Diagnostic> {
    let hit = parsed.assignments.iter().filter(|(_, value, _)| lossy && value.contains('\u{fffd}'));
    hit.map(|(name, _, line)| replaced(name, file, *line)).collect()
}

/// Reads an environment file. Variables in values, and names without a value, are looked up with `lookup`.
/// The error is every mistake of the text, in its order.
pub fn parse(text: &str, lookup: Lookup<'_>) -> Result<Vec<Assignment>, Vec<Mistake>> {
    read(text, lookup).map(|parsed| parsed.assignments)
}

/// What is told of a variable that a value of an environment file uses and nobody set.
pub fn unset(name: &str, file: &Path, line: usize) -> Diagnostic {
    let message = format!("The \"{name}\" variable is not set. Defaulting to a blank string.");
    Diagnostic::new(Code::UnsetVariable, Span::NONE, message).in_file(file.display(), line)
}

/// Like [`parse`], telling also which variables were not set.
pub fn read(text: &str, lookup: Lookup<'_>) -> Result<Parsed, Vec<Mistake>> {
    let (parsed, mistakes) = read_all(text, lookup);
    if mistakes.is_empty() { Ok(parsed) } else { Err(mistakes) }
}

/// Reads what can be read of an environment file, and gives every mistake of the rest, in the text's order.
pub fn read_all(text: &str, lookup: Lookup<'_>) -> (Parsed, Vec<Mistake>) {
    let (text, skipped) = without_mark(text);
    let mut parser = Parser {
        text,
        at: 0,
        line: 1,
        lookup,
        known: HashMap::new(),
        room: MAX_EXPANDED,
        parsed: Parsed::default(),
    };
    let mut mistakes: Vec<Mistake> = Vec::new();
    while mistakes.len() < MAX_MISTAKES && parser.skip_to_statement() {
        let Err(mistake) = parser.statement() else { continue };
        let goes_on = parser.pass_over(&mistake.error);
        mistakes.push(mistake);
        if !goes_on {
            break;
        }
    }
    (parser.parsed, moved(mistakes, skipped))
}

/// The text without a byte order mark, and the bytes that are left out.
fn without_mark(text: &str) -> (&str, usize) {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    (bare, text.len() - bare.len())
}

fn moved(mut mistakes: Vec<Mistake>, by: usize) -> Vec<Mistake> {
    for Mistake { range, .. } in &mut mistakes {
        *range = range.start + by..range.end + by;
    }
    mistakes
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    lookup: Lookup<'a>,
    known: HashMap<String, String>,
    /// Bytes that variables may still stand for.
    room: usize,
    parsed: Parsed,
}

/// White space within a line.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches(is_blank).len();
    }

    /// Goes to the next character that is neither white space nor in a comment; `false` at the end.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let skipped = rest.len() - trimmed.len();
            self.line += rest[..skipped].matches('\n').count();
            self.at += skipped;
            if !trimmed.starts_with('#') {
                return !trimmed.is_empty();
            }
            match trimmed.find('\n') {
                Some(end) => self.at += end,
                None => return false,
            }
        }
    }

    /// Goes behind a statement with a mistake; `false` where nobody knows where the next one begins.
    fn pass_over(&mut self, error: &DotenvError) -> bool {
        match error {
            DotenvError::Template { .. } => true,
            DotenvError::Space { .. } => {
                self.skip_blanks();
                match self.rest().chars().next() {
                    Some(quote @ ('"' | '\'')) => self.until_quote(quote).is_ok(),
                    _ => {
                        self.skip_line();
                        true
                    }
                }
            }
            DotenvError::Name { .. } => {
                self.skip_line();
                true
            }
            _ => false,
        }
    }

    fn skip_line(&mut self) {
        match self.rest().find('\n') {
            Some(end) => {
                self.at += end + 1;
                self.line += 1;
            }
            None => self.at = self.text.len(),
        }
    }

    fn statement(&mut self) -> Result<(), Mistake> {
        let line = self.line;
        let begin = self.at;
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with([' ', '\t', '\n', '\r', '\u{c}'])
        {
            self.at += "export".len();
            self.skip_blanks();
        }
        let source = self.rest();
        if source.is_empty() {
            return Err(Mistake { error: DotenvError::Empty { line }, range: begin..self.at });
        }
        let begin = self.at;
        let (key, inherited) = self.key()?;
        if key.contains(' ') {
            // A name alone has its line's end behind it already.
            if inherited {
                self.at -= 1;
            }
            return Err(Mistake { error: DotenvError::Space { line }, range: begin..begin + key.len() });
        }
        self.skip_blanks();
        if inherited {
            if source.contains('\n') {
                self.line += 1;
            }
            if let Some(value) = (self.lookup)(key, None) {
                let (sets, name) = (key.to_owned(), key.to_owned());
                self.parsed.uses.push(Use { sets, line, name, took_word: false });
                self.assign(key, value, line);
            }
            return Ok(());
        }
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote, key)?,
            _ => self.unquoted(key)?,
        };
        self.assign(key, value, line);
        Ok(())
    }

    fn assign(&mut self, key: &str, value: String, line: usize) {
        self.known.insert(key.to_owned(), value.clone());
        self.parsed.assignments.push((key.to_owned(), value, line));
    }

    /// The name, and whether a line's end stands where its value should.
    fn key(&mut self) -> Result<(&'a str, bool), Mistake> {
        let rest = self.rest();
        for (at, c) in rest.char_indices() {
            match c {
                '=' | ':' | '\n' => {
                    self.at += at + 1;
                    return Ok((rest[..at].trim_end(), c == '\n'));
                }
                '_' | '.' | '-' | '[' | ']' => {}
                c if is_blank(c) || c.is_alphabetic() || c.is_numeric() => {}
                character => {
                    let error = DotenvError::Name {
                        line: self.line,
                        character,
                        text: rest.split('\n').next().unwrap_or(rest).to_owned(),
                    };
                    let start = self.at + at;
                    return Err(Mistake { error, range: start..start + character.len_utf8() });
                }
            }
        }
        // A last word without a line's end is, for the reference, the value of a variable without a name.
        Ok(("", false))
    }

    fn unquoted(&mut self, key: &str) -> Result<String, Mistake> {
        let line = self.line;
        let start = self.at;
        let rest = self.rest();
        let value = match rest.split_once('\n') {
            Some((value, _)) => {
                self.at += value.len() + 1;
                value
            }
            None => {
                self.at = self.text.len();
                rest
            }
        };
        self.line += 1;
        let value = value.split_once(" #").map_or(value, |(value, _)| value).trim_end();
        self.expand(value, key, line, start..start + value.len())
    }

    fn quoted(&mut self, quote: char, key: &str) -> Result<String, Mistake> {
        let line = self.line;
        let start = self.at + 1;
        let value = self.until_quote(quote)?;
        match quote {
            '"' => self.expand(&unescape(&value), key, line, start..self.at - 1),
            _ => Ok(value),
        }
    }

    /// Reads from a quote to behind its partner, and gives what stands between.
    fn until_quote(&mut self, quote: char) -> Result<String, Mistake> {
        let rest = self.rest();
        let line = self.line;
        let mut value = String::new();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            if c == '\n' {
                self.line += 1;
            }
            if c == quote && !escaped {
                self.at += at + 1;
                return Ok(value);
            }
            if c == '\\' && !escaped {
                escaped = true;
                continue;
            }
            // Only the quote loses its backslash here.
            if escaped && c != quote {
                value.push('\\');
            }
            escaped = false;
            value.push(c);
        }
        // The line of the quote: the end, where the reference notices it, is no help.
        let text = rest.split('\n').next().unwrap_or(rest).to_owned();
        Err(Mistake { error: DotenvError::Unterminated { line, text }, range: self.at..self.at + 1 })
    }

    /// The first `$` of a value that counts as one.
    fn dollar(&self, place: Range<usize>) -> Range<usize> {
        let value = self.text.get(place.clone()).unwrap_or_default();
        let mut marks = value.match_indices('$').map(|(at, _)| at);
        let at = marks.find(|at| !value[..*at].ends_with('\\')).unwrap_or_default();
        place.start + at..place.start + at + 1
    }

    /// Replaces the variables of a key's value that stands at a place of the text.
    fn expand(
        &mut self,
        value: &str,
        key: &str,
        line: usize,
        place: Range<usize>,
    ) -> Result<String, Mistake> {
        if !value.contains('$') {
            return Ok(value.to_owned());
        }
        let room = Cell::new(Some(self.room));
        let lookup = |name: &str| {
            let found = (self.lookup)(name, self.known.get(name).map(String::as_str))?;
            room.set(room.get().and_then(|room| room.checked_sub(found.len())));
            room.get().map(|_| found)
        };
        let expanded = interpolate::expand(value, &lookup);
        // What was looked up after that is no finding.
        let Some(left) = room.get() else {
            return Err(Mistake { error: DotenvError::TooLong { line }, range: self.dollar(place) });
        };
        self.room = left;
        let expanded = expanded.map_err(|error| {
            // With escapes replaced the places are others.
            let range = match self.text.get(place.clone()) == Some(value) {
                true => place.start + error.range.start..place.start + error.range.end,
                false => self.dollar(place.clone()),
            };
            Mistake { error: DotenvError::Template { line, error }, range }
        })?;
        let used = expanded.used.into_iter();
        self.parsed.uses.extend(used.map(|(name, took_word)| Use {
            sets: key.to_owned(),
            line,
            name,
            took_word,
        }));
        self.parsed.unset.extend(expanded.unset.into_iter().map(|name| (name, line)));
        Ok(expanded.text)
    }
}

/// Replaces the escapes of a value in double quotes. `\$` becomes `$$`, which expansion turns into `$`.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let plain = match rest.chars().next() {
            Some('a') => "\u{7}",
            Some('b') => "\u{8}",
            Some('f') => "\u{c}",
            Some('n') => "\n",
            Some('r') => "\r",
            Some('t') => "\t",
            Some('v') => "\u{b}",
            Some('\\') => "\\",
            Some('"') => "\"",
            Some('$') => "$$",
            Some('0') => {
                let digits = rest[1..].bytes().take(3).take_while(u8::is_ascii_digit).count();
                let digits = &rest[1..1 + digits];
                rest = &rest[1 + digits.len()..];
                match u8::from_str_radix(digits, 8) {
                    Ok(code) if digits.len() == 3 => out.push(char::from(code)),
                    _ => {
                        out.push('\\');
                        out.push_str(digits);
                    }
                }
                continue;
            }
            _ => {
                out.push('\\');
                continue;
            }
        };
        out.push_str(plain);
        rest = &rest[1..];
    }
    out.push_str(rest);
    out
}

/// Reads an environment file of `format: raw`: each line is `NAME=value`, taken as it is.
pub fn parse_raw(text: &str, lookup: Lookup<'_>) -> Result<Vec<Assignment>, Vec<Mistake>> {
    let (text, skipped) = without_mark(text);
    let mut found = Vec::new();
    let mut mistakes = Vec::new();
    let mut next = 0;
    for (at, whole) in text.split_inclusive('\n').enumerate() {
        let line = at + 1;
        let start = next;
        next += whole.len();
        let whole = whole.strip_suffix('\n').map_or(whole, |line| line.strip_suffix('\r').unwrap_or(line));
        let written = whole.trim_start();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let (name, value) = match written.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (written, None),
        };
        let start = start + whole.len() - written.len();
        if name.is_empty() {
            let error = DotenvError::NoName { line, text: written.to_owned() };
            mistakes.push(Mistake { error, range: start..start + 1 });
        } else if name.contains([' ', '\t']) {
            let error = DotenvError::Whitespace { line, name: name.to_owned() };
            mistakes.push(Mistake { error, range: start..start + name.len() });
        } else if let Some(value) = value.or_else(|| lookup(name, None)) {
            found.push((name.to_owned(), value, line));
        }
        if mistakes.len() == MAX_MISTAKES {
            break;
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(moved(mistakes, skipped)) }
}

#[cfg(test)]
mod tests;
