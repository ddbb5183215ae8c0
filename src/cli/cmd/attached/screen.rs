//! The screen that progress and output share.

use std::io::{self, Stderr, Stdout};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::BUFFERED_LINES;
use crate::event::{Event, LogEvent};
use crate::ui::logs::{LogLook, LogWriter};
use crate::ui::progress::Progress;

/// What is on the screen.
pub(super) struct Screen {
    progress: Progress,
    writer: LogWriter<Stdout, Stderr>,
    began: Instant,
}

impl Screen {
    pub fn new(progress: Progress, look: LogLook) -> Screen {
        let writer = LogWriter::new(look, io::stdout(), io::stderr());
        Screen { progress, writer, began: Instant::now() }
    }

    /// Says whose output is to come.
    pub fn announce(&mut self, names: &[String]) {
        for name in names {
            self.writer.register(name);
        }
        if !names.is_empty() {
            let _ = self.writer.note(&format!("Attaching to {}", names.join(", ")));
        }
    }

    pub fn event(&mut self, event: &Event) {
        self.progress.handle(event, self.began.elapsed());
    }

    /// Draws the live block again.
    pub fn tick(&mut self) {
        self.progress.tick(self.began.elapsed());
    }

    /// Takes the live block away for lines of one's own.
    pub fn clear(&mut self) {
        self.progress.clear();
    }

    /// Shows what has happened, for the last time.
    pub fn finish(&mut self, events: &mut mpsc::UnboundedReceiver<Event>) {
        while let Ok(event) = events.try_recv() {
            self.event(&event);
        }
        self.progress.finish(self.began.elapsed());
    }

    /// Writes lines above the live block.
    pub fn lines(
        &mut self,
        first: LogEvent,
        more: &mut mpsc::Receiver<LogEvent>,
        mut seen: impl FnMut(&LogEvent),
    ) {
        self.progress.clear();
        let mut next = Some(first);
        // A batch at a time, so that a flood of lines doesn't hold up everything else.
        for _ in 0..BUFFERED_LINES {
            let Some(event) = next else { break };
            seen(&event);
            // A reader that went away is told by the signal or the end of the containers.
            let _ = self.writer.write(&event);
            next = more.try_recv().ok();
        }
        if let Some(event) = next {
            seen(&event);
            let _ = self.writer.write(&event);
        }
        let _ = self.writer.flush();
    }
}
