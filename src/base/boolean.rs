//! Booleans written as words: those of YAML 1.2, and the older ones of YAML 1.1 with a warning.

use super::quote::go_quote;

/// A boolean read from a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boolean {
    /// Its value.
    pub value: bool,
    /// Whether the word is one of YAML 1.1 only (`yes`, `off`, …).
    pub old: bool,
}

impl Boolean {
    /// The value as YAML 1.2 writes it.
    pub fn word(self) -> &'static str {
        if self.value { "true" } else { "false" }
    }

    /// What the reference says of an old word.
    pub fn advice(self, text: &str) -> String {
        format!("{} for boolean is not supported by YAML 1.2, please use `{}`", go_quote(text), self.word())
    }
}

/// Reads a word in any case; `None` when it is no boolean.
pub fn parse_bool(text: &str) -> Option<Boolean> {
    let (value, old) = match text.to_lowercase().as_str() {
        "true" => (true, false),
        "false" => (false, false),
        "y" | "yes" | "on" => (true, true),
        "n" | "no" | "off" => (false, true),
        _ => return None,
    };
    Some(Boolean { value, old })
}
