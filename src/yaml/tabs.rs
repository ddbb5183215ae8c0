//! Tabs that the parser lets pass and the reference's does not: on lines that look empty, before comments, at
//! the start of a block scalar.

use crate::diag::{Code, Diagnostic, FileId, Span};

/// What stands before the blanks that are looked at.
#[derive(Clone, Copy)]
pub(super) enum Token {
    /// Plain text. Given is where the innermost block collection begins, if there is one: further right than that,
    /// tabs are blanks of the text.
    Plain(Option<usize>),
    /// The text of `|` or `>`.
    Block,
    /// Anything else.
    Other,
}

/// Looks at a token and the blanks and comments behind it. `flow` tells whether brackets are open around it, where
/// tabs are blanks like any other.
pub(super) fn find(text: &str, place: Span, token: Token, flow: bool) -> Option<Diagnostic> {
    let (start, end) = (place.start as usize, place.end as usize);
    let blanks =
        |at: usize| at + text[at..].bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).count();
    let behind = blanks(end);
    if let (false, Some(at)) = (flow, after_dash(text, start)) {
        return Some(finding(place.file, at));
    }
    match token {
        Token::Plain(block) => {
            let region = &text[start..behind];
            if let (true, Some(block)) = (region.contains('\t'), block)
                && let Some(at) = outdented(text, start, behind, column(text, block) + 1)
            {
                return Some(finding(place.file, at));
            }
            // What the text itself ran over is done with.
            if !flow && text[behind..].starts_with('#') {
                return between(text, behind).map(|at| finding(place.file, at));
            }
            (!flow && text[behind..].starts_with(':'))
                .then(|| between(text, behind + 1))
                .flatten()
                .map(|at| finding(place.file, at))
        }
        Token::Block => leading(text, start)
            .or_else(|| match text[start..behind].contains('\t') {
                true => outdented(text, start, behind, column(text, start)),
                false => None,
            })
            .map(|at| finding(place.file, at)),
        Token::Other if flow => None,
        Token::Other => {
            let colon = usize::from(text[behind..].starts_with(':') && !text[end..behind].contains('\n'));
            let from = if colon == 1 { behind + 1 } else { end };
            between(text, from).map(|at| finding(place.file, at))
        }
    }
}

fn finding(file: FileId, at: usize) -> Diagnostic {
    let span = Span::new(file, at, at + 1);
    Diagnostic::new(Code::YamlSyntax, span, "a tab is used where only spaces are allowed")
        .help("YAML is indented with spaces only, also on lines that look empty: remove the tab")
        .edit(span, "")
}

/// The column of a byte, from 0.
fn column(text: &str, at: usize) -> usize {
    text[..at].rsplit('\n').next().unwrap_or_default().chars().count()
}

/// Where a block collection begins; a list that is not indented is given by its first item, not by its dash.
pub(super) fn block_start(text: &str, at: usize, list: bool) -> usize {
    let before = text[..at].trim_end_matches(' ');
    if list && !text[at..].starts_with("- ") && before.ends_with('-') { before.len() - 1 } else { at }
}

/// A tab among the first `indent` blanks of a line that begins in the region.
fn outdented(text: &str, start: usize, end: usize, indent: usize) -> Option<usize> {
    let mut line_start = start + text[start..end].find('\n')? + 1;
    for line in text[line_start..end].split_inclusive('\n') {
        let before = line.bytes().take_while(|b| *b == b' ').count();
        if before < indent && line.as_bytes().get(before) == Some(&b'\t') {
            return Some(line_start + before);
        }
        line_start += line.len();
    }
    None
}

/// A tab at the beginning of a line, up to the next token; comments are passed over.
fn between(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    let mut fresh = from == 0;
    loop {
        match text.as_bytes().get(at)? {
            b'\n' => fresh = true,
            b' ' | b'\r' => {}
            b'\t' if fresh => return Some(at),
            b'\t' => {}
            b'#' => {
                at += text[at..].find('\n')?;
                continue;
            }
            _ => return None,
        }
        at += 1;
    }
}

/// A tab between the dash of a list and its item.
fn after_dash(text: &str, start: usize) -> Option<usize> {
    let before = text[..start].trim_end_matches([' ', '\t']);
    let dash = before.strip_suffix('-')?;
    let at = before.len() + text[before.len()..start].find('\t')?;
    (dash.is_empty() || dash.ends_with([' ', '\n'])).then_some(at)
}

/// A tab at the start of a block scalar whose indentation is that of its first line.
fn leading(text: &str, start: usize) -> Option<usize> {
    if !text.get(start..)?.starts_with('\t') {
        return None;
    }
    let header = text[..start].trim_end().rsplit('\n').next()?;
    let header = header.split(" #").next()?;
    let indicators = &header[header.rfind(['|', '>'])?..];
    (!indicators.contains(|c: char| c.is_ascii_digit())).then_some(start)
}

/// A tab before everything else in a text.
pub(super) fn at_start(text: &str, file: FileId) -> Option<Diagnostic> {
    between(text.strip_prefix('\u{feff}').unwrap_or(text), 0)
        .map(|at| finding(file, at + text.len() - text.trim_start_matches('\u{feff}').len()))
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use crate::diag::{Diagnostics, SourceMap};

    fn refused(text: &str) -> bool {
        let mut sources = SourceMap::default();
        let file = sources.add("a.yaml".to_owned(), text.to_owned());
        let mut diags = Diagnostics::new();
        parse(text, file, &mut diags);
        diags.has_errors()
    }

    #[test]
    fn tabs_stand_only_where_the_reference_takes_them() {
        for text in [
            "a: b\n\t\nc: d\n",
            "a: \"b\"\n  \t\nc: d\n",
            "a: b # x\n\t# y\n",
            "a:\n  - [b]\n\t\n",
            "a: |\n  \tb\n",
            "a: |\n  b\n\t\nc: d\n",
            "a: {\n\tb: c }\n\t\n",
            "\t\na: b\n",
            "- \tb\n",
        ] {
            assert!(refused(text), "{text:?}");
        }
        for text in [
            "a: b\t\nc:\td\n",
            "a: b\n  \t\nc: d\n",
            "{\n\t\"a\": 1,\n\t\"b\": [2]\n\t}\n",
            "a: |2\n  \tb\n",
            "a: |\n  b\n  \t\nc: d\n",
            "a: \"b\"\t# c\nd: e\n",
        ] {
            assert!(!refused(text), "{text:?}");
        }
    }
}
