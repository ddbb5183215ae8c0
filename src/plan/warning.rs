//! What is worth saying about a plan and stops nothing. Its words are made where plans are printed.

use crate::base::ServiceName;
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
    /// A network whose definition changed is used as it is: containers that are not part of the run are on it.
    NetworkKept {
        /// Its name in the engine.
        name: String,
        /// Those containers, sorted.
        containers: Vec<String>,
        /// Where the file declares it.
        span: Span,
    },
    /// The fixed address of a service is in use by a container that stays.
    AddressTaken {
        /// The service.
        service: ServiceName,
        /// The address.
        address: String,
        /// The container that has it.
        container: String,
    },
    /// A service without a fixed address starts before one with, and may get its address.
    AddressLate {
        /// The service with the address.
        service: ServiceName,
        /// The address.
        address: String,
        /// The service that starts before it.
        before: ServiceName,
        /// Name of the network.
        network: String,
    },
    /// Whether containers match their definition can't be told, as a key of it isn't carried out.
    NotCompared {
        /// The service.
        service: ServiceName,
        /// The key.
        key: &'static str,
        /// Its containers, sorted.
        containers: Vec<String>,
        /// Where the key is.
        span: Span,
    },
    /// `down` leaves containers of services that no active profile switches on.
    ServicesOffLeft {
        /// How many containers.
        containers: usize,
        /// Their services with the profiles that switch them on, sorted.
        services: Vec<(String, Vec<String>)>,
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
            Warning::NetworkKept { .. } => "network_kept",
            Warning::AddressTaken { .. } => "address_taken",
            Warning::AddressLate { .. } => "address_late",
            Warning::NotCompared { .. } => "not_compared",
            Warning::ServicesOffLeft { .. } => "services_off_left",
        }
    }

    /// Where the file asks for what it is about.
    pub fn span(&self) -> Span {
        match self {
            Warning::VolumeKept { span, .. }
            | Warning::NetworkKept { span, .. }
            | Warning::NotCompared { span, .. } => *span,
            _ => Span::NONE,
        }
    }
}
