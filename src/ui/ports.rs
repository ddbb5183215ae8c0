//! Ports of a container as the Docker command line lists them.

use std::net::IpAddr;

use crate::state::ObservedPort;

/// `443/tcp, 127.0.0.1:8080->80/tcp`: neighbours that are published under their own numbers, or not at all,
/// stand together as a range.
pub fn words(ports: &[ObservedPort]) -> String {
    let mut sorted: Vec<&ObservedPort> = ports.iter().collect();
    sorted.sort_by_key(|port| (port.private, port.public, address(port), &port.protocol));
    let mut done: Vec<String> = Vec::new();
    let mut mapped: Vec<String> = Vec::new();
    let mut ranges: Vec<Range<'_>> = Vec::new();
    for port in sorted {
        let ip = port.ip.as_deref().filter(|ip| !ip.is_empty());
        if let (Some(ip), Some(public)) = (ip, port.public.filter(|public| *public != port.private)) {
            mapped.push(format!("{}:{public}->{}/{}", bracketed(ip), port.private, port.protocol));
            continue;
        }
        let own = Range { ip, protocol: &port.protocol, first: port.private, last: port.private };
        match ranges.iter_mut().find(|range| (range.ip, range.protocol) == (own.ip, own.protocol)) {
            None => ranges.push(own),
            Some(range) if u32::from(port.private) == u32::from(range.last) + 1 => range.last = port.private,
            Some(range) => done.push(std::mem::replace(range, own).words()),
        }
    }
    done.extend(ranges.iter().map(Range::words));
    done.extend(mapped);
    done.join(", ")
}

struct Range<'a> {
    ip: Option<&'a str>,
    protocol: &'a str,
    first: u16,
    last: u16,
}

impl Range<'_> {
    fn words(&self) -> String {
        let ports = match self.first == self.last {
            true => self.first.to_string(),
            false => format!("{}-{}", self.first, self.last),
        };
        match self.ip {
            Some(ip) => format!("{}:{ports}->{ports}/{}", bracketed(ip), self.protocol),
            None => format!("{ports}/{}", self.protocol),
        }
    }
}

fn address(port: &ObservedPort) -> Option<IpAddr> {
    port.ip.as_deref().and_then(|ip| ip.parse().ok())
}

fn bracketed(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(ip: &str, public: u16, private: u16, protocol: &str) -> ObservedPort {
        ObservedPort {
            ip: Some(ip.to_owned()).filter(|ip| !ip.is_empty()),
            private,
            public: Some(public).filter(|public| *public != 0),
            protocol: protocol.to_owned(),
        }
    }

    #[test]
    fn neighbours_stand_together() {
        let ports = [
            port("127.0.0.1", 18080, 80, "tcp"),
            port("", 0, 7000, "tcp"),
            port("", 0, 7001, "tcp"),
            port("", 0, 7002, "tcp"),
            port("", 0, 7004, "tcp"),
            port("::", 90, 90, "udp"),
            port("::", 91, 91, "udp"),
        ];
        let shown = "7000-7002/tcp, [::]:90-91->90-91/udp, 7004/tcp, 127.0.0.1:18080->80/tcp";
        assert_eq!(words(&ports), shown);
    }

    #[test]
    fn addresses_are_ordered_as_numbers_after_the_public_port() {
        let ports = [
            port("0.0.0.0", 8086, 85, "tcp"),
            port("127.0.0.10", 8085, 85, "tcp"),
            port("127.0.0.2", 8085, 85, "tcp"),
        ];
        let shown = "127.0.0.2:8085->85/tcp, 127.0.0.10:8085->85/tcp, 0.0.0.0:8086->85/tcp";
        assert_eq!(words(&ports), shown);
    }
}
