//! What only Swarm honours.

use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{MountType, Origins, Project, Service};
use crate::yaml::PathRef;

use super::HERE;

pub(super) fn check(project: &Project, diags: &mut Diagnostics) {
    for service in project.services.values() {
        deploy(service, diags);
        container(service, diags);
    }
    for secret in project.secrets.values() {
        let labels = (!secret.labels.is_empty(), "labels", "only Swarm gives secrets labels");
        let options = (!secret.driver_opts.is_empty(), "driver_opts", "only Swarm has drivers for secrets");
        for (set, key, message) in [labels, options] {
            warn(set, &secret.origins, HERE.key(key), message, diags);
        }
    }
    for config in project.configs.values() {
        let set = !config.labels.is_empty();
        warn(set, &config.origins, HERE.key("labels"), "only Swarm gives configs labels", diags);
    }
}

fn deploy(service: &Service, diags: &mut Diagnostics) {
    let Some(deploy) = &service.deploy else { return };
    let at = HERE.key("deploy");
    let placement = &deploy.placement;
    let placed = !placement.constraints.is_empty()
        || !placement.preferences.is_empty()
        || placement.max_replicas_per_node != 0;
    let rolling = "only applies to rolling updates of Swarm";
    for (set, key, what) in [
        (deploy.mode.is_some(), "mode", "is only honoured by Swarm"),
        (!deploy.labels.is_empty(), "labels", "only apply to services of Swarm"),
        (deploy.update_config.is_some(), "update_config", rolling),
        (deploy.rollback_config.is_some(), "rollback_config", rolling),
        (placed, "placement", "is only honoured by the scheduler of Swarm"),
        (deploy.endpoint_mode.is_some(), "endpoint_mode", "only applies to the routing mesh of Swarm"),
    ] {
        warn(set, &service.origins, at.key(key), &format!("`deploy.{key}` {what}"), diags);
    }
}

fn container(service: &Service, diags: &mut Diagnostics) {
    let (container, origins) = (&service.container, &service.origins);
    let credentials = "`credential_spec` is only supported for Windows containers under Swarm";
    warn(container.credential_spec.is_some(), origins, HERE.key("credential_spec"), credentials, diags);
    let ports = HERE.key("ports");
    for (at, port) in service.workload.ports.iter().enumerate() {
        let set = port.mode.as_deref() == Some("host");
        let message = "the port mode `host` is only honoured by the routing mesh of Swarm";
        warn(set, origins, ports.index(at), message, diags);
    }
    let volumes = HERE.key("volumes");
    for (at, mount) in container.volumes.iter().enumerate() {
        let set = mount.kind == MountType::Cluster;
        warn(set, origins, volumes.index(at), "cluster volumes are only supported by Swarm", diags);
    }
}

fn warn(set: bool, origins: &Origins, path: PathRef<'_>, message: &str, diags: &mut Diagnostics) {
    if set {
        diags.push(Diagnostic::new(Code::SwarmOnly, origins.key(path), message).at(origins.full(path)));
    }
}
