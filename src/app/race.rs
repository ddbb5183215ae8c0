//! Runs that failed over what another client did meanwhile.
//!
//! The [lock](super::lock) keeps the user's own commands apart. Other machines, other users and other programs
//! know nothing of it: what the plan counted on may be gone when its turn comes, and a name may be taken.

use crate::apply::{ApplyError, Failure, Report};
use crate::base::{ContainerId, ProjectName};
use crate::engine::{Engine, EngineError};
use crate::plan::{Op, Plan};
use crate::spec::{ContainerSpec, labels};

/// Whether every failure of a run comes from a change that another client made to the project while it ran, so
/// that a new plan may succeed. The engine is asked where its answer does not say.
pub(super) async fn was_lost(
    engine: &dyn Engine,
    project: &ProjectName,
    plan: &Plan,
    report: &Report,
) -> bool {
    let mut failures = report.failures().peekable();
    if failures.peek().is_none() {
        return false;
    }
    for failure in failures {
        if !comes_from_outside(engine, project, plan, failure).await {
            return false;
        }
    }
    true
}

async fn comes_from_outside(
    engine: &dyn Engine,
    project: &ProjectName,
    plan: &Plan,
    failure: &Failure,
) -> bool {
    let error = match &failure.error {
        ApplyError::Call(error) => error,
        ApplyError::Dependency(cause) => return matches!(**cause, ApplyError::Vanished { .. }),
        error => return matches!(error, ApplyError::Vanished { .. }),
    };
    match &plan.steps[failure.step.0].op {
        Op::CreateContainer { name, .. } | Op::RenameContainer { name, .. } if error.is_conflict() => {
            is_of_project(engine, project, name).await
        }
        Op::CreateContainer { spec, .. } if error.is_not_found() => lacks_something(engine, spec).await,
        // The plan has seen these containers and networks, or made them.
        Op::StartContainer { .. }
        | Op::RestartContainer { .. }
        | Op::RenameContainer { .. }
        | Op::ConnectNetwork { .. } => error.is_not_found(),
        // Also what an engine says of a driver that it does not have.
        Op::CreateNetwork(spec) if error.is_not_found() => engine.inspect_network(&spec.name).await.is_ok(),
        _ => false,
    }
}

/// Whether the container that has a name belongs to the project, or is gone again.
async fn is_of_project(engine: &dyn Engine, project: &ProjectName, name: &str) -> bool {
    match engine.inspect_container(&ContainerId::from(name)).await {
        Ok(holder) => holder.labels.get(labels::PROJECT).is_some_and(|of| of == project.as_str()),
        Err(error) => error.is_not_found(),
    }
}

/// Whether a network or the image that a container needs is gone: both were there when its turn came.
async fn lacks_something(engine: &dyn Engine, spec: &ContainerSpec) -> bool {
    let gone = |error: EngineError| error.is_not_found();
    for endpoint in &spec.network.endpoints {
        if engine.inspect_network(&endpoint.network).await.is_err_and(gone) {
            return true;
        }
    }
    engine.inspect_image(&spec.image, spec.platform.as_deref()).await.is_err_and(gone)
}
