//! What goes without saying: why a value stands in the tree that no file wrote.
//!
//! Such values carry no place; the rule that added them follows from where they stand. The rules
//! themselves are in [`super::defaults`] and [`super::normalize`].

use std::sync::LazyLock;

use crate::load::rule_table::{Cursor, RuleTable};
use crate::yaml::PathRef;

const NAME: &str = "a resource is named <project>_<key>, an external one <key>, unless a name is given";

static IMPLIED: LazyLock<RuleTable<&'static str>> = LazyLock::new(|| {
    RuleTable::new(&[
        ("workload.build.context", "a build without a context is built from the project's directory"),
        ("workload.build.dockerfile", "a build reads `Dockerfile` unless it names another file"),
        (
            "workload.secrets.*.target",
            "a secret is mounted at /run/secrets/<source> unless a target is given",
        ),
        ("workload.ports.*.protocol", "a port is one of TCP unless a protocol is given"),
        ("workload.ports.*.mode", "a port is published in `ingress` mode unless a mode is given"),
        ("container.gpus.*.count", "a request for devices that names none is for all of them"),
        (
            "services.*.deploy.resources.reservations.devices.*.count",
            "a request for devices that names none is for all of them",
        ),
        ("container.volumes.*.bind", "a bind mount makes a missing path on the host"),
        ("container.volumes.*.bind.create_host_path", "a bind mount makes a missing path on the host"),
        ("workload.networks", "a service without networks joins the project's default network"),
        ("workload.networks.default", "a service without networks joins the project's default network"),
        (
            "workload.depends_on",
            "`links`, `volumes_from` and shared namespaces make a service wait for the other",
        ),
        ("networks", "services without networks join the project's default network"),
        ("networks.default", "services without networks join the project's default network"),
        ("networks.default.name", NAME),
        ("networks|volumes|configs|secrets.*.name", NAME),
    ])
});

/// Why a value without a place stands at a path; `None` when no rule puts one there.
pub fn implied(path: &PathRef<'_>) -> Option<&'static str> {
    IMPLIED.find(path).and_then(Cursor::rule)
}
