//! Devices, requests for devices, and limits for block devices.

use indexmap::IndexMap;

use crate::yaml::{Kind, Node, PathRef};

use super::codec::{DeviceCount, Pairs, StrictUnsigned};
use super::decode::Decoder;
use super::record::{Codec, Form, Object, Plain, Value, record};
use super::scalar::ByteSize;

record! {
    /// A device of the host.
    pub struct Device {
        /// The path on the host, or a CDI name.
        source: Option<String>,
        /// The path inside.
        target: Option<String>,
        /// `r`, `w`, `m`.
        permissions: Option<String>,
    }
}

record! {
    /// A request for devices, to be filled by a driver.
    pub struct DeviceRequest {
        /// What the devices must be able to do.
        capabilities: Vec<String>,
        /// The driver.
        driver: Option<String>,
        /// How many; `-1` for all, 0 when `device_ids` are given.
        count: i64 = DeviceCount,
        /// Which ones.
        device_ids: Vec<String>,
        /// The driver's options.
        options: IndexMap<String, String> = Pairs,
    }
}

record! {
    /// Limits for block devices.
    pub struct BlkioConfig {
        /// Relative weight, 10 to 1000.
        weight: u16 = StrictUnsigned,
        /// Relative weights by device.
        weight_device: Vec<BlkioWeight>,
        /// Bytes read per second.
        device_read_bps: Vec<BlkioRate>,
        /// Reads per second.
        device_read_iops: Vec<BlkioRate>,
        /// Bytes written per second.
        device_write_bps: Vec<BlkioRate>,
        /// Writes per second.
        device_write_iops: Vec<BlkioRate>,
    }
}

/// The weight of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlkioWeight {
    /// The device's path.
    pub path: String,
    /// Its weight.
    pub weight: u16,
}

/// The rate of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlkioRate {
    /// The device's path.
    pub path: String,
    /// Bytes or operations per second.
    pub rate: ByteSize,
}

/// A resource limit of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ulimit {
    /// One number for both; 0 when they are given apart.
    pub single: i64,
    /// What the process may go up to without asking.
    pub soft: i64,
    /// What it can't go beyond.
    pub hard: i64,
}

impl Ulimit {
    /// The soft and the hard limit.
    pub fn limits(self) -> (i64, i64) {
        if self.single != 0 { (self.single, self.single) } else { (self.soft, self.hard) }
    }
}

/// Reads `path` and one more field of a block device's entry.
fn entry<T: Value + Default, C: Codec<T>>(
    node: &Node,
    at: &PathRef<'_>,
    key: &str,
    decoder: &mut Decoder<'_>,
) -> Option<(String, T)> {
    let map = decoder.mapping(node, at)?;
    let path = map.get("path").and_then(|node| String::decode(node, &at.key("path"), decoder));
    let value = map.get(key).and_then(|node| C::decode(node, &at.key(key), decoder));
    Some((path.unwrap_or_default(), value.unwrap_or_default()))
}

impl Value for BlkioWeight {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<BlkioWeight> {
        let (path, weight) = entry::<_, StrictUnsigned>(node, at, "weight", decoder)?;
        Some(BlkioWeight { path, weight })
    }
    fn is_zero(&self) -> bool {
        false
    }
    fn node(&self, form: Form) -> Node {
        entry_node(form, &self.path, "weight", "Weight", &self.weight)
    }
}

impl Value for BlkioRate {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<BlkioRate> {
        let (path, rate) = entry::<_, Plain>(node, at, "rate", decoder)?;
        Some(BlkioRate { path, rate })
    }
    fn is_zero(&self) -> bool {
        false
    }
    fn node(&self, form: Form) -> Node {
        entry_node(form, &self.path, "rate", "Rate", &self.rate)
    }
}

/// The reference's JSON has these keys in capitals, always present.
fn entry_node<T: Value>(form: Form, path: &String, key: &str, json_key: &str, value: &T) -> Node {
    let mut object = Object::new(form);
    match form {
        Form::Yaml => {
            object.insert("path", path.node(form));
            object.insert(key, value.node(form));
        }
        Form::Json => {
            object.insert("Path", path.node(form));
            object.insert(json_key, value.node(form));
        }
    }
    object.into_node()
}

impl Value for Ulimit {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Ulimit> {
        let mut whole = |node: &Node, at: &PathRef<'_>| match node.kind {
            // Text that holds a number became one before, where variables are replaced in limits.
            Kind::String(_) | Kind::Float(_) => decoder.mismatch(node, at, "a whole number"),
            _ => i64::decode(node, at, decoder),
        };
        let Some(map) = node.as_mapping() else {
            return whole(node, at).map(|single| Ulimit { single, soft: 0, hard: 0 });
        };
        let mut part = |key| map.get(key).and_then(|node| whole(node, &at.key(key))).unwrap_or(0);
        Some(Ulimit { single: 0, soft: part("soft"), hard: part("hard") })
    }
    fn is_zero(&self) -> bool {
        false
    }
    fn node(&self, form: Form) -> Node {
        if self.single != 0 {
            return self.single.node(form);
        }
        let mut object = Object::new(form);
        for (key, value) in [("soft", self.soft), ("hard", self.hard)] {
            if form == Form::Yaml || value != 0 {
                object.insert(key, value.node(form));
            }
        }
        object.into_node()
    }
}
