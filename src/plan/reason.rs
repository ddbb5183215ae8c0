//! Why a step is there. Its words are made where plans are printed.

use super::values::Change;
use crate::base::ServiceName;
use crate::diag::Span;
use crate::state::ContainerState;

/// Why a step is there.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// The thing is not there.
    Missing,
    /// Its definition changed.
    Changed(Vec<Change>),
    /// The user asked for it (`stop`, `down`, …).
    Asked,
    /// The user asked for a replacement, whether anything changed or not.
    Forced {
        /// `--force-recreate`, …
        flag: &'static str,
    },
    /// A newer image bears the reference.
    ImageChanged {
        /// The reference.
        reference: String,
        /// Identity the container was made from.
        from: String,
        /// Identity now.
        to: String,
    },
    /// The container is not on a network its service needs.
    NetworkMissing(String),
    /// A volume of the service is not mounted.
    VolumeMissing(String),
    /// A service whose namespace or volumes are shared is replaced.
    SharedServiceReplaced(ServiceName),
    /// The container of a service whose namespace or volumes it shares is another one now, or gone.
    SharedContainerGone(ServiceName),
    /// A dependency with `restart: true` is replaced or restarted.
    DependencyReplaced(ServiceName),
    /// The network's definition changed.
    NetworkChanged(String),
    /// A second network of one name: old engines make one when two clients ask at once.
    DuplicateNetwork,
    /// The volume's definition changed.
    VolumeChanged(String),
    /// The network or volume got another name.
    Renamed {
        /// Its name so far.
        from: String,
        /// Its name now.
        to: String,
    },
    /// More containers than wanted.
    ScaleDown {
        /// How many are wanted.
        wanted: u32,
        /// `--scale web=1`, when the command line says so.
        flag: Option<String>,
    },
    /// Fewer containers than wanted.
    ScaleUp {
        /// How many are wanted.
        wanted: u32,
        /// `--scale web=3`, when the command line says so.
        flag: Option<String>,
    },
    /// The service is no longer in the file.
    Orphan,
    /// Part of a replacement.
    Replacement,
    /// The container that had its name until now is gone.
    NameFreed,
    /// A replacement that an earlier run didn't finish.
    Unfinished,
    /// It exists but doesn't run.
    NotRunning {
        /// What it does instead.
        state: ContainerState,
        /// Exit code of its last run, when it ended.
        exit_code: Option<i64>,
    },
    /// Another service needs it so (`depends_on`), or `--wait`.
    Dependency,
    /// Its pull policy says so.
    PullPolicy {
        /// `--pull`, when the command line says so.
        flag: Option<&'static str>,
    },
    /// Recovery: a new container that was never started.
    NotUsed,
    /// Recovery: a new container whose replacement is given up.
    GivenUp {
        /// Whether it was started.
        started: bool,
    },
    /// Recovery: it comes back as it was before the run.
    PutBack,
}

/// Something the user should agree to before it is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Hazard {
    /// A volume's definition changed, and it isn't known yet whether it may be recreated: that would lose
    /// its data.
    VolumeDefinitionChanged {
        /// Key in the Compose file.
        key: String,
        /// Name in the engine.
        name: String,
        /// Where the file declares it.
        span: Span,
    },
    /// A volume's definition changed, and the user agreed to recreate it.
    VolumeRecreated {
        /// Name in the engine.
        name: String,
        /// Where the file declares it.
        span: Span,
    },
    /// A volume is removed, as asked.
    VolumeRemoved {
        /// Name in the engine.
        name: String,
    },
    /// Anonymous volumes of a container go with it.
    AnonymousVolumesLost {
        /// The container.
        container: String,
    },
}
