//! Ports of the host that can't be had.

use super::{First, HERE, PORTS, Subject, finding, items};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Port, Service};

/// A published port of the host.
#[derive(Clone, Copy)]
struct Published<'a> {
    service: &'a Service,
    at: usize,
    span: Span,
    port: u16,
    protocol: &'a str,
    address: &'a str,
}

impl<'a> Published<'a> {
    /// Whether one container keeps another from having its port.
    fn excludes(&self, other: &Published<'_>) -> bool {
        let any = |address| matches!(address, "" | "0.0.0.0" | "::");
        self.port == other.port
            && self.protocol == other.protocol
            && (self.address == other.address || any(self.address) || any(other.address))
    }

    fn new(service: &'a Service, at: usize, port: &'a Port) -> Option<Published<'a>> {
        // Of a range the engine takes a port that is free.
        let number = port.published.as_deref()?.parse().ok().filter(|number| *number > 0)?;
        Some(Published {
            service,
            at,
            span: service.origins.value(PORTS.index(at)),
            port: number,
            protocol: port.protocol.as_deref().unwrap_or("tcp"),
            address: port.host_ip.as_deref().unwrap_or_default(),
        })
    }
}

/// What a service publishes. On the host's network, `ports` mean nothing.
fn published(service: &Service) -> Vec<Published<'_>> {
    if service.container.network_mode.as_deref() == Some("host") {
        return Vec::new();
    }
    let ports = service.workload.ports.iter().enumerate();
    ports.filter_map(|(at, port)| Published::new(service, at, port)).collect()
}

/// One service publishes a port twice.
pub(super) fn twice(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.project.services.values() {
        let all = published(service);
        let mut told: Vec<(Span, Span)> = Vec::new();
        for (n, later) in all.iter().enumerate() {
            let Some(earlier) = all[..n].iter().find(|earlier| earlier.excludes(later)) else { continue };
            // One entry may stand for a range of ports.
            if told.contains(&(earlier.span, later.span)) {
                continue;
            }
            told.push((earlier.span, later.span));
            let what = format!("publishes port {} of the host twice", later.port);
            let mut found = finding(Code::HostPortTwice, service, PORTS.index(later.at), what)
                .note("again")
                .label(earlier.span, "first");
            found.span = later.span;
            diags.push(match earlier.span.file == later.span.file {
                true => found.help("keep one of the two, or publish another port of the host"),
                false => replacing(found, later.span, subject),
            });
        }
    }
}

/// How to make a later list take the place of the earlier one.
fn replacing(found: Diagnostic, item: Span, subject: &Subject<'_>) -> Diagnostic {
    let found =
        found.help("lists of several files append; `!override` makes the later one replace the earlier");
    match key_before(item, "ports:", subject) {
        Some(end) => found.edit(end, " !override"),
        None => found,
    }
}

/// The empty place right behind the key of the list that an item stands in, unless a tag is there.
fn key_before(item: Span, key: &str, subject: &Subject<'_>) -> Option<Span> {
    let text = &subject.sources.get(item.file)?.text;
    let before = text.get(..item.start as usize)?;
    let start = before.rfind(key)?;
    let end = start + key.len();
    let alone = before[..start].chars().next_back().is_none_or(|c| c.is_whitespace() || "{,".contains(c));
    let tagged = before[end..].trim_start().starts_with(['!', '&', '*']);
    (alone && !tagged).then(|| Span::new(item.file, end, end))
}

/// Two services publish one port.
pub(super) fn shared(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let mut first: First<u16, Vec<Published<'_>>> = First::new();
    for service in subject.project.services.values() {
        let mut told: Vec<Span> = Vec::new();
        let all = published(service);
        for here in &all {
            let others = first.get(&here.port).into_iter().flatten();
            let Some(other) = others.into_iter().find(|other| other.excludes(here)) else { continue };
            if told.contains(&here.span) {
                continue;
            }
            told.push(here.span);
            let what = format!("publishes port {} of the host, as `{}` does", here.port, other.service.name);
            let path = PORTS.index(here.at);
            let mut found = finding(Code::HostPortShared, service, path, what)
                .label(other.span, format!("`{}` has it here", other.service.name))
                .help("publish another port of the host, or give the two services different profiles");
            found.span = here.span;
            diags.push(found);
        }
        for here in all {
            first.entry(here.port).or_default().push(here);
        }
    }
}

/// Several replicas want one port.
pub(super) fn scaled(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.project.services.values().filter(|service| service.replicas() > 1) {
        let count = match service.scale {
            Some(_) => service.origins.key(HERE.key("scale")),
            None => service.origins.key(HERE.key("deploy").key("replicas")),
        };
        let mut told: Vec<Span> = Vec::new();
        for here in published(service) {
            if told.contains(&here.span) {
                continue;
            }
            told.push(here.span);
            let what =
                format!("has {} replicas, but the host has one port {}", service.replicas(), here.port);
            let mut found = finding(Code::HostPortScaled, service, PORTS.index(here.at), what)
                .label(count, "so many want it")
                .help("leave the host's port out, or give a range that has one for each");
            found.span = here.span;
            diags.push(found);
        }
    }
}

/// A port mapping that other tools read as a number.
pub(super) fn base_60(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for service in subject.all_services() {
        for (at, item) in items(service, "ports") {
            let Some(written) = subject.sources.slice(item.span).filter(|text| is_base_60(text)) else {
                continue;
            };
            let what = format!("publishes `{written}`, a number in base 60 to YAML 1.1");
            let mut found = finding(Code::Base60Port, service, PORTS.index(at), what)
                .help("put it in quotes")
                .edit(item.span, format!("\"{written}\""));
            found.span = item.span;
            diags.push(found);
        }
    }
}

/// `[1-9][0-9]*(:[0-5]?[0-9])+`
fn is_base_60(text: &str) -> bool {
    let mut parts = text.split(':');
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let first = parts.next().is_some_and(|part| digits(part) && !part.starts_with('0'));
    let mut rest = parts.peekable();
    first
        && rest.peek().is_some()
        && rest.all(|part| digits(part) && part.len() <= 2 && part.parse::<u8>().is_ok_and(|n| n < 60))
}

#[cfg(test)]
mod tests {
    use super::is_base_60;

    #[test]
    fn numbers_in_base_60_are_known() {
        for text in ["22:22", "1:2:59", "5432:0"] {
            assert!(is_base_60(text), "{text}");
        }
        for text in ["22:80", "022:22", "22", "\"22:22\"", "22:22/udp", "22:022", ":22"] {
            assert!(!is_base_60(text), "{text}");
        }
    }
}
