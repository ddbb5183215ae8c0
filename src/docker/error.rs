//! Every failure becomes an [`EngineError`] here, once, by HTTP status.

use std::error::Error;

use super::connect::SshFailed;
use crate::engine::EngineError;

/// What went wrong before there was an answer, or within it.
pub(super) enum Fault {
    /// The engine answered with this status and body.
    Status(u16, String),
    /// No connection could be made.
    Connect(String),
    /// The connection or the answer broke.
    Broken(String),
}

/// Classifies a failure of a call about `subject` to the engine at `endpoint`.
pub(super) fn classify(subject: &str, endpoint: &str, fault: Fault) -> EngineError {
    let subject = subject.to_owned();
    match fault {
        Fault::Status(status, body) => {
            let message = message(status, &body);
            match status {
                404 => EngineError::NotFound { subject, message },
                409 => EngineError::Conflict { subject, message },
                401 | 403 => EngineError::Unauthorised { subject, message },
                status => EngineError::Refused { subject, status, message },
            }
        }
        Fault::Connect(cause) => EngineError::Unreachable { endpoint: endpoint.to_owned(), cause },
        Fault::Broken(cause) => EngineError::Broken { subject, cause },
    }
}

/// The engine's own words: `{"message": …}`, or the body as it is.
fn message(status: u16, body: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Answer {
        message: String,
    }
    match serde_json::from_str::<Answer>(body) {
        Ok(answer) => shorten_ids(&answer.message),
        Err(_) if body.trim().is_empty() => format!("the engine answered with status {status}"),
        Err(_) => shorten_ids(body.trim()),
    }
}

/// Length of an id in the engine's answers, and in what people read.
const ID: usize = 64;
const SHORT_ID: usize = 12;

/// The beginning of an id, as `docker ps` shows it; anything else as it is.
pub(super) fn short_id(id: &str) -> &str {
    if id.len() == ID && id.bytes().all(|byte| byte.is_ascii_hexdigit()) { &id[..SHORT_ID] } else { id }
}

/// Ids in a text become short. A digest (`sha256:…`) is something a user may have written, and stays.
fn shorten_ids(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, word) = rest.split_at(start);
        let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        let digest = before.ends_with(':') && !before.ends_with(": ");
        // Letters before the first digit belong to the same word.
        let inside = before.ends_with(|c: char| c.is_ascii_alphanumeric());
        short.push_str(before);
        short.push_str(if digest || inside { word } else { short_id(word) });
        rest = after;
    }
    short + rest
}

impl From<hyper_util::client::legacy::Error> for Fault {
    fn from(error: hyper_util::client::legacy::Error) -> Fault {
        match ssh_failure(&error) {
            Some(words) => Fault::Connect(words),
            None if error.is_connect() => Fault::Connect(root(&error)),
            None => Fault::Broken(chain(&error)),
        }
    }
}

impl From<hyper::Error> for Fault {
    fn from(error: hyper::Error) -> Fault {
        Fault::Broken(chain(&error))
    }
}

impl From<bollard::errors::Error> for Fault {
    fn from(error: bollard::errors::Error) -> Fault {
        use bollard::errors::Error as Bollard;
        match error {
            Bollard::DockerResponseServerError { status_code, message } => {
                Fault::Status(status_code, message)
            }
            Bollard::HyperLegacyError { err } => err.into(),
            Bollard::HyperResponseError { err } => err.into(),
            other => Fault::Broken(chain(&other)),
        }
    }
}

/// What ssh said when it was the reason: the connection looked open until then.
fn ssh_failure(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(cause) = next {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(failed) = inner.and_then(|inner| inner.downcast_ref::<SshFailed>()) {
            return Some(failed.to_string());
        }
        next = cause.source();
    }
    None
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

fn root(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_decides_and_the_daemons_words_stay() {
        let at = |status, body: &str| {
            classify("start container a", "unix:///x", Fault::Status(status, body.into()))
        };
        let found = at(404, r#"{"message":"No such container: a"}"#);
        assert!(found.is_not_found());
        assert_eq!(found.to_string(), "start container a: Error response from daemon: No such container: a");
        assert_eq!(found.message(), "No such container: a");
        assert!(at(409, "{}").is_conflict());
        assert_eq!(at(503, "").message(), "the engine answered with status 503");
        assert!(matches!(at(400, "plain"), EngineError::Refused { status: 400, .. }));
    }

    #[test]
    fn ids_are_short_and_digests_whole() {
        let id = "0123456789abcdef".repeat(4);
        let said = |text: &str| message(404, &serde_json::json!({ "message": text }).to_string());
        assert_eq!(said(&format!("No such container: {id}")), "No such container: 0123456789ab");
        assert_eq!(said(&format!("network {id} not found")), "network 0123456789ab not found");
        assert_eq!(said(&format!("by container \"{id}\". Go")), "by container \"0123456789ab\". Go");
        let digest = format!("manifest for x@sha256:{id} not found");
        assert_eq!(said(&digest), digest);
        assert_eq!(said(&format!("x{id}")), format!("x{id}"));
        assert_eq!(said("é bad café 0 ü"), "é bad café 0 ü");
        assert_eq!(short_id("web-1"), "web-1");
    }
}
