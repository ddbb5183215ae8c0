//! The parser's errors in the words of people.

use std::ops::Range;

use granit_parser::{ErrorKind, Parser, ScanError};

use super::indent;
use crate::diag::{Code, Diagnostic, FileId, Span};

/// The finding for a syntax error, given where the innermost open bracket stands.
pub(super) fn finding(error: &ScanError, bracket: Option<usize>, text: &str, file: FileId) -> Diagnostic {
    let at = boundary(text, error.marker().byte_offset().unwrap_or(text.len()));
    // What stands in brackets on one line is scanned before the brackets are told of.
    let after_quote = matches!(
        error.kind(),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar
    );
    if let Some(finding) = (after_quote || bracket.is_some()).then(|| missing_comma(text, at, file)).flatten()
    {
        return finding;
    }
    if let Some(finding) = bracket.and_then(|open| unclosed(error.kind(), open, at, text, file)) {
        return finding;
    }
    if let Some(finding) = conflict(text, file)
        .or_else(|| tab(text, at, file))
        .or_else(|| missing_blank(text, at, file))
        .or_else(|| earlier_line(error.kind(), text, at, file))
        .or_else(|| moved(error.kind(), text, at, file))
    {
        return finding;
    }
    // At the end of the text the mistake is the last thing written.
    let end =
        text[at..].chars().next().filter(|c| *c != '\n' && *c != '\r').map_or(at, |c| at + c.len_utf8());
    let span = Span::new(file, at, end);
    let line = line_at(text, at);
    let (message, help) = words(error.kind(), text, at, line);
    let mut finding = Diagnostic::new(Code::YamlSyntax, span, message);
    if let Some(help) = help {
        finding = finding.help(help);
    }
    if let Some((place, what)) = cause(error.kind(), text, at) {
        finding = finding.label(Span::new(file, place, place + 1), what);
    }
    finding
}

fn words(kind: &ErrorKind, text: &str, at: usize, line: &str) -> (String, Option<String>) {
    let say = |message: &str, help: &str| (message.to_owned(), Some(help.to_owned()));
    let indentation = line.len() - line.trim_start().len();
    if line[..indentation].contains('\t') {
        return say(
            "a tab is used as indentation",
            "YAML is indented with spaces only; replace the tab by spaces",
        );
    }
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar
        | ErrorKind::UnexpectedCharacter { character: '\t' } => say(
            "a tab is used where only spaces are allowed",
            "YAML is indented with spaces only; replace the tab by spaces",
        ),
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("`{character}` can't begin a value"), Some("put the value in quotes".to_owned()))
        }
        ErrorKind::UnclosedQuotedScalar => say("a quote is never closed", "add the closing quote"),
        ErrorKind::DocumentIndicatorInQuotedScalar => {
            say("a quote is still open where the document ends", "add the closing quote")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => say(
            "text follows a closing quote",
            "put the whole value in quotes, or write a quote inside it as \\\" (in double quotes) or '' (in single quotes)",
        ),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => say(
            "no escape in double quotes is written like this",
            "write a backslash as \\\\, or use single quotes, where it is an ordinary character",
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            (format!("`{open}` is never closed"), Some(format!("add the closing `{}`", closing(*open))))
        }
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::ExpectedFlowSequenceSeparator => say(
            "a list in brackets is not closed here",
            "items are separated by `,` and the list ends with `]`",
        ),
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator => say(
            "a mapping in braces is not closed here",
            "entries are separated by `,` and the mapping ends with `}`",
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => (
            format!("`{open}` is closed by `{close}`"),
            Some(format!("`{open}` is closed by `{}`", closing(*open))),
        ),
        ErrorKind::MisplacedFlowCollectionEnd => {
            say("this bracket closes nothing", "remove it, or put the value in quotes")
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => say(
            "a second `key: value` on one line, where one value is expected",
            "put a value that holds `: ` in quotes, or check the indentation of this line and the one before",
        ),
        ErrorKind::ExpectedBlockMappingKey
            if at_line_start(text, at) && (line.contains(": ") || line.ends_with(':')) =>
        {
            misaligned()
        }
        ErrorKind::ExpectedBlockMappingKey if line.trim_start().starts_with("- ") => {
            let before = line_before(text, at).map_or("", |(_, line)| line.trim_start());
            if before.starts_with("- ") {
                misaligned()
            } else {
                say(
                    "a list item among the keys of a mapping",
                    "write all of it as `key: value`, or all of it as `- item`",
                )
            }
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey | ErrorKind::ExpectedBlockMappingKey => {
            (bare_line(text, at, line), Some(colon_help(line)))
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidBlockScalarIndent => misaligned(),
        ErrorKind::ExpectedBlockSequenceEntry => say(
            "a line of this list does not begin with `- `",
            "write all of it as `- item`, or all of it as `key: value`",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => say(
            "a list item where none is expected",
            "start the list on its own line, and indent its items equally",
        ),
        ErrorKind::BlockEntryInFlowCollection | ErrorKind::PlainScalarStartsWithDashFlowIndicator => {
            say("`-` begins no item inside brackets", "separate the items by `,`")
        }
        ErrorKind::InvalidBlockScalarHeader => {
            say("text follows `|` or `>` on its line", "begin the text on the next line, indented")
        }
        ErrorKind::CommentNotSeparated | ErrorKind::CommentInterceptedScalar => {
            say("a comment is not allowed here", "put a space before `#`, or put the value in quotes")
        }
        ErrorKind::UndeclaredTagHandle => say("the tag's prefix is not declared", "put the value in quotes"),
        ErrorKind::MissingAnchorOrAliasName => {
            say("`&` or `*` has no name", "put a value that begins with `&` or `*` in quotes")
        }
        ErrorKind::ExpectedNodeContent => {
            say("a value is missing here", "write one, or remove the mark before it")
        }
        ErrorKind::ExpectedDocumentStart => say(
            "this line does not continue anything before it",
            "a Compose file is one mapping: every line is `key: value`, indented under the key it belongs to",
        ),
        ErrorKind::BomInsideDocument => say("a byte-order mark inside the file", "remove it"),
        other => (format!("this is not YAML: {other}"), None),
    }
}

/// `\/` in double quotes, which JSON knows and the reference does not.
pub(super) fn slash_escape(written: &str, place: Span) -> Option<Diagnostic> {
    let mut from = 0;
    while let Some(at) = written[from..].find('\\').map(|at| from + at) {
        if written[at + 1..].starts_with('/') {
            let span = place.part(at, at + 2);
            let message = "no escape in double quotes is written like this";
            return Some(
                Diagnostic::new(Code::YamlSyntax, span, message)
                    .help("a slash needs no backslash")
                    .edit(span, "/"),
            );
        }
        let escaped = written[at + 1..].chars().next().map_or(0, char::len_utf8);
        from = at + 1 + escaped;
    }
    None
}

/// A tag that a bracket or comma ends, where the reference wants a blank.
pub(super) fn tag_end(text: &str, tag: Span) -> Option<Diagnostic> {
    let end = tag.end as usize;
    text[end..].starts_with([',', ']', '}']).then(|| {
        let place = Span::new(tag.file, end, end + 1);
        Diagnostic::new(Code::YamlSyntax, place, "a tag ends with a blank")
            .label(tag, "this tag")
            .help("put a blank behind the tag, or the value it is meant for")
    })
}

/// The marks that a version control system leaves at a conflict.
fn conflict(text: &str, file: FileId) -> Option<Diagnostic> {
    const MARK: &str = "<<<<<<< ";
    let at = if text.starts_with(MARK) { 0 } else { text.find("\n<<<<<<< ")? + 1 };
    let span = Span::new(file, at, at + MARK.len() - 1);
    Some(
        Diagnostic::new(Code::YamlSyntax, span, "a merge conflict is left in the file")
            .help("choose one of the sides, and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`"),
    )
}

/// A tab in the indentation of the line of the error, or of the next with words: the parser stops before it.
fn tab(text: &str, at: usize, file: FileId) -> Option<Diagnostic> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let mut from = start;
    for (number, line) in text[start..].split_inclusive('\n').enumerate() {
        let words = line.trim();
        let blank = words.is_empty() || words.starts_with('#');
        let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indentation].find('\t').filter(|_| !blank) {
            let span = Span::new(file, from + tab, from + tab + 1);
            return Some(
                Diagnostic::new(Code::YamlSyntax, span, "a tab is used as indentation")
                    .help("YAML is indented with spaces only; replace the tab by spaces"),
            );
        }
        if number > 0 && !blank {
            break;
        }
        from += line.len();
    }
    None
}

/// A line that only its indentation keeps from being right.
fn moved(kind: &ErrorKind, text: &str, at: usize, file: FileId) -> Option<Diagnostic> {
    let about_columns = matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::InvalidIndentation
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::BlockSequenceEntryNotAllowed
            | ErrorKind::ExpectedDocumentStart
            | ErrorKind::CommentInterceptedScalar
            | ErrorKind::CommentNotSeparated
    );
    let mend = about_columns.then(|| indent::mend(text, at)).flatten()?;
    let Range { start, end } = mend.indentation;
    let content = end + text[end..].find(['\n', '\r']).unwrap_or(text.len() - end);
    let shown = Span::new(file, end, content);
    let (is, wanted) = (end - start, mend.wanted);
    let spaces = if wanted == 1 { "space" } else { "spaces" };
    let mut finding =
        Diagnostic::new(Code::YamlSyntax, shown, "this line is not indented like its neighbours")
            .note(format!("indented by {is}"))
            .help(format!("indent it by {wanted} {spaces}, if it belongs to the lines around it"))
            .edit(Span::new(file, start + wanted.min(is), end), " ".repeat(wanted.saturating_sub(is)));
    if !(end..content).contains(&at) && !(start..end).contains(&at) {
        let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
        finding = finding.label(Span::new(file, at, end), "noticed here");
    }
    Some(finding)
}

/// Errors that come to light one line after the mistake: a line that isn't a `key: value` goes on
/// on the next line, and an open quote ends at the next one.
fn earlier_line(kind: &ErrorKind, text: &str, at: usize, file: FileId) -> Option<Diagnostic> {
    match kind {
        ErrorKind::MappingValueNotAllowed => {
            let line = line_at(text, at);
            let start = text[..at].rfind('\n')? + 1;
            let key = text[start..at].trim();
            if key.is_empty() || key.contains([' ', ':', '"', '\'']) || line.trim_start().starts_with('-') {
                return None;
            }
            let (begin, before) = line_before(text, at)?;
            let word = before.trim();
            if word.is_empty() || word.starts_with(['#', '-']) {
                return None;
            }
            let from = begin + before.len() - before.trim_start().len();
            let span = Span::new(file, from, from + word.len());
            if let Some((key, value)) = missing_space(word) {
                let colon = from + key.len();
                return Some(
                    Diagnostic::new(Code::YamlSyntax, span, "a space is missing after `:`")
                        .help(format!("write `{key}: {value}`"))
                        .edit(Span::new(file, colon, colon + 1), ": "),
                );
            }
            (!word.contains(':')).then(|| {
                Diagnostic::new(Code::YamlSyntax, span, "a key with `:` is expected here")
                    .label(Span::new(file, at, at + 1), "noticed here")
                    .help(format!("write `{word}:` when the next lines belong to it"))
            })
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            let quote = text[..at].trim_end().chars().next_back().filter(|c| matches!(c, '"' | '\''))?;
            let close = text[..at].trim_end().len() - 1;
            let open = text[..close].rfind(quote)?;
            text[open..close].contains('\n').then(|| {
                Diagnostic::new(Code::YamlSyntax, Span::new(file, open, open + 1), "a quote is never closed")
                    .label(Span::new(file, close, close + 1), "this quote ends it")
                    .help("add the closing quote")
            })
        }
        _ => None,
    }
}

/// The line before the one at a byte, and where it begins.
fn line_before(text: &str, at: usize) -> Option<(usize, &str)> {
    let end = text[..at].rfind('\n')?;
    let start = text[..end].rfind('\n').map_or(0, |n| n + 1);
    Some((start, text[start..end].trim_end_matches('\r')))
}

fn at_line_start(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    text[start..at].trim().is_empty()
}

/// An item in brackets that nothing but a comma before it keeps from being right.
fn missing_comma(text: &str, at: usize, file: FileId) -> Option<Diagnostic> {
    /// Commas that one text may lack: each is found by reading all of it.
    const MOST: usize = 8;
    if text.len() > indent::MAX_TEXT {
        return None;
    }
    let mut mended = text.to_owned();
    let mut next = at;
    // The places in the text as it is, in order.
    let mut places: Vec<usize> = Vec::new();
    for _ in 0..MOST {
        let end = gap(&mended, next)?;
        mended.insert(end, ',');
        let before = places.iter().enumerate().filter(|(more, place)| *place + more < end).count();
        places.insert(before, end - before);
        let Some(error) = Parser::new_from_str(&mended).find_map(Result::err) else {
            let (first, others) = places.split_first()?;
            let span = |place: usize| Span::new(file, place, place);
            let finding = Diagnostic::new(Code::YamlSyntax, span(*first), "a `,` is missing here")
                .help("separate the items by `,`")
                .edit(span(*first), ",");
            return Some(others.iter().fold(finding, |all, other| all.label(span(*other), "and here")));
        };
        next = boundary(&mended, error.marker().byte_offset()?);
    }
    None
}

/// The end of what stands before an item that begins at a byte, with blanks or a bracket between.
fn gap(text: &str, at: usize) -> Option<usize> {
    let begins = text.get(at..)?.chars().next()?;
    let before = text[..at].trim_end();
    let last = before.chars().next_back()?;
    let apart = before.len() < at || matches!(last, ']' | '}');
    let begins = begins.is_alphanumeric() || matches!(begins, '"' | '\'' | '[' | '{');
    (apart && begins && !matches!(last, ',' | ':' | '[' | '{')).then_some(before.len())
}

/// `-item` among the items of a list, in the line of the error or the one before.
fn missing_blank(text: &str, at: usize, file: FileId) -> Option<Diagnostic> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let before = line_before(text, at);
    let bare = |line: &str| {
        let rest = line.trim_start().strip_prefix('-');
        rest.is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace() && c != '-'))
    };
    let (start, line) =
        [Some((start, line_at(text, at))), before].into_iter().flatten().find(|(_, line)| bare(line))?;
    let indentation = line.len() - line.trim_start().len();
    let dash = start + indentation;
    let after =
        text[start..].split_once('\n').map_or("", |(_, rest)| rest.split('\n').next().unwrap_or(rest));
    let before = line_before(text, dash).map_or("", |(_, line)| line);
    let beside = |line: &str| {
        line.get(..indentation) == text.get(start..dash) && line[indentation..].starts_with("- ")
    };
    // The next key of the item, where it stands as if the blank were there.
    let goes_on = line.contains(": ") && after.len() - after.trim_start().len() == indentation + 2;
    let fits = beside(before) || beside(after) || goes_on;
    fits.then(|| {
        let place = Span::new(file, dash, dash + 1);
        Diagnostic::new(Code::YamlSyntax, place, "a blank is missing after `-`")
            .help("an item of a list begins with `- `")
            .edit(place, "- ")
    })
}

/// An error behind the line of an open bracket is mostly about the bracket.
fn unclosed(kind: &ErrorKind, open: usize, at: usize, text: &str, file: FileId) -> Option<Diagnostic> {
    let told = matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::BlockEntryInFlowCollection
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofImplicitFlowMapping
            | ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::SimpleKeyExpected
    );
    let bracket = text[open..].chars().next().filter(|c| matches!(c, '[' | '{'))?;
    if !told || !text.get(open..at)?.contains('\n') {
        return None;
    }
    Some(
        Diagnostic::new(
            Code::YamlSyntax,
            Span::new(file, open, open + 1),
            format!("`{bracket}` is never closed"),
        )
        .label(Span::new(file, at, at), "noticed here")
        .help(format!("add the closing `{}`", closing(bracket))),
    )
}

fn closing(open: char) -> char {
    if open == '{' { '}' } else { ']' }
}

fn misaligned() -> (String, Option<String>) {
    (
        "this line is not indented like its neighbours".to_owned(),
        Some("lines of one list or mapping begin in the same column".to_owned()),
    )
}

fn bare_line(text: &str, at: usize, line: &str) -> String {
    if at >= text.len() {
        return "the file ends where a key with `:` is expected".to_owned();
    }
    if missing_space(line).is_some() {
        return "a space is missing after `:`".to_owned();
    }
    "a key with `:` is expected here".to_owned()
}

fn colon_help(line: &str) -> String {
    match missing_space(line) {
        Some((key, value)) => format!("write `{key}: {value}`"),
        None => "every line of a mapping is `key: value`; check this line's indentation and the one before"
            .to_owned(),
    }
}

/// The halves of `key:value`.
fn missing_space(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim().split_once(':')?;
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    };
    (word(key) && !value.is_empty() && !value.starts_with([' ', '/'])).then_some((key, value))
}

/// The opening quote or bracket that the error is about.
fn cause(kind: &ErrorKind, text: &str, at: usize) -> Option<(usize, &'static str)> {
    match kind {
        // The parser points at the opening mark itself for these, or at the end of the text.
        ErrorKind::UnclosedFlowCollection { open } | ErrorKind::MismatchedFlowCollectionEnd { open, .. } => {
            text[..at].rfind(*open).map(|place| (place, "opened here"))
        }
        _ => None,
    }
}

fn line_at(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    text[start..end].trim_end_matches('\r')
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
