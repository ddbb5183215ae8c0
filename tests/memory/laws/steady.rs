//! Laws of runs that nothing disturbs.

use proptest::prelude::*;
use rcompose::memory::Snapshot;
use rcompose::spec::labels;
use rcompose::state::Labels;

use super::case::{
    assert_alike, by_service, case, comparable, converged, converged_with, down, told, up, written,
};
use super::cases;
use crate::world::{self, Run, settled, with_paused_time};

proptest! {
    #![proptest_config(cases(150))]

    /// What was brought about is found to be so.
    #[test]
    fn converging_twice_does_nothing_the_second_time(case in case()) {
        with_paused_time(async {
            let (engine, desired) = (case.engine().await, case.desired());
            let (first, _) = converged(&engine, &desired).await;
            let world = settled(&engine).await;
            let (second, _) = converged(&engine, &desired).await;
            let left = written(&second, &case.now.jobs());
            assert!(left.is_empty(), "first:\n{}\nsecond:\n{}", told(&first), told(&second));
            assert!(case.now.jobs().is_empty() == second.is_noop() || !case.now.jobs().is_empty());
            assert_alike(&world, &settled(&engine).await, || "the second run changed the world".to_owned());
        });
    }

    /// How much is done at a time decides nothing.
    #[test]
    fn limits_change_nothing(case in case()) {
        with_paused_time(async {
            let (engine, desired) = (case.engine().await, case.desired());
            let mut worlds = Vec::new();
            for limit in [1, 16] {
                let engine = engine.fork();
                converged_with(&engine, &desired, &Run { limit, ..Run::default() }).await;
                worlds.push(comparable(settled(&engine).await));
            }
            assert_alike(&worlds[0], &worlds[1], || "one at a time, and sixteen".to_owned());
        });
    }

    /// Where one comes from is forgotten: hashes, states, networks and mounts are those of the file.
    #[test]
    fn the_way_leaves_no_trace(case in case()) {
        with_paused_time(async {
            let (engine, fresh, desired) = (case.engine().await, case.fresh_engine(), case.desired());
            let (plan, _) = converged(&engine, &desired).await;
            converged(&fresh, &desired).await;
            let (found, wanted) = (settled(&engine).await, settled(&fresh).await);
            // What the file no longer names stays, apart from containers.
            let (found, wanted) = (by_service(found), by_service(wanted));
            let found = Snapshot { containers: found.containers, ..wanted.clone() };
            assert_alike(&wanted, &found, || told(&plan));
        });
    }

    /// `down` leaves nothing but volumes, `down -v` nothing at all, and then there is nothing to do.
    #[test]
    fn down_leaves_nothing(case in case(), volumes in any::<bool>(), brought_up in any::<bool>()) {
        with_paused_time(async {
            let (engine, desired) = (case.engine().await, case.desired());
            if brought_up {
                converged(&engine, &desired).await;
            }
            let before = engine.snapshot();
            let (plan, report) = world::converge(&engine, &desired, down(volumes), &Run::default()).await.unwrap();
            assert!(report.is_success(), "{}\n{report:#?}", told(&plan));
            let after = engine.snapshot();
            assert!(after.containers.is_empty(), "{}\n{:#?}", told(&plan), after.containers);
            for key in desired.networks.keys() {
                let of_key = |(_, labels): &&(String, Labels)| labels.get(labels::NETWORK) == Some(key);
                let left: Vec<_> = after.networks.values().filter(of_key).collect();
                assert!(left.is_empty(), "{}\n{left:?}", told(&plan));
            }
            for volume in desired.volumes.values() {
                let there = before.volumes.contains_key(&volume.name) && !volumes;
                assert!(after.volumes.contains_key(&volume.name) == there, "{}\n{}", told(&plan), volume.name);
            }
            let again = world::plan(&engine, &desired, down(volumes), &Run::default()).await.unwrap();
            assert!(again.is_noop(), "{}", told(&again));
        });
    }

    /// A dry run and a run are one: what a plan says is what is called.
    #[test]
    fn a_run_calls_what_its_plan_says(case in case()) {
        with_paused_time(async {
            let (engine, desired) = (case.engine().await, case.desired());
            let plan = world::plan(&engine, &desired, up(), &Run::default()).await.unwrap();
            engine.forget_calls();
            let (carried_out, _) = converged(&engine, &desired).await;
            assert_eq!(told(&plan), told(&carried_out));
            let extra = |operation: &str| matches!(operation, "upload" | "exec");
            let called = engine.changes().into_iter().filter(|call| !extra(call.operation)).count();
            let writes = plan.steps.iter().filter(|step| step.op.writes()).count();
            assert_eq!(called, writes, "{}\n{:#?}", told(&plan), engine.changes());
        });
    }
}
