//! The screen that progress and output share.

use std::future::Future;
use std::io::{self, Stderr, Stdout};
use std::pin::Pin;

use tokio::time::Instant;

use crate::app::attach::phase::Notice;
use crate::app::attach::run::View;
use crate::app::converge::Converged;
use crate::cli::front::Front;
use crate::event::{Event, LogEvent};
use crate::ui::logs::{LogLook, LogWriter};
use crate::ui::progress::Progress;
use crate::ui::terminal;

/// What is on the screen.
pub(super) struct Screen<'a> {
    front: &'a Front,
    ignore_orphans: bool,
    progress: Progress,
    writer: LogWriter<Stdout, Stderr>,
    began: Instant,
}

impl Screen<'_> {
    /// `ignore_orphans`: orphans are passed over in silence.
    pub fn new(front: &Front, look: LogLook, ignore_orphans: bool) -> Screen<'_> {
        let writer = LogWriter::new(look, io::stdout(), io::stderr());
        Screen { front, ignore_orphans, progress: front.progress(), writer, began: Instant::now() }
    }
}

impl View for Screen<'_> {
    fn announce(&mut self, names: &[String]) -> io::Result<()> {
        for name in names {
            self.writer.register(name);
        }
        if names.is_empty() {
            return Ok(());
        }
        self.writer.note(&format!("Attaching to {}", names.join(", ")))
    }

    fn event(&mut self, event: &Event) {
        self.progress.handle(event, self.began.elapsed());
    }

    fn output(&mut self, batch: &[LogEvent]) -> io::Result<()> {
        self.progress.clear();
        for event in batch {
            self.writer.write(event)?;
        }
        self.writer.flush()
    }

    fn notice(&mut self, notice: Notice) {
        self.progress.clear();
        self.front.info(match notice {
            Notice::Stopping => "Gracefully Stopping... press Ctrl+C again to force",
            Notice::Aborting => "Aborting on container exit...",
        });
    }

    fn applied(&mut self, done: &Converged) {
        for warning in &done.plan.warnings {
            if !(self.ignore_orphans && warning.starts_with("Found orphan")) {
                self.front.warn(warning);
            }
        }
    }

    fn settle(&mut self) {
        self.progress.finish(self.began.elapsed());
    }

    fn tick(&mut self) {
        self.progress.tick(self.began.elapsed());
    }

    fn unread(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(terminal::stdout_unread())
    }
}
