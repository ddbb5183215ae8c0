//! Networks, and how services are attached to them.

use indexmap::IndexMap;

use super::codec::Pairs;
use super::origins::Origins;
use super::record::record;

record! {
    /// A network of the project, or one from outside.
    pub struct Network {
        /// The engine's name for it.
        name: Option<String>,
        /// The driver; the engine's default when unset.
        driver: Option<String>,
        /// The driver's options.
        driver_opts: IndexMap<String, String> = Pairs,
        /// Addresses.
        ipam: Ipam,
        /// Whether it must be there already.
        external: bool,
        /// Whether it has no way out.
        internal: bool,
        /// Whether containers may be attached by hand.
        attachable: bool,
        /// Pairs.
        labels: IndexMap<String, String> = Pairs,
        /// Whether it has IPv4.
        enable_ipv4: Option<bool>,
        /// Whether it has IPv6.
        enable_ipv6: Option<bool>,
    }
    beside {
        /// The key in the file.
        key: String,
        /// Where its fields were written.
        origins: Origins,
    }
}

record! {
    /// Address management.
    pub struct Ipam {
        /// The driver.
        driver: Option<String>,
        /// Pools.
        config: Vec<IpamPool>,
        /// The driver's options.
        options: IndexMap<String, String> = Pairs,
    }
}

record! {
    /// A pool of addresses.
    pub struct IpamPool {
        /// The subnet in CIDR form.
        subnet: Option<String>,
        /// The gateway's address.
        gateway: Option<String>,
        /// The range that containers get addresses from.
        ip_range: Option<String>,
        /// Addresses in use by others, by name.
        aux_addresses: IndexMap<String, String> = Pairs,
    }
}

record! {
    /// How a container is attached to a network.
    pub struct NetworkAttachment {
        /// Further names.
        aliases: Vec<String>,
        /// The driver's options for this end.
        driver_opts: IndexMap<String, String> = Pairs,
        /// Whose gateway is the default one: the highest wins.
        gw_priority: i64,
        /// The interface's name inside.
        interface_name: Option<String>,
        /// A fixed IPv4 address.
        ipv4_address: Option<String>,
        /// A fixed IPv6 address.
        ipv6_address: Option<String>,
        /// Link-local addresses.
        link_local_ips: Vec<String>,
        /// MAC address on this network.
        mac_address: Option<String>,
        /// Order of connecting: the highest comes first.
        priority: i64,
    }
}
