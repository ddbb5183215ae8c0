//! Secrets and configs: where they come from, and where they are mounted.

use indexmap::IndexMap;

use super::codec::{Hidden, Pairs};
use super::origins::Origins;
use super::record::record;
use super::scalar::FileMode;

record! {
    /// A secret.
    pub struct Secret {
        /// The engine's name for it (Swarm).
        name: Option<String>,
        /// The file that holds it.
        file: Option<String>,
        /// The variable that holds it.
        environment: Option<String>,
        /// Whether it must be there already.
        external: bool,
        /// Pairs (Swarm).
        labels: IndexMap<String, String> = Pairs,
        /// The driver that provides it (Swarm).
        driver: Option<String>,
        /// The driver's options.
        driver_opts: IndexMap<String, String>,
        /// The template engine its text goes through (Swarm).
        template_driver: Option<String>,
        /// The value of the variable, once resolved; never printed.
        content: Option<String> = Hidden,
    }
    beside {
        /// The key in the file.
        key: String,
        /// Where its fields were written.
        origins: Origins,
    }
}

record! {
    /// A config.
    pub struct Config {
        /// The engine's name for it (Swarm).
        name: Option<String>,
        /// The file that holds it.
        file: Option<String>,
        /// The variable that holds it.
        environment: Option<String>,
        /// The text itself; the value of the variable, once resolved.
        content: Option<String>,
        /// Whether it must be there already.
        external: bool,
        /// Pairs (Swarm).
        labels: IndexMap<String, String> = Pairs,
        /// The template engine its text goes through (Swarm).
        template_driver: Option<String>,
    }
    beside {
        /// The key in the file.
        key: String,
        /// Where its fields were written.
        origins: Origins,
    }
}

record! {
    /// A secret or config as a service or build uses it.
    pub struct FileReference {
        /// Which one.
        source: Option<String>,
        /// The path inside.
        target: Option<String>,
        /// The owner.
        uid: Option<String>,
        /// The owner's group.
        gid: Option<String>,
        /// The mode bits.
        mode: Option<FileMode>,
    }
}
