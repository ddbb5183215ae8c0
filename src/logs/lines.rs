//! Lines out of pieces that may be cut anywhere.

use crate::event::Stream;

/// A longer line is cut: memory stays bounded whatever a container writes.
const LONGEST: usize = 1 << 20;

/// One container's unfinished lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Lines {
    /// Takes a piece; gives the lines that are complete now, without their newlines.
    pub fn push(&mut self, stream: Stream, mut bytes: &[u8], mut line: impl FnMut(Vec<u8>)) {
        let rest = self.rest(stream);
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            let mut whole = std::mem::take(rest);
            whole.extend_from_slice(&bytes[..at]);
            cut(&mut whole, &mut line);
            line(whole);
            bytes = &bytes[at + 1..];
        }
        rest.extend_from_slice(bytes);
        cut(rest, &mut line);
    }

    /// The stream ended: what has no newline is a line too.
    pub fn finish(&mut self, mut line: impl FnMut(Stream, Vec<u8>)) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = std::mem::take(self.rest(stream));
            if !rest.is_empty() {
                line(stream, rest);
            }
        }
    }

    fn rest(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Stdout => &mut self.out,
            Stream::Stderr => &mut self.err,
        }
    }
}

/// Gives away the front while it is too long.
fn cut(line: &mut Vec<u8>, give: &mut impl FnMut(Vec<u8>)) {
    while line.len() > LONGEST {
        let rest = line.split_off(LONGEST);
        give(std::mem::replace(line, rest));
    }
}

/// Takes the engine's time stamp off a line.
pub(super) fn split_stamp(mut line: Vec<u8>) -> (Option<String>, Vec<u8>) {
    let Some(at) = line.iter().take(40).position(|byte| *byte == b' ') else { return (None, line) };
    match std::str::from_utf8(&line[..at]) {
        Ok(stamp) if stamp.contains('T') && stamp.starts_with(|c: char| c.is_ascii_digit()) => {
            let stamp = stamp.to_owned();
            line.drain(..=at);
            (Some(stamp), line)
        }
        _ => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_by_stream() {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for (stream, bytes) in [
            (Stream::Stdout, &b"a"[..]),
            (Stream::Stderr, b"x\ny"),
            (Stream::Stdout, b"b\n\nc\r\nd"),
            (Stream::Stderr, b"\n"),
        ] {
            lines.push(stream, bytes, |line| got.push(String::from_utf8(line).unwrap()));
        }
        lines.finish(|_, line| got.push(String::from_utf8(line).unwrap()));
        assert_eq!(got, ["x", "ab", "", "c\r", "y", "d"]);
    }

    #[test]
    fn endless_lines_are_cut() {
        let mut lines = Lines::default();
        let mut lengths = Vec::new();
        for _ in 0..5 {
            lines.push(Stream::Stdout, &vec![b'x'; LONGEST / 2], |line| lengths.push(line.len()));
        }
        lines.push(Stream::Stdout, b"y\n", |line| lengths.push(line.len()));
        assert_eq!(lengths, [LONGEST, LONGEST, LONGEST / 2 + 1]);
    }

    #[test]
    fn stamps_are_taken_off() {
        let (stamp, text) = split_stamp(b"2026-11-23T21:40:19.373508077Z hello a".to_vec());
        assert_eq!(
            (stamp.as_deref(), text.as_slice()),
            (Some("2026-11-23T21:40:19.373508077Z"), &b"hello a"[..])
        );
        assert_eq!(split_stamp(b"hello a".to_vec()), (None, b"hello a".to_vec()));
    }
}
