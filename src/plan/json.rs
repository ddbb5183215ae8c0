//! A plan for machines.

use serde_json::{Value, json};

use super::print::{print, reason_words};
use super::{Exposure, Plan};
use crate::diag::SourceMap;

/// The plan as JSON: `steps` (id, action, subject, after, reason, changes, place, group), `unchanged`,
/// `hazards`, `warnings` (code, message, place), `noop` and `summary`. Values that may
/// not be shown are null, and `hidden` says so; `source` tells where the new one comes from.
pub fn to_json(plan: &Plan, sources: &SourceMap, exposure: &Exposure) -> Value {
    let printed = print(plan, sources, exposure);
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| {
            let subject = step.op.subject();
            let changes: Vec<Value> = step
                .reason
                .changes()
                .iter()
                .map(|change| {
                    let shown = exposure.of(change, sources);
                    json!({
                        "path": change.path,
                        "from": shown.from,
                        "to": shown.to,
                        "hidden": shown.hidden,
                        "source": shown.source,
                        "place": sources.place(change.span),
                    })
                })
                .collect();
            json!({
                "id": step.id.0,
                "action": step.op.facts().code,
                "subject": subject.to_string(),
                "after": step.after.iter().map(|id| id.0).collect::<Vec<_>>(),
                "reason": reason_words(step, sources, exposure),
                "changes": changes,
                "place": sources.place(step.span),
                "group": step.group.as_ref().map(|group| &group.container),
            })
        })
        .collect();
    let warnings: Vec<Value> = plan
        .warnings
        .iter()
        .zip(&printed.warnings)
        .map(|(warning, words)| {
            json!({"code": warning.code(), "message": exposure.clean(words), "place": sources.place(warning.span())})
        })
        .collect();
    json!({
        "noop": plan.is_noop(),
        "summary": printed.summary,
        "steps": steps,
        "unchanged": plan.unchanged,
        "hazards": printed.hazards,
        "warnings": warnings,
    })
}
