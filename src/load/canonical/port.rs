//! Published ports: `[[IP:][HOST]:]CONTAINER[/PROTOCOL]`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::long;
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::yaml::{Key, Kind, Node, PathRef, scalar};

/// One mapping read from a short text; ranges are the parts of the text they came from.
struct Parts<'t> {
    ip: Option<&'t str>,
    host: Option<&'t str>,
    container: &'t str,
    protocol: String,
}

/// Ports that the short forms of a tree may stand for in all: every one that there is, thrice.
pub(super) const MOST: usize = 3 << 16;

/// Brings every item of the list into its long form; one text may give several, of which `room` is left.
pub(super) fn transform(
    node: &mut Node,
    path: &PathRef<'_>,
    lenient: bool,
    room: &mut usize,
    diags: &mut Diagnostics,
) {
    let Kind::Sequence(items) = &mut node.kind else { return };
    if !items.iter().any(|item| matches!(item.kind, Kind::String(_) | Kind::Int(_) | Kind::Float(_))) {
        return;
    }
    let mut out = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let text = match &item.kind {
            Kind::String(text) => text.clone(),
            Kind::Int(_) => scalar::text_of(item).unwrap_or_default(),
            Kind::Float(_) => {
                let message = format!("{path}: invalid type float64 for port");
                diags.push(
                    Diagnostic::new(Code::Port, item.span, message)
                        .at(path.index(at))
                        .help("put the port between quotation marks"),
                );
                out.push(Node::spanned(Kind::Invalid, item.span));
                continue;
            }
            _ => {
                out.push(item.clone());
                continue;
            }
        };
        match read(&text, item.span) {
            // Port 0 is no port.
            Ok(ports) if ports.iter().any(is_zero) && !lenient => {
                let place = path.index(at);
                let message = format!("service ports {place} is missing a target port");
                diags.push(Diagnostic::new(Code::Port, item.span, message).at(place));
                out.push(Node::spanned(Kind::Invalid, item.span));
            }
            Ok(ports) if ports.len() <= *room => {
                *room -= ports.len();
                out.extend(ports);
            }
            Ok(_) => {
                let message = format!("port ranges stand for more than {MOST} ports");
                let finding = Diagnostic::new(Code::TooManyNodes, item.span, message).at(path.index(at));
                diags.push(finding.note("this one exceeds the limit"));
                out.push(Node::spanned(Kind::Invalid, item.span));
                // The rest would be as many again.
                out.extend(items[at + 1..].iter().map(|item| Node::spanned(Kind::Invalid, item.span)));
                *room = 0;
                break;
            }
            // One port that can't be read leaves the whole list as it was written.
            Err(_) if lenient => return,
            Err(fault) => {
                let finding = Diagnostic::new(Code::Port, item.span, fault).at(path.index(at));
                let help = address_alone(&text)
                    .unwrap_or_else(|| "the short form is `[[ip:]host:]container[/protocol]`".to_owned());
                diags.push(finding.help(help));
                out.push(Node::spanned(Kind::Invalid, item.span));
            }
        }
    }
    *items = out;
}

fn is_zero(port: &Node) -> bool {
    matches!(port.get("target").map(|target| &target.kind), Some(Kind::Int(0)))
}

fn split(text: &str) -> Parts<'_> {
    let (front, container) = match text.rsplit_once(':') {
        Some((front, container)) => (Some(front), container),
        None => (None, text),
    };
    let (ip, host) = match front.map(|front| front.rsplit_once(':').ok_or(front)) {
        None => (None, None),
        Some(Err(host)) => (None, Some(host)),
        Some(Ok((ip, host))) => (Some(ip), Some(host)),
    };
    let (container, protocol) = match container.split_once('/') {
        Some((container, protocol)) if !protocol.is_empty() && !container.is_empty() => (container, protocol),
        Some((container, _)) => (container, "tcp"),
        None => (container, "tcp"),
    };
    Parts {
        ip: ip.filter(|ip| !ip.is_empty()),
        host: host.filter(|host| !host.is_empty()),
        container,
        protocol: protocol.to_lowercase(),
    }
}

/// What to write for an address with the container's port alone.
fn address_alone(text: &str) -> Option<String> {
    let (address, container) = text.rsplit_once(':')?;
    let in_brackets = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_address = match in_brackets {
        Some(bare) => bare.parse::<Ipv6Addr>().is_ok(),
        None => address.parse::<Ipv4Addr>().is_ok(),
    };
    let port = container.split('/').next().filter(|port| !port.is_empty())?;
    is_address.then(|| {
        format!(
            "a port of the host stands between the address and the container's port: \
             `{address}:{port}:{container}`; with none the engine chooses one: `{address}::{container}`"
        )
    })
}

fn range(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u16>().ok()).flatten()
    };
    match text.split_once('-') {
        None => number(text).map(|n| (n, n)),
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some((first, last))
        }
    }
}

fn read(text: &str, span: Span) -> Result<Vec<Node>, String> {
    let parts = split(text);
    if !matches!(parts.protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("invalid proto: {}", parts.protocol));
    }
    let ip = match parts.ip {
        None => None,
        Some(ip) => {
            let bare = match ip.strip_prefix('[') {
                Some(rest) => rest.strip_suffix(']').ok_or_else(|| format!("invalid IP address: {ip}"))?,
                None => ip,
            };
            let plain = bare.split('%').next().unwrap_or(bare);
            if plain.len() != bare.len() || plain.parse::<IpAddr>().is_err() {
                return Err(format!("invalid IP address: {bare}"));
            }
            Some(bare)
        }
    };
    if parts.container.is_empty() {
        return Err(format!("no port specified: {text}<empty>"));
    }
    let (first, last) =
        range(parts.container).ok_or_else(|| format!("invalid containerPort: {}", parts.container))?;
    let host = match parts.host {
        None => None,
        Some(host) => Some(range(host).ok_or_else(|| format!("invalid hostPort: {host}"))?),
    };
    if let (Some((host_first, host_last)), Some(host)) = (host, parts.host)
        && first != last
        && host_last - host_first != last - first
    {
        return Err(format!(
            "invalid ranges specified for container and host Ports: {} and {host}",
            parts.container
        ));
    }
    // The places of the parts, when the text stands in the file as it is (two more bytes are quotes).
    let place = |part: &str| {
        let offset = part.as_ptr() as usize - text.as_ptr() as usize;
        match (span.end - span.start) as usize {
            n if n == text.len() => span.part(offset, offset + part.len()),
            n if n == text.len() + 2 => span.part(offset + 1, offset + 1 + part.len()),
            _ => span,
        }
    };
    let container_span = place(parts.container);
    let mut ports = Vec::with_capacity(usize::from(last - first) + 1);
    for n in 0..=last - first {
        let target = i64::from(first) + i64::from(n);
        let mut port = long(
            span,
            [
                ("mode", Node::string("ingress", span)),
                ("target", Node::spanned(Kind::Int(target), container_span)),
                ("protocol", Node::string(parts.protocol.clone(), span)),
            ],
        );
        let Kind::Mapping(map) = &mut port.kind else { continue };
        if let Some(ip) = ip {
            let ip_span = parts.ip.map_or(span, place);
            map.insert(Key { text: "host_ip".to_owned(), span: ip_span }, Node::string(ip, ip_span));
        }
        if let Some((host_first, host_last)) = host {
            let host_span = parts.host.map_or(span, place);
            let published = match first == last && host_first != host_last {
                true => format!("{host_first}-{host_last}"),
                false => (u32::from(host_first) + u32::from(n)).to_string(),
            };
            map.insert(
                Key { text: "published".to_owned(), span: host_span },
                Node::string(published, host_span),
            );
        }
        ports.push((format!("{target}/{}", parts.protocol), port));
    }
    // The reference orders the ports of a range as text: 10, 11, 9.
    ports.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(ports.into_iter().map(|(_, port)| port).collect())
}
