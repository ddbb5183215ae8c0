//! What recovery is told about a run and what was found after it, and what it answers.

use std::collections::{BTreeSet, HashMap};

use crate::base::{ContainerId, NetworkId};
use crate::plan::Plan;
use crate::spec::NetworkSpec;
use crate::state::ContainerState;

/// How a step of the plan ended, and what it brought about.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// How it ended.
    pub ending: Ending,
    /// What it made.
    pub made: Option<Made>,
    /// The start it brought about.
    pub started: Option<Started>,
    /// What the network was made from that it removed.
    pub removed: Option<NetworkSpec>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    Done,
    /// With an error: whether it took effect has to be looked at.
    Failed,
    /// It was not begun, or had no effect yet when the run was cancelled.
    #[default]
    NotRun,
}

/// Something a step made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The engine's id.
    pub id: String,
    /// Whether it was there already: made by an earlier run, or by one at the same time.
    pub adopted: bool,
}

/// One start of a container, so that it can be told from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// When, in the engine's words.
    pub at: String,
    /// How often the engine had restarted it by itself.
    pub restarts: i64,
}

/// A container as it was found after the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: ContainerState,
    /// Its last start; `at` is empty when it never was started.
    pub started: Started,
}

/// What a look at a container showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is there.
    There(Seen),
    /// It is gone.
    Gone,
    /// The engine could not be asked.
    Unknown,
}

/// What was found after the run.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Containers, by id.
    pub containers: HashMap<ContainerId, Sight>,
    /// Networks that are still there.
    pub networks: BTreeSet<NetworkId>,
}

/// What has to be looked at before anything is recovered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookAt {
    /// Containers.
    pub containers: BTreeSet<ContainerId>,
    /// Networks.
    pub networks: BTreeSet<NetworkId>,
}

/// What is to be done, and what can't be.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// The steps; their reasons tell what they are for.
    pub plan: Plan,
    /// Containers left as they are although the run left them unfinished.
    pub left: Vec<Left>,
}

/// A container that recovery leaves as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The container.
    pub id: ContainerId,
    /// The name people know it by.
    pub name: String,
    /// Why.
    pub why: LeftBecause,
}

/// Why a container is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftBecause {
    /// The engine could not be asked about it.
    NotSeen,
    /// Somebody else started it since.
    StartedSince,
    /// Somebody else removed it since.
    Gone,
    /// A network it was on is gone, and nothing is in its place.
    NetworkGone(String),
}
