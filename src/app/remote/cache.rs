//! Where fetched files are kept: one directory for each commit or digest, only the user's own to read.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// What the name of an unfinished directory begins with.
const UNFINISHED: &str = ".part-";

/// After this long an unfinished directory belongs to a run that was killed.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory of fetched trees, each named by the hash of its content: what is there is complete and
/// never changes.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    root: PathBuf,
}

impl Cache {
    pub(super) fn new(root: PathBuf) -> Cache {
        Cache { root }
    }

    /// The tree of that name, when it is there.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        Some(self.root.join(name)).filter(|path| path.is_dir())
    }

    /// A directory to fill. It goes when it is dropped, unless it was kept.
    pub(super) fn begin(&self) -> io::Result<TempDir> {
        create_private(&self.root)?;
        self.sweep();
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        builder.tempdir_in(&self.root)
    }

    /// Gives a filled directory its name. Another run may have been faster: then its tree, which is the
    /// same, stays.
    pub(super) fn keep(&self, filled: TempDir, name: &str) -> io::Result<PathBuf> {
        let target = self.root.join(name);
        match std::fs::rename(filled.path(), &target) {
            Ok(()) => {
                // It has moved: nothing is left to remove.
                let _ = filled.keep();
                Ok(target)
            }
            Err(_) if target.is_dir() => Ok(target),
            Err(error) => Err(error),
        }
    }

    /// Removes what killed runs left. Whatever can't be removed now can be later.
    fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(&self.root) else { return };
        for entry in entries.flatten() {
            let unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let made = entry.metadata().and_then(|metadata| metadata.modified());
            let age = made.ok().and_then(|made| SystemTime::now().duration_since(made).ok());
            if unfinished && age.is_some_and(|age| age > ABANDONED) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Makes a directory, and those above it, that only its owner can read. One that is there stays as it is.
fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_there_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::new(root.path().join("deep/cache"));
        drop(cache.begin().unwrap());
        assert_eq!(std::fs::read_dir(root.path().join("deep/cache")).unwrap().count(), 0);
        assert_eq!(cache.find("abc"), None);

        let filled = cache.begin().unwrap();
        std::fs::write(filled.path().join("compose.yaml"), "a").unwrap();
        let kept = cache.keep(filled, "abc").unwrap();
        assert_eq!(cache.find("abc").as_ref(), Some(&kept));
        assert_eq!(std::fs::read_to_string(kept.join("compose.yaml")).unwrap(), "a");

        let slower = cache.begin().unwrap();
        std::fs::write(slower.path().join("compose.yaml"), "a").unwrap();
        assert_eq!(cache.keep(slower, "abc").unwrap(), kept);
        assert_eq!(std::fs::read_dir(root.path().join("deep/cache")).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::new(root.path().join("cache"));
        let filled = cache.begin().unwrap();
        let kept = cache.keep(filled, "abc").unwrap();
        for path in [root.path().join("cache"), kept] {
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700, "{path:?}");
        }
    }

    #[test]
    fn what_a_killed_run_left_goes_after_a_day() {
        let root = tempfile::tempdir().unwrap();
        let age = |name: &str, old: bool| {
            let path = root.path().join(name);
            std::fs::create_dir(&path).unwrap();
            let time = SystemTime::now() - if old { ABANDONED * 2 } else { Duration::ZERO };
            std::fs::File::open(&path).unwrap().set_modified(time).unwrap();
            path
        };
        let (old, young, kept) = (age(".part-old", true), age(".part-young", false), age("abc", true));
        let _filled = Cache::new(root.path().to_owned()).begin().unwrap();
        assert_eq!((old.exists(), young.exists(), kept.exists()), (false, true, true));
    }
}
