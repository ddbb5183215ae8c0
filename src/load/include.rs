//! `include`: other file sets, loaded on their own and imported.

use std::path::{Path, PathBuf};

use crate::diag::{Code, Diagnostic, Severity, Span, suggest};
use crate::load::document::Resets;
use crate::load::dotenv;
use crate::load::env::{Environment, Origin};
use crate::load::files;
use crate::load::merge;
use crate::load::paths;
use crate::load::pipeline::{FileSet, Loader, SetFile};
use crate::load::provenance::How;
use crate::load::remote;
use crate::yaml::{Kind, Mapping, Node, PathRef};

/// What is imported of an included set.
const SECTIONS: [&str; 7] = ["services", "jobs", "volumes", "networks", "secrets", "configs", "models"];

/// Files that may be included one from within the other.
const MAX_DEPTH: usize = 100;

/// Files that may be included in all, each as often as it is.
const MAX_FILES: usize = 1000;

/// Links of a circle that are shown where they stand.
const SHOWN: usize = 10;

/// The keys of an entry.
const KEYS: [&str; 3] = ["path", "project_directory", "env_file"];

/// One entry, read.
struct Entry {
    paths: Vec<(String, Span)>,
    project_directory: Option<String>,
    env_files: Option<Vec<(String, Span)>>,
}

impl Loader<'_> {
    /// Loads every entry of a document's `include` and imports what it declares.
    pub fn include(&mut self, root: &mut Node, resets: &Resets, set: &FileSet) {
        let Some(include) = root.as_mapping_mut().and_then(|map| map.remove("include")) else { return };
        let items = match include.kind {
            Kind::Null | Kind::Invalid => return,
            Kind::Sequence(items) => items,
            _ => {
                let message = "`include` must be a list";
                self.diags.push(
                    Diagnostic::new(Code::Include, include.span, message)
                        .at(["include"])
                        .note(format!("{} here", include.kind_name())),
                );
                return;
            }
        };
        let parent = PathRef::Root.key("include");
        for (at, item) in items.into_iter().enumerate() {
            let path = parent.index(at);
            let Some(entry) = self.entry(&item, &path) else { continue };
            if let Some(mut imported) = self.load_entry(entry, set, &path) {
                let recorded = self.log.is_some().then(|| imported.clone());
                merge::reset(&mut imported, resets.paths());
                self.import(root, imported);
                if let (Some(log), Some(imported)) = (&mut self.log, &recorded) {
                    log.compare(imported, root, &PathRef::Root, How::Include, resets);
                }
            }
        }
    }

    fn entry(&mut self, item: &Node, path: &PathRef<'_>) -> Option<Entry> {
        match &item.kind {
            Kind::Invalid => None,
            Kind::String(text) => Some(Entry {
                paths: vec![(text.clone(), item.span)],
                project_directory: None,
                env_files: None,
            }),
            Kind::Mapping(map) => {
                for key in map.iter().map(|entry| &entry.key) {
                    if !KEYS.contains(&key.text.as_str()) && !key.text.starts_with("x-") {
                        let message = format!("{path}: `{}` is no key of an include, and ignored", key.text);
                        let mut finding = Diagnostic::new(Code::UnknownKey, key.span, message).at(path);
                        finding.severity = Severity::Warning;
                        if let Some(near) = suggest::nearest(&key.text, KEYS) {
                            finding = finding.help(format!("did you mean `{near}`?"));
                        }
                        self.diags.push(finding);
                    }
                }
                let paths = self.texts(map, "path", path)?.unwrap_or_default();
                let env_files = self.texts(map, "env_file", path)?;
                if paths.is_empty() {
                    let message = format!("{path}: `path` is missing");
                    self.diags.push(Diagnostic::new(Code::Include, item.span, message).at(path));
                    return None;
                }
                let project_directory = map.get("project_directory").and_then(Node::as_str);
                Some(Entry { paths, project_directory: project_directory.map(str::to_owned), env_files })
            }
            _ => {
                let message = format!("{path} must be a mapping or string");
                self.diags.push(
                    Diagnostic::new(Code::Include, item.span, message)
                        .at(path)
                        .note(format!("{} here", item.kind_name())),
                );
                None
            }
        }
    }

    /// A text or list of texts; the outer `None` when it is neither, which was told.
    fn texts(&mut self, map: &Mapping, key: &str, path: &PathRef<'_>) -> Option<Option<Vec<(String, Span)>>> {
        let Some(node) = map.get(key) else { return Some(None) };
        let items = match &node.kind {
            Kind::Null => return Some(None),
            Kind::Invalid => return None,
            Kind::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                Kind::String(text) => texts.push((text.clone(), item.span)),
                Kind::Invalid => return None,
                _ => {
                    let place = path.key(key);
                    let message = format!("{place} must be a string or a list of strings");
                    self.diags.push(
                        Diagnostic::new(Code::Include, item.span, message)
                            .at(place)
                            .note(format!("{} here", item.kind_name())),
                    );
                    return None;
                }
            }
        }
        Some(Some(texts))
    }

    /// Loads one entry with a directory and an environment of its own.
    fn load_entry(&mut self, entry: Entry, set: &FileSet, path: &PathRef<'_>) -> Option<Node> {
        let mut files = Vec::with_capacity(entry.paths.len());
        let mut directory = None;
        let mut complete = true;
        for (written, span) in &entry.paths {
            self.included += 1;
            if set.chain.len() > MAX_DEPTH || self.included > MAX_FILES {
                self.too_many(set.chain.len(), *span, path);
                return None;
            }
            let Some(local) = self.local(written, *span, set) else {
                complete = false;
                continue;
            };
            if let Some(start) = set.chain.iter().position(|known| self.same_file(&known.path, &local)) {
                self.cycle(&set.chain[start..], &local, *span, path);
                complete = false;
                continue;
            }
            if directory.is_none() {
                directory = Some(local.parent().unwrap_or(Path::new("/")).to_owned());
            }
            match self.read(&local, *span) {
                Some(file) => {
                    files.push(SetFile { file, path: local, span: *span });
                    if let Some(log) = &mut self.log {
                        log.included.push((file, *span));
                    }
                }
                None => complete = false,
            }
        }
        let main_directory = directory?;
        let (working_dir, base) = match &entry.project_directory {
            Some(written) => {
                let written = paths::clean(&paths::expand_home(written, self.reading.files));
                let directory = files::absolute(&set.working_dir, &written);
                // What is no directory counts as a file in the one that is meant, as in the reference.
                match self.reading.files.is_dir(&directory) {
                    true => (directory, written),
                    false => {
                        let parent = directory.parent().unwrap_or(Path::new("/")).to_owned();
                        (parent, paths::clean(&format!("{written}/..")))
                    }
                }
            }
            None => {
                let base = paths::relative(&set.working_dir, &main_directory);
                (main_directory, base.to_string_lossy().into_owned())
            }
        };
        let environment = self.environment(entry.env_files.as_deref(), &working_dir, set)?;
        let mut included = FileSet::new(working_dir, Some(base), environment, set.chain.clone());
        self.file_set(&mut included, files).filter(|_| complete)
    }

    /// Whether two paths lead to one file, through whatever links.
    fn same_file(&self, a: &Path, b: &Path) -> bool {
        let real = |path: &Path| self.reading.files.canonicalize(path).ok();
        a == b || a.file_name() == b.file_name() && real(a).is_some_and(|a| Some(a) == real(b))
    }

    /// Tells, once, that includes go too deep or are too many: those that include twice what includes twice
    /// grow without end.
    fn too_many(&mut self, depth: usize, span: Span, path: &PathRef<'_>) {
        let message = match depth > MAX_DEPTH {
            true => format!("includes are nested deeper than {MAX_DEPTH} files"),
            false => format!("more than {MAX_FILES} files are included"),
        };
        if !self.diags.iter().any(|known| known.message == message) {
            self.diags.push(Diagnostic::new(Code::Include, span, message).at(path).note("one too many"));
        }
    }

    fn local(&mut self, written: &str, span: Span, set: &FileSet) -> Option<PathBuf> {
        match remote::fetch(written, &set.environment, self.reading.remote, span) {
            None => {
                let path = paths::expand_home(written, self.reading.files);
                Some(files::absolute(&set.working_dir, path))
            }
            Some(Ok(path)) => Some(path),
            Some(Err(finding)) => {
                self.diags.push(*finding);
                None
            }
        }
    }

    fn cycle(&mut self, chain: &[SetFile], again: &Path, span: Span, path: &PathRef<'_>) {
        let mut words: Vec<String> = chain.iter().map(|file| file.path.display().to_string()).collect();
        words.push(again.display().to_string());
        let message = format!("include cycle detected: {}", words.join(" -> "));
        let mut finding = Diagnostic::new(Code::IncludeCycle, span, message).at(path);
        for file in chain.iter().skip(1).filter(|file| file.span.is_some()).take(SHOWN) {
            finding = finding.label(file.span, format!("{} is included here", file.path.display()));
        }
        self.diags.push(finding);
    }

    /// The including set's variables, completed by the entry's environment files. `None` when one can't
    /// be read.
    fn environment(
        &mut self,
        written: Option<&[(String, Span)]>,
        project_directory: &Path,
        set: &FileSet,
    ) -> Option<Environment> {
        let mut paths: Vec<(PathBuf, Span)> = Vec::new();
        let mut complete = true;
        match written {
            Some(written) => {
                for (text, span) in written {
                    if text == "/dev/null" {
                        continue;
                    }
                    let path = paths::expand_home(text, self.reading.files);
                    let path = files::absolute(&set.working_dir, path);
                    let shown = path.display();
                    let fault = if !self.reading.files.exists(&path) {
                        Some(format!("stat {shown}: no such file or directory"))
                    } else if self.reading.files.is_dir(&path) {
                        Some(format!("{shown} is not a file"))
                    } else {
                        None
                    };
                    match fault {
                        Some(message) => {
                            self.diags.push(Diagnostic::new(Code::EnvFile, *span, message));
                            complete = false;
                        }
                        None => paths.push((path, *span)),
                    }
                }
            }
            None => {
                let path = project_directory.join(".env");
                if self.reading.files.is_file(&path) {
                    paths.push((path, Span::NONE));
                }
            }
        }
        let mut environment = set.environment.clone();
        let mut extra = Environment::new();
        for (path, span) in paths {
            complete &= self.read_variables(&path, span, &set.environment, &mut extra);
        }
        environment.add_all(&extra);
        complete.then_some(environment)
    }

    /// Adds the variables of a file; later files win, the including set's variables above all.
    fn read_variables(
        &mut self,
        path: &Path,
        span: Span,
        outer: &Environment,
        extra: &mut Environment,
    ) -> bool {
        let name = path.display().to_string();
        let (text, lossy) = match files::read_lossy(self.reading.files, path, &name) {
            Ok(read) => read,
            Err(mut finding) => {
                finding.span = span;
                self.diags.push(*finding);
                return false;
            }
        };
        let lookup = |name: &str, here: Option<&str>| {
            outer.get(name).or(here).or_else(|| extra.get(name)).map(str::to_owned)
        };
        match dotenv::read(&text, &lookup) {
            Ok(parsed) => {
                self.diags.extend(dotenv::replacements(&parsed, path, lossy));
                for (name, line) in parsed.unset {
                    self.diags.push(dotenv::unset(&name, path, line));
                }
                for (name, value, line) in parsed.assignments {
                    extra.set(name, value, Origin::File { path: path.to_owned(), line });
                }
                true
            }
            Err(mistakes) => {
                for finding in dotenv::findings(&mistakes, &text, &name, self.sources) {
                    self.diags.push(match span.is_some() {
                        true => finding.label(span, "the file is read for this"),
                        false => finding,
                    });
                }
                false
            }
        }
    }

    /// Puts what an included set declares under what is there: the including document wins.
    fn import(&mut self, root: &mut Node, mut imported: Node) {
        let Some(target) = root.as_mapping_mut() else { return };
        let Some(source) = imported.as_mapping_mut() else { return };
        for section in SECTIONS {
            let Some(entry) = source.remove_entry(section) else { continue };
            let Kind::Mapping(resources) = entry.value.kind else { continue };
            if target.get(section).is_none_or(Node::is_null) {
                target.insert(entry.key, Node::spanned(Kind::Mapping(resources), entry.value.span));
                continue;
            }
            let Some(Kind::Mapping(known)) = target.get_mut(section).map(|node| &mut node.kind) else {
                continue;
            };
            let parent = PathRef::Root.key(section);
            for resource in resources {
                match known.get_mut(&resource.key.text) {
                    None => {
                        known.insert(resource.key, resource.value);
                    }
                    // Included by two ways: nothing is laid over itself.
                    Some(slot) if slot.same(&resource.value) => {}
                    Some(slot) => {
                        let over = std::mem::replace(slot, Node::new(Kind::Invalid));
                        let span = over.span;
                        let place = parent.key(&resource.key.text);
                        let mut merged = merge::merge(resource.value, over, &place, self.diags);
                        merged.span = span;
                        *slot = merged;
                    }
                }
            }
        }
    }
}
