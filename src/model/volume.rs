//! Volumes.

use indexmap::IndexMap;

use super::codec::Pairs;
use super::origins::Origins;
use super::record::record;

record! {
    /// A volume of the project, or one from outside.
    pub struct Volume {
        /// The engine's name for it.
        name: Option<String>,
        /// The driver; `local` when unset.
        driver: Option<String>,
        /// The driver's options.
        driver_opts: IndexMap<String, String> = Pairs,
        /// Whether it must be there already.
        external: bool,
        /// Pairs.
        labels: IndexMap<String, String> = Pairs,
    }
    beside {
        /// The key in the file.
        key: String,
        /// Where its fields were written.
        origins: Origins,
    }
}
