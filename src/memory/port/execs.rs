//! Commands inside containers.

use crate::base::ContainerId;
use crate::engine::{Answer, EngineError, ExecOutput, ExecRequest, Execs};
use crate::memory::MemoryEngine;

impl Execs for MemoryEngine {
    fn exec(&self, container: &ContainerId, _: &ExecRequest) -> Answer<'_, ExecOutput> {
        let id = container.clone();
        let subject = self.called(&id);
        Box::pin(async move {
            self.call("exec", &subject, true, |world, _| {
                let container = world.find(&id)?;
                if !container.running() {
                    return Err(EngineError::Conflict {
                        subject: format!("container {}", container.name),
                        message: format!("Container {} is not running", container.id),
                    });
                }
                Ok(world.behaviour(container).exec)
            })
            .await
        })
    }
}
