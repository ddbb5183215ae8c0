//! Changed values, and what is shown of them: one rule for every form of a plan.

use super::reason::Reason;
use crate::base::secret::{Redactor, is_secret_name, looks_secret, passwords, references};
use crate::diag::{SourceMap, Span};
use crate::spec::Written;

/// One value that differs.
#[derive(Clone, PartialEq)]
pub struct Change {
    /// Path in the service: `environment.LOG_LEVEL`.
    pub path: String,
    /// What the container has, secret or not; `None` when it has nothing.
    pub from: Option<String>,
    /// What the file says, secret or not; `None` when it says nothing.
    pub to: Option<String>,
    /// Where the file says so; [`Span::NONE`] when it no longer says anything.
    pub span: Span,
    /// Where the new value comes from.
    pub written: Written,
}

/// Without the values, which may be secret.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({} at {:?})", self.path, self.span)
    }
}

/// What may be shown of values.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    /// Everything (`--show-values`).
    pub all: bool,
    /// Values that are known to be secret, wherever they turn up.
    pub known: Redactor,
}

/// What is shown of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The old value, when it may be shown and there is one.
    pub from: Option<String>,
    /// The new value, when it may be shown and there is one.
    pub to: Option<String>,
    /// Whether a value is there that may not be shown.
    pub hidden: bool,
    /// Where a hidden new value comes from: `${PW}`, `env_file`.
    pub source: Vec<String>,
}

/// Values that lists of containers show anyway, and that say which thing is meant.
const PUBLIC: [&str; 6] = ["image", "container_name", "ports", "networks", "network_mode", "volumes"];

/// Values of free text: without a place in the file nobody knows what is in there.
const FREE: [&str; 10] = [
    "environment",
    "labels",
    "command",
    "entrypoint",
    "healthcheck",
    "sysctls",
    "logging",
    "extra_hosts",
    "hostname",
    "user",
];

impl Exposure {
    /// What may be shown of a change. A value is shown when the file says it literally and neither its name nor
    /// the value itself looks secret, or when lists of containers show it anyway. The old value is what the
    /// engine has: nobody knows where that came from, so it is shown beside a new one that may be, and no more.
    pub fn of(&self, change: &Change, sources: &SourceMap) -> Shown {
        let Change { path, from, to, written, .. } = change;
        if self.all {
            return Shown { from: from.clone(), to: to.clone(), ..Shown::default() };
        }
        let top = path.split(['.', '[']).next().unwrap_or(path);
        let key = path.get(top.len() + 1..).unwrap_or_default();
        let scalars = written.scalars();
        let variables = scalars.iter().filter_map(|scalar| sources.slice(scalar.span)).flat_map(references);
        let mut names: Vec<&str> = Vec::new();
        for name in variables {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let public = PUBLIC.contains(&top) && !names.iter().any(|name| is_secret_name(name));
        let literal = match written {
            Written::Files(scalars) => scalars.iter().all(|scalar| scalar.is_literal(sources)),
            Written::Outside(_) => false,
            Written::Nowhere => !FREE.contains(&top),
        };
        let clear = |text: &String| self.known.apply(text) == text.as_str();
        let plain = |text: &String| match public {
            true => passwords(text).next().is_none(),
            false => !looks_secret(text) && clear(text),
        };
        let open = (public || literal) && !is_secret_name(key) && to.iter().all(plain);
        if open && from.iter().all(plain) {
            return Shown { from: from.clone(), to: to.clone(), ..Shown::default() };
        }
        let source = match written {
            _ if to.is_none() || open => Vec::new(),
            Written::Outside(source) => vec![(*source).to_owned()],
            Written::Files(_) if !names.is_empty() => {
                names.iter().map(|name| format!("${{{name}}}")).collect()
            }
            Written::Files(_) if !literal => vec!["the environment".to_owned()],
            Written::Files(_) | Written::Nowhere => Vec::new(),
        };
        Shown { from: None, to: to.clone().filter(|_| open), hidden: true, source }
    }

    /// The text without the values that are known to be secret.
    pub fn clean(&self, text: &str) -> String {
        if self.all { text.to_owned() } else { self.known.apply(text).into_owned() }
    }
}

impl Shown {
    /// The change in words: `environment.LOG_LEVEL: "info" → "debug" (compose.yaml:5:7)`,
    /// `environment.DATABASE_URL: changed (compose.yaml:7:7, from ${PW})`.
    pub(super) fn words(&self, change: &Change, sources: &SourceMap) -> String {
        let quoted = |text: &str| {
            let short: String = text.chars().take(60).collect();
            if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
        };
        let mut about: Vec<String> = sources.place(change.span).into_iter().collect();
        if !self.source.is_empty() {
            about.push(format!("from {}", self.source.join(", ")));
        }
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        let value = match (&self.from, &self.to) {
            (Some(from), Some(to)) => format!("{} → {}", quoted(from), quoted(to)),
            (None, Some(to)) if self.hidden => format!("now {}", quoted(to)),
            (None, Some(to)) => format!("set to {}", quoted(to)),
            (Some(from), None) => format!("no longer {}", quoted(from)),
            (None, None) => match (&change.from, &change.to) {
                (None, Some(_)) => "set".to_owned(),
                (Some(_), None) => "removed".to_owned(),
                _ => "changed".to_owned(),
            },
        };
        format!("{}: {value}{about}", change.path)
    }
}

impl Reason {
    /// The changes behind it.
    pub fn changes(&self) -> &[Change] {
        match self {
            Reason::Changed(changes) => changes,
            _ => &[],
        }
    }
}
