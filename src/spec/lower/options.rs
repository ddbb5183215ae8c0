//! Namespaces, capabilities, restart policies and the other options that need a little reading.

use super::Lowering;
use crate::diag::Code;
use crate::model::{Container, Service};
use crate::spec::{ExposedPort, LogSpec, Namespace, RestartSpec};
use crate::yaml::PathRef;

/// `service:x`, or a mode the engine knows.
pub(super) fn namespace(mode: Option<&str>) -> Option<Namespace> {
    let mode = mode.filter(|mode| !mode.is_empty())?;
    Some(match mode.strip_prefix("service:") {
        Some(service) => Namespace::Service(service.into()),
        None => Namespace::Mode(mode.to_owned()),
    })
}

/// `x[:mode]` for a service, `container:x[:mode]` for a container. The mode is lost, as in the reference.
pub(super) fn volumes_from(entries: &[String]) -> Vec<Namespace> {
    entries
        .iter()
        .map(|entry| match entry.strip_prefix("container:") {
            Some(rest) => Namespace::Mode(rest.split(':').next().unwrap_or(rest).to_owned()),
            None => Namespace::Service(entry.split(':').next().unwrap_or(entry).into()),
        })
        .collect()
}

/// `host:address`, one item an address.
pub(super) fn extra_hosts(container: &Container) -> Vec<String> {
    let mut hosts: Vec<String> = container
        .extra_hosts
        .iter()
        .flat_map(|(host, addresses)| addresses.iter().map(move |address| format!("{host}:{address}")))
        .collect();
    hosts.sort();
    hosts
}

/// Upper case, with the `CAP_` prefix, sorted, once each.
pub(super) fn capabilities(names: &[String]) -> Vec<String> {
    let mut all: Vec<String> = names
        .iter()
        .map(|name| {
            let name = name.trim().to_uppercase();
            if name == "ALL" || name.starts_with("CAP_") { name } else { format!("CAP_{name}") }
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The ports of `7000`, `7000-7010`, `53/udp`.
pub(super) fn exposed_range(text: &str) -> Option<Vec<ExposedPort>> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    let port = |port| ExposedPort { port, protocol: protocol.to_lowercase() };
    (first <= last).then(|| (first..=last).map(port).collect())
}

/// `logging:`; `None` leaves everything to the engine.
pub(super) fn logging(container: &Container) -> Option<LogSpec> {
    let logging = container.logging.as_ref()?;
    Some(LogSpec { driver: logging.driver.clone().unwrap_or_default(), options: logging.options.clone() })
}

/// `restart:`, overridden by `deploy.restart_policy`.
pub(super) fn restart(service: &Service) -> Option<RestartSpec> {
    let policy = service.deploy.as_ref().and_then(|deploy| deploy.restart_policy.as_ref());
    if let Some(policy) = policy {
        // Without a condition the reference names no policy, whatever the specification says of a default.
        let condition = policy.condition.as_deref().unwrap_or_default();
        let max_retries = policy.max_attempts.and_then(|n| i64::try_from(n).ok()).unwrap_or(0);
        return Some(RestartSpec { name: restart_name(condition), max_retries });
    }
    let text = service.restart.as_deref().filter(|text| !text.is_empty())?;
    let (name, count) = text.split_once(':').unwrap_or((text, ""));
    Some(RestartSpec { name: restart_name(name), max_retries: count.parse().unwrap_or(0) })
}

fn restart_name(word: &str) -> String {
    match word {
        "none" | "no" => "no",
        "any" | "always" => "always",
        other => other,
    }
    .to_owned()
}

/// `systempaths=unconfined`.
pub(super) fn is_unmasked(option: &str) -> bool {
    matches!(option, "systempaths=unconfined" | "systempaths:unconfined")
}

impl Lowering<'_> {
    /// Security options as the engine takes them: profiles inlined, `systempaths` left out.
    pub(super) fn security_options(&mut self, service: &Service) -> Vec<String> {
        let mut options = Vec::new();
        for (at, option) in service.container.security_opt.iter().enumerate() {
            if is_unmasked(option) {
                continue;
            }
            let path = PathRef::Root.key("security_opt");
            let split = option.split_once('=').or_else(|| option.split_once(':'));
            match split {
                None if option == "no-new-privileges" => options.push(option.clone()),
                None => {
                    let message = format!("invalid security-opt: \"{option}\"");
                    self.report(
                        service,
                        Code::ShortForm,
                        path.index(at),
                        message,
                        "write `name=value`, like `seccomp=profile.json`",
                    );
                }
                Some(("seccomp", profile)) if !matches!(profile, "unconfined" | "builtin") => {
                    match self.seccomp(profile) {
                        Ok(json) => options.push(format!("seccomp={json}")),
                        Err(cause) => {
                            let message = format!("seccomp profile ({profile}): {cause}");
                            self.report(
                                service,
                                Code::FileUnreadable,
                                path.index(at),
                                message,
                                "the path is relative to the project directory",
                            );
                        }
                    }
                }
                Some(_) => options.push(option.clone()),
            }
        }
        options
    }

    fn seccomp(&self, profile: &str) -> Result<String, String> {
        let bytes =
            (self.context.read)(&self.project.working_dir.join(profile)).map_err(|e| e.to_string())?;
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
        Ok(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Deploy, RestartPolicy};

    #[test]
    fn capabilities_get_their_prefix_and_order() {
        let names = ["net_admin", "ALL", "CAP_MKNOD", "NET_ADMIN"].map(String::from);
        assert_eq!(capabilities(&names), ["ALL", "CAP_MKNOD", "CAP_NET_ADMIN"]);
    }

    #[test]
    fn a_deployed_policy_counts_and_has_no_default() {
        let told = |condition: Option<&str>| {
            let policy = RestartPolicy {
                condition: condition.map(str::to_owned),
                max_attempts: Some(2),
                ..RestartPolicy::default()
            };
            let deploy = Deploy { restart_policy: Some(policy), ..Deploy::default() };
            let service =
                Service { restart: Some("always".to_owned()), deploy: Some(deploy), ..Service::default() };
            restart(&service).map(|restart| (restart.name, restart.max_retries))
        };
        assert_eq!(told(None), Some((String::new(), 2)));
        assert_eq!(told(Some("none")), Some(("no".to_owned(), 2)));
        assert_eq!(told(Some("any")), Some(("always".to_owned(), 2)));
    }

    #[test]
    fn exposed_ranges_are_expanded() {
        let text = |text| exposed_range(text).map(|ports| ports.iter().map(|p| p.port).collect::<Vec<_>>());
        assert_eq!(text("7000-7002/udp"), Some(vec![7000, 7001, 7002]));
        assert_eq!(text("80"), Some(vec![80]));
        assert_eq!(text("9-8"), None);
        assert_eq!(text("x"), None);
    }

    #[test]
    fn volumes_from_loses_its_mode() {
        let entries = ["a:ro", "container:b:rw"].map(String::from);
        assert_eq!(volumes_from(&entries), [Namespace::Service("a".into()), Namespace::Mode("b".into())]);
    }
}
