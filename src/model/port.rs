//! Published ports.

use super::record::record;

record! {
    /// A published port, or a container port with a range of host ports to choose from.
    pub struct Port {
        /// A name for people.
        name: Option<String>,
        /// `ingress` or `host`.
        mode: Option<String>,
        /// The host address to listen on.
        host_ip: Option<String>,
        /// The container's port.
        target: u32,
        /// The host's port or range; `None` lets the engine choose.
        published: Option<String>,
        /// `tcp`, `udp` or `sctp`.
        protocol: Option<String>,
        /// The protocol spoken over it, for people.
        app_protocol: Option<String>,
    }
}
