//! Text patterns. The few that Compose uses everywhere are matched by hand; any other one is compiled
//! when it is first needed.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::Regex;

/// A JSON Schema pattern: it may match anywhere in the text unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The pattern as the schema writes it.
    pub text: Cow<'static, str>,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    /// `^literal`
    Prefix(&'static str),
    /// `.+`
    SomeCharacter,
    /// `^.+$`
    OneLine,
    /// `^[a-zA-Z0-9._-]+$`
    Name,
    /// `^[a-z]+$`
    Lowercase,
    Regex(OnceLock<Option<Regex>>),
}

impl Pattern {
    /// Takes a pattern in; nothing is compiled yet.
    pub fn new(text: Cow<'static, str>) -> Pattern {
        let how = match &*text {
            "^x-" => How::Prefix("x-"),
            ".+" => How::SomeCharacter,
            "^.+$" => How::OneLine,
            "^[a-zA-Z0-9._-]+$" => How::Name,
            "^[a-z]+$" => How::Lowercase,
            _ => How::Regex(OnceLock::new()),
        };
        Pattern { text, how }
    }

    /// Whether it is found in the text. A pattern that isn't a regular expression matches everything.
    pub fn matches(&self, text: &str) -> bool {
        match &self.how {
            How::Prefix(prefix) => text.starts_with(prefix),
            How::SomeCharacter => text.bytes().any(|b| b != b'\n'),
            How::OneLine => !text.is_empty() && !text.contains('\n'),
            How::Name => {
                !text.is_empty()
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            }
            How::Lowercase => !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase()),
            How::Regex(cell) => cell
                .get_or_init(|| Regex::new(&self.text).ok())
                .as_ref()
                .is_none_or(|regex| regex.is_match(text)),
        }
    }

    /// Whether it only sets extension keys apart.
    pub fn is_extension(&self) -> bool {
        matches!(self.how, How::Prefix("x-"))
    }

    /// What it asks of a key or value, in words.
    pub fn words(&self) -> Option<&'static str> {
        match self.how {
            How::Name => Some("use only letters, digits, `.`, `_` and `-`"),
            How::Lowercase => Some("use only the letters `a` to `z`"),
            How::SomeCharacter | How::OneLine => Some("it must not be empty"),
            How::Prefix(_) | How::Regex(_) => None,
        }
    }

    /// The words it allows, when it is a plain choice of words: `^(always|never)$`. A word that itself
    /// holds a pattern is left out.
    pub fn choices(&self) -> Vec<&str> {
        let How::Regex(_) = self.how else { return Vec::new() };
        let inner = self.text.trim_start_matches('^').trim_end_matches('$');
        let inner = inner.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(inner);
        if !inner.contains('|') {
            return Vec::new();
        }
        inner
            .split('|')
            .filter(|word| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_written_matchers_agree_with_the_regular_expression() {
        let words =
            ["", "a", "x-", "x-a", "ax-", "a b", "a.b_c-D9", "ä", "\n", "a\n", "\nx-", "always", "abc"];
        for text in ["^x-", ".+", "^.+$", "^[a-zA-Z0-9._-]+$", "^[a-z]+$"] {
            let pattern = Pattern::new(text.into());
            let regex = Regex::new(text).unwrap();
            for word in words {
                assert_eq!(pattern.matches(word), regex.is_match(word), "{text} {word:?}");
            }
        }
    }

    #[test]
    fn a_choice_of_words_is_seen() {
        let pattern = Pattern::new("^(always|never|every_([0-9]+[wdhms])+)$".into());
        assert_eq!(pattern.choices(), ["always", "never"]);
        assert!(pattern.matches("every_2d") && !pattern.matches("alway"));
    }
}
