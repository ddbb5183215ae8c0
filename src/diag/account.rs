//! What is told of a place without finding fault with it.

use super::{Label, Span};

/// A place with words about it, drawn as findings are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// One line that says what it is about.
    pub title: String,
    /// The place; [`Span::NONE`] when no file wrote it.
    pub span: Span,
    /// Words right at the place; empty for none.
    pub note: String,
    /// Other places.
    pub labels: Vec<Label>,
    /// What more there is to say, one sentence each.
    pub remarks: Vec<String>,
}
