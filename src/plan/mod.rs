//! What to do, and why: a pure function from what should exist, what exists and what is wanted to a
//! list of steps.
//!
//! In: [`Input`] (desired, observed, capabilities) and [`Intent`]. Out: [`Plan`]. No clock, no prompt,
//! no log, no engine. A step only depends on earlier steps, so the list is an order it can be done in.

mod addresses;
mod builder;
mod bystanders;
mod containers;
mod diff;
mod down;
mod error;
mod existing;
mod facts;
mod intent;
mod json;
mod networks;
mod op;
mod print;
mod reason;
mod recover;
mod recreate;
mod refuse;
mod replacements;
mod start;
mod values;
mod verdict;
mod volumes;
mod warning;

use std::collections::HashMap;

pub use error::{PlanError, PlanErrors};
pub use facts::{Action, Effect, Facts, Lane};
pub use intent::{Down, Intent, Recreate, RemoveImages, Restart, Start, Stop, Up, VolumeChoice};
pub use json::to_json;
pub use op::{Definition, Group, Handover, Op, Plan, Ref, Replacement, Step, StepId, Target};
pub use print::{Printed, PrintedLine, Sign, print, warning_words};
pub use reason::{Hazard, Reason};
pub use recover::{
    Ending, Left, LeftBecause, LookAt, Looked, Made, Recovery, Seen, Sight, Started, Trace, look_at, recover,
};
pub use values::{Change, Exposure, Shown};
pub use warning::Warning;

use crate::base::ContainerId;
use crate::spec::{ContainerSpec, Desired};
use crate::state::{Capabilities, Observed};

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// What should exist.
    pub desired: &'a Desired,
    /// What exists.
    pub observed: &'a Observed,
    /// What some of the containers were created from, by id: used to say what changed. Containers whose
    /// definition differs should be in here; the plan's steps don't depend on it, only their reasons.
    pub details: &'a HashMap<ContainerId, ContainerSpec>,
    /// What the engine can do.
    pub capabilities: &'a Capabilities,
}

/// Makes the plan.
pub fn make(input: Input<'_>, intent: &Intent) -> Result<Plan, PlanErrors> {
    if let Intent::Up(up) = intent
        && !up.bystanders.is_empty()
    {
        let desired = bystanders::without_idle(input, up);
        return builder::Builder::new(Input { desired: &desired, ..input }).up(up);
    }
    let builder = builder::Builder::new(input);
    match intent {
        Intent::Up(up) => builder.up(up),
        Intent::Down(down) => Ok(builder.down(down)?),
        Intent::Start(start) => Ok(builder.start_existing(start)?),
        Intent::Stop(stop) => Ok(builder.stop(stop)?),
        Intent::Restart(restart) => Ok(builder.restart(restart)?),
    }
}

/// Ids of the containers whose definition differs from the wanted one, and of those with links: an inspection
/// lets the plan say what changed.
pub fn diverged(desired: &Desired, observed: &Observed) -> Vec<ContainerId> {
    verdict::diverged(desired, observed)
}
