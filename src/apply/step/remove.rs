//! Removing things, and giving names that get free: others may use them, or be at it themselves.

use std::time::Duration;

use super::super::report::ApplyError;
use super::{Ended, Run};
use crate::base::{ContainerId, NetworkId};
use crate::engine::{ContainerDetail, Engine, EngineError};
use crate::spec::labels;
use crate::state::ContainerState;

/// How often it is asked whether what another call to the engine is doing with a container has ended, and the
/// time between.
pub(super) const SETTLING_CHECKS: usize = 100;
pub(super) const SETTLING_CHECK: Duration = Duration::from_millis(100);

/// Containers on a network that are named.
const HOLDERS: usize = 3;

impl Run<'_> {
    /// Tells which containers keep a network from going.
    pub(super) async fn tell_holders(&self, network: &NetworkId) {
        let Ok(network) = self.engine.inspect_network(network).await else { return };
        let mut holders = Vec::new();
        for id in network.attached.iter().take(HOLDERS) {
            if let Ok(container) = self.engine.inspect_container(id).await {
                holders.push(match container.labels.get(labels::SERVICE) {
                    Some(service) => format!("{} (service {service})", container.name),
                    None => container.name,
                });
            }
        }
        if network.attached.len() > HOLDERS {
            holders.push(format!("{} more", network.attached.len() - HOLDERS));
        }
        if !holders.is_empty() {
            self.events.warning(format!("network {} stays: on it is {}", network.name, holders.join(", ")));
        }
    }

    /// Renames a container. A run that was killed leaves calls behind: the name may be given already, or
    /// its old bearer just be going. Docker 20.10 has no network sandbox for a container between two of its
    /// restarts and then answers 404: that passes.
    pub(super) async fn rename(&self, id: &ContainerId, name: &str) -> Result<(), EngineError> {
        let mut left = SETTLING_CHECKS;
        loop {
            let Err(error) = self.engine.rename_container(id, name).await else { return Ok(()) };
            match self.engine.inspect_container(&ContainerId::from(name)).await {
                Ok(bearer) if bearer.id == *id && bearer.name == name => return Ok(()),
                Ok(bearer) if left > 0 && bearer.state == ContainerState::Removing => {}
                Err(gone) if left > 0 && gone.is_not_found() && error.is_conflict() => {}
                _ if left > 0 && error.is_not_found() && self.engine.inspect_container(id).await.is_ok() => {}
                _ => return Err(error),
            }
            left -= 1;
            tokio::time::sleep(SETTLING_CHECK).await;
        }
    }
}

/// Removes a container; one that is gone is no failure, and one that is going is waited for: what comes
/// next may need its name, its port or its network.
pub(super) async fn remove_container(
    engine: &dyn Engine,
    id: &ContainerId,
    volumes: bool,
    force: bool,
) -> Result<(), EngineError> {
    let answer = match force {
        true => engine.remove_container(id, volumes).await,
        false => engine.remove_stopped(id, volumes).await,
    };
    let error = match answer {
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) if is_going_already(&error) || error.is_lost() => error,
        answer => return answer,
    };
    for _ in 0..SETTLING_CHECKS {
        match engine.inspect_container(id).await {
            Err(gone) if gone.is_not_found() => return Ok(()),
            Ok(there) if error.is_lost() && there.state != ContainerState::Removing => break,
            Err(_) if error.is_lost() => break,
            _ => tokio::time::sleep(SETTLING_CHECK).await,
        }
    }
    Err(error)
}

/// Removes a network; when no answer comes, it is looked whether it is gone.
pub(super) async fn remove_network(engine: &dyn Engine, id: &NetworkId) -> Result<(), EngineError> {
    match engine.remove_network(id).await {
        Err(error) if error.is_lost() => match engine.inspect_network(id).await {
            Err(gone) if gone.is_not_found() => Ok(()),
            _ => Err(error),
        },
        answer => answer,
    }
}

/// Stops a container; one that is gone needs no stop, and when no answer comes, it is looked whether it
/// still runs.
pub(super) async fn stop_container(
    engine: &dyn Engine,
    id: &ContainerId,
    timeout: Option<Duration>,
) -> Result<(), EngineError> {
    match engine.stop_container(id, timeout).await {
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) if error.is_lost() => match engine.inspect_container(id).await {
            Ok(detail) if !is_running(&detail) => Ok(()),
            Err(gone) if gone.is_not_found() => Ok(()),
            _ => Err(error),
        },
        answer => answer,
    }
}

/// Whether a container runs.
pub(super) async fn runs(engine: &dyn Engine, id: &ContainerId) -> bool {
    engine.inspect_container(id).await.is_ok_and(|detail| is_running(&detail))
}

fn is_running(detail: &ContainerDetail) -> bool {
    detail.restarting
        || matches!(
            detail.state,
            ContainerState::Running | ContainerState::Paused | ContainerState::Restarting
        )
}

/// How a removal ended.
pub(super) fn removed(answer: Result<(), EngineError>, best_effort: bool) -> Result<Ended, ApplyError> {
    match answer {
        Ok(()) => Ok(Ended::Done),
        Err(error) if error.is_not_found() => Ok(Ended::Done),
        Err(error) if best_effort && is_in_use(&error) => Ok(Ended::InUse),
        Err(error) => Err(error.into()),
    }
}

// Engines answer 403 to some requests that clash with the state of things, so words must help.

fn is_in_use(error: &EngineError) -> bool {
    error.is_conflict() || error.to_string().contains("has active endpoints")
}

pub(super) fn is_off_already(error: &EngineError) -> bool {
    error.to_string().contains("is not connected to")
}

fn is_going_already(error: &EngineError) -> bool {
    error.is_conflict() && error.to_string().contains("already in progress")
}
