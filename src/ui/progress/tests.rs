use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::*;
use crate::event::{Status, StatusEvent};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.take()).into_owned()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn web() -> Subject {
    Subject::container("web-1")
}

fn story() -> Vec<Event> {
    let layer = |progress, status| {
        Event::Status(StatusEvent {
            subject: Subject::image("nginx"),
            part: Some("4f4fb700ef54".to_owned()),
            status,
            details: String::new(),
            progress,
        })
    };
    vec![
        Event::Began { operation: "up" },
        Event::status(web(), Status::Created),
        Event::Waiting { who: web(), on: vec!["db: healthy".to_owned()] },
        Event::Waiting { who: web(), on: vec!["db: healthy".to_owned()] },
        Event::Waiting { who: web(), on: Vec::new() },
        layer(Some((50, 200)), Status::Pulling),
        Event::detailed(web(), Status::Error, "no such image"),
        Event::Message { level: Level::Info, text: "fine".to_owned() },
        Event::Message { level: Level::Warning, text: "old".to_owned() },
        Event::Ended { operation: "up" },
    ]
}

fn told(mode: Mode) -> String {
    let sink = Sink::default();
    let mut progress = Progress::new(mode, false, Box::new(sink.clone()), || (24, 80)).on_terminal(true);
    for event in story() {
        progress.handle(&event, Duration::ZERO);
    }
    progress.finish(Duration::ZERO);
    sink.text()
}

#[test]
fn plain_is_a_line_an_event() {
    assert_eq!(
        told(Mode::Plain),
        " Container web-1 Created \n Container web-1 Waiting db: healthy\n 4f4fb700ef54 Pulling \n \
         Container web-1 Error no such image\nINFO[0000] fine\nWARN[0000] old\n"
    );
}

#[test]
fn json_is_an_object_an_event() {
    let text = told(Mode::Json);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..4],
        [
            r#"{"id":"Container web-1","status":"Done","text":"Created"}"#,
            r#"{"id":"Container web-1","status":"Working","text":"Waiting","details":"db: healthy"}"#,
            r#"{"id":"4f4fb700ef54","parent_id":"Image nginx","status":"Working","text":"Pulling","current":50,"total":200,"percent":25}"#,
            r#"{"id":"Container web-1","status":"Error","text":"Error","details":"no such image"}"#,
        ]
    );
    assert_eq!(lines.len(), 6);
}

#[test]
fn quiet_keeps_warnings() {
    assert_eq!(told(Mode::Quiet), "WARN[0000] old\n");
}
