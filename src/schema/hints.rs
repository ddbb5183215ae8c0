//! Findings with a way out: what was probably meant, and where a key belongs.

use super::book::{Book, Others, Rule, RuleId};
use super::pattern::Pattern;
use super::words::{self, Place, Step, accepted, found, noun, one_of};
use crate::diag::{Code, Diagnostic, Span, suggest};
use crate::yaml::{Entry, Kind, Mapping, Node};

/// Names that other tools and older formats use for keys of a service.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("env", "environment"),
    ("envs", "environment"),
    ("env_vars", "environment"),
    ("envfile", "env_file"),
    ("cmd", "command"),
    ("name", "container_name"),
    ("hosts", "extra_hosts"),
    ("add_hosts", "extra_hosts"),
    ("net", "network_mode"),
    ("workdir", "working_dir"),
    ("cwd", "working_dir"),
    ("mounts", "volumes"),
    ("publish", "ports"),
    ("memory_limit", "mem_limit"),
    ("mem", "mem_limit"),
    ("cpu_limit", "cpus"),
    ("restart_policy", "restart"),
    ("gpu", "gpus"),
];

/// Keys of a service in older formats, and what took their place.
const OLD_KEYS: &[(&str, &str)] = &[
    ("log_driver", "write it as `driver` under `logging`"),
    ("log_opt", "write them as `options` under `logging`"),
    ("volume_driver", "give the volume a `driver` under the top-level `volumes`"),
    ("dockerfile", "write it under `build`, beside `context`"),
];

/// Keys that hold a whole service when they stand at the wrong level.
const SERVICE_MARKS: &[&str] = &["image", "build", "container_name", "command", "ports", "depends_on"];

/// A finding about a key, and the known key it stands for (`*`: whatever is missing).
pub struct UnknownKey {
    /// The finding.
    pub diagnostic: Diagnostic,
    /// The key that was meant.
    pub stands_for: Option<String>,
}

/// A key that is not known where it stands.
pub fn unknown_key(book: &Book, place: &Place<'_>, entry: &Entry) -> UnknownKey {
    let rule = place.rule();
    let key = entry.key.text.as_str();
    let at = entry.key.span;
    let path = match place.path() {
        path if path.is_empty() => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    if rule.properties.is_empty() {
        return UnknownKey { diagnostic: bad_name(place, entry, rule).at(path), stands_for: None };
    }
    if let Some(diagnostic) = split_short_form(place, entry) {
        return UnknownKey { diagnostic: diagnostic.at(path), stands_for: Some("*".to_owned()) };
    }
    let new =
        Diagnostic::new(Code::UnknownKey, at, format!("unknown key `{key}` {}", place.inside())).at(path);
    let known = || rule.properties.iter().map(|(name, _)| *name);
    let free = || known().filter(|name| place.node.get(name).is_none());
    let is_service = is_service(place);

    let near = suggest::nearest(key, free());
    let close = near.filter(|near| strsim::osa_distance(&key.to_lowercase(), near) <= 1);
    let other = is_service.then(|| OTHER_NAMES.iter().find(|(name, _)| *name == key)).flatten();
    let other = other.map(|(_, meant)| *meant);
    if let Some(meant) = close
        && let Some(help) = inward(book, rule, key)
    {
        let diagnostic = new.help(format!("did you mean `{meant}`?")).help(help);
        return UnknownKey { diagnostic, stands_for: Some(meant.to_owned()) };
    }
    if let Some(meant) = close.or(other.filter(|meant| place.node.get(meant).is_none())) {
        return meaning(new, at, key, meant);
    }
    if let Some(used) = other {
        return UnknownKey { diagnostic: new.help(already(used)), stands_for: None };
    }
    let help = if is_service { OLD_KEYS.iter().find(|(name, _)| *name == key) } else { None };
    if let Some((_, help)) = help {
        return UnknownKey { diagnostic: new.help(*help), stands_for: None };
    }
    if let Some(help) = elsewhere(book, place, entry) {
        return UnknownKey { diagnostic: new.help(help), stands_for: None };
    }
    if let Some(meant) = near {
        return meaning(new, at, key, meant);
    }
    if let Some(used) = suggest::nearest(key, known()) {
        return UnknownKey { diagnostic: new.help(already(used)), stands_for: None };
    }
    let diagnostic = match rule.properties.len() {
        0..=14 => new.help(format!("known here: {}", list(known()))),
        _ => new,
    };
    let allows_extensions = rule.patterns.iter().any(|(pattern, _)| pattern.is_extension());
    let diagnostic = match (section_as_service(place), allows_extensions) {
        (Some(help), _) => diagnostic.help(help),
        (None, true) if matches!(place.step, Step::Root) => {
            diagnostic.help(format!("keys of your own start with `x-`: `x-{key}`"))
        }
        _ => diagnostic,
    };
    UnknownKey { diagnostic, stands_for: None }
}

fn already(used: &str) -> String {
    format!("`{used}` is set already; remove this or put the two together")
}

fn meaning(diagnostic: Diagnostic, at: Span, key: &str, meant: &str) -> UnknownKey {
    let diagnostic = diagnostic.note(format!("did you mean `{meant}`?"));
    // Only a key that stands in the file as it reads can be replaced there.
    let diagnostic = if length(at) == key.len() { diagnostic.edit(at, meant) } else { diagnostic };
    UnknownKey { diagnostic, stands_for: Some(meant.to_owned()) }
}

fn length(span: Span) -> usize {
    if span.is_some() { (span.end - span.start) as usize } else { 0 }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// A name that breaks the pattern for names.
fn bad_name(place: &Place<'_>, entry: &Entry, rule: &Rule) -> Diagnostic {
    let key = &entry.key.text;
    let what = match (place.depth(), place.key()) {
        (1, Some(section)) => noun(&section.text).map(|noun| format!("the name of a {noun}")),
        _ => None,
    };
    let message = match what {
        Some(what) => format!("`{key}` can't be {what}"),
        None => format!("`{key}` can't be a key {}", place.inside()),
    };
    let finding = Diagnostic::new(Code::Pattern, entry.key.span, message);
    match rule.patterns.iter().find_map(|(pattern, _)| pattern.words()) {
        Some(words) => finding.help(words),
        None => finding,
    }
}

/// `- ./data: /data` in a list that also takes `- ./data:/data`.
fn split_short_form(place: &Place<'_>, entry: &Entry) -> Option<Diagnostic> {
    let Step::Index(_) = place.step else { return None };
    let map = place.node.as_mapping().filter(|map| map.len() == 1)?;
    let value = plain_text(&entry.value)?;
    let key = entry.key.text.as_str();
    let looks = key.contains(['/', '.', '~', '$']) || key.bytes().next().is_some_and(|b| b.is_ascii_digit());
    if !looks && !value.starts_with('/') {
        return None;
    }
    let short = format!("{key}:{value}");
    let mut finding = Diagnostic::new(
        Code::WrongType,
        entry.key.span,
        format!("{} reads as a mapping because of the blank after the colon", place.words()),
    )
    .note("a key with a value, not a short form")
    .help(format!("without the blank it is one string: `{short}`"));
    if entry.key.span.is_some() && entry.value.span.is_some() && map.len() == 1 {
        let whole = Span { end: entry.value.span.end, ..entry.key.span };
        if length(whole) == short.len() + 1 {
            finding = finding.edit(whole, short);
        }
    }
    Some(finding)
}

fn is_service(place: &Place<'_>) -> bool {
    place.depth() == 2 && place.parent.and_then(Place::key).is_some_and(|key| key.text == "services")
}

/// `volumes:` indented under `services:` reads as a service of that name.
fn section_as_service(place: &Place<'_>) -> Option<String> {
    let name = &place.key()?.text;
    (is_service(place) && noun(name).is_some()).then(|| {
        format!(
            "`{name}` stands under `services` and so reads as a service; the section belongs at the top level"
        )
    })
}

/// `healthcheck:` beside the services, not in one: it reads as a service with keys that no service has.
pub fn key_as_service(book: &Book, place: &Place<'_>, map: &Mapping) -> Option<Diagnostic> {
    let key = place.key().filter(|_| is_service(place))?;
    let own = book.rule(service_rule(book)?.property(&key.text)?);
    let no_services = map.keys().all(|inner| place.rule().property(inner).is_none());
    let its_own = map.keys().any(|inner| shapes(book, own).any(|rule| rule.property(inner).is_some()));
    (no_services && its_own).then(|| {
        Diagnostic::new(Code::UnknownKey, key.span, format!("`{}` stands among the services", key.text))
            .at(place.path())
            .help(format!("`{}` is a key of a service; indent it under the service's name", key.text))
    })
}

/// Where else the key is known: further in, further out, or in a service.
fn elsewhere(book: &Book, place: &Place<'_>, entry: &Entry) -> Option<String> {
    let key = entry.key.text.as_str();
    if let Some(help) = section_as_service(place) {
        return Some(help);
    }
    if matches!(place.step, Step::Root) {
        let service = service_rule(book)?;
        if let Some(map) = entry.value.as_mapping()
            && SERVICE_MARKS.iter().any(|mark| map.contains_key(mark))
        {
            return Some(format!("`{key}` looks like a service: put it under `services`"));
        }
        return service
            .property(key)
            .map(|_| format!("`{key}` is a key of a service: put it under the service's name"));
    }
    if let Some(help) = inward(book, place.rule(), key) {
        return Some(help);
    }
    let mut up = place.parent;
    while let Some(outer) = up {
        if outer.rule().property(key).is_some() {
            return Some(match outer.step {
                Step::Root => format!("`{key}` is a key of the top level; here it is indented too far"),
                _ => format!("`{key}` is a key of {}; here it is indented too far", outer.words()),
            });
        }
        up = outer.parent;
    }
    None
}

/// The key is known further in, in a few places at most.
fn inward(book: &Book, rule: &Rule, key: &str) -> Option<String> {
    let inner = below(book, rule, key);
    (1..=3)
        .contains(&inner.len())
        .then(|| format!("`{key}` belongs under {}", one_of(inner.iter().map(String::as_str))))
}

fn service_rule(book: &Book) -> Option<&Rule> {
    let services = book.rule(book.rule(book.root).property("services")?);
    services.patterns.iter().find(|(pattern, _)| !pattern.is_extension()).map(|(_, id)| book.rule(*id))
}

/// The shortest ways down to a property of this name, as dotted parents.
fn below(book: &Book, rule: &Rule, key: &str) -> Vec<String> {
    let mut level: Vec<(String, &Rule)> = shapes(book, rule).map(|rule| (String::new(), rule)).collect();
    for _ in 0..3 {
        let mut next = Vec::new();
        for (path, rule) in &level {
            for (name, id) in &rule.properties {
                let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
                next.extend(shapes(book, book.rule(*id)).map(|shape| (path.clone(), shape)));
            }
        }
        let found: Vec<String> = next
            .iter()
            .filter(|(_, rule)| rule.property(key).is_some())
            .map(|(path, _)| path.clone())
            .collect();
        if !found.is_empty() {
            return found;
        }
        level = next;
    }
    Vec::new()
}

/// The rule and its branches, as far as they name keys.
fn shapes<'a>(book: &'a Book, rule: &'a Rule) -> impl Iterator<Item = &'a Rule> {
    std::iter::once(rule)
        .chain(rule.choices.iter().flatten().map(|id| book.rule(*id)))
        .filter(|rule| !rule.properties.is_empty())
}

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
        Kind::Mapping(_) if takes.list => {
            finding.help("write a list: one item on each line, each after `- `")
        }
        Kind::Sequence(items) if takes.text && items.len() == 1 => {
            finding.help("write the one value, not a list")
        }
        Kind::Sequence(_) if takes.mapping => finding.help("write `name: value` lines, without the `- `"),
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
        use super::book::Types;
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

fn no_value(finding: Diagnostic, place: &Place<'_>) -> Diagnostic {
    match place.step {
        Step::Key(_) => finding
            .note("no value here")
            .help("give it a value or remove the key; if lines below belong to it, indent them further"),
        _ => finding.note("no value here"),
    }
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

/// `- KEY: value` in a list of `KEY=value`.
fn pair(finding: Diagnostic, place: &Place<'_>, map: &Mapping) -> Diagnostic {
    let list = place.parent.map(|list| Takes::of(list.book, list.id));
    let holder_takes_mapping = place
        .parent
        .and_then(|list| {
            list.parent.and_then(|outer| list.key().and_then(|key| outer.rule().property(&key.text)))
        })
        .is_some_and(|id| Takes::of(place.book, id).mapping)
        || list.is_some_and(|list| list.mapping);
    let mut entries = map.iter();
    let (Some(entry), None) = (entries.next(), entries.next()) else { return finding };
    let Some(value) = plain_text(&entry.value) else { return finding };
    if !holder_takes_mapping {
        return finding.help(format!(
            "`{}: ` with the blank reads as a key; put the whole item in quotes",
            entry.key.text
        ));
    }
    finding.help(format!(
        "in a list write `{key}={value}`; as a mapping drop the `- ` and keep `{key}: {value}`",
        key = entry.key.text
    ))
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
            finding.help(format!("write it as a mapping with `{first}: {}`", words::shorten(text)))
        }
        _ => finding,
    }
}
