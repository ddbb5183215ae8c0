//! Ports as the Docker command line lists them: `80-81/tcp, 127.0.0.1:8080->80/tcp`.

use std::cmp::Ordering;

use crate::state::ObservedPort;

/// By port inside, address, port on the host, protocol.
pub fn order(a: &ObservedPort, b: &ObservedPort) -> Ordering {
    let key = |port: &ObservedPort| (port.private, port.ip.clone(), port.public, port.protocol.clone());
    key(a).cmp(&key(b))
}

/// Ports that follow each other are one range when both sides have the same numbers; the others come
/// last, one by one.
pub fn text(ports: &[ObservedPort]) -> String {
    let mut all: Vec<&ObservedPort> = ports.iter().collect();
    all.sort_by(|a, b| order(a, b));
    let mut ranges: Vec<Range<'_>> = Vec::new();
    let (mut closed, mut mapped) = (Vec::new(), Vec::new());
    for port in all {
        let ip = port.ip.as_deref();
        if let (Some(ip), Some(public)) = (ip, port.public)
            && public != port.private
        {
            mapped.push(format!(
                "{}->{}/{}",
                with_port(ip, &public.to_string()),
                port.private,
                port.protocol
            ));
            continue;
        }
        match ranges.iter_mut().find(|range| range.ip == ip && range.protocol == port.protocol) {
            Some(range) if port.private == range.last.saturating_add(1) => range.last = port.private,
            Some(range) => {
                closed.push(range.text());
                (range.first, range.last) = (port.private, port.private);
            }
            None => {
                ranges.push(Range { ip, protocol: &port.protocol, first: port.private, last: port.private })
            }
        }
    }
    closed.extend(ranges.iter().map(Range::text));
    closed.extend(mapped);
    closed.join(", ")
}

struct Range<'a> {
    ip: Option<&'a str>,
    protocol: &'a str,
    first: u16,
    last: u16,
}

impl Range<'_> {
    fn text(&self) -> String {
        let Range { ip, protocol, first, last } = self;
        let ports = if first == last { first.to_string() } else { format!("{first}-{last}") };
        match ip {
            Some(ip) => format!("{}->{ports}/{protocol}", with_port(ip, &ports)),
            None => format!("{ports}/{protocol}"),
        }
    }
}

fn with_port(ip: &str, port: &str) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, public: u16, private: u16) -> ObservedPort {
        ObservedPort {
            ip: Some(ip.to_owned()).filter(|ip| !ip.is_empty()),
            private,
            public: Some(public).filter(|port| *port != 0),
            protocol: "tcp".to_owned(),
        }
    }

    #[test]
    fn ranges_are_one_and_mappings_come_last() {
        let ports = [
            port("127.0.0.1", 8080, 80),
            port("", 0, 99),
            port("", 0, 98),
            port("::", 443, 443),
            port("", 0, 7000),
        ];
        assert_eq!(text(&ports), "98-99/tcp, 7000/tcp, [::]:443->443/tcp, 127.0.0.1:8080->80/tcp");
        assert_eq!(text(&[]), "");
    }
}
