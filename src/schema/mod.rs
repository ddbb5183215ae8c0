//! The shape of a Compose file: which keys exist, what they take, which values are allowed.
//!
//! In: a merged, interpolated tree. Out: findings, all of them, each at the key or value that is
//! wrong. The facts live in `schema/compose.json`, which is written for people and editors too; this
//! module reads it into a compact form ([`book`]), walks a tree against it ([`walk`]) and turns what it
//! finds into words ([`words`], [`hints`]). It looks at shapes only: whether a port mapping or a
//! duration can be read is decided where it is read.

mod book;
mod hints;
mod pattern;
mod walk;
mod words;

use std::sync::LazyLock;

use crate::diag::Diagnostics;
use crate::yaml::Node;
use book::Book;

/// The schema's text, as shipped in `schema/compose.json`.
pub const SOURCE: &str = include_str!("../../schema/compose.json");

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the text is embedded and a test reads it")]
    Book::read(SOURCE).expect("the embedded schema is readable")
});

/// Checks a whole Compose tree and reports everything that doesn't fit.
///
/// [`Kind::Invalid`](crate::yaml::Kind::Invalid) nodes pass: they are reported already.
pub fn validate(root: &Node, diags: &mut Diagnostics) {
    walk::validate(&BOOK, root, diags);
}

#[cfg(test)]
mod tests;
