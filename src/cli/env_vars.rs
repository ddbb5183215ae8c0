//! The process's environment: read here, once, and nowhere else.

use std::path::PathBuf;

use super::complete;
use crate::app::env::{self, Environment};

/// The process as a command sees it.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its variables; those that are not Unicode are left out.
    pub environment: Environment,
    /// Its directory.
    pub cwd: PathBuf,
    /// The user's home directory.
    pub home: Option<PathBuf>,
}

impl Process {
    /// Reads it. The directory is the one the shell calls it (`PWD`) when both are the same place.
    pub fn read() -> std::io::Result<Process> {
        let variables: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let environment = Environment::from_os(variables);
        let real = std::env::current_dir()?;
        let named = environment.get("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
        let cwd = match named {
            Some(named) if same_place(&named, &real) => named,
            _ => real,
        };
        let home = environment.get_full("HOME").map(PathBuf::from);
        Ok(Process { environment, cwd, home })
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.environment.get_full(name)
    }

    /// Directories of this user alone for what lives as long as a process, the best first: the one of the login
    /// session, which may also be there for processes outside of it (cron), and one for temporary files.
    pub fn runtime_directories(&self) -> Vec<PathBuf> {
        let uid = rustix::process::geteuid().as_raw();
        let named = self.get("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let usual = Some(PathBuf::from(format!("/run/user/{uid}"))).filter(|path| path.is_dir());
        let temporary = self.get("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let mut found: Vec<PathBuf> =
            named.into_iter().chain(usual).map(|path| path.join("rcompose")).collect();
        found.dedup();
        found.push(temporary.join(format!("rcompose-{uid}")));
        found
    }

    /// Whether the terminal, if there is one, knows colours and cursor movements. On Unix one that doesn't has
    /// `dumb` or nothing as its `TERM`.
    pub fn terminal_is_capable(&self) -> bool {
        self.get("TERM").map_or(cfg!(windows), |kind| kind != "dumb")
    }

    /// Whether a switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(env::is_truthy)
    }
}

/// The socket of the docker client that runs this program as a plugin.
pub fn plugin_socket() -> Option<String> {
    std::env::var("DOCKER_CLI_PLUGIN_SOCKET").ok().filter(|address| !address.is_empty())
}

/// Whether a script of `rcompose completion` asks for candidates, and for which word.
pub struct Completion {
    /// The index of the word, where the shell tells it.
    pub index: Option<usize>,
}

impl Completion {
    /// What the script has set; `None` for every other run.
    pub fn read() -> Option<Completion> {
        std::env::var_os(complete::VARIABLE).filter(|shell| !shell.is_empty())?;
        let index = std::env::var(complete::INDEX).ok().and_then(|index| index.parse().ok());
        Some(Completion { index })
    }
}

fn same_place(a: &std::path::Path, b: &std::path::Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
