//! References to files that are elsewhere: git repositories and OCI artifacts.
//!
//! In: the text of `-f`, `include.path` or `extends.file`. Out: what it names, and through a
//! [`RemoteSource`] the path of a local copy. Nothing is fetched here.

use std::path::PathBuf;

use crate::diag::{Code, Diagnostic, Span};
use crate::load::env::Environment;

/// Something that brings a remote file here. It blocks.
pub trait RemoteSource: Send + Sync {
    /// Fetches what the reference names and gives the path of the local Compose file. `written` is the
    /// reference as the user wrote it.
    fn fetch(&self, written: &str, reference: &Reference) -> Result<PathBuf, RemoteError>;
}

/// Why a remote file can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RemoteError {
    /// What went wrong, naming the repository or artifact.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl RemoteError {
    /// An error without advice.
    pub fn new(message: impl Into<String>) -> RemoteError {
        RemoteError { message: message.into(), help: None }
    }

    /// The same with advice.
    pub fn help(mut self, help: impl Into<String>) -> RemoteError {
        self.help = Some(help.into());
        self
    }
}

/// What a remote reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A file or directory in a git repository.
    Git(GitReference),
    /// An artifact, as `oci://` names it: `registry/repository[:tag][@digest]`.
    Oci(String),
}

/// A place in a git repository: `https://host/path.git#ref:directory`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitReference {
    /// The repository, as git takes it.
    pub remote: String,
    /// A branch, tag, full name of a reference or commit; `None` for the default branch.
    pub version: Option<String>,
    /// The start of the commit's hash that must come of it.
    pub checksum: Option<String>,
    /// A file or directory inside the repository.
    pub subdir: Option<String>,
}

/// Whether a path is a remote reference.
pub fn is_remote(path: &str) -> bool {
    path.starts_with("oci://") || git_address(path).is_some()
}

/// Reads a remote reference; `None` for the path of a local file. The error says what is wrong with a
/// reference that can mean nothing else.
pub fn parse(path: &str) -> Option<Result<Reference, String>> {
    if let Some(image) = path.strip_prefix("oci://") {
        return Some(Ok(Reference::Oci(image.to_owned())));
    }
    let address = git_address(path)?;
    let mut reference = GitReference { remote: address.remote, ..GitReference::default() };
    if let Some(fragment) = address.fragment {
        let (version, subdir) = fragment.split_once(':').unwrap_or((&fragment, ""));
        reference.version = Some(version.to_owned()).filter(|text| !text.is_empty());
        reference.subdir = Some(subdir.to_owned()).filter(|text| !text.is_empty());
    }
    Some(read_query(&mut reference, address.query.as_deref()).map(|()| Reference::Git(reference)))
}

/// A reference as it may be shown: without the password that some write into the address.
pub fn shown(written: &str) -> String {
    let Some((scheme, rest)) = written.split_once("://") else { return written.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let Some((login, host)) = authority.rsplit_once('@') else { return written.to_owned() };
    let Some((user, _)) = login.split_once(':') else { return written.to_owned() };
    format!("{scheme}://{user}:***@{host}{}", &rest[authority.len()..])
}

/// The parts of a git address, decoded.
struct GitAddress {
    remote: String,
    query: Option<String>,
    fragment: Option<String>,
}

/// Takes a git address apart; `None` when the text is none (compare BuildKit's rules for build contexts).
fn git_address(path: &str) -> Option<GitAddress> {
    let (rest, fragment) = cut(path, '#');
    let (remote, query) = cut(rest, '?');
    let remote = if let Some(repository) = remote.strip_prefix("github.com/") {
        if repository.is_empty() {
            return None;
        }
        format!("https://{remote}")
    } else if let Some((scheme, rest)) = remote.split_once("://") {
        let scheme = scheme.to_ascii_lowercase();
        let is_git = match scheme.as_str() {
            // Any web address could be meant; only one that says `.git` is taken for a repository.
            "http" | "https" => rest.ends_with(".git"),
            "ssh" | "git" => !rest.is_empty(),
            _ => false,
        };
        if !is_git {
            return None;
        }
        format!("{scheme}://{rest}")
    } else {
        // user@host:path
        let (user, rest) = remote.split_once('@')?;
        let (host, _) = rest.split_once(':')?;
        let word = |text: &str, extra: char| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == extra)
        };
        if !word(user, '_') || !word(host, '.') {
            return None;
        }
        remote.to_owned()
    };
    Some(GitAddress { remote, query: query.map(str::to_owned), fragment: fragment.map(decode) })
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Resolves `%2F` and the like; what is no such escape stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Reads `?ref=…&subdir=…`, which say the same as the fragment in words.
fn read_query(reference: &mut GitReference, query: Option<&str>) -> Result<(), String> {
    let mut by_kind: Option<(&str, String)> = None;
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(&value.replace('+', " "));
        // These two say how a build context is cloned; a clone for its files is none of that.
        if matches!(name, "keep-git-dir" | "submodules") {
            continue;
        }
        if value.is_empty() {
            return Err(format!("query \"{name}\" has no value"));
        }
        match name {
            "ref" => agree("ref", &mut reference.version, value)?,
            "subdir" => agree("subdir", &mut reference.subdir, value)?,
            "checksum" | "commit" => agree("checksum", &mut reference.checksum, value)?,
            "tag" | "branch" => {
                if by_kind.as_ref().is_some_and(|(other, _)| *other != name) {
                    return Err("branch conflicts with tag".to_owned());
                }
                let prefix = if name == "tag" { "refs/tags/" } else { "refs/heads/" };
                let full = if value.starts_with(prefix) { value } else { format!("{prefix}{value}") };
                by_kind = Some((name, full));
            }
            other => return Err(format!("unexpected query \"{other}\"")),
        }
    }
    if let Some((_, full)) = by_kind {
        agree("ref", &mut reference.version, full)?;
    }
    if reference.version.is_none() {
        reference.version.clone_from(&reference.checksum);
    }
    Ok(())
}

fn agree(what: &str, slot: &mut Option<String>, value: String) -> Result<(), String> {
    match slot {
        Some(other) if *other != value => Err(format!("{what} conflicts: \"{other}\" vs \"{value}\"")),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

/// Brings a remote file here, or says why not; `None` for the path of a local file. Variables of
/// `environment` can forbid it.
pub fn fetch(
    written: &str,
    environment: &Environment,
    source: Option<&dyn RemoteSource>,
    span: Span,
) -> Option<Result<PathBuf, Box<Diagnostic>>> {
    let parsed = parse(written)?;
    let refuse = |code: Code, message: String| Some(Err(Box::new(Diagnostic::new(code, span, message))));
    let reference = match parsed {
        Ok(reference) => reference,
        Err(fault) => return refuse(Code::RemoteFailed, format!("{}: {fault}", shown(written))),
    };
    let (variable, words) = match reference {
        Reference::Git(_) => ("COMPOSE_EXPERIMENTAL_GIT_REMOTE", "git"),
        Reference::Oci(_) => ("COMPOSE_EXPERIMENTAL_OCI_REMOTE", "OCI"),
    };
    match environment.get_full(variable).map(super::env::parse_bool) {
        Some(Ok(false)) => {
            let message = format!("{words} remote resource is disabled by \"{variable}\"");
            return refuse(Code::RemoteRefused, message);
        }
        Some(Err(error)) => {
            let message = format!("{variable} environment variable expects boolean value: {error}");
            return refuse(Code::RemoteRefused, message);
        }
        Some(Ok(true)) | None => {}
    }
    let Some(source) = source else {
        let message = format!("remote files are not fetched in this run: {}", shown(written));
        let finding = Diagnostic::new(Code::RemoteRefused, span, message);
        let help = "use a local copy, or run without `--no-remote` and RCOMPOSE_REMOTE=never if you trust the source";
        return Some(Err(Box::new(finding.help(help))));
    };
    Some(source.fetch(written, &reference).map_err(|error| {
        let finding = Diagnostic::new(Code::RemoteFailed, span, error.message);
        Box::new(match error.help {
            Some(help) => finding.help(help),
            None => finding,
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(text: &str) -> Result<GitReference, String> {
        match parse(text) {
            Some(Ok(Reference::Git(reference))) => Ok(reference),
            Some(Err(error)) => Err(error),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn remote_references_are_told_from_paths() {
        for (path, remote) in [
            ("https://example.com/a/b.git", "https://example.com/a/b.git"),
            ("HTTPS://example.com/a/b.git#main:dir", "https://example.com/a/b.git"),
            ("git@github.com:a/b.git", "git@github.com:a/b.git"),
            ("git@host:b#main", "git@host:b"),
            ("ssh://git@host/a", "ssh://git@host/a"),
            ("git://host/a?ref=x", "git://host/a"),
            ("github.com/a/b", "https://github.com/a/b"),
        ] {
            assert_eq!(git(path).map(|reference| reference.remote), Ok(remote.to_owned()), "{path}");
            assert!(is_remote(path), "{path}");
        }
        assert_eq!(parse("oci://registry/app:1"), Some(Ok(Reference::Oci("registry/app:1".to_owned()))));
        for path in [
            "compose.yaml",
            "./github.com/a",
            "github.com/",
            "https://example.com/compose.yaml",
            "https://example.com/compose.yaml#x.git",
            "file:///srv/a.git",
            "ext::sh -c x",
            "a@b",
            "a@-o:b",
            "-",
            "C:\\x",
        ] {
            assert_eq!(parse(path), None, "{path}");
            assert!(!is_remote(path), "{path}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for (written, expected) in [
            ("https://me:p@ss@h/a.git#x:y", "https://me:***@h/a.git#x:y"),
            ("https://token@h/a.git", "https://token@h/a.git"),
            ("ssh://git@h:22/a", "ssh://git@h:22/a"),
            ("https://h/a.git?ref=u:p@x", "https://h/a.git?ref=u:p@x"),
            ("git@h:a", "git@h:a"),
            ("oci://h:5/a@sha256:0", "oci://h:5/a@sha256:0"),
        ] {
            assert_eq!(shown(written), expected);
        }
    }

    #[test]
    fn a_place_in_a_repository_is_read() {
        let place = |text: &str| {
            git(text).map(|r| {
                let show = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
                [show(r.version), show(r.checksum), show(r.subdir)].join(" ")
            })
        };
        let ok = |words: &str| Ok(words.to_owned());
        let err = |words: &str| Err(words.to_owned());
        assert_eq!(place("git://h/a"), ok("- - -"));
        assert_eq!(place("git://h/a#main"), ok("main - -"));
        assert_eq!(place("git://h/a#:dir/x.yaml"), ok("- - dir/x.yaml"));
        assert_eq!(place("git://h/a#a%2Fb:c%20d"), ok("a/b - c d"));
        assert_eq!(place("git://h/a#50%:%zz"), ok("50% - %zz"));
        assert_eq!(place("git@h:a?tag=v1&subdir=x"), ok("refs/tags/v1 - x"));
        assert_eq!(place("git://h/a?branch=refs/heads/b"), ok("refs/heads/b - -"));
        assert_eq!(place("git://h/a?commit=abc&submodules=0"), ok("abc abc -"));
        assert_eq!(place("git://h/a?checksum=abc#main"), ok("main abc -"));
        assert_eq!(place("git://h/a?x=1"), err("unexpected query \"x\""));
        assert_eq!(place("git://h/a?ref"), err("query \"ref\" has no value"));
        assert_eq!(place("git://h/a?ref=b#a"), err("ref conflicts: \"a\" vs \"b\""));
        assert_eq!(place("git://h/a?tag=b&branch=c"), err("branch conflicts with tag"));
    }
}
