//! Variables in values: `$V` and `${V:-word}` are replaced, then text at typed places is converted.
//!
//! In: a document's tree, straight from YAML, and a way to look variables up. Out: the same tree without
//! variables; a value that can't be made becomes [`Kind::Invalid`], and every such finding is told. Keys
//! are never touched.

mod cast;
mod template;
mod variables;

use std::ops::Range;

use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span, suggest};
use crate::load::env::{Environment, Origin};
use crate::yaml::{Kind, Node, Path, PathRef};

pub use template::{Expanded, Fault, MAX_DEPTH, Operator, Reference, TemplateError, expand};
pub use variables::{VariableUse, variables};

/// Where variables come from.
pub trait Variables {
    /// A variable's value.
    fn value(&self, name: &str) -> Option<String>;

    /// Every name there is, for suggestions.
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether a variable without a value may yet be set somewhere that could not be read.
    fn is_incomplete(&self) -> bool {
        false
    }

    /// Who set the variable.
    fn origin(&self, _name: &str) -> Option<&Origin> {
        None
    }
}

impl Variables for Environment {
    fn value(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    fn names(&self) -> Vec<&str> {
        Environment::names(self).collect()
    }

    fn is_incomplete(&self) -> bool {
        Environment::is_incomplete(self)
    }

    fn origin(&self, name: &str) -> Option<&Origin> {
        self.variable(name).map(|variable| &variable.origin)
    }
}

/// A bare function as the source of variables.
struct Lookup<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Variables for Lookup<'_> {
    fn value(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

/// A variable that went into a value, for explanations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// The expression's place.
    pub span: Span,
    /// Where the value stands in the model.
    pub path: Path,
    /// The variable.
    pub variable: String,
    /// Who set it; `None` when nobody did.
    pub origin: Option<Origin>,
    /// Its value; `None` when it has none.
    pub value: Option<String>,
    /// Whether the word of the expression (`${V:-word}`) went into the text instead.
    pub took_word: bool,
}

/// Replaces and converts in a whole tree. `prefix` is where the tree stands in the model.
pub fn tree(
    root: &mut Node,
    prefix: &PathRef<'_>,
    lookup: &dyn Fn(&str) -> Option<String>,
    sources: &SourceMap,
    diags: &mut Diagnostics,
) {
    tree_with(root, prefix, &Lookup(lookup), sources, diags, None);
}

/// Like [`tree`], with names to suggest and, when a `trace` is given, a record of every substitution.
pub fn tree_with(
    root: &mut Node,
    prefix: &PathRef<'_>,
    variables: &dyn Variables,
    sources: &SourceMap,
    diags: &mut Diagnostics,
    trace: Option<&mut Vec<Substitution>>,
) {
    Walk { variables, sources, diags, trace }.node(root, prefix);
}

struct Walk<'a> {
    variables: &'a dyn Variables,
    sources: &'a SourceMap,
    diags: &'a mut Diagnostics,
    trace: Option<&'a mut Vec<Substitution>>,
}

impl Walk<'_> {
    fn node(&mut self, node: &mut Node, path: &PathRef<'_>) {
        match &mut node.kind {
            Kind::Mapping(map) => {
                for (key, value) in map.iter_mut() {
                    self.node(value, &path.key(&key.text));
                }
            }
            Kind::Sequence(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.node(item, &path.index(at));
                }
            }
            Kind::String(_) => self.scalar(node, path),
            _ => {}
        }
    }

    fn scalar(&mut self, node: &mut Node, path: &PathRef<'_>) {
        let Kind::String(text) = &mut node.kind else { return };
        if text.contains('$') {
            let lookup = |name: &str| self.variables.value(name);
            let mut expansion = template::evaluate(text, &lookup);
            // What could not be read may set it: the mistake there is reported, and not what follows from it.
            if self.variables.is_incomplete() {
                let unknown = expansion.references.iter().any(|reference| reference.defaulted_to_blank);
                expansion.references.retain(|reference| !reference.defaulted_to_blank);
                let errors = expansion.errors.len();
                expansion.errors.retain(|error| !matches!(error.fault, Fault::Required { .. }));
                if (unknown || errors > expansion.errors.len()) && expansion.errors.is_empty() {
                    node.kind = Kind::Invalid;
                    return;
                }
            }
            let original = std::mem::replace(text, expansion.text);
            for reference in expansion.references {
                let place = match reference.defaulted_to_blank || self.trace.is_some() {
                    true => self.place(node.span, &original, &reference.range),
                    false => continue,
                };
                if reference.defaulted_to_blank {
                    let finding = self.unset(&reference.name, place, path);
                    self.diags.push(finding);
                }
                if let Some(trace) = &mut self.trace {
                    trace.push(Substitution {
                        span: place,
                        path: path.to_path(),
                        origin: self.variables.origin(&reference.name).cloned(),
                        value: self.variables.value(&reference.name),
                        took_word: reference.took_word,
                        variable: reference.name,
                    });
                }
            }
            if !expansion.errors.is_empty() {
                for error in expansion.errors {
                    let place = self.place(node.span, &original, &error.range);
                    let finding = self.error(&error, &original, place, path);
                    self.diags.push(finding);
                }
                node.kind = Kind::Invalid;
                return;
            }
        }
        let Kind::String(text) = &node.kind else { return };
        let Some(wanted) = cast::wanted(path) else { return };
        match cast::convert(text, wanted) {
            Ok((kind, old)) => {
                if let Some(old) = old {
                    let written = self.sources.slice(node.span).is_some_and(|s| !s.contains('$'));
                    let mut finding =
                        Diagnostic::new(Code::Yaml11Boolean, node.span, old.advice(text)).at(path);
                    if written {
                        finding = finding.edit(node.span, old.word());
                    }
                    self.diags.push(finding);
                }
                node.kind = kind;
            }
            Err(error) => {
                let message = format!(
                    "error while interpolating {}: failed to cast to expected type: {error}",
                    reference_path(path)
                );
                let words = match wanted {
                    cast::Cast::Int | cast::Cast::Int64 => "a whole number is needed here",
                    cast::Cast::Float32 | cast::Cast::Float64 => "a number is needed here",
                    cast::Cast::Bool => "`true` or `false` is needed here",
                };
                self.diags.push(Diagnostic::new(Code::Cast, node.span, message).at(path).note(words));
                node.kind = Kind::Invalid;
            }
        }
    }

    fn near(&self, name: &str) -> Option<String> {
        suggest::nearest(name, self.variables.names()).map(str::to_owned)
    }

    fn unset(&self, name: &str, span: Span, path: &PathRef<'_>) -> Diagnostic {
        let message = format!("The \"{name}\" variable is not set. Defaulting to a blank string.");
        let finding = Diagnostic::new(Code::UnsetVariable, span, message).at(path);
        match self.near(name) {
            Some(near) => finding.help(format!("a variable with a similar name is set: `{near}`")),
            None => finding,
        }
    }

    fn error(&self, error: &TemplateError, text: &str, span: Span, path: &PathRef<'_>) -> Diagnostic {
        let shown = reference_path(path);
        match &error.fault {
            Fault::Invalid(_) => {
                let message = format!("invalid interpolation format for {shown}");
                Diagnostic::new(Code::Interpolation, span, message)
                    .at(path)
                    .note(malformation(text, &error.range))
                    .help("to keep a `$` as it is, write `$$`")
            }
            Fault::Required { variable, .. } => {
                let message = format!("error while interpolating {shown}: {error}");
                let finding = Diagnostic::new(Code::RequiredVariable, span, message).at(path).help(format!(
                    "set it with `export {variable}=…`, or add `{variable}=…` to the .env file"
                ));
                match self.near(variable) {
                    Some(near) => finding.help(format!("a variable with a similar name is set: `{near}`")),
                    None => finding,
                }
            }
            Fault::TooDeep => {
                let message = format!("error while interpolating {shown}: {error}");
                Diagnostic::new(Code::Interpolation, span, message).at(path)
            }
        }
    }

    /// The place of a part of a scalar's text in its file: the very bytes when the file has them as
    /// they are, the whole scalar when quoting or folding hides them.
    fn place(&self, scalar: Span, text: &str, part: &Range<usize>) -> Span {
        let Some(source) = self.sources.slice(scalar) else { return scalar };
        if source == text {
            return scalar.part(part.start, part.end);
        }
        let expression = &text[part.clone()];
        let before = text[..part.start].matches(expression).count();
        match source.match_indices(expression).nth(before) {
            Some((at, found)) => scalar.part(at, at + found.len()),
            None => scalar,
        }
    }
}

/// What is wrong with a `${…` that is no expression.
fn malformation(text: &str, range: &Range<usize>) -> &'static str {
    let body = &text[range.start + 2..range.end];
    let rest = &text[range.start + 2..];
    let name = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if body.starts_with('}') {
        return "a variable's name is missing";
    }
    if name == 0 || body.starts_with(|c: char| c.is_ascii_digit()) {
        return "a variable's name begins with a letter or `_`";
    }
    if !body.ends_with('}') {
        return match rest.contains('}') {
            true => "the expression must end on the line it begins",
            false => "the closing `}` is missing",
        };
    }
    "after the name only `:-`, `-`, `:+`, `+`, `:?` or `?` may follow"
}

/// The path as the reference writes it in messages: `services.s.ports.[].target`.
fn reference_path(path: &PathRef<'_>) -> String {
    match path {
        PathRef::Root => String::new(),
        PathRef::Key(PathRef::Root, key) => (*key).to_owned(),
        PathRef::Key(parent, key) => format!("{}.{key}", reference_path(parent)),
        PathRef::Index(PathRef::Root, _) => "[]".to_owned(),
        PathRef::Index(parent, _) => format!("{}.[]", reference_path(parent)),
    }
}

#[cfg(test)]
mod tests;
