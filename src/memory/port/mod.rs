//! The engine's traits over the model, a file for each.

mod containers;
mod execs;
mod feed;
mod images;
mod networks;
mod output;
mod volumes;

use std::ops::ControlFlow;

use super::MemoryEngine;
use super::world::World;
use crate::engine::{Answer, System};
use crate::state::Capabilities;

impl System for MemoryEngine {
    fn capabilities(&self) -> Answer<'_, Capabilities> {
        Box::pin(self.call("capabilities", "", false, |world, _| {
            Ok(Capabilities { api: world.api, checks_on_request: world.checks_on_request })
        }))
    }

    fn cores(&self) -> Answer<'_, usize> {
        Box::pin(self.call("cores", "", false, |_, _| Ok(2)))
    }

    fn endpoint(&self) -> &str {
        "memory"
    }

    fn identity(&self) -> String {
        "memory".to_owned()
    }
}

impl MemoryEngine {
    /// The container's name, for the record.
    fn called(&self, key: &str) -> String {
        self.world().find(key).map_or_else(|_| key.to_owned(), |container| container.name.clone())
    }

    /// Looks at the world as it is by now, and again whenever something has changed or was due, until
    /// there is an answer.
    async fn watch<T>(&self, mut look: impl FnMut(&World) -> ControlFlow<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            let next = {
                let world = self.advanced();
                if let ControlFlow::Break(answer) = look(&world) {
                    return answer;
                }
                world.next_time()
            };
            match next {
                Some(next) => {
                    let _ = tokio::time::timeout_at(next, changed).await;
                }
                None => changed.await,
            }
        }
    }
}
