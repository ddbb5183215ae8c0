//! Findings that are not wanted: on the command line, in the files, or in a comment at the line.

use std::collections::{HashMap, HashSet};

use super::{HERE, Subject};
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Severity, Source, Span, suggest};
use crate::model::Extensions;
use crate::yaml::{Kind, Node, Path};

/// What may go untold, and where.
#[derive(Debug, Default)]
pub struct Allowed {
    everywhere: HashSet<Code>,
    /// Below a path of the model: `services.web`.
    below: Vec<(Path, HashSet<Code>)>,
    /// By file and line.
    lines: HashMap<(FileId, usize), HashSet<Code>>,
}

/// What a comment begins with.
const COMMENT: &str = "rcompose: allow";

impl Allowed {
    /// Reads what the command line, the `x-rcompose` keys and the comments say. A name that is neither a
    /// code nor a slug is a finding.
    pub fn read(named: &[String], subject: &Subject<'_>, diags: &mut Diagnostics) -> Allowed {
        let mut allowed = Allowed::default();
        for name in named {
            allowed.everywhere.extend(code(name, Span::NONE, diags));
        }
        allowed.everywhere.extend(extension(&subject.project.extensions, diags));
        for service in subject.all_services() {
            let codes: HashSet<Code> = extension(&service.extensions, diags).into_iter().collect();
            if !codes.is_empty() {
                allowed.below.push((service.origins.path().clone(), codes));
            }
        }
        for (id, source) in subject.sources.iter() {
            allowed.comments(id, source, diags);
        }
        allowed
    }

    /// `# rcompose: allow latest-tag` speaks for its line, or when it stands alone for the next one.
    fn comments(&mut self, file: FileId, source: &Source, diags: &mut Diagnostics) {
        for (at, _) in source.text.match_indices(COMMENT) {
            let line_start = source.text[..at].rfind('\n').map_or(0, |at| at + 1);
            let Some((before, "")) = source.text[line_start..at].trim_end().rsplit_once('#') else {
                continue;
            };
            if !before.is_empty() && !before.ends_with([' ', '\t']) {
                continue;
            }
            let start = at + COMMENT.len();
            let end = source.text[start..].find('\n').map_or(source.text.len(), |length| start + length);
            let words = &source.text[start..end];
            let mut codes = HashSet::new();
            for word in words.split([',', ' ', '\t', '\r']).filter(|word| !word.is_empty()) {
                let from = start + (word.as_ptr() as usize - words.as_ptr() as usize);
                codes.extend(code(word, Span::new(file, from, from + word.len()), diags));
            }
            let mut line = source.position(u32::try_from(at).unwrap_or(u32::MAX)).line;
            if before.trim().is_empty() {
                let below = source.text.lines().skip(line);
                line += 1 + below.take_while(|line| line.trim_start().starts_with('#')).count();
            }
            self.lines.entry((file, line)).or_default().extend(codes);
        }
    }

    fn covers(&self, finding: &Diagnostic, subject: &Subject<'_>) -> bool {
        if finding.severity == Severity::Error {
            return false;
        }
        let within = |top: &Path| finding.path.as_ref().is_some_and(|path| top.holds(path));
        let line = subject.sources.position(finding.span).map(|place| (finding.span.file, place.line));
        self.everywhere.contains(&finding.code)
            || self.below.iter().any(|(top, codes)| codes.contains(&finding.code) && within(top))
            || line.and_then(|line| self.lines.get(&line)).is_some_and(|codes| codes.contains(&finding.code))
    }
}

/// Leaves out what is allowed.
pub fn silence(findings: Diagnostics, allowed: &Allowed, subject: &Subject<'_>) -> Diagnostics {
    let mut kept = Diagnostics::new();
    kept.extend(findings.into_iter().filter(|finding| !allowed.covers(finding, subject)));
    kept
}

/// `x-rcompose: {lint: {allow: […]}}`
fn extension(extensions: &Extensions, diags: &mut Diagnostics) -> Vec<Code> {
    let allow =
        extensions.get("x-rcompose").and_then(|own| own.get("lint")).and_then(|lint| lint.get("allow"));
    let items = match allow.map(|node| (&node.kind, node)) {
        None | Some((Kind::Null | Kind::Invalid, _)) => &[],
        Some((Kind::Sequence(items), _)) => items.as_slice(),
        Some((_, node)) => std::slice::from_ref(node),
    };
    items.iter().filter_map(|item| named(item, diags)).collect()
}

fn named(item: &Node, diags: &mut Diagnostics) -> Option<Code> {
    match item.as_str() {
        Some(name) => code(name, item.span, diags),
        None => {
            let message = format!("`lint.allow` takes codes and slugs, not {}", item.kind_name());
            diags.push(Diagnostic::new(Code::UnknownAllow, item.span, message).at(HERE.key("x-rcompose")));
            None
        }
    }
}

/// The code of a name.
fn code(name: &str, span: Span, diags: &mut Diagnostics) -> Option<Code> {
    let found = Code::all().find(|code| code.id().eq_ignore_ascii_case(name) || code.slug() == name);
    if found.is_none() {
        let message = format!("`{name}` is not the code or slug of a finding");
        let finding = Diagnostic::new(Code::UnknownAllow, span, message);
        let known = Code::all().flat_map(|code| [code.slug(), code.id()]);
        diags.push(match suggest::nearest(name, known) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("use its code or slug as shown in the finding: `latest-tag`"),
        });
    }
    found
}
