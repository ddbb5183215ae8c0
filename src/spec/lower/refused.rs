//! Values that load, and that the engine would refuse: told with their place before anything is made.
//!
//! The rules are those of Docker Engine from 20.10 to 28: what one of them takes is not told here.

mod capability;
mod image;
mod mount;
mod name;

use core::net::{IpAddr, Ipv6Addr};

use super::{Lowering, network, options, resources};
use crate::diag::{Code, Diagnostic, Span, suggest};
use crate::model::Service;
use crate::yaml::PathRef;

const HERE: PathRef<'static> = PathRef::Root;

/// What `restart` may say, and what `deploy.restart_policy.condition` may say.
const POLICIES: [&str; 4] = ["no", "always", "on-failure", "unless-stopped"];
const CONDITIONS: [&str; 3] = ["none", "on-failure", "any"];

/// The least memory the engine lets a container have, in bytes.
const LEAST_MEMORY: i64 = 6 << 20;

impl Lowering<'_> {
    /// What the engine would not take of a service.
    pub(super) fn refused(&mut self, service: &Service) {
        // Images are asked for even where no container is wanted.
        self.images(service);
        if service.replicas() > 0 {
            self.name_servers(service);
            self.restart(service);
            self.mount_targets(service);
            self.capabilities(service);
            self.working_dir(service);
            self.memory(service);
            self.start_interval(service);
            self.hardware_address(service);
        }
    }

    /// Adds a finding at the value of a key, with an edit where the value is written as it is.
    fn refuse(&mut self, service: &Service, path: PathRef<'_>, finding: Refusal<'_>) {
        let span = service.origins.value(path);
        let mut found = Diagnostic::new(finding.code, span, finding.message)
            .at(service.origins.full(path))
            .help(finding.help);
        if let Some(better) = finding.better.filter(|_| is_written(finding.value, span)) {
            found = found.edit(span, better);
        }
        self.diags.push(found);
    }

    fn name_servers(&mut self, service: &Service) {
        let dns = HERE.key("dns");
        for (at, address) in service.container.dns.iter().enumerate() {
            if address.is_empty() || is_address(address) {
                continue;
            }
            let message =
                format!("service \"{}\": `{address}` is not the address of a name server", service.name);
            let help = "write an IPv4 or IPv6 address, such as `1.1.1.1`".to_owned();
            let code = Code::IpAddress;
            self.refuse(
                service,
                dns.index(at),
                Refusal { code, message, help, value: address, better: None },
            );
        }
    }

    /// The policy that counts: that of `deploy`, if there is one.
    fn restart(&mut self, service: &Service) {
        let Some(restart) = options::restart(service) else { return };
        let deploy = HERE.key("deploy");
        let policy = deploy.key("restart_policy");
        let deployed = service.deploy.as_ref().and_then(|deploy| deploy.restart_policy.as_ref());
        let (word, conditions, place, count) = match deployed {
            Some(deployed) => (
                deployed.condition.as_deref().unwrap_or_default(),
                &CONDITIONS[..],
                policy.key("condition"),
                policy.key("max_attempts"),
            ),
            None => {
                let text = service.restart.as_deref().unwrap_or_default();
                let word = text.split_once(':').map_or(text, |(word, _)| word);
                (word, &POLICIES[..], HERE.key("restart"), HERE.key("restart"))
            }
        };
        let name = &service.name;
        if !restart.name.is_empty() && !POLICIES.contains(&restart.name.as_str()) {
            let near = suggest::nearest(word, conditions.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of `{}`", conditions.join("`, `")),
            };
            let message = format!("service \"{name}\": `{word}` is not a restart policy");
            let better = near.map(str::to_owned);
            let code = Code::NotAllowed;
            self.refuse(service, place, Refusal { code, message, help, value: word, better });
        } else if restart.max_retries < 0 {
            let message =
                format!("service \"{name}\": restart count must be at least 1, got {}", restart.max_retries);
            let help = "use a number of at least 1, or `on-failure` alone for unlimited restarts".to_owned();
            let refusal = Refusal { code: Code::OutOfRange, message, help, value: word, better: None };
            self.refuse(service, count, refusal);
        } else if restart.max_retries > 0 && !matches!(restart.name.as_str(), "" | "on-failure") {
            let message = format!(
                "service \"{name}\": a restart count is only valid with `on-failure`, not with `{word}`"
            );
            let help = match deployed {
                Some(_) => "leave `max_attempts` out, or write `condition: on-failure`".to_owned(),
                None => format!("write `{word}`, or `on-failure:{}`", restart.max_retries),
            };
            let code = Code::NotAllowed;
            self.refuse(service, count, Refusal { code, message, help, value: word, better: None });
        }
    }

    fn working_dir(&mut self, service: &Service) {
        let Some(path) = service.container.working_dir.as_deref() else { return };
        if path.is_empty() || path.starts_with('/') || has_drive(path) {
            return;
        }
        let message = format!("service \"{}\": `{path}` is not an absolute path", service.name);
        let help = format!("use an absolute path, such as `/{}`", path.trim_start_matches("./"));
        let refusal = Refusal { code: Code::Pattern, message, help, value: path, better: None };
        self.refuse(service, HERE.key("working_dir"), refusal);
    }

    /// The reference refuses it even where the check is off; engines before 25.0 pass over the interval.
    fn start_interval(&mut self, service: &Service) {
        let Some(check) = &service.workload.healthcheck else { return };
        if check.start_interval.is_none() || check.start_period.is_some() {
            return;
        }
        let message = format!(
            "service \"{}\": healthcheck.start_interval requires healthcheck.start_period to be set",
            service.name
        );
        let help = "add `start_period`, the time the service has to start, or leave `start_interval` out";
        let refusal =
            Refusal { code: Code::Healthcheck, message, help: help.to_owned(), value: "", better: None };
        self.refuse(service, HERE.key("healthcheck").key("start_interval"), refusal);
    }

    /// The address of the service is that of its first network: two that differ are refused, as by the reference.
    fn hardware_address(&mut self, service: &Service) {
        let container = &service.container;
        let Some(own) = container.mac_address.as_deref().filter(|address| !address.is_empty()) else {
            return;
        };
        if container.network_mode.as_deref().is_some_and(|mode| !mode.is_empty()) {
            return;
        }
        let Some((key, Some(attachment))) = network::in_order(container).into_iter().next() else { return };
        let Some(other) =
            attachment.mac_address.as_deref().filter(|other| !other.is_empty() && *other != own)
        else {
            return;
        };
        let message = format!(
            "service \"{}\": the service-level mac_address should have the same value as network {key}",
            service.name
        );
        let networks = HERE.key("networks");
        let place = networks.key(key);
        let span = service.origins.value(HERE.key("mac_address"));
        let found = Diagnostic::new(Code::ConflictingValues, span, message)
            .at(service.origins.full(HERE.key("mac_address")))
            .label(service.origins.value(place.key("mac_address")), format!("`{other}` here"))
            .help("leave one of the two out");
        self.diags.push(found);
    }

    fn memory(&mut self, service: &Service) {
        let limit = resources::resources(service).memory;
        if limit == 0 || limit >= LEAST_MEMORY {
            return;
        }
        let deploy = HERE.key("deploy");
        let resources = deploy.key("resources");
        let limits = resources.key("limits");
        let path = match service.container.mem_limit.0 {
            0 => limits.key("memory"),
            _ => HERE.key("mem_limit"),
        };
        let message = format!(
            "service \"{}\": a limit of {limit} bytes of memory is below the 6 MiB an engine demands",
            service.name
        );
        let help = "write `6m` or more, or leave it out".to_owned();
        self.refuse(
            service,
            path,
            Refusal { code: Code::OutOfRange, message, help, value: "", better: None },
        );
    }
}

/// A value the engine doesn't take.
struct Refusal<'a> {
    code: Code,
    message: String,
    help: String,
    /// The value, as the engine would get it.
    value: &'a str,
    /// What to write instead, where that is certain.
    better: Option<String>,
}

/// Whether a value stands in the file as it is, without quotes or variables.
fn is_written(value: &str, span: Span) -> bool {
    span.is_some() && (span.end - span.start) as usize == value.len()
}

/// `c:/data`, `C:\\data`.
fn has_drive(target: &str) -> bool {
    matches!(target.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// An address, an IPv6 one perhaps with its zone.
fn is_address(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => !zone.is_empty() && address.parse::<Ipv6Addr>().is_ok(),
        None => text.parse::<IpAddr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses_of_name_servers_are_those_the_reference_takes() {
        for text in ["1.1.1.1", "::1", "fe80::1%eth0", "::ffff:1.2.3.4"] {
            assert!(is_address(text), "{text}");
        }
        for text in
            ["1.1.1.1.1", "x", "01.1.1.1", "256.1.1.1", "1.1.1.1:53", " 1.1.1.1", "1.1.1.1%eth0", "::1%"]
        {
            assert!(!is_address(text), "{text}");
        }
    }
}
