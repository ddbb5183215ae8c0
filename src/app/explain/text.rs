//! Explanations for people.

use super::{Explanation, FactKind, Missing};
use crate::diag::{Account, Label, Span};
use crate::yaml::{Kind, Node, emit};

/// How many values inside are listed.
const MOST_PARTS: usize = 60;

/// How many paths are suggested.
const MOST_NEAR: usize = 5;

/// A value on one line.
pub(super) fn on_one_line(node: &Node) -> String {
    match &node.kind {
        Kind::String(text) if !text.contains('\n') => emit::scalar(text),
        _ => emit::to_json_compact(node),
    }
}

impl Explanation {
    /// What is drawn of it.
    pub fn account(&self) -> Account {
        let title = match self.is_tree() {
            true => self.path.quoted(),
            false => format!("{}: {}", self.path.quoted(), on_one_line(&self.value)),
        };
        let mut account =
            Account { title, span: self.span, note: String::new(), labels: Vec::new(), remarks: Vec::new() };
        for fact in &self.facts {
            let remark = match (&fact.value, fact.kind) {
                (Some(value), FactKind::Shadows) if fact.line.is_some() => {
                    format!("{} (`{value}`)", fact.words)
                }
                _ => fact.words.clone(),
            };
            match fact.kind {
                // Variables stand inside the place itself: one mark is enough.
                FactKind::Variable => account.remarks.push(remark),
                _ if fact.span.is_some() && fact.span == account.span => account.note = remark,
                _ if fact.span.is_some() => account.labels.push(Label { span: fact.span, message: remark }),
                _ => account.remarks.push(remark),
            }
        }
        if !account.span.is_some() && account.remarks.is_empty() && account.labels.is_empty() {
            account.remarks.push("no file says so".to_owned());
        }
        account
    }

    /// The values inside, in lines of three cells: path, value, origin.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let depth = self.path.0.len();
        let mut rows: Vec<Vec<String>> = self
            .parts
            .iter()
            .take(MOST_PARTS)
            .map(|part| {
                let below = crate::yaml::Path(part.path.0[depth..].to_vec()).quoted();
                vec![format!("  {below}"), part.value.clone(), part.origin.clone()]
            })
            .collect();
        if self.parts.len() > MOST_PARTS {
            let more = self.parts.len() - MOST_PARTS;
            rows.push(vec![format!("  and {more} more: ask for a part of it")]);
        }
        rows
    }
}

impl Missing {
    /// What is drawn of it.
    pub fn account(&self) -> Account {
        let mut account = Account {
            title: format!("nothing found at {}", self.path.quoted()),
            span: Span::NONE,
            note: String::new(),
            labels: Vec::new(),
            remarks: Vec::new(),
        };
        if let Some((tag, value)) = self.reset {
            account.span = tag;
            account.note = "this takes it away".to_owned();
            account.labels.push(Label { span: value, message: "what stood there".to_owned() });
        } else {
            let (meant, others) = self.near.split_at(usize::from(self.likely).min(self.near.len()));
            account.remarks.extend(meant.iter().map(|path| format!("did you mean `{}`?", path.quoted())));
            if !others.is_empty() {
                let also = if meant.is_empty() { "" } else { "also " };
                let paths: Vec<String> =
                    others.iter().take(MOST_NEAR).map(|path| format!("`{}`", path.quoted())).collect();
                account.remarks.push(format!("there is {also}{}", paths.join(", ")));
            }
        }
        account
    }
}
