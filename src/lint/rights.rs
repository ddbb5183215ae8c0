//! Containers that may do more than they need.

use super::{HERE, Subject, VOLUMES, finding};
use crate::diag::{Code, Diagnostics};

/// The engine's socket inside a container.
pub(super) fn engine_socket(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.all_services() {
        for (at, mount) in service.container.volumes.iter().enumerate() {
            let source = mount.source.as_deref().unwrap_or_default();
            if matches!(source, "/var/run/docker.sock" | "/run/docker.sock") {
                let path = VOLUMES.index(at);
                let mut found = finding(Code::EngineSocket, service, path, "has the engine's socket")
                    .note("write access to it is root access to the host")
                    .help("put a proxy between them that lets only the needed calls through");
                found.span = service.origins.value(path);
                diags.push(found);
            }
        }
    }
}

/// A container with all rights.
pub(super) fn privileged(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.all_services().filter(|service| service.container.privileged) {
        diags.push(
            finding(Code::Privileged, service, HERE.key("privileged"), "has every right on the host")
                .help("name what it needs: `cap_add`, `devices`"),
        );
    }
}
