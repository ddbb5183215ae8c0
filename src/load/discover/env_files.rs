//! The environment files of the search: which count, and what they add.

use std::path::{Path, PathBuf};

use super::search::Search;
use crate::diag::{Code, Diagnostic, Span};
use crate::load::dotenv;
use crate::load::env::{self, Environment, Origin};
use crate::load::files;

impl Search<'_> {
    /// The environment files that the user names.
    pub fn choose_env_files(&mut self) {
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

    /// `COMPOSE_*` variables of environment files count as variables of the process from the start.
    pub fn export_compose_variables(&mut self) {
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
    pub fn read_env_files(&mut self) {
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
            let (parsed, mistakes) = dotenv::read_all(&text, &lookup);
            if mistakes.is_empty() {
                let unset = parsed.unset.iter().map(|(name, line)| dotenv::unset(name, &path, *line));
                self.diags.extend(unset);
                self.diags.extend(dotenv::replacements(&parsed, &path, self.lossy.contains(&path)));
            } else {
                let name = path.display().to_string();
                self.diags.extend(dotenv::findings(&mistakes, &text, &name, self.sources));
                self.environment.mark_incomplete();
            }
            for (name, value, line) in parsed.assignments {
                let origin = Origin::File { path: path.clone(), line };
                merged.insert(name, (value, origin));
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
            Ok(bytes) => match files::decode_lossy(bytes) {
                Ok((text, lossy)) => {
                    if lossy {
                        self.lossy.insert(path.to_owned());
                    }
                    Ok(text)
                }
                Err(error) => Err(format!("failed to read {shown}: {error}")),
            },
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
                self.environment.mark_incomplete();
                None
            }
        };
        self.texts.insert(path.to_owned(), text.clone());
        text
    }
}
