//! Commands and containers around a container's life.

use indexmap::IndexMap;

use crate::yaml::{Node, PathRef};

use super::codec::{Command, Environment};
use super::container::Container;
use super::decode::Decoder;
use super::record::{Extensions, Fields, Form, Object, Plain, Record, Value, record};

record! {
    /// A command to run inside a running container.
    pub struct Hook {
        /// The command.
        command: Option<Vec<String>> = Command,
        /// Who runs it.
        user: Option<String>,
        /// Whether it has all rights.
        privileged: bool,
        /// Where it runs.
        working_dir: Option<String>,
        /// Variables on top of the container's.
        environment: IndexMap<String, Option<String>> = Environment,
    }
}

/// A container that runs to its end before the service starts.
#[derive(Clone, Debug, Default)]
pub struct PreStartHook {
    /// The container; what the file does not set is the service's.
    pub container: Container,
    /// Whether it runs once for each container of the service.
    pub per_replica: bool,
    /// The `x-` keys, as written.
    pub extensions: Extensions,
}

impl Fields for PreStartHook {
    fn set(&mut self, key: &str, node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> bool {
        if key == "per_replica" {
            self.per_replica = bool::decode(node, at, decoder).unwrap_or_default();
            return true;
        }
        self.container.set(key, node, at, decoder)
    }
    fn is_unset(&self) -> bool {
        self.container.is_unset() && !self.per_replica
    }
    fn put(&self, object: &mut Object) {
        self.container.put(object);
        object.field::<_, Plain>("per_replica", &self.per_replica);
    }
}

impl Record for PreStartHook {
    fn extensions(&self) -> &Extensions {
        &self.extensions
    }
    fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
}

impl Value for PreStartHook {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<PreStartHook> {
        let map = decoder.mapping(node, at)?;
        let mut hook = PreStartHook::default();
        hook.read(map, at, decoder);
        Some(hook)
    }
    fn is_zero(&self) -> bool {
        false
    }
    fn node(&self, form: Form) -> Node {
        self.to_node(form)
    }
}
