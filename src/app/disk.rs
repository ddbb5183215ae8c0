//! The real file system behind the loader's [`Files`].

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::load::files::{Files, MAX_TEXT};

/// The disk, the home directory it was told of, and standard input, which is read once.
#[derive(Debug, Default)]
pub struct Disk {
    home: Option<PathBuf>,
    stdin: Mutex<Option<Vec<u8>>>,
}

impl Disk {
    /// A disk with the user's home directory.
    pub fn new(home: Option<PathBuf>) -> Disk {
        Disk { home, stdin: Mutex::default() }
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // A device or pipe without end must not fill the memory: one byte more than the limit tells.
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        let mut kept = self.stdin.lock().map_err(|_| io::Error::other("standard input is in use"))?;
        if let Some(bytes) = kept.as_ref() {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::new();
        io::stdin().lock().take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
        *kept = Some(bytes.clone());
        Ok(bytes)
    }
}
