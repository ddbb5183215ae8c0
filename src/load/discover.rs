//! From the command line's options to the files, the directory, the environment and the name of a project.
//!
//! In: a [`Request`], and [`Files`] to look at. Out: a [`Located`], with every file's text in the source
//! map. The order of the steps decides which variable wins; it is that of the reference.

mod env_files;
mod search;

use std::path::{Path, PathBuf};

use crate::base::ProjectName;
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::load::env::{Environment, Origin};
use crate::load::files::{self, Files};
use crate::load::name::{self, NameRules, NameSource};
use crate::load::remote::RemoteSource;
use crate::yaml::Node;
use search::{Chosen, Search};

/// Names of Compose files, the preferred first.
pub const FILE_NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Names of files that are laid over a found Compose file, the preferred first.
pub const OVERRIDE_NAMES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What the command line and the process say about the project.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `--file`, in order.
    pub files: Vec<String>,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// `--project-directory`.
    pub project_directory: Option<String>,
    /// `--workdir`, the old word for `--project-directory`.
    pub workdir: Option<String>,
    /// `--env-file`, in order; without any, `COMPOSE_ENV_FILES` counts.
    pub env_files: Vec<String>,
    /// `--profile`, in order; without any, `COMPOSE_PROFILES` counts.
    pub profiles: Vec<String>,
    /// The directory of the process, as `PWD` has it when that means the same directory.
    pub cwd: PathBuf,
    /// The environment of the process.
    pub os: Environment,
    /// `--no-interpolate`.
    pub no_interpolate: bool,
    /// `--no-normalize`.
    pub no_normalize: bool,
}

/// One of the project's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeFile {
    /// Where it is; `-` for standard input.
    pub path: PathBuf,
    /// What people call it: the absolute path, or `-`.
    pub name: String,
    /// Its text in the source map.
    pub file: FileId,
}

/// A project that was found.
#[derive(Clone, Debug)]
pub struct Located {
    /// The files, in the order they are merged. Those that can't be read are missing, with a finding.
    pub files: Vec<ComposeFile>,
    /// The reference of the first file, when that is a remote one.
    pub remote: Option<String>,
    /// The directory that relative paths start from.
    pub working_dir: PathBuf,
    /// The variables for interpolation, with `COMPOSE_PROJECT_NAME`.
    pub environment: Environment,
    /// The name; when the wanted one is refused, one to go on with.
    pub name: ProjectName,
    /// Who gave the name.
    pub name_source: NameSource,
    /// The active profiles.
    pub profiles: Vec<String>,
    /// The environment files that were read.
    pub env_files: Vec<PathBuf>,
    /// The `COMPOSE_*` variables that environment files add to those of the process.
    pub exported: Vec<(String, String)>,
}

/// Hands over the top-level `name` values of a text's documents; the caller parses, and may keep what it
/// parsed for later.
pub type NamesOf<'a> = &'a mut dyn FnMut(FileId, &str, &mut Diagnostics) -> Vec<Node>;

/// Finds the project. `None` when there is nothing to go on with; the reason is among the findings.
pub fn locate(
    request: &Request,
    files: &dyn Files,
    remote: Option<&dyn RemoteSource>,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
    names_of: NamesOf<'_>,
) -> Option<Located> {
    let mut search = Search::new(request, files, remote, sources, diags)?;
    search.export_compose_variables();
    search.environment.add("PWD", request.cwd.to_string_lossy(), Origin::Program);
    search.read_env_files();
    if !search.files_from_variable() {
        return None;
    }
    search.files_by_discovery();
    search.read_env_files();
    if search.files.is_empty() {
        let finding =
            Diagnostic::new(Code::NoConfigFile, Span::NONE, "no configuration file provided: not found");
        search.diags.push(finding.help(format!(
            "put a {} into {} or name a file with `-f`",
            FILE_NAMES[0],
            search.start().display()
        )));
        let Search { environment, diags, .. } = search;
        name::from_outside(request.project_name.as_deref(), &environment, diags);
        return None;
    }
    let profiles = search.profiles();
    let (start, working_dir) = (search.start(), search.working_dir());
    let Search { mut environment, exported, env_files, files: chosen, sources, diags, .. } = search;

    let variable = environment.variable("COMPOSE_FILE").map(|variable| variable.origin.clone());
    let compose_files: Vec<ComposeFile> = chosen
        .iter()
        .filter_map(|chosen| open(chosen, variable.as_ref(), request, files, sources, diags))
        .collect();
    let outside = name::from_outside(request.project_name.as_deref(), &environment, diags);
    let named = outside.or_else(|| {
        let mut names = Vec::new();
        for file in &compose_files {
            let text = sources.get(file.file).map(|source| source.text.clone()).unwrap_or_default();
            names.extend(names_of(file.file, &text, diags));
        }
        let rules = NameRules { interpolate: !request.no_interpolate, normalize: !request.no_normalize };
        name::from_files(names, rules, &environment, sources, diags)
    });
    let (name, name_source) = named.unwrap_or_else(|| {
        // A file that couldn't be read may have a name: then there is no fault to find with the directory's.
        let mut unheard = Diagnostics::new();
        let all_read = compose_files.len() == chosen.len();
        name::from_directory(&start, files, if all_read { diags } else { &mut unheard })
    });
    environment.set("COMPOSE_PROJECT_NAME", name.as_str(), Origin::Program);
    Some(Located {
        files: compose_files,
        remote: chosen.into_iter().next().and_then(|first| first.remote),
        working_dir,
        environment,
        name,
        name_source,
        profiles,
        env_files,
        exported,
    })
}

/// Reads a chosen file into the source map. `variable` is where `COMPOSE_FILE` was set.
fn open(
    chosen: &Chosen,
    variable: Option<&Origin>,
    request: &Request,
    files: &dyn Files,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Option<ComposeFile> {
    let name = chosen.path.display().to_string();
    let bytes = if chosen.is_stdin() { files.stdin() } else { files.read(&chosen.path) };
    let text = match bytes {
        Ok(bytes) => files::decode(bytes).map_err(|error| Box::new(files::undecodable(&name, &error))),
        Err(error) => {
            let reason = match (error.kind(), &chosen.from_variable) {
                (std::io::ErrorKind::IsADirectory, _) => format!("{name} is a directory"),
                (_, Some(_)) => format!("stat {name}: {}", files::reason(&error)),
                (_, None) => format!("open {name}: {}", files::reason(&error)),
            };
            let message = match &chosen.from_variable {
                Some(written) => format!(
                    "compose file \"{written}\" set by COMPOSE_FILE environment variable is invalid: {reason}"
                ),
                None => format!("compose file \"{name}\" is invalid: {reason}"),
            };
            let finding = Diagnostic::new(Code::FileUnreadable, Span::NONE, message);
            Err(Box::new(match &chosen.from_variable {
                Some(written) if written.is_empty() => {
                    finding.help("COMPOSE_FILE is set but has an empty entry: unset it")
                }
                Some(written) => {
                    let finding = with_start(finding, written, variable, request, files);
                    with_near_file(finding, &chosen.path, request, files)
                }
                None => with_near_file(finding, &chosen.path, request, files),
            }))
        }
    };
    match text {
        Ok(text) => {
            let file = sources.add(name.clone(), text);
            Some(ComposeFile { path: chosen.path.clone(), name, file })
        }
        Err(finding) => {
            diags.push(*finding);
            None
        }
    }
}

/// Says where the paths of `COMPOSE_FILE` start, when an environment file of another directory has set it: not there,
/// as in the reference.
fn with_start(
    finding: Diagnostic,
    written: &str,
    variable: Option<&Origin>,
    request: &Request,
    files: &dyn Files,
) -> Diagnostic {
    let Some(Origin::File { path, line }) = variable else { return finding };
    let Some(directory) = path.parent().filter(|directory| **directory != request.cwd) else {
        return finding;
    };
    let finding = finding.help(format!(
        "{}:{line} sets it; its paths start from the current directory, {}",
        path.display(),
        request.cwd.display()
    ));
    let there = files::absolute(directory, written);
    if files.is_file(&there) { finding.help(format!("there is {}", there.display())) } else { finding }
}

/// Adds the usual file that is there, when another was named.
fn with_near_file(finding: Diagnostic, path: &Path, request: &Request, files: &dyn Files) -> Diagnostic {
    let directory = path.parent().unwrap_or(&request.cwd);
    let usual = FILE_NAMES.iter().map(|name| directory.join(name));
    match usual.filter(|usual| usual != path).find(|usual| files.is_file(usual)) {
        Some(usual) => finding.help(format!("there is {}", usual.display())),
        None => finding,
    }
}

#[cfg(test)]
mod tests;
