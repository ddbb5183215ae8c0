//! Nodes and mappings.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::diag::Span;

/// A value with the place that wrote it. Merged values keep the place of the file that set them;
/// values no file wrote carry [`Span::NONE`].
#[derive(Clone, Debug)]
pub struct Node {
    /// The bytes that wrote it; a block collection's span runs from its first to its last child.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that fits 64 signed bits.
    Int(i64),
    /// A number that needs the 64th bit.
    UInt(u64),
    /// A floating-point number.
    Float(f64),
    /// A plain scalar in a date form, as written.
    Timestamp(String),
    /// Text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping.
    Mapping(Mapping),
    /// A value that failed a stage: reported already, so later stages pass over it in silence.
    Invalid,
}

/// A mapping's key: always text (anything else is a finding), with its place.
#[derive(Clone, Debug)]
pub struct Key {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A mapping in the order of its file. Look-ups in large mappings go through an index.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
    /// Positions by key; kept only from [`INDEXED_FROM`] entries on, where a scan would be slower.
    #[expect(clippy::box_collection, reason = "keeps every node small; few mappings have an index")]
    index: Option<Box<HashMap<String, usize>>>,
}

const INDEXED_FROM: usize = 24;

impl Node {
    /// A value no file wrote.
    pub fn new(kind: Kind) -> Node {
        Node { span: Span::NONE, kind }
    }

    /// A value with its place.
    pub fn spanned(kind: Kind, span: Span) -> Node {
        Node { span, kind }
    }

    /// A null no file wrote.
    pub fn null() -> Node {
        Node::new(Kind::Null)
    }

    /// A text with a place.
    pub fn string(text: impl Into<String>, span: Span) -> Node {
        Node { span, kind: Kind::String(text.into()) }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Whether an earlier stage gave it up.
    pub fn is_invalid(&self) -> bool {
        matches!(self.kind, Kind::Invalid)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value of a number that fits 64 signed bits.
    pub fn as_int(&self) -> Option<i64> {
        match self.kind {
            Kind::Int(value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_sequence(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a list, to change.
    pub fn as_sequence_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The mapping.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.kind {
            Kind::Mapping(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping, to change.
    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match &mut self.kind {
            Kind::Mapping(map) => Some(map),
            _ => None,
        }
    }

    /// The value under a key, when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key)
    }

    /// The value under a key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// What kind of value it is, in the words of error messages.
    pub fn kind_name(&self) -> &'static str {
        self.kind.name()
    }

    /// How many values it is made of, itself included.
    pub fn size(&self) -> usize {
        match &self.kind {
            Kind::Sequence(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Kind::Mapping(map) => 1 + map.values().map(Node::size).sum::<usize>(),
            _ => 1,
        }
    }

    /// A number that is equal for values that are the same, and mostly differs for others.
    pub fn likeness(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match &self.kind {
            Kind::Null => 0_u8.hash(&mut hasher),
            Kind::Bool(value) => (1_u8, value).hash(&mut hasher),
            // Whole numbers equal the fractions of the same value.
            Kind::Int(value) => (2_u8, (*value as f64 + 0.0).to_bits()).hash(&mut hasher),
            Kind::Float(value) if value.is_nan() => 3_u8.hash(&mut hasher),
            Kind::Float(value) => (2_u8, (value + 0.0).to_bits()).hash(&mut hasher),
            Kind::UInt(value) => (4_u8, value).hash(&mut hasher),
            Kind::Timestamp(text) => (5_u8, text).hash(&mut hasher),
            Kind::String(text) => (6_u8, text).hash(&mut hasher),
            Kind::Sequence(items) => {
                (7_u8, items.len()).hash(&mut hasher);
                items.iter().for_each(|item| item.likeness().hash(&mut hasher));
            }
            Kind::Mapping(map) => {
                // In any order.
                let sum = map.iter().fold(0_u64, |sum, entry| {
                    let mut hasher = DefaultHasher::new();
                    (&entry.key.text, entry.value.likeness()).hash(&mut hasher);
                    sum.wrapping_add(hasher.finish())
                });
                (8_u8, map.len(), sum).hash(&mut hasher);
            }
            Kind::Invalid => 9_u8.hash(&mut hasher),
        }
        hasher.finish()
    }

    /// Whether two values are the same, wherever they stand; mappings compare without order.
    pub fn same(&self, other: &Node) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::Int(a), Kind::Int(b)) => a == b,
            (Kind::UInt(a), Kind::UInt(b)) => a == b,
            (Kind::Float(a), Kind::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Kind::Int(a), Kind::Float(b)) | (Kind::Float(b), Kind::Int(a)) => *a as f64 == *b,
            (Kind::Timestamp(a), Kind::Timestamp(b)) | (Kind::String(a), Kind::String(b)) => a == b,
            (Kind::Sequence(a), Kind::Sequence(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Kind::Mapping(a), Kind::Mapping(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|entry| b.get(&entry.key.text).is_some_and(|value| entry.value.same(value)))
            }
            _ => false,
        }
    }
}

impl Kind {
    /// The kind, in the words of error messages.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) | Kind::UInt(_) => "an integer",
            Kind::Float(_) => "a number",
            Kind::Timestamp(_) => "a timestamp",
            Kind::String(_) => "a string",
            Kind::Sequence(_) => "a list",
            Kind::Mapping(_) => "a mapping",
            Kind::Invalid => "an invalid value",
        }
    }
}

impl Key {
    /// A key no file wrote.
    pub fn new(text: impl Into<String>) -> Key {
        Key { text: text.into(), span: Span::NONE }
    }
}

impl Mapping {
    /// An empty mapping.
    pub fn new() -> Mapping {
        Mapping::default()
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|entry| entry.key.text == key),
        }
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() >= INDEXED_FROM).then(|| {
            Box::new(self.entries.iter().enumerate().map(|(at, e)| (e.key.text.clone(), at)).collect())
        });
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The key and value under a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.position(key).map(|at| &self.entries[at])
    }

    /// The value under a key, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.position(key).map(|at| &mut self.entries[at].value)
    }

    /// Whether the key is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets a key: a new one goes to the end, an old one keeps its position and takes the new key's
    /// place in the files. Gives back the old value.
    pub fn insert(&mut self, key: Key, value: Node) -> Option<Node> {
        match self.position(&key.text) {
            Some(at) => {
                let old = std::mem::replace(&mut self.entries[at], Entry { key, value });
                Some(old.value)
            }
            None => {
                match &mut self.index {
                    Some(index) => {
                        index.insert(key.text.clone(), self.entries.len());
                        self.entries.push(Entry { key, value });
                    }
                    None => {
                        self.entries.push(Entry { key, value });
                        if self.entries.len() >= INDEXED_FROM {
                            self.reindex();
                        }
                    }
                }
                None
            }
        }
    }

    /// Removes a key; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.remove_entry(key).map(|entry| entry.value)
    }

    /// Removes a key and gives back both; the others keep their order.
    pub fn remove_entry(&mut self, key: &str) -> Option<Entry> {
        let at = self.position(key)?;
        let entry = self.entries.remove(at);
        if self.index.is_some() {
            self.reindex();
        }
        Some(entry)
    }

    /// Keeps the entries the predicate likes.
    pub fn retain(&mut self, keep: impl FnMut(&Entry) -> bool) {
        self.entries.retain(keep);
        self.reindex();
    }

    /// The entries, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// The entries with their values to change; keys stay.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Key, &mut Node)> {
        self.entries.iter_mut().map(|entry| (&entry.key, &mut entry.value))
    }

    /// The keys' texts, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.text.as_str())
    }

    /// The values, in order.
    pub fn values(&self) -> impl Iterator<Item = &Node> {
        self.entries.iter().map(|entry| &entry.value)
    }
}

impl IntoIterator for Mapping {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> IntoIterator for &'a Mapping {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl FromIterator<(Key, Node)> for Mapping {
    fn from_iter<T: IntoIterator<Item = (Key, Node)>>(iter: T) -> Mapping {
        let mut map = Mapping::new();
        for (key, value) in iter {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_alike() {
        let map = |keys: [&str; 2]| {
            Node::new(Kind::Mapping(keys.into_iter().map(|k| (Key::new(k), Node::null())).collect()))
        };
        for (a, b) in [
            (Node::new(Kind::Int(2)), Node::new(Kind::Float(2.0))),
            (Node::new(Kind::Float(0.0)), Node::new(Kind::Float(-0.0))),
            (Node::new(Kind::Int(0)), Node::new(Kind::Float(-0.0))),
            (Node::new(Kind::Float(f64::NAN)), Node::new(Kind::Float(-f64::NAN))),
            (map(["a", "b"]), map(["b", "a"])),
        ] {
            assert!(a.same(&b) && a.likeness() == b.likeness(), "{a:?} {b:?}");
        }
        assert_ne!(map(["a", "b"]).likeness(), map(["a", "c"]).likeness());
    }

    #[test]
    fn large_mappings_behave_like_small_ones() {
        for size in [3, INDEXED_FROM - 1, INDEXED_FROM, 100] {
            let mut map: Mapping =
                (0..size).map(|n| (Key::new(format!("k{n}")), Node::new(Kind::Int(n as i64)))).collect();
            assert_eq!(map.len(), size);
            assert_eq!(map.remove("k1").and_then(|n| n.as_int()), Some(1));
            assert_eq!(map.get("k1").map(|n| n.kind_name()), None);
            assert_eq!(map.get("k2").and_then(Node::as_int), Some(2));
            map.insert(Key::new("k2"), Node::null());
            assert_eq!(map.keys().nth(1), Some("k2"));
            assert!(map.get("k2").is_some_and(Node::is_null));
            map.retain(|e| e.key.text == "k0");
            assert_eq!(map.len(), 1);
        }
    }
}
