//! `plan`.

use clap::Args;

use super::lifecycle::refuse;
use super::shape::{Prepared, Shape, prepare};
use crate::app::converge;
use crate::cli::exit;
use crate::cli::front::Front;
use crate::plan::{self, Intent};
use crate::ui;

/// Show what `up` would do, and why: exits with 0 for nothing, 2 for changes, 1 for errors
#[derive(Args, Clone, Debug, Default)]
pub struct Plan {
    #[command(flatten)]
    pub shape: Shape,

    /// Output format: text or json
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: String,
}

/// Runs `plan`.
pub fn run(front: &Front, plan: &Plan) -> u8 {
    if !matches!(plan.format.as_str(), "text" | "json") {
        return front.fail(format!("unsupported format \"{}\"", plan.format));
    }
    let prepared = match prepare(front, &plan.shape, false, None) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    show(front, prepared, plan.format == "json", exit::CHANGES)
}

/// Prints the plan; `changes` is the exit code when there is something to do.
pub(super) fn show(front: &Front, prepared: Prepared, json: bool, changes: u8) -> u8 {
    let Prepared { desired, sources, intent, .. } = prepared;
    let planned =
        front.look_at(async |session| converge::make_plan(&session, desired, Intent::Up(intent), None).await);
    let plan = match planned {
        Ok(Ok(plan)) => plan,
        Ok(Err(error)) => return refuse(front, error, &sources),
        Err(failed) => return front.failed(&failed),
    };
    let exposure = front.exposure();
    let text = if json {
        ui::plan::json(&plan::to_json(&plan, &sources, &exposure))
    } else {
        for warning in &plan.warnings {
            front.warn(warning);
        }
        ui::plan::text(&plan::print(&plan, &sources, &exposure), front.colours_out())
    };
    front.print(&text, if plan.is_noop() { exit::OK } else { changes })
}
