//! Which files the project has and where it is: named, from `COMPOSE_FILE`, or found.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::{FILE_NAMES, OVERRIDE_NAMES, Request};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::load::env::Environment;
use crate::load::files::{self, Files};
use crate::load::remote::{self, RemoteSource};

/// A file that was chosen, before it is read.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// The absolute path, or `-`.
    pub path: PathBuf,
    /// As `COMPOSE_FILE` has it, when that chose it.
    pub from_variable: Option<String>,
    /// The reference, when this is the local copy of a remote file.
    pub remote: Option<String>,
}

impl Chosen {
    fn local(path: PathBuf) -> Chosen {
        Chosen { path, from_variable: None, remote: None }
    }

    pub fn is_stdin(&self) -> bool {
        self.path == Path::new("-")
    }
}

/// The search, step by step.
pub(super) struct Search<'a> {
    pub request: &'a Request,
    pub disk: &'a dyn Files,
    remote: Option<&'a dyn RemoteSource>,
    /// Knows the environment files that have mistakes.
    pub sources: &'a mut SourceMap,
    pub diags: &'a mut Diagnostics,
    /// The process's variables with the exported ones.
    pub process: Environment,
    pub environment: Environment,
    pub exported: Vec<(String, String)>,
    pub files: Vec<Chosen>,
    /// Whether the command line names a remote file.
    pub any_remote: bool,
    directory: Option<PathBuf>,
    pub explicit_env_files: Vec<PathBuf>,
    pub env_files: Vec<PathBuf>,
    /// Texts of environment files, which are read up to three times; `None` for one that can't be.
    pub texts: HashMap<PathBuf, Option<String>>,
    /// The environment files with bytes that are not UTF-8.
    pub lossy: HashSet<PathBuf>,
}

impl<'a> Search<'a> {
    pub fn new(
        request: &'a Request,
        disk: &'a dyn Files,
        remote: Option<&'a dyn RemoteSource>,
        sources: &'a mut SourceMap,
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
            lossy: HashSet::new(),
            sources,
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

    /// The directory that gives the name and has the `.env`, as far as it is known. With a remote file in
    /// front that is the user's: where the copy lies is no concern of theirs.
    pub fn start(&self) -> PathBuf {
        if let Some(directory) = &self.directory {
            return directory.clone();
        }
        let first = self.files.iter().find(|file| !file.is_stdin());
        let parent = first.filter(|file| file.remote.is_none()).and_then(|file| file.path.parent());
        parent.unwrap_or(&self.request.cwd).to_owned()
    }

    /// The directory that relative paths start from. The first remote file brings its own, wherever it
    /// stands among the files, as in the reference.
    pub fn working_dir(&self) -> PathBuf {
        let remote = self.files.iter().find(|file| file.remote.is_some()).and_then(|file| file.path.parent());
        match (&self.directory, remote) {
            (None, Some(parent)) => parent.to_owned(),
            _ => self.start(),
        }
    }

    /// `COMPOSE_FILE` chooses when the command line doesn't; an empty value is a choice too, of nothing.
    /// `false` when it names remote files only and none can be had: nothing else may take their place.
    pub fn files_from_variable(&mut self) -> bool {
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
    pub fn files_by_discovery(&mut self) {
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

    /// The active profiles: those of the command line, else those of the variable. As in the reference an unset
    /// or empty variable, and an empty part of it, switches on the profile with the empty name.
    pub fn profiles(&self) -> Vec<String> {
        if !self.request.profiles.is_empty() {
            return self.request.profiles.clone();
        }
        let value = self.environment.get("COMPOSE_PROFILES").unwrap_or_default();
        value.split(',').map(|name| name.trim().to_owned()).collect()
    }
}
