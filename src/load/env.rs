//! The variables of a run, each with who set it.

use std::path::PathBuf;

use indexmap::IndexMap;

/// Who set a variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The process environment.
    Os,
    /// A line of an environment file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The program itself, such as the project's name.
    Program,
}

/// Whether a switch of Compose's own is on: `1`, `t`, `true`, `y` in any case; anything unreadable is off.
pub fn is_truthy(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "1" | "t" | "true" | "y")
}

/// A variable's value and who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The value.
    pub value: String,
    /// Who set it.
    pub origin: Origin,
}

/// Variables in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: IndexMap<String, Variable>,
    /// Whether a part of what should set variables could not be read.
    incomplete: bool,
}

impl Environment {
    /// No variables.
    pub fn new() -> Environment {
        Environment::default()
    }

    /// Whether a switch of Compose's own is on: `1`, `t`, `true`, `y` in any case; anything unreadable is off.
    pub fn is_truthy(text: &str) -> bool {
        matches!(text.trim().to_lowercase().as_str(), "1" | "t" | "true" | "y")
    }

    /// The variables of the process; of two with one name the last counts.
    pub fn from_os(variables: impl IntoIterator<Item = (String, String)>) -> Environment {
        let mut environment = Environment::new();
        for (name, value) in variables {
            environment.set(name, value, Origin::Os);
        }
        environment
    }

    /// Notes that a part of what should set variables could not be read: nobody knows then whether a variable
    /// that has no value here is set.
    pub fn mark_incomplete(&mut self) {
        self.incomplete = true;
    }

    /// Whether a part of what should set variables could not be read.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.as_str())
    }

    /// A variable's value, unless it is empty.
    pub fn get_full(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A variable with who set it.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// Sets a variable, replacing an old value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        self.variables.insert(name.into(), Variable { value: value.into(), origin });
    }

    /// Sets a variable unless it is there, even empty. Says whether it was set.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) -> bool {
        match self.variables.entry(name.into()) {
            indexmap::map::Entry::Occupied(_) => false,
            indexmap::map::Entry::Vacant(slot) => {
                slot.insert(Variable { value: value.into(), origin });
                true
            }
        }
    }

    /// Adds every variable of another environment that this one doesn't have.
    pub fn add_all(&mut self, other: &Environment) {
        self.incomplete |= other.incomplete;
        for (name, variable) in &other.variables {
            self.variables.entry(name.clone()).or_insert_with(|| variable.clone());
        }
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The variables, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.variables.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }
}

/// A text that is no boolean. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("strconv.ParseBool: parsing {}: invalid syntax", crate::base::go_quote(.0))]
pub struct BoolError(pub String);

/// Reads the booleans of environment variables: `1`, `t`, `true`, `0`, `f`, `false` in their usual cases.
pub fn parse_bool(text: &str) -> Result<bool, BoolError> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(BoolError(text.to_owned())),
    }
}
