use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::*;
use crate::event::{RunOutcome, Status, StatusEvent};

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
        Event::Waiting { who: web(), on: vec!["db to be healthy".to_owned()] },
        Event::Waiting { who: web(), on: vec!["db to be healthy".to_owned()] },
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
    let mut progress = Progress::new(mode, false, Box::new(sink.clone()), || (24, 80));
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
        " Container web-1 Created \n Container web-1 Waiting for db to be healthy\n 4f4fb700ef54 Pulling \n \
         Container web-1 Error \nfine\nwarning: old\n"
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
            r#"{"id":"Container web-1","status":"Working","text":"Waiting","details":"for db to be healthy"}"#,
            r#"{"id":"4f4fb700ef54","parent_id":"Image nginx","status":"Working","text":"Pulling","current":50,"total":200,"percent":25}"#,
            r#"{"id":"Container web-1","status":"Error","text":"Error","details":"no such image"}"#,
        ]
    );
    assert_eq!(lines.len(), 6);
}

#[test]
fn quiet_keeps_warnings() {
    assert_eq!(told(Mode::Quiet), "warning: old\n");
}

/// A run on a terminal of this size, and the screen it leaves.
struct Screen {
    sink: Sink,
    progress: Progress,
    terminal: vt100::Parser,
}

impl Screen {
    fn new(rows: u16, columns: u16) -> Screen {
        let sink = Sink::default();
        let progress = Progress::new(Mode::Tty, true, Box::new(sink.clone()), move || (rows, columns));
        Screen {
            sink,
            progress,
            terminal: vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 100),
        }
    }

    fn at(&mut self, millis: u64, events: &[Event]) -> String {
        for event in events {
            self.progress.handle(event, Duration::from_millis(millis));
        }
        self.progress.tick(Duration::from_millis(millis));
        self.read()
    }

    fn read(&mut self) -> String {
        // What a terminal's driver makes of a newline.
        self.terminal.process(self.sink.text().replace('\n', "\r\n").as_bytes());
        let text = self.terminal.screen().contents();
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}

fn db() -> Subject {
    Subject::container("db-1")
}

#[test]
fn the_live_block_says_who_waits_for_what() {
    let mut screen = Screen::new(24, 60);
    screen.at(
        0,
        &[
            Event::Began { operation: "up" },
            Event::status(db(), Status::Starting),
            Event::status(web(), Status::Created),
        ],
    );
    let wait = Event::Waiting { who: web(), on: vec!["db to be healthy".to_owned()] };
    screen.at(500, &[Event::status(db(), Status::Waiting), wait]);
    assert_eq!(
        screen.at(12_500, &[]),
        "[+] up 0/2\n ⠴ Container db-1   Waiting                           12.5s\n ⠴ Container web-1  Waiting for db to be healthy      12.0s\n"
    );
    let over = [
        Event::status(db(), Status::Healthy),
        Event::Waiting { who: web(), on: Vec::new() },
        Event::status(web(), Status::Starting),
        Event::status(web(), Status::Started),
    ];
    screen.at(13_000, &over);
    screen.progress.finish(Duration::from_secs(14));
    assert_eq!(
        screen.read(),
        "[+] up 2/2\n ✔ Container db-1   Healthy                           13.0s\n ✔ Container web-1  Started                            0.0s\n"
    );
    assert!(!screen.terminal.screen().hide_cursor());
}

#[test]
fn messages_stay_above_the_live_block() {
    let mut screen = Screen::new(24, 40);
    screen.at(0, &[Event::status(db(), Status::Starting)]);
    let message = Event::Message { level: Level::Warning, text: "old".to_owned() };
    let text = screen.at(100, &[message]);
    assert_eq!(text.lines().next(), Some("warning: old"));
    assert_eq!(text.matches("db-1").count(), 1, "{text}");
}

#[test]
fn a_small_terminal_shows_what_goes_on() {
    let mut screen = Screen::new(6, 30);
    let many = (0..20).map(|n| Event::status(Subject::container(format!("c-{n}")), Status::Created));
    let mut events: Vec<Event> = many.collect();
    events.insert(3, Event::status(db(), Status::Starting));
    let text = screen.at(0, &events);
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("db-1") && text.contains("... 18 more") && text.contains("c-19"), "{text}");
    // Nothing that is wider than the screen makes rows that the next drawing would not find.
    let long = Event::detailed(Subject::container("x".repeat(80)), Status::Starting, "y".repeat(80));
    let text = screen.at(100, &[long]);
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[test]
fn a_download_is_a_bar() {
    let mut screen = Screen::new(24, 80);
    let image = Subject::image("nginx");
    let layer = |part: &str, status, progress| {
        Event::Status(StatusEvent {
            subject: Subject::image("nginx"),
            part: Some(part.to_owned()),
            status,
            details: String::new(),
            progress,
        })
    };
    let text = screen.at(
        0,
        &[
            Event::status(image, Status::Pulling),
            layer("a", Status::Pulling, Some((1_000_000, 4_000_000))),
            layer("b", Status::Pulled, Some((2_000_000, 2_000_000))),
        ],
    );
    assert!(text.contains("Image nginx  Pulling [⣀⣿] 3MB / 6MB"), "{text}");
}

#[test]
fn hostile_names_and_errors_are_clean_and_secrets_are_left_out() {
    let hostile = || crate::ui::clean::HOSTILE.to_owned();
    for mode in [Mode::Plain, Mode::Json, Mode::Tty] {
        let sink = Sink::default();
        let mut hidden = Redactor::new();
        hidden.hide("hunter2-hunter2", "${PW}");
        let mut progress = Progress::new(mode, false, Box::new(sink.clone()), || (24, 200)).hiding(hidden);
        let details = format!("hunter2-hunter2 {}", hostile());
        for event in [
            Event::detailed(Subject::container(hostile()), Status::Error, details),
            Event::Waiting { who: Subject::container(hostile()), on: vec![hostile()] },
            Event::Message { level: Level::Warning, text: format!("hunter2-hunter2{}", hostile()) },
        ] {
            progress.handle(&event, Duration::ZERO);
        }
        progress.finish(Duration::from_secs(1));
        let text = sink.text();
        assert!(text.contains("${PW}") && !text.contains("hunter2"), "{text:?}");
        // The live block moves the cursor: nothing but that is in there.
        let own = ["\u{1b}[?25l", "\u{1b}[K", "\u{1b}[J", "\u{1b}[?25h", "\r"];
        let rest = own.iter().fold(text.clone(), |text, sequence| text.replace(sequence, ""));
        let rest: String =
            rest.split("\u{1b}[").map(|part| part.trim_start_matches(['1', '2', '3', 'A'])).collect();
        assert!(crate::ui::clean::is_clean(&rest), "{mode:?}: {text:?}");
    }
}

#[test]
fn the_headline_counts_what_the_plan_wants() {
    let mut screen = Screen::new(24, 60);
    let headline = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let reached = |subject| Event::Reached { subject };
    let begun = [
        Event::Began { operation: "up" },
        Event::Planned { things: 3 },
        reached(Subject::container("kept-1")),
    ];
    screen.at(0, &begun);
    // A container that was created, or is started and not healthy yet, is not there yet.
    let text = screen.at(100, &[Event::status(web(), Status::Created), Event::status(db(), Status::Started)]);
    assert_eq!(headline(&text), "[+] up 1/3");
    let text = screen.at(200, &[Event::status(db(), Status::Healthy), reached(db())]);
    assert_eq!(headline(&text), "[+] up 2/3");
    screen.at(300, &[Event::status(web(), Status::Started), reached(web())]);
    screen.progress.handle(&Event::Finished { outcome: RunOutcome::Done }, Duration::from_secs(1));
    screen.progress.finish(Duration::from_secs(1));
    assert_eq!(headline(&screen.read()), "[+] up 3/3");
}

/// The last picture of a run of `db` and `web` that ended so.
fn ended(outcome: RunOutcome, last: &[Event]) -> String {
    let mut screen = Screen::new(24, 60);
    let begun = [
        Event::Began { operation: "up" },
        Event::Planned { things: 2 },
        Event::status(web(), Status::Created),
        Event::status(db(), Status::Waiting),
        Event::Waiting { who: web(), on: vec!["db to be healthy".to_owned()] },
    ];
    screen.at(0, &begun);
    screen.at(1000, last);
    screen.progress.handle(&Event::Finished { outcome }, Duration::from_secs(1));
    screen.progress.finish(Duration::from_secs(1));
    screen.read()
}

#[test]
fn a_failed_run_ends_as_one() {
    let last = [
        Event::detailed(db(), Status::Error, "unhealthy"),
        Event::Waiting { who: web(), on: Vec::new() },
        // What is done about it is no success.
        Event::status(web(), Status::Removing),
        Event::status(web(), Status::Removed),
        Event::detailed(db(), Status::Started, "put back"),
    ];
    assert_eq!(
        ended(RunOutcome::Failed, &last),
        "[+] up 0/2 failed\n ! Container web-1  Removed                            0.0s\n ✘ Container db-1   Error                              1.0s\n"
    );
}

#[test]
fn a_cancelled_run_ends_as_one() {
    assert_eq!(
        ended(RunOutcome::Cancelled, &[]),
        "[+] up 0/2 cancelled\n ! Container web-1  Cancelled                          1.0s\n ! Container db-1   Cancelled                          1.0s\n"
    );
}

#[test]
fn names_have_what_words_leave_and_are_cut_in_the_middle() {
    let mut screen = Screen::new(24, 80);
    let long = Subject::container("shop-a-rather-long-service-name-that-goes-on-and-on-frontend-1");
    let text = screen.at(0, &[Event::status(long.clone(), Status::Created)]);
    let row = text.lines().nth(1).unwrap();
    assert_eq!(row, " ✔ Container shop-a-rather-long-se…that-goes-on-and-on-frontend-1  Created 0.0s");
    // The last column stays free.
    assert_eq!(row.chars().count(), 79);
    // Long words take their share, and no more.
    let text = screen.at(100, &[Event::detailed(db(), Status::Starting, "y".repeat(80))]);
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[1].contains("…") && rows[1].contains("frontend-1  Created"), "{text}");
    assert!(rows[2].contains("Container db-1 ") && rows[2].contains("Starting yyy"), "{text}");
}
