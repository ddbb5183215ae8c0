//! Relative paths become absolute, or relative to the directory of the project that includes them.
//!
//! In: a canonical tree and the directory its paths start from. Out: the same tree with every path at the
//! places of the table joined to it. The user's home replaces a leading `~`.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::load::files::Files;
use crate::load::remote;
use crate::load::rule_table::{Cursor, RuleTable};
use crate::yaml::{Kind, Node, PathRef};

#[derive(Clone, Copy)]
enum Rule {
    /// A directory, or something a builder fetches.
    Context,
    /// A path on this machine; Windows forms stay.
    Local,
    /// A path on this machine; an empty one stays.
    Plain,
    /// A Compose file, perhaps elsewhere.
    Resource,
    /// A path whose links are followed.
    Watched,
    /// The source of a mount, when it is bound.
    Mount,
    /// The device of a volume, when the local driver binds it.
    Volume,
}

static PATHS: LazyLock<RuleTable<Rule>> = LazyLock::new(|| {
    RuleTable::new(&[
        ("workload.build.context", Rule::Context),
        ("workload.build.additional_contexts.*", Rule::Context),
        ("workload.build.ssh.*", Rule::Local),
        ("configs|secrets.*.file", Rule::Local),
        ("container.env_file.*.path", Rule::Plain),
        ("container.label_file.*", Rule::Plain),
        ("workload.extends.file", Rule::Resource),
        ("services.*.develop.watch.*.path", Rule::Watched),
        ("container.volumes.*", Rule::Mount),
        ("volumes.*", Rule::Volume),
    ])
});

/// Whether what stands at a place of the model is a path that is made absolute.
pub fn is_path(path: &PathRef<'_>) -> bool {
    let rule = |path: &PathRef<'_>| PATHS.find(path).and_then(Cursor::rule);
    match (rule(path), path) {
        (Some(Rule::Mount | Rule::Volume), _) => false,
        (Some(_), _) => true,
        (None, PathRef::Key(parent, "source")) => matches!(rule(parent), Some(Rule::Mount)),
        (None, PathRef::Key(PathRef::Key(volume, "driver_opts"), "device")) => {
            matches!(rule(volume), Some(Rule::Volume))
        }
        (None, _) => false,
    }
}

/// A path in its shortest form: no `.`, no inner `..`, no double or trailing slash; `.` for nothing.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// A path from one directory, both in shortest form and both absolute or both relative, to another.
pub(crate) fn relative(from: &Path, to: &Path) -> PathBuf {
    if from.is_absolute() != to.is_absolute() {
        return to.to_owned();
    }
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Path::new(".."));
    let down = to.components().skip(shared).map(|component| Path::new(component.as_os_str()));
    let path: PathBuf = up.chain(down).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// A path from `base`, in shortest form.
pub(crate) fn join(base: &str, path: &str) -> String {
    match (base.is_empty(), path.is_empty()) {
        (_, false) if path.starts_with('/') => clean(path),
        (true, _) => clean(path),
        (_, true) => clean(base),
        _ => clean(&format!("{base}/{path}")),
    }
}

/// Replaces a leading `~`.
pub(crate) fn expand_home(path: &str, files: &dyn Files) -> String {
    match (path.strip_prefix('~'), files.home()) {
        (Some(rest), Some(home)) => join(&home.to_string_lossy(), rest.trim_start_matches('/')),
        _ => path.to_owned(),
    }
}

fn is_windows_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    match bytes {
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        [b'\\', b'\\', ..] => true,
        _ => false,
    }
}

fn is_fetched(context: &str) -> bool {
    const PREFIXES: [&str; 6] = ["https://", "http://", "git://", "ssh://", "github.com/", "git@"];
    context.contains("://")
        || context.starts_with("service:")
        || PREFIXES.iter().any(|prefix| context.starts_with(prefix))
}

/// Joins every path of the tree to `base`.
pub fn resolve(root: &mut Node, base: &str, files: &dyn Files, diags: &mut Diagnostics) {
    Resolver { base, files }.all(root, diags);
}

struct Resolver<'a> {
    base: &'a str,
    files: &'a dyn Files,
}

impl Resolver<'_> {
    fn all(&self, root: &mut Node, diags: &mut Diagnostics) {
        PATHS.visit(root, &mut |node, rule, path| match rule {
            Rule::Context => self.text(node, |text| match text.is_empty() || is_fetched(text) {
                true => None,
                false => Some(self.local(text)),
            }),
            Rule::Local => self.text(node, |text| self.local_or_windows(text)),
            Rule::Plain => self.text(node, |text| (!text.is_empty()).then(|| self.local(text))),
            Rule::Resource => self.text(node, |text| (!remote::is_remote(text)).then(|| self.local(text))),
            Rule::Watched => self.text(node, |text| {
                let path = self.local(text);
                Some(follow_first_link(&path, self.files).unwrap_or(path))
            }),
            Rule::Mount => self.mount(node, path, diags),
            Rule::Volume => self.volume(node),
        });
    }

    fn text(&self, node: &mut Node, change: impl Fn(&str) -> Option<String>) {
        if let Kind::String(text) = &mut node.kind
            && let Some(changed) = change(text)
        {
            *text = changed;
        }
    }

    fn local(&self, path: &str) -> String {
        let path = expand_home(path, self.files);
        if path.starts_with('/') { path } else { join(self.base, &path) }
    }

    fn local_or_windows(&self, path: &str) -> Option<String> {
        (!is_windows_absolute(path)).then(|| self.local(path))
    }

    fn mount(&self, node: &mut Node, path: &PathRef<'_>, diags: &mut Diagnostics) {
        if node.get("type").and_then(Node::as_str) != Some("bind") {
            return;
        }
        let span = node.span;
        match node.get_mut("source") {
            Some(source) => self.text(source, |text| self.local_or_windows(text)),
            None => {
                let message = "invalid mount config for type \"bind\": field Source must not be empty";
                diags.push(
                    Diagnostic::new(Code::Volume, span, message)
                        .at(path)
                        .help("add `source:` with a path on this machine"),
                );
                node.kind = Kind::Invalid;
            }
        }
    }

    fn volume(&self, node: &mut Node) {
        if node.get("driver").and_then(Node::as_str) != Some("local") {
            return;
        }
        let Some(options) = node.get_mut("driver_opts") else { return };
        if options.get("o").and_then(Node::as_str) == Some("bind")
            && let Some(device) = options.get_mut("device")
        {
            self.text(device, |text| self.local_or_windows(text));
        }
    }
}

/// Replaces the first part of a path that is a link by what it leads to.
fn follow_first_link(path: &str, files: &dyn Files) -> Option<String> {
    let path = Path::new(path);
    if !path.is_absolute() {
        return None;
    }
    let real = files.canonicalize(path).ok()?;
    if real == path {
        return None;
    }
    let mut ancestors: Vec<&Path> = path.ancestors().collect();
    ancestors.reverse();
    let mut parent_real = PathBuf::from("/");
    for ancestor in ancestors.into_iter().skip(1) {
        let real = files.canonicalize(ancestor).ok()?;
        if real != parent_real.join(ancestor.file_name()?) {
            let rest = path.strip_prefix(ancestor).ok()?;
            return Some(clean(&real.join(rest).to_string_lossy()));
        }
        parent_real = real;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_clean_join_and_relate() {
        for (path, wanted) in [
            ("/d/", "/d"),
            ("/d/../e", "/e"),
            ("./a//b/.", "a/b"),
            ("../../x", "../../x"),
            ("", "."),
            ("/..", "/"),
        ] {
            assert_eq!(clean(path), wanted, "{path}");
        }
        assert_eq!(join("sub", "../x"), "x");
        assert_eq!(join(".", "./x"), "x");
        assert_eq!(join("/p", ""), "/p");
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/c/d")), Path::new("../c/d"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a")), Path::new("."));
    }
}
