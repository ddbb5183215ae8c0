//! `extends`: a service takes over what another says, in its own document or in another file.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::diag::{Code, Diagnostic, FileId, Span, suggest};
use crate::load::document::{Document, Resets};
use crate::load::files;
use crate::load::merge;
use crate::load::paths;
use crate::load::pipeline::{FileSet, Loader};
use crate::load::provenance::{Extended, How};
use crate::load::remote;
use crate::yaml::{Key, Kind, Mapping, Node, PathRef, Segment};

const SECTIONS: [&str; 2] = ["services", "jobs"];

/// Links of a circle that are shown where they stand.
const SHOWN: usize = 10;

/// Values that the services of a project may take over from each other, all together. A chain of services
/// that each add to the one before grows with the square of its length.
const MAX_INHERITED: usize = 300_000;

/// The files that services of one set extend from, each loaded once.
#[derive(Default)]
pub(super) struct ExtendedFiles {
    files: Vec<ExtendedFile>,
    by_path: HashMap<PathBuf, Option<usize>>,
}

struct ExtendedFile {
    root: Node,
    resets: Resets,
    /// As people call it.
    name: String,
}

/// Where a service stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Home {
    Document,
    File(usize),
}

/// One service of a chain.
struct Link {
    home: Home,
    name: String,
    /// Where it was named.
    span: Span,
}

/// What an `extends` says.
struct Reference {
    service: String,
    service_span: Span,
    file: Option<(String, Span)>,
}

/// A document whose services extend each other.
struct Scope<'a> {
    root: &'a mut Node,
    resets: &'a Resets,
    set: &'a mut FileSet,
    /// What people call the document's file.
    name: String,
    /// What earlier files declare, for hints.
    earlier: Option<&'a Node>,
    section: &'static str,
}

impl Scope<'_> {
    fn root(&mut self, home: Home) -> &mut Node {
        match home {
            Home::Document => self.root,
            Home::File(at) => &mut self.set.extended.files[at].root,
        }
    }

    fn service(&mut self, home: Home, name: &str) -> Option<&mut Node> {
        let section = self.section;
        self.root(home).get_mut(section)?.get_mut(name)
    }

    fn file_name(&self, home: Home) -> &str {
        match home {
            Home::Document => &self.name,
            Home::File(at) => &self.set.extended.files[at].name,
        }
    }

    fn resets(&self, home: Home, name: &str) -> &[Vec<Segment>] {
        match home {
            Home::Document => self.resets.below(self.section, name),
            Home::File(at) => self.set.extended.files[at].resets.below(self.section, name),
        }
    }

    fn names(&mut self, home: Home) -> Vec<&str> {
        let section = self.section;
        let map = self.root(home).get(section).and_then(Node::as_mapping);
        map.map(|map| map.keys().collect()).unwrap_or_default()
    }
}

impl Loader<'_> {
    /// Resolves every `extends` of a document.
    pub fn extend(
        &mut self,
        root: &mut Node,
        resets: &Resets,
        set: &mut FileSet,
        file: FileId,
        earlier: Option<&Node>,
    ) {
        let name = self.sources.get(file).map(|source| source.name.clone()).unwrap_or_default();
        for section in SECTIONS {
            let Some(services) = root.get(section).and_then(Node::as_mapping) else { continue };
            let extending: Vec<String> = services
                .iter()
                .filter(|entry| entry.value.get("extends").is_some())
                .map(|entry| entry.key.text.clone())
                .collect();
            let mut scope = Scope { root, resets, set, name: name.clone(), earlier, section };
            for service in extending {
                self.resolve(&mut scope, service);
            }
        }
    }

    /// Follows the chain of one service to its end, then merges back.
    fn resolve(&mut self, scope: &mut Scope<'_>, name: String) {
        let section = scope.section;
        let mut known = HashSet::from([(Home::Document, name.clone())]);
        let mut chain = vec![Link { home: Home::Document, name, span: Span::NONE }];
        while let Some(link) = chain.last() {
            let (home, name) = (link.home, link.name.clone());
            let Some(service) = scope.service(home, &name) else { break };
            let Some(extends) = service.get("extends").cloned() else { break };
            match self.next(scope, &chain, &known, &extends) {
                Some(next) => {
                    known.insert((next.home, next.name.clone()));
                    chain.push(next);
                }
                None => {
                    if let Some(Kind::Mapping(service)) =
                        scope.service(home, &name).map(|node| &mut node.kind)
                    {
                        give_up(service, section);
                    }
                    break;
                }
            }
        }
        for pair in (1..chain.len()).rev() {
            let (base, link) = (&chain[pair], &chain[pair - 1]);
            let Some(inherited) = scope.service(base.home, &base.name) else { continue };
            self.inherited += inherited.size();
            if self.inherited > MAX_INHERITED {
                self.too_much(scope, link, base.span);
                continue;
            }
            let inherited = inherited.clone();
            self.inherit(scope, link, base, inherited);
        }
    }

    /// Leaves a service alone that would take over too much.
    fn too_much(&mut self, scope: &mut Scope<'_>, link: &Link, span: Span) {
        let message = format!("services take over more than {MAX_INHERITED} values through `extends`");
        // Once: all that follows has the same reason.
        if !self.diags.iter().any(|known| known.message == message) {
            let finding = Diagnostic::new(Code::TooManyNodes, span, message)
                .note("this one exceeds the limit")
                .help("extend one base instead of a chain in which each service adds to the one before");
            self.diags.push(finding);
        }
        let section = scope.section;
        if let Some(Kind::Mapping(service)) = scope.service(link.home, &link.name).map(|node| &mut node.kind)
        {
            give_up(service, section);
        }
    }

    /// Merges a service onto a copy of its base.
    fn inherit(&mut self, scope: &mut Scope<'_>, link: &Link, from: &Link, mut base: Node) {
        let recorded = self.log.is_some().then(|| base.clone());
        for path in scope.resets(link.home, &link.name) {
            merge::delete(&mut base, path);
        }
        let section = scope.section;
        let Some(slot) = scope.service(link.home, &link.name) else { return };
        let Kind::Mapping(service) = &mut slot.kind else { return };
        // An empty base is not taken over, and stays named: that is part of the hash.
        if base.as_mapping().is_none() {
            if !base.is_null() {
                service.remove("extends");
            }
            return;
        }
        let span = slot.span;
        let service = std::mem::replace(slot, Node::spanned(Kind::Invalid, span));
        let parent = PathRef::Root.key(section);
        let path = parent.key(&link.name);
        let mut merged = merge::merge(base, service, &path, self.diags);
        if let Some(merged) = merged.as_mapping_mut() {
            merged.remove("extends");
        }
        merged.span = span;
        if let (Some(log), Some(base)) = (&mut self.log, &recorded) {
            let resets = if link.home == Home::Document { scope.resets } else { &Resets::default() };
            log.compare(base, &merged, &path, How::Extends, resets);
            log.extended.push(Extended {
                to: path.to_path(),
                from: parent.key(&from.name).to_path(),
                named: from.span,
                source: base.span,
            });
        }
        if let Some(slot) = scope.service(link.home, &link.name) {
            *slot = merged;
        }
    }

    /// The service that the last of the chain extends; `None` when there is none, which was told.
    fn next(
        &mut self,
        scope: &mut Scope<'_>,
        chain: &[Link],
        known_links: &HashSet<(Home, String)>,
        extends: &Node,
    ) -> Option<Link> {
        if extends.is_invalid() {
            return None;
        }
        let last = chain.last()?;
        let section = PathRef::Root.key(scope.section);
        let service = section.key(&last.name);
        let path = service.key("extends");
        let reference = match read(extends) {
            Some(reference) => reference,
            None => {
                let message = format!("extends.{}.service is required", last.name);
                self.diags.push(
                    Diagnostic::new(Code::ExtendsNotFound, extends.span, message)
                        .at(path)
                        .help("name the service to extend: `extends: {service: base}`"),
                );
                return None;
            }
        };
        let home = match &reference.file {
            None => last.home,
            Some((file, span)) => Home::File(self.extended_file(scope.set, file, *span, &last.name)?),
        };
        let wanted = reference.service.as_str();
        let span = reference.service_span;
        let name_of_section = scope.section;
        let known = scope.root(home).get(name_of_section).is_some();
        if scope.service(home, wanted).is_none() {
            let named = |text: &str| format!("cannot extend service \"{}\" in {text}", last.name);
            let message = match &reference.file {
                Some(_) if !known => {
                    format!("{}: no {} section", named(scope.file_name(home)), scope.section)
                }
                Some((file, _)) => {
                    format!("{}: service \"{wanted}\" not found in {file}", named(scope.file_name(last.home)))
                }
                None => format!("{}: service \"{wanted}\" not found", named(scope.file_name(home))),
            };
            let mut finding = Diagnostic::new(Code::ExtendsNotFound, span, message).at(path);
            let near = suggest::nearest(wanted, scope.names(home)).map(str::to_owned);
            if let Some(near) = near {
                finding = finding.help(format!("there is a service `{near}`"));
            }
            let declared =
                scope.earlier.and_then(|model| model.get(scope.section)?.as_mapping()?.entry(wanted));
            if reference.file.is_none()
                && last.home == Home::Document
                && let Some(declared) = declared
            {
                finding = finding
                    .label(declared.key.span, "it is declared in an earlier file")
                    .help("a service is looked for in its own file only; name the other with `file:`");
            }
            self.diags.push(finding);
            return None;
        }
        let next = Link { home, name: wanted.to_owned(), span };
        if known_links.contains(&(home, next.name.clone()))
            && let Some(start) = chain.iter().position(|link| link.home == home && link.name == wanted)
        {
            let mut words: Vec<String> = chain[start..].iter().map(|link| link.name.clone()).collect();
            words.push(next.name);
            let message = format!("services extend each other in a circle: {}", words.join(" -> "));
            let mut finding = Diagnostic::new(Code::ExtendsCycle, span, message).at(path);
            for link in chain[start + 1..].iter().take(SHOWN) {
                finding = finding.label(link.span, format!("`{}` is extended here", link.name));
            }
            self.diags.push(finding);
            return None;
        }
        Some(next)
    }

    /// Loads a file that is extended from: canonical, its paths relative to the set's directory.
    fn extended_file(
        &mut self,
        set: &mut FileSet,
        written: &str,
        span: Span,
        service: &str,
    ) -> Option<usize> {
        let path = match remote::fetch(written, &set.environment, self.reading.remote, span) {
            Some(Ok(path)) => path,
            Some(Err(finding)) => {
                self.diags.push(*finding);
                return None;
            }
            None => {
                let local = paths::expand_home(written, self.reading.files);
                files::absolute(&set.working_dir, local)
            }
        };
        if let Some(known) = set.extended.by_path.get(&path) {
            return *known;
        }
        let loaded = self.load_extended(set, &path, span, service);
        let at = loaded.map(|file| {
            set.extended.files.push(file);
            set.extended.files.len() - 1
        });
        set.extended.by_path.insert(path, at);
        at
    }

    fn load_extended(
        &mut self,
        set: &FileSet,
        path: &Path,
        span: Span,
        service: &str,
    ) -> Option<ExtendedFile> {
        let file = self.read(path, span)?;
        let mut model: Option<(Node, Resets)> = None;
        for Document { root, resets } in self.documents(file, &set.environment) {
            let mut root = match model {
                None => root,
                Some((mut before, _)) => {
                    merge::reset(&mut before, resets.paths());
                    merge::merge(before, root, &PathRef::Root, self.diags)
                }
            };
            merge::unique(&mut root, None);
            self.refuse_nulls(&root);
            self.canonical(&mut root);
            model = Some((root, resets));
        }
        let name = path.display().to_string();
        let Some((mut root, resets)) = model else {
            if !self.diags.has_errors() {
                let message = format!("cannot extend service \"{service}\" in {name}: no services section");
                self.diags.push(Diagnostic::new(Code::ExtendsNotFound, span, message));
            }
            return None;
        };
        let directory = path.parent().unwrap_or(Path::new("/"));
        let base = paths::relative(&set.working_dir, directory);
        paths::resolve(&mut root, &base.to_string_lossy(), self.reading.files, self.diags);
        Some(ExtendedFile { root, resets, name })
    }
}

impl Loader<'_> {
    /// The schema only sees what comes of extending, where a null may be gone; with these keys it is refused
    /// before, as the reference does.
    fn refuse_nulls(&mut self, root: &Node) {
        for section in ["services", "jobs"] {
            let services = root.get(section).and_then(Node::as_mapping).into_iter().flat_map(Mapping::iter);
            for service in services {
                let parent = PathRef::Root.key(section);
                let path = parent.key(&service.key.text);
                for key in ["build", "depends_on", "env_file", "gpus"] {
                    let entry = service.value.as_mapping().and_then(|map| map.entry(key));
                    let Some(entry) = entry.filter(|entry| entry.value.is_null()) else { continue };
                    let place = path.key(key);
                    self.diags.push(
                        Diagnostic::new(Code::WrongType, entry.key.span, format!("{place} has no value"))
                            .at(place)
                            .help("write a value, or take the key out"),
                    );
                }
            }
        }
    }
}

/// What an `extends` says; `None` when it names no service.
fn read(extends: &Node) -> Option<Reference> {
    if let Some(service) = extends.as_str() {
        return Some(Reference { service: service.to_owned(), service_span: extends.span, file: None });
    }
    let service = extends.get("service")?;
    let file = extends.get("file").and_then(|file| Some((file.as_str()?.to_owned(), file.span)));
    Some(Reference { service: service.as_str()?.to_owned(), service_span: service.span, file })
}

/// Marks a service whose base is missing, so that nothing is said about what the base would have brought.
fn give_up(service: &mut Mapping, section: &str) {
    let runs = ["build", "provider"].iter().any(|key| service.contains_key(key));
    let Some(extends) = service.remove_entry("extends") else { return };
    let span = extends.key.span;
    let mut mark = |key: &str| {
        if !service.contains_key(key) {
            service.insert(Key { text: key.to_owned(), span }, Node::spanned(Kind::Invalid, span));
        }
    };
    if section == "jobs" {
        mark("triggers");
    }
    if !runs {
        mark("image");
    }
}
