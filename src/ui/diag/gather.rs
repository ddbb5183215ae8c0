//! What is said in the same words of several places, said once: for people only, programs get each place.

use std::collections::HashMap;
use std::path::Path;

use super::{below, shown};
use crate::diag::{Code, Diagnostic, Diagnostics, Label, Severity, SourceMap};

/// Places that are drawn beside the first one.
const MOST_DRAWN: usize = 4;

/// Places that are named beside those that are drawn.
const MOST_NAMED: usize = 12;

/// Makes one of the warnings that differ in nothing but their place. Errors stay as they are: each is to be
/// mended where it stands.
pub(super) fn by_words(diags: &Diagnostics, sources: &SourceMap, directory: Option<&Path>) -> Diagnostics {
    let mut gathered = Diagnostics::new();
    gathered.extend(groups(diags).into_iter().map(|(first, others)| {
        let mut whole = first.clone();
        let drawn = |finding: &&Diagnostic| first.span.is_some() && sources.get(finding.span.file).is_some();
        let (drawn, named): (Vec<&Diagnostic>, Vec<&Diagnostic>) = others.into_iter().partition(drawn);
        for other in &drawn {
            whole.help.extend(other.help.iter().filter(|help| !first.help.contains(help)).cloned());
        }
        let labels = drawn.iter().take(MOST_DRAWN).map(|other| other.span);
        whole.labels.extend(labels.map(|span| Label { span, message: "here too".to_owned() }));
        let rest: Vec<&Diagnostic> = drawn.into_iter().skip(MOST_DRAWN).chain(named).collect();
        let places: Vec<String> =
            rest.iter().take(MOST_NAMED).filter_map(|other| place(other, sources, directory)).collect();
        if !places.is_empty() {
            let more = rest.len() - places.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            whole.help.push(format!("the same at {}{more}", places.join(", ")));
        }
        whole
    }));
    gathered
}

/// A line for each warning, as commands show them whose work is another: its words, and where it is first.
pub fn lines(diags: &Diagnostics, sources: &SourceMap) -> Vec<String> {
    let line = |(first, _): (&Diagnostic, Vec<&Diagnostic>)| match place(first, sources, None) {
        Some(place) => format!("{} ({place})", first.message),
        None => first.message.clone(),
    };
    groups(diags).into_iter().map(line).collect()
}

/// The findings, each with those that say the same of other places.
fn groups(diags: &Diagnostics) -> Vec<(&Diagnostic, Vec<&Diagnostic>)> {
    let mut groups: Vec<(&Diagnostic, Vec<&Diagnostic>)> = Vec::new();
    let mut known: HashMap<(Code, &str), usize> = HashMap::new();
    for finding in diags.iter() {
        let bare = finding.note.is_empty() && finding.labels.is_empty() && finding.edit.is_none();
        if finding.severity == Severity::Error || !bare {
            groups.push((finding, Vec::new()));
            continue;
        }
        let at = *known.entry((finding.code, finding.message.as_str())).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, others)) => others.push(finding),
            None => groups.push((finding, Vec::new())),
        }
    }
    groups
}

/// `compose.yaml:3:18`, or `x.env:1`.
fn place(finding: &Diagnostic, sources: &SourceMap, directory: Option<&Path>) -> Option<String> {
    if let Some(source) = sources.get(finding.span.file) {
        let at = source.position(finding.span.start);
        return Some(format!("{}:{}:{}", shown(source, directory), at.line, at.column));
    }
    let place = finding.in_file.as_ref()?;
    Some(format!("{}:{}", below(&place.file, directory), place.line))
}

#[cfg(test)]
mod tests {
    use super::super::{Look, draw, json_lines};
    use super::*;
    use crate::diag::Span;

    #[test]
    fn warnings_in_the_same_words_are_told_once_and_no_place_is_lost() {
        let mut sources = SourceMap::new();
        let text = "$A\n$B\n".repeat(8);
        let file = sources.add("compose.yaml", text.as_str());
        let mut diags = Diagnostics::new();
        for (at, _) in text.match_indices('$') {
            let name = &text[at + 1..at + 2];
            let words = format!("{name} is not set");
            diags.push(Diagnostic::new(Code::UnsetVariable, Span::new(file, at, at + 2), words));
        }
        diags.push(Diagnostic::new(Code::UnsetVariable, Span::NONE, "A is not set").in_file("x.env", 7));
        diags.push(Diagnostic::new(Code::UnsetVariable, Span::NONE, "C is not set").in_file("x.env", 9));
        let drawn = draw(&diags, &sources, Look::default());
        assert_eq!(drawn.matches("warning[").count(), 3, "{drawn}");
        assert_eq!(drawn.matches("here too").count(), 2 * MOST_DRAWN, "{drawn}");
        let rest = "the same at compose.yaml:11:1, compose.yaml:13:1, compose.yaml:15:1, x.env:7";
        assert!(drawn.contains(rest) && drawn.contains("\n--> x.env:9\n"), "{drawn}");
        assert_eq!(json_lines(&diags, &sources).unwrap().lines().count(), 18);
        let told =
            ["A is not set (compose.yaml:1:1)", "B is not set (compose.yaml:2:1)", "C is not set (x.env:9)"];
        assert_eq!(lines(&diags, &sources), told);
    }

    #[test]
    fn errors_and_what_has_words_of_its_own_are_told_one_by_one() {
        let mut sources = SourceMap::new();
        let file = sources.add("f", "a b c d");
        let at = |start: usize| Span::new(file, start, start + 1);
        let mut diags = Diagnostics::new();
        diags.push(Diagnostic::new(Code::WrongType, at(0), "m"));
        diags.push(Diagnostic::new(Code::WrongType, at(2), "m"));
        diags.push(Diagnostic::new(Code::UnsetVariable, at(4), "m").note("n"));
        diags.push(Diagnostic::new(Code::UnsetVariable, at(6), "m").edit(at(6), "x"));
        assert_eq!(groups(&diags).len(), 4);
    }
}
