//! What to do, and why: a pure function from what should exist, what exists and what is wanted to a
//! list of steps.
//!
//! In: [`crate::spec::Desired`], [`crate::state::Observed`], [`crate::state::Capabilities`], [`Intent`].
//! Out: [`Plan`]. No clock, no prompt, no log, no engine. A step only depends on earlier steps.

mod intent;
mod op;
mod reason;

pub use intent::{Down, Intent, Recreate, Restart, Start, Stop, Up};
pub use op::{Group, Op, Plan, Ref, Step, StepId, Target};
pub use reason::{Change, Hazard, Reason};
