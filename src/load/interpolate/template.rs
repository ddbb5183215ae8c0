//! The grammar of `$NAME` and `${NAME…}`, and its evaluation on one text.

use std::ops::Range;

use crate::base::go_quote;

/// What stands between a name and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `:-`: the word when unset or empty.
    DefaultIfEmpty,
    /// `-`: the word when unset.
    Default,
    /// `:+`: the word when set and not empty.
    AlternateIfFull,
    /// `+`: the word when set.
    Alternate,
    /// `:?`: an error when unset or empty.
    RequiredFull,
    /// `?`: an error when unset.
    Required,
}

impl Operator {
    fn at(text: &str) -> Option<(Operator, usize)> {
        let (colon, sign) = match text.strip_prefix(':') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let operator = match (sign.as_bytes().first()?, colon) {
            (b'-', true) => Operator::DefaultIfEmpty,
            (b'-', false) => Operator::Default,
            (b'+', true) => Operator::AlternateIfFull,
            (b'+', false) => Operator::Alternate,
            (b'?', true) => Operator::RequiredFull,
            (b'?', false) => Operator::Required,
            _ => return None,
        };
        Some((operator, 1 + usize::from(colon)))
    }
}

/// Why an expression can't be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `${` that begins no valid expression; the text the reference blames is kept.
    Invalid(String),
    /// `${V:?…}` or `${V?…}` without a value.
    Required {
        /// The variable.
        variable: String,
        /// The message, interpolated; may be empty.
        message: String,
    },
    /// Words in words beyond [`MAX_DEPTH`].
    TooDeep,
}

/// An expression that can't be evaluated, with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub fault: Fault,
    /// The bytes of the expression in the whole text.
    pub range: Range<usize>,
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.fault {
            Fault::Invalid(text) => write!(f, "Invalid template: {}", go_quote(text)),
            Fault::Required { variable, message } if message.is_empty() => {
                write!(f, "required variable {variable} is missing a value")
            }
            Fault::Required { variable, message } => {
                write!(f, "required variable {variable} is missing a value: {message}")
            }
            Fault::TooDeep => write!(f, "variable expressions are nested more than {MAX_DEPTH} deep"),
        }
    }
}

impl std::error::Error for TemplateError {}

/// How deep words may hold words.
pub const MAX_DEPTH: usize = 100;

/// How many errors of one text are told; nobody reads more.
const MAX_ERRORS: usize = 20;

/// A variable whose value, or absence, went into the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The variable.
    pub name: String,
    /// The bytes of the expression in the whole text.
    pub range: Range<usize>,
    /// Whether it has a value.
    pub set: bool,
    /// Whether it is blank for want of a value, without a word that says so.
    pub defaulted_to_blank: bool,
    /// Whether the word after the name counts, not the value.
    pub took_word: bool,
}

/// The outcome for one text: its errors stand beside what could be made of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expansion {
    pub text: String,
    pub references: Vec<Reference>,
    pub errors: Vec<TemplateError>,
}

/// One piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Kept as it is.
    Text(Range<usize>),
    /// `$$`.
    Dollar,
    /// `$NAME`, `${NAME}`, `${NAME:-word}`.
    Variable { name: Range<usize>, word: Option<(Operator, Range<usize>)>, range: Range<usize> },
    /// `${` that begins nothing valid; the second range is the text the reference blames.
    Invalid { range: Range<usize>, blamed: Range<usize> },
}

/// Cuts a part of a text into pieces.
pub(super) struct Pieces<'t> {
    text: &'t str,
    part: Range<usize>,
    at: usize,
    /// What follows an expression with an operator, up to the line's last `}`: the reference looks at
    /// it as a text of its own, which shows in what it blames.
    remainder: Option<Range<usize>>,
}

impl<'t> Pieces<'t> {
    pub(super) fn new(text: &'t str, part: Range<usize>) -> Pieces<'t> {
        Pieces { text, at: part.start, part, remainder: None }
    }

    /// The last `}` of the line that `from` is on, when there is one at or after `from`.
    fn last_brace(&self, from: usize) -> Option<usize> {
        if let Some(known) = &self.remainder
            && from < known.end
        {
            return Some(known.end - 1);
        }
        let rest = &self.text[from..self.part.end];
        let line = rest.split('\n').next().unwrap_or(rest);
        line.rfind('}').map(|at| from + at)
    }

    fn dollar(&mut self, start: usize) -> Option<Piece> {
        let rest = &self.text[start + 1..self.part.end];
        match rest.as_bytes().first() {
            Some(b'$') => {
                self.at = start + 2;
                Some(Piece::Dollar)
            }
            Some(b'{') => Some(self.braced(start)),
            _ => {
                let length = name_length(rest);
                if length == 0 {
                    return None;
                }
                let name = start + 1..start + 1 + length;
                self.at = name.end;
                Some(Piece::Variable { range: start..name.end, name, word: None })
            }
        }
    }

    fn braced(&mut self, start: usize) -> Piece {
        let name_start = start + 2;
        let rest = &self.text[name_start..self.part.end];
        let name = name_start..name_start + name_length(rest);
        let after = &self.text[name.end..self.part.end];
        if !name.is_empty() && after.starts_with('}') {
            self.at = name.end + 1;
            return Piece::Variable { range: start..self.at, name, word: None };
        }
        if !name.is_empty()
            && let Some((operator, length)) = Operator::at(after)
            && let Some(last) = self.last_brace(name.end + length)
        {
            let close = closing_brace(self.text, start + 1, last);
            self.at = close + 1;
            self.remainder = (close < last).then(|| self.at..last + 1);
            let word = Some((operator, name.end + length..close));
            return Piece::Variable { range: start..self.at, name, word };
        }
        let blamed = self.remainder.clone().unwrap_or_else(|| self.part.clone());
        // People are shown up to the closing brace, when there is one nearby.
        let line = after.split('\n').next().unwrap_or(after);
        let shown = line.find('}').map_or(name.end, |at| name.end + at + 1);
        self.at = start + 2;
        Piece::Invalid { range: start..shown, blamed }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.remainder.as_ref().is_some_and(|part| self.at >= part.end) {
            self.remainder = None;
        }
        if self.at >= self.part.end {
            return None;
        }
        let start = self.at;
        let end = self.remainder.as_ref().map_or(self.part.end, |part| part.end);
        match self.text[start..end].find('$').map(|at| start + at) {
            Some(found) if found == start => self.dollar(start).or_else(|| {
                // A lone `$` is text.
                self.at = start + 1;
                Some(Piece::Text(start..self.at))
            }),
            found => {
                self.at = found.unwrap_or(end);
                Some(Piece::Text(start..self.at))
            }
        }
    }
}

fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b) if b.is_ascii_alphabetic() || *b == b'_' => {
            bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
        }
        _ => 0,
    }
}

/// The `}` that closes the `{` at `open`, counting pairs up to `last`; when the count doesn't come out,
/// `last` itself. What follows any `{` is not looked at, so that `{}` counts as one opening brace.
fn closing_brace(text: &str, open: usize, last: usize) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = open;
    while at <= last {
        match bytes[at] {
            b'{' => {
                depth += 1;
                at += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    last
}

/// Evaluates a whole text, going on after errors.
pub(crate) fn evaluate(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Expansion {
    let mut out = Expansion::default();
    let Expansion { text: result, references, errors } = &mut out;
    let mut run = Run { text, lookup, references, errors };
    *result = run.part(0..text.len(), 0);
    out
}

struct Run<'a> {
    text: &'a str,
    lookup: &'a dyn Fn(&str) -> Option<String>,
    references: &'a mut Vec<Reference>,
    errors: &'a mut Vec<TemplateError>,
}

impl Run<'_> {
    fn part(&mut self, part: Range<usize>, depth: usize) -> String {
        let mut result = String::with_capacity(part.len());
        if depth > MAX_DEPTH {
            self.errors.push(TemplateError { fault: Fault::TooDeep, range: part });
            return result;
        }
        for piece in Pieces::new(self.text, part) {
            if self.errors.len() >= MAX_ERRORS {
                break;
            }
            match piece {
                Piece::Text(range) => result.push_str(&self.text[range]),
                Piece::Dollar => result.push('$'),
                Piece::Invalid { range, blamed } => self
                    .errors
                    .push(TemplateError { fault: Fault::Invalid(self.text[blamed].to_owned()), range }),
                Piece::Variable { name, word, range } => {
                    result.push_str(&self.variable(&self.text[name], word, range, depth));
                }
            }
        }
        result
    }

    fn variable(
        &mut self,
        name: &str,
        word: Option<(Operator, Range<usize>)>,
        range: Range<usize>,
        depth: usize,
    ) -> String {
        let value = (self.lookup)(name);
        let full = value.as_ref().is_some_and(|v| !v.is_empty());
        let takes_word = word.as_ref().is_some_and(|(operator, _)| match operator {
            Operator::DefaultIfEmpty | Operator::RequiredFull => !full,
            Operator::Default | Operator::Required => value.is_none(),
            Operator::AlternateIfFull => full,
            Operator::Alternate => value.is_some(),
        });
        self.references.push(Reference {
            name: name.to_owned(),
            range: range.clone(),
            set: value.is_some(),
            defaulted_to_blank: value.is_none() && word.is_none(),
            took_word: takes_word,
        });
        let Some((operator, word)) = word else {
            return value.unwrap_or_default();
        };
        // The word counts only when it is used: an error in an unused one is none.
        if !takes_word {
            return value.unwrap_or_default();
        }
        let errors = self.errors.len();
        let word = self.part(word, depth + 1);
        if matches!(operator, Operator::Required | Operator::RequiredFull) {
            if self.errors.len() == errors {
                let fault = Fault::Required { variable: name.to_owned(), message: word };
                self.errors.push(TemplateError { fault, range });
            }
            return String::new();
        }
        word
    }
}

/// A text with its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// Variables without a value that became blank, one for each occurrence.
    pub unset: Vec<String>,
    /// Every variable that was asked for, each with whether its word took its place.
    pub used: Vec<(String, bool)>,
}

/// Replaces the variables in a text; the first error, if any, is the outcome.
pub fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, TemplateError> {
    if !text.contains('$') {
        return Ok(Expanded { text: text.to_owned(), unset: Vec::new(), used: Vec::new() });
    }
    let expansion = evaluate(text, lookup);
    if let Some(error) = expansion.errors.into_iter().next() {
        return Err(error);
    }
    let blank = expansion.references.iter().filter(|reference| reference.defaulted_to_blank);
    let unset = blank.map(|reference| reference.name.clone()).collect();
    let used = expansion.references.into_iter().map(|reference| (reference.name, reference.took_word));
    Ok(Expanded { text: expansion.text, unset, used: used.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(name: &str) -> Option<String> {
        match name {
            "A" => Some("aa".to_owned()),
            "B" => Some("bb".to_owned()),
            "E" => Some(String::new()),
            _ => None,
        }
    }

    fn shown(text: &str) -> String {
        match expand(text, &vars) {
            Ok(expanded) => expanded.text,
            Err(TemplateError { fault: Fault::Invalid(blamed), .. }) => format!("invalid {blamed}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn expressions_evaluate_as_in_the_reference() {
        for (text, expected) in [
            ("$$A", "$A"),
            ("$$$A", "$aa"),
            ("a$", "a$"),
            ("$1", "$1"),
            ("$-A", "$-A"),
            ("$(x)", "$(x)"),
            ("$é", "$é"),
            ("$A.b", "aa.b"),
            ("$A[0]", "aa[0]"),
            ("x${U:-a}y${V:-b}z", "xaybz"),
            ("${U:-${V:-${A}}}", "aa"),
            ("${U:-$$A}", "$A"),
            ("${U:-:-}", ":-"),
            ("${A+a:-b}", "a:-b"),
            ("${U+a}", ""),
            ("${E:+a}", ""),
            ("${E+a}", "a"),
            ("${E?m}", ""),
            ("${E:-m}", "m"),
            ("${E-m}", ""),
            ("${U:-'q'}", "'q'"),
            ("${U:-{a}b}", "{a}b"),
            ("${U:-{}}", "{}"),
            ("${A:-a}b}c", "aab}c"),
            (r"${U:-\}}", r"\}"),
            ("${A:-${U:?x}}", "aa"),
            ("${U-a:?b}", "a:?b"),
            ("${U:?a-b}", "required variable U is missing a value: a-b"),
            ("${U?}", "required variable U is missing a value"),
            ("${U?$A}", "required variable U is missing a value: aa"),
            ("${U:-${}}", "invalid ${}"),
            ("${A:-x} ${B:x} t", "invalid  ${B:x}"),
            ("a\n${B:x}\nb", "invalid a\n${B:x}\nb"),
            ("$", "$"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn malformed_expressions_are_refused() {
        for text in [
            "${}",
            "${1}",
            "${ A}",
            "${A }",
            "${A",
            "${A:}",
            "${A:x}",
            "${A:=x}",
            "${A!x}",
            "${A[0]}",
            "${A:0:1}",
            "${#A}",
            "${A/x/y}",
            "${A,,}",
            "${-A}",
            "${é}",
            "${U:-a\nb}",
        ] {
            assert_eq!(shown(text), format!("invalid {text}"));
        }
    }

    #[test]
    fn every_error_of_a_text_is_found_with_its_place() {
        let text = "x${U:?one}-${V?two}-${A:x}";
        let found = evaluate(text, &vars);
        let places: Vec<&str> = found.errors.iter().map(|e| &text[e.range.clone()]).collect();
        assert_eq!(places, ["${U:?one}", "${V?two}", "${A:x}"]);
    }

    #[test]
    fn deep_and_long_texts_end_in_time() {
        let deep = format!("{}{}", "${U:-".repeat(10_000), "}".repeat(10_000));
        assert!(expand(&deep, &vars).is_err());
        let long = "${U:-a}".repeat(50_000);
        assert_eq!(shown(&long).len(), 50_000);
    }
}
