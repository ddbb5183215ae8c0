//! Attached `up`: progress and output together, until the containers end or a signal comes.

use crate::app::Desired;
use crate::cli::cmd::up::Up;
use crate::cli::front::Front;
use crate::diag::SourceMap;
use crate::plan;

/// Runs it.
pub fn run(front: &Front, _: &Up, _: Desired, _: SourceMap, _: plan::Up, _: bool) -> u8 {
    front.fail("wip")
}
