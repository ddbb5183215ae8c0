//! Commands inside containers.

use tokio::sync::mpsc;

use crate::base::ContainerId;
use crate::engine::{Answer, EngineError, ExecOutput, ExecRequest, Execs, LogChunk};
use crate::event::Stream;
use crate::memory::MemoryEngine;

impl Execs for MemoryEngine {
    fn exec(
        &self,
        container: &ContainerId,
        _: &ExecRequest,
        heard: mpsc::Sender<LogChunk>,
    ) -> Answer<'_, ExecOutput> {
        let id = container.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            let done = self
                .call("exec", &subject, true, |world, _| {
                    let container = world.find(&id)?;
                    if !container.running() {
                        return Err(EngineError::Conflict {
                            subject: format!("container {}", container.name),
                            message: format!("Container {} is not running", container.id),
                        });
                    }
                    Ok(world.behaviour(container).exec)
                })
                .await?;
            if !done.output.is_empty() {
                let bytes = done.output.clone().into();
                // Whoever listened may be gone.
                let _ = heard.send(LogChunk { stream: Stream::Stdout, bytes }).await;
            }
            Ok(done)
        })
    }
}
