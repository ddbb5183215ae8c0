//! A screen that the progress of a run and the output of its containers share.

use std::io::{self, Write};
use std::time::Duration;

use super::logs::{LogLook, LogWriter};
use super::progress::Progress;
use crate::event::{Event, LogEvent};

/// A screen that the progress of a run and the output of its containers share.
pub struct Screen<O: Write> {
    progress: Progress,
    logs: LogWriter<O, Vec<u8>>,
    shared: bool,
}

impl<O: Write> Screen<O> {
    /// A screen of `out`, which is standard output, and of the stream that the progress is shown on. `shared`
    /// when both are one terminal: then lines of both streams go to `out`, each batch and the live block
    /// below it in one write.
    pub fn new(progress: Progress, look: LogLook, out: O, shared: bool) -> Screen<O> {
        let look = LogLook { split_streams: look.split_streams && !shared, ..look };
        Screen { progress, logs: LogWriter::new(look, out, Vec::new()), shared }
    }

    /// Says whose output is to come.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn announce(&mut self, names: &[String]) -> io::Result<()> {
        for name in names {
            self.logs.register(name);
        }
        if names.is_empty() {
            return Ok(());
        }
        self.logs.note(&format!("Attaching to {}", names.join(", ")))
    }

    /// Shows that a run makes progress. `now` is the time since any fixed moment.
    pub fn event(&mut self, event: &Event, now: Duration) {
        self.progress.handle(event, now);
    }

    /// Shows output of containers, above the live block.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn output(&mut self, batch: &[LogEvent], now: Duration) -> io::Result<()> {
        for event in batch {
            self.logs.write(event)?;
        }
        if self.shared {
            let progress = &mut self.progress;
            return self.logs.flush_with(|lines| progress.above(lines, now));
        }
        self.logs.flush()?;
        let lines = std::mem::take(self.logs.errors());
        self.progress.write_above(&lines, now);
        Ok(())
    }

    /// Takes the live block away for lines of another kind.
    pub fn clear(&mut self) {
        self.progress.clear();
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Duration) {
        self.progress.tick(now);
    }

    /// Shows the last state of what was going on, for good.
    pub fn settle(&mut self, now: Duration) {
        self.progress.finish(now);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::event::{Status, Stream, Subject};
    use crate::ui::mode::Mode;

    /// Every write, apart.
    #[derive(Clone, Default)]
    struct Writes(Rc<RefCell<Vec<String>>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(stream: Stream, text: &str) -> LogEvent {
        LogEvent::Line { source: "web-1".into(), stream, time: None, text: text.into() }
    }

    fn screen(out: Writes, shared: bool) -> Screen<Writes> {
        let progress = Progress::new(Mode::Tty, false, Box::new(io::sink()), || (24, 80));
        let look = LogLook { split_streams: true, ..LogLook::default() };
        let mut screen = Screen::new(progress, look, out, shared);
        screen.event(&Event::status(Subject::container("web-1"), Status::Starting), Duration::ZERO);
        screen
    }

    #[test]
    fn lines_and_the_block_below_them_are_one_write() {
        let writes = Writes::default();
        let mut screen = screen(writes.clone(), true);
        for count in 1..=50 {
            let lines = [said(Stream::Stdout, "out"), said(Stream::Stderr, "err")];
            screen.output(&lines, Duration::from_millis(20 * count)).unwrap();
        }
        let writes = writes.0.borrow();
        assert_eq!(writes.len(), 50);
        for (at, write) in writes.iter().enumerate() {
            let text = write.find("web-1  | out\nweb-1  | err\n").expect(write);
            let block = write.find("Container web-1  Starting").expect(write);
            assert!(text < block, "{write:?}");
            // The block of before is taken away first.
            assert_eq!(write.starts_with("\u{1b}[2A"), at > 0, "{write:?}");
        }
    }

    #[test]
    fn lines_that_go_elsewhere_leave_the_block_alone() {
        let writes = Writes::default();
        let mut screen = screen(writes.clone(), false);
        screen.output(&[said(Stream::Stdout, "out"), said(Stream::Stderr, "err")], Duration::ZERO).unwrap();
        assert_eq!(*writes.0.borrow(), ["web-1  | out\n"]);
    }
}
