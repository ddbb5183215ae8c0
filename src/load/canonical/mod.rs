//! Short forms become long ones.
//!
//! In: a merged, validated tree. Out: the same tree, each section in its one long form, which carries the
//! place of the short text it was made from. A short form that can't be read becomes [`Kind::Invalid`].
//! Values in no known form are left to the schema. Doing it twice changes nothing.

mod device;
mod port;
mod volume;

use std::sync::LazyLock;

use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::load::merge::{dependency, names_to_mapping};
use crate::load::rule_table::RuleTable;
use crate::yaml::{Key, Kind, Mapping, Node, PathRef, scalar};

pub(crate) use device::target as device_target;
pub(crate) use volume::target as volume_target;

/// What to do with text that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// It is a mistake.
    Strict,
    /// It may hold variables nobody replaced: it stays as it is.
    Lenient,
}

#[derive(Clone, Copy)]
enum Form {
    Build,
    Text,
    Pairs,
    Ssh,
    DependsOn,
    EnvFile,
    List,
    Names,
    Ports,
    Volume,
    Device,
    Gpus,
    Source,
    Service,
    Schedule,
    External,
}

static FORMS: LazyLock<RuleTable<Form>> = LazyLock::new(|| {
    RuleTable::new(&[
        ("workload.build", Form::Build),
        ("workload.build.provenance|sbom", Form::Text),
        ("workload.build.additional_contexts", Form::Pairs),
        ("workload.build.ssh", Form::Ssh),
        ("workload.build.secrets.*", Form::Source),
        ("workload.depends_on", Form::DependsOn),
        ("container.env_file", Form::EnvFile),
        ("container.label_file", Form::List),
        ("container.dns", Form::List),
        ("services.*.develop.watch.*.ignore|include", Form::List),
        ("container.networks|models", Form::Names),
        ("workload.ports", Form::Ports),
        ("container.volumes.*", Form::Volume),
        ("container.devices.*", Form::Device),
        ("container.gpus", Form::Gpus),
        ("container.secrets|configs.*", Form::Source),
        ("workload.extends", Form::Service),
        ("jobs.*.triggers.schedule.*", Form::Schedule),
        ("networks|volumes|secrets|configs.*", Form::External),
    ])
});

/// Brings every short form of the model into its long form.
pub fn transform(root: &mut Node, strictness: Strictness, diags: &mut Diagnostics) {
    let mut ports = port::MOST;
    FORMS.visit(root, &mut |node, form, path| match form {
        Form::Ports => port::transform(node, path, strictness == Strictness::Lenient, &mut ports, diags),
        _ => apply(node, form, path, strictness, diags),
    });
}

fn apply(node: &mut Node, form: Form, path: &PathRef<'_>, strictness: Strictness, diags: &mut Diagnostics) {
    let lenient = strictness == Strictness::Lenient;
    match form {
        Form::Build => wrap(node, "context"),
        Form::Text => {
            if !matches!(node.kind, Kind::String(_) | Kind::Null | Kind::Invalid)
                && let Some(text) = scalar::text_of(node)
            {
                node.kind = Kind::String(text);
            }
        }
        Form::Pairs => pairs(node, path, lenient, diags),
        Form::Ssh => ssh(node, path, lenient, diags),
        Form::DependsOn => depends_on(node),
        Form::EnvFile => env_files(node),
        Form::List => {
            if let Kind::String(_) = node.kind {
                *node = Node::spanned(Kind::Sequence(vec![take(node)]), node.span);
            }
        }
        Form::Names => *node = names_to_mapping(take(node), |span| Node::spanned(Kind::Null, span)),
        // These need to know how many there are in all.
        Form::Ports => {}
        Form::Volume => volume::transform(node, path, diags),
        Form::Device => device::transform(node, path, lenient, diags),
        Form::Gpus => {
            if node.as_str() == Some("all") {
                let span = node.span;
                let count = long(span, [("count", take(node))]);
                *node = Node::spanned(Kind::Sequence(vec![count]), span);
            }
        }
        Form::Source => wrap(node, "source"),
        Form::Service => wrap(node, "service"),
        Form::Schedule => wrap(node, "cron"),
        Form::External => external(node, path, diags),
    }
}

/// Takes a value out, leaving an invalid one that the caller replaces.
fn take(node: &mut Node) -> Node {
    std::mem::replace(node, Node::spanned(Kind::Invalid, node.span))
}

/// A mapping made from a short text at `span`.
fn long<const N: usize>(span: Span, fields: [(&str, Node); N]) -> Node {
    let map = fields
        .into_iter()
        .map(|(name, value)| (Key { text: name.to_owned(), span: value.span }, value))
        .collect();
    Node::spanned(Kind::Mapping(map), span)
}

/// A lone text becomes the one field it stands for.
fn wrap(node: &mut Node, field: &str) {
    if let Kind::String(_) = node.kind {
        let span = node.span;
        *node = long(span, [(field, take(node))]);
    }
}

/// Splits `key=value` items into a mapping.
fn pairs(node: &mut Node, path: &PathRef<'_>, lenient: bool, diags: &mut Diagnostics) {
    let Kind::Sequence(items) = &node.kind else { return };
    let mut map = Mapping::new();
    let mut broken = false;
    for (at, item) in items.iter().enumerate() {
        let Some(text) = item.as_str() else { continue };
        match text.split_once('=') {
            Some((key, value)) => {
                let key = Key { text: key.to_owned(), span: item.span };
                map.insert(key, Node::string(value, item.span));
            }
            None if lenient => return,
            None => {
                let message = format!("{path}: invalid value {text}, expected key=value");
                diags.push(Diagnostic::new(Code::ShortForm, item.span, message).at(path.index(at)));
                broken = true;
            }
        }
    }
    node.kind = if broken { Kind::Invalid } else { Kind::Mapping(map) };
}

/// The mapping form of `build.ssh`; what can't be read stays.
pub(crate) fn ssh_to_mapping(node: Node) -> Node {
    let Kind::Sequence(items) = &node.kind else { return node };
    let mut map = Mapping::new();
    for item in items {
        let Some(text) = item.as_str() else { return node };
        let key = |text: &str| Key { text: text.to_owned(), span: item.span };
        match text.split_once('=') {
            Some((id, path)) => map.insert(key(id), Node::string(path, item.span)),
            None if text == "default" => map.insert(key(text), Node::spanned(Kind::Null, item.span)),
            None => return node,
        };
    }
    Node::spanned(Kind::Mapping(map), node.span)
}

fn ssh(node: &mut Node, path: &PathRef<'_>, lenient: bool, diags: &mut Diagnostics) {
    *node = ssh_to_mapping(take(node));
    let Kind::Sequence(items) = &node.kind else { return };
    if lenient {
        return;
    }
    for (at, item) in items.iter().enumerate() {
        if let Some(text) = item.as_str()
            && text != "default"
            && !text.contains('=')
        {
            diags.push(
                Diagnostic::new(Code::ShortForm, item.span, format!("{path}: invalid ssh key \"{text}\""))
                    .at(path.index(at))
                    .help("write `default`, or `id=path/to/key/or/socket`"),
            );
        }
    }
    node.kind = Kind::Invalid;
}

fn depends_on(node: &mut Node) {
    *node = names_to_mapping(take(node), dependency);
    let Kind::Mapping(map) = &mut node.kind else { return };
    for (_, value) in map.iter_mut() {
        let span = value.span;
        let Kind::Mapping(fields) = &mut value.kind else { continue };
        let Kind::Mapping(defaults) = dependency(span).kind else { continue };
        for default in defaults {
            if !fields.contains_key(&default.key.text) {
                fields.insert(default.key, default.value);
            }
        }
    }
}

fn env_files(node: &mut Node) {
    if let Kind::String(_) = node.kind {
        *node = Node::spanned(Kind::Sequence(vec![take(node)]), node.span);
    }
    let Kind::Sequence(items) = &mut node.kind else { return };
    for item in items {
        wrap(item, "path");
        let span = item.span;
        if let Kind::Mapping(fields) = &mut item.kind
            && !fields.contains_key("required")
        {
            fields.insert(Key { text: "required".to_owned(), span }, Node::spanned(Kind::Bool(true), span));
        }
    }
}

/// `external: {name: x}` is `external: true, name: x`.
fn external(node: &mut Node, path: &PathRef<'_>, diags: &mut Diagnostics) {
    let Kind::Mapping(resource) = &mut node.kind else { return };
    let Some(entry) = resource.entry("external") else { return };
    let Kind::Mapping(inner) = &entry.value.kind else { return };
    let (key_span, span) = (entry.key.span, entry.value.span);
    let inner_name = inner.entry("name").cloned();
    if let Some(inner_name) = inner_name {
        diags.push(
            Diagnostic::new(
                Code::ExternalName,
                inner_name.key.span,
                format!("{path}: external.name is deprecated. Please set name and external: true"),
            )
            .at(path),
        );
        match resource.get("name") {
            Some(name) if !name.same(&inner_name.value) => {
                diags.push(
                    Diagnostic::new(
                        Code::External,
                        inner_name.value.span,
                        format!("{path}: name and external.name conflict; only use name"),
                    )
                    .at(path)
                    .label(name.span, "the name is set here"),
                );
            }
            Some(_) => {}
            None => {
                resource.insert(inner_name.key, inner_name.value);
            }
        }
    }
    resource
        .insert(Key { text: "external".to_owned(), span: key_span }, Node::spanned(Kind::Bool(true), span));
}

#[cfg(test)]
mod tests;
