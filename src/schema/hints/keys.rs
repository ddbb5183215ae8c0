//! Keys that are not known where they stand: another one was meant, or another place.

use super::super::book::{Book, Others, Rule, Types};
use super::super::words::{Place, Step, noun, one_of};
use super::{is_service, length, list, plain_text, service_rule};
use crate::diag::{Code, Diagnostic, Span, suggest};
use crate::yaml::{Entry, Kind, Mapping, PathRef};

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
    let path = place.path().join(PathRef::Root.key(key));
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
        // `- name:` in a list of names.
        _ if matches!(place.step, Step::Index(_))
            && place.node.as_mapping().is_some_and(|map| map.len() == 1)
            && matches!(entry.value.kind, Kind::Null) =>
        {
            new.help(format!("if this is a name, write `{key}` without the colon"))
        }
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

/// `volumes:` indented under `services:` reads as a service of that name.
fn section_as_service(place: &Place<'_>) -> Option<String> {
    let name = &place.key()?.text;
    (is_service(place) && noun(name).is_some()).then(|| {
        format!("`{name}` under `services` is read as a service; the section belongs at the top level")
    })
}

/// `healthcheck:` beside the services, not in one: it reads as a service with keys that no service has.
pub fn key_as_service(book: &Book, place: &Place<'_>, map: &Mapping) -> Option<Diagnostic> {
    let key = place.key().filter(|_| is_service(place))?;
    let service = service_rule(book)?;
    let own = service.property(&key.text).map(|id| book.rule(id));
    let known = map.keys().filter(|inner| service.property(inner).is_some()).count();
    let its_own = own.is_some_and(|own| {
        let named = map.keys().any(|inner| shapes(book, own).any(|rule| rule.property(inner).is_some()));
        (known == 0 && named) || (mostly_foreign(service, map, known) && takes_keys(book, own, map))
    });
    let section = noun(&key.text).is_some() && mostly_foreign(service, map, known);
    if !its_own && !section {
        return None;
    }
    let finding =
        Diagnostic::new(Code::UnknownKey, key.span, format!("`{}` is listed among the services", key.text))
            .at(place.path());
    let as_key = format!("`{}` is a key of a service; indent it under the service's name", key.text);
    let as_section =
        format!("as a section of the file, `{}` belongs at the top level, beside `services`", key.text);
    Some(match (its_own, section) {
        (true, true) => finding.help(as_key).help(as_section),
        (true, false) => finding.help(as_key),
        _ => finding.help(as_section),
    })
}

/// Whether a mapping is no service with a slip in it: most of its keys are no service's, nor nearly so.
fn mostly_foreign(service: &Rule, map: &Mapping, known: usize) -> bool {
    let near = |key: &str| {
        service.properties.iter().any(|(name, _)| name.len() > 3 && strsim::osa_distance(key, name) <= 1)
    };
    let mut foreign = map.keys().filter(|key| service.property(key).is_none());
    map.len() > 2 * known
        && !SERVICE_MARKS.iter().any(|mark| map.contains_key(mark))
        && foreign.all(|key| !near(key) && !key.starts_with("x-"))
}

/// Whether a rule takes a mapping with these keys, whatever their values.
fn takes_keys(book: &Book, rule: &Rule, map: &Mapping) -> bool {
    let takes = |rule: &Rule, key: &str| {
        rule.property(key).is_some()
            || rule.others != Others::Refused
            || rule.patterns.iter().any(|(pattern, _)| pattern.matches(key))
    };
    std::iter::once(rule)
        .chain(rule.choices.iter().flatten().map(|id| book.rule(*id)))
        .filter(|rule| rule.types.meets(Types::OBJECT))
        .any(|rule| map.keys().all(|key| takes(rule, key)))
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
