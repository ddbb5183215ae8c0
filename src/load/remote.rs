//! References to files that are elsewhere: git repositories and OCI artifacts.

use std::path::PathBuf;

use crate::diag::{Code, Diagnostic, Span};
use crate::load::env::Environment;

/// Something that brings a remote file here. It blocks, and asks whoever must consent.
pub trait RemoteSource {
    /// Fetches what the reference names and gives the path of the local Compose file.
    fn fetch(&self, reference: &str) -> Result<PathBuf, String>;
}

/// The kinds of remote references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteKind {
    /// `https://host/path.git`, `git@host:path`, `ssh://…`, `git://…`, `github.com/org/repo`.
    Git,
    /// `oci://image`.
    Oci,
}

/// Whether a path is a remote reference.
pub fn is_remote(path: &str) -> bool {
    kind(path).is_some()
}

/// What kind of remote reference a path is, if it is one.
pub fn kind(path: &str) -> Option<RemoteKind> {
    if path.starts_with("oci://") {
        return Some(RemoteKind::Oci);
    }
    is_git(path).then_some(RemoteKind::Git)
}

fn is_git(path: &str) -> bool {
    if let Some(repository) = path.strip_prefix("github.com/") {
        return !repository.is_empty();
    }
    if let Some((scheme, rest)) = path.split_once("://") {
        let rest = rest.split(['#', '?']).next().unwrap_or(rest);
        return match scheme.to_ascii_lowercase().as_str() {
            // Any web address could be meant; only one that says `.git` is taken for a repository.
            "http" | "https" => rest.ends_with(".git"),
            "ssh" | "git" => !rest.is_empty(),
            _ => false,
        };
    }
    // user@host:path
    let Some((user, rest)) = path.split_once('@') else { return false };
    let Some((host, _)) = rest.split_once(':') else { return false };
    let word = |text: &str, extra: &[char]| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || extra.contains(&c))
    };
    word(user, &['_']) && word(host, &['.'])
}

/// Brings a remote file here, or says why not. Variables of `environment` can forbid it.
pub fn fetch(
    reference: &str,
    kind: RemoteKind,
    environment: &Environment,
    source: Option<&dyn RemoteSource>,
    span: Span,
) -> Result<PathBuf, Box<Diagnostic>> {
    let (variable, words) = match kind {
        RemoteKind::Git => ("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "git"),
        RemoteKind::Oci => ("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "OCI"),
    };
    let refuse = |message: String| Err(Box::new(Diagnostic::new(Code::RemoteRefused, span, message)));
    match environment.get_full(variable).map(super::env::parse_bool) {
        Some(Ok(false)) => return refuse(format!("{words} remote resource is disabled by \"{variable}\"")),
        Some(Err(error)) => {
            return refuse(format!("{variable} environment variable expects boolean value: {error}"));
        }
        Some(Ok(true)) | None => {}
    }
    match source {
        Some(source) => match source.fetch(reference) {
            Ok(path) => Ok(path),
            Err(message) => refuse(message),
        },
        None => {
            let message = format!("remote files are not fetched: {reference}");
            let finding = Diagnostic::new(Code::NotSupportedYet, span, message);
            Err(Box::new(finding.help("fetch it yourself and name the local file")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_references_are_told_from_paths() {
        for path in [
            "https://example.com/a/b.git",
            "https://example.com/a/b.git#main:dir",
            "git@github.com:a/b.git",
            "git@host:b",
            "ssh://git@host/a",
            "git://host/a",
            "github.com/a/b",
        ] {
            assert_eq!(kind(path), Some(RemoteKind::Git), "{path}");
        }
        assert_eq!(kind("oci://registry/app:1"), Some(RemoteKind::Oci));
        for path in
            ["compose.yaml", "./github.com/a", "https://example.com/compose.yaml", "a@b", "-", "C:\\x"]
        {
            assert_eq!(kind(path), None, "{path}");
        }
    }
}
