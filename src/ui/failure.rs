//! What went wrong, so that the search ends here: cause, evidence, and who waited for it.

use console::Style;

/// A failure with everything that helps to understand it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureView {
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
    let mut out = format!("{} {}\n", red.apply_to("error:"), failure.title);
    for (name, words) in &failure.facts {
        for (at, line) in words.lines().enumerate() {
            let label = if at == 0 { name.as_str() } else { "" };
            out += &format!("  {}  {line}\n", dim.apply_to(format!("{label:<width$}")));
        }
    }
    for help in &failure.help {
        out += &format!("  {} {help}\n", cyan.apply_to("help:"));
    }
    out
}

/// The failure as one JSON object in a line: the keys of the reference, and what else is known.
pub fn json_line(failure: &FailureView) -> String {
    let facts: serde_json::Map<String, serde_json::Value> =
        failure.facts.iter().map(|(name, words)| (name.clone(), words.as_str().into())).collect();
    let mut object = serde_json::json!({"error": true, "message": failure.title});
    if !facts.is_empty() {
        object["facts"] = facts.into();
    }
    if !failure.help.is_empty() {
        object["help"] = failure.help.as_slice().into();
    }
    format!("{object}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_aligned_and_keep_their_lines() {
        let failure = FailureView {
            title: "db failed".into(),
            facts: vec![("check".into(), "exit 1".into()), ("last log".into(), "a\nb".into())],
            help: vec!["rcompose logs db".into()],
        };
        assert_eq!(
            text(&failure, false),
            "error: db failed\n  check     exit 1\n  last log  a\n            b\n  help: rcompose logs db\n"
        );
        assert_eq!(
            json_line(&failure),
            "{\"error\":true,\"message\":\"db failed\",\"facts\":{\"check\":\"exit 1\",\"last log\":\"a\\nb\"},\"help\":[\"rcompose logs db\"]}\n"
        );
    }
}
