//! What is worth saying about a plan and stops nothing. Its words are made where plans are printed.

use crate::diag::Span;

/// Something worth saying that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Containers of services that the files don't have.
    Orphans {
        /// Their names, sorted.
        containers: Vec<String>,
    },
    /// A network that bears the wanted name, and that no project made.
    UnmanagedNetwork {
        /// Its name.
        name: String,
    },
    /// A network that bears the wanted name, and that another project made.
    ForeignNetwork {
        /// Its name.
        name: String,
        /// The project that is planned for.
        project: String,
    },
    /// A volume that bears the wanted name, and that no project made.
    UnmanagedVolume {
        /// Its name.
        name: String,
    },
    /// A volume that bears the wanted name, and that another project made.
    ForeignVolume {
        /// Its name.
        name: String,
        /// The project that made it.
        owner: String,
        /// The project that is planned for.
        project: String,
    },
    /// A volume whose definition changed is used as it is: nobody agreed to lose its data.
    VolumeKept {
        /// Its name in the engine.
        name: String,
        /// Where the file declares it.
        span: Span,
    },
}

impl Warning {
    /// The word that machines know it by.
    pub fn code(&self) -> &'static str {
        match self {
            Warning::Orphans { .. } => "orphans",
            Warning::UnmanagedNetwork { .. } => "unmanaged_network",
            Warning::ForeignNetwork { .. } => "foreign_network",
            Warning::UnmanagedVolume { .. } => "unmanaged_volume",
            Warning::ForeignVolume { .. } => "foreign_volume",
            Warning::VolumeKept { .. } => "volume_kept",
        }
    }

    /// Where the file asks for what it is about.
    pub fn span(&self) -> Span {
        match self {
            Warning::VolumeKept { span, .. } => *span,
            _ => Span::NONE,
        }
    }
}
