//! Warnings and errors that belong to no thing, in the style of findings.

use console::Style;
use serde_json::json;

use super::clean;
use super::mode::Mode;
use crate::event::Level;

/// A message line: `warning: text`, `error: text`, bare words for what is only worth knowing, and JSON in JSON
/// mode. `now` is RFC 3339 in whole seconds.
pub fn line(level: Level, text: &str, mode: Mode, colours: bool, now: &str) -> String {
    let word = match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    if mode == Mode::Json {
        let object = json!({"level": word, "msg": text, "time": now});
        return format!("{}\n", clean::json(&object.to_string()));
    }
    let text = clean::block(text);
    let style = Style::new().force_styling(colours).bold();
    match level {
        Level::Info => format!("{text}\n"),
        Level::Warning => format!("{} {text}\n", style.yellow().apply_to("warning:")),
        Level::Error => format!("{} {text}\n", style.red().apply_to("error:")),
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
    fn hostile_messages_are_clean() {
        for mode in [Mode::Plain, Mode::Json] {
            let text = line(Level::Error, clean::HOSTILE, mode, false, "now");
            assert!(clean::is_clean(&text), "{text:?}");
        }
    }

    #[test]
    fn messages_have_the_style_of_findings() {
        let now = "2026-11-23T21:31:01Z";
        let shown = |level, mode, colours| line(level, "a \"b\"", mode, colours, now);
        assert_eq!(shown(Level::Warning, Mode::Plain, false), "warning: a \"b\"\n");
        assert_eq!(shown(Level::Error, Mode::Tty, false), "error: a \"b\"\n");
        assert_eq!(shown(Level::Info, Mode::Plain, false), "a \"b\"\n");
        assert!(shown(Level::Warning, Mode::Tty, true).starts_with("\u{1b}["));
        let json = shown(Level::Warning, Mode::Json, false);
        assert_eq!(
            json,
            "{\"level\":\"warning\",\"msg\":\"a \\\"b\\\"\",\"time\":\"2026-11-23T21:31:01Z\"}\n"
        );
    }
}
