//! `plan`.

use clap::Args;

use super::lifecycle::refuse;
use super::shape::{Prepared, Shape, prepare};
use crate::app::converge::{self, Preview};
use crate::cli::exit;
use crate::cli::front::Front;
use crate::plan::{self, Intent};
use crate::ui;

/// Show what `up` would do, and why: exits with 0 for nothing, 2 for changes, 1 for errors
#[derive(Args, Clone, Debug, Default)]
pub struct Plan {
    #[command(flatten)]
    pub shape: Shape,

    /// Answer all questions with yes, as "up --yes" would
    #[arg(short = 'y', long)]
    pub yes: bool,

    /// Ignore jobs that ended with code 0 and would run again
    #[arg(long)]
    pub ignore_jobs: bool,

    /// Output format: text or json
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: String,
}

/// Runs `plan`.
pub fn run(front: &Front, plan: &Plan) -> u8 {
    if !matches!(plan.format.as_str(), "text" | "json") {
        return front.fail(format!("unsupported format \"{}\"", plan.format));
    }
    let mut prepared = match prepare(front, &plan.shape, false, None) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    prepared.intent.ignore_jobs = plan.ignore_jobs;
    show(front, prepared, plan.yes, plan.format == "json", exit::CHANGES)
}

/// Prints the plan, with questions answered by `yes` alone; `changes` is the exit code when there is something
/// to do or to answer.
pub(super) fn show(front: &Front, prepared: Prepared, yes: bool, json: bool, changes: u8) -> u8 {
    let Prepared { desired, sources, intent } = prepared;
    let planned = front.look_at(async |session| {
        converge::make_plan(&session, desired, Intent::Up(intent), &Preview { yes }).await
    });
    let plan = match planned {
        Ok(Ok(plan)) => plan,
        Ok(Err(error)) => return refuse(front, error, &sources),
        Err(failed) => return front.failed(&failed),
    };
    let exposure = front.exposure();
    let text = if json {
        ui::plan::json(&plan::to_json(&plan, &sources, &exposure))
    } else {
        let printed = plan::print(&plan, &sources, &exposure);
        for warning in &printed.warnings {
            front.warn(warning);
        }
        ui::plan::text(&printed, front.colours_out())
    };
    let settled = plan.is_noop() && !plan.has_questions();
    front.print(&text, if settled { exit::OK } else { changes })
}
