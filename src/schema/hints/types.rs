//! Values of another type than their place takes.

use super::super::book::{Book, Others, RuleId, Types};
use super::super::words::{Place, Step, accepted, found, shorten};
use super::{is_service, length, plain_text, service_rule};
use crate::diag::{Code, Diagnostic};
use crate::yaml::{Kind, Mapping};

/// A value of another type than its place takes.
pub fn wrong_type(book: &Book, place: &Place<'_>) -> Diagnostic {
    let wanted = accepted(book, place.id);
    let message = format!("{} must be {wanted}, found {}", place.words(), found(place.node));
    let finding = Diagnostic::new(Code::WrongType, place.value_span(), message).at(place.path());
    let takes = Takes::of(book, place.id);
    let key = place.key().map_or("", |key| key.text.as_str());
    if is_service(place) && service_rule(book).is_some_and(|rule| rule.property(key).is_some()) {
        return finding.help(format!("`{key}` is a key of a service; indent it under the service's name"));
    }
    match &place.node.kind {
        Kind::Null => no_value(finding, place),
        Kind::Bool(flag) if takes.text && key == "restart" => {
            let meant = if *flag { "always" } else { "no" };
            edit_scalar(finding, place, &format!("\"{meant}\""))
                .help(format!("restart policies are words; did you mean `\"{meant}\"`?"))
        }
        Kind::Int(number) if takes.text && book.title(place.id) == Some("duration") => edit_scalar(
            finding.help("a duration has a unit: `90s`, `1m30s`, `500ms`"),
            place,
            &format!("{number}s"),
        ),
        Kind::Int(_) | Kind::UInt(_) | Kind::Float(_) if takes.flag => {
            finding.help("write `true` or `false`")
        }
        Kind::Bool(_) | Kind::Int(_) | Kind::UInt(_) | Kind::Float(_) if takes.text => quote(finding, place),
        Kind::Mapping(map) if takes.text && matches!(place.step, Step::Index(_)) => pair(finding, place, map),
        Kind::Mapping(map) if takes.list && map.keys().next().is_some_and(is_bare_item) => bare_item(finding),
        Kind::String(text) if takes.list && is_bare_item(text) => bare_item(finding),
        Kind::Mapping(_) if takes.list => {
            finding.help("write a list: one item on each line, each after `- `")
        }
        Kind::Sequence(items) if takes.text && items.len() == 1 => {
            finding.help("write the one value, not a list")
        }
        Kind::Sequence(_) if takes.mapping => finding.help("write `name: value` lines, without the `- `"),
        Kind::String(text) if takes.list && takes_names(book, place.id) => names(finding, place, text),
        Kind::String(text) if takes.list && takes.mapping && !text.contains('=') => {
            finding.help("write `name: value` lines below it")
        }
        Kind::String(_) | Kind::Int(_) | Kind::Timestamp(_) if takes.list => listed(finding, place),
        Kind::String(text) if takes.mapping => not_a_mapping(finding, book, place, text),
        Kind::String(text) if takes.number && text.parse::<f64>().is_ok() => {
            finding.help("write the number without quotes")
        }
        Kind::String(text) if takes.flag => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => edit_scalar(finding.help("write `true`"), place, "true"),
            "no" | "off" | "n" | "false" => edit_scalar(finding.help("write `false`"), place, "false"),
            _ => finding.help("write `true` or `false`"),
        },
        _ => finding,
    }
}

/// What a rule takes through all of its branches.
#[derive(Default)]
struct Takes {
    text: bool,
    list: bool,
    mapping: bool,
    number: bool,
    flag: bool,
}

impl Takes {
    fn of(book: &Book, id: RuleId) -> Takes {
        let mut takes = Takes::default();
        takes.add(book, id);
        takes
    }

    fn add(&mut self, book: &Book, id: RuleId) {
        let rule = book.rule(id);
        self.text |= rule.types.meets(Types::STRING);
        self.list |= rule.types.meets(Types::ARRAY);
        self.mapping |= rule.types.meets(Types::OBJECT);
        self.number |= rule.types.meets(Types::NUMBER.or(Types::INTEGER));
        self.flag |= rule.types.meets(Types::BOOLEAN);
        for id in rule.choices.iter().flatten() {
            self.add(book, *id);
        }
    }
}

/// Whether a rule takes a mapping from names to mappings, so that a list of it is one of names.
fn takes_names(book: &Book, id: RuleId) -> bool {
    let rule = book.rule(id);
    let value = |id: &RuleId| {
        let takes = Takes::of(book, *id);
        takes.mapping && !takes.text
    };
    rule.patterns.iter().any(|(pattern, id)| !pattern.is_extension() && value(id))
        || rule.choices.iter().flatten().any(|id| takes_names(book, *id))
}

fn no_value(finding: Diagnostic, place: &Place<'_>) -> Diagnostic {
    match place.step {
        Step::Key(_) => finding
            .note("no value here")
            .help("give it a value or remove the key; if lines below belong to it, indent them further"),
        _ => finding.note("no value here"),
    }
}

/// Adds an edit of the whole scalar, when the file writes it (an alias or a default isn't edited).
fn edit_scalar(finding: Diagnostic, place: &Place<'_>, text: &str) -> Diagnostic {
    match length(place.node.span) {
        0 => finding,
        _ => finding.edit(place.node.span, text),
    }
}

fn quote(finding: Diagnostic, place: &Place<'_>) -> Diagnostic {
    match plain_text(place.node) {
        Some(text) if length(place.node.span) == text.len() => {
            edit_scalar(finding, place, &format!("\"{text}\"")).help("put it in quotes")
        }
        _ => finding.help("put it in quotes"),
    }
}

fn listed(finding: Diagnostic, place: &Place<'_>) -> Diagnostic {
    let help = finding.help("write a list, even of one item");
    match plain_text(place.node) {
        Some(text)
            if !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'))
                && (text.len()..=text.len() + 2).contains(&length(place.node.span)) =>
        {
            edit_scalar(help, place, &format!("[\"{text}\"]"))
        }
        _ => help,
    }
}

/// `-item`, which reads as text that begins with a dash.
fn is_bare_item(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && !rest.starts_with('-'))
}

fn bare_item(finding: Diagnostic) -> Diagnostic {
    finding.help("a blank is missing after `-`: each item stands on a line of its own, as `- item`")
}

/// Names in one text, where a list of them belongs.
fn names(finding: Diagnostic, place: &Place<'_>, text: &str) -> Diagnostic {
    let names: Vec<&str> = text.split([',', ' ']).filter(|name| !name.is_empty()).collect();
    let clear = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if names.len() < 2 || !names.iter().all(clear) {
        return listed(finding, place);
    }
    let list: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let help = finding.help("write a list");
    // Text over several lines is not one to replace.
    match length(place.node.span) {
        written if written <= text.len() + 2 => edit_scalar(help, place, &format!("[{}]", list.join(", "))),
        _ => help,
    }
}

/// `- KEY: value` in a list of `KEY=value`, or `- name:` in a list of names.
fn pair(finding: Diagnostic, place: &Place<'_>, map: &Mapping) -> Diagnostic {
    let holder_takes_mapping = place
        .parent
        .and_then(|list| {
            list.parent.and_then(|outer| list.key().and_then(|key| outer.rule().property(&key.text)))
        })
        .is_some_and(|id| Takes::of(place.book, id).mapping)
        || place.parent.is_some_and(|list| Takes::of(list.book, list.id).mapping);
    let Some(entry) = map.iter().next() else { return finding };
    let key = entry.key.text.as_str();
    let dash = || format!("drop the `- ` and keep `{key}:` with what is below it");
    match (&entry.value.kind, plain_text(&entry.value)) {
        _ if map.len() > 1 => match holder_takes_mapping {
            true => finding.help(dash()),
            false => finding,
        },
        (_, Some(value)) if holder_takes_mapping => finding.help(format!(
            "in a list write `{key}={value}`; as a mapping drop the `- ` and keep `{key}: {value}`"
        )),
        (_, Some(_)) => {
            finding.help(format!("`{key}: ` with the blank reads as a key; put the whole item in quotes"))
        }
        (Kind::Null, None) if holder_takes_mapping => {
            finding.help(format!("in a list write `{key}` without the colon; as a mapping {}", dash()))
        }
        (Kind::Null, None) => finding.help(format!("write `{key}` without the colon")),
        _ if holder_takes_mapping => finding.help(dash()),
        _ => finding,
    }
}

fn not_a_mapping(finding: Diagnostic, book: &Book, place: &Place<'_>, text: &str) -> Diagnostic {
    let key = place.key().map_or("", |key| key.text.as_str());
    let parent = place.parent.and_then(Place::key).map_or("", |key| key.text.as_str());
    if place.depth() == 2
        && parent == "services"
        && service_rule(book).is_some_and(|r| r.property(key).is_some())
    {
        return finding.help(format!("`{key}` is a key of a service; indent it under the service's name"));
    }
    if text.contains(':') || text.contains('=') {
        return finding.help("write `name: value` lines below it, each with a blank after the colon");
    }
    let rule = book.rule(place.id);
    let first = rule.required.first().copied().or(match rule.others {
        Others::Refused => rule.properties.first().map(|(name, _)| *name),
        _ => None,
    });
    match first {
        Some(first) if rule.required.len() == 1 => {
            finding.help(format!("write it as a mapping with `{first}: {}`", shorten(text)))
        }
        _ => finding,
    }
}
