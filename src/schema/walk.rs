//! The walk over a tree. One function serves two uses: without a sink it only answers whether the node
//! fits and stops at the first reason why not; with one it goes on and reports everything. A good file
//! is walked once, without building a single path or message.

use std::collections::HashMap;

use super::book::{Book, Others, RuleId, Types};
use super::words::{Place, Step};
use super::{hints, words};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::yaml::{Kind, Mapping, Node};

/// Where findings go, when they are wanted.
type Sink<'s> = Option<&'s mut Vec<Diagnostic>>;

/// Reports a finding and goes on, or ends the walk when nobody listens.
macro_rules! found {
    ($ok:ident, $sink:ident, $finding:expr) => {{
        let Some(findings) = $sink.as_deref_mut() else { return false };
        findings.push($finding);
        $ok = false;
    }};
}

pub(super) fn validate(book: &Book, root: &Node, diags: &mut Diagnostics) {
    let place = Place::root(book, root);
    not_json(&place, diags);
    let walk = Walk { book };
    if walk.check(&place, None) {
        return;
    }
    let mut findings = Vec::new();
    walk.check(&place, Some(&mut findings));
    diags.extend(findings);
}

/// Infinities and "not a number" have no place in JSON, which is what engines are spoken to in.
fn not_json(place: &Place<'_>, diags: &mut Diagnostics) {
    match &place.node.kind {
        Kind::Float(value) if !value.is_finite() => diags.push(
            Diagnostic::new(
                Code::WrongType,
                place.value_span(),
                format!("{} must be a finite number", place.words()),
            )
            .at(place.path())
            .note("no JSON number can say this")
            .help("if this is text, put it in quotes"),
        ),
        Kind::Sequence(items) => {
            for (at, item) in items.iter().enumerate() {
                if may_hold_float(item) {
                    not_json(&place.item(place.id, at, item), diags);
                }
            }
        }
        Kind::Mapping(map) => {
            for entry in map {
                if may_hold_float(&entry.value) {
                    not_json(&place.entry(place.id, entry), diags);
                }
            }
        }
        _ => {}
    }
}

fn may_hold_float(node: &Node) -> bool {
    matches!(node.kind, Kind::Float(_) | Kind::Sequence(_) | Kind::Mapping(_))
}

struct Walk<'a> {
    book: &'a Book,
}

impl Walk<'_> {
    fn check(&self, place: &Place<'_>, mut sink: Sink<'_>) -> bool {
        let node = place.node;
        let rule = place.rule();
        if matches!(node.kind, Kind::Invalid) {
            return true;
        }
        if matches!(node.kind, Kind::Float(value) if !value.is_finite()) {
            return true; // reported by `not_json`
        }
        let mut ok = true;
        if rule.never || (rule.types != Types::ANY && !rule.types.meets(Types::of(node))) {
            found!(ok, sink, hints::wrong_type(self.book, place));
            return ok;
        }
        if !rule.allowed.is_empty() && !rule.allowed.iter().any(|value| is_literal(node, value)) {
            found!(ok, sink, hints::not_allowed(place));
        }
        match &node.kind {
            Kind::String(text) | Kind::Timestamp(text) => {
                if let Some(pattern) = &rule.pattern
                    && !pattern.matches(text)
                {
                    found!(ok, sink, hints::pattern(place, pattern, text));
                }
            }
            Kind::Int(value) => ok &= self.range(place, *value as f64, &mut sink),
            Kind::UInt(value) => ok &= self.range(place, *value as f64, &mut sink),
            Kind::Float(value) => ok &= self.range(place, *value, &mut sink),
            Kind::Sequence(items) => ok &= self.list(place, items, &mut sink),
            Kind::Mapping(map) => ok &= self.mapping(place, map, &mut sink),
            Kind::Null | Kind::Bool(_) | Kind::Invalid => {}
        }
        for branches in &rule.choices {
            if !ok && sink.is_none() {
                return false;
            }
            ok &= self.choice(place, branches, &mut sink);
        }
        ok
    }

    fn range(&self, place: &Place<'_>, value: f64, sink: &mut Sink<'_>) -> bool {
        let rule = place.rule();
        let mut ok = true;
        if rule.minimum.is_some_and(|least| value < least) || rule.maximum.is_some_and(|most| value > most) {
            found!(ok, sink, hints::out_of_range(place));
        }
        ok
    }

    fn list(&self, place: &Place<'_>, items: &[Node], sink: &mut Sink<'_>) -> bool {
        let rule = place.rule();
        let mut ok = true;
        if rule.min_items.is_some_and(|least| items.len() < least) {
            found!(ok, sink, hints::too_few(place, "item", rule.min_items.unwrap_or(0)));
        }
        if let Some(id) = rule.items {
            for (at, item) in items.iter().enumerate() {
                ok &= self.check(&place.item(id, at, item), sink.as_deref_mut());
                if !ok && sink.is_none() {
                    return false;
                }
            }
        }
        if rule.unique {
            for (first, second) in twins(items) {
                found!(ok, sink, words::duplicate(place, first, second));
            }
        }
        ok
    }

    fn mapping(&self, place: &Place<'_>, map: &Mapping, sink: &mut Sink<'_>) -> bool {
        let rule = place.rule();
        if rule.properties.is_empty()
            && rule.patterns.is_empty()
            && rule.others == Others::Free
            && rule.required.is_empty()
            && rule.min_properties.is_none()
        {
            return true;
        }
        let mut ok = true;
        if sink.is_some()
            && let Some(finding) = hints::key_as_service(self.book, place, map)
        {
            found!(ok, sink, finding);
            return ok;
        }
        let (mut meant, mut unknown) = (Vec::new(), 0);
        for entry in map {
            let key = entry.key.text.as_str();
            let mut known = false;
            if let Some(id) = rule.property(key) {
                known = true;
                ok &= self.check(&place.entry(id, entry), sink.as_deref_mut());
            }
            for (pattern, id) in &rule.patterns {
                if pattern.matches(key) {
                    known = true;
                    ok &= self.check(&place.entry(*id, entry), sink.as_deref_mut());
                }
            }
            match rule.others {
                _ if known => {}
                Others::Free => {}
                Others::Follow(id) => ok &= self.check(&place.entry(id, entry), sink.as_deref_mut()),
                Others::Refused => {
                    found!(ok, sink, {
                        unknown += 1;
                        let finding = hints::unknown_key(self.book, place, entry);
                        meant.extend(finding.stands_for);
                        finding.diagnostic
                    });
                }
            }
            if !ok && sink.is_none() {
                return false;
            }
        }
        // A mapping that knows none of its keys was meant as something else.
        let strange = unknown > 0 && unknown == map.len();
        for key in &rule.required {
            // A required key that stands there misspelt is reported once, at the misspelling.
            if !map.contains_key(key)
                && !strange
                && (sink.is_none() || !meant.iter().any(|m| m == "*" || m == key))
            {
                found!(ok, sink, hints::missing_key(self.book, place, key));
            }
        }
        if rule.min_properties.is_some_and(|least| map.len() < least) {
            found!(ok, sink, hints::too_few(place, "key", rule.min_properties.unwrap_or(0)));
        }
        ok
    }

    /// One of the branches must hold. They never overlap in `oneOf` (a test holds the schema to that),
    /// so the first that holds decides.
    fn choice(&self, place: &Place<'_>, branches: &[RuleId], sink: &mut Sink<'_>) -> bool {
        let holds = |id: &RuleId| self.check(&place.under(*id), None);
        let mut ok = true;
        if branches.iter().any(holds) {
            return ok;
        }
        if sink.is_none() {
            return false;
        }
        let fitting: Vec<RuleId> =
            branches.iter().copied().filter(|id| self.admits(*id, place.node)).collect();
        let mut best: Option<Vec<Diagnostic>> = None;
        let mut required = Vec::new();
        for id in &fitting {
            let mut findings = Vec::new();
            self.check(&place.under(*id), Some(&mut findings));
            if findings.iter().all(|f| f.code == Code::MissingKey && f.path == Some(place.path())) {
                required.extend(self.book.rule(*id).required.iter().copied());
            }
            let depth = |list: &[Diagnostic]| list.iter().map(steps).max().unwrap_or(0);
            if best.as_deref().is_none_or(|best| depth(&findings) > depth(best)) {
                best = Some(findings);
            }
        }
        match best {
            None => found!(ok, sink, hints::wrong_type(self.book, place)),
            Some(_) if fitting.len() > 1 && required.len() >= fitting.len() => {
                found!(ok, sink, hints::missing_any(place, &required))
            }
            Some(findings) => {
                for finding in findings {
                    found!(ok, sink, finding);
                }
            }
        }
        ok
    }

    /// Whether a rule takes nodes of this type, whatever is inside them.
    fn admits(&self, id: RuleId, node: &Node) -> bool {
        let rule = self.book.rule(id);
        !rule.never
            && (rule.types == Types::ANY || rule.types.meets(Types::of(node)))
            && rule.choices.iter().all(|list| list.iter().any(|id| self.admits(*id, node)))
    }
}

/// How deep a finding's path is.
fn steps(finding: &Diagnostic) -> usize {
    finding.path.as_ref().map_or(0, |path| path.0.len())
}

fn is_literal(node: &Node, value: &serde_json::Value) -> bool {
    match (&node.kind, value) {
        (Kind::String(text) | Kind::Timestamp(text), serde_json::Value::String(wanted)) => text == wanted,
        (Kind::Bool(flag), serde_json::Value::Bool(wanted)) => flag == wanted,
        (Kind::Null, serde_json::Value::Null) => true,
        (Kind::Int(number), serde_json::Value::Number(wanted)) => wanted.as_i64() == Some(*number),
        (Kind::UInt(number), serde_json::Value::Number(wanted)) => wanted.as_u64() == Some(*number),
        (Kind::Float(number), serde_json::Value::Number(wanted)) => wanted.as_f64() == Some(*number),
        _ => false,
    }
}

/// Pairs of equal items, each later one with its first.
fn twins(items: &[Node]) -> Vec<(&Node, &Node)> {
    let mut pairs = Vec::new();
    let mut texts: HashMap<&str, &Node> = HashMap::new();
    let mut others: HashMap<u64, Vec<&Node>> = HashMap::new();
    if items.len() < 2 {
        return pairs;
    }
    for item in items {
        let first = match item.as_str() {
            Some(text) => match texts.entry(text) {
                std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
                std::collections::hash_map::Entry::Vacant(slot) => {
                    slot.insert(item);
                    None
                }
            },
            None => {
                let alike = others.entry(item.likeness()).or_default();
                let first = alike.iter().copied().find(|other| other.same(item));
                if first.is_none() {
                    alike.push(item);
                }
                first
            }
        };
        pairs.extend(first.map(|first| (first, item)));
    }
    pairs
}

/// Whether the types of a rule, through its branches, are these; for the test that `oneOf` branches
/// never overlap.
#[cfg(test)]
pub(super) fn all_types(book: &Book, rule: &super::book::Rule) -> Types {
    let mut all = rule.types;
    for list in &rule.choices {
        for id in list {
            all = all.or(all_types(book, book.rule(*id)));
        }
    }
    all
}

impl<'a> Place<'a> {
    /// The step from a mapping to one of its values.
    fn entry(&'a self, id: RuleId, entry: &'a crate::yaml::Entry) -> Place<'a> {
        Place { book: self.book, parent: Some(self), step: Step::Key(&entry.key), id, node: &entry.value }
    }

    /// The step from a list to one of its items.
    fn item(&'a self, id: RuleId, at: usize, item: &'a Node) -> Place<'a> {
        Place { book: self.book, parent: Some(self), step: Step::Index(at), id, node: item }
    }

    /// The same place, seen by one branch of its rule.
    fn under(&self, id: RuleId) -> Place<'a> {
        Place { id, ..*self }
    }
}
