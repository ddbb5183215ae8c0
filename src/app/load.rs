//! From files to a project: the first half of the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::hidden;
use crate::base::ServiceName;
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::graph::Graph;
use crate::load::discover::{Located, Request, locate};
use crate::load::document::Parsed;
use crate::load::dotenv;
use crate::load::files::{self, Files};
pub use crate::load::pipeline::Reading;
use crate::load::pipeline::{self, Input};
use crate::load::provenance::{Provenance, VariableFile};
use crate::model::select::Along;
use crate::model::{self, EnvFile, Project};
use crate::yaml::{Node, PathRef};

/// What to load, and how far.
#[derive(Clone, Debug)]
pub struct LoadRequest {
    /// Files, directory, environment, name, profiles.
    pub request: Request,
    /// Services the command names; empty for all.
    pub services: Vec<String>,
    /// What comes along with them.
    pub along: Along,
    /// Whether variables are replaced.
    pub interpolate: bool,
    /// Whether the tree is bound to types.
    pub bind: bool,
    /// Whether defaults, names and implicit dependencies are filled in.
    pub normalize: bool,
    /// Whether paths become absolute.
    pub resolve_paths: bool,
    /// Whether the schema is asked.
    pub validate: bool,
    /// Whether the parts are checked against each other.
    pub consistency: bool,
    /// Whether container names may be taken once only. The reference asks where the project is printed or made.
    pub container_names: bool,
    /// Whose `env_file` entries are read.
    pub env_files: EnvFiles,
    /// Whether networks, volumes, configs and secrets without a user stay.
    pub keep_unused: bool,
    /// Whether findings may repeat values of variables and secrets.
    pub show_values: bool,
}

/// Whose `env_file` entries are read; a missing file of any other service is no error. Label files are read
/// for every service that is on, as in the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvFiles {
    /// Nobody's.
    None,
    /// Those of the services the command acts on.
    Selected,
    /// Those of the services with these names.
    Named(Vec<String>),
    /// Those of every service that is on, whichever are selected.
    All,
}

impl LoadRequest {
    /// Everything, as commands that act need it.
    pub fn full(request: Request, services: Vec<String>) -> LoadRequest {
        LoadRequest {
            request,
            services,
            along: Along::Dependencies,
            interpolate: true,
            bind: true,
            normalize: true,
            resolve_paths: true,
            validate: true,
            consistency: true,
            container_names: true,
            env_files: EnvFiles::Selected,
            keep_unused: false,
            show_values: false,
        }
    }
}

/// What came of it. Findings stand beside the result: with errors among them, nothing may be done.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every text that was read.
    pub sources: SourceMap,
    /// Everything found, sorted by place.
    pub findings: Diagnostics,
    /// Where the project was found.
    pub located: Option<Located>,
    /// The canonical tree: what `config --no-interpolate` prints.
    pub tree: Option<Arc<Node>>,
    /// The project, as far as it could be read.
    pub project: Option<Project>,
}

/// Loads a project from local files alone. Blocking: it reads files.
pub fn load(wanted: &LoadRequest, files: &dyn Files) -> Loaded {
    load_with(wanted, Reading { files, remote: None })
}

/// Loads a project, remote files included where the source is given. Blocking: it reads files, and fetches.
pub fn load_with(wanted: &LoadRequest, reading: Reading<'_>) -> Loaded {
    run(wanted, reading, None)
}

/// Loads a project, and records where its values come from. That costs time and memory, so only those
/// use it who explain.
pub fn load_recorded(wanted: &LoadRequest, reading: Reading<'_>) -> (Loaded, Provenance) {
    let mut log = Provenance::default();
    let loaded = run(wanted, reading, Some(&mut log));
    (loaded, log)
}

fn run(wanted: &LoadRequest, reading: Reading<'_>, mut log: Option<&mut Provenance>) -> Loaded {
    let Reading { files, remote } = reading;
    let mut loaded = Loaded::default();
    let Loaded { sources, findings, .. } = &mut loaded;
    let mut parsed = if log.is_some() { Parsed::with_aliases() } else { Parsed::new() };
    let located = locate(&wanted.request, files, remote, sources, findings, &mut |file, text, findings| {
        parsed.names(file, text, findings)
    });
    if let Some(located) = &located {
        let input = Input {
            files: &located.files,
            working_dir: &located.working_dir,
            environment: &located.environment,
            name: &located.name,
            options: pipeline::Options {
                interpolate: wanted.interpolate,
                normalize: wanted.normalize,
                resolve_paths: wanted.resolve_paths,
                validate: wanted.validate,
            },
        };
        let record = log.as_deref_mut();
        let tree =
            pipeline::compose_tree(input, reading, Some(parsed), record, sources, findings).map(Arc::new);
        if let Some(tree) = tree.as_ref().filter(|_| wanted.bind) {
            let mut later = Diagnostics::new();
            let project = bind(wanted, located, tree, files, log, (sources, &mut later));
            findings.absorb(later);
            loaded.project = Some(project);
        }
        loaded.tree = tree;
    }
    if let Some(located) = located.as_ref().filter(|_| !wanted.show_values && !loaded.findings.is_empty()) {
        let value = |name: &str| located.environment.get(name).map(str::to_owned);
        let hidden = hidden::values(&loaded.sources, &value, loaded.project.as_ref());
        hidden::findings(&mut loaded.findings, &loaded.sources, &value, &hidden);
    }
    loaded.located = located;
    let directory = wanted.request.cwd.to_string_lossy();
    loaded.sources.relative_to(&directory);
    loaded.findings.relative_to(&directory);
    loaded.findings.sort();
    loaded.findings.fold_copies();
    loaded.findings.name_causes(&loaded.sources);
    loaded.findings.name_unset(&loaded.sources);
    loaded
}

/// Binds the tree to types, selects, checks and completes it.
fn bind(
    wanted: &LoadRequest,
    located: &Located,
    tree: &Arc<Node>,
    files: &dyn Files,
    mut log: Option<&mut Provenance>,
    (sources, findings): (&mut SourceMap, &mut Diagnostics),
) -> Project {
    let mut project = model::decode(tree, findings);
    project.name = located.name.to_string();
    project.working_dir.clone_from(&located.working_dir);
    project.compose_files = located.files.iter().map(|file| file.path.clone()).collect();
    project.environment = located
        .environment
        .iter()
        .map(|(name, variable)| (name.to_owned(), variable.value.clone()))
        .collect();
    model::select::profiles(&mut project, &located.profiles);
    if wanted.consistency {
        model::check::consistency(&project, findings);
        report_cycles(&project, findings);
        model::resolve::replicas(&mut project);
    }
    model::check::swarm_only(&project, findings);
    let mut within = Diagnostics::new();
    let mut read = |file: &EnvFile, lookup: model::resolve::Lookup<'_>| {
        let dotenv::Parsed { assignments, uses, .. } =
            read_variables(files, file, lookup, (sources, &mut within))?;
        if let Some(log) = log.as_deref_mut() {
            let path = PathBuf::from(&file.path);
            log.variable_files.push(VariableFile { path, assignments: assignments.clone(), uses });
        }
        Ok(assignments.into_iter().map(|(name, value, _)| (name, value)).collect())
    };
    match &wanted.env_files {
        EnvFiles::All => model::resolve::env_files(&mut project, |_| true, &mut read, findings),
        EnvFiles::Named(names) => {
            let named = |name: &str| names.iter().any(|known| known == name);
            model::resolve::env_files(&mut project, named, &mut read, findings);
        }
        EnvFiles::None | EnvFiles::Selected => {}
    }
    model::resolve::label_files(&mut project, &mut read, findings);
    model::select::services(&mut project, &wanted.services, wanted.along, findings);
    if matches!(wanted.env_files, EnvFiles::Selected | EnvFiles::All) {
        // With `All` these are those that only their being named has switched on.
        model::resolve::env_files(&mut project, |_| true, &mut read, findings);
    }
    findings.absorb(within);
    if wanted.consistency && wanted.container_names {
        model::check::container_names(&project, findings);
    }
    if !wanted.keep_unused {
        model::select::drop_unused(&mut project);
    }
    project
}

/// Links of a circle that are shown where they stand.
const SHOWN: usize = 10;

/// Dependency circles among services that are on.
fn report_cycles(project: &Project, findings: &mut Diagnostics) {
    let graph = Graph::new(
        project
            .services
            .values()
            .map(|service| (service.name.as_str(), service.workload.depends_on.keys().map(String::as_str))),
    );
    for circle in graph.cycles() {
        let mut names: Vec<&str> = circle.iter().map(ServiceName::as_str).collect();
        names.extend(names.first().copied());
        let place = |from: &str, to: &str| {
            let service = project.services.get(from);
            service.map_or(Span::NONE, |s| s.origins.key(PathRef::Root.key("depends_on").key(to)))
        };
        let mut finding = Diagnostic::new(
            Code::DependencyCycle,
            place(names[0], names[1]),
            format!("dependency cycle detected: {}", names.join(" -> ")),
        )
        .at(["services", names[0], "depends_on"])
        .help("take one of these dependencies out: none of the services could ever start");
        for pair in names.windows(2).skip(1).take(SHOWN) {
            finding = finding.label(place(pair[0], pair[1]), format!("{} waits for {}", pair[0], pair[1]));
        }
        findings.push(finding);
    }
}

/// Reads an `env_file` or `label_file`. What is found in it beside the first mistake goes to the diagnostics given.
fn read_variables(
    files: &dyn Files,
    file: &EnvFile,
    lookup: model::resolve::Lookup<'_>,
    (sources, within): (&mut SourceMap, &mut Diagnostics),
) -> Result<dotenv::Parsed, Box<Diagnostic>> {
    let path = Path::new(&file.path);
    let finding = |message: String| Diagnostic::new(Code::EnvFile, Span::NONE, message);
    if !files.exists(path) {
        if !file.required {
            return Ok(dotenv::Parsed::default());
        }
        let message = format!("env file {0} not found: stat {0}: no such file or directory", file.path);
        return Err(Box::new(finding(message).help("create it, or mark it with `required: false`")));
    }
    // The reference refuses other bytes in a raw file alone.
    let is_raw = file.format.as_deref() == Some("raw");
    let (text, lossy) = match is_raw {
        true => (files::read_text(files, path, &file.path)?, false),
        false => files::read_lossy(files, path, &file.path)?,
    };
    let parsed = match file.format.as_deref() {
        None | Some("") => dotenv::read(&text, lookup).inspect(|parsed| {
            within.extend(dotenv::replacements(parsed, path, lossy));
            parsed.unset.iter().for_each(|(name, line)| within.push(dotenv::unset(name, path, *line)));
        }),
        Some("raw") => dotenv::parse_raw(&text, lookup)
            .map(|assignments| dotenv::Parsed { assignments, ..dotenv::Parsed::default() }),
        Some(other) => return Err(Box::new(finding(format!("unsupported env_file format \"{other}\"")))),
    };
    parsed.map_err(|mistakes| {
        let mut all = dotenv::findings(&mistakes, &text, &file.path, sources).into_iter();
        let first = all.next().unwrap_or_else(|| finding(format!("failed to read {}", file.path)));
        within.extend(all);
        Box::new(first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::files::MapFiles;

    /// What is found when a command names these services.
    fn found(services: &[&str]) -> Vec<Code> {
        let text = "services:\n  web: {image: a}\n  other: {image: a, env_file: missing.env}\n";
        let files = MapFiles::new().with("/p/compose.yaml", text);
        let request = Request { cwd: "/p".into(), ..Request::default() };
        let services = services.iter().map(|name| (*name).to_owned()).collect();
        let loaded = load(&LoadRequest::full(request, services), &files);
        loaded.findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_missing_env_file_is_an_error_for_those_who_take_part() {
        assert_eq!(found(&["web"]), []);
        assert_eq!(found(&["other"]), [Code::EnvFile]);
        assert_eq!(found(&[]), [Code::EnvFile]);
    }
}
