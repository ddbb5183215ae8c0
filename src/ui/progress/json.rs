//! One JSON object an event, with the keys of the reference; empty ones are left out.

use serde::Serialize;

use crate::event::{Event, Stage, Status, StatusEvent};
use crate::ui::clean;

#[derive(Default, Serialize)]
struct Object<'a> {
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    parent_id: String,
    status: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    details: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    current: u64,
    #[serde(skip_serializing_if = "is_zero")]
    total: u64,
    #[serde(skip_serializing_if = "is_zero")]
    percent: u64,
}

/// The line of an event with its newline; empty for events that are not told this way.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Status(event) => text(&of_status(event)),
        Event::Waiting { who, on } if !on.is_empty() => text(&Object {
            id: who.to_string(),
            status: stage(Stage::Working),
            text: Status::Waiting.word(),
            details: &format!("for {}", on.join(", ")),
            ..Object::default()
        }),
        Event::Waiting { .. }
        | Event::Began { .. }
        | Event::Ended { .. }
        | Event::Planned { .. }
        | Event::Reached { .. }
        | Event::Finished { .. }
        | Event::Message { .. } => String::new(),
    }
}

fn of_status(event: &StatusEvent) -> Object<'_> {
    let thing = event.subject.to_string();
    let (id, parent_id) = match &event.part {
        Some(part) => (part.clone(), thing),
        None => (thing, String::new()),
    };
    let (current, total) = event.progress.unwrap_or_default();
    let percent = (current.min(total) * 100).checked_div(total).unwrap_or(0);
    let status = stage(event.status.stage());
    let (text, details) = event.words();
    Object { id, parent_id, status, text, details, current, total, percent }
}

fn text(object: &Object<'_>) -> String {
    // Strings and numbers always have a JSON form.
    serde_json::to_string(object).map(|json| clean::json(&json).into_owned() + "\n").unwrap_or_default()
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Working => "Working",
        Stage::Done => "Done",
        Stage::Warning => "Warning",
        Stage::Error => "Error",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
