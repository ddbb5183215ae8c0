//! Rules between the keys of one object, which the schema can't express. The tree is canonical.

use std::net::IpAddr;
use std::sync::LazyLock;

use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::load::rule_table::RuleTable;
use crate::yaml::{Kind, Mapping, Node, PathRef};

#[derive(Clone, Copy)]
enum Check {
    Volume,
    Config,
    Secret,
    HostAddress,
    WatchedPath,
    DeviceRequest,
}

static CHECKS: LazyLock<RuleTable<Check>> = LazyLock::new(|| {
    RuleTable::new(&[
        ("volumes.*", Check::Volume),
        ("configs.*", Check::Config),
        ("secrets.*", Check::Secret),
        ("workload.ports.*", Check::HostAddress),
        ("services.*.develop.watch.*", Check::WatchedPath),
        ("container.gpus.*", Check::DeviceRequest),
        ("services.*.deploy.resources.reservations.devices.*", Check::DeviceRequest),
    ])
});

/// Checks the whole tree.
pub fn check(root: &mut Node, diags: &mut Diagnostics) {
    CHECKS.visit(root, &mut |node, check, path| {
        let Kind::Mapping(map) = &node.kind else { return };
        match check {
            Check::Volume => external_volume(map, path, diags),
            Check::Config => one_source(map, &["file", "environment", "content"], node, path, diags),
            Check::Secret => one_source(map, &["file", "environment"], node, path, diags),
            Check::HostAddress => host_address(map, path, diags),
            Check::WatchedPath => watched_path(map, path, diags),
            Check::DeviceRequest => device_request(map, path, diags),
        }
    });
}

fn external_volume(map: &Mapping, path: &PathRef<'_>, diags: &mut Diagnostics) {
    let Some(external) = map.entry("external").filter(|entry| entry.value.as_bool() == Some(true)) else {
        return;
    };
    for entry in map {
        let name = entry.key.text.as_str();
        if matches!(name, "name" | "external") || name.starts_with("x-") {
            continue;
        }
        let message = format!("{path}: conflicting parameters \"external\" and \"{name}\" specified");
        diags.push(
            Diagnostic::new(Code::External, entry.key.span, message)
                .at(path.key(name))
                .label(external.key.span, "the volume exists outside of the project")
                .help(format!("remove `{name}`, or remove `external` to let the volume be made")),
        );
    }
}

/// A resource comes from exactly one place.
fn one_source(map: &Mapping, sources: &[&str], node: &Node, path: &PathRef<'_>, diags: &mut Diagnostics) {
    let mut present = sources.iter().filter_map(|name| map.entry(name)).filter(|entry| {
        // The content of a variable stands beside the variable's name, with its place.
        let resolved = entry.key.text == "content"
            && map.entry("environment").is_some_and(|variable| variable.key.span == entry.key.span);
        !resolved
    });
    let listed = sources.join("|");
    match (present.next(), present.next()) {
        (Some(first), Some(second)) => diags.push(
            Diagnostic::new(
                Code::ExclusiveKeys,
                second.key.span,
                format!("{path}: {listed} attributes are mutually exclusive"),
            )
            .at(path)
            .label(first.key.span, format!("`{}` is set here", first.key.text)),
        ),
        (None, _) if !map.contains_key("driver") && !map.contains_key("external") => diags.push(
            Diagnostic::new(Code::ResourceSource, node.span, format!("{path}: one of {listed} must be set"))
                .at(path),
        ),
        _ => {}
    }
}

fn host_address(map: &Mapping, path: &PathRef<'_>, diags: &mut Diagnostics) {
    let Some(node) = map.get("host_ip") else { return };
    if let Some(text) = node.as_str()
        && text.parse::<IpAddr>().is_err()
        && !text.contains('$')
    {
        let message = format!("{path}: invalid ip address: {text}");
        diags.push(
            Diagnostic::new(Code::IpAddress, node.span, message)
                .at(path.key("host_ip"))
                .help("write an IPv4 or IPv6 address such as `127.0.0.1` or `::1`"),
        );
    }
}

fn watched_path(map: &Mapping, path: &PathRef<'_>, diags: &mut Diagnostics) {
    if let Some(node) = map.get("path")
        && node.as_str() == Some("")
    {
        let place = path.key("path");
        let message = format!("{place}: value can't be blank");
        diags.push(Diagnostic::new(Code::Blank, node.span, message).at(place));
    }
}

fn device_request(map: &Mapping, path: &PathRef<'_>, diags: &mut Diagnostics) {
    if let (Some(count), Some(ids)) = (map.entry("count"), map.entry("device_ids")) {
        let message = format!("{path}: \"count\" and \"device_ids\" attributes are exclusive");
        diags.push(
            Diagnostic::new(Code::ExclusiveKeys, ids.key.span, message)
                .at(path)
                .label(count.key.span, "`count` is set here"),
        );
    }
}
