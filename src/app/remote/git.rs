//! Files of a git repository, through the git program.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::cache::Cache;
use crate::load::discover::FILE_NAMES;
use crate::load::env::Environment;
use crate::load::remote::{GitReference, RemoteError, shown};

/// Variables that point git at a repository of the caller's, as hooks have them. They must not reach it:
/// it would work there instead of in the clone.
const ELSEWHERE: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// The git program of this machine.
#[derive(Debug)]
pub(super) struct Git<'a> {
    /// The process's variables, which git inherits.
    environment: &'a Environment,
}

/// A reference as people know it, for messages.
struct Wanted<'a> {
    /// Without a password.
    written: String,
    reference: &'a GitReference,
}

impl Git<'_> {
    pub(super) fn new(environment: &Environment) -> Git<'_> {
        Git { environment }
    }

    /// Brings the reference's file here. A commit that is there already is not asked for again.
    pub(super) fn fetch(
        &self,
        cache: &Cache,
        written: &str,
        reference: &GitReference,
    ) -> Result<PathBuf, RemoteError> {
        let wanted = Wanted { written: shown(written), reference };
        if let Some(subdir) = &reference.subdir {
            stays_inside(subdir)?;
        }
        let commit = self.resolve(&wanted)?;
        if let Some(checksum) = &reference.checksum
            && !commit.starts_with(checksum.as_str())
        {
            return Err(RemoteError::new(format!(
                "{} is commit {commit}, which doesn't begin with the checksum {checksum}",
                wanted.written
            )));
        }
        let tree = match cache.find(&commit) {
            Some(tree) => tree,
            None => self.clone(cache, &wanted, &commit)?,
        };
        file_in(&tree, &wanted)
    }

    /// The commit a reference names now. A full hash needs no asking.
    fn resolve(&self, wanted: &Wanted<'_>) -> Result<String, RemoteError> {
        let version = wanted.reference.version.as_deref().unwrap_or("HEAD");
        if is_commit(version) {
            return Ok(version.to_owned());
        }
        let remote = &wanted.reference.remote;
        let names = candidates(version);
        let mut command = self.command();
        command.args(["ls-remote", "--exit-code", "--", remote]).args(&names);
        let output = run(command)?;
        match output.status.code() {
            Some(0) => {}
            // The repository answered: nothing there has such a name.
            Some(2) => return Err(unknown(wanted, version)),
            _ => {
                let (at, words) = (shown(remote), words(&output));
                return Err(RemoteError::new(format!("failed to access repository at {at}: {words}"))
                    .help("git runs without questions here: it needs its credentials set up"));
            }
        }
        let listing = String::from_utf8_lossy(&output.stdout);
        let found = names.iter().find_map(|name| {
            let line =
                listing.lines().find_map(|line| line.strip_suffix(name.as_str())?.strip_suffix('\t'))?;
            Some(line.to_owned())
        });
        let commit = found.ok_or_else(|| unknown(wanted, version))?;
        match is_commit(&commit) {
            true => Ok(commit),
            false => Err(RemoteError::new(format!("{}: invalid commit sha \"{commit}\"", shown(remote)))),
        }
    }

    /// Fetches one commit without its history.
    fn clone(&self, cache: &Cache, wanted: &Wanted<'_>, commit: &str) -> Result<PathBuf, RemoteError> {
        let remote = &wanted.reference.remote;
        let store = |error: std::io::Error| {
            RemoteError::new(format!("cannot keep what {} names: {error}", wanted.written))
        };
        let filled = cache.begin().map_err(store)?;
        let step = |arguments: &[&str]| -> Result<(), RemoteError> {
            let mut command = self.command();
            // No program of the machine's usual hooks runs for this.
            command.arg("-C").arg(filled.path()).args(["-c", "core.hooksPath=/dev/null"]).args(arguments);
            let output = run(command)?;
            match output.status.success() {
                true => Ok(()),
                false => {
                    let (at, words) = (shown(remote), words(&output));
                    Err(RemoteError::new(format!("failed to fetch {commit} from {at}: {words}")))
                }
            }
        };
        step(&["-c", "init.defaultBranch=main", "init", "--quiet", "--template="])?;
        // Straight from the address: kept as a remote, it would leave its password on the disk.
        step(&[
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--",
            remote,
            commit,
        ])?;
        step(&["-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit])?;
        cache.keep(filled, commit).map_err(store)
    }

    /// git, unable to ask anybody anything.
    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        let unset = |name: &str| self.environment.get_full(name).is_none();
        if unset("GIT_TERMINAL_PROMPT") {
            command.env("GIT_TERMINAL_PROMPT", "0");
        }
        if unset("GIT_SSH") && unset("GIT_SSH_COMMAND") && !self.configures_ssh() {
            command.env("GIT_SSH_COMMAND", "ssh -o ControlMaster=no -o BatchMode=yes");
        }
        command
    }

    /// Whether the user's configuration says how git calls ssh; a variable would win over it.
    fn configures_ssh(&self) -> bool {
        let mut command = Command::new("git");
        command.args(["config", "--get", "core.sshCommand"]).stdin(Stdio::null()).stderr(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    }
}

fn run(mut command: Command) -> Result<Output, RemoteError> {
    command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => RemoteError::new("the git program is not installed")
            .help("remote files in git repositories are fetched by git: install it"),
        _ => RemoteError::new(format!("git: {error}")),
    })
}

/// What git complained of.
fn words(output: &Output) -> String {
    let text: String = String::from_utf8_lossy(&output.stderr)
        .chars()
        // A server's words are passed on by git as they are: they must not steer the terminal.
        .filter(|c| *c == '\n' || !c.is_control())
        .collect();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { output.status.to_string() } else { lines.join("; ") }
}

fn unknown(wanted: &Wanted<'_>, version: &str) -> RemoteError {
    let error = RemoteError::new(format!("repository does not contain ref {}", wanted.written));
    let short = (4..40).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_hexdigit());
    match short {
        true => error.help("a commit takes its full hash of 40 digits"),
        false => error.help(format!("no branch or tag is called \"{version}\"")),
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Full names that a short one can mean, the first that is there counts. A tag's own commit goes before
/// the tag's object.
fn candidates(version: &str) -> Vec<String> {
    if version == "HEAD" {
        return vec![version.to_owned()];
    }
    let mut names = vec![format!("refs/heads/{version}")];
    for tag in [format!("refs/tags/{version}"), version.to_owned(), format!("refs/{version}")] {
        names.push(format!("{tag}^{{}}"));
        names.push(tag);
    }
    names
}

/// Refuses paths that would leave the repository.
fn stays_inside(subdir: &str) -> Result<(), RemoteError> {
    let windows = subdir.as_bytes().get(1) == Some(&b':');
    let mut depth = 0_usize;
    for component in Path::new(subdir).components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir => {
                return Err(RemoteError::new(format!("git subdirectory path traversal detected: {subdir}")));
            }
            // A leading slash means the repository's own root.
            Component::RootDir => {}
            Component::Prefix(_) => depth += 1,
        }
    }
    match windows {
        true => Err(RemoteError::new(format!("git subdirectory must be relative, got: {subdir}"))),
        false => Ok(()),
    }
}

/// The Compose file that a reference names in a tree. Links may not lead out of it.
fn file_in(tree: &Path, wanted: &Wanted<'_>) -> Result<PathBuf, RemoteError> {
    let subdir = wanted.reference.subdir.as_deref().unwrap_or_default().trim_start_matches('/');
    let place = crate::load::files::absolute(tree, subdir);
    let missing =
        |what: &str| RemoteError::new(format!("{}: {what} is not in the repository", wanted.written));
    let real = |path: &Path| -> Result<PathBuf, RemoteError> {
        let real = path.canonicalize().map_err(|_| missing(&show(path, tree)))?;
        let root = tree.canonicalize().map_err(|error| RemoteError::new(error.to_string()))?;
        match real.starts_with(&root) && !real.starts_with(root.join(".git")) {
            true => Ok(real),
            false => Err(RemoteError::new(format!(
                "git subdirectory escapes base directory: {} in {}",
                show(path, tree),
                wanted.written
            ))),
        }
    };
    if !real(&place)?.is_dir() {
        return Ok(place);
    }
    let named = FILE_NAMES.iter().map(|name| place.join(name));
    match named.into_iter().find(|path| path.is_file()) {
        Some(file) => real(&file).map(|_| file),
        None => Err(missing(&format!("a Compose file ({})", FILE_NAMES.join(", ")))
            .help("name the file: `#REF:DIRECTORY/FILE`")),
    }
}

/// A path as the repository has it.
fn show(path: &Path, tree: &Path) -> String {
    let inside = path.strip_prefix(tree).unwrap_or(path);
    let inside = if inside.as_os_str() == OsStr::new("") { Path::new(".") } else { inside };
    inside.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subdirectory_stays_in_the_repository() {
        for inside in ["a", "a/b.yaml", "./a/../b", "/a", "a/.."] {
            assert_eq!(stays_inside(inside), Ok(()), "{inside}");
        }
        for outside in ["..", "../a", "a/../../b", "./..", "/../a", "c:\\x"] {
            assert!(stays_inside(outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn branches_go_before_tags_and_tags_before_other_names() {
        let names = candidates("v1");
        assert_eq!(names[..3], ["refs/heads/v1", "refs/tags/v1^{}", "refs/tags/v1"]);
        assert!(candidates("refs/pull/1/head").contains(&"refs/pull/1/head".to_owned()));
        assert!(candidates("pull/1/head").contains(&"refs/pull/1/head".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let root = tempfile::tempdir().unwrap();
        let tree = root.path().join("tree");
        std::fs::create_dir_all(tree.join("sub")).unwrap();
        std::fs::create_dir_all(tree.join(".git")).unwrap();
        std::fs::write(root.path().join("compose.yaml"), "").unwrap();
        std::fs::write(tree.join("sub/compose.yml"), "").unwrap();
        std::os::unix::fs::symlink("..", tree.join("out")).unwrap();
        std::os::unix::fs::symlink("sub", tree.join("link")).unwrap();
        std::os::unix::fs::symlink("../compose.yaml", tree.join("compose.yaml")).unwrap();
        let find = |subdir: &str| {
            let reference = GitReference { subdir: Some(subdir.to_owned()), ..GitReference::default() };
            file_in(&tree, &Wanted { written: "git://h/a".to_owned(), reference: &reference })
        };
        assert_eq!(find("sub"), Ok(tree.join("sub/compose.yml")));
        assert_eq!(find("link/"), Ok(tree.join("link/compose.yml")));
        assert_eq!(find("/sub/compose.yml"), Ok(tree.join("sub/compose.yml")));
        for bad in ["out", "", "compose.yaml", ".git", "none"] {
            assert!(find(bad).is_err(), "{bad}");
        }
        assert!(find("none").unwrap_err().message.ends_with("none is not in the repository"));
    }
}
