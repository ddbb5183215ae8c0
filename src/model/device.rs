//! Devices, requests for devices, and limits for block devices.

use indexmap::IndexMap;

use super::codec::{DeviceCount, Labels};
use super::record::record;
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
        options: IndexMap<String, String> = Labels,
    }
}

record! {
    /// Limits for block devices.
    pub struct BlkioConfig {
        /// Relative weight, 10 to 1000.
        weight: u16,
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
