//! Names and references as the engine compares them.

use crate::base::image_ref::ImageRef;

/// One form for every way of writing an image reference: `docker.io/library/busybox:latest`.
pub(super) fn image(reference: &str) -> String {
    match ImageRef::parse(reference) {
        Ok(parsed) => parsed.with_default_tag().normalized(),
        Err(_) => reference.to_owned(),
    }
}

/// A digest that every reference has for itself.
pub(super) fn digest(reference: &str) -> String {
    use sha2::Digest;
    let hex: String = sha2::Sha256::digest(reference).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The form messages use: `busybox:latest`.
pub(super) fn familiar(reference: &str) -> String {
    match ImageRef::parse(reference) {
        Ok(parsed) => parsed.with_default_tag().familiar(),
        Err(_) => reference.to_owned(),
    }
}

/// A container's or volume's name: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
pub(super) fn valid(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name.len() > 1
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Whether labels match all of `key=value` or `key`.
pub(super) fn matches<'a>(get: impl Fn(&str) -> Option<&'a str>, wanted: &[String]) -> bool {
    wanted.iter().all(|want| match want.split_once('=') {
        Some((key, value)) => get(key) == Some(value),
        None => get(want).is_some(),
    })
}
