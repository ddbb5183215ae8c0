//! Durations as Compose files write them: Go's grammar with days and weeks.

use std::fmt;

use super::quote::go_quote;

/// A length of time in nanoseconds, possibly negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub i64);

/// Why a text is no duration. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text as a whole can't be read, or is out of range.
    #[error("time: invalid duration {}", go_quote(.0))]
    Invalid(String),
    /// A number without a unit.
    #[error("time: missing unit in duration {}", go_quote(.0))]
    MissingUnit(String),
    /// A unit nobody knows.
    #[error("time: unknown unit {} in duration {}", go_quote(unit), go_quote(text))]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
}

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// The largest magnitude, which only a negative duration reaches.
const LIMIT: u64 = 1 << 63;

fn nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // Both the micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => 24 * HOUR,
        "w" => 7 * 24 * HOUR,
        _ => return None,
    })
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// A whole number of seconds, kept in range.
    pub const fn from_secs(seconds: i64) -> Duration {
        Duration(seconds.saturating_mul(SECOND as i64))
    }

    /// The nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The time in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// The standard library's type; negative becomes zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }
}

/// Reads `1h30m`, `1.5s`, `-2w1d`, `0`.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let whole: u64 = if digits == 0 { 0 } else { rest[..digits].parse().map_err(|_| invalid())? };
        if whole > LIMIT {
            return Err(invalid());
        }
        rest = &rest[digits..];
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            (fraction, rest) = after.split_at(digits);
        }
        if digits == 0 && fraction.is_empty() {
            return Err(invalid());
        }
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 {
            return Err(DurationError::MissingUnit(text.to_owned()));
        }
        let (unit_text, after) = rest.split_at(end);
        rest = after;
        let unit = nanoseconds(unit_text).ok_or_else(|| DurationError::UnknownUnit {
            unit: unit_text.to_owned(),
            text: text.to_owned(),
        })?;
        let mut value = whole.checked_mul(unit).filter(|v| *v <= LIMIT).ok_or_else(invalid)?;
        let (part, scale) = leading_fraction(fraction);
        if part > 0 {
            value += (part as f64 * (unit as f64 / scale)) as u64;
        }
        total = total.checked_add(value).filter(|v| *v <= LIMIT).ok_or_else(invalid)?;
    }
    if negative {
        return Ok(Duration((total as i64).wrapping_neg()));
    }
    i64::try_from(total).map(Duration).map_err(|_| invalid())
}

/// The digits after the point as a number and the power of ten to divide by; digits beyond what 63
/// bits hold are dropped.
fn leading_fraction(digits: &str) -> (u64, f64) {
    let mut value: u64 = 0;
    let mut scale = 1.0;
    for digit in digits.bytes() {
        let next = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(u64::from(digit - b'0')))
            .filter(|v| *v <= LIMIT);
        match next {
            Some(next) => {
                value = next;
                scale *= 10.0;
            }
            None => break,
        }
    }
    (value, scale)
}

impl fmt::Display for Duration {
    /// `1h30m0s`, `1.5s`, `10µs`: the largest unit is the hour, and zero is `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.unsigned_abs();
        let mut text = String::new();
        if self.0 < 0 {
            text.push('-');
        }
        if total == 0 {
            text.push_str("0s");
        } else if total < SECOND {
            let (unit, name) = match total {
                n if n < MICROSECOND => (1, "ns"),
                n if n < MILLISECOND => (MICROSECOND, "\u{b5}s"),
                _ => (MILLISECOND, "ms"),
            };
            push_decimal(&mut text, total, unit);
            text.push_str(name);
        } else {
            if total >= HOUR {
                text.push_str(&format!("{}h", total / HOUR));
            }
            if total >= MINUTE {
                text.push_str(&format!("{}m", total % HOUR / MINUTE));
            }
            push_decimal(&mut text, total % MINUTE, SECOND);
            text.push('s');
        }
        f.pad(&text)
    }
}

/// `value / unit` exactly, without trailing zeros; `unit` is a power of ten.
fn push_decimal(text: &mut String, value: u64, unit: u64) {
    text.push_str(&(value / unit).to_string());
    let rest = value % unit;
    if rest > 0 {
        let width = unit.ilog10() as usize;
        text.push('.');
        text.push_str(format!("{rest:0width$}").trim_end_matches('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match parse_duration(text) {
            Ok(duration) => duration.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn durations_read_and_print_as_in_go() {
        for (text, expected) in [
            ("1d12h", "36h0m0s"),
            ("1w2d", "216h0m0s"),
            ("1.5h", "1h30m0s"),
            ("1h60m", "2h0m0s"),
            ("-1s", "-1s"),
            ("1d", "24h0m0s"),
            ("90s", "1m30s"),
            ("1500ms", "1.5s"),
            ("0", "0s"),
            ("0s", "0s"),
            ("1us", "1\u{b5}s"),
            ("1500ns", "1.5\u{b5}s"),
            (".5s", "500ms"),
            ("bad", "time: invalid duration \"bad\""),
            ("", "time: invalid duration \"\""),
            ("90", "time: missing unit in duration \"90\""),
            ("1y", "time: unknown unit \"y\" in duration \"1y\""),
            ("9999999999h", "time: invalid duration \"9999999999h\""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
