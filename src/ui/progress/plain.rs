//! One line an event: ` Container web-1 Created ` (a blank before, and one after the verb even when
//! nothing follows, as the reference writes it).

use crate::event::Event;

/// The line of an event with its newline; empty for events that are not told this way.
pub(super) fn line(event: &Event) -> String {
    match event {
        Event::Status(event) => {
            let (text, details) = event.words();
            match &event.part {
                Some(part) => format!(" {part} {text} {details}\n"),
                None => format!(" {} {text} {details}\n", event.subject),
            }
        }
        Event::Waiting { who, on } if !on.is_empty() => format!(" {who} Waiting for {}\n", on.join(", ")),
        Event::Waiting { .. }
        | Event::Began { .. }
        | Event::Ended { .. }
        | Event::Planned { .. }
        | Event::Reached { .. }
        | Event::Finished { .. }
        | Event::Message { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::event::{Event, Status, Subject};

    #[test]
    fn a_warning_is_its_own_words() {
        let said = |status, details: &str| line(&Event::detailed(Subject::container("a-1"), status, details));
        assert_eq!(
            said(Status::Warning, "Resource is still in use"),
            " Container a-1 Resource is still in use \n"
        );
        assert_eq!(said(Status::Error, "no"), " Container a-1 Error no\n");
    }
}
