//! Scalars of the typed project: how each is read, when it is left out, how it is printed.

use std::fmt;

use indexmap::IndexMap;

use crate::base::boolean::parse_bool;
use crate::base::bytes::parse_bytes;
use crate::base::duration::{Duration, parse_duration};
use crate::base::number;
use crate::diag::Code;
use crate::yaml::{Key, Kind, Mapping, Node, PathRef};

use super::decode::Decoder;
use super::print::sorted;
use super::record::{Form, Value};

/// A size in bytes; 0 is unset, -1 often means "no limit".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub i64);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The mode bits of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileMode(pub i64);

impl fmt::Display for FileMode {
    /// Octal with a leading zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0{:o}", self.0)
    }
}

/// A text node no file wrote.
pub(super) fn text(value: impl Into<String>) -> Node {
    Node::new(Kind::String(value.into()))
}

impl Value for String {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<String> {
        // Whole numbers may stand for text (`group_add`, `expose`); nothing else may.
        match node.kind {
            Kind::Float(_) | Kind::Bool(_) | Kind::Timestamp(_) => decoder.mismatch(node, at, "a text"),
            _ => decoder.text(node, at),
        }
    }
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
    fn node(&self, _: Form) -> Node {
        text(self.as_str())
    }
}

impl Value for bool {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<bool> {
        match &node.kind {
            Kind::Null | Kind::Invalid => None,
            Kind::Bool(value) => Some(*value),
            Kind::Int(value) => Some(*value != 0),
            Kind::String(word) => match parse_bool(word) {
                Some(boolean) => {
                    if boolean.old {
                        decoder.warn(Code::Yaml11Boolean, node, at, boolean.advice(word), "");
                    }
                    Some(boolean.value)
                }
                None => {
                    let message = format!("`{word}` is neither `true` nor `false`");
                    decoder.report(Code::Cast, node, at, message, "write `true` or `false`");
                    None
                }
            },
            _ => decoder.mismatch(node, at, "a boolean"),
        }
    }
    fn is_zero(&self) -> bool {
        !self
    }
    fn node(&self, _: Form) -> Node {
        Node::new(Kind::Bool(*self))
    }
}

/// An integer: fractions are cut off, texts are read as decimal numbers.
fn integer(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<i128> {
    match &node.kind {
        Kind::Null | Kind::Invalid => None,
        Kind::Int(value) => Some(i128::from(*value)),
        Kind::UInt(value) => Some(i128::from(*value)),
        Kind::Float(value) => Some(*value as i128),
        Kind::Bool(value) => Some(i128::from(*value)),
        Kind::String(word) => match number::parse_i64(word, "ParseInt") {
            Ok(value) => Some(i128::from(value)),
            Err(error) => {
                decoder.report(
                    Code::Number,
                    node,
                    at,
                    format!("`{word}` is not a whole number: {error}"),
                    "",
                );
                None
            }
        },
        _ => decoder.mismatch(node, at, "a whole number"),
    }
}

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl Value for $type {
            fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<$type> {
                let value = integer(node, at, decoder)?;
                if value < 0 && <$type>::MIN == 0 {
                    let message = format!("`{value}` is negative, which makes no sense here");
                    decoder.report(Code::OutOfRange, node, at, message, "write a number from 0 on");
                    return None;
                }
                // Numbers beyond the type wrap around, as they do in the reference.
                Some(value as $type)
            }
            fn is_zero(&self) -> bool {
                *self == 0
            }
            fn node(&self, _: Form) -> Node {
                match i64::try_from(*self) {
                    Ok(value) => Node::new(Kind::Int(value)),
                    Err(_) => Node::new(Kind::UInt(*self as u64)),
                }
            }
        }
    )* };
}
integers!(i64, u64, u32, u16);

impl Value for f32 {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<f32> {
        match &node.kind {
            Kind::Null | Kind::Invalid => None,
            Kind::Int(value) => Some(*value as f32),
            Kind::UInt(value) => Some(*value as f32),
            Kind::Float(value) => Some(*value as f32),
            Kind::String(word) => match number::parse_f32(word) {
                Ok(value) => Some(value),
                Err(error) => {
                    decoder.report(Code::Number, node, at, format!("`{word}` is not a number: {error}"), "");
                    None
                }
            },
            _ => decoder.mismatch(node, at, "a number"),
        }
    }
    fn is_zero(&self) -> bool {
        *self == 0.0
    }
    fn node(&self, _: Form) -> Node {
        // Through text, so that the wider number has the same shortest digits.
        Node::new(Kind::Float(self.to_string().parse().unwrap_or(f64::from(*self))))
    }
}

impl Value for Duration {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Duration> {
        let word = decoder.text(node, at)?;
        match parse_duration(&word) {
            Ok(duration) => Some(duration),
            Err(error) => {
                decoder.report(
                    Code::Duration,
                    node,
                    at,
                    format!("`{word}` is not a duration: {error}"),
                    "write numbers with units, like `90s` or `1m30s`",
                );
                None
            }
        }
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
    fn node(&self, _: Form) -> Node {
        text(self.to_string())
    }
}

impl Value for ByteSize {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<ByteSize> {
        match &node.kind {
            Kind::Null | Kind::Invalid => None,
            Kind::Int(value) => Some(ByteSize(*value)),
            Kind::UInt(value) => Some(ByteSize(*value as i64)),
            Kind::Float(_) => {
                // The reference drops it without a word; an error would refuse files that it takes.
                decoder.warn(
                    Code::ByteSize,
                    node,
                    at,
                    "a size with a fraction or exponent is ignored",
                    "write a whole number of bytes, or a text with a unit, like `1.5g`",
                );
                None
            }
            Kind::String(word) => match parse_bytes(word) {
                Ok(value) => Some(ByteSize(value)),
                Err(error) => {
                    decoder.report(
                        Code::ByteSize,
                        node,
                        at,
                        format!("`{word}` is not a size: {error}"),
                        "write a number with a unit, like `512m` or `1.5g`",
                    );
                    None
                }
            },
            _ => decoder.mismatch(node, at, "a size"),
        }
    }
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
    fn node(&self, _: Form) -> Node {
        text(self.0.to_string())
    }
}

impl Value for FileMode {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<FileMode> {
        let Some(word) = node.as_str() else {
            return match node.kind {
                Kind::Float(_) => decoder.mismatch(node, at, "an octal file mode"),
                _ => i64::decode(node, at, decoder).map(FileMode),
            };
        };
        match i64::from_str_radix(word, 8) {
            Ok(mode) => Some(FileMode(mode)),
            Err(_) => {
                decoder.report(
                    Code::Number,
                    node,
                    at,
                    format!("`{word}` is not an octal file mode"),
                    "write octal digits, like `\"0440\"`",
                );
                None
            }
        }
    }
    fn is_zero(&self) -> bool {
        false
    }
    fn node(&self, _: Form) -> Node {
        text(self.to_string())
    }
}

impl<T: Value> Value for Option<T> {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Option<T>> {
        T::decode(node, at, decoder).filter(|value| !value.is_nothing()).map(Some)
    }
    fn is_zero(&self) -> bool {
        self.is_none()
    }
    fn node(&self, form: Form) -> Node {
        self.as_ref().map_or_else(Node::null, |value| value.node(form))
    }
}

impl<T: Value> Value for Vec<T> {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Vec<T>> {
        match &node.kind {
            Kind::Null | Kind::Invalid => None,
            Kind::Sequence(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .filter_map(|(n, item)| T::decode(item, &at.index(n), decoder))
                    .collect(),
            ),
            // One item may stand for a list of one.
            _ => T::decode(node, at, decoder).map(|item| vec![item]),
        }
    }
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
    fn node(&self, form: Form) -> Node {
        Node::new(Kind::Sequence(self.iter().map(|item| item.node(form)).collect()))
    }
}

impl<T: Value> Value for IndexMap<String, T> {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<IndexMap<String, T>> {
        let map = decoder.mapping(node, at)?;
        let values = map.iter().filter_map(|entry| {
            let key = entry.key.text.as_str();
            Some((key.to_owned(), T::decode(&entry.value, &at.key(key), decoder)?))
        });
        Some(values.collect())
    }
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
    fn node(&self, form: Form) -> Node {
        let map: Mapping =
            self.iter().map(|(key, value)| (Key::new(key.as_str()), value.node(form))).collect();
        Node::new(Kind::Mapping(sorted(map, form)))
    }
}

/// Gives a closed set of words its type's reading and writing.
macro_rules! words {
    ($type:ident, $what:literal { $($variant:ident = $word:literal,)* }) => {
        impl $type {
            /// The word in the file.
            pub fn as_str(self) -> &'static str {
                match self { $( $type::$variant => $word, )* }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::model::record::Value for $type {
            fn decode(
                node: &$crate::yaml::Node,
                at: &$crate::yaml::PathRef<'_>,
                decoder: &mut $crate::model::decode::Decoder<'_>,
            ) -> Option<$type> {
                let word = decoder.text(node, at)?;
                match word.as_str() {
                    $( $word => Some($type::$variant), )*
                    _ => decoder.not_allowed(node, at, &word, $what, &[$($word),*]),
                }
            }
            fn is_zero(&self) -> bool {
                false
            }
            fn node(&self, _: $crate::model::record::Form) -> $crate::yaml::Node {
                $crate::model::scalar::text(self.as_str())
            }
        }
    };
}
pub(super) use words;
