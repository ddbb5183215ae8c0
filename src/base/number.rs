//! Numbers read and written as Go does it, which is what Compose files and their consumers see.

use super::quote::go_quote;

/// Why a text is no number. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("strconv.{function}: parsing {}: {}", go_quote(.text), .problem.words())]
pub struct NumberError {
    /// The name the reference gives the conversion.
    pub function: &'static str,
    /// The text.
    pub text: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Not a number.
    Syntax,
    /// A number beyond what the type holds.
    Range,
}

impl Problem {
    fn words(self) -> &'static str {
        match self {
            Problem::Syntax => "invalid syntax",
            Problem::Range => "value out of range",
        }
    }
}

/// Reads a decimal integer; `function` is the name its errors carry (`Atoi`, `ParseInt`).
pub fn parse_i64(text: &str, function: &'static str) -> Result<i64, NumberError> {
    let fail = |problem| NumberError { function, text: text.to_owned(), problem };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fail(Problem::Syntax));
    }
    text.parse().map_err(|_| fail(Problem::Range))
}

/// Reads a floating-point number: decimal or hexadecimal, `_` between digits, `inf`, `infinity`, `nan`.
pub fn parse_f64(text: &str) -> Result<f64, NumberError> {
    let fail = |problem| NumberError { function: "ParseFloat", text: text.to_owned(), problem };
    let (sign, body) = match text.as_bytes().first() {
        Some(b'-') => (-1.0, &text[1..]),
        Some(b'+') => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let lower = body.to_ascii_lowercase();
    match lower.as_str() {
        "inf" | "infinity" => return Ok(sign * f64::INFINITY),
        "nan" if body.len() == text.len() => return Ok(f64::NAN),
        _ => {}
    }
    if lower.starts_with(['+', '-']) || !underscores_stand_between_digits(&lower) {
        return Err(fail(Problem::Syntax));
    }
    let lower = lower.replace('_', "");
    let value = match lower.strip_prefix("0x") {
        Some(digits) => hexadecimal(digits),
        None => lower
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'))
            .then(|| lower.parse().ok())
            .flatten(),
    };
    match value {
        Some(value) if f64::is_infinite(value) => Err(fail(Problem::Range)),
        Some(value) => Ok(sign * value),
        None => Err(fail(Problem::Syntax)),
    }
}

/// Reads a number and rounds it to 32 bits.
pub fn parse_f32(text: &str) -> Result<f32, NumberError> {
    let wide = parse_f64(text)?;
    let plain = text.replace('_', "");
    // Decimal text is rounded once, not twice.
    let narrow = plain.parse().unwrap_or(wide as f32);
    if narrow.is_infinite() && wide.is_finite() {
        return Err(NumberError { function: "ParseFloat", text: text.to_owned(), problem: Problem::Range });
    }
    Ok(narrow)
}

fn underscores_stand_between_digits(lower: &str) -> bool {
    let (bytes, hex) = match lower.strip_prefix("0x") {
        Some(rest) => (rest.as_bytes(), true),
        None => (lower.as_bytes(), false),
    };
    let digit = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_digit() || (hex && b.is_ascii_hexdigit()));
    bytes.iter().enumerate().filter(|(_, b)| **b == b'_').all(|(at, _)| {
        // One `_` may follow the `0x` itself.
        let before = if at == 0 { hex } else { digit(bytes.get(at - 1)) };
        before && digit(bytes.get(at + 1))
    })
}

/// `1.8p3` without its `0x`; the binary exponent is required.
fn hexadecimal(digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let exponent: i32 = exponent.parse::<i32>().unwrap_or(i32::MAX / 2).clamp(-100_000, 100_000);
    let mut value = 0.0_f64;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = exponent - 4 * i32::try_from(fraction.len()).unwrap_or(i32::MAX / 8);
    Some(value * 2.0_f64.powi(shift))
}

/// Shortest digits of a number: sign, digits without the point, decimal exponent of the first digit.
struct Digits {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Digits {
    fn new(scientific: &str) -> Digits {
        let (negative, text) = match scientific.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, scientific),
        };
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        Digits { negative, digits: mantissa.replace('.', ""), exponent: exponent.parse().unwrap_or_default() }
    }

    fn plain(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        if self.exponent < 0 {
            let zeros = "0".repeat(self.exponent.unsigned_abs() as usize - 1);
            return format!("{sign}0.{zeros}{digits}");
        }
        let whole = self.exponent.unsigned_abs() as usize + 1;
        if digits.len() <= whole {
            return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
        }
        format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
    }

    fn scientific(&self, width: usize) -> String {
        let sign = if self.negative { "-" } else { "" };
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let direction = if self.exponent < 0 { '-' } else { '+' };
        format!("{sign}{first}{point}{rest}e{direction}{:0width$}", self.exponent.unsigned_abs())
    }

    /// Go's `%g` with the fewest digits: plain notation from 1e-4 up to, not including, 1e6.
    fn general(&self) -> String {
        if (-4..6).contains(&self.exponent) { self.plain() } else { self.scientific(2) }
    }
}

fn special(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}

/// A 64-bit number as text and YAML show it: `1.5`, `100000`, `1e+06`, `1e-05`.
pub fn format_f64(value: f64) -> String {
    special(value).unwrap_or_else(|| Digits::new(&format!("{value:e}")).general())
}

/// A 32-bit number as text and YAML show it, with the digits that 32 bits need.
pub fn format_f32(value: f32) -> String {
    special(f64::from(value)).unwrap_or_else(|| Digits::new(&format!("{value:e}")).general())
}

/// A 64-bit number as the JSON output shows it: plain from 1e-6 up to 1e21, else with an exponent.
/// JSON has no word for infinities; they come out as [`format_f64`] has them.
pub fn json_f64(value: f64) -> String {
    special(value).unwrap_or_else(|| {
        let plain = value == 0.0 || (1e-6..1e21).contains(&value.abs());
        json(&Digits::new(&format!("{value:e}")), plain)
    })
}

/// A 32-bit number as the JSON output shows it.
pub fn json_f32(value: f32) -> String {
    special(f64::from(value)).unwrap_or_else(|| {
        let plain = value == 0.0 || (1e-6_f32..1e21_f32).contains(&value.abs());
        json(&Digits::new(&format!("{value:e}")), plain)
    })
}

fn json(digits: &Digits, plain: bool) -> String {
    if plain {
        return digits.plain();
    }
    // Small exponents lose their padding, large ones have none to lose.
    if digits.exponent < 0 { digits.scientific(1) } else { digits.scientific(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_go() {
        for (value, text) in [
            (1.5, "1.5"),
            (2.0, "2"),
            (1e3, "1000"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1e21, "1e+21"),
            (-0.0, "-0"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(format_f64(value), text);
        }
        assert_eq!(format_f32(1.123_456_8), "1.1234568");
        assert_eq!(json_f64(1e-7), "1e-7");
        assert_eq!(json_f64(1e20), "100000000000000000000");
        assert_eq!(json_f64(1e21), "1e+21");
        assert_eq!(json_f64(0.25), "0.25");
        assert_eq!(json_f64(0.0), "0");
        assert_eq!(json_f32(0.1), "0.1");
    }

    #[test]
    fn numbers_read_as_in_go() {
        assert_eq!(parse_f64("1_000").ok(), Some(1000.0));
        assert_eq!(parse_f64("1e3").ok(), Some(1000.0));
        assert_eq!(parse_f64("0x1.8p1").ok(), Some(3.0));
        assert_eq!(parse_f64(".5").ok(), Some(0.5));
        assert_eq!(parse_f64("-Inf").ok(), Some(f64::NEG_INFINITY));
        let words = |text| parse_f64(text).map_err(|e| e.to_string());
        assert_eq!(words(" 1"), Err("strconv.ParseFloat: parsing \" 1\": invalid syntax".to_owned()));
        assert_eq!(words(""), Err("strconv.ParseFloat: parsing \"\": invalid syntax".to_owned()));
        assert_eq!(
            words("1e999"),
            Err("strconv.ParseFloat: parsing \"1e999\": value out of range".to_owned())
        );
        assert!(
            words("++1").is_err() && words("_1").is_err() && words("1__0").is_err() && words("1_").is_err()
        );
        assert_eq!(parse_i64("+12", "Atoi"), Ok(12));
        assert_eq!(
            parse_i64("99999999999999999999", "Atoi").map_err(|e| e.to_string()),
            Err("strconv.Atoi: parsing \"99999999999999999999\": value out of range".to_owned())
        );
        assert!(parse_i64("", "ParseInt").is_err() && parse_i64("1_0", "Atoi").is_err());
        assert!(parse_f32("1e39").is_err());
    }
}
