//! Values that go without saying, added once a file set is merged.

use std::sync::LazyLock;

use crate::load::rule_table::RuleTable;
use crate::yaml::{Key, Kind, Mapping, Node};

#[derive(Clone, Copy)]
enum Default {
    Build,
    Secret,
    Port,
    DeviceRequest,
    Bind,
}

static DEFAULTS: LazyLock<RuleTable<Default>> = LazyLock::new(|| {
    RuleTable::new(&[
        ("workload.build", Default::Build),
        ("workload.secrets.*", Default::Secret),
        ("workload.ports.*", Default::Port),
        ("container.gpus.*", Default::DeviceRequest),
        ("services.*.deploy.resources.reservations.devices.*", Default::DeviceRequest),
        ("container.volumes.*.bind", Default::Bind),
    ])
});

/// Adds the defaults that don't depend on the project.
pub fn defaults(root: &mut Node) {
    DEFAULTS.visit(root, &mut |node, default, _| {
        let Kind::Mapping(map) = &mut node.kind else { return };
        match default {
            Default::Build => set(map, "context", || Kind::String(".".to_owned())),
            Default::Secret => {
                if let Some(target) =
                    map.get("source").and_then(Node::as_str).map(|source| format!("/run/secrets/{source}"))
                {
                    set(map, "target", || Kind::String(target));
                }
            }
            Default::Port => {
                set(map, "protocol", || Kind::String("tcp".to_owned()));
                set(map, "mode", || Kind::String("ingress".to_owned()));
            }
            Default::DeviceRequest => {
                if !map.contains_key("device_ids") {
                    set(map, "count", || Kind::String("all".to_owned()));
                }
            }
            Default::Bind => set(map, "create_host_path", || Kind::Bool(true)),
        }
    });
}

fn set(map: &mut Mapping, key: &str, value: impl FnOnce() -> Kind) {
    if !map.contains_key(key) {
        map.insert(Key::new(key), Node::new(value()));
    }
}
