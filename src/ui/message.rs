//! Warnings and errors that belong to no thing, in the reference's shapes.

use serde_json::json;

use super::mode::Mode;
use crate::event::Level;

/// A message line: `WARN[0000] text` on a terminal, `time="…" level=warning msg="…"` elsewhere, JSON in
/// JSON mode. `now` is RFC 3339 in whole seconds.
pub fn line(level: Level, text: &str, mode: Mode, terminal: bool, now: &str) -> String {
    let word = match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    if mode == Mode::Json {
        return format!("{}\n", json!({"level": word, "msg": text, "time": now}));
    }
    if terminal {
        let short = match level {
            Level::Info => "INFO",
            Level::Warning => "WARN",
            Level::Error => "ERRO",
        };
        return format!("{short}[0000] {text}\n");
    }
    format!("time=\"{now}\" level={word} msg={}\n", quoted(text))
}

/// The last word of a failed command: bare text, or JSON in JSON mode.
pub fn failure(text: &str, mode: Mode) -> String {
    if mode == Mode::Json {
        return format!("{}\n", json!({"error": true, "message": text}));
    }
    format!("{text}\n")
}

/// Quotes as Go does when a text has anything but plain characters.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        crate::base::quote::go_quote(text)
    }
}

/// The time for [`line`].
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Seconds since 1970, now.
pub fn seconds_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_shape_of_their_stream() {
        let now = "2026-11-23T21:31:01Z";
        let shown = |mode, terminal| line(Level::Warning, "a \"b\"", mode, terminal, now);
        assert_eq!(
            shown(Mode::Plain, false),
            "time=\"2026-11-23T21:31:01Z\" level=warning msg=\"a \\\"b\\\"\"\n"
        );
        assert_eq!(shown(Mode::Tty, true), "WARN[0000] a \"b\"\n");
        assert!(shown(Mode::Json, false).starts_with('{'));
        assert_eq!(failure("x", Mode::Json), "{\"error\":true,\"message\":\"x\"}\n");
    }
}
