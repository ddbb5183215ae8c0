//! What an engine says of itself with each answer, kept from one run to the next: so the first request of a run need
//! not be a question. The engine's first answer puts right what has changed since.

use std::path::{Path, PathBuf};

use hyper::header::HeaderMap;

use super::NEWEST_API;
use crate::state::ApiVersion;

/// What an engine says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spoken {
    /// The newest API version it speaks.
    pub(super) newest: ApiVersion,
    /// Whether it is Podman, which has an API of its own beside Docker's.
    pub(super) libpod: bool,
}

impl Spoken {
    /// Reads the head of an answer; `None` when it doesn't say.
    pub(super) fn of(headers: &HeaderMap) -> Option<Spoken> {
        let newest = headers.get("api-version")?.to_str().ok().and_then(ApiVersion::parse)?;
        Some(Spoken { newest, libpod: headers.contains_key("libpod-api-version") })
    }

    /// The version to speak with it.
    pub(super) fn api(self) -> ApiVersion {
        self.newest.min(NEWEST_API)
    }
}

/// The file in which an engine's words are kept.
#[derive(Clone, Debug)]
pub(super) struct Memo {
    path: PathBuf,
    endpoint: String,
}

impl Memo {
    /// That of the engine at an address, in a directory that holds one for each.
    pub(super) fn new(directory: &Path, endpoint: &str) -> Memo {
        // Addresses make no file names. The file holds the address too, should two have one sum.
        let sum = endpoint.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Memo { path: directory.join(format!("{sum:016x}")), endpoint: endpoint.to_owned() }
    }

    /// What it said last; `None` when nothing that makes sense is there.
    pub(super) fn read(&self) -> Option<Spoken> {
        let text = std::fs::read_to_string(&self.path).ok()?;
        let mut lines = text.lines();
        if lines.next() != Some(self.endpoint.as_str()) {
            return None;
        }
        let newest = ApiVersion::parse(lines.next()?)?;
        Some(Spoken { newest, libpod: lines.next() == Some("podman") })
    }

    /// Keeps what it says now. Without the file the next run asks: no failure counts.
    pub(super) fn write(&self, spoken: Spoken) {
        let kind = if spoken.libpod { "podman" } else { "docker" };
        let text = format!("{}\n{}\n{kind}\n", self.endpoint, spoken.newest);
        let part = self.path.with_extension(std::process::id().to_string());
        let written = self
            .path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&part, text))
            // Whoever reads meanwhile sees the old file or the new one.
            .and_then(|()| std::fs::rename(&part, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_has_its_own_words() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("engines");
        let (one, other) = (Memo::new(&root, "unix:///a"), Memo::new(&root, "unix:///b"));
        assert_eq!(one.read(), None);
        let podman = Spoken { newest: ApiVersion::new(1, 41), libpod: true };
        let docker = Spoken { newest: ApiVersion::new(1, 99), libpod: false };
        one.write(podman);
        other.write(docker);
        assert_eq!((one.read(), other.read()), (Some(podman), Some(docker)));
        assert_eq!(docker.api(), NEWEST_API);
        std::fs::write(&one.path, "unix:///b\n1.41\npodman\n").expect("a file");
        assert_eq!(one.read(), None, "that of another engine");
        std::fs::write(&one.path, "unix:///a\nnonsense\n").expect("a file");
        assert_eq!(one.read(), None);
        assert_eq!(std::fs::read_dir(&root).expect("a directory").count(), 2, "nothing is left beside them");
    }
}
