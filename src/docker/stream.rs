//! Streams out of the engine: framed container output, and one JSON value after the other.

use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;

use super::error::Fault;
use crate::engine::{Answers, EngineError, LogChunk};
use crate::event;

/// Pieces of a body.
type Pieces = std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, Fault>> + Send>>;

fn pieces(body: Incoming) -> Pieces {
    Box::pin(body.into_data_stream().map(|piece| piece.map_err(Fault::from)))
}

/// A container's output, by stream.
pub(super) fn output(
    response: Response<Incoming>,
    fault: impl Fn(Fault) -> EngineError + Send + 'static,
) -> Answers<LogChunk> {
    let framed = response
        .headers()
        .get(hyper::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind == "application/vnd.docker.multiplexed-stream")
        .then_some(true);
    decode(pieces(response.into_body()), Frames { framed, ..Frames::default() }, fault)
}

/// Newline-separated JSON values.
pub(super) fn values(
    response: Response<Incoming>,
    fault: impl Fn(Fault) -> EngineError + Send + 'static,
) -> Answers<serde_json::Value> {
    decode(pieces(response.into_body()), Lines, fault)
}

/// Makes items of bytes.
trait Decoder: Send + 'static {
    type Item: Send;
    /// Takes the next item off the front.
    fn next(&mut self, buffer: &mut BytesMut) -> Option<Result<Self::Item, Fault>>;
    /// What is left when the stream ends.
    fn last(&mut self, buffer: &mut BytesMut) -> Option<Result<Self::Item, Fault>>;
}

fn decode<D: Decoder>(
    pieces: Pieces,
    decoder: D,
    fault: impl Fn(Fault) -> EngineError + Send + 'static,
) -> Answers<D::Item> {
    let state = (pieces, decoder, BytesMut::new(), fault, false);
    Box::pin(stream::unfold(state, |(mut pieces, mut decoder, mut buffer, fault, ended)| async move {
        if ended {
            return None;
        }
        loop {
            if let Some(item) = decoder.next(&mut buffer) {
                let broken = item.is_err();
                let item = item.map_err(&fault);
                return Some((item, (pieces, decoder, buffer, fault, broken)));
            }
            match pieces.next().await {
                Some(Ok(piece)) => buffer.extend_from_slice(&piece),
                Some(Err(error)) => {
                    let item = Err(fault(error));
                    return Some((item, (pieces, decoder, buffer, fault, true)));
                }
                None => {
                    let item = decoder.last(&mut buffer)?.map_err(&fault);
                    return Some((item, (pieces, decoder, buffer, fault, true)));
                }
            }
        }
    }))
}

/// Frames of eight bytes of head and a payload; a terminal sends its bytes bare.
#[derive(Default)]
struct Frames {
    /// Engines before API 1.42 don't say which: the first bytes do.
    framed: Option<bool>,
    /// What is left of the current frame, which need not come in one piece.
    open: Option<(event::Stream, usize)>,
}

const HEAD: usize = 8;

impl Decoder for Frames {
    type Item = LogChunk;

    fn next(&mut self, buffer: &mut BytesMut) -> Option<Result<LogChunk, Fault>> {
        loop {
            if buffer.is_empty() {
                return None;
            }
            if let Some((stream, left)) = self.open {
                let bytes = buffer.split_to(left.min(buffer.len())).freeze();
                let left = left - bytes.len();
                self.open = (left > 0).then_some((stream, left));
                return Some(Ok(LogChunk { stream, bytes }));
            }
            let framed = match self.framed {
                Some(framed) => framed,
                None => {
                    let looks = buffer.iter().take(4).zip([3, 1, 1, 1]).all(|(byte, end)| *byte < end);
                    if looks && buffer.len() < 4 {
                        return None;
                    }
                    *self.framed.insert(looks)
                }
            };
            if !framed {
                return Some(Ok(LogChunk { stream: event::Stream::Stdout, bytes: buffer.split().freeze() }));
            }
            if buffer.len() < HEAD {
                return None;
            }
            let kind = buffer.get_u8();
            buffer.advance(3);
            let length = buffer.get_u32() as usize;
            match kind {
                0 | 1 => self.open = Some((event::Stream::Stdout, length)),
                2 => self.open = Some((event::Stream::Stderr, length)),
                // 3 carries an error of the engine itself.
                3 => return Some(Err(Fault::Broken(String::from_utf8_lossy(buffer).trim().to_owned()))),
                other => return Some(Err(Fault::Broken(format!("unknown output stream {other}")))),
            }
            if length == 0 {
                self.open = None;
            }
        }
    }

    fn last(&mut self, buffer: &mut BytesMut) -> Option<Result<LogChunk, Fault>> {
        // Half a head is of no use; bytes before the kind was known are a terminal's.
        if self.framed.is_some() || buffer.is_empty() {
            return None;
        }
        Some(Ok(LogChunk { stream: event::Stream::Stdout, bytes: buffer.split().freeze() }))
    }
}

struct Lines;

impl Decoder for Lines {
    type Item = serde_json::Value;

    fn next(&mut self, buffer: &mut BytesMut) -> Option<Result<serde_json::Value, Fault>> {
        loop {
            let end = buffer.iter().position(|byte| *byte == b'\n')?;
            let line = buffer.split_to(end + 1);
            if let Some(value) = value(&line) {
                return Some(value);
            }
        }
    }

    fn last(&mut self, buffer: &mut BytesMut) -> Option<Result<serde_json::Value, Fault>> {
        value(&buffer.split())
    }
}

fn value(line: &[u8]) -> Option<Result<serde_json::Value, Fault>> {
    let line = line.trim_ascii();
    (!line.is_empty()).then(|| {
        serde_json::from_slice(line)
            .map_err(|error| Fault::Broken(format!("the engine's answer cannot be understood: {error}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(parts: &[&[u8]]) -> Vec<(event::Stream, Vec<u8>)> {
        let (mut frames, mut buffer, mut out) = (Frames::default(), BytesMut::new(), Vec::new());
        for part in parts {
            buffer.extend_from_slice(part);
            while let Some(Ok(chunk)) = frames.next(&mut buffer) {
                out.push((chunk.stream, chunk.bytes.to_vec()));
            }
        }
        if let Some(Ok(chunk)) = frames.last(&mut buffer) {
            out.push((chunk.stream, chunk.bytes.to_vec()));
        }
        out
    }

    #[test]
    fn frames_may_be_cut_anywhere() {
        use event::Stream::{Stderr, Stdout};
        let out = run(&[b"\x01", b"\0\0\0\0\0", b"\0\x03ab", b"c\x02\0\0\0\0\0\0\x01x"]);
        assert_eq!(out, [(Stdout, b"ab".to_vec()), (Stdout, b"c".to_vec()), (Stderr, b"x".to_vec())]);
    }

    #[test]
    fn a_terminal_sends_bare_bytes() {
        assert_eq!(run(&[b"$ ", b"ls"]).concat_bytes(), b"$ ls");
        assert_eq!(run(&[b"\x01"]).concat_bytes(), b"\x01");
    }

    trait Concat {
        fn concat_bytes(self) -> Vec<u8>;
    }

    impl Concat for Vec<(event::Stream, Vec<u8>)> {
        fn concat_bytes(self) -> Vec<u8> {
            self.into_iter().flat_map(|(_, bytes)| bytes).collect()
        }
    }
}
