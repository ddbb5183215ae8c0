//! The service graph: order, circles, dependants.
//!
//! In: names and the names they depend on. Out: an order that is the same on every run, circles as
//! lists of names, and who depends on whom. The only home of petgraph.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use crate::base::ServiceName;

/// Services and who depends on whom. Edges to unknown services are left out.
#[derive(Clone, Debug)]
pub struct Graph<'a> {
    /// An edge runs from a service to what it depends on.
    edges: DiGraphMap<&'a str, ()>,
}

impl<'a> Graph<'a> {
    /// A graph of these services and their dependencies.
    pub fn new<D>(services: impl IntoIterator<Item = (&'a str, D)>) -> Graph<'a>
    where
        D: IntoIterator<Item = &'a str>,
    {
        let services: Vec<(&str, Vec<&str>)> =
            services.into_iter().map(|(name, on)| (name, on.into_iter().collect())).collect();
        let mut edges = DiGraphMap::new();
        for (name, _) in &services {
            edges.add_node(*name);
        }
        for (name, on) in &services {
            for dependency in on {
                if edges.contains_node(*dependency) {
                    edges.add_edge(*name, *dependency, ());
                }
            }
        }
        Graph { edges }
    }

    /// Every circle, each beginning with its alphabetically first service and following the edges, the
    /// list sorted. A service that depends on itself is a circle of one.
    pub fn cycles(&self) -> Vec<Vec<ServiceName>> {
        let mut found: Vec<Vec<ServiceName>> = tarjan_scc(&self.edges)
            .into_iter()
            .filter(|part| part.len() > 1 || self.edges.contains_edge(part[0], part[0]))
            .map(|part| self.walk_cycle(&part))
            .collect();
        found.sort();
        found
    }

    /// One shortest circle inside a strongly connected part, from its first service.
    fn walk_cycle(&self, part: &[&'a str]) -> Vec<ServiceName> {
        let inside: BTreeSet<&str> = part.iter().copied().collect();
        let Some(first) = inside.iter().next().copied() else { return Vec::new() };
        // Breadth first from `first` back to `first`, neighbours in alphabetical order.
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([first]);
        while let Some(at) = queue.pop_front() {
            let mut next: Vec<&str> = self.edges.neighbors(at).filter(|n| inside.contains(n)).collect();
            next.sort_unstable();
            for neighbour in next {
                if neighbour == first {
                    let mut circle = vec![ServiceName::from(at)];
                    let mut back = at;
                    while back != first {
                        back = came_from[back];
                        circle.push(ServiceName::from(back));
                    }
                    circle.reverse();
                    return circle;
                }
                if !came_from.contains_key(neighbour) {
                    came_from.insert(neighbour, at);
                    queue.push_back(neighbour);
                }
            }
        }
        part.iter().map(|name| ServiceName::from(*name)).collect()
    }

    /// Dependencies before dependants; among those that are ready, alphabetical. Members of circles
    /// come last, alphabetically.
    pub fn order(&self) -> Vec<ServiceName> {
        let mut open: BTreeMap<&str, usize> =
            self.edges.nodes().map(|n| (n, self.edges.neighbors(n).count())).collect();
        let mut ready: BTreeSet<&str> =
            open.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
        let mut order = Vec::with_capacity(open.len());
        while let Some(name) = ready.pop_first() {
            open.remove(name);
            order.push(ServiceName::from(name));
            for dependant in self.edges.neighbors_directed(name, petgraph::Direction::Incoming) {
                if let Some(count) = open.get_mut(dependant) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(dependant);
                    }
                }
            }
        }
        order.extend(open.keys().map(|name| ServiceName::from(*name)));
        order
    }

    /// These services and everything that depends on them, directly or not.
    pub fn with_dependants<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> BTreeSet<ServiceName> {
        self.reach(names, petgraph::Direction::Incoming)
    }

    /// These services and everything they depend on, directly or not.
    pub fn with_dependencies<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> BTreeSet<ServiceName> {
        self.reach(names, petgraph::Direction::Outgoing)
    }

    fn reach<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
        direction: petgraph::Direction,
    ) -> BTreeSet<ServiceName> {
        let known = |name: &str| self.edges.nodes().find(|n| *n == name);
        let mut stack: Vec<&str> = names.into_iter().filter_map(known).collect();
        let mut seen: BTreeSet<&str> = stack.iter().copied().collect();
        while let Some(name) = stack.pop() {
            for next in self.edges.neighbors_directed(name, direction) {
                if seen.insert(next) {
                    stack.push(next);
                }
            }
        }
        seen.into_iter().map(ServiceName::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph() -> Graph<'static> {
        Graph::new([
            ("web", vec!["api", "db"]),
            ("api", vec!["db"]),
            ("db", vec![]),
            ("alone", vec!["nobody"]),
        ])
    }

    #[test]
    fn dependencies_come_first_and_ties_are_alphabetical() {
        assert_eq!(graph().order(), ["alone", "db", "api", "web"].map(ServiceName::from));
        assert!(graph().cycles().is_empty());
    }

    #[test]
    fn circles_are_found_and_named_from_their_first_member() {
        let graph =
            Graph::new([("c", vec!["a"]), ("a", vec!["b"]), ("b", vec!["c"]), ("self", vec!["self"])]);
        let expected = [vec!["a", "b", "c"], vec!["self"]];
        assert_eq!(
            graph.cycles(),
            expected.map(|c| c.into_iter().map(ServiceName::from).collect::<Vec<_>>())
        );
        assert_eq!(graph.order().len(), 4);
    }

    #[test]
    fn reach_goes_both_ways() {
        let names = |set: BTreeSet<ServiceName>| set.into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(names(graph().with_dependants(["db"])), ["api", "db", "web"]);
        assert_eq!(names(graph().with_dependencies(["api"])), ["api", "db"]);
    }
}
