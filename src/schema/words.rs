//! Places and types in words.

use super::book::{Book, Rule, RuleId, Types};
use crate::diag::{Code, Diagnostic, Span};
use crate::yaml::{Key, Kind, Node, Path, Segment};

/// A node on the walk, with the way to it and the rule that judges it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The schema.
    pub book: &'a Book,
    /// One step up.
    pub parent: Option<&'a Place<'a>>,
    /// The step from there.
    pub step: Step<'a>,
    /// The rule.
    pub id: RuleId,
    /// The value.
    pub node: &'a Node,
}

/// One step on the way.
#[derive(Clone, Copy)]
pub enum Step<'a> {
    /// The top.
    Root,
    /// Under a key.
    Key(&'a Key),
    /// At a position of a list.
    Index(usize),
}

/// Top-level sections whose keys are names that users give, and what the named thing is called.
const NAMED: &[(&str, &str)] = &[
    ("services", "service"),
    ("networks", "network"),
    ("volumes", "volume"),
    ("configs", "config"),
    ("secrets", "secret"),
    ("models", "model"),
    ("jobs", "job"),
];

/// What a named thing of a top-level section is called.
pub fn noun(section: &str) -> Option<&'static str> {
    NAMED.iter().find(|(name, _)| *name == section).map(|(_, noun)| *noun)
}

impl<'a> Place<'a> {
    /// The place of the whole tree.
    pub fn root(book: &'a Book, node: &'a Node) -> Place<'a> {
        Place { book, parent: None, step: Step::Root, id: book.root, node }
    }

    /// The rule, past its references.
    pub fn rule(&self) -> &'a Rule {
        self.book.rule(self.id)
    }

    /// The key that holds it; for an item of a list, the list's key.
    pub fn key(&self) -> Option<&'a Key> {
        match self.step {
            Step::Key(key) => Some(key),
            Step::Root => None,
            Step::Index(_) => self.parent.and_then(Place::key),
        }
    }

    fn steps(&self) -> Vec<Step<'a>> {
        let mut steps = self.parent.map(Place::steps).unwrap_or_default();
        if !matches!(self.step, Step::Root) {
            steps.push(self.step);
        }
        steps
    }

    /// The way from the top.
    pub fn path(&self) -> Path {
        let segment = |step| match step {
            Step::Root => None,
            Step::Key(key) => Some(Segment::Key(key.text.clone())),
            Step::Index(at) => Some(Segment::Index(at)),
        };
        Path(self.steps().into_iter().filter_map(segment).collect())
    }

    /// How many steps from the top.
    pub fn depth(&self) -> usize {
        self.steps().len()
    }

    /// The place as people say it: ``service `web` ``, ``` `ports[0]` of service `web` ```.
    pub fn words(&self) -> String {
        let steps = self.steps();
        match steps.as_slice() {
            [] => "the file".to_owned(),
            [Step::Key(section), Step::Key(name), rest @ ..] => match (noun(&section.text), rest) {
                (None, _) => format!("`{}`", join(&steps)),
                (Some(noun), []) => format!("{noun} `{}`", name.text),
                (Some(noun), rest) => format!("`{}` of {noun} `{}`", join(rest), name.text),
            },
            _ => format!("`{}`", join(&steps)),
        }
    }

    /// The same after "in" or "at".
    pub fn inside(&self) -> String {
        match self.step {
            Step::Root => "at the top level".to_owned(),
            _ => format!("in {}", self.words()),
        }
    }

    /// Where to point for the value: itself when it is one word or line, else the key that holds it.
    pub fn value_span(&self) -> Span {
        let own = self.node.span;
        match (&self.node.kind, self.step) {
            (Kind::Mapping(_) | Kind::Sequence(_), Step::Key(key)) if key.span.is_some() => key.span,
            (Kind::Null, Step::Key(key)) if key.span.is_some() && own.start == own.end => key.span,
            (Kind::Mapping(map), _) => {
                map.iter().next().map(|entry| entry.key.span).filter(|span| span.is_some()).unwrap_or(own)
            }
            (Kind::Sequence(items), _) => {
                items.first().map(|item| item.span).filter(|span| span.is_some()).unwrap_or(own)
            }
            _ if own.is_some() => own,
            (_, Step::Key(key)) => key.span,
            _ => own,
        }
    }
}

fn join(steps: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Root => {}
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&key.text);
            }
            Step::Index(at) => text.push_str(&format!("[{at}]")),
        }
    }
    text
}

/// What a rule takes, with an article: `a mapping or list of strings`.
pub fn accepted(book: &Book, id: RuleId) -> String {
    if let Some(title) = book.title(id) {
        return with_article(title);
    }
    let mut names = Vec::new();
    collect(book, id, &mut names);
    match names.as_slice() {
        [] => "something else".to_owned(),
        [one] => with_article(one),
        [most @ .., last] => with_article(&format!("{} or {last}", most.join(", "))),
    }
}

fn collect(book: &Book, id: RuleId, names: &mut Vec<String>) {
    let rule = book.rule(id);
    let mut add = |name: &str| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    let item = rule.items.map(|items| book.rule(items));
    for (kind, name) in [
        (Types::OBJECT, "mapping"),
        (
            Types::ARRAY,
            if item.is_some_and(|i| i.types == Types::STRING) { "list of strings" } else { "list" },
        ),
        (Types::STRING, "string"),
        (Types::NUMBER, "number"),
        (Types::INTEGER, "whole number"),
        (Types::BOOLEAN, "boolean"),
    ] {
        if rule.types.meets(kind) {
            add(name);
        }
    }
    for id in rule.choices.iter().flatten() {
        match book.title(*id) {
            Some(title) => {
                if !names.iter().any(|known| known == title) {
                    names.push(title.to_owned());
                }
            }
            None => collect(book, *id, names),
        }
    }
}

fn with_article(words: &str) -> String {
    let article = match words.chars().next() {
        _ if words.starts_with("any ") => "",
        Some('a' | 'e' | 'i' | 'o' | 'u' | 'A' | 'E' | 'I' | 'O') => "an ",
        _ => "a ",
    };
    format!("{article}{words}")
}

/// What a node is, with its value when that is short and plain.
pub fn found(node: &Node) -> String {
    match &node.kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Bool(value) => format!("the boolean `{value}`"),
        Kind::Int(value) => format!("the number `{value}`"),
        Kind::UInt(value) => format!("the number `{value}`"),
        Kind::Float(_) => "a number with a fraction".to_owned(),
        Kind::Sequence(items) if items.is_empty() => "an empty list".to_owned(),
        Kind::Mapping(map) if map.is_empty() => "an empty mapping".to_owned(),
        _ => node.kind_name().to_owned(),
    }
}

/// `` `a`, `b` or `c` ``
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Two equal items in a list of distinct ones.
pub fn duplicate(place: &Place<'_>, first: &Node, second: &Node) -> Diagnostic {
    let at = |node: &Node| Place { step: Step::Index(0), node, parent: None, ..*place }.value_span();
    let thing = match second.as_str() {
        Some(text) => format!("`{text}`"),
        None => "the same item".to_owned(),
    };
    let finding =
        Diagnostic::new(Code::DuplicateItem, at(second), format!("{} has {thing} twice", place.words()))
            .at(place.path())
            .help("remove one of the two");
    if at(first).is_some() { finding.label(at(first), "first here") } else { finding }
}

/// Text cut to a length that fits into a sentence.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
