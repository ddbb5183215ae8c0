//! Which style a string needs.

use crate::yaml::scalar;

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What the characters of a string allow.
pub(super) struct Facts {
    /// It has a line break of any kind.
    pub(super) multiline: bool,
    plain: bool,
    single: bool,
    literal: bool,
}

/// The characters that end a line in YAML.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a character stands for itself outside double quotes.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

impl Facts {
    /// Looks at every character once.
    pub(super) fn of(text: &str) -> Facts {
        if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/' | b'.')) {
            let documents_end = text.starts_with("...");
            return Facts { multiline: false, plain: !documents_end, single: true, literal: true };
        }
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut breaks, mut space_break, mut break_space, mut special, mut tab) =
            (false, false, false, false, false);
        let (mut after_space, mut after_break, mut after_blank) = (false, false, true);
        let mut rest = text.chars().peekable();
        let mut first = true;
        while let Some(c) = rest.next() {
            let before_blank =
                rest.peek().is_none_or(|next| matches!(next, ' ' | '\t' | '\0') || is_break(*next));
            indicators |= match c {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    first
                }
                '?' | '-' => first && before_blank,
                ':' => before_blank,
                '#' => after_blank,
                _ => false,
            };
            if c == '\t' {
                tab = true;
            } else if !is_printable(c) {
                special = true;
            }
            if c == ' ' {
                break_space |= after_break;
                (after_space, after_break) = (true, false);
            } else if is_break(c) {
                breaks = true;
                space_break |= after_space;
                (after_space, after_break) = (false, true);
            } else {
                (after_space, after_break) = (false, false);
            }
            after_blank = matches!(c, ' ' | '\t' | '\0') || is_break(c);
            first = false;
        }
        let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let edges = edge(text.chars().next()) || edge(text.chars().next_back());
        let awkward = break_space || space_break || tab || special;
        Facts {
            multiline: breaks,
            plain: !(awkward || edges || breaks || indicators),
            single: !awkward,
            literal: !(text.ends_with(' ') || space_break || special),
        }
    }

    /// The style of the string these facts are about.
    pub(super) fn style(&self, text: &str) -> Style {
        let quoted = if self.single { Style::Single } else { Style::Double };
        if text.contains('\n') {
            let blank = text.len() < 2 || text.trim().is_empty();
            return if self.literal && !blank { Style::Literal } else { Style::Double };
        }
        if scalar::typed(text).is_some() {
            return Style::Double;
        }
        if text == "<<" || is_old_boolean(text) || is_base_60(text) || !self.plain {
            return quoted;
        }
        Style::Plain
    }
}

/// The words that YAML 1.1 takes for booleans, and 1.2 does not.
fn is_old_boolean(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// A number of YAML 1.1 in base 60: `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let Some((first, places)) = whole.split_once(':') else { return false };
    digits(first)
        && digits(fraction)
        && places.split(':').all(|place| match place.as_bytes() {
            [unit] => unit.is_ascii_digit(),
            [ten, unit] => matches!(ten, b'0'..=b'5') && unit.is_ascii_digit(),
            _ => false,
        })
}
