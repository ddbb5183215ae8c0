//! What went wrong, so that the search ends here: cause, evidence, and who waited for it.

use console::Style;

use super::clean;

/// Whose words a failure is told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// Ours: `error: …`.
    #[default]
    Us,
    /// The engine's: `Error response from daemon: …`, as every client of it prints them.
    Engine,
}

/// What stands before the engine's words.
const DAEMON: &str = "Error response from daemon:";

/// A failure with everything that helps to understand it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureView {
    /// Whose words the title is.
    pub speaker: Speaker,
    /// One line: `db never became healthy, so web was not started`.
    pub title: String,
    /// Facts with their names: `check`, `last log`, `chain`, `state`. A text may have several lines.
    pub facts: Vec<(String, String)>,
    /// How to mend it or to look further.
    pub help: Vec<String>,
}

/// The failure as text.
pub fn text(failure: &FailureView, colours: bool) -> String {
    let red = Style::new().force_styling(colours).red().bold();
    let dim = Style::new().force_styling(colours).dim();
    let cyan = Style::new().force_styling(colours).cyan();
    let width = failure.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let prefix = match failure.speaker {
        Speaker::Us => "error:",
        Speaker::Engine => DAEMON,
    };
    let mut out = format!("{} {}\n", red.apply_to(prefix), clean::block(&failure.title));
    for (name, words) in &failure.facts {
        let (name, words) = (clean::line(name), clean::block(words));
        for (at, line) in words.lines().enumerate() {
            let label = if at == 0 { &*name } else { "" };
            out += &format!("  {}  {line}\n", dim.apply_to(format!("{label:<width$}")));
        }
    }
    for help in &failure.help {
        out += &format!("  {} {}\n", cyan.apply_to("help:"), clean::block(help));
    }
    out
}

/// The failure as one JSON object in a line: the keys of the reference, and what else is known.
pub fn json_line(failure: &FailureView) -> String {
    let facts: serde_json::Map<String, serde_json::Value> =
        failure.facts.iter().map(|(name, words)| (name.clone(), words.as_str().into())).collect();
    let message = match failure.speaker {
        Speaker::Us => failure.title.clone(),
        Speaker::Engine => format!("{DAEMON} {}", failure.title),
    };
    let mut object = serde_json::json!({"error": true, "message": message});
    if !facts.is_empty() {
        object["facts"] = facts.into();
    }
    if !failure.help.is_empty() {
        object["help"] = failure.help.as_slice().into();
    }
    clean::json(&object.to_string()).into_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_evidence_is_clean() {
        let hostile = || clean::HOSTILE.to_owned();
        let failure = FailureView {
            title: hostile(),
            facts: vec![(hostile(), hostile())],
            help: vec![hostile()],
            ..FailureView::default()
        };
        assert!(clean::is_clean(&text(&failure, false)) && clean::is_clean(&json_line(&failure)));
    }

    #[test]
    fn facts_are_aligned_and_keep_their_lines() {
        let failure = FailureView {
            title: "db failed".into(),
            facts: vec![("check".into(), "exit 1".into()), ("last log".into(), "a\nb".into())],
            help: vec!["rcompose logs db".into()],
            ..FailureView::default()
        };
        assert_eq!(
            text(&failure, false),
            "error: db failed\n  check     exit 1\n  last log  a\n            b\n  help: rcompose logs db\n"
        );
        assert_eq!(
            json_line(&failure),
            "{\"error\":true,\"message\":\"db failed\",\"facts\":{\"check\":\"exit 1\",\"last log\":\"a\\nb\"},\"help\":[\"rcompose logs db\"]}\n"
        );
        let engine = FailureView { speaker: Speaker::Engine, title: "no".into(), ..FailureView::default() };
        assert_eq!(text(&engine, false), "Error response from daemon: no\n");
        assert_eq!(json_line(&engine), "{\"error\":true,\"message\":\"Error response from daemon: no\"}\n");
    }
}
