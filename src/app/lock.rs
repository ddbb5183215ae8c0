//! One writer at a time: the lock that a command holds while it changes a project.
//!
//! Two commands that change one project at once would each carry out a plan for a state that the other one is
//! changing. So whatever writes takes the lock of (engine, project) first: [`converge`](super::converge::converge)
//! asks for it as an argument. Readers never do.
//!
//! The lock is an advisory lock (`flock`) on a file in a directory of the user's own. The kernel gives it up
//! with the process, so a killed run holds up nobody. It cannot reach further than the user's processes on this
//! machine: where another user, machine or program changes the project, `converge` looks and plans again.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{CancelStage, Session};
use crate::base::ProjectName;
use crate::event::{Event, Level, short_duration};

/// How often a lock that is held is tried again.
const RETRY: Duration = Duration::from_millis(25);
/// How many tries a holder has to write down who it is.
const UNNAMED_TRIES: usize = 20;
/// Characters of the project's name in the name of a lock file: the rest of it is in the digest.
const NAME_IN_FILE: usize = 60;

/// Where locks are kept, and what happens when one is held.
#[derive(Clone, Debug)]
pub struct LockOptions {
    /// Directories for lock files, the best first: the first one that can be used is. Each belongs to the user
    /// alone and is created when it is missing. Without any there is no lock.
    pub directories: Vec<PathBuf>,
    /// Whether a lock that is held is waited for; otherwise it is an error.
    pub wait: bool,
}

impl LockOptions {
    /// No lock: for engines that nobody else can change.
    pub fn none() -> LockOptions {
        LockOptions { directories: Vec::new(), wait: true }
    }
}

/// The command that holds a lock, as it wrote itself down in the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The project.
    pub project: String,
    /// The engine, by [`System::identity`](crate::engine::System::identity).
    pub engine: String,
    /// Its process.
    pub pid: u32,
    /// Its name: `up`.
    pub command: String,
    /// Since when it holds the lock, in milliseconds since 1970.
    pub since_ms: u64,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = Duration::from_millis(now_ms().saturating_sub(self.since_ms));
        write!(f, "rcompose {} (pid {}, since {})", self.command, self.pid, short_duration(held))
    }
}

/// Why a command may not write.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another command holds the lock, and it is not to be waited for.
    #[error("not waiting for {holder}, which is changing project \"{project}\"")]
    Held {
        /// The project.
        project: ProjectName,
        /// Who holds it, in words.
        holder: String,
    },
    /// The user cancelled while the lock was waited for.
    #[error("cancelled")]
    Cancelled,
}

/// Why a directory cannot hold locks.
#[derive(Debug, thiserror::Error)]
enum DirectoryError {
    #[error("{}: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    #[error("{} belongs to another user (uid {uid})", path.display())]
    NotOurs { path: PathBuf, uid: u32 },
    #[error("{} is open to other users (mode {mode:o}, should be 700)", path.display())]
    Open { path: PathBuf, mode: u32 },
}

/// The right to change a project; given back when it is dropped.
#[derive(Debug)]
#[must_use = "the lock is held as long as this value lives"]
pub struct ProjectLock(Option<Locked>);

#[derive(Debug)]
struct Locked {
    file: File,
    path: PathBuf,
}

impl ProjectLock {
    /// Whether other commands are kept away; not so where no directory could hold the lock.
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Removed while the lock is still held: who has opened it sees that it is no longer the file of that
        // name. It may be another one already where somebody has cleaned up the directory.
        if is_at(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Takes the lock of a project for a command of this name (`up`). While another command holds it, says so at once
/// and waits, unless the session's options forbid it. A directory that cannot be used is a warning: the command
/// goes on without a lock.
pub async fn acquire(
    session: &Session,
    project: &ProjectName,
    command: &str,
) -> Result<ProjectLock, LockError> {
    let options = &session.lock;
    if options.directories.is_empty() {
        return Ok(ProjectLock(None));
    }
    let engine = session.engine.identity();
    let path = match usable_directory(&options.directories) {
        Ok(directory) => directory.join(file_name(&engine, project)),
        Err(error) => return Ok(without_lock(session, project, &error)),
    };
    let me = |now: u64| Holder {
        project: project.to_string(),
        engine: engine.clone(),
        pid: std::process::id(),
        command: command.to_owned(),
        since_ms: now,
    };
    let mut announced: Option<Holder> = None;
    let mut unnamed = 0;
    loop {
        let holder = match try_lock(&path) {
            Ok(Try::Locked(file)) => {
                let locked = Locked { file, path };
                // Who waits learns less when this fails, and nothing else.
                let _ = write_down(&locked.file, &me(now_ms()));
                return Ok(ProjectLock(Some(locked)));
            }
            Ok(Try::Held(holder)) => holder,
            Err(cause) => {
                return Ok(without_lock(session, project, &DirectoryError::Io { path, cause }));
            }
        };
        unnamed = if holder.is_some() { 0 } else { unnamed + 1 };
        // A command may be about to write itself down.
        if holder.is_some() || unnamed == UNNAMED_TRIES {
            let words =
                holder.as_ref().map_or_else(|| "another rcompose command".to_owned(), Holder::to_string);
            if !options.wait {
                return Err(LockError::Held { project: project.clone(), holder: words });
            }
            if announced != holder || holder.is_none() {
                let text = format!("waiting for {words}");
                session.events.send(Event::Message { level: Level::Info, text });
                announced = holder;
            }
        }
        tokio::select! {
            () = session.cancel.reached(CancelStage::Graceful) => return Err(LockError::Cancelled),
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}

/// Warns that nothing keeps other commands away.
fn without_lock(session: &Session, project: &ProjectName, error: &DirectoryError) -> ProjectLock {
    let text = format!(
        "cannot lock project \"{project}\" against other rcompose commands, going on without: {error}"
    );
    session.events.send(Event::Message { level: Level::Warning, text });
    ProjectLock(None)
}

/// The first directory that is there, or can be made, and that nobody else can write to.
fn usable_directory(directories: &[PathBuf]) -> Result<&Path, DirectoryError> {
    let mut first_error = None;
    for path in directories {
        match make_private(path) {
            Ok(()) => return Ok(path),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| DirectoryError::NotADirectory(PathBuf::new())))
}

/// Makes a directory for this user alone, or sees that it is one. In a directory that others can write to they
/// may have been faster: with a link to elsewhere, or with one of their own.
fn make_private(path: &Path) -> Result<(), DirectoryError> {
    let failed = |cause| DirectoryError::Io { path: path.to_owned(), cause };
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let found: Metadata = std::fs::symlink_metadata(path).map_err(failed)?;
    let mode = found.mode() & 0o777;
    if !found.is_dir() {
        Err(DirectoryError::NotADirectory(path.to_owned()))
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        Err(DirectoryError::NotOurs { path: path.to_owned(), uid: found.uid() })
    } else if mode & 0o077 != 0 {
        Err(DirectoryError::Open { path: path.to_owned(), mode })
    } else {
        Ok(())
    }
}

/// One file for each project of each engine.
fn file_name(engine: &str, project: &ProjectName) -> String {
    let digest = Sha256::digest(format!("{engine}\n{project}"));
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name: String = project.as_str().chars().take(NAME_IN_FILE).collect();
    format!("{name}-{digest}.lock")
}

enum Try {
    Locked(File),
    /// By whom, when it is written down.
    Held(Option<Holder>),
}

fn try_lock(path: &Path) -> io::Result<Try> {
    let no_links = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(no_links);
        let file = options.open(path)?;
        match file.try_lock() {
            // The holder before may have removed the file between our opening and locking it.
            Ok(()) if is_at(&file, path) => return Ok(Try::Locked(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Try::Held(read_holder(&file))),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Whether a path leads to an open file.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

fn write_down(mut file: &File, holder: &Holder) -> io::Result<()> {
    let text = serde_json::to_vec(holder)?;
    // What a killed run left.
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)
}

fn read_holder(mut file: &File) -> Option<Holder> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
