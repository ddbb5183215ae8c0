//! Files as the loader sees them: through a small blocking trait, so that a disk, a memory or a fetched
//! tree can stand behind it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::diag::{Code, Diagnostic, Span};

/// What the loader asks of a file system. Every path is absolute.
pub trait Files: Send + Sync {
    /// The whole content.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether there is a regular file, following links.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether there is a directory, following links.
    fn is_dir(&self, path: &Path) -> bool;

    /// Whether there is anything, following links.
    fn exists(&self, path: &Path) -> bool;

    /// The path without links.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;

    /// The user's home directory.
    fn home(&self) -> Option<PathBuf>;

    /// All of standard input.
    fn stdin(&self) -> io::Result<Vec<u8>>;
}

/// The largest file that is read as text.
pub const MAX_TEXT: usize = 64 << 20;

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Bytes that are not UTF-8 (or UTF-16 after its mark).
    #[error("line {line} is not valid {encoding}, at byte {offset}")]
    Encoding {
        /// The encoding in question.
        encoding: &'static str,
        /// The first bad byte, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// A NUL, which no text has.
    #[error("line {line} has a NUL byte, at byte {offset}: this is not a text file")]
    Nul {
        /// The byte, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// Too much to be a text people write.
    #[error("the file has {0} bytes, more than the {MAX_TEXT} that are read")]
    TooLarge(usize),
}

/// Turns bytes into text: UTF-8 with or without a byte order mark, or UTF-16 with one. The mark goes.
pub fn decode(bytes: Vec<u8>) -> Result<String, DecodeError> {
    if bytes.len() > MAX_TEXT {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ => utf8(bytes)?,
    };
    match text.find('\0') {
        Some(offset) => Err(DecodeError::Nul { offset, line: line_of(text.as_bytes(), offset) }),
        None => Ok(text),
    }
}

/// Like [`decode`], for environment files: a byte that is not UTF-8 becomes U+FFFD, as it does on the way of
/// the reference to the engine. Tells whether there was one.
pub fn decode_lossy(bytes: Vec<u8>) -> Result<(String, bool), DecodeError> {
    match decode(bytes.clone()) {
        Err(DecodeError::Encoding { encoding: "UTF-8", .. }) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Ok((decode(text.into_bytes())?, true))
        }
        other => other.map(|text| (text, false)),
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, DecodeError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        DecodeError::Encoding { encoding: "UTF-8", offset, line: line_of(error.as_bytes(), offset) }
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DecodeError> {
    let units = bytes.chunks(2).map(|pair| match *pair {
        [a, b] => unit([a, b]),
        // An odd byte at the end makes half a surrogate, which is refused below.
        _ => 0xd800,
    });
    let mut text = String::with_capacity(bytes.len());
    let mut offset = 2;
    for c in char::decode_utf16(units) {
        let Ok(c) = c else {
            let line = 1 + text.matches('\n').count();
            return Err(DecodeError::Encoding { encoding: "UTF-16", offset, line });
        };
        text.push(c);
        offset += 2 * c.len_utf16();
    }
    Ok(text)
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    1 + bytes[..offset.min(bytes.len())].iter().filter(|b| **b == b'\n').count()
}

/// The words of an operating system's error, as the reference prints them.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_lowercase()
        }
    }
}

/// Reads a file as text; `name` is what people call it.
pub fn read_text(files: &dyn Files, path: &Path, name: &str) -> Result<String, Box<Diagnostic>> {
    decode(read_bytes(files, path, name)?).map_err(|error| Box::new(undecodable(name, &error)))
}

/// Reads an environment file as text, as [`decode_lossy`] does.
pub fn read_lossy(files: &dyn Files, path: &Path, name: &str) -> Result<(String, bool), Box<Diagnostic>> {
    decode_lossy(read_bytes(files, path, name)?).map_err(|error| Box::new(undecodable(name, &error)))
}

fn read_bytes(files: &dyn Files, path: &Path, name: &str) -> Result<Vec<u8>, Box<Diagnostic>> {
    files.read(path).map_err(|error| {
        let verb = if error.kind() == io::ErrorKind::IsADirectory { "read" } else { "open" };
        let message = format!("{verb} {name}: {}", reason(&error));
        Box::new(Diagnostic::new(Code::FileUnreadable, Span::NONE, message))
    })
}

/// The finding for a file that is no text.
pub fn undecodable(name: &str, error: &DecodeError) -> Diagnostic {
    let code = match error {
        DecodeError::TooLarge(_) => Code::FileTooLarge,
        _ => Code::NotUtf8,
    };
    Diagnostic::new(code, Span::NONE, format!("{name}: {error}"))
}

/// A path made absolute against a directory, without `.` and `..`; links are not followed.
pub fn absolute(directory: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut out = PathBuf::new();
    for component in directory.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Files in memory, for tests. Directories are there when something is in them.
#[derive(Clone, Debug, Default)]
pub struct MapFiles {
    files: BTreeMap<PathBuf, Vec<u8>>,
    directories: Vec<PathBuf>,
    links: BTreeMap<PathBuf, PathBuf>,
    input: Vec<u8>,
}

impl MapFiles {
    /// Nothing at all.
    pub fn new() -> MapFiles {
        MapFiles::default()
    }

    /// Adds a file.
    pub fn with(mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> MapFiles {
        self.files.insert(path.into(), content.into());
        self
    }

    /// Adds an empty directory.
    pub fn with_directory(mut self, path: impl Into<PathBuf>) -> MapFiles {
        self.directories.push(path.into());
        self
    }

    /// Adds a link; only [`Files::canonicalize`] knows of it.
    pub fn with_link(mut self, path: impl Into<PathBuf>, target: impl Into<PathBuf>) -> MapFiles {
        self.links.insert(path.into(), target.into());
        self
    }

    /// Sets standard input.
    pub fn with_stdin(mut self, content: impl Into<Vec<u8>>) -> MapFiles {
        self.input = content.into();
        self
    }
}

impl Files for MapFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.files.get(path) {
            Some(content) => Ok(content.clone()),
            None if self.is_dir(path) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn is_file(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        let inside = |other: &PathBuf| other.starts_with(path) && other != path;
        self.files.keys().any(inside) || self.directories.iter().any(|d| d == path || inside(d))
    }

    fn exists(&self, path: &Path) -> bool {
        self.is_file(path) || self.is_dir(path)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        match self.links.get(path) {
            Some(target) => Ok(target.clone()),
            None if self.exists(path) => Ok(path.to_owned()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn home(&self) -> Option<PathBuf> {
        Some(PathBuf::from("/home/user"))
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        Ok(self.input.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_in_three_encodings() {
        assert_eq!(decode(b"\xef\xbb\xbfa: 1".to_vec()), Ok("a: 1".to_owned()));
        assert_eq!(decode(b"\xff\xfea\0:\0".to_vec()), Ok("a:".to_owned()));
        assert_eq!(decode(b"\xfe\xff\0a\0:".to_vec()), Ok("a:".to_owned()));
        assert_eq!(
            decode(b"a\nb\xff".to_vec()),
            Err(DecodeError::Encoding { encoding: "UTF-8", offset: 3, line: 2 })
        );
        assert_eq!(decode(b"a\0".to_vec()), Err(DecodeError::Nul { offset: 1, line: 1 }));
        assert!(decode(b"\xff\xfea".to_vec()).is_err());
    }

    #[test]
    fn environment_files_may_hold_other_bytes() {
        assert_eq!(decode_lossy(b"A=1".to_vec()), Ok(("A=1".to_owned(), false)));
        assert_eq!(decode_lossy(b"A=caf\xe9\n".to_vec()), Ok(("A=caf\u{fffd}\n".to_owned(), true)));
        assert_eq!(decode_lossy(b"\xff\0".to_vec()), Err(DecodeError::Nul { offset: 3, line: 1 }));
        assert!(decode_lossy(b"\xff\xfea".to_vec()).is_err());
    }

    #[test]
    fn paths_become_absolute_without_following_links() {
        assert_eq!(absolute(Path::new("/a/b"), "../c/./d"), Path::new("/a/c/d"));
        assert_eq!(absolute(Path::new("/a"), "/x"), Path::new("/x"));
        assert_eq!(absolute(Path::new("/"), "../.."), Path::new("/"));
    }
}
