//! Container names.

use std::collections::HashMap;

use crate::diag::{Code, Diagnostics};
use crate::model::{Project, Service};

use super::{HERE, Subject};

pub(super) fn check(project: &Project, diags: &mut Diagnostics) {
    let mut taken: HashMap<&str, &Service> = HashMap::new();
    for service in project.services.values() {
        let Some(name) = service.container_name.as_deref() else { continue };
        let path = HERE.key("container_name");
        match taken.get(name) {
            Some(first) => {
                let what = format!("has the container name `{name}`, like the service `{}`", first.name);
                diags.push(
                    Subject::service(project, service)
                        .finding(Code::ContainerNameTaken, path, what)
                        .label(first.origins.key(path), "the first one is here")
                        .help("give one of them another name, or none"),
                );
            }
            None => {
                taken.insert(name, service);
            }
        }
    }
}
