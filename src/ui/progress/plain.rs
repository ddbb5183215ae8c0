//! One line an event: ` Container web-1 Created ` (a blank before, and one after the verb even when
//! nothing follows, as the reference writes it).

use crate::event::Event;

/// The line of an event with its newline; empty for events that are not told this way.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Status(event) => {
            let (text, details) = (event.status.word(), event.details.as_str());
            match &event.part {
                Some(part) => format!(" {part} {text} {details}\n"),
                None => format!(" {} {text} {details}\n", event.subject),
            }
        }
        Event::Waiting { who, on } if !on.is_empty() => format!(" {who} Waiting {}\n", on.join(", ")),
        Event::Waiting { .. } | Event::Began { .. } | Event::Ended { .. } | Event::Message { .. } => {
            String::new()
        }
    }
}
