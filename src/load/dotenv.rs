//! Environment files: the grammar of `.env`, `--env-file`, `env_file` and `label_file`.
//!
//! The text is read as a whole, not by lines: values in quotes run over several, and what follows a closing
//! quote is the next statement.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;

use crate::base::go_quote;
use crate::diag::{Code, Diagnostic, Span};
use crate::load::interpolate::{self, TemplateError};

/// A variable and its value, with its line in the file, from 1.
pub type Assignment = (String, String, usize);

/// Bytes that the variables of one file may stand for, all together: each line can double the one before.
const MAX_EXPANDED: usize = 16 << 20;

/// Why an environment file can't be read. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DotenvError {
    /// A character that no name has.
    #[error("line {line}: unexpected character {} in variable name {}", go_quote(&.character.to_string()), go_quote(.text))]
    Name {
        /// The line.
        line: usize,
        /// The character.
        character: char,
        /// The rest of the line from the name on.
        text: String,
    },
    /// A name with a blank in it.
    #[error("line {line}: key cannot contain a space")]
    Space {
        /// The line.
        line: usize,
    },
    /// `export` with nothing after it.
    #[error("zero length string")]
    Empty {
        /// The line.
        line: usize,
    },
    /// A quote without its partner.
    #[error("line {line}: unterminated quoted value {text}")]
    Unterminated {
        /// The line.
        line: usize,
        /// The line's text from the quote on.
        text: String,
    },
    /// Values that hold each other's values over and over.
    #[error("line {line}: variables stand for more than {} MiB of text", MAX_EXPANDED >> 20)]
    TooLong {
        /// The line.
        line: usize,
    },
    /// A variable expression in a value fails.
    #[error("{error}")]
    Template {
        /// The line.
        line: usize,
        /// What is wrong.
        error: TemplateError,
    },
    /// A line of a raw file without a name.
    #[error("no variable name on line '{text}'")]
    NoName {
        /// The line's number.
        line: usize,
        /// The line.
        text: String,
    },
    /// A name in a raw file with blanks in it.
    #[error("variable '{name}' contains whitespaces")]
    Whitespace {
        /// The line's number.
        line: usize,
        /// The name.
        name: String,
    },
}

impl DotenvError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        match self {
            DotenvError::Name { line, .. }
            | DotenvError::Space { line }
            | DotenvError::Empty { line }
            | DotenvError::Unterminated { line, .. }
            | DotenvError::TooLong { line }
            | DotenvError::Template { line, .. }
            | DotenvError::NoName { line, .. }
            | DotenvError::Whitespace { line, .. } => *line,
        }
    }
}

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

/// Reads an environment file. Variables in values, and names without a value, are looked up with `lookup`.
pub fn parse(text: &str, lookup: Lookup<'_>) -> Result<Vec<Assignment>, DotenvError> {
    read(text, lookup).map(|parsed| parsed.assignments)
}

/// What is told of a variable that a value of an environment file uses and nobody set.
pub fn unset(name: &str, file: &Path, line: usize) -> Diagnostic {
    let message = format!("The \"{name}\" variable is not set. Defaulting to a blank string.");
    Diagnostic::new(Code::UnsetVariable, Span::NONE, message).in_file(file.display(), line)
}

/// Like [`parse`], telling also which variables were not set.
pub fn read(text: &str, lookup: Lookup<'_>) -> Result<Parsed, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser {
        text,
        at: 0,
        line: 1,
        lookup,
        known: HashMap::new(),
        room: MAX_EXPANDED,
        parsed: Parsed::default(),
    };
    while parser.skip_to_statement() {
        parser.statement()?;
    }
    Ok(parser.parsed)
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

    fn statement(&mut self) -> Result<(), DotenvError> {
        let line = self.line;
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with([' ', '\t', '\n', '\r', '\u{c}'])
        {
            self.at += "export".len();
            self.skip_blanks();
        }
        let source = self.rest();
        if source.is_empty() {
            return Err(DotenvError::Empty { line });
        }
        let (key, inherited) = self.key()?;
        if key.contains(' ') {
            return Err(DotenvError::Space { line });
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
    fn key(&mut self) -> Result<(&'a str, bool), DotenvError> {
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
                    return Err(DotenvError::Name {
                        line: self.line,
                        character,
                        text: rest.split('\n').next().unwrap_or(rest).to_owned(),
                    });
                }
            }
        }
        // A last word without a line's end is, for the reference, the value of a variable without a name.
        Ok(("", false))
    }

    fn unquoted(&mut self, key: &str) -> Result<String, DotenvError> {
        let line = self.line;
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
        let value = value.split_once(" #").map_or(value, |(value, _)| value);
        self.expand(value.trim_end(), key, line)
    }

    fn quoted(&mut self, quote: char, key: &str) -> Result<String, DotenvError> {
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
                return match quote {
                    '"' => self.expand(&unescape(&value), key, line),
                    _ => Ok(value),
                };
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
        Err(DotenvError::Unterminated {
            line: self.line,
            text: rest.split('\n').next().unwrap_or(rest).to_owned(),
        })
    }

    fn expand(&mut self, value: &str, key: &str, line: usize) -> Result<String, DotenvError> {
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
        self.room = room.get().ok_or(DotenvError::TooLong { line })?;
        let expanded = expanded.map_err(|error| DotenvError::Template { line, error })?;
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
pub fn parse_raw(text: &str, lookup: Lookup<'_>) -> Result<Vec<Assignment>, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for (at, written) in text.lines().enumerate() {
        let line = at + 1;
        let written = written.trim_start();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let (name, value) = match written.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (written, None),
        };
        if name.is_empty() {
            return Err(DotenvError::NoName { line, text: written.to_owned() });
        }
        if name.contains([' ', '\t']) {
            return Err(DotenvError::Whitespace { line, name: name.to_owned() });
        }
        if let Some(value) = value.or_else(|| lookup(name, None)) {
            found.push((name.to_owned(), value, line));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str, here: Option<&str>) -> Option<String> {
        matches!(name, "B" | "y").then(|| format!("<{name}>")).or_else(|| here.map(str::to_owned))
    }

    fn shown(text: &str) -> String {
        match parse(text, &lookup) {
            Ok(found) => {
                let pairs: Vec<String> = found.into_iter().map(|(n, v, _)| format!("{n}={v}")).collect();
                pairs.join("|")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_grammar_is_that_of_the_reference() {
        for (text, expected) in [
            ("A = b", "A=b"),
            ("export A=b", "A=b"),
            ("exportA=b", "exportA=b"),
            ("A=b # c", "A=b"),
            ("A=b#c", "A=b#c"),
            ("A=#c", "A=#c"),
            ("A= #c", "A=#c"),
            (r"A='a\'b'", "A=a'b"),
            (r"A='a\nb\\'", r"A=a\nb\\"),
            (r#"A="a\nb""#, "A=a\nb"),
            (r#"A="\$B""#, "A=$B"),
            (r#"A="\\$B""#, r"A=\<B>"),
            (r"A=\$B", r"A=\<B>"),
            ("A=$$B", "A=$B"),
            ("A='$B'", "A=$B"),
            ("A=a\\ b", "A=a\\ b"),
            ("A=$(ls)", "A=$(ls)"),
            ("A=\" x \"", "A= x "),
            ("A: b:c", "A=b:c"),
            ("A=1\r\nC=2\r\n", "A=1|C=2"),
            ("\u{feff}A=1", "A=1"),
            ("B\nU\nA=1\n", "B=<B>|A=1"),
            ("A", "=A"),
            ("=b", "=b"),
            ("export ", "zero length string"),
            ("A=\"a\"C=b", "A=a|C=b"),
            ("A='x' y\n", "A=x|y=<y>"),
            ("A=1\nC=$A-${D:-d}", "A=1|C=1-d"),
            (r#"A="\0101\0377\0\01\0777\c\x41\q""#, "A=A\u{ff}\\\\1\\777\\c\\x41\\q"),
            ("A='a\nb'\nC=d", "A=a\nb|C=d"),
            ("A b=c", "line 1: key cannot contain a space"),
            ("A+=b", "line 1: unexpected character \"+\" in variable name \"A+=b\""),
            ("A='a'\"b\"", "line 1: unexpected character \"\\\"\" in variable name \"\\\"b\\\"\""),
            ("\nA=\"b\nc", "line 3: unterminated quoted value \"b"),
            ("A=${Z?err}", "required variable Z is missing a value: err"),
            ("A=${", "Invalid template: \"${\""),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_and_unset_variables_are_told() {
        let parsed = read("# c\nA='x\ny'\n\nC=$U$U\n", &lookup);
        let parsed = parsed.unwrap_or_default();
        let lines: Vec<usize> = parsed.assignments.iter().map(|a| a.2).collect();
        assert_eq!(lines, [2, 5]);
        assert_eq!(parsed.unset, [("U".to_owned(), 5), ("U".to_owned(), 5)]);
    }

    #[test]
    fn raw_files_are_taken_as_they_are() {
        let raw = |text| parse_raw(text, &lookup).map_err(|e| e.to_string());
        let one = |name: &str, value: &str, line| Ok(vec![(name.to_owned(), value.to_owned(), line)]);
        assert_eq!(raw("# x\n  A='$B' \r\nU\n"), one("A", "'$B' ", 2));
        assert_eq!(raw("B"), one("B", "<B>", 1));
        assert_eq!(raw("=x"), Err("no variable name on line '=x'".to_owned()));
        assert_eq!(raw("A B=x"), Err("variable 'A B' contains whitespaces".to_owned()));
    }

    /// Thirty lines, each twice the one before, would be ten gigabytes.
    #[test]
    fn values_that_double_end_in_a_finding() {
        let text = format!("A=0123456789\n{}", "A=$A$A\n".repeat(30));
        let keep = |_: &str, here: Option<&str>| here.map(str::to_owned);
        let error = parse(&text, &keep).unwrap_err();
        assert_eq!(error, DotenvError::TooLong { line: 21 });
        assert_eq!(error.to_string(), "line 21: variables stand for more than 16 MiB of text");
    }
}
