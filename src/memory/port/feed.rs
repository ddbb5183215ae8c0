//! The feed of events.

use futures_util::stream;
use tokio::time::Instant;

use super::wait;
use crate::engine::{Answer, Answers, EngineError, EngineEvent, EventQuery, Feed};
use crate::memory::{MemoryEngine, name};

/// Somebody listens to events.
struct Listening {
    engine: MemoryEngine,
    next: usize,
    labels: Vec<String>,
}

impl Feed for MemoryEngine {
    fn events(&self, query: EventQuery) -> Answer<'_, Answers<EngineEvent>> {
        Box::pin(async move {
            let next = self.call("events", "", false, |world, _| Ok(world.events.len())).await?;
            let state = Listening { engine: self.clone(), next, labels: query.labels };
            let events: Answers<EngineEvent> = Box::pin(stream::unfold(state, listen));
            Ok(events)
        })
    }
}

async fn listen(mut state: Listening) -> Option<(Result<EngineEvent, EngineError>, Listening)> {
    loop {
        let engine = state.engine.clone();
        let mut changed = std::pin::pin!(engine.shared.changed.notified());
        changed.as_mut().enable();
        let next = {
            let mut world = engine.world();
            let before = world.events.len();
            world.advance(Instant::now());
            if world.events.len() != before {
                engine.shared.changed.notify_waiters();
            }
            let mut found = None;
            while let Some(event) = world.events.get(state.next) {
                state.next += 1;
                if name::matches(|key| event.attributes.get(key).map(String::as_str), &state.labels) {
                    found = Some(event.clone());
                    break;
                }
            }
            if let Some(event) = found {
                drop(world);
                return Some((Ok(event), state));
            }
            world.next_time()
        };
        wait(changed, next).await;
    }
}
