//! Files that are elsewhere: the sources behind the loader's [`RemoteSource`].
//!
//! In: a reference that the user's command line or file holds. Out: the path of a local copy, kept in the
//! user's cache by the hash of its content. Nothing is fetched unasked, and nothing of it is run.

mod cache;
mod git;
mod oci;
mod registry;
pub mod stack;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

pub use registry::{Credentials, Login};

use crate::load::env::Environment;
use crate::load::remote::{Reference, RemoteError, RemoteSource};
use cache::Cache;
use git::Git;
use registry::Registries;

/// What the sources need to know of the process and the command line.
pub struct Setup {
    /// The user's own directory for what can be fetched again (`XDG_CACHE_HOME`, `~/.cache`); without one
    /// nothing can be fetched.
    pub cache_home: Option<PathBuf>,
    /// The process's variables.
    pub environment: Environment,
    /// Registries that speak plain HTTP, as `host[:port]`.
    pub insecure_registries: Vec<String>,
    /// Who the user is to a registry.
    pub credentials: Arc<dyn Credentials>,
}

/// Fetches remote files, each reference once.
pub struct Remote {
    cache: Option<Cache>,
    environment: Environment,
    registries: Registries,
    fetched: Mutex<Vec<(String, Result<PathBuf, RemoteError>)>>,
}

impl Remote {
    /// Makes the sources ready; nothing is touched before the first reference comes.
    pub fn new(setup: Setup) -> Remote {
        Remote {
            cache: setup.cache_home.map(|home| Cache::new(home.join("rcompose").join("remote"))),
            environment: setup.environment,
            registries: Registries::new(setup.insecure_registries, setup.credentials),
            fetched: Mutex::default(),
        }
    }

    /// The references that were fetched, in order, as they are written.
    pub fn fetched(&self) -> Vec<String> {
        let fetched = self.fetched.lock().map(|fetched| fetched.clone()).unwrap_or_default();
        fetched.into_iter().filter(|(_, result)| result.is_ok()).map(|(written, _)| written).collect()
    }
}

impl Remote {
    /// On a thread of its own: the client blocks, which no thread that drives asynchronous work may.
    fn pull(&self, cache: &Cache, image: &str) -> Result<PathBuf, RemoteError> {
        std::thread::scope(|scope| {
            let pulling = scope.spawn(|| oci::fetch(&self.registries, cache, image));
            pulling
                .join()
                .unwrap_or_else(|_| Err(RemoteError::new(format!("oci://{image}: the pull broke off"))))
        })
    }
}

impl RemoteSource for Remote {
    fn fetch(&self, written: &str, reference: &Reference) -> Result<PathBuf, RemoteError> {
        let Ok(mut fetched) = self.fetched.lock() else {
            return Err(RemoteError::new(format!("{written}: another fetch has failed")));
        };
        // What a branch or tag means stays the same for a whole run.
        if let Some((_, known)) = fetched.iter().find(|(other, _)| other == written) {
            return known.clone();
        }
        let result = match (&self.cache, reference) {
            (None, _) => Err(RemoteError::new(format!("{written}: there is no place to keep it"))
                .help("set XDG_CACHE_HOME or HOME")),
            (Some(cache), Reference::Git(place)) => Git::new(&self.environment).fetch(cache, written, place),
            (Some(cache), Reference::Oci(image)) => self.pull(cache, image),
        };
        fetched.push((written.to_owned(), result.clone()));
        result
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("cache", &self.cache).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(cache_home: Option<PathBuf>) -> Remote {
        Remote::new(Setup {
            cache_home,
            environment: Environment::new(),
            insecure_registries: Vec::new(),
            credentials: Arc::new(()),
        })
    }

    #[tokio::test]
    async fn a_pull_may_be_asked_for_within_asynchronous_work() {
        let home = tempfile::tempdir().unwrap();
        let remote = remote(Some(home.path().to_owned()));
        let image = "127.0.0.1:1/rcompose/absent:1";
        let written = format!("oci://{image}");
        let fetch = || remote.fetch(&written, &Reference::Oci(image.to_owned())).unwrap_err();
        assert!(fetch().message.starts_with("failed to pull OCI resource \"127.0.0.1:1/rcompose/absent:1\""));
        assert_eq!(fetch(), fetch());
        assert_eq!(remote.fetched(), Vec::<String>::new());
    }

    #[test]
    fn without_a_place_nothing_is_fetched() {
        let error = remote(None).fetch("oci://a", &Reference::Oci("a".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "oci://a: there is no place to keep it");
    }
}
