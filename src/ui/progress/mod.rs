//! What a run shows while it goes: lines, JSON, a live block, or only its warnings.
//!
//! In: events and the time since the run began. Out: bytes on the stream that was handed in. Nothing here
//! reads a clock or asks a terminal but [`show`], so every screen can be tested.

mod json;
mod live;
mod plain;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval};

use live::Live;

use super::clean;
use super::message;
use super::mode::Mode;
use crate::base::secret::Redactor;
use crate::event::{Event, Level, Status, StatusEvent, Subject};

/// How often the live block is drawn again, at most.
const FRAME: Duration = Duration::from_millis(100);

/// Shows the events of one command.
pub struct Progress {
    mode: Mode,
    colours: bool,
    out: Box<dyn Write + Send>,
    size: Box<dyn Fn() -> (u16, u16) + Send>,
    waiting: BTreeSet<Subject>,
    /// The last words about each thing and part: several waits for one thing are one line.
    told: HashMap<(Subject, Option<String>), (Status, String)>,
    live: Live,
    hidden: Redactor,
}

impl Progress {
    /// A display on a stream. `size` tells the terminal's rows and columns; it is asked at every drawing,
    /// and only in [`Mode::Tty`].
    pub fn new(
        mode: Mode,
        colours: bool,
        out: Box<dyn Write + Send>,
        size: impl Fn() -> (u16, u16) + Send + 'static,
    ) -> Progress {
        let live = Live::new(colours);
        Progress {
            mode,
            colours,
            out,
            size: Box::new(size),
            waiting: BTreeSet::new(),
            told: HashMap::new(),
            live,
            hidden: Redactor::new(),
        }
    }

    /// Leaves these values out of what is said; names of things stay.
    pub fn hiding(mut self, hidden: Redactor) -> Progress {
        self.hidden = hidden;
        self
    }

    /// Takes an event. `now` is the time since any fixed moment.
    pub fn handle(&mut self, event: &Event, now: Duration) {
        let event = &self.presented(event.clone());
        let text = match event {
            Event::Message { level, text } => {
                // Messages stay: they are written above the block.
                self.live.clear() + &self.message(*level, text)
            }
            event if self.is_live() => {
                self.live.handle(event, now);
                return;
            }
            Event::Waiting { who, on } => {
                if !self.wait_begins(who, on) {
                    return;
                }
                self.line(event)
            }
            Event::Status(status) if self.is_known(status) => return,
            _ => self.line(event),
        };
        self.write(&text);
    }

    /// The event without what must not be shown, and without what a terminal would obey.
    fn presented(&self, mut event: Event) -> Event {
        let clean = |text: &mut String, line: bool| {
            // JSON has escapes of its own.
            if self.mode != Mode::Json {
                let shown = if line { clean::line(text) } else { clean::block(text) };
                if let Cow::Owned(shown) = shown {
                    *text = shown;
                }
            }
        };
        let hide = |text: &mut String| {
            if let Cow::Owned(without) = self.hidden.apply(text) {
                *text = without;
            }
            clean(text, false);
        };
        match &mut event {
            Event::Message { text, .. } => hide(text),
            Event::Status(StatusEvent { subject, part, details, status, .. }) => {
                // People read the cause once, in the report at the end.
                if *status == Status::Error && self.mode != Mode::Json {
                    details.clear();
                }
                hide(details);
                clean(&mut subject.name, true);
                part.iter_mut().for_each(|part| clean(part, true));
            }
            Event::Waiting { who, on } => {
                clean(&mut who.name, true);
                on.iter_mut().for_each(|on| clean(on, true));
            }
            Event::Reached { subject } => clean(&mut subject.name, true),
            Event::Began { .. } | Event::Planned { .. } | Event::Finished { .. } | Event::Ended { .. } => {}
        }
        event
    }

    /// Whether this was the last thing told of it.
    fn is_known(&mut self, event: &StatusEvent) -> bool {
        // Programs want the numbers of a download, people a line for each of its stages.
        if self.mode == Mode::Json && event.progress.is_some() {
            return false;
        }
        let words = (event.status, event.details.clone());
        let thing = (event.subject.clone(), event.part.clone());
        self.told.insert(thing, words.clone()) == Some(words)
    }

    /// Lets time pass: draws what moved. Only [`Mode::Tty`] needs it.
    pub fn tick(&mut self, now: Duration) {
        if self.is_live() {
            let text = self.live.frame(now, (self.size)());
            self.write(&text);
        }
    }

    /// Takes the live block off the screen, so that other lines can be written; the next drawing brings it back.
    pub fn clear(&mut self) {
        let text = self.live.clear();
        self.write(&text);
    }

    /// The bytes that write text above the live block: the block makes room and is drawn again in one go, so
    /// that nothing flickers. Without a block, the text itself.
    pub fn above(&mut self, text: &[u8], now: Duration) -> Vec<u8> {
        if text.is_empty() || !self.is_live() {
            return text.to_vec();
        }
        let mut bytes = self.live.clear().into_bytes();
        bytes.extend_from_slice(text);
        bytes.extend(self.live.frame(now, (self.size)()).bytes());
        bytes
    }

    /// Writes text above the live block.
    pub fn write_above(&mut self, text: &[u8], now: Duration) {
        let bytes = self.above(text, now);
        // A stream that is gone can't be told anything.
        let _ = self.out.write_all(&bytes).and_then(|()| self.out.flush());
    }

    /// Draws the last state and gives the terminal back. Events that follow begin a new block.
    pub fn finish(&mut self, now: Duration) {
        if self.is_live() {
            let text = self.live.last(now, (self.size)().1);
            self.write(&text);
        }
        // A stream that is gone can't be told anything.
        let _ = self.out.flush();
    }

    /// Whether [`Progress::tick`] does anything.
    pub fn is_live(&self) -> bool {
        self.mode == Mode::Tty
    }

    /// Whether this event is the beginning of a wait, rather than one that goes on or ends.
    fn wait_begins(&mut self, who: &Subject, on: &[String]) -> bool {
        if on.is_empty() {
            self.waiting.remove(who);
            return false;
        }
        self.waiting.insert(who.clone())
    }

    fn line(&self, event: &Event) -> String {
        match self.mode {
            Mode::Tty | Mode::Plain => plain::line(event),
            Mode::Json => json::line(event),
            Mode::Quiet => String::new(),
        }
    }

    fn message(&self, level: Level, text: &str) -> String {
        if self.mode == Mode::Quiet && level == Level::Info {
            return String::new();
        }
        message::line(level, text, self.mode, self.colours, &message::now())
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        // A stream that is gone can't be told anything.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

/// Shows events until the last sender is dropped. Wakes up by itself only for the live block.
pub async fn show(mut receiver: UnboundedReceiver<Event>, mut progress: Progress) {
    let start = Instant::now();
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            event = receiver.recv() => match event {
                Some(event) => progress.handle(&event, start.elapsed()),
                None => break,
            },
            _ = frames.tick(), if progress.is_live() => progress.tick(start.elapsed()),
        }
    }
    progress.finish(start.elapsed());
}
