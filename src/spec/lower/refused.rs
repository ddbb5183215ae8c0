//! Values that load, and that the engine would refuse: told with their place before anything is made.
//!
//! The rules are those of Docker Engine from 20.10 to 28: what one of them takes is not told here.

use core::net::{IpAddr, Ipv6Addr};

use super::{Lowering, options, resources};
use crate::base::image_ref::{ImageRef, ImageRefError};
use crate::diag::{Code, Diagnostic, Span, suggest};
use crate::model::{MountType, Service};
use crate::yaml::PathRef;

const HERE: PathRef<'static> = PathRef::Root;

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
        }
    }

    /// Adds a finding at the value of a key, with an edit where the value is written as it is.
    fn refuse(&mut self, service: &Service, path: PathRef<'_>, finding: Refusal<'_>) {
        let span = service.origins.value(path);
        let mut found = Diagnostic::new(finding.code, span, finding.message)
            .at(format!("services.{}.{path}", service.name));
        if let Some(help) = finding.help {
            found = found.help(help);
        }
        if let Some(better) = finding.better.filter(|_| is_written(finding.value, span)) {
            found = found.edit(span, better);
        }
        self.diags.push(found);
    }

    fn images(&mut self, service: &Service) {
        if let Some(image) = service.container.image.as_deref() {
            self.image(service, HERE.key("image"), image);
        }
        let volumes = HERE.key("volumes");
        for (at, mount) in service.container.volumes.iter().enumerate() {
            if let (MountType::Image, Some(source)) = (mount.kind, mount.source.as_deref())
                && !self.project.services.contains_key(source)
            {
                self.image(service, volumes.index(at).key("source"), source);
            }
        }
    }

    fn image(&mut self, service: &Service, path: PathRef<'_>, image: &str) {
        let error = match ImageRef::parse(image) {
            // The engine takes the identifier of an image it has.
            Ok(_) | Err(ImageRefError::LooksLikeId(_)) => return,
            Err(error) => error,
        };
        let unset = (self.context.unset)(service.origins.value(path));
        let (help, better) = mend_image(image, &error, &unset);
        let message =
            format!("service \"{}\": `{image}` can't be the name of an image: {error}", service.name);
        self.refuse(
            service,
            path,
            Refusal { code: Code::ImageName, message, help: Some(help), value: image, better },
        );
    }
}

impl Lowering<'_> {
    fn name_servers(&mut self, service: &Service) {
        let dns = HERE.key("dns");
        for (at, address) in service.container.dns.iter().enumerate() {
            if address.is_empty() || is_address(address) {
                continue;
            }
            let message =
                format!("service \"{}\": `{address}` is not the address of a name server", service.name);
            let help = Some("write an IPv4 or IPv6 address, such as `1.1.1.1`".to_owned());
            let code = Code::IpAddress;
            self.refuse(
                service,
                dns.index(at),
                Refusal { code, message, help, value: address, better: None },
            );
        }
    }
}

/// What `restart` may say, and what `deploy.restart_policy.condition` may say.
const POLICIES: [&str; 4] = ["no", "always", "on-failure", "unless-stopped"];
const CONDITIONS: [&str; 3] = ["none", "on-failure", "any"];

impl Lowering<'_> {
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
            self.refuse(service, place, Refusal { code, message, help: Some(help), value: word, better });
        } else if restart.max_retries < 0 {
            let message = format!("service \"{name}\": {} restarts are none", restart.max_retries);
            let help = Some("write a number from 1 on, or `on-failure` alone for no end".to_owned());
            let refusal = Refusal { code: Code::OutOfRange, message, help, value: word, better: None };
            self.refuse(service, count, refusal);
        } else if restart.max_retries > 0 && !matches!(restart.name.as_str(), "" | "on-failure") {
            let message = format!(
                "service \"{name}\": restarts are counted with `on-failure` alone, not with `{word}`"
            );
            let help = match deployed {
                Some(_) => "leave `max_attempts` out, or write `condition: on-failure`".to_owned(),
                None => format!("write `{word}`, or `on-failure:{}`", restart.max_retries),
            };
            let code = Code::NotAllowed;
            self.refuse(
                service,
                count,
                Refusal { code, message, help: Some(help), value: word, better: None },
            );
        }
    }
}

impl Lowering<'_> {
    fn mount_targets(&mut self, service: &Service) {
        let volumes = HERE.key("volumes");
        for (at, mount) in service.container.volumes.iter().enumerate() {
            let target = mount.target.as_deref().unwrap_or_default();
            let item = volumes.index(at);
            let short = is_short(service, item);
            match (mount.kind, mount.source.as_deref()) {
                (MountType::Volume, None) if short && is_letter_and_path(target) => {
                    self.drive_letter(service, item, target, "the path of a volume without a name");
                }
                (MountType::Bind, Some(source))
                    if short && is_letter_and_path(source) && is_relative(target) =>
                {
                    self.drive_letter(service, item, source, "a path of the host");
                    self.mount_target(service, item.key("target"), target);
                }
                (MountType::Npipe, _) => {}
                _ => self.mount_target(service, item.key("target"), target),
            }
        }
        let tmpfs = HERE.key("tmpfs");
        for (at, entry) in service.container.tmpfs.iter().enumerate() {
            let target = entry.split(':').next().unwrap_or_default();
            self.mount_target(service, tmpfs.index(at), target);
        }
    }

    fn mount_target(&mut self, service: &Service, path: PathRef<'_>, target: &str) {
        if !is_relative(target) {
            return;
        }
        let message =
            format!("service \"{}\": the target of a mount, `{target}`, is no absolute path", service.name);
        let bare = target.trim_start_matches("./");
        let help = Some(format!("write where in the container it is to be, such as `/{bare}`"));
        let refusal = Refusal { code: Code::MountTarget, message, help, value: target, better: None };
        self.refuse(service, path, refusal);
    }

    fn drive_letter(&mut self, service: &Service, item: PathRef<'_>, text: &str, what: &str) {
        let (letter, target) = text.split_once(':').unwrap_or((text, text));
        let message = format!(
            "service \"{}\": `{letter}:` is read as a drive letter, and `{text}` as {what}",
            service.name
        );
        let help = Some(format!(
            "use a longer name or the long form: `{{type: volume, source: {letter}, target: {target}}}`"
        ));
        let refusal = Refusal { code: Code::DriveLetter, message, help, value: text, better: None };
        self.refuse(service, item, refusal);
    }
}

/// Every capability of Linux 5.9 and later, without `CAP_`. An engine may know fewer.
const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// The least memory the engine lets a container have, in bytes.
const LEAST_MEMORY: i64 = 6 << 20;

impl Lowering<'_> {
    fn capabilities(&mut self, service: &Service) {
        let container = &service.container;
        for (key, names) in [("cap_add", &container.cap_add), ("cap_drop", &container.cap_drop)] {
            let list = HERE.key(key);
            for (at, name) in names.iter().enumerate() {
                let plain = name.trim().to_uppercase();
                if plain == "ALL" || CAPABILITIES.contains(&plain.strip_prefix("CAP_").unwrap_or(&plain)) {
                    continue;
                }
                let bare = plain.strip_prefix("CAP_").unwrap_or(&plain);
                let near = suggest::nearest(bare, CAPABILITIES.iter().copied().chain(["ALL"]));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `ALL`, or one of capabilities(7), such as `NET_ADMIN`".to_owned(),
                };
                let message = format!("service \"{}\": `{name}` is not a capability", service.name);
                let better = near.map(str::to_owned);
                let code = Code::NotAllowed;
                let refusal = Refusal { code, message, help: Some(help), value: name, better };
                self.refuse(service, list.index(at), refusal);
            }
        }
    }

    fn working_dir(&mut self, service: &Service) {
        let Some(path) = service.container.working_dir.as_deref() else { return };
        if path.is_empty() || path.starts_with('/') || has_drive(path) {
            return;
        }
        let message = format!("service \"{}\": `{path}` is no absolute path in the container", service.name);
        let help = Some(format!("write the whole path, such as `/{}`", path.trim_start_matches("./")));
        let refusal = Refusal { code: Code::Pattern, message, help, value: path, better: None };
        self.refuse(service, HERE.key("working_dir"), refusal);
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
        let help = Some("write `6m` or more, or leave it out".to_owned());
        self.refuse(
            service,
            path,
            Refusal { code: Code::OutOfRange, message, help, value: "", better: None },
        );
    }
}

/// Whether a mount is written in its short form: its parts have no places of their own then.
fn is_short(service: &Service, item: PathRef<'_>) -> bool {
    service.origins.value(item.key("type")) == service.origins.value(item)
}

/// `v:/data`: on Windows people write `C:\\data`.
fn is_letter_and_path(target: &str) -> bool {
    has_drive(target) && target[1..].starts_with(":/")
}

/// Whether a path in a container is none from the top. What has a drive is for engines on Windows.
fn is_relative(path: &str) -> bool {
    !path.is_empty() && !path.starts_with(['/', '\\']) && !has_drive(path)
}

/// `c:/data`, `C:\\data`.
fn has_drive(target: &str) -> bool {
    matches!(target.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// A value the engine doesn't take.
struct Refusal<'a> {
    code: Code,
    message: String,
    help: Option<String>,
    /// The value, as the engine would get it.
    value: &'a str,
    /// What to write instead, where that is certain.
    better: Option<String>,
}

/// Whether a value stands in the file as it is, without quotes or variables.
fn is_written(value: &str, span: Span) -> bool {
    span.is_some() && (span.end - span.start) as usize == value.len()
}

/// Quotes that text processors make of the plain ones.
const TYPOGRAPHIC: [char; 11] = ['“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '″'];

/// How to mend the name of an image.
fn mend_image(image: &str, error: &ImageRefError, unset: &[String]) -> (String, Option<String>) {
    let names = |text: &str| ImageRef::parse(text).is_ok();
    if let Some(quote) = image.chars().find(|c| TYPOGRAPHIC.contains(c)) {
        let inner = image.trim_matches(TYPOGRAPHIC);
        let better = Some(inner.to_owned()).filter(|inner| names(inner));
        return (format!("YAML knows no such quotes as `{quote}`: write `\"` or `'`, or none"), better);
    }
    if !unset.is_empty() {
        let listed = unset.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let verb = if unset.len() == 1 { "is" } else { "are" };
        return match unset.len() == 1 && image.ends_with(':') {
            true => (format!("the tag is empty because {listed} {verb} not set"), None),
            false => (format!("{listed} {verb} not set"), None),
        };
    }
    if image.ends_with(':') {
        return ("the tag is empty: write one after the colon, or leave the colon out".to_owned(), None);
    }
    if image.contains(char::is_whitespace) {
        let trimmed = Some(image.trim().to_owned()).filter(|trimmed| names(trimmed));
        return ("the name of an image has no spaces".to_owned(), trimmed);
    }
    if let Some((scheme @ ("http" | "https"), rest)) = image.split_once("://") {
        let better = Some(rest.to_owned()).filter(|rest| names(rest));
        return (format!("leave `{scheme}://` out: registries are named by their host alone"), better);
    }
    if matches!(error, ImageRefError::NotLowercase(_)) {
        let better = Some(image.to_lowercase()).filter(|lower| names(lower));
        return ("write it in lower case".to_owned(), better);
    }
    ("write `[registry/]name[:tag][@digest]`, the name in lower case".to_owned(), None)
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
