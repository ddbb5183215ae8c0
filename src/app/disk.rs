//! The real file system behind the loader's [`Files`].

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

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

/// How long to wait for somebody to write to a pipe.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens a file to read. A named pipe that nobody writes to is an error, where plainly opening it would wait
/// for ever; the pipes of a shell's `<(command)` have their writer.
fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let by_shell = ["/dev/", "/proc/"].iter().any(|place| path.starts_with(place));
    if by_shell || !std::fs::metadata(path)?.file_type().is_fifo() {
        return Ok(Box::new(File::open(path)?));
    }
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let mut pipe = File::options().read(true).custom_flags(flags).open(path)?;
    let patience = Instant::now() + PATIENCE;
    let mut first = vec![0];
    loop {
        match pipe.read(&mut first) {
            // An end at once: nobody has the other side open.
            Ok(0) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(10)),
            Ok(0) => return Err(io::Error::other("nothing writes to this pipe")),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                first.clear();
                break;
            }
            Err(error) => return Err(error),
        }
    }
    rustix::fs::fcntl_setfl(&pipe, OFlags::empty())?;
    Ok(Box::new(io::Cursor::new(first).chain(pipe)))
}

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // A device or pipe without end must not fill the memory: one byte more than the limit tells.
        let mut bytes = Vec::new();
        open(path)?.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_read_while_somebody_writes_and_else_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let disk = Disk::default();
        let refused = disk.read(&path).unwrap_err();
        assert_eq!(refused.to_string(), "nothing writes to this pipe");
        let writer = std::thread::spawn({
            let path = path.clone();
            move || std::fs::write(path, "A=1\nB=2\n").unwrap()
        });
        assert_eq!(disk.read(&path).unwrap(), b"A=1\nB=2\n");
        writer.join().unwrap();
    }

    #[test]
    fn a_device_without_end_is_read_to_the_limit() {
        assert_eq!(Disk::default().read(Path::new("/dev/zero")).unwrap().len(), MAX_TEXT + 1);
    }
}
