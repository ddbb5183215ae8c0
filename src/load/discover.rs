//! From the command line's options to the files, the directory, the environment and the name of a project.
//!
//! In: a [`Request`], and [`Files`] to look at. Out: a [`Located`], with every file's text in the source
//! map. The order of the steps decides which variable wins; it is that of the reference.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::base::ProjectName;
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::load::dotenv;
use crate::load::env::{self, Environment, Origin};
use crate::load::files::{self, Files};
use crate::load::name::{self, NameRules, NameSource};
use crate::load::remote::{self, RemoteSource};
use crate::yaml::Node;

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
    let mut search = Search::new(request, files, remote, diags)?;
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
    let Search { mut environment, exported, env_files, files: chosen, .. } = search;

    let compose_files: Vec<ComposeFile> =
        chosen.iter().filter_map(|chosen| open(chosen, request, files, sources, diags)).collect();
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

/// The variables of the process with the `COMPOSE_*` variables that environment files add to them, for
/// commands that go by a project's name and need no file.
pub fn process_environment(request: &Request, files: &dyn Files, diags: &mut Diagnostics) -> Environment {
    // As in `locate`, remote files leave the process as it is; and nothing is fetched for this.
    if request.files.iter().any(|path| remote::is_remote(path)) {
        return request.os.clone();
    }
    match Search::new(request, files, None, diags) {
        Some(mut search) => {
            search.export_compose_variables();
            search.process
        }
        None => request.os.clone(),
    }
}

/// A file that was chosen, before it is read.
#[derive(Clone, Debug)]
struct Chosen {
    /// The absolute path, or `-`.
    path: PathBuf,
    /// As `COMPOSE_FILE` has it, when that chose it.
    from_variable: Option<String>,
    /// The reference, when this is the local copy of a remote file.
    remote: Option<String>,
}

impl Chosen {
    fn local(path: PathBuf) -> Chosen {
        Chosen { path, from_variable: None, remote: None }
    }

    fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }
}

/// Reads a chosen file into the source map.
fn open(
    chosen: &Chosen,
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
                _ => with_near_file(finding, &chosen.path, request, files),
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

/// Adds the usual file that is there, when another was named.
fn with_near_file(finding: Diagnostic, path: &Path, request: &Request, files: &dyn Files) -> Diagnostic {
    let directory = path.parent().unwrap_or(&request.cwd);
    let usual = FILE_NAMES.iter().map(|name| directory.join(name));
    match usual.filter(|usual| usual != path).find(|usual| files.is_file(usual)) {
        Some(usual) => finding.help(format!("there is {}", usual.display())),
        None => finding,
    }
}

/// The search, step by step.
struct Search<'a> {
    request: &'a Request,
    disk: &'a dyn Files,
    remote: Option<&'a dyn RemoteSource>,
    diags: &'a mut Diagnostics,
    /// The process's variables with the exported ones.
    process: Environment,
    environment: Environment,
    exported: Vec<(String, String)>,
    files: Vec<Chosen>,
    /// Whether the command line names a remote file.
    any_remote: bool,
    directory: Option<PathBuf>,
    explicit_env_files: Vec<PathBuf>,
    env_files: Vec<PathBuf>,
    /// Texts of environment files, which are read up to three times; `None` for one that can't be.
    texts: HashMap<PathBuf, Option<String>>,
}

impl<'a> Search<'a> {
    fn new(
        request: &'a Request,
        disk: &'a dyn Files,
        remote: Option<&'a dyn RemoteSource>,
        diags: &'a mut Diagnostics,
    ) -> Option<Search<'a>> {
        let absolute = |path: &str| files::absolute(&request.cwd, path);
        let old = request.workdir.as_deref().filter(|path| !path.is_empty());
        let new = request.project_directory.as_deref().filter(|path| !path.is_empty());
        if old.is_some() && new.is_some() {
            diags.push(Diagnostic::new(
                Code::FileUnreadable,
                Span::NONE,
                "cannot specify DEPRECATED \"--workdir\" and \"--project-directory\". Please use only \
                 \"--project-directory\" instead",
            ));
            return None;
        }
        let mut search = Search {
            request,
            disk,
            remote,
            process: request.os.clone(),
            environment: request.os.clone(),
            exported: Vec::new(),
            files: Vec::new(),
            any_remote: request.files.iter().any(|path| remote::is_remote(path)),
            directory: new.or(old).map(absolute),
            explicit_env_files: Vec::new(),
            env_files: Vec::new(),
            texts: HashMap::new(),
            diags,
        };
        search.choose_env_files();
        for path in &request.files {
            let chosen = search.choose(path);
            search.files.extend(chosen);
        }
        // Files were named, but none can be had: nothing else may take their place.
        (request.files.is_empty() || !search.files.is_empty()).then_some(search)
    }

    /// A file that the user named; a remote one is fetched. `None` when it can't be, which was told.
    fn choose(&mut self, written: &str) -> Option<Chosen> {
        match remote::fetch(written, &self.request.os, self.remote, Span::NONE) {
            Some(Ok(path)) => Some(Chosen { remote: Some(written.to_owned()), ..Chosen::local(path) }),
            Some(Err(finding)) => {
                self.diags.push(*finding);
                None
            }
            None if written == "-" => Some(Chosen::local(PathBuf::from("-"))),
            None => Some(Chosen::local(files::absolute(&self.request.cwd, written))),
        }
    }

    fn choose_env_files(&mut self) {
        let from_variable;
        let written: &[String] = if self.request.env_files.is_empty() {
            let value = self.request.os.get("COMPOSE_ENV_FILES").unwrap_or_default();
            from_variable =
                value.split(',').filter(|path| !path.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            &from_variable
        } else {
            &self.request.env_files
        };
        self.explicit_env_files = written
            .iter()
            .map(|path| match (path.strip_prefix('~'), self.disk.home()) {
                (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                    files::absolute(&home, rest.trim_start_matches('/'))
                }
                _ => files::absolute(&self.request.cwd, path),
            })
            .collect();
    }

    /// The directory that gives the name and has the `.env`, as far as it is known. With a remote file in
    /// front that is the user's: where the copy lies is no concern of theirs.
    fn start(&self) -> PathBuf {
        if let Some(directory) = &self.directory {
            return directory.clone();
        }
        let first = self.files.iter().find(|file| !file.is_stdin());
        let parent = first.filter(|file| file.remote.is_none()).and_then(|file| file.path.parent());
        parent.unwrap_or(&self.request.cwd).to_owned()
    }

    /// The directory that relative paths start from. The first remote file brings its own, wherever it
    /// stands among the files, as in the reference.
    fn working_dir(&self) -> PathBuf {
        let remote = self.files.iter().find(|file| file.remote.is_some()).and_then(|file| file.path.parent());
        match (&self.directory, remote) {
            (None, Some(parent)) => parent.to_owned(),
            _ => self.start(),
        }
    }

    /// `COMPOSE_*` variables of environment files count as variables of the process from the start.
    fn export_compose_variables(&mut self) {
        if self.any_remote {
            return;
        }
        for (name, value, origin) in self.env_file_variables(&self.process.clone()) {
            if name.starts_with("COMPOSE_") && self.process.add(&name, &value, origin.clone()) {
                self.environment.set(&name, &value, origin);
                self.exported.push((name, value));
            }
        }
    }

    /// Adds the variables of the environment files that the directory known now has.
    fn read_env_files(&mut self) {
        for (name, value, origin) in self.env_file_variables(&self.environment.clone()) {
            self.environment.add(name, value, origin);
        }
    }

    /// The environment files that count now; the outcome of an earlier look stays when there is no default.
    fn current_env_files(&mut self) -> Vec<PathBuf> {
        if !self.explicit_env_files.is_empty() {
            return self.explicit_env_files.clone();
        }
        if let Some(value) = self.process.get("COMPOSE_DISABLE_ENV_FILE") {
            match env::parse_bool(value) {
                Ok(true) => return Vec::new(),
                Ok(false) => {}
                Err(error) => {
                    let finding = Diagnostic::new(Code::EnvFile, Span::NONE, error.to_string())
                        .help("COMPOSE_DISABLE_ENV_FILE takes `true` or `false`");
                    self.diags.push(finding);
                    return Vec::new();
                }
            }
        }
        let default = self.start().join(".env");
        if self.disk.exists(&default) && !self.disk.is_dir(&default) { vec![default] } else { Vec::new() }
    }

    /// The variables of the environment files: later files win, and see those of earlier ones.
    fn env_file_variables(&mut self, current: &Environment) -> Vec<(String, String, Origin)> {
        let mut merged: indexmap::IndexMap<String, (String, Origin)> = indexmap::IndexMap::new();
        for path in self.current_env_files() {
            let Some(text) = self.env_file_text(&path) else { continue };
            let lookup = |name: &str, here: Option<&str>| {
                let earlier = || merged.get(name).map(|(value, _)| value.as_str());
                current.get(name).or(here).or_else(earlier).map(str::to_owned)
            };
            match dotenv::read(&text, &lookup) {
                Ok(parsed) => {
                    for (name, line) in parsed.unset {
                        self.diags.push(dotenv::unset(&name, &path, line));
                    }
                    for (name, value, line) in parsed.assignments {
                        let origin = Origin::File { path: path.clone(), line };
                        merged.insert(name, (value, origin));
                    }
                }
                Err(error) => {
                    let message = format!("failed to read {}: {error}", path.display());
                    self.diags.push(Diagnostic::new(Code::EnvFile, Span::NONE, message));
                }
            }
        }
        merged.into_iter().map(|(name, (value, origin))| (name, value, origin)).collect()
    }

    fn env_file_text(&mut self, path: &Path) -> Option<String> {
        if let Some(known) = self.texts.get(path) {
            return known.clone();
        }
        let shown = path.display();
        let text = match self.disk.read(path) {
            Ok(bytes) => files::decode(bytes).map_err(|error| format!("failed to read {shown}: {error}")),
            Err(error) => Err(match error.kind() {
                std::io::ErrorKind::NotFound => format!("couldn't find env file: {shown}"),
                std::io::ErrorKind::IsADirectory => format!("{shown} is a directory"),
                _ => format!("open {shown}: {}", files::reason(&error)),
            }),
        };
        let text = match text {
            Ok(text) => {
                self.env_files.push(path.to_owned());
                Some(text)
            }
            Err(message) => {
                self.diags.push(Diagnostic::new(Code::EnvFile, Span::NONE, message));
                None
            }
        };
        self.texts.insert(path.to_owned(), text.clone());
        text
    }

    /// `COMPOSE_FILE` chooses when the command line doesn't; an empty value is a choice too, of nothing.
    /// `false` when it names remote files only and none can be had: nothing else may take their place.
    fn files_from_variable(&mut self) -> bool {
        if !self.files.is_empty() {
            return true;
        }
        let Some(value) = self.environment.get("COMPOSE_FILE").map(str::to_owned) else { return true };
        let written: Vec<String> = match self.environment.get_full("COMPOSE_PATH_SEPARATOR") {
            Some(separator) => value.split(separator).map(str::to_owned).collect(),
            // The usual separator is also a part of remote references: a single one stands for itself.
            None if remote::is_remote(&value) => vec![value],
            None => value.split(if cfg!(windows) { ';' } else { ':' }).map(str::to_owned).collect(),
        };
        for written in written {
            let chosen = self.choose(&written);
            self.files.extend(chosen.map(|chosen| Chosen { from_variable: Some(written), ..chosen }));
        }
        !self.files.is_empty()
    }

    /// Looks for the usual names, in the working directory and upwards.
    fn files_by_discovery(&mut self) {
        if !self.files.is_empty() {
            return;
        }
        let start = self.start();
        for directory in start.ancestors() {
            let Some(found) = self.pick(directory, &FILE_NAMES, "config") else { continue };
            let over = self.pick(directory, &OVERRIDE_NAMES, "override");
            self.files = [Some(found), over].into_iter().flatten().map(Chosen::local).collect();
            return;
        }
    }

    /// The preferred of the files with these names that are there, with a warning when there are several.
    fn pick(&mut self, directory: &Path, names: &[&str], what: &str) -> Option<PathBuf> {
        let found: Vec<PathBuf> =
            names.iter().map(|name| directory.join(name)).filter(|path| self.disk.exists(path)).collect();
        let first = found.first()?.clone();
        if found.len() > 1 {
            let all: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
            let message = format!("Found multiple {what} files with supported names: {}", all.join(", "));
            let finding = Diagnostic::new(Code::SeveralConfigFiles, Span::NONE, message);
            self.diags.push(finding.help(format!("Using {}", first.display())));
        }
        Some(first)
    }

    fn profiles(&self) -> Vec<String> {
        if !self.request.profiles.is_empty() {
            return self.request.profiles.clone();
        }
        let value = self.environment.get("COMPOSE_PROFILES").unwrap_or_default();
        value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests;
