//! What there is to tell of one value.

use std::path::Path as FilePath;

use super::in_files::InFile;
use super::lookup;
use super::origins::{Giver, VariableUse};
use super::{Explainer, Fact, FactKind};
use crate::diag::Span;
use crate::load::env::Origin;
use crate::load::implied::implied;
use crate::load::name::NameSource;
use crate::load::paths::is_path;
use crate::load::provenance::contains;
use crate::yaml::{Found, Kind, Node, Path, Segment};

/// The facts of a value, in the order they are told.
#[derive(Default)]
pub(super) struct Facts(Vec<Fact>);

impl Facts {
    pub(super) fn push(&mut self, kind: FactKind, words: impl Into<String>, span: Span) -> &mut Fact {
        let at = self.0.len();
        self.0.push(Fact { kind, words: words.into(), span, line: None, variable: None, value: None });
        &mut self.0[at]
    }

    fn rule(&mut self, words: impl Into<String>) {
        self.push(FactKind::Rule, words, Span::NONE);
    }
}

impl Explainer<'_> {
    /// The place that wrote a value, and what there is to tell of it.
    pub(super) fn facts(&self, path: &Path, value: &Node, is_printed: bool) -> (Span, Vec<Fact>) {
        let mut facts = Facts::default();
        let trail = lookup::trail(self.tree, path);
        let whole = trail.len() == path.0.len() + 1;
        let in_files = self.in_variable_files(path);
        let own = trail
            .last()
            .filter(|_| whole)
            .filter(|found| !(in_files.iter().any(|file| file.wins) && found.node.is_null()));
        let span = match (own, in_files.iter().find(|file| file.wins)) {
            (Some(found), _) => place(found),
            (None, Some(file)) => file.named,
            (None, None) => Span::NONE,
        };
        match own {
            Some(found) => {
                self.variables(found.node, &mut facts);
                self.brought(path, found.node.span, &mut facts);
                self.rules(path, &trail, value, &mut facts);
            }
            None => self.not_in_tree(path, &trail, &in_files, &mut facts),
        }
        self.shadows(path, &trail, &mut facts);
        for file in in_files.iter().filter(|file| !file.wins) {
            let words = match own {
                Some(_) => format!(
                    "takes the place of the one in {}: `environment` wins over `env_file`",
                    file.shown()
                ),
                None => format!("takes the place of the one in {}: later files win", file.shown()),
            };
            let fact = facts.push(FactKind::Shadows, words, Span::NONE);
            fact.line = Some((file.file.clone(), file.line));
            fact.value = Some(file.value.clone());
        }
        if !is_printed {
            self.not_printed(path, &mut facts);
        }
        (span, facts.0)
    }

    /// The variables in a value.
    fn variables(&self, node: &Node, facts: &mut Facts) {
        if matches!(node.kind, Kind::Mapping(_) | Kind::Sequence(_)) {
            return;
        }
        self.uses_told(&self.uses(node), facts);
    }

    fn uses_told(&self, uses: &[VariableUse<'_>], facts: &mut Facts) {
        for used in uses {
            let place = match used.origin {
                Some(Giver::Service(span)) => span,
                _ => used.span,
            };
            let fact = facts.push(FactKind::Variable, self.words_of(used), place);
            fact.variable = Some(used.name.clone());
            fact.value.clone_from(&used.value);
            fact.line = used.origin.and_then(Giver::line).map(|(path, line)| (self.shown(path), line));
            if let Some(Giver::Origin(Origin::Os)) = used.origin {
                self.env_files_that_lost(&used.name, facts);
            }
        }
    }

    fn words_of(&self, used: &VariableUse<'_>) -> String {
        let name = &used.name;
        let who = match used.origin {
            Some(Giver::Origin(Origin::Os)) => "the environment of the process".to_owned(),
            Some(Giver::Origin(Origin::File { path, line })) => format!("{}, line {line}", self.shown(path)),
            Some(Giver::Line(path, line)) => format!("{}, line {line}", self.shown(path)),
            Some(Giver::Service(_)) => "the service's own `environment`".to_owned(),
            Some(Giver::Origin(Origin::Program)) => "rcompose itself".to_owned(),
            None if used.took_word => {
                return format!("`{name}` is not set: the default in the expression is used");
            }
            None => return format!("`{name}` is not set, and so it is blank"),
        };
        match &used.value {
            Some(value) if used.took_word && value.is_empty() => {
                format!("`{name}` is empty in {who}: the default in the expression is used")
            }
            Some(_) if used.took_word => {
                format!("`{name}` is set in {who}: the word behind the `+` is used")
            }
            Some(value) => format!("`{name}` is `{value}`, from {who}"),
            None => format!("`{name}` comes from {who}"),
        }
    }

    /// Lines of environment files that the environment of the process wins over. The files are few and
    /// short, and read anew only for this question.
    fn env_files_that_lost(&self, name: &str, facts: &mut Facts) {
        let Some(located) = &self.loaded.located else { return };
        for path in &located.env_files {
            let Some(text) = self.files.read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok())
            else {
                continue;
            };
            let lookup = |name: &str, _: Option<&str>| located.environment.get(name).map(str::to_owned);
            let parsed = crate::load::dotenv::parse(&text, &lookup).unwrap_or_default();
            for (_, value, line) in parsed.into_iter().filter(|(set, _, _)| set == name) {
                let shown = self.shown(path);
                let words = format!(
                    "`{name}` is set in {shown}, line {line}, too: the environment of the process wins"
                );
                let fact = facts.push(FactKind::Shadows, words, Span::NONE);
                fact.line = Some((shown, line));
                fact.variable = Some(name.to_owned());
                fact.value = Some(value);
            }
        }
    }

    /// What brought the value here: an alias, `extends`, `include`.
    fn brought(&self, path: &Path, span: Span, facts: &mut Facts) {
        let homes = self.homes(path);
        let inside = |whole: &Path, part: &Path| whole.0.starts_with(&part.0);
        for borrowed in &self.provenance.borrowed {
            if contains(borrowed.source, span) && homes.iter().any(|home| inside(home, &borrowed.path)) {
                let words = if borrowed.merge { "merged in here" } else { "the alias that brings it" };
                facts.push(FactKind::Alias, words, borrowed.alias);
            }
        }
        for extended in &self.provenance.extended {
            if contains(extended.source, span) && homes.iter().any(|home| inside(home, &extended.to)) {
                let from = extended.from.0.last().map(|segment| match segment {
                    Segment::Key(key) => key.as_str(),
                    Segment::Index(_) => "",
                });
                let words = format!("taken over from `{}`, which is extended here", from.unwrap_or_default());
                facts.push(FactKind::Extends, words, extended.named);
            }
        }
        let mut file = span.file;
        let mut seen = Vec::new();
        while let Some((_, named)) = self.provenance.included.iter().find(|(included, _)| *included == file) {
            if seen.contains(&file) {
                break;
            }
            seen.push(file);
            facts.push(FactKind::Include, "its file is included here", *named);
            file = named.file;
        }
    }

    /// The rules that made the value of what is written.
    fn rules(&self, path: &Path, trail: &[Found<'_>], value: &Node, facts: &mut Facts) {
        let [.., parent, found] = trail else { return };
        let node = found.node;
        if !node.span.is_some() {
            if path.0 == [Segment::Key("name".to_owned())] {
                return facts.rule(self.name_rule());
            }
            if let Some(words) = path.with_ref(implied) {
                return facts.rule(words);
            }
        }
        if let Some(name) = self.filled(path, node) {
            let variable =
                self.loaded.located.as_ref().and_then(|located| located.environment.variable(name));
            let used = VariableUse {
                name: name.to_owned(),
                value: variable.map(|variable| variable.value.clone()),
                origin: variable.map(|variable| Giver::Origin(&variable.origin)),
                took_word: false,
                span: Span::NONE,
            };
            let from = match variable {
                Some(_) => self.words_of(&used),
                None => format!("`{name}` comes from an environment of its file's own"),
            };
            let fact = facts.push(FactKind::Variable, format!("written without a value: {from}"), Span::NONE);
            fact.variable = Some(name.to_owned());
            fact.value = used.value;
            return;
        }
        let written = self.written(node.span);
        let shares = node.span.is_some() && parent.node.span == node.span;
        if shares && let Some(written) = written {
            facts.rule(format!("the short form `{written}`, written out"));
        }
        let text = node.as_str();
        if let (Some(text), Some(written)) = (text, written)
            && text.starts_with('/')
            && !written.starts_with(['/', '$'])
            && path.with_ref(is_path)
        {
            let base = self.loaded.located.as_ref().map(|located| located.working_dir.display().to_string());
            facts.rule(format!("a relative path starts from {}", base.unwrap_or_default()));
        }
        if matches!(node.kind, Kind::String(_)) && matches!(value.kind, Kind::Sequence(_)) {
            facts.rule("one line is split into the words of a list");
        }
        if node.is_null() && path_is(path, "environment") {
            facts.rule("named without a value, and nothing gives it one");
        }
    }

    /// Who gave the project its name.
    pub(super) fn name_rule(&self) -> String {
        let source = self.loaded.located.as_ref().map(|located| &located.name_source);
        match source {
            Some(NameSource::Flag) => "the project's name is that of `--project-name`".to_owned(),
            Some(NameSource::Variable(Origin::File { path, line })) => {
                format!("the project's name is COMPOSE_PROJECT_NAME of {}, line {line}", self.shown(path))
            }
            Some(NameSource::Variable(_)) => {
                "the project's name is COMPOSE_PROJECT_NAME of the environment".to_owned()
            }
            Some(NameSource::File(_)) => "the project's name is that of a file".to_owned(),
            Some(NameSource::Directory) | None => {
                "without a name of its own, a project is called after its directory".to_owned()
            }
        }
    }

    /// Values that are printed and stand in no Compose file.
    fn not_in_tree(&self, path: &Path, trail: &[Found<'_>], in_files: &[InFile<'_>], facts: &mut Facts) {
        if let Some(file) = in_files.iter().find(|file| file.wins) {
            let words = format!("set in {}, which `{}` names here", file.shown(), file.key);
            let fact = facts.push(FactKind::EnvFile, words, file.named);
            fact.line = Some((file.file.clone(), file.line));
            self.uses_told(&file.uses, facts);
            // What brought the list of files brought the value.
            let services = path.0.iter().take(2).cloned();
            let list = Path(services.chain([Segment::Key(file.key.to_owned())]).collect());
            self.brought(&list, file.named, facts);
            return;
        }
        if path_ends(path, &["deploy", "replicas"]) {
            return facts.rule("`scale` is carried over to a `deploy` that is there");
        }
        // The nearest thing around it that is written says the rest.
        let around = trail.iter().rev().find(|found| place(found).is_some());
        let span = around.map_or(Span::NONE, place);
        facts.push(FactKind::Rule, "made of what is written here", span);
    }

    /// Why something of the files is not in the project that is printed.
    fn not_printed(&self, path: &Path, facts: &mut Facts) {
        let Some(project) = &self.loaded.project else { return };
        let [Segment::Key(section), Segment::Key(name), rest @ ..] = path.0.as_slice() else { return };
        let key = match rest.first() {
            Some(Segment::Key(key)) => key.as_str(),
            _ => "",
        };
        let off = project.disabled_services.contains_key(name.as_str())
            || project.disabled_jobs.contains_key(name.as_str());
        match section.as_str() {
            "services" | "jobs" if off => facts.rule(format!("`{name}` is switched off, and not printed")),
            "services" if key == "env_file" => facts.rule("read into `environment`, and not printed itself"),
            "networks" | "volumes" | "configs" | "secrets" | "models" => {
                facts.rule(format!("no service uses `{name}`: it is not printed"));
            }
            _ => {}
        }
    }

    /// The name of a variable that is written without a value and has one of the environment.
    pub(super) fn filled<'p>(&self, path: &'p Path, node: &Node) -> Option<&'p str> {
        let (Segment::Key(name), true) =
            (path.0.last()?, path_is(path, "environment") || path_is(path, "args"))
        else {
            return None;
        };
        let text = node.as_str()?;
        let written = self.written(node.span).unwrap_or_default();
        let bare = match text.strip_prefix(name.as_str()) {
            Some(rest) if rest.starts_with('=') => written == name,
            _ => node.span.is_some() && !text.is_empty() && matches!(written.trim(), "" | "~" | "null"),
        };
        bare.then_some(name.as_str())
    }
}

/// The place of a value, or of its key where it has none.
pub(super) fn place(found: &Found<'_>) -> Span {
    match found.key {
        Some(key) if !found.node.span.is_some() || found.node.span.start == found.node.span.end => key.span,
        _ => found.node.span,
    }
}

/// Whether a path stands right below a key.
fn path_is(path: &Path, key: &str) -> bool {
    path.0.iter().rev().nth(1) == Some(&Segment::Key(key.to_owned()))
}

fn path_ends(path: &Path, keys: &[&str]) -> bool {
    path.0.len() >= keys.len()
        && path.0[path.0.len() - keys.len()..]
            .iter()
            .zip(keys)
            .all(|(segment, key)| matches!(segment, Segment::Key(text) if text == key))
}

/// The name of a file without its directories.
pub(super) fn file_name(path: &FilePath) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
