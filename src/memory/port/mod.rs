//! The engine's traits over the model, a file for each.

mod containers;
mod execs;
mod feed;
mod images;
mod networks;
mod output;
mod volumes;

use tokio::time::Instant;

use super::MemoryEngine;
use crate::engine::{Answer, System};
use crate::state::Capabilities;

impl System for MemoryEngine {
    fn capabilities(&self) -> Answer<'_, Capabilities> {
        Box::pin(self.call("capabilities", "", false, |world, _| {
            Ok(Capabilities {
                api: world.api,
                engine_version: "memory".to_owned(),
                os: "linux".to_owned(),
                arch: "amd64".to_owned(),
            })
        }))
    }

    fn endpoint(&self) -> &str {
        "memory"
    }
}

impl MemoryEngine {
    /// The container's name, for the record.
    fn called(&self, key: &str) -> String {
        self.world().find(key).map_or_else(|_| key.to_owned(), |container| container.name.clone())
    }
}

/// Until something changes or is due.
async fn wait(changed: std::pin::Pin<&mut tokio::sync::futures::Notified<'_>>, next: Option<Instant>) {
    match next {
        Some(next) => {
            let _ = tokio::time::timeout_at(next, changed).await;
        }
        None => changed.await,
    }
}
