//! Mounts: `[SOURCE:]TARGET[:OPTIONS]`.

use super::long;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::load::paths::clean;
use crate::yaml::{Key, Kind, Mapping, Node, PathRef};

/// A short text, read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mount {
    source: Option<(usize, usize)>,
    target: (usize, usize),
    options: Option<(usize, usize)>,
    /// Texts of one or two bytes are a target and nothing else.
    tiny: bool,
}

/// Where a short text mounts; none when it can't be read.
pub(crate) fn target(text: &str) -> Option<String> {
    read(text).ok().map(|mount| clean(&text[mount.target.0..mount.target.1]))
}

/// Splits a text; the fault is the reference's text.
fn read(text: &str) -> Result<Mount, String> {
    match text.len() {
        0 => return Err("invalid empty volume spec".to_owned()),
        1 | 2 => return Ok(Mount { target: (0, text.len()), tiny: true, ..Mount::default() }),
        _ => {}
    }
    let mut fields: Vec<(usize, usize)> = Vec::with_capacity(3);
    let fault = |why: &str| Err(format!("invalid spec: {text}: {why}"));
    let (mut start, mut depth) = (0, 0_usize);
    for (at, c) in text.char_indices().chain([(text.len(), '\0')]) {
        let end = at == text.len();
        if !end {
            if text[at..].starts_with("${") {
                depth += 1;
            } else if c == '}' {
                depth = depth.saturating_sub(1);
            }
            let field = &text[start..at];
            let mut letters = field.chars();
            let drive = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
            if c != ':' || depth > 0 || drive {
                continue;
            }
        }
        if start == at {
            return fault("empty section between colons");
        }
        fields.push((start, at));
        if fields.len() == 3 && !end {
            return fault("too many colons");
        }
        start = at + 1;
    }
    if depth > 0 && fields.len() < 3 {
        return fault("`${` is never closed");
    }
    Ok(match fields.as_slice() {
        [target] => Mount { target: *target, ..Mount::default() },
        [source, target] => Mount { source: Some(*source), target: *target, ..Mount::default() },
        [source, target, options] => {
            Mount { source: Some(*source), target: *target, options: Some(*options), tiny: false }
        }
        _ => return fault("too many colons"),
    })
}

/// Whether a source is a path, not the name of a volume.
fn is_path(source: &str) -> bool {
    let mut chars = source.chars();
    match (chars.next(), chars.next()) {
        (Some('.' | '/' | '~'), _) => true,
        (Some('\\'), Some('\\')) => true,
        (Some(drive), Some(':')) => drive.is_alphabetic(),
        _ => false,
    }
}

/// Also with its variables unreplaced a text has its parts.
pub(super) fn transform(node: &mut Node, path: &PathRef<'_>, diags: &mut Diagnostics) {
    let Kind::String(text) = &node.kind else { return };
    match read(text) {
        Ok(mount) => *node = expand(text, &mount, node.span),
        Err(fault) => {
            let finding = Diagnostic::new(Code::Volume, node.span, fault).at(path);
            diags.push(finding.help("the short form is `[source:]target[:options]`"));
            node.kind = Kind::Invalid;
        }
    }
}

fn expand(text: &str, mount: &Mount, span: Span) -> Node {
    // The places of the parts, when the text stands in the file as it is (two more bytes are quotes).
    let place = |(start, end): (usize, usize)| match (span.end - span.start) as usize {
        n if n == text.len() => span.part(start, end),
        n if n == text.len() + 2 => span.part(start + 1, end + 1),
        _ => span,
    };
    let source = mount.source.map(|at| (&text[at.0..at.1], place(at)));
    let bind = source.is_some_and(|(source, _)| is_path(source));
    let target_span = place(mount.target);
    let key = |name: &str, span: Span| Key { text: name.to_owned(), span };
    let mut volume = long(span, [("type", Node::string(if bind { "bind" } else { "volume" }, span))]);
    let Kind::Mapping(map) = &mut volume.kind else { return volume };
    if let Some((source, span)) = source {
        map.insert(key("source", span), Node::string(source, span));
    }
    map.insert(
        key("target", target_span),
        Node::string(clean(&text[mount.target.0..mount.target.1]), target_span),
    );
    let (mut bind_options, mut volume_options) = (Mapping::new(), Mapping::new());
    let mut offset = mount.options.map_or(0, |at| at.0);
    for option in mount.options.map_or("", |at| &text[at.0..at.1]).split(',') {
        let span = place((offset, offset + option.len()));
        offset += option.len() + 1;
        match option {
            "ro" => {
                map.insert(key("read_only", span), Node::spanned(Kind::Bool(true), span));
            }
            "rw" => {
                map.remove("read_only");
            }
            "nocopy" => {
                volume_options.insert(key("nocopy", span), Node::spanned(Kind::Bool(true), span));
            }
            "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                bind_options.insert(key("propagation", span), Node::string(option, span));
            }
            "z" | "Z" => {
                bind_options.insert(key("selinux", span), Node::string(option, span));
            }
            _ => {}
        }
    }
    if bind {
        bind_options.insert(key("create_host_path", span), Node::spanned(Kind::Bool(true), span));
    }
    if bind || !bind_options.is_empty() {
        map.insert(key("bind", span), Node::spanned(Kind::Mapping(bind_options), span));
    }
    if (!bind && !mount.tiny) || !volume_options.is_empty() {
        map.insert(key("volume", span), Node::spanned(Kind::Mapping(volume_options), span));
    }
    volume
}
