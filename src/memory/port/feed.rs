//! The feed of events.

use std::ops::ControlFlow;

use futures_util::stream;

use crate::engine::{Answer, Answers, EngineError, EngineEvent, EventQuery, Feed};
use crate::memory::world::World;
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
    let engine = state.engine.clone();
    let event = engine.watch(|world| state.next_event(world)).await;
    Some((Ok(event), state))
}

impl Listening {
    fn next_event(&mut self, world: &World) -> ControlFlow<EngineEvent> {
        while let Some(event) = world.events.get(self.next) {
            self.next += 1;
            if name::matches(|key| event.attributes.get(key).map(String::as_str), &self.labels) {
                return ControlFlow::Break(event.clone());
            }
        }
        ControlFlow::Continue(())
    }
}
