//! Health checks of an engine that runs them only when it is asked to (Podman without systemd's timers).

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::wait::{Pulse, Watched};
use crate::engine::Engine;

/// The engine's interval when the file names none.
const USUAL_INTERVAL: Duration = Duration::from_secs(30);

/// Has the containers' health checks run at their interval, for as long as it is polled; each result is news.
/// Does nothing on an engine that runs them by itself.
///
/// `fresh` says that the containers have just been started: their first check comes after one interval, as an
/// engine that runs the checks itself has it. Otherwise the first comes at once, because nobody knows when the
/// last was.
pub(super) async fn drive(
    engine: &dyn Engine,
    pulse: &Pulse,
    containers: &[Watched],
    fresh: bool,
) -> Infallible {
    // Without an answer the wait itself meets the same engine, and reports what is wrong with it.
    if engine.capabilities().await.is_ok_and(|found| found.checks_on_request) {
        join_all(containers.iter().map(|container| one(engine, pulse, container, fresh))).await;
    }
    std::future::pending().await
}

/// The checks of one container; ends when there is nothing to be done here.
async fn one(engine: &dyn Engine, pulse: &Pulse, container: &Watched, fresh: bool) {
    let Ok(detail) = engine.inspect_container(&container.id).await else { return };
    let Some(check) = detail.spec.healthcheck.as_ref().filter(|check| runs(&check.test)) else { return };
    let nanos = check.interval.and_then(|nanos| u64::try_from(nanos).ok()).filter(|nanos| *nanos > 0);
    let interval = nanos.map_or(USUAL_INTERVAL, Duration::from_nanos);
    let mut last = detail.health_log.last().map(|check| check.end.clone());
    let mut due = Instant::now() + if fresh { interval } else { Duration::ZERO };
    loop {
        tokio::time::sleep_until(due).await;
        let Ok(before) = engine.inspect_container(&container.id).await else { return };
        // Somebody else runs the checks: systemd's timers, or another wait. More of them would count failures
        // twice. (A container that was started again may begin with an empty log.)
        let newest = before.health_log.last().map(|check| check.end.clone());
        if newest.is_some() && newest != last {
            return;
        }
        // One that can't be run (between two runs of the container, say) is no result; the next one may be.
        if engine.check_health(&container.id).await.is_ok() {
            pulse.news(container.id.clone());
        }
        let Ok(after) = engine.inspect_container(&container.id).await else { return };
        last = after.health_log.last().map(|check| check.end.clone());
        due = Instant::now() + interval;
    }
}

/// Whether a health check is one: `["NONE"]` switches an image's off.
fn runs(test: &[String]) -> bool {
    test.first().is_some_and(|word| word != "NONE")
}
