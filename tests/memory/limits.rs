//! What counts against the limits of calls: work of the engine, and not time that containers take.

use std::time::Duration;

use rcompose::memory::{Behaviour, MemoryEngine};
use rcompose::plan::{Intent, Restart, Up};
use tokio::time::Instant;

use super::world::{self, Run, desired, with_paused_time};

#[test]
fn a_restart_holds_no_place_while_its_container_ends() {
    with_paused_time(async {
        let engine = MemoryEngine::new();
        let deaf = Behaviour { stop_takes: Duration::from_secs(3600), ..Behaviour::default() };
        engine.behave("shop", deaf);
        let services: String = (0..24).map(|at| format!("  s{at}: {{image: busybox}}\n")).collect();
        let (desired, _) = desired(&format!("name: shop\nservices:\n{services}"));
        let run = Run { limit: 4, ..Run::default() };
        world::converge(&engine, &desired, Intent::Up(Up::all()), &run).await.unwrap();
        engine.forget_calls();
        let begun = Instant::now();
        let restart = Restart { targets: Vec::new(), no_deps: false, timeout: Some(Duration::from_secs(5)) };
        world::converge(&engine, &desired, Intent::Restart(restart), &run).await.unwrap();
        // Four at a time, a quarter of a second apart, and then one grace period.
        let took = begun.elapsed();
        let least = Duration::from_millis(5 * 250 + 5000);
        assert!(took >= least && took < least + Duration::from_millis(100), "{took:?}");
        let starts = engine.calls().iter().filter(|call| call.operation == "start_container").count();
        assert_eq!(starts, 24);
    });
}
