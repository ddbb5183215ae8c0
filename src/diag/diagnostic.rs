//! One finding, and the list of them.

use super::{Code, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing can be done with the files until this is mended.
    Error,
    /// The files work, but probably not as meant.
    Warning,
    /// Told on request (`lint`).
    Note,
}

/// A second place that explains the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub message: String,
}

/// A change of text that would mend the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What to replace.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// One finding about the user's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding, for searching and silencing.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// One line, lower case, naming the thing.
    pub message: String,
    /// The path in the model (`services.web.ports[0]`), when there is one.
    pub path: Option<String>,
    /// The main place.
    pub span: Span,
    /// Words right at the main place; empty for none.
    pub note: String,
    /// Other places.
    pub labels: Vec<Label>,
    /// How to mend it, one sentence each.
    pub help: Vec<String>,
    /// An edit that mends it, when one is certain enough to show.
    pub edit: Option<Edit>,
}

impl Diagnostic {
    /// A finding with the code's own severity.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            path: None,
            span,
            note: String::new(),
            labels: Vec::new(),
            help: Vec::new(),
            edit: None,
        }
    }

    /// Adds the path in the model.
    pub fn at(mut self, path: impl ToString) -> Diagnostic {
        self.path = Some(path.to_string());
        self
    }

    /// Adds words at the main place.
    pub fn note(mut self, words: impl Into<String>) -> Diagnostic {
        self.note = words.into();
        self
    }

    /// Adds another place.
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Adds a way to mend it.
    pub fn help(mut self, sentence: impl Into<String>) -> Diagnostic {
        self.help.push(sentence.into());
        self
    }

    /// Adds an edit that mends it.
    pub fn edit(mut self, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.edit = Some(Edit { span, replacement: replacement.into() });
        self
    }
}

/// The findings of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No findings yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds a finding; the same finding twice counts once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// How many findings.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings in their present order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Sorts by file, place, then code, so that every run shows the same order; findings without a
    /// place come last.
    pub fn sort(&mut self) {
        self.list.sort_by(|a, b| {
            (a.span, a.code, &a.path, &a.message).cmp(&(b.span, b.code, &b.path, &b.message))
        });
    }

    /// Gives the list away.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, iter: T) {
        for diagnostic in iter {
            self.push(diagnostic);
        }
    }
}
