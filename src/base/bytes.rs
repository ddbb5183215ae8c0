//! Sizes in bytes as Compose files write them: powers of 1024, with or without `b` or `ib`.

use super::number::{self, NumberError};

/// Why a text is no size. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// No digit at all, or a negative size with a unit.
    #[error("invalid size: '{0}'")]
    Size(String),
    /// A unit nobody knows, in lower case unless it is too long.
    #[error("invalid suffix: '{0}'")]
    Suffix(String),
    /// What stands before the unit is no number.
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// Reads `512`, `1.5g`, `64 MiB`, `-1`.
pub fn parse_bytes(text: &str) -> Result<i64, BytesError> {
    // A bare integer is taken literally, also a negative one ("unlimited").
    if let Ok(plain) = number::parse_i64(text, "ParseInt") {
        return Ok(plain);
    }
    let last = text
        .rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')
        .ok_or_else(|| BytesError::Size(text.to_owned()))?;
    let suffix = &text[last + 1..];
    let end = if text.as_bytes()[last] == b' ' { last } else { last + 1 };
    let size = number::parse_f64(&text[..end])?;
    if size < 0.0 {
        return Err(BytesError::Size(text.to_owned()));
    }
    if suffix.len() > 3 {
        return Err(BytesError::Suffix(suffix.to_owned()));
    }
    let suffix = suffix.to_lowercase();
    let power = match suffix.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return Err(BytesError::Suffix(suffix)),
    };
    Ok((size * 1024_f64.powi(power)) as i64)
}

/// A size for people, as the engine's tools show it: powers of 1000, four digits at most (`1.235MB`).
pub fn human_size(bytes: i64) -> String {
    const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1000.0 && unit < UNITS.len() - 1 {
        size /= 1000.0;
        unit += 1;
    }
    format!("{}{}", four_digits(size), UNITS[unit])
}

/// Four significant digits without trailing zeros (Go's `%.4g` for numbers below 1000).
fn four_digits(size: f64) -> String {
    let whole = size.abs().max(1.0).log10().floor() as usize;
    let text = format!("{size:.*}", 3_usize.saturating_sub(whole));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_the_reference_reads_them() {
        let shown = |text| match parse_bytes(text) {
            Ok(bytes) => bytes.to_string(),
            Err(error) => error.to_string(),
        };
        for (text, expected) in [
            ("1.5g", "1610612736"),
            ("1 g", "1073741824"),
            ("1gb", "1073741824"),
            ("1GiB", "1073741824"),
            ("1b", "1"),
            ("1t", "1099511627776"),
            ("1e3", "1000"),
            ("1_000", "1000"),
            ("-1", "-1"),
            ("", "invalid size: ''"),
            ("-1m", "invalid size: '-1m'"),
            ("1x", "invalid suffix: 'x'"),
            ("1gigs", "invalid suffix: 'gigs'"),
            ("1bb", "invalid suffix: 'bb'"),
            (" 1", "strconv.ParseFloat: parsing \" 1\": invalid syntax"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sizes_for_people_have_four_digits() {
        for (bytes, text) in
            [(0, "0B"), (999, "999B"), (1000, "1kB"), (1_234_567, "1.235MB"), (12_345_678_901, "12.35GB")]
        {
            assert_eq!(human_size(bytes), text);
        }
    }
}
