//! Rules by place in the tree: a table of patterns, walked beside the tree so that a pass only enters
//! the branches some rule is about.
//!
//! A pattern is `services.*.ports`: segments between dots, `*` for any key or position, `a|b` for either.
//! The first segment may be `container` (whatever has a container's keys: services, jobs and hooks before
//! the start) or `workload` (services and jobs).

use crate::yaml::{Kind, Node, PathRef};

/// The places that have a container's keys.
const CONTAINER: [&str; 3] = ["services.*", "jobs.*", "services.*.pre_start.*"];

/// A table of rules, as a tree of segments.
pub(crate) struct RuleTable<T> {
    branches: Vec<Branch<T>>,
}

struct Branch<T> {
    rule: Option<T>,
    keys: Vec<(&'static str, usize)>,
    any: Option<usize>,
}

/// A position in a table.
pub(crate) struct Cursor<'t, T> {
    table: &'t RuleTable<T>,
    at: usize,
}

impl<T> Clone for Cursor<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Cursor<'_, T> {}

impl<T: Copy> RuleTable<T> {
    /// Builds the table from its rows.
    pub fn new(rows: &[(&'static str, T)]) -> RuleTable<T> {
        let mut table = RuleTable { branches: vec![Branch { rule: None, keys: Vec::new(), any: None }] };
        for (pattern, rule) in rows {
            let (first, rest) = pattern.split_once('.').unwrap_or((pattern, ""));
            let prefixes: &[&'static str] = match first {
                "container" => &CONTAINER,
                "workload" => &CONTAINER[..2],
                _ => {
                    table.add(pattern.split('.').collect(), *rule);
                    continue;
                }
            };
            for prefix in prefixes {
                table.add(prefix.split('.').chain(rest.split('.')).collect(), *rule);
            }
        }
        table
    }

    fn add(&mut self, segments: Vec<&'static str>, rule: T) {
        let mut ends = vec![0];
        for segment in segments {
            let mut next = Vec::with_capacity(ends.len());
            for word in segment.split('|') {
                for at in &ends {
                    next.push(self.step(*at, word));
                }
            }
            ends = next;
        }
        for at in ends {
            self.branches[at].rule = Some(rule);
        }
    }

    fn step(&mut self, at: usize, word: &'static str) -> usize {
        let known = match word {
            "*" => self.branches[at].any,
            _ => self.branches[at].keys.iter().find(|(key, _)| *key == word).map(|(_, to)| *to),
        };
        if let Some(to) = known {
            return to;
        }
        let to = self.branches.len();
        self.branches.push(Branch { rule: None, keys: Vec::new(), any: None });
        match word {
            "*" => self.branches[at].any = Some(to),
            _ => self.branches[at].keys.push((word, to)),
        }
        to
    }

    /// The top of the table.
    pub fn root(&self) -> Cursor<'_, T> {
        Cursor { table: self, at: 0 }
    }

    /// The position of a path, unless no rule is there or below.
    pub fn find(&self, path: &PathRef<'_>) -> Option<Cursor<'_, T>> {
        match path {
            PathRef::Root => Some(self.root()),
            PathRef::Key(parent, key) => self.find(parent)?.key(key),
            PathRef::Index(parent, _) => self.find(parent)?.item(),
        }
    }

    /// Hands every node that a rule is about to `apply`, from the top down.
    pub fn visit(&self, root: &mut Node, apply: &mut dyn FnMut(&mut Node, T, &PathRef<'_>)) {
        self.root().visit(root, &PathRef::Root, apply);
    }
}

impl<'t, T: Copy> Cursor<'t, T> {
    fn branch(&self) -> &'t Branch<T> {
        &self.table.branches[self.at]
    }

    fn to(self, at: usize) -> Cursor<'t, T> {
        Cursor { table: self.table, at }
    }

    /// One step further, under a key.
    pub fn key(self, key: &str) -> Option<Cursor<'t, T>> {
        let branch = self.branch();
        let named = branch.keys.iter().find(|(word, _)| *word == key).map(|(_, at)| *at);
        named.or(branch.any).map(|at| self.to(at))
    }

    /// One step further, at any position of a list.
    pub fn item(self) -> Option<Cursor<'t, T>> {
        self.branch().any.map(|at| self.to(at))
    }

    /// The rule here.
    pub fn rule(self) -> Option<T> {
        self.branch().rule
    }

    /// Hands every node from here on that a rule is about to `apply`, from the top down.
    pub fn visit(
        self,
        node: &mut Node,
        path: &PathRef<'_>,
        apply: &mut dyn FnMut(&mut Node, T, &PathRef<'_>),
    ) {
        if let Some(rule) = self.rule() {
            apply(node, rule, path);
        }
        let branch = self.branch();
        match &mut node.kind {
            Kind::Mapping(map) => {
                if let Some(any) = branch.any {
                    for (key, value) in map.iter_mut() {
                        let at = branch.keys.iter().find(|(word, _)| *word == key.text).map(|(_, at)| *at);
                        self.to(at.unwrap_or(any)).visit(value, &path.key(&key.text), apply);
                    }
                } else if !branch.keys.is_empty() {
                    for (key, value) in map.iter_mut() {
                        if let Some(next) = self.key(&key.text) {
                            next.visit(value, &path.key(&key.text), apply);
                        }
                    }
                }
            }
            Kind::Sequence(items) => {
                if let Some(any) = branch.any {
                    for (at, item) in items.iter_mut().enumerate() {
                        self.to(any).visit(item, &path.index(at), apply);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_alternatives_and_groups() {
        let table = RuleTable::new(&[("container.a|b", 1), ("volumes|networks.*.labels", 2)]);
        let services = PathRef::Root.key("services");
        let web = services.key("web");
        assert_eq!(table.find(&web.key("a")).and_then(Cursor::rule), Some(1));
        let hooks = web.key("pre_start");
        let hook = hooks.index(3);
        assert_eq!(table.find(&hook.key("b")).and_then(Cursor::rule), Some(1));
        let volumes = PathRef::Root.key("volumes");
        let data = volumes.key("data");
        assert_eq!(table.find(&data.key("labels")).and_then(Cursor::rule), Some(2));
        assert!(table.find(&data.key("driver")).is_none());
    }
}
