//! Paths and queries: whatever a user wrote is percent-encoded.

use std::fmt::Write;

/// Encodes a name for one segment of a path, or a value of a query.
pub(super) fn encode(text: &str) -> String {
    encode_but(text, b"")
}

/// Whether a name can be asked for. Engines decode a path before they route it, and answer 301 to one that has
/// empty segments or dots for segments, encoded or not: nothing has such a name.
pub(super) fn can_name(text: &str) -> bool {
    !text.split('/').any(|segment| matches!(segment, "" | "." | ".."))
}

/// Encodes an image reference: slashes and colons are part of the engine's route.
pub(super) fn encode_reference(text: &str) -> String {
    encode_but(text, b"/:@")
}

fn encode_but(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `path?key=value&…`.
pub(super) fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (at, (key, value)) in query.iter().enumerate() {
        out.push(if at == 0 { '?' } else { '&' });
        out.push_str(key);
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// The engine's filter parameter: `{"label":["a=b"]}`.
pub(super) fn filters(pairs: &[(&str, &[String])]) -> String {
    let map: serde_json::Map<String, serde_json::Value> = pairs
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(key, values)| ((*key).to_owned(), serde_json::json!(values)))
        .collect();
    serde_json::Value::Object(map).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_segment() {
        assert_eq!(encode("na me/..?x"), "na%20me%2F..%3Fx");
        assert!(["a", "a/b", "...", ".a"].into_iter().all(can_name));
        assert!(
            !["", ".", "..", "./data", "../data", "a/../b", "/a", "a/", "a//b"].into_iter().any(can_name)
        );
        assert_eq!(encode_reference("localhost:5000/a/b@sha256:0"), "localhost:5000/a/b@sha256:0");
        assert_eq!(with_query("/x", &[("a", "b=c"), ("d", "&")]), "/x?a=b%3Dc&d=%26");
    }
}
