//! What can be wrong with an environment file.

use std::ops::Range;

use super::MAX_EXPANDED;
use crate::base::go_quote;
use crate::load::interpolate::TemplateError;

/// Why an environment file can't be read. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DotenvError {
    /// A character that no name has.
    #[error("line {line}: unexpected character {} in variable name {}", go_quote(&.character.to_string()), go_quote(.text))]
    Name {
        /// The line.
        line: usize,
        /// The character.
        character: char,
        /// The rest of the line from the name on.
        text: String,
    },
    /// A name with a blank in it.
    #[error("line {line}: key cannot contain a space")]
    Space {
        /// The line.
        line: usize,
    },
    /// `export` with nothing after it.
    #[error("zero length string")]
    Empty {
        /// The line.
        line: usize,
    },
    /// A quote without its partner.
    #[error("line {line}: unterminated quoted value {text}")]
    Unterminated {
        /// The line.
        line: usize,
        /// The line's text from the quote on.
        text: String,
    },
    /// Values that hold each other's values over and over.
    #[error("line {line}: variables stand for more than {} MiB of text", MAX_EXPANDED >> 20)]
    TooLong {
        /// The line.
        line: usize,
    },
    /// A variable expression in a value fails.
    #[error("{error}")]
    Template {
        /// The line.
        line: usize,
        /// What is wrong.
        error: TemplateError,
    },
    /// A line of a raw file without a name.
    #[error("no variable name on line '{text}'")]
    NoName {
        /// The line's number.
        line: usize,
        /// The line.
        text: String,
    },
    /// A name in a raw file with blanks in it.
    #[error("variable '{name}' contains whitespaces")]
    Whitespace {
        /// The line's number.
        line: usize,
        /// The name.
        name: String,
    },
}

/// An error with the bytes it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub error: DotenvError,
    /// Where, in the whole text.
    pub range: Range<usize>,
}

impl DotenvError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        match self {
            DotenvError::Name { line, .. }
            | DotenvError::Space { line }
            | DotenvError::Empty { line }
            | DotenvError::Unterminated { line, .. }
            | DotenvError::TooLong { line }
            | DotenvError::Template { line, .. }
            | DotenvError::NoName { line, .. }
            | DotenvError::Whitespace { line, .. } => *line,
        }
    }
}
