//! The stages from texts to one tree, in the order that decides what a file means.
//!
//! For each document: parse, replace variables, include, reset, extend, merge onto what came before,
//! validate, bring to canonical form. For each file set: defaults, rules between keys, paths, variables of
//! lists. Once: the project's name and what follows from it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::base::ProjectName;
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::load::canonical::{self, Strictness};
use crate::load::discover::ComposeFile;
use crate::load::document::{Document, Parsed, Resets};
use crate::load::env::{Environment, Origin};
use crate::load::extends::ExtendedFiles;
use crate::load::files::{self, Files};
use crate::load::merge;
use crate::load::normalize::{self, Unknown};
use crate::load::provenance::{How, Provenance};
use crate::load::remote::RemoteSource;
use crate::load::{defaults, paths, semantic};
use crate::schema;
use crate::yaml::{Key, Kind, Mapping, Node, PathRef};

/// Which stages run, as the flags of `config` choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Replace variables. Without, text that may hold variables stays as it is written.
    pub interpolate: bool,
    /// Add what the project's name and its services imply.
    pub normalize: bool,
    /// Make paths absolute.
    pub resolve_paths: bool,
    /// Validate against the schema.
    pub validate: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { interpolate: true, normalize: true, resolve_paths: true, validate: true }
    }
}

/// What is to be loaded.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The files, in order.
    pub files: &'a [ComposeFile],
    /// The directory that relative paths start from.
    pub working_dir: &'a Path,
    /// The variables.
    pub environment: &'a Environment,
    /// The project's name.
    pub name: &'a ProjectName,
    /// Which stages run.
    pub options: Options,
}

/// Where the loader reads.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Local files.
    pub files: &'a dyn Files,
    /// Files that are elsewhere, when they may be fetched.
    pub remote: Option<&'a dyn RemoteSource>,
}

/// Runs every stage. `None` when nothing came of it; the reasons are among the findings. `parsed` is what
/// was parsed already; a `log` records where values come from.
pub fn compose_tree(
    input: Input<'_>,
    reading: Reading<'_>,
    parsed: Option<Parsed>,
    log: Option<&mut Provenance>,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Option<Node> {
    let Input { files, working_dir, environment, name, options } = input;
    // Without interpolation nothing is taken from the environment but the project's name.
    let mut bare = Environment::new();
    bare.set("COMPOSE_PROJECT_NAME", name.as_str(), Origin::Program);
    let environment = if options.interpolate { environment } else { &bare };

    let mut loader = Loader {
        options,
        reading,
        sources,
        diags,
        parsed,
        log,
        texts: HashMap::new(),
        obsolete: HashSet::new(),
        nodes: 0,
        inherited: 0,
        included: 0,
    };
    let base = options.resolve_paths.then(|| working_dir.to_string_lossy().into_owned());
    let mut set = FileSet::new(working_dir.to_owned(), base, environment.clone(), Vec::new());
    let list =
        files.iter().map(|file| SetFile { file: file.file, path: file.path.clone(), span: Span::NONE });
    let mut root = loader.file_set(&mut set, list.collect())?;

    let Kind::Mapping(map) = &mut root.kind else { return None };
    if map.is_empty() {
        if !loader.diags.has_errors() {
            let start = files.first().map_or(Span::NONE, |file| Span::new(file.file, 0, 0));
            let empty = Diagnostic::new(Code::EmptyFile, start, "empty compose file").help(
                "a Compose file has `services:`, below it the name of each, and below that its `image:`",
            );
            let others = files.iter().skip(1).map(|file| Span::new(file.file, 0, 0));
            let empty = others.fold(empty, |empty, other| empty.label(other, "this one is empty too"));
            loader.diags.push(empty);
        }
        return None;
    }
    let span = map.entry("name").map_or(Span::NONE, |entry| entry.value.span);
    let key_span = map.entry("name").map_or(Span::NONE, |entry| entry.key.span);
    map.insert(Key { text: "name".to_owned(), span: key_span }, Node::string(name.as_str(), span));
    if options.normalize {
        normalize::normalize(&mut root, name, environment, loader.diags);
    }
    reveal(&mut root, options.interpolate);
    Some(root)
}

/// The state of one run.
pub(super) struct Loader<'a> {
    pub options: Options,
    pub reading: Reading<'a>,
    pub sources: &'a mut SourceMap,
    pub diags: &'a mut Diagnostics,
    pub parsed: Option<Parsed>,
    /// Where values come from, when that is recorded.
    pub log: Option<&'a mut Provenance>,
    /// Files that were read while loading; `None` for those that can't be.
    texts: HashMap<PathBuf, Option<FileId>>,
    /// Files whose `version` was told.
    obsolete: HashSet<FileId>,
    /// The values of all documents so far.
    pub nodes: usize,
    /// The values that services took over by `extends`.
    pub inherited: usize,
    /// How many files were included.
    pub included: usize,
}

/// A set of files that are merged: the project's, or those of one `include` entry.
pub(super) struct FileSet {
    /// The absolute directory that relative paths start from.
    pub working_dir: PathBuf,
    /// What paths in the tree are joined to, if they are.
    base: Option<String>,
    pub environment: Environment,
    /// The files that led to the one that is laid now, and it.
    pub chain: Vec<SetFile>,
    pub extended: ExtendedFiles,
}

/// One of the files of a set.
#[derive(Clone, Debug)]
pub(super) struct SetFile {
    pub file: FileId,
    pub path: PathBuf,
    /// The place that names it; none for the command line.
    pub span: Span,
}

impl FileSet {
    pub fn new(
        working_dir: PathBuf,
        base: Option<String>,
        environment: Environment,
        chain: Vec<SetFile>,
    ) -> FileSet {
        FileSet { working_dir, base, environment, chain, extended: ExtendedFiles::default() }
    }
}

impl Loader<'_> {
    /// Every stage of a file set. `None` when its files hold nothing that can be used.
    pub fn file_set(&mut self, set: &mut FileSet, files: Vec<SetFile>) -> Option<Node> {
        let mut model = Node::new(Kind::Mapping(Mapping::new()));
        for listed in files {
            let file = listed.file;
            set.chain.push(listed);
            for document in self.documents(file, &set.environment) {
                model = self.lay(model, document, set, file);
            }
            set.chain.pop();
        }
        defaults::defaults(&mut model);
        let mut missing = Diagnostics::new();
        if self.options.validate {
            semantic::check(&mut model, &mut missing);
        }
        self.diags.absorb_missing(missing);
        if let Some(base) = &set.base {
            paths::resolve(&mut model, base, self.reading.files, self.diags);
        }
        resolve_variables(&mut model, &set.environment);
        Some(model)
    }

    /// Lays one document over the model.
    fn lay(&mut self, mut model: Node, document: Document, set: &mut FileSet, file: FileId) -> Node {
        let Document { mut root, resets } = document;
        self.include(&mut root, &resets, set);
        let earlier = self.log.is_some().then(|| model.clone());
        merge::reset(&mut model, resets.paths());
        self.extend(&mut root, &resets, set, file, Some(&model));
        let layer = self.log.is_some().then(|| root.clone());
        let mut model = match model.as_mapping().is_some_and(Mapping::is_empty) {
            true => root,
            false => merge::merge(model, root, &PathRef::Root, self.diags),
        };
        merge::unique(&mut model, None);
        if self.options.validate {
            schema::validate(&model, self.diags);
        }
        self.drop_version(&mut model, file);
        self.canonical(&mut model);
        if let (Some(log), Some(earlier), Some(layer)) = (&mut self.log, &earlier, &layer) {
            log.compare(earlier, &model, &PathRef::Root, How::Merge, &resets);
            log.compare(layer, &model, &PathRef::Root, How::Merge, &Resets::default());
        }
        model
    }

    /// Canonical form, and each thing once in it.
    pub fn canonical(&mut self, model: &mut Node) {
        canonical::transform(model, self.strictness(), self.diags);
        drop_empty_dns(model);
        merge::unique(model, Some(self.diags));
    }

    fn strictness(&self) -> Strictness {
        if self.options.interpolate { Strictness::Strict } else { Strictness::Lenient }
    }

    fn drop_version(&mut self, model: &mut Node, file: FileId) {
        let Some(map) = model.as_mapping_mut() else { return };
        let Some(entry) = map.remove_entry("version") else { return };
        if self.options.validate && self.obsolete.insert(file) {
            let name = self.sources.get(file).map_or("-", |source| source.name.as_str());
            let message = format!(
                "{name}: the attribute `version` is obsolete, it will be ignored, please remove it to avoid \
                 potential confusion"
            );
            self.diags.push(Diagnostic::new(Code::ObsoleteVersion, entry.key.span, message).at(["version"]));
        }
    }

    /// Reads a file into the source map, once.
    pub fn read(&mut self, path: &Path, span: Span) -> Option<FileId> {
        if let Some(known) = self.texts.get(path) {
            return *known;
        }
        let name = path.display().to_string();
        let id =
            self.sources.find(&name).or_else(|| match files::read_text(self.reading.files, path, &name) {
                Ok(text) => Some(self.sources.add(name.clone(), text)),
                Err(mut finding) => {
                    finding.span = span;
                    self.diags.push(*finding);
                    None
                }
            });
        self.texts.insert(path.to_owned(), id);
        id
    }
}

/// Empty entries of `dns` come from variables that are not set; they mean nothing.
fn drop_empty_dns(model: &mut Node) {
    for section in ["services", "jobs"] {
        let Some(Kind::Mapping(map)) = model.get_mut(section).map(|node| &mut node.kind) else { continue };
        for (_, service) in map.iter_mut() {
            if let Some(items) = service.get_mut("dns").and_then(Node::as_sequence_mut) {
                items.retain(|item| !item.is_null() && item.as_str() != Some(""));
            }
        }
    }
}

/// Where a secret's value waits while trees are merged and validated.
const HIDDEN: &str = "x-#value";

/// Gives variables in list form, secrets and configs their values.
fn resolve_variables(model: &mut Node, environment: &Environment) {
    for section in ["services", "jobs"] {
        let Some(Kind::Mapping(map)) = model.get_mut(section).map(|node| &mut node.kind) else { continue };
        for (_, service) in map.iter_mut() {
            if let Some(variables) = service.get_mut("environment")
                && matches!(variables.kind, Kind::Sequence(_))
            {
                normalize::fill(variables, environment, Unknown::Keep);
            }
        }
    }
    for (section, field) in [("secrets", HIDDEN), ("configs", "content")] {
        let Some(Kind::Mapping(map)) = model.get_mut(section).map(|node| &mut node.kind) else { continue };
        for (_, resource) in map.iter_mut() {
            let Kind::Mapping(resource) = &mut resource.kind else { continue };
            let Some(entry) = resource.entry("environment") else { continue };
            let (key_span, span) = (entry.key.span, entry.value.span);
            if let Some(value) = entry.value.as_str().and_then(|name| environment.get(name))
                && !resource.contains_key(field)
            {
                let key = Key { text: field.to_owned(), span: key_span };
                resource.insert(key, Node::string(value, span));
            }
        }
    }
}

/// Moves the values of secrets to their final key; a tree that is only shown has none.
fn reveal(root: &mut Node, keep: bool) {
    let Some(Kind::Mapping(secrets)) = root.get_mut("secrets").map(|node| &mut node.kind) else { return };
    for (_, secret) in secrets.iter_mut() {
        let Kind::Mapping(secret) = &mut secret.kind else { continue };
        if let Some(entry) = secret.remove_entry(HIDDEN)
            && keep
        {
            secret.insert(Key { text: "content".to_owned(), span: entry.key.span }, entry.value);
        }
    }
}

#[cfg(test)]
mod tests;
