//! A plan for machines.

use serde_json::{Value, json};

use super::print::{print, reason_words};
use super::{Op, Plan, Reason};
use crate::diag::SourceMap;

/// The plan as JSON: `steps` (id, action, subject, after, reason, changes, place, group), `unchanged`,
/// `hazards`, `warnings`, `noop` and `summary`. Values of variables whose names tell of secrets are null.
pub fn to_json(plan: &Plan, sources: &SourceMap) -> Value {
    let printed = print(plan, sources);
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            let subject = step.op.subject();
            let changes: Vec<Value> = match &step.reason {
                Reason::Changed(changes) => changes
                    .iter()
                    .map(|c| {
                        json!({"path": c.path, "from": c.from, "to": c.to, "place": sources.place(c.span)})
                    })
                    .collect(),
                _ => Vec::new(),
            };
            json!({
                "id": step.id.0,
                "action": action(&step.op),
                "subject": subject.to_string(),
                "after": step.after.iter().map(|id| id.0).collect::<Vec<_>>(),
                "reason": reason_words(step, sources),
                "changes": changes,
                "place": sources.place(step.span),
                "group": step.group.as_ref().map(|group| &group.container),
            })
        })
        .collect();
    json!({
        "noop": plan.is_noop(),
        "summary": printed.summary,
        "steps": steps,
        "unchanged": plan.unchanged,
        "hazards": printed.hazards,
        "warnings": plan.warnings,
    })
}

/// The machine word of an operation.
fn action(op: &Op) -> &'static str {
    match op {
        Op::PullImage { .. } => "pull_image",
        Op::CreateNetwork(_) => "create_network",
        Op::RemoveNetwork { .. } => "remove_network",
        Op::ConnectNetwork { .. } => "connect_network",
        Op::DisconnectNetwork { .. } => "disconnect_network",
        Op::CreateVolume(_) => "create_volume",
        Op::RemoveVolume { .. } => "remove_volume",
        Op::CreateContainer { .. } => "create_container",
        Op::StartContainer { .. } => "start_container",
        Op::StopContainer { .. } => "stop_container",
        Op::RestartContainer { .. } => "restart_container",
        Op::RemoveContainer { .. } => "remove_container",
        Op::RenameContainer { .. } => "rename_container",
        Op::WaitFor { .. } => "wait",
    }
}
