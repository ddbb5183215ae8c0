//! How many containers, and resources that are given twice.

use crate::diag::{Code, Diagnostics};
use crate::model::Service;
use crate::yaml::PathRef;

use super::{HERE, Subject};

pub(super) fn check(subject: &Subject<'_>, service: &Service, diags: &mut Diagnostics) {
    let deploy_at = HERE.key("deploy");
    let replicas = service.deploy.as_ref().and_then(|deploy| deploy.replicas);
    let mut differ = |key: &str, other: PathRef<'_>| {
        let what = format!("sets `{key}` and `{}` to different values", other.to_path());
        diags.push(
            subject
                .finding(Code::ConflictingValues, HERE.key(key), what)
                .label(subject.origins.key(other), "the other value is here")
                .help("keep only one of them"),
        );
    };
    if let (Some(scale), Some(replicas)) = (service.scale, replicas)
        && scale != replicas
    {
        differ("scale", deploy_at.key("replicas"));
    }
    let resources_at = deploy_at.key("resources");
    let container = &service.container;
    if let Some(deploy) = &service.deploy {
        if let Some(limits) = &deploy.resources.limits {
            let at = resources_at.key("limits");
            if container.cpus != 0.0 && container.cpus != limits.cpus {
                differ("cpus", at.key("cpus"));
            }
            if container.mem_limit.0 != 0 && container.mem_limit != limits.memory {
                differ("mem_limit", at.key("memory"));
            }
            if container.pids_limit != 0 && container.pids_limit != limits.pids {
                differ("pids_limit", at.key("pids"));
            }
        }
        if let Some(reservations) = &deploy.resources.reservations {
            let at = resources_at.key("reservations");
            if container.mem_reservation.0 != 0 && container.mem_reservation != reservations.memory {
                differ("mem_reservation", at.key("memory"));
            }
        }
    }
    let count_at = if service.scale.is_some() { HERE.key("scale") } else { deploy_at.key("replicas") };
    if service.scale.is_some_and(|n| n < 0) {
        diags.push(subject.finding(Code::OutOfRange, HERE.key("scale"), "has a negative `scale`"));
    }
    if replicas.is_some_and(|n| n < 0) {
        let path = deploy_at.key("replicas");
        diags.push(subject.finding(Code::OutOfRange, path, "has a negative `deploy.replicas`"));
    }
    if let Some(name) = &service.container_name
        && service.replicas() > 1
    {
        let what = format!("wants {} containers, but only one can be named `{name}`", service.replicas());
        diags.push(
            subject
                .finding(Code::ContainerNameTaken, count_at, what)
                .label(subject.origins.key(HERE.key("container_name")), "the name is here")
                .help("remove `container_name`, or keep to one container"),
        );
    }
}
