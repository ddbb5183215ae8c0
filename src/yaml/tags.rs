//! Explicit tags on scalars.

use base64::Engine as _;

use super::{Kind, scalar};

/// The full name of the tag that makes any key a merge key.
pub(super) const MERGE: &str = "tag:yaml.org,2002:merge";

/// A scalar that is not what its tag says.
#[derive(Debug, thiserror::Error)]
pub(super) enum TagError {
    #[error("the tag `!!{tag}` wants {wanted}, but this is {found}")]
    Mismatch { tag: &'static str, wanted: &'static str, found: &'static str },
    #[error("the tag `!!binary` wants base64 text")]
    Base64,
    #[error("the tag `!!binary` holds bytes that are not text, which no Compose value can hold")]
    NotText,
}

/// The value of a tagged scalar, plain or quoted. Unknown tags, local ones too, make text.
pub(super) fn scalar(name: &str, text: &str) -> Result<Kind, TagError> {
    let Some(core) = name.strip_prefix("tag:yaml.org,2002:") else {
        return Ok(Kind::String(text.to_owned()));
    };
    let resolved = match core {
        "int" | "float" | "bool" | "null" | "timestamp" => scalar::resolve_plain(text),
        "binary" => return binary(text),
        _ => return Ok(Kind::String(text.to_owned())),
    };
    let mismatch = |tag, wanted, found: Kind| Err(TagError::Mismatch { tag, wanted, found: found.name() });
    match (core, resolved) {
        ("int", kind @ (Kind::Int(_) | Kind::UInt(_))) => Ok(kind),
        ("int", kind) => mismatch("int", "an integer", kind),
        ("float", Kind::Int(n)) => Ok(Kind::Float(n as f64)),
        ("float", Kind::UInt(n)) => Ok(Kind::Float(n as f64)),
        ("float", kind @ Kind::Float(_)) => Ok(kind),
        ("float", kind) => mismatch("float", "a number", kind),
        ("bool", kind @ Kind::Bool(_)) => Ok(kind),
        ("bool", kind) => mismatch("bool", "`true` or `false`", kind),
        ("null", kind @ Kind::Null) => Ok(kind),
        ("null", kind) => mismatch("null", "`null` or nothing", kind),
        (_, kind @ Kind::Timestamp(_)) => Ok(kind),
        (_, kind) => mismatch("timestamp", "a date", kind),
    }
}

fn binary(text: &str) -> Result<Kind, TagError> {
    let digits: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(digits).map_err(|_| TagError::Base64)?;
    String::from_utf8(bytes).map(Kind::String).map_err(|_| TagError::NotText)
}
