//! Who wrote a value of a service: what may be shown of it depends on that.

use super::ServiceSpec;
use crate::base::secret::references;
use crate::diag::{SourceMap, Span};
use crate::yaml::{Kind, Node, PathRef, scalar};

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// No file says anything about it: a default, a label of our own, something the image set.
    #[default]
    Nowhere,
    /// The Compose files. Variables may have gone into it.
    Files(Vec<Scalar>),
    /// Something beside the Compose files, by what it is called: `env_file`, `label_file`.
    Outside(&'static str),
}

/// A scalar with its place: they differ where variables stand, or where the environment gave the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Where it is written.
    pub span: Span,
    /// What it came to.
    pub text: String,
}

/// Without the text, which may be secret.
impl std::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scalar({:?})", self.span)
    }
}

impl Scalar {
    /// Whether the file itself says so, with nothing put in from elsewhere.
    pub fn is_literal(&self, sources: &SourceMap) -> bool {
        let Some(written) = sources.slice(self.span) else { return false };
        // In double quotes a `$` can be written so.
        let escaped = ["\\x24", "\\u0024", "\\U00000024"].iter().any(|sign| written.contains(sign));
        // Quotes, escapes and folding only take characters away.
        let mut left = written.chars();
        let mut letters = self.text.chars().filter(|c| c.is_alphanumeric());
        !escaped && references(written).is_empty() && letters.all(|c| left.any(|other| other == c))
    }
}

impl Written {
    /// The scalars in the files.
    pub fn scalars(&self) -> &[Scalar] {
        match self {
            Written::Files(scalars) => scalars,
            Written::Nowhere | Written::Outside(_) => &[],
        }
    }
}

impl ServiceSpec {
    /// Where the value at a path inside the service comes from: `environment.LOG_LEVEL`, `volumes[0]`. What
    /// follows the first dot is one key.
    pub fn written(&self, path: &str) -> Written {
        let (top, rest) = path.find(['.', '[']).map_or((path, ""), |at| path.split_at(at));
        let origins = &self.source.origins;
        let root = PathRef::Root;
        let at = root.key(top);
        let found = match rest.strip_prefix('.') {
            Some(key) => origins.node(at.key(key)),
            None if rest.is_empty() => origins.node(at),
            None => {
                let index = rest.trim_matches(['[', ']']).parse();
                index.ok().and_then(|index| origins.node(at.index(index)))
            }
        };
        match (found, top) {
            (Some(node), _) => Written::of(node),
            (None, "environment") if !rest.is_empty() => match origins.node(root.key("env_file")) {
                Some(_) => Written::Outside("env_file"),
                // Its proxies.
                None => Written::Outside("the configuration of the client"),
            },
            (None, "labels") if !self.source.container.label_file.is_empty() => {
                Written::Outside("label_file")
            }
            // These may be set there instead.
            (None, "mem_limit" | "mem_reservation" | "cpus" | "restart") => {
                origins.node(root.key("deploy")).map_or(Written::Nowhere, Written::of)
            }
            (None, _) => Written::Nowhere,
        }
    }
}

impl Written {
    /// Of a value in the tree of the files.
    pub fn of(node: &Node) -> Written {
        let mut scalars = Vec::new();
        collect(node, &mut scalars);
        Written::Files(scalars)
    }
}

fn collect(node: &Node, into: &mut Vec<Scalar>) {
    match &node.kind {
        Kind::Mapping(map) => map.values().for_each(|value| collect(value, into)),
        Kind::Sequence(items) => items.iter().for_each(|item| collect(item, into)),
        // What the text of a number is depends on who prints it; it isn't in the file when a variable gave it.
        Kind::Int(_) | Kind::UInt(_) | Kind::Float(_) | Kind::Bool(_) | Kind::Null | Kind::Invalid => {
            into.push(Scalar { span: node.span, text: String::new() });
        }
        Kind::String(_) | Kind::Timestamp(_) => {
            into.push(Scalar { span: node.span, text: scalar::text_of(node).unwrap_or_default() });
        }
    }
}
