//! Findings with a way out: what was probably meant, and where a key belongs.

mod keys;
mod types;

use super::book::{Book, Rule};
use super::pattern::Pattern;
use super::words::{Place, found, one_of};
use crate::diag::{Code, Diagnostic, Span, suggest};
use crate::yaml::{Kind, Node};

pub use keys::{key_as_service, unknown_key};
pub use types::wrong_type;

/// A required key that isn't there.
pub fn missing_key(book: &Book, place: &Place<'_>, key: &str) -> Diagnostic {
    let finding = Diagnostic::new(
        Code::MissingKey,
        place.value_span(),
        format!("missing key `{key}` {}", place.inside()),
    )
    .at(place.path());
    let rule = place.rule().property(key).map(|id| book.rule(id));
    match rule.map(words_of).filter(|words| !words.is_empty()) {
        Some(words) => finding.help(format!("add `{key}:` with one of {}", list(words.into_iter()))),
        None => finding.help(format!("add `{key}:`")),
    }
}

/// None of several keys is there.
pub fn missing_any(place: &Place<'_>, keys: &[&str]) -> Diagnostic {
    Diagnostic::new(
        Code::MissingKey,
        place.value_span(),
        format!("{} needs {}", place.words(), one_of(keys.iter().copied())),
    )
    .at(place.path())
}

fn words_of(rule: &Rule) -> Vec<&str> {
    let words: Vec<&str> = rule.allowed.iter().filter_map(serde_json::Value::as_str).collect();
    match &rule.pattern {
        Some(pattern) if words.is_empty() => pattern.choices(),
        _ => words,
    }
}

/// A value that is not one of the few allowed.
pub fn not_allowed(place: &Place<'_>) -> Diagnostic {
    let words = words_of(place.rule());
    let given = plain_text(place.node).unwrap_or_else(|| found(place.node));
    let message = format!("{} can't be `{given}`", place.words());
    let finding = Diagnostic::new(Code::NotAllowed, place.value_span(), message).at(place.path());
    choose(finding, place, &given, &words).help(format!("allowed: {}", list(words.iter().copied())))
}

fn choose(finding: Diagnostic, place: &Place<'_>, given: &str, words: &[&str]) -> Diagnostic {
    let lower = given.to_lowercase().replace('-', "_");
    let part = |word: &&&str| lower.len() > 3 && word.contains(lower.trim_start_matches("service_"));
    let mut parts = words.iter().filter(part);
    let only = parts.next().filter(|_| parts.next().is_none());
    match suggest::nearest(given, words.iter().copied()).or(only.copied()) {
        None => finding,
        Some(meant) => {
            let finding = finding.note(format!("did you mean `{meant}`?"));
            if length(place.node.span) == given.len() {
                finding.edit(place.node.span, meant)
            } else {
                finding
            }
        }
    }
}

/// Text that doesn't look as it must.
pub fn pattern(place: &Place<'_>, pattern: &Pattern, text: &str) -> Diagnostic {
    let words = pattern.choices();
    if !words.is_empty() {
        let message = format!("{} can't be `{text}`", place.words());
        let finding = Diagnostic::new(Code::NotAllowed, place.value_span(), message).at(place.path());
        let more =
            if pattern.text.contains("every_") { ", or `every_` with a period (`every_12h`)" } else { "" };
        return choose(finding, place, text, &words)
            .help(format!("allowed: {}{more}", list(words.iter().copied())));
    }
    let message = format!("{} can't be `{text}`", place.words());
    let finding = Diagnostic::new(Code::Pattern, place.value_span(), message).at(place.path());
    match (pattern.words(), place.key().map(|key| key.text.as_str())) {
        (Some(words), _) => finding.help(words),
        (None, Some("container_name")) => finding
            .help("a container name has two characters or more, letters, digits, `_`, `.` and `-`, and starts with a letter or digit"),
        (None, _) => finding.help(format!("it must match `{}`", pattern.text)),
    }
}

/// A number outside its range.
pub fn out_of_range(place: &Place<'_>) -> Diagnostic {
    let rule = place.rule();
    let range = match (rule.minimum, rule.maximum) {
        (Some(least), Some(most)) => format!("between {least} and {most}"),
        (Some(least), None) => format!("{least} or more"),
        (None, Some(most)) => format!("{most} or less"),
        (None, None) => "in range".to_owned(),
    };
    Diagnostic::new(Code::OutOfRange, place.value_span(), format!("{} must be {range}", place.words()))
        .at(place.path())
}

/// A list or mapping with too little in it.
pub fn too_few(place: &Place<'_>, thing: &str, least: usize) -> Diagnostic {
    let plural = if least == 1 { "" } else { "s" };
    let message = format!("{} needs at least {least} {thing}{plural}", place.words());
    Diagnostic::new(Code::OutOfRange, place.value_span(), message).at(place.path())
}

fn is_service(place: &Place<'_>) -> bool {
    place.depth() == 2 && place.parent.and_then(Place::key).is_some_and(|key| key.text == "services")
}

fn service_rule(book: &Book) -> Option<&Rule> {
    let services = book.rule(book.rule(book.root).property("services")?);
    services.patterns.iter().find(|(pattern, _)| !pattern.is_extension()).map(|(_, id)| book.rule(*id))
}

/// The text of a scalar whose way of writing leaves no doubt.
fn plain_text(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::String(text) | Kind::Timestamp(text) => Some(text.clone()),
        Kind::Bool(value) => Some(value.to_string()),
        Kind::Int(value) => Some(value.to_string()),
        Kind::UInt(value) => Some(value.to_string()),
        _ => None,
    }
}

fn length(span: Span) -> usize {
    if span.is_some() { (span.end - span.start) as usize } else { 0 }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
