//! What plain scalars mean, and the text of values.
//!
//! The rules are those of the reference's YAML library: a mixture of YAML 1.1 (`0755` is octal,
//! `1_000` a number) and 1.2 (`yes`, `on` and `22:22` are strings).

use super::{Kind, Node};
use crate::base::number::format_f64;

/// The value of a plain scalar.
pub fn resolve_plain(text: &str) -> Kind {
    typed(text).unwrap_or_else(|| Kind::String(text.to_owned()))
}

/// The value of a plain scalar that is not a string.
pub(super) fn typed(text: &str) -> Option<Kind> {
    let Some(first) = text.bytes().next() else { return Some(Kind::Null) };
    match first {
        b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' => match text {
            "~" | "null" | "Null" | "NULL" => Some(Kind::Null),
            "true" | "True" | "TRUE" => Some(Kind::Bool(true)),
            "false" | "False" | "FALSE" => Some(Kind::Bool(false)),
            _ => None,
        },
        b'.' | b'+' | b'-' => match text {
            ".nan" | ".NaN" | ".NAN" => Some(Kind::Float(f64::NAN)),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Kind::Float(f64::INFINITY)),
            "-.inf" | "-.Inf" | "-.INF" => Some(Kind::Float(f64::NEG_INFINITY)),
            "-0" => Some(Kind::Float(-0.0)),
            // Behind a leading point, underscores must stand between digits.
            _ if first == b'.' && !text.split('_').all(ends_in_digits) => None,
            _ => number(text),
        },
        b'0'..=b'9' => {
            if Timestamp::parse(text).is_some() {
                return Some(Kind::Timestamp(text.to_owned()));
            }
            number(text)
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<Kind> {
    let without;
    let digits = if text.contains('_') {
        without = text.replace('_', "");
        without.as_str()
    } else {
        text
    };
    integer(digits).or_else(|| float(digits).map(Kind::Float))
}

/// Whether a piece between underscores begins (but for the point) and ends with a digit.
fn ends_in_digits(piece: &str) -> bool {
    let bytes = piece.strip_prefix('.').unwrap_or(piece).as_bytes();
    bytes.first().is_some_and(u8::is_ascii_digit) && bytes.last().is_some_and(u8::is_ascii_digit)
}

/// An integer with an optional sign and a radix prefix; a leading zero means octal.
fn integer(text: &str) -> Option<Kind> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (Some('-'), &text[1..]),
        b'+' => (Some('+'), &text[1..]),
        _ => (None, text),
    };
    let (radix, digits) = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &rest[2..]),
        [b'0', b'o' | b'O', ..] => (8, &rest[2..]),
        [b'0', b'b' | b'B', ..] => (2, &rest[2..]),
        [b'0', _, ..] => (8, &rest[1..]),
        _ => (10, rest),
    };
    // The standard library's parsers take a sign of their own.
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    match sign {
        Some('-') => 0_i64.checked_sub_unsigned(magnitude).map(Kind::Int),
        _ => match i64::try_from(magnitude) {
            Ok(value) => Some(Kind::Int(value)),
            // A sign makes it a signed number, which this is too large for.
            Err(_) => sign.is_none().then_some(Kind::UInt(magnitude)),
        },
    }
}

/// `[-+]?(.D+ or D+ or D+.D*)` with an optional exponent, in the range of the type.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let good_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let good_exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    if !good_mantissa || !good_exponent {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The text of a scalar where a string is needed; `None` for null, collections and invalid values.
pub fn text_of(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::String(text) => Some(text.clone()),
        Kind::Bool(value) => Some(value.to_string()),
        Kind::Int(value) => Some(value.to_string()),
        Kind::UInt(value) => Some(value.to_string()),
        Kind::Float(value) => Some(format_f64(*value)),
        Kind::Timestamp(text) => Some(Timestamp::parse(text).map_or_else(|| text.clone(), |t| t.spelled())),
        Kind::Null | Kind::Sequence(_) | Kind::Mapping(_) | Kind::Invalid => None,
    }
}

/// A timestamp as RFC 3339, the form the printed model shows; other text stays as it is.
pub(super) fn rfc3339(text: &str) -> String {
    Timestamp::parse(text).map_or_else(|| text.to_owned(), |t| t.rfc3339())
}

/// A date, or a date with a time.
struct Timestamp<'a> {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    /// Digits behind the point, at most nine, without trailing zeros.
    fraction: &'a str,
    /// Minutes east of Greenwich.
    offset: i32,
}

impl Timestamp<'_> {
    fn parse(text: &str) -> Option<Timestamp<'_>> {
        let bytes = text.as_bytes();
        if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let year = text[..4].parse().ok()?;
        let (month, rest) = small(&text[5..])?;
        let (day, rest) = small(rest.strip_prefix('-')?)?;
        let days = match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=days).contains(&day) {
            return None;
        }
        let date = Timestamp { year, month, day, hour: 0, minute: 0, second: 0, fraction: "", offset: 0 };
        if rest.is_empty() {
            return Some(date);
        }
        let (zoned, rest) = match rest.strip_prefix(['T', 't']) {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix(' ')?.trim_start_matches(' ')),
        };
        let (hour, rest) = small(rest)?;
        let (minute, rest) = small(rest.strip_prefix(':')?)?;
        let (second, mut rest) = small(rest.strip_prefix(':')?)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut fraction = "";
        if let Some(digits) = rest.strip_prefix(['.', ',']) {
            let end = digits.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
            if end == 0 {
                return None;
            }
            fraction = digits[..end.min(9)].trim_end_matches('0');
            rest = &digits[end..];
        }
        let offset = if zoned { zone(rest)? } else { rest.is_empty().then_some(0)? };
        Some(Timestamp { hour, minute, second, fraction, offset, ..date })
    }

    fn fraction(&self) -> String {
        if self.fraction.is_empty() { String::new() } else { format!(".{}", self.fraction) }
    }

    fn zone(&self, colon: &str) -> String {
        let (sign, minutes) = (if self.offset < 0 { '-' } else { '+' }, self.offset.unsigned_abs());
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }

    fn rfc3339(&self) -> String {
        let Timestamp { year, month, day, hour, minute, second, .. } = self;
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{}{zone}", self.fraction())
    }

    /// `2001-12-14 21:59:43.1 -0500 -0500`: the zone has no name, so its offset stands twice.
    fn spelled(&self) -> String {
        let Timestamp { year, month, day, hour, minute, second, .. } = self;
        let zone = self.zone("");
        let name = if self.offset == 0 { "UTC" } else { &zone };
        format!(
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{} {zone} {name}",
            self.fraction()
        )
    }
}

/// A number of one or two digits, and what follows it.
fn small(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// `Z` or `±hh:mm`, in minutes.
fn zone(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let bytes = text.as_bytes();
    let digits = [bytes.get(1)?, bytes.get(2)?, bytes.get(4)?, bytes.get(5)?];
    if bytes.len() != 6 || bytes[3] != b':' || !digits.iter().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (text[1..3].parse().ok()?, text[4..6].parse().ok()?);
    (hours <= 24 && minutes <= 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::emit;

    fn printed(text: &str) -> String {
        emit::to_yaml(&Node::new(resolve_plain(text))).trim_end().to_owned()
    }

    #[test]
    fn plain_scalars_resolve_as_the_reference_reads_them() {
        for (text, value) in [
            ("", "null"),
            ("Null", "null"),
            ("TRUE", "true"),
            ("0755", "493"),
            ("-0755", "-493"),
            ("0o755", "493"),
            ("0O17", "15"),
            ("0x_1F", "31"),
            ("-0xF", "-15"),
            ("0b1_1", "3"),
            ("089", "89"),
            ("1_0.5", "10.5"),
            ("0777_7", "4095"),
            ("1_", "1"),
            ("-_1", "-1"),
            ("+12", "12"),
            ("-0", "-0"),
            ("-00", "0"),
            ("1e3", "1000"),
            ("1.", "1"),
            ("+.5e-3", "0.0005"),
            (".0_1", "0.01"),
            ("1e-400", "0"),
            ("1e10", "1e+10"),
            ("01777777777777777777777", "18446744073709551615"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("-9223372036854775809", "-9.223372036854776e+18"),
            ("2001-1-1", "2001-01-01T00:00:00Z"),
            ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
            ("2001-12-14  1:2:3,5", "2001-12-14T01:02:03.5Z"),
            ("-.INF", "-.inf"),
        ] {
            assert!(!matches!(resolve_plain(text), Kind::String(_)), "{text}");
            assert_eq!(printed(text), value, "{text}");
        }
        for text in [
            "yes",
            "No",
            "on",
            "y",
            "nULL",
            "tRUE",
            "_1",
            ".",
            "._5",
            ".1_",
            "1e",
            "+.nan",
            "NaN",
            "inf",
            "0b2",
            "0o8",
            "0x",
            "0x1FFFFFFFFFFFFFFFF",
            "1e400",
            "0x1p3",
            "12:30:45",
            "22:22",
            "--1",
            "+-1",
            "0x+1",
            "1.5.5",
            "=",
            "<<",
            "٣",
            "2001-12-14T21:59:43",
            "2001-13-01",
            "2001-02-30",
            "20011-01-01",
            "2001-12-14 1:2:3 -5",
            "2001-01-01t1:2:3z",
        ] {
            assert!(matches!(resolve_plain(text), Kind::String(_)), "{text}");
        }
    }

    #[test]
    fn values_have_a_text() {
        let text = |plain: &str| text_of(&Node::new(resolve_plain(plain)));
        assert_eq!(text("1_000").as_deref(), Some("1000"));
        assert_eq!(text("1e6").as_deref(), Some("1e+06"));
        assert_eq!(text("1.50").as_deref(), Some("1.5"));
        assert_eq!(text("True").as_deref(), Some("true"));
        assert_eq!(text("~"), None);
        assert_eq!(text("2001-12-14").as_deref(), Some("2001-12-14 00:00:00 +0000 UTC"));
        assert_eq!(
            text("2001-12-14t21:59:43.10-05:00").as_deref(),
            Some("2001-12-14 21:59:43.1 -0500 -0500")
        );
    }
}
