//! Health checks of an engine that runs them only when it is asked to.

use std::time::Duration;

use rcompose::apply::{Outcome, Report};
use rcompose::memory::{Behaviour, MemoryEngine};
use rcompose::plan::{Intent, Up};
use tokio::time::Instant;

use super::world::{self, Run, desired, with_paused_time};

const GATE: &str = "\
name: shop
services:
  web: {image: busybox, depends_on: {db: {condition: service_healthy}}}
  db:
    image: busybox
    healthcheck: {test: [CMD, ready], interval: 10s}
";

fn engine(db: Behaviour) -> MemoryEngine {
    let engine = MemoryEngine::with_checks_on_request();
    engine.behave("shop-db", db);
    engine
}

fn went_well(report: &Report) -> bool {
    report.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done))
}

fn checks(engine: &MemoryEngine) -> usize {
    engine.calls().iter().filter(|call| call.operation == "check_health").count()
}

#[test]
fn a_gate_asks_for_checks_at_their_interval() {
    with_paused_time(async {
        let healthy_after = Some(Duration::from_secs(25));
        let engine = engine(Behaviour { healthy_after, ..Behaviour::default() });
        let (desired, _) = desired(GATE);
        let begun = Instant::now();
        let (_, report) =
            world::converge(&engine, &desired, Intent::Up(Up::all()), &Run::default()).await.unwrap();
        assert!(went_well(&report));
        // At 10, 20 and 30 seconds; the third passes.
        assert_eq!((checks(&engine), begun.elapsed().as_secs()), (3, 30));
        // A container that runs is asked about at once.
        engine.forget_calls();
        let begun = Instant::now();
        let again = Intent::Up(Up { wait: true, ..Up::all() });
        world::converge(&engine, &desired, again, &Run::default()).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1));
    });
}

#[test]
fn failing_checks_end_a_gate() {
    with_paused_time(async {
        let sick = Behaviour {
            healthy_after: None,
            unhealthy_after: Some(Duration::from_secs(15)),
            ..Behaviour::default()
        };
        let engine = engine(sick);
        let (desired, _) = desired(GATE);
        let (_, report) =
            world::converge(&engine, &desired, Intent::Up(Up::all()), &Run::default()).await.unwrap();
        assert!(!went_well(&report));
        assert_eq!(checks(&engine), 2);
    });
}

#[test]
fn other_engines_are_not_asked_for_checks() {
    with_paused_time(async {
        let engine = MemoryEngine::new();
        let (desired, _) = desired(GATE);
        world::converge(&engine, &desired, Intent::Up(Up::all()), &Run::default()).await.unwrap();
        assert_eq!(checks(&engine), 0);
    });
}
