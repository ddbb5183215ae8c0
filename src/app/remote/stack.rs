//! What a user should see before a project from elsewhere is run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Remote;
use crate::app::load::{LoadRequest, Loaded, Reading, load_with};
use crate::load::discover::Located;
use crate::load::env::Origin;
use crate::load::files::Files;
use crate::load::interpolate;
use crate::load::remote::shown;

/// A project whose first file is remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The reference of the first file.
    pub reference: String,
    /// Where its copy lies.
    pub directory: PathBuf,
    /// Further remote files that its files name.
    pub includes: Vec<String>,
    /// The variables its files use, by name.
    pub variables: Vec<Variable>,
}

/// A variable that the files of a project use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// Its value; `None` when nobody gives one.
    pub value: Option<String>,
    /// Who gives the value.
    pub source: &'static str,
    /// Whether the files refuse to go without.
    pub required: bool,
    /// What the files give it otherwise.
    pub default: String,
}

/// Looks at a loaded project; `None` when it comes from local files. `wanted` is how it was loaded.
pub fn look(wanted: &LoadRequest, loaded: &Loaded, files: &dyn Files, remote: &Remote) -> Option<Stack> {
    let located = loaded.located.as_ref()?;
    let reference = located.remote.clone()?;
    let mut raw = wanted.clone();
    raw.interpolate = false;
    raw.request.no_interpolate = true;
    raw.validate = false;
    // Everything was fetched for the first load, and is remembered.
    let tree = load_with(&raw, Reading { files, remote: Some(remote) }).tree;
    let uses = tree.as_deref().map(interpolate::variables).unwrap_or_default();
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for one in uses {
        let known = variables.entry(one.name.clone()).or_default();
        known.required |= one.required;
        if known.default.is_empty() {
            known.default = one.default;
        }
        known.name = one.name;
    }
    let variables = variables.into_values().map(|variable| with_value(variable, located)).collect();
    let named = |written: &String| written == &reference || wanted.request.files.contains(written);
    let fetched = remote.fetched();
    let includes = fetched.iter().filter(|written| !named(written)).map(|written| shown(written)).collect();
    Some(Stack { reference: shown(&reference), directory: located.working_dir.clone(), includes, variables })
}

fn with_value(mut variable: Variable, located: &Located) -> Variable {
    let (value, source) = match located.environment.variable(&variable.name) {
        Some(known) => {
            let source = match known.origin {
                Origin::Os => "environment",
                Origin::File { .. } => "environment file",
                Origin::Program => "project",
            };
            (Some(known.value.clone()), source)
        }
        None if !variable.default.is_empty() => (Some(variable.default.clone()), "compose file"),
        None => (None, "none"),
    };
    variable.value = value;
    variable.source = source;
    variable
}
