//! Output of containers: a prefix in its own colour, as wide as the longest name so far.

use std::collections::HashMap;
use std::io::{self, Write};

use super::clean;
use crate::event::{HOOK_MARK, LogEvent, Stream};

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
    out: O,
    err: E,
    /// Lines for `out` that are not written yet.
    lines: Vec<u8>,
    colours: HashMap<String, usize>,
    width: usize,
    /// What stands before the lines of a source, at the present width.
    prefixes: HashMap<String, Vec<u8>>,
}

/// So many bytes of lines are kept before they are written.
const BUFFERED: usize = 1 << 16;

impl<O: Write, E: Write> LogWriter<O, E> {
    /// A writer to these streams.
    pub fn new(look: LogLook, out: O, err: E) -> LogWriter<O, E> {
        LogWriter {
            look,
            out,
            err,
            lines: Vec::new(),
            colours: HashMap::new(),
            width: 0,
            prefixes: HashMap::new(),
        }
    }

    /// Makes room for a container before its first line.
    pub fn register(&mut self, source: &str) {
        let container = container_of(source);
        if !self.colours.contains_key(container) {
            self.colours.insert(container.to_owned(), self.colours.len() % COLOURS.len());
        }
        let width = clean::line(source).chars().count() + 1;
        if width > self.width {
            self.width = width;
            self.prefixes.clear();
        }
    }

    /// Takes one event. Lines are written when many have come, or with [`LogWriter::flush`].
    pub fn write(&mut self, event: &LogEvent) -> io::Result<()> {
        match event {
            LogEvent::Line { source, stream, time, text } => {
                if !self.prefixes.contains_key(source.as_str()) {
                    self.register(source);
                    let prefix = self.prefix(source);
                    self.prefixes.insert(source.clone(), prefix);
                }
                let prefix = self.prefixes.get(source.as_str()).map_or(&[][..], Vec::as_slice);
                if self.look.split_streams && *stream == Stream::Stderr {
                    // Lines of one moment keep their order on a terminal that shows both streams.
                    write_lines(&mut self.out, &mut self.lines)?;
                    let mut whole = Vec::new();
                    line(&mut whole, prefix, time.as_deref(), text);
                    self.err.write_all(&whole)?;
                    self.err.flush()
                } else {
                    line(&mut self.lines, prefix, time.as_deref(), text);
                    if self.lines.len() >= BUFFERED {
                        write_lines(&mut self.out, &mut self.lines)
                    } else {
                        Ok(())
                    }
                }
            }
            LogEvent::Exited { source, code, restarting, .. } => {
                let again = if *restarting { " (restarting)" } else { "" };
                self.status(source, &format!("exited with code {code}{again}"));
                Ok(())
            }
            LogEvent::Recreated { source } => {
                self.status(source, "has been recreated");
                Ok(())
            }
        }
    }

    /// Hands everything to the streams.
    pub fn flush(&mut self) -> io::Result<()> {
        write_lines(&mut self.out, &mut self.lines)?;
        self.err.flush()
    }

    /// Hands everything to the streams; the lines of standard output as `frame` makes them, in one write.
    pub fn flush_with(&mut self, frame: impl FnOnce(&[u8]) -> Vec<u8>) -> io::Result<()> {
        let mut framed = frame(&self.lines);
        self.lines.clear();
        write_lines(&mut self.out, &mut framed)?;
        self.err.flush()
    }

    /// The stream for lines of standard error.
    pub fn errors(&mut self) -> &mut E {
        &mut self.err
    }

    /// A plain line of our own on standard output: `Attaching to web-1, db-1`.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        self.lines.extend_from_slice(clean::line(text).as_bytes());
        self.lines.push(b'\n');
        self.flush()
    }

    fn colour(&self, source: &str) -> &'static str {
        COLOURS[self.colours.get(container_of(source)).copied().unwrap_or(0)]
    }

    fn prefix(&self, source: &str) -> Vec<u8> {
        if self.look.no_prefix {
            return Vec::new();
        }
        let padded = format!("{:<width$} | ", clean::line(source), width = self.width);
        if self.look.colours {
            format!("\u{1b}[{}m{padded}\u{1b}[0m", self.colour(source)).into_bytes()
        } else {
            padded.into_bytes()
        }
    }

    /// The reference begins these lines with carriage return and "erase line", even into a pipe.
    fn status(&mut self, source: &str, words: &str) {
        self.register(source);
        let shown = clean::line(source);
        let text = if self.look.colours {
            format!("\r\u{1b}[K\u{1b}[{}m{shown} {words}\u{1b}[0m\n", self.colour(source))
        } else {
            format!("\r\u{1b}[K{shown} {words}\n")
        };
        self.lines.extend_from_slice(text.as_bytes());
    }
}

/// Writes the lines, and forgets them.
fn write_lines(out: &mut impl Write, lines: &mut Vec<u8>) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let written = out.write_all(lines).and_then(|()| out.flush());
    lines.clear();
    written
}

/// A hook has the colour of its container.
fn container_of(source: &str) -> &str {
    source.strip_suffix(HOOK_MARK).unwrap_or(source)
}

fn line(buffer: &mut Vec<u8>, prefix: &[u8], time: Option<&str>, text: &[u8]) {
    buffer.extend_from_slice(prefix);
    if let Some(time) = time {
        buffer.extend_from_slice(time.as_bytes());
        buffer.push(b' ');
    }
    buffer.extend_from_slice(text);
    buffer.push(b'\n');
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
    fn a_hook_has_the_colour_of_its_container() {
        let events = [
            said("a-1", Stream::Stdout, "x"),
            said("b-1", Stream::Stdout, "y"),
            said("a-1 ->", Stream::Stdout, "z"),
            said("c-1", Stream::Stdout, "u"),
        ];
        let (out, _) = write(LogLook { colours: true, ..LogLook::default() }, &events);
        let colours: Vec<&str> = out.lines().map(|line| &line[..5]).collect();
        assert_eq!(colours, ["\u{1b}[36m", "\u{1b}[33m", "\u{1b}[36m", "\u{1b}[32m"]);
        assert!(out.contains("a-1 ->  | \u{1b}[0mz") && out.contains("c-1     | "), "{out}");
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
