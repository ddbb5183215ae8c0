//! From files to a project: the first half of the program.

use std::path::Path;
use std::sync::Arc;

use crate::base::ServiceName;
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::graph::Graph;
use crate::load::discover::{Located, Request, locate};
use crate::load::document::Parsed;
use crate::load::dotenv;
use crate::load::files::{self, Files};
use crate::load::pipeline::{self, Input, Reading};
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
    /// Whether defaults, names and implicit dependencies are filled in.
    pub normalize: bool,
    /// Whether paths become absolute.
    pub resolve_paths: bool,
    /// Whether the schema is asked.
    pub validate: bool,
    /// Whether the parts are checked against each other.
    pub consistency: bool,
    /// Whether `env_file` and `label_file` are read.
    pub resolve_environment: bool,
    /// Whether networks, volumes, configs and secrets without a user stay.
    pub keep_unused: bool,
}

impl LoadRequest {
    /// Everything, as commands that act need it.
    pub fn full(request: Request, services: Vec<String>) -> LoadRequest {
        LoadRequest {
            request,
            services,
            along: Along::Dependencies,
            interpolate: true,
            normalize: true,
            resolve_paths: true,
            validate: true,
            consistency: true,
            resolve_environment: true,
            keep_unused: false,
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

/// Loads a project. Blocking: it reads files.
pub fn load(wanted: &LoadRequest, files: &dyn Files) -> Loaded {
    let mut loaded = Loaded::default();
    let Loaded { sources, findings, .. } = &mut loaded;
    let mut parsed = Parsed::new();
    let located = locate(&wanted.request, files, None, sources, findings, &mut |file, text, findings| {
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
        let reading = Reading { files, remote: None };
        let tree =
            pipeline::compose_tree(input, reading, Some(parsed), None, sources, findings).map(Arc::new);
        if let Some(tree) = tree.as_ref().filter(|_| wanted.interpolate) {
            let mut later = Diagnostics::new();
            let project = bind(wanted, located, tree, files, &mut later);
            findings.absorb(later);
            loaded.project = Some(project);
        }
        loaded.tree = tree;
    }
    loaded.located = located;
    loaded.sources.relative_to(&wanted.request.cwd.to_string_lossy());
    loaded.findings.sort();
    loaded.findings.fold_copies();
    loaded
}

/// Binds the tree to types, selects, checks and completes it.
fn bind(
    wanted: &LoadRequest,
    located: &Located,
    tree: &Arc<Node>,
    files: &dyn Files,
    findings: &mut Diagnostics,
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
    }
    model::check::swarm_only(&project, findings);
    model::resolve::replicas(&mut project);
    if wanted.resolve_environment {
        let mut read =
            |file: &EnvFile, lookup: model::resolve::Lookup<'_>| read_variables(files, file, lookup);
        model::resolve::env_files(&mut project, &mut read, findings);
        model::resolve::label_files(&mut project, &mut read, findings);
    }
    model::select::services(&mut project, &wanted.services, wanted.along, findings);
    if wanted.consistency {
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
        .at(format!("services.{}.depends_on", names[0]))
        .help("take one of these dependencies out: none of the services could ever start");
        for pair in names.windows(2).skip(1).take(SHOWN) {
            finding = finding.label(place(pair[0], pair[1]), format!("{} waits for {}", pair[0], pair[1]));
        }
        findings.push(finding);
    }
}

/// Reads an `env_file` or `label_file`.
fn read_variables(
    files: &dyn Files,
    file: &EnvFile,
    lookup: model::resolve::Lookup<'_>,
) -> Result<Vec<(String, String)>, Box<Diagnostic>> {
    let path = Path::new(&file.path);
    let finding = |message: String| Diagnostic::new(Code::EnvFile, Span::NONE, message);
    if !files.exists(path) {
        if !file.required {
            return Ok(Vec::new());
        }
        let message = format!("env file {0} not found: stat {0}: no such file or directory", file.path);
        return Err(Box::new(finding(message).help("create it, or mark it with `required: false`")));
    }
    let text = files::read_text(files, path, &file.path)?;
    let parsed = match file.format.as_deref() {
        None | Some("") => dotenv::parse(&text, lookup).map_err(|e| e.to_string()),
        Some("raw") => dotenv::parse_raw(&text, lookup).map_err(|e| e.to_string()),
        Some(other) => return Err(Box::new(finding(format!("unsupported env_file format \"{other}\"")))),
    };
    match parsed {
        Ok(variables) => Ok(variables.into_iter().map(|(name, value, _)| (name, value)).collect()),
        Err(cause) => Err(Box::new(finding(format!("failed to read {}: {cause}", file.path)))),
    }
}
