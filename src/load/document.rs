//! One document: parsed, checked for its shape, its old keys renamed, its variables replaced.

use std::collections::HashMap;

use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Span};
use crate::load::env::Environment;
use crate::load::pipeline::Loader;
use crate::load::{interpolate, legacy};
use crate::yaml::{self, Kind, Node, Path, PathRef, Segment};

/// Values that all documents of a project may have together, a file counted as often as it is included. The
/// reference gives up on 100,000 in one; a project with as many as this needs more than a gigabyte of memory.
const MAX_NODES: usize = 1_000_000;

/// What was parsed already, for instance to find the project's name.
#[derive(Debug, Default)]
pub struct Parsed {
    files: HashMap<FileId, Vec<yaml::Document>>,
    /// Whether what aliases bring in is recorded.
    with_aliases: bool,
}

impl Parsed {
    /// Nothing yet.
    pub fn new() -> Parsed {
        Parsed::default()
    }

    /// Nothing yet; what aliases bring in will be recorded.
    pub fn with_aliases() -> Parsed {
        Parsed { with_aliases: true, ..Parsed::default() }
    }

    fn parse(&self, file: FileId, text: &str, diags: &mut Diagnostics) -> Vec<yaml::Document> {
        match self.with_aliases {
            true => yaml::parse_with_aliases(text, file, diags),
            false => yaml::parse(text, file, diags),
        }
    }

    /// Parses a text and keeps the documents; gives the top-level `name` values.
    pub fn names(&mut self, file: FileId, text: &str, diags: &mut Diagnostics) -> Vec<Node> {
        let documents = self.parse(file, text, diags);
        let names = documents.iter().filter_map(|document| document.root.get("name").cloned()).collect();
        self.files.insert(file, documents);
        names
    }

    fn take(&mut self, file: FileId, text: &str, diags: &mut Diagnostics) -> Vec<yaml::Document> {
        match self.files.remove(&file) {
            Some(documents) => documents,
            None => self.parse(file, text, diags),
        }
    }
}

/// A document ready for the stages: its root is a mapping.
pub(super) struct Document {
    pub root: Node,
    pub resets: Resets,
}

/// What `!reset` and `!override` delete from what came before.
#[derive(Debug, Default)]
pub(super) struct Resets {
    paths: Vec<Path>,
    /// Where each of the paths is marked.
    spans: Vec<Span>,
    /// Below a service or job: by section and name, the rest of the path.
    workloads: HashMap<(String, String), Vec<Vec<Segment>>>,
}

impl Resets {
    fn new(tagged: Vec<yaml::TaggedPath>) -> Resets {
        let (paths, spans): (Vec<Path>, Vec<Span>) =
            tagged.into_iter().map(|tagged| (tagged.path, tagged.span)).unzip();
        let mut workloads: HashMap<(String, String), Vec<Vec<Segment>>> = HashMap::new();
        for path in &paths {
            if let [Segment::Key(section), Segment::Key(name), rest @ ..] = path.0.as_slice()
                && !rest.is_empty()
            {
                workloads.entry((section.clone(), name.clone())).or_default().push(rest.to_vec());
            }
        }
        Resets { paths, spans, workloads }
    }

    /// The paths from the top.
    pub fn paths(&self) -> &[Path] {
        &self.paths
    }

    /// The paths from the top, each with the place that marks it.
    pub fn marks(&self) -> impl Iterator<Item = (&Path, Span)> {
        self.paths.iter().zip(self.spans.iter().copied())
    }

    /// The paths below one service or job.
    pub fn below(&self, section: &str, name: &str) -> &[Vec<Segment>] {
        if self.workloads.is_empty() {
            return &[];
        }
        self.workloads.get(&(section.to_owned(), name.to_owned())).map_or(&[], Vec::as_slice)
    }
}

impl Loader<'_> {
    /// The documents of a text, with variables replaced from `environment`.
    pub(super) fn documents(&mut self, file: FileId, environment: &Environment) -> Vec<Document> {
        let Some(text) = self.sources.get(file).map(|source| source.text.clone()) else { return Vec::new() };
        let parsed = match &mut self.parsed {
            Some(parsed) => parsed.take(file, &text, self.diags),
            None => yaml::parse(&text, file, self.diags),
        };
        let mut documents = Vec::with_capacity(parsed.len());
        for yaml::Document { mut root, mut tagged, borrowed } in parsed {
            if let Some(log) = &mut self.log {
                log.borrowed.extend(borrowed);
            }
            match root.kind {
                Kind::Mapping(_) => {}
                Kind::Invalid => continue,
                _ => {
                    self.diags.push(
                        Diagnostic::new(Code::NotAMapping, root.span, "top-level object must be a mapping")
                            .note(format!("{} here", root.kind_name())),
                    );
                    continue;
                }
            }
            self.nodes += root.size();
            if self.nodes > MAX_NODES {
                let message = format!("the project's files hold more than {MAX_NODES} values");
                let finding = Diagnostic::new(Code::TooManyNodes, root.span, message);
                self.diags.push(finding.note("this document exceeds the limit"));
                break;
            }
            legacy::rename(&mut root, self.diags);
            tagged.iter_mut().for_each(|tagged| legacy::rename_path(&mut tagged.path));
            if self.options.interpolate {
                interpolate::tree_with(
                    &mut root,
                    &PathRef::Root,
                    environment,
                    self.sources,
                    self.diags,
                    self.log.as_deref_mut().map(|log| &mut log.substitutions),
                );
            }
            documents.push(Document { root, resets: Resets::new(tagged) });
        }
        documents
    }
}
