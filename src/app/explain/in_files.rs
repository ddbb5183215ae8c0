//! Variables and labels that a service's `env_file` and `label_file` set.

use super::Explainer;
use super::facts::file_name;
use super::lookup;
use super::origins::{Giver, VariableUse};
use crate::diag::Span;
use crate::load::dotenv::Use;
use crate::load::provenance::VariableFile;
use crate::yaml::{Node, Path, PathRef, Segment, scalar};

/// A line of a service's `env_file` or `label_file` that sets the variable or label in question.
pub(super) struct InFile<'a> {
    /// The file's name as people are shown it.
    pub file: String,
    pub line: usize,
    pub value: String,
    /// Which key names the file.
    pub key: &'static str,
    /// The place that names it.
    pub named: Span,
    /// Whether this is the value the container gets.
    pub wins: bool,
    /// The variables in it.
    pub uses: Vec<VariableUse<'a>>,
}

impl InFile<'_> {
    pub fn shown(&self) -> String {
        format!("{}, line {}", self.file, self.line)
    }
}

impl<'a> Explainer<'a> {
    /// The lines of the service's files that set a variable or label, the one that counts first.
    pub(super) fn in_variable_files(&self, path: &Path) -> Vec<InFile<'_>> {
        let [Segment::Key(section), Segment::Key(service), Segment::Key(map), Segment::Key(name)] =
            path.0.as_slice()
        else {
            return Vec::new();
        };
        let key = match (section.as_str(), map.as_str()) {
            ("services", "environment") => "env_file",
            ("services", "labels") => "label_file",
            _ => return Vec::new(),
        };
        let services = PathRef::Root.key("services");
        let here = services.key(service);
        let files = lookup::trail(self.tree, &here.key(key).to_path());
        let Some(items) = files.get(3).and_then(|found| found.node.as_sequence()) else { return Vec::new() };
        let mut found: Vec<InFile<'_>> = Vec::new();
        for (at, item) in items.iter().enumerate().rev() {
            let Some(read) = self.read(item) else { continue };
            let file = read.path.as_path();
            if let Some((_, value, line)) = read.assignments.iter().rev().find(|(set, _, _)| set == name) {
                let asked = read.uses.iter().filter(|used| used.sets == *name && used.line == *line);
                found.push(InFile {
                    file: if file.starts_with(self.cwd) { self.shown(file) } else { file_name(file) },
                    line: *line,
                    value: value.clone(),
                    key,
                    named: item.get("path").map_or(item.span, |path| path.span),
                    wins: false,
                    uses: asked.map(|used| self.use_in_file(used, key, service, items, at)).collect(),
                });
            }
        }
        // What the service itself says wins, even when it has no value to give.
        let own = lookup::trail(self.tree, path).len() == path.0.len() + 1;
        if let Some(first) = found.first_mut() {
            first.wins = !own;
        }
        found
    }

    /// What was read of a file that an item names.
    fn read(&self, item: &Node) -> Option<&'a VariableFile> {
        let written = item.as_str().or_else(|| item.get("path")?.as_str())?;
        self.provenance.variable_files.iter().find(|read| read.path.as_os_str() == written)
    }

    /// Who gave a variable its value that a line of the service's file asks for, the `at`th of its list: as
    /// [`crate::model::resolve`] looks it up.
    fn use_in_file(
        &self,
        used: &Use,
        key: &str,
        service: &str,
        items: &'a [Node],
        at: usize,
    ) -> VariableUse<'a> {
        let given = match key {
            "env_file" => self.of_project(&used.name).or_else(|| self.of_service(service, &used.name)),
            _ => None,
        };
        // The lines above it in the file, then the files before it.
        let of_files = || {
            let files =
                items[..=at].iter().enumerate().rev().filter_map(|(n, item)| Some((n, self.read(item)?)));
            let mut lines = files.filter_map(|(n, read)| {
                let above = |line: usize| n < at || line < used.line;
                let mut set = read.assignments.iter().rev();
                let (_, value, line) = set.find(|(name, _, line)| *name == used.name && above(*line))?;
                Some((value.clone(), Giver::Line(&read.path, *line)))
            });
            lines.next()
        };
        let given = given.or_else(of_files);
        VariableUse {
            name: used.name.clone(),
            value: given.as_ref().map(|(value, _)| value.clone()),
            origin: given.map(|(_, giver)| giver),
            took_word: used.took_word,
            span: Span::NONE,
        }
    }

    fn of_project(&self, name: &str) -> Option<(String, Giver<'a>)> {
        let variable = self.loaded.located.as_ref()?.environment.variable(name)?;
        Some((variable.value.clone(), Giver::Origin(&variable.origin)))
    }

    /// What the service's own `environment` says.
    fn of_service(&self, service: &str, name: &str) -> Option<(String, Giver<'a>)> {
        let (services, environment) = (PathRef::Root.key("services"), "environment");
        let path = services.key(service).key(environment).key(name).to_path();
        let found = lookup::trail(self.tree, &path).get(path.0.len()).copied()?;
        let text = scalar::text_of(found.node)?;
        // An item of a list has its name before it; alone it has no value.
        let value = match found.key {
            Some(_) => text.as_str(),
            None => text.strip_prefix(name)?.strip_prefix('=')?,
        };
        Some((value.to_owned(), Giver::Service(found.node.span)))
    }
}
