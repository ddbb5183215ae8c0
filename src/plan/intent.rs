//! What the user wants done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indexmap::IndexMap;

use crate::base::ServiceName;

/// What the user wants done with a project.
#[derive(Clone, Debug)]
pub enum Intent {
    /// Make it exist and run.
    Up(Up),
    /// Stop and remove it.
    Down(Down),
    /// Start what exists.
    Start(Start),
    /// Stop what runs.
    Stop(Stop),
    /// Stop and start what exists.
    Restart(Restart),
}

/// When an existing container is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recreate {
    /// When its definition, image or mounts differ.
    #[default]
    Diverged,
    /// Always.
    Force,
    /// Never.
    Never,
}

/// What becomes of a volume whose definition changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeChoice {
    /// It is removed with its data, and another is made.
    Recreate,
    /// It is used as it is.
    Keep,
}

/// Make it exist and run.
#[derive(Clone, Debug, Default)]
pub struct Up {
    /// Services named by the user; empty for all. The others are dependencies.
    pub targets: Vec<ServiceName>,
    /// For targeted services.
    pub recreate: Recreate,
    /// For dependencies.
    pub recreate_dependencies: Recreate,
    /// Don't carry anonymous volumes over to a replacement.
    pub renew_anonymous_volumes: bool,
    /// Remove containers of services that are no longer in the file.
    pub remove_orphans: bool,
    /// Create only.
    pub no_start: bool,
    /// Grace period of stops; `None` leaves it to each container.
    pub timeout: Option<Duration>,
    /// Wait until everything runs or is healthy.
    pub wait: bool,
    /// How many containers, by service; overrides the file.
    pub scale: IndexMap<ServiceName, u32>,
    /// What the user answered about volumes whose definition changed, by key. One without an answer stays,
    /// and the plan lists the question as a hazard.
    pub changed_volumes: BTreeMap<String, VolumeChoice>,
    /// Say nothing about containers of services that are no longer in the file.
    pub ignore_orphans: bool,
    /// Services that are not selected, and share namespaces or volumes of selected ones: their containers are
    /// replaced together with those they share with, and are left alone otherwise.
    pub bystanders: BTreeSet<ServiceName>,
    /// Whether the pull policies come from `--pull`: for reasons.
    pub pull_flag: bool,
    /// Plan as if jobs that ended well were not run again.
    pub ignore_jobs: bool,
}

/// Stop and remove it.
#[derive(Clone, Debug, Default)]
pub struct Down {
    /// Services named by the user (their dependants in the project included by the caller); empty for all.
    pub targets: Vec<ServiceName>,
    /// Remove volumes too, declared and anonymous ones.
    pub volumes: bool,
    /// Remove containers of services that are no longer in the file, and one-offs.
    pub remove_orphans: bool,
    /// Remove images too.
    pub images: Option<RemoveImages>,
    /// Grace period of stops.
    pub timeout: Option<Duration>,
}

/// Which images `down` removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoveImages {
    /// Those built for the project, and those without a name of their own in the file.
    Local,
    /// Every image of the services too.
    All,
}

/// Start what exists.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Services named by the user; empty for all.
    pub targets: Vec<ServiceName>,
    /// Wait until everything runs or is healthy.
    pub wait: bool,
}

/// Stop what runs.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Services named by the user; empty for all.
    pub targets: Vec<ServiceName>,
    /// Grace period.
    pub timeout: Option<Duration>,
}

/// Stop and start what exists.
#[derive(Clone, Debug, Default)]
pub struct Restart {
    /// Services named by the user; empty for all.
    pub targets: Vec<ServiceName>,
    /// Leave dependants alone.
    pub no_deps: bool,
    /// Grace period.
    pub timeout: Option<Duration>,
}
