//! Laws of runs that something ends early.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use rcompose::apply::{CancelStage, Leftover, Report, cancellation};
use rcompose::engine::EngineError;
use rcompose::memory::{Fault, MemoryEngine, Snapshot, SnapshotContainer};
use rcompose::plan::{Op, Plan, Step};
use rcompose::spec::{Desired, labels};
use rcompose::state::ContainerState;

use super::case::{assert_alike, by_service, case, converged, is_temporary, told, up};
use super::cases;
use crate::world::{self, Run, settled, with_paused_time};

/// What ends a run early.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// One call is refused.
    Refused,
    /// The user asks for an end.
    Cancelled,
    /// The user asks twice.
    Forced,
    /// The run is killed: calls never return, and nothing is cleaned up.
    Killed,
    /// The engine goes away.
    Gone,
}

/// `up` with trouble at the nth change.
async fn troubled(
    engine: &MemoryEngine,
    desired: &Desired,
    trouble: Trouble,
    nth: usize,
) -> Option<(Plan, Report)> {
    let mut run = Run::default();
    match trouble {
        Trouble::Refused => {
            let error = EngineError::Refused {
                subject: "a call".to_owned(),
                status: 500,
                message: "trouble".to_owned(),
            };
            engine.fault(Fault::Fail(nth, error));
        }
        Trouble::Cancelled | Trouble::Forced => {
            let (canceller, cancel) = cancellation();
            run.cancel = cancel;
            let stage = if trouble == Trouble::Forced { CancelStage::Forced } else { CancelStage::Graceful };
            engine.after_change(nth, move || canceller.cancel(stage));
        }
        Trouble::Killed => engine.fault(Fault::BlockAfter(nth)),
        Trouble::Gone => engine.fault(Fault::GoneAfter(nth)),
    }
    let work = world::converge(engine, desired, up(), &run);
    let ended = tokio::time::timeout(Duration::from_secs(24 * 3600), work).await;
    engine.heal();
    ended.ok().map(Result::unwrap)
}

proptest! {
    #![proptest_config(cases(40))]

    /// Wherever a run ends early, the next one gets to where it would have got; and what a run could
    /// clean up itself is clean.
    #[test]
    fn an_interrupted_run_is_made_good_by_the_next(case in case()) {
        with_paused_time(async {
            let (engine, desired) = (case.engine().await, case.desired());
            let before = engine.snapshot();
            let goal = engine.fork();
            let (whole, _) = converged(&goal, &desired).await;
            let changes = goal.changes().len();
            let goal = by_service(settled(&goal).await);
            for nth in 1..=changes {
                for trouble in
                    [Trouble::Refused, Trouble::Cancelled, Trouble::Forced, Trouble::Killed, Trouble::Gone]
                {
                    let engine = engine.fork();
                    let ended = troubled(&engine, &desired, trouble, nth).await;
                    let between = engine.snapshot();
                    let context = || format!("{trouble:?} at change {nth} of:\n{}", told(&whole));
                    // A run that has made its last change may still wait for something.
                    let waits = whole.steps.iter().any(|step| matches!(step.op, Op::WaitFor { .. }));
                    if !(trouble == Trouble::Killed && nth == changes && waits) {
                        let killed = trouble == Trouble::Killed && nth < changes;
                        assert_eq!(ended.is_none(), killed, "{}", context());
                    }
                    if let Some((plan, report)) = &ended {
                        assert_ended(trouble, &before, plan, report, &context);
                        if matches!(trouble, Trouble::Refused | Trouble::Cancelled) {
                            assert_nothing_half_made(&before, &between, plan, report, &context);
                        }
                    }
                    let (plan, report) = world::converge(&engine, &desired, up(), &Run::default()).await.unwrap();
                    let context = || format!("{}\nthen:\n{}", context(), told(&plan));
                    assert!(report.is_success(), "{}\n{:#?}", context(), report.failures().collect::<Vec<_>>());
                    let world = settled(&engine).await;
                    let names = || world.containers.keys().filter(|name| is_temporary(name)).collect::<Vec<_>>();
                    assert!(names().is_empty(), "{}\n{:?}", context(), names());
                    assert_alike(&goal, &by_service(world), context);
                }
            }
        });
    }
}

/// Whether the container whose network this one shares was gone before the run, or goes in it without
/// another in its place: then nobody can start it again once it is stopped.
fn outlives_its_lender(before: &Snapshot, plan: &Plan, name: &str) -> bool {
    let lender = before.containers.get(name).and_then(|container| container.shares.as_ref());
    lender.is_some_and(|lender| {
        !before.containers.contains_key(lender) || removed_for_good(plan).contains(lender.as_str())
    })
}

fn assert_ended(
    trouble: Trouble,
    before: &Snapshot,
    plan: &Plan,
    report: &Report,
    context: &dyn Fn() -> String,
) {
    let failed = report.failures().next().is_some();
    match trouble {
        Trouble::Refused => {
            assert!(failed && report.exit_code() == 1, "{}\n{report:#?}", context());
            let could_be = |left: &Leftover| !outlives_its_lender(before, plan, &left.name);
            assert!(!report.leftovers.iter().any(could_be), "{}\n{:#?}", context(), report.leftovers);
        }
        Trouble::Cancelled => assert!(!failed, "{}\n{report:#?}", context()),
        _ => {}
    }
}

/// Nothing that was made stands there unused, and what was to be replaced runs as before.
fn assert_nothing_half_made(
    before: &Snapshot,
    after: &Snapshot,
    plan: &Plan,
    report: &Report,
    context: &dyn Fn() -> String,
) {
    for (name, container) in &after.containers {
        let of_before = before.containers.contains_key(name);
        assert!(
            of_before || container.state != ContainerState::Created,
            "{}\n{name} was never started",
            context()
        );
        assert!(!is_temporary(name), "{}\n{name} is half a replacement", context());
    }
    for name in before.networks.keys().filter(|name| !after.networks.contains_key(*name)) {
        let removal = |step: &&Step| matches!(&step.op, Op::RemoveNetwork { name: gone, .. } if gone == name);
        let removal = plan.steps.iter().find(removal).unwrap();
        let successor = plan.in_place_of(removal).map(|step| match &step.op {
            Op::CreateNetwork(spec) => spec.name.as_str(),
            _ => unreachable!(),
        });
        assert!(
            successor.is_none_or(|successor| after.networks.contains_key(successor)),
            "{}\n{name} is gone, and nothing in its place\n{:#?}",
            context(),
            report.outcomes
        );
    }
    let meant_to_go = removed_for_good(plan);
    for (name, container) in &before.containers {
        if container.state != ContainerState::Running || meant_to_go.contains(name.as_str()) {
            continue;
        }
        if outlives_its_lender(before, plan, name) {
            continue;
        }
        // Perhaps by another name.
        let same = |other: &&SnapshotContainer| {
            [labels::SERVICE, labels::CONTAINER_NUMBER]
                .iter()
                .all(|label| other.labels.get(*label) == container.labels.get(*label))
        };
        let now = after.containers.values().find(same);
        let state = now.map(|c| c.state);
        let ended_by_itself = now.is_some_and(|c| c.state == ContainerState::Exited && c.image == "job");
        assert!(
            state == Some(ContainerState::Running) || ended_by_itself,
            "{}\n{name} ran before, and is {state:?} now\n{:#?}",
            context(),
            report.outcomes
        );
    }
}

/// Containers the plan removes without another in their place.
fn removed_for_good(plan: &Plan) -> BTreeSet<&str> {
    let removals = plan.steps.iter().filter(|step| step.group.is_none());
    removals
        .filter_map(|step| match &step.op {
            Op::RemoveContainer { container, .. } => Some(container.name.as_str()),
            _ => None,
        })
        .collect()
}
