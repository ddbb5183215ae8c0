//! What is mounted into a container.

use indexmap::IndexMap;

use super::codec::Pairs;
use super::record::record;
use super::scalar::ByteSize;
use super::scalar::words;

record! {
    /// A mount.
    pub struct Mount {
        /// What kind.
        kind as "type": MountType,
        /// The path, volume or image; `None` for an anonymous volume.
        source: Option<String>,
        /// The path inside.
        target: Option<String>,
        /// Whether it can't be written.
        read_only: bool,
        /// How consistent the views are (ignored by today's engines).
        consistency: Option<String>,
        /// Options of a bind mount.
        bind: Option<BindOptions>,
        /// Options of a volume.
        volume: Option<VolumeOptions>,
        /// Options of a temporary file system.
        tmpfs: Option<TmpfsOptions>,
        /// Options of an image mount.
        image: Option<ImageOptions>,
    }
}

/// What kind of mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MountType {
    /// A path of the host.
    Bind,
    /// A volume.
    #[default]
    Volume,
    /// A temporary file system in memory.
    Tmpfs,
    /// A cluster volume (Swarm).
    Cluster,
    /// A named pipe (Windows).
    Npipe,
    /// The file system of an image.
    Image,
}

record! {
    /// Options of a bind mount.
    pub struct BindOptions {
        /// SELinux relabelling: `z` or `Z`.
        selinux: Option<String>,
        /// Propagation of mounts below.
        propagation: Option<String>,
        /// Whether a missing host path is created as a directory; unset counts as yes.
        create_host_path: Option<bool> = super::codec::UnlessTrue,
        /// `enabled`, `disabled`, `writable` or `readonly`.
        recursive: Option<String>,
    }
}

record! {
    /// Options of a volume.
    pub struct VolumeOptions {
        /// Pairs of an anonymous volume.
        labels: IndexMap<String, String> = Pairs,
        /// Whether the image's content at the target is not copied into a new volume.
        nocopy: bool,
        /// A path inside the volume.
        subpath: Option<String>,
    }
}

record! {
    /// Options of a temporary file system.
    pub struct TmpfsOptions {
        /// Its size.
        size: ByteSize,
        /// Its mode bits.
        mode: u32 = super::codec::StrictUnsigned,
    }
}

record! {
    /// Options of an image mount.
    pub struct ImageOptions {
        /// A path inside the image.
        subpath: Option<String>,
    }
}

words!(MountType, "a type of mount" {
    Bind = "bind",
    Volume = "volume",
    Tmpfs = "tmpfs",
    Cluster = "cluster",
    Npipe = "npipe",
    Image = "image",
});
