//! Mistakes of environment files as findings, each with its place in the file.

use super::{DotenvError, Mistake};
use crate::base::go_quote;
use crate::diag::{Code, Diagnostic, FileId, SourceMap, Span};
use crate::load::interpolate::Fault;

/// What is told of the mistakes of a file, which `sources` gets to know by its name: without the values, since
/// they may be secret and findings end in logs.
pub fn findings(mistakes: &[Mistake], text: &str, name: &str, sources: &mut SourceMap) -> Vec<Diagnostic> {
    let file = sources.find(name).unwrap_or_else(|| sources.add(name, masked(text, mistakes)));
    mistakes.iter().map(|mistake| finding(mistake, text, file)).collect()
}

fn finding(mistake: &Mistake, text: &str, file: FileId) -> Diagnostic {
    const LINE: &str = "use `NAME=value`, without spaces in the name";
    let span = Span::new(file, mistake.range.start, mistake.range.end);
    let new = |message: String| Diagnostic::new(Code::EnvFile, span, message);
    match &mistake.error {
        DotenvError::Name { character, .. } => {
            new(format!("unexpected character `{character}` in a variable name"))
                .help("a line is `NAME=value`; a name has letters, digits, `_`, `.` and `-`")
        }
        DotenvError::Space { .. } => new("key cannot contain a space".to_owned()).help(LINE),
        DotenvError::Empty { .. } => new("`export` names no variable".to_owned()),
        DotenvError::Unterminated { .. } => new("a quote is never closed".to_owned())
            .help("add the closing quote; a value that holds one is put in quotes of the other kind"),
        DotenvError::TooLong { .. } => {
            new(format!("variables stand for more than {} MiB of text", super::MAX_EXPANDED >> 20))
        }
        DotenvError::Template { error, .. } => match error.fault {
            // The whole value, which the error itself names, may be secret.
            Fault::Invalid(_) => new(format!(
                "Invalid template: {}",
                go_quote(text.get(mistake.range.clone()).unwrap_or_default())
            ))
            .help("to keep a `$` as it is, write `$$`, or put the value in single quotes"),
            Fault::Required { .. } | Fault::TooDeep => new(error.to_string()),
        },
        DotenvError::NoName { .. } => new("no variable name on this line".to_owned()).help(LINE),
        DotenvError::Whitespace { name, .. } => {
            new(format!("variable `{name}` contains whitespaces")).help(LINE)
        }
    }
}

/// The text with stars in the place of values, but for the places of mistakes. Every byte keeps its place.
fn masked(text: &str, mistakes: &[Mistake]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut value = false;
    for (at, c) in text.char_indices() {
        match c {
            '\n' => value = false,
            _ if value
                && !c.is_whitespace()
                && !mistakes.iter().any(|mistake| mistake.range.contains(&at)) =>
            {
                out.extend(std::iter::repeat_n('*', c.len_utf8()));
                continue;
            }
            '=' | ':' => value = true,
            _ => {}
        }
        out.push(c);
    }
    out
}
