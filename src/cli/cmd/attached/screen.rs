//! The view of an attached run: a screen, and messages.

use std::future::Future;
use std::io::{self, Stdout};
use std::pin::Pin;

use tokio::time::Instant;

use crate::app::attach::phase::Notice;
use crate::app::attach::run::View;
use crate::app::converge::Converged;
use crate::cli::front::Front;
use crate::diag::SourceMap;
use crate::event::{Event, LogEvent};
use crate::plan;
use crate::ui::logs::LogLook;
use crate::ui::screen::Screen;
use crate::ui::terminal;

/// Draws a run on the process's streams.
pub(super) struct Drawing<'a> {
    front: &'a Front,
    sources: &'a SourceMap,
    screen: Screen<Stdout>,
    began: Instant,
}

impl Drawing<'_> {
    /// `sources`: the texts that warnings point to.
    pub fn new<'a>(front: &'a Front, look: LogLook, sources: &'a SourceMap) -> Drawing<'a> {
        let shared = terminal::streams_are_one_terminal();
        let screen = Screen::new(front.progress(), look, io::stdout(), shared);
        Drawing { front, sources, screen, began: Instant::now() }
    }
}

impl View for Drawing<'_> {
    fn announce(&mut self, names: &[String]) -> io::Result<()> {
        self.screen.announce(names)
    }

    fn event(&mut self, event: &Event) {
        self.screen.event(event, self.began.elapsed());
    }

    fn output(&mut self, batch: &[LogEvent]) -> io::Result<()> {
        self.screen.output(batch, self.began.elapsed())
    }

    fn notice(&mut self, notice: Notice) {
        self.screen.clear();
        self.front.info(match notice {
            Notice::Stopping => "Gracefully Stopping... press Ctrl+C again to force",
            Notice::Aborting => "Aborting on container exit...",
        });
    }

    fn applied(&mut self, done: &Converged) {
        for warning in &done.plan.warnings {
            self.front.warn(&plan::warning_words(warning, self.sources));
        }
    }

    fn settle(&mut self) {
        self.screen.settle(self.began.elapsed());
    }

    fn tick(&mut self) {
        self.screen.tick(self.began.elapsed());
    }

    fn unread(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(terminal::stdout_unread())
    }
}
