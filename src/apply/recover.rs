//! After a run that did not end well: looks at what it touched, and carries out the plan that
//! [`plan::recover`](crate::plan::recover) makes of that.

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream;

use super::cancel::CancelStage;
use super::narrate::Goals;
use super::report::{Discarded, Leftover, LeftoverCause, Outcome, Report};
use super::run::carry_out;
use super::step::Run;
use crate::base::ContainerId;
use crate::engine::{ContainerDetail, Engine, EngineError};
use crate::plan::{self, Action, LeftBecause, LookAt, Looked, Reason, Seen, Sight, Started};

/// Looks at a time.
const LOOKS: usize = 16;

/// What [`plan::recover`](crate::plan::recover) is told of a container.
pub(super) fn started(detail: &ContainerDetail) -> Started {
    Started { at: detail.started_at.clone(), restarts: detail.restart_count }
}

pub(super) async fn recover(run: &Run<'_>, report: &mut Report) {
    if report.is_success() {
        return;
    }
    let traces = run.traces(&report.outcomes);
    let (looked, mut unanswered) = look(run.engine, plan::look_at(run.plan, &traces)).await;
    let recovery = plan::recover(run.plan, &traces, &looked);
    for left in recovery.left {
        let cause = match left.why {
            LeftBecause::NotSeen => match unanswered.remove(&left.id) {
                Some(error) => LeftoverCause::Failed(error.into()),
                None => LeftoverCause::NotSeen,
            },
            LeftBecause::StartedSince => LeftoverCause::StartedSince,
            LeftBecause::Gone => LeftoverCause::Gone,
            LeftBecause::NetworkGone(network) => LeftoverCause::NetworkGone { network },
        };
        report.leftovers.push(Leftover { name: left.name, cause });
    }
    let again = Run::new(run.engine, &recovery.plan, run.options, run.events, run.cancel, false);
    let outcomes = carry_out(&again, None, Goals::default(), CancelStage::Forced).await;
    for (step, outcome) in recovery.plan.steps.iter().zip(outcomes) {
        let facts = step.op.facts();
        let name = facts.name.to_owned();
        match outcome {
            Outcome::Done => match (&step.reason, facts.action) {
                (Reason::NotUsed, Action::Remove) => {
                    report.discarded.push(Discarded { name, started: false });
                }
                // By its temporary name nobody knows it.
                (Reason::GivenUp { started }, Action::Remove) => {
                    report.discarded.push(Discarded { name: format!("the new {name}"), started: *started });
                }
                (Reason::PutBack, Action::Start) => report.restored.push(name),
                _ => {}
            },
            Outcome::Failed(failure) => {
                report.leftovers.push(Leftover { name, cause: LeftoverCause::Failed(failure.error) });
            }
            // What failed before may have been about another container.
            Outcome::Skipped { .. }
                if facts.action == Action::Start && !report.leftovers.iter().any(|one| one.name == name) =>
            {
                report.leftovers.push(Leftover { name, cause: LeftoverCause::Stopped });
            }
            Outcome::Skipped { .. } | Outcome::NotRun => {}
        }
    }
}

/// Looks at containers and networks; containers that the engine gave no answer about come with the error.
async fn look(engine: &dyn Engine, at: LookAt) -> (Looked, HashMap<ContainerId, EngineError>) {
    let containers = stream::iter(at.containers).map(|id| async move {
        let answer = engine.inspect_container(&id).await;
        (id, answer)
    });
    let networks = stream::iter(at.networks).map(|id| async move {
        let answer = engine.inspect_network(&id).await;
        (id, answer)
    });
    let mut looked = Looked::default();
    let mut unanswered = HashMap::new();
    let mut containers = std::pin::pin!(containers.buffer_unordered(LOOKS));
    while let Some((id, answer)) = containers.next().await {
        let sight = match answer {
            Ok(detail) => {
                let started = started(&detail);
                Sight::There(Seen { name: detail.name, state: detail.state, started })
            }
            Err(error) if error.is_not_found() => Sight::Gone,
            Err(error) => {
                unanswered.insert(id.clone(), error);
                Sight::Unknown
            }
        };
        looked.containers.insert(id, sight);
    }
    let mut networks = std::pin::pin!(networks.buffer_unordered(LOOKS));
    while let Some((id, answer)) = networks.next().await {
        // What can't be asked about is not made again.
        if !answer.is_err_and(|error| error.is_not_found()) {
            looked.networks.insert(id);
        }
    }
    (looked, unanswered)
}
