//! Output of containers: a prefix in its own colour, as wide as the longest name so far.

use std::collections::HashMap;
use std::io::{self, Write};

use super::clean;
use crate::event::{LogEvent, Stream};

/// How lines look.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogLook {
    /// Prefixes in colours.
    pub colours: bool,
    /// No prefix at all.
    pub no_prefix: bool,
    /// Lines of standard error go to standard error (`up`), instead of all to standard output (`logs`).
    pub split_streams: bool,
}

/// Colours in the order containers appear: five, then the same in bold.
const COLOURS: [&str; 10] = ["36", "33", "32", "35", "34", "36;1", "33;1", "32;1", "35;1", "34;1"];

/// Writes log events; keeps the width and the colours.
pub struct LogWriter<O: Write, E: Write> {
    look: LogLook,
    out: io::BufWriter<O>,
    err: io::BufWriter<E>,
    colours: HashMap<String, usize>,
    width: usize,
}

impl<O: Write, E: Write> LogWriter<O, E> {
    /// A writer to these streams.
    pub fn new(look: LogLook, out: O, err: E) -> LogWriter<O, E> {
        LogWriter {
            look,
            out: io::BufWriter::with_capacity(1 << 16, out),
            err: io::BufWriter::new(err),
            colours: HashMap::new(),
            width: 0,
        }
    }

    /// Makes room for a container before its first line.
    pub fn register(&mut self, source: &str) {
        if !self.colours.contains_key(source) {
            let shown = clean::line(source);
            self.colours.insert(source.to_owned(), self.colours.len() % COLOURS.len());
            self.width = self.width.max(shown.chars().count() + 1);
        }
    }

    /// Writes one event; nothing is flushed.
    pub fn write(&mut self, event: &LogEvent) -> io::Result<()> {
        match event {
            LogEvent::Line { source, stream, time, text } => {
                self.register(source);
                let prefix = self.prefix(source);
                if self.look.split_streams && *stream == Stream::Stderr {
                    // Lines of one moment keep their order on a terminal that shows both streams.
                    self.out.flush()?;
                    line(&mut self.err, &prefix, time.as_deref(), text)?;
                    self.err.flush()
                } else {
                    line(&mut self.out, &prefix, time.as_deref(), text)
                }
            }
            LogEvent::Exited { source, code, restarting, .. } => {
                let again = if *restarting { " (restarting)" } else { "" };
                self.status(source, &format!("exited with code {code}{again}"))
            }
            LogEvent::Recreated { source } => self.status(source, "has been recreated"),
        }
    }

    /// Hands everything to the streams.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }

    /// A plain line of our own on standard output: `Attaching to web-1, db-1`.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{}", clean::line(text))?;
        self.out.flush()
    }

    fn prefix(&self, source: &str) -> String {
        if self.look.no_prefix {
            return String::new();
        }
        let padded = format!("{:<width$} | ", clean::line(source), width = self.width);
        if self.look.colours {
            let colour = COLOURS[self.colours.get(source).copied().unwrap_or(0)];
            format!("\u{1b}[{colour}m{padded}\u{1b}[0m")
        } else {
            padded
        }
    }

    /// The reference begins these lines with carriage return and "erase line", even into a pipe.
    fn status(&mut self, source: &str, words: &str) -> io::Result<()> {
        self.register(source);
        let shown = clean::line(source);
        if self.look.colours {
            let colour = COLOURS[self.colours.get(source).copied().unwrap_or(0)];
            writeln!(self.out, "\r\u{1b}[K\u{1b}[{colour}m{shown} {words}\u{1b}[0m")
        } else {
            writeln!(self.out, "\r\u{1b}[K{shown} {words}")
        }
    }
}

fn line(stream: &mut impl Write, prefix: &str, time: Option<&str>, text: &[u8]) -> io::Result<()> {
    stream.write_all(prefix.as_bytes())?;
    if let Some(time) = time {
        stream.write_all(time.as_bytes())?;
        stream.write_all(b" ")?;
    }
    stream.write_all(text)?;
    stream.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(look: LogLook, events: &[LogEvent]) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut writer = LogWriter::new(look, &mut out, &mut err);
        for event in events {
            writer.write(event).unwrap();
        }
        writer.flush().unwrap();
        drop(writer);
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    fn said(source: &str, stream: Stream, text: &str) -> LogEvent {
        LogEvent::Line { source: source.into(), stream, time: None, text: text.into() }
    }

    #[test]
    fn prefixes_grow_with_the_longest_name() {
        let events = [
            said("a-1", Stream::Stdout, "x"),
            said("long-1", Stream::Stderr, "y"),
            said("a-1", Stream::Stdout, "z"),
        ];
        let (out, err) = write(LogLook { split_streams: true, ..LogLook::default() }, &events);
        assert_eq!(out, "a-1  | x\na-1     | z\n");
        assert_eq!(err, "long-1  | y\n");
    }

    #[test]
    fn a_hostile_name_is_clean_and_output_goes_through() {
        let (out, _) = write(LogLook::default(), &[said(clean::HOSTILE, Stream::Stdout, "\u{1b}[1mx")]);
        let (name, output) = out.split_once(" | ").unwrap();
        assert!(clean::is_clean(name), "{name:?}");
        assert_eq!(output, "\u{1b}[1mx\n");
    }

    #[test]
    fn the_end_of_a_container_erases_its_line() {
        let end = LogEvent::Exited { source: "a-1".into(), service: "a".into(), code: 3, restarting: false };
        assert_eq!(write(LogLook::default(), &[end]).0, "\r\u{1b}[Ka-1 exited with code 3\n");
    }
}
