//! Reading what a container writes, as it comes.

use bytes::Bytes;
use futures_util::stream;
use tokio::time::Instant;

use super::wait;
use crate::base::ContainerId;
use crate::engine::{Answers, LogChunk, LogQuery};
use crate::memory::MemoryEngine;
use crate::memory::world::time;

/// Somebody reads a container's output.
pub(super) struct Reading {
    pub(super) engine: MemoryEngine,
    pub(super) id: ContainerId,
    pub(super) next: usize,
    /// The run whose end ends the reading; `None` reads what is there.
    pub(super) run: Option<u64>,
    pub(super) query: LogQuery,
}

pub(super) fn read(state: Reading) -> Answers<LogChunk> {
    Box::pin(stream::unfold(state, |mut reading| async move {
        loop {
            let engine = reading.engine.clone();
            let mut changed = std::pin::pin!(engine.shared.changed.notified());
            changed.as_mut().enable();
            let next = {
                let mut world = engine.world();
                let before = world.events.len();
                world.advance(Instant::now());
                if world.events.len() != before {
                    engine.shared.changed.notify_waiters();
                }
                let container = world.containers.get(&reading.id)?;
                if let Some(entry) = container.log.get(reading.next) {
                    reading.next += 1;
                    let stamp = time(entry.at);
                    let since = reading.query.since.as_deref().and_then(moment);
                    let until = reading.query.until.as_deref().and_then(moment);
                    let at = moment(&stamp);
                    if since.is_some_and(|since| at < Some(since))
                        || until.is_some_and(|until| at > Some(until))
                    {
                        continue;
                    }
                    let bytes = if reading.query.timestamps {
                        Bytes::from([stamp.as_bytes(), b" ", &entry.bytes].concat())
                    } else {
                        entry.bytes.clone()
                    };
                    let stream = entry.stream;
                    drop(world);
                    return Some((Ok(LogChunk { stream, bytes }), reading));
                }
                let run = reading.run?;
                if container.runs > run || (container.runs == run && !container.running()) {
                    return None;
                }
                world.next_time()
            };
            wait(changed, next).await;
        }
    }))
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
