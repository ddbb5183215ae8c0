//! Reading what a container writes, as it comes.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::stream;

use crate::base::ContainerId;
use crate::engine::{Answers, LogChunk, LogQuery};
use crate::memory::MemoryEngine;
use crate::memory::world::{World, time};

/// Counts who reads, for as long as it is kept.
pub(super) struct Reader(MemoryEngine);

impl Reader {
    pub(super) fn new(engine: &MemoryEngine) -> Reader {
        let readers = &engine.shared.readers;
        let now = readers.now.fetch_add(1, Ordering::Relaxed) + 1;
        readers.most.fetch_max(now, Ordering::Relaxed);
        Reader(engine.clone())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.shared.readers.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Somebody reads a container's output.
pub(super) struct Reading {
    pub(super) reader: Reader,
    pub(super) id: ContainerId,
    pub(super) next: usize,
    /// The run whose end ends the reading; `None` reads what is there.
    pub(super) run: Option<u64>,
    pub(super) query: LogQuery,
}

pub(super) fn read(state: Reading) -> Answers<LogChunk> {
    Box::pin(stream::unfold(state, |mut reading| async move {
        let engine = reading.reader.0.clone();
        let chunk = engine.watch(|world| reading.next_chunk(world)).await?;
        Some((Ok(chunk), reading))
    }))
}

impl Reading {
    /// What was written next; `None` when no more will come.
    fn next_chunk(&mut self, world: &World) -> ControlFlow<Option<LogChunk>> {
        let Some(container) = world.containers.get(&self.id) else { return ControlFlow::Break(None) };
        while let Some(entry) = container.log.get(self.next) {
            self.next += 1;
            let stamp = time(entry.at);
            let since = self.query.since.as_deref().and_then(moment);
            let until = self.query.until.as_deref().and_then(moment);
            let at = moment(&stamp);
            if since.is_some_and(|since| at < Some(since)) || until.is_some_and(|until| at > Some(until)) {
                continue;
            }
            let bytes = if self.query.timestamps {
                Bytes::from([stamp.as_bytes(), b" ", &entry.bytes].concat())
            } else {
                entry.bytes.clone()
            };
            return ControlFlow::Break(Some(LogChunk { stream: entry.stream, bytes }));
        }
        match self.run {
            Some(run) if container.runs < run || (container.runs == run && container.running()) => {
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(None),
        }
    }
}

/// Nanoseconds of RFC 3339, or of seconds since 1970.
fn moment(text: &str) -> Option<i128> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_nanosecond());
    }
    let (seconds, part) = text.split_once('.').unwrap_or((text, "0"));
    let nanos: i128 = format!("{part:0<9}").get(..9)?.parse().ok()?;
    Some(seconds.parse::<i128>().ok()? * 1_000_000_000 + nanos)
}
