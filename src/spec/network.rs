//! Networks and volumes that should exist.

use indexmap::IndexMap;

use crate::diag::Span;

/// A network that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// Key in the Compose file.
    pub key: String,
    /// Name in the engine.
    pub name: String,
    /// Whether it is only looked up, never made or removed.
    pub external: bool,
    /// Driver; `None` leaves the engine's default.
    pub driver: Option<String>,
    /// Driver options.
    pub options: IndexMap<String, String>,
    /// Address management; `None` leaves it to the engine.
    pub ipam: Option<IpamSpec>,
    /// No way to the outside.
    pub internal: bool,
    /// Stand-alone containers may join a Swarm-scoped network.
    pub attachable: bool,
    /// IPv4 on or off; `None` leaves the engine's default.
    pub enable_ipv4: Option<bool>,
    /// IPv6 on or off; `None` leaves the engine's default.
    pub enable_ipv6: Option<bool>,
    /// All labels, the tool's own included.
    pub labels: IndexMap<String, String>,
    /// SHA-256 of the definition.
    pub hash: String,
    /// Where the file declares it.
    pub span: Span,
}

/// Address management of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IpamSpec {
    /// Driver; `None` is the engine's default.
    pub driver: Option<String>,
    /// Address pools.
    pub pools: Vec<IpamPool>,
    /// Driver options.
    pub options: IndexMap<String, String>,
}

/// One address pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IpamPool {
    /// Subnet in CIDR form.
    pub subnet: Option<String>,
    /// Range inside the subnet, CIDR form.
    pub ip_range: Option<String>,
    /// Gateway address.
    pub gateway: Option<String>,
    /// Reserved addresses by host name.
    pub aux_addresses: IndexMap<String, String>,
}

/// A volume that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeSpec {
    /// Key in the Compose file.
    pub key: String,
    /// Name in the engine.
    pub name: String,
    /// Whether it is only looked up, never made or removed.
    pub external: bool,
    /// Driver; `None` leaves the engine's default.
    pub driver: Option<String>,
    /// Driver options.
    pub options: IndexMap<String, String>,
    /// All labels, the tool's own included.
    pub labels: IndexMap<String, String>,
    /// SHA-256 of the definition.
    pub hash: String,
    /// Where the file declares it.
    pub span: Span,
}
