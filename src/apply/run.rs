//! Steps as they begin and end, and what is told of it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, abortable};
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Options;
use super::cancel::{Cancel, CancelStage};
use super::narrate::{Blocked, Events, Goals, Groups};
use super::report::Report;
use super::schedule::Schedule;
use super::step::{Ended, Failed, Run};
use super::undo;
use super::wait::Pulse;
use crate::engine::{Answers, Engine, EngineError, EngineEvent, EventQuery};
use crate::event::{Event, RunOutcome, Status, Subject};
use crate::plan::{Op, Plan, Step};
use crate::spec::labels;

/// Carries a plan out. Returns when everything that could be done is done, or the run is cancelled.
pub async fn run(
    engine: &Arc<dyn Engine>,
    plan: &Plan,
    options: &Options<'_>,
    events: &Events,
    cancel: &Cancel,
) -> Report {
    let goals = Goals::new(plan);
    goals.begin(events);
    for name in &plan.unchanged {
        events.status(Subject::container(name), Status::Running);
    }
    let mut feed = subscribe(&**engine, plan, options).await;
    let run = Run {
        engine: &**engine,
        plan,
        options,
        events,
        cancel,
        pulse: Pulse::new(feed.is_some()),
        made: plan.steps.iter().map(|_| OnceLock::new()).collect(),
        replaced_networks: plan.steps.iter().map(|_| OnceLock::new()).collect(),
    };
    let mut schedule = Schedule::new(plan, options);
    let mut teller = Teller { events, groups: Groups::new(plan), goals, blocked: Blocked::new(plan) };
    let mut flying = FuturesUnordered::new();
    let mut under_way = HashMap::new();
    let mut stopping = false;
    loop {
        if schedule.all_started() && run.pulse.started.borrow().is_none() {
            run.pulse.started.send_replace(Some(Instant::now()));
        }
        if cancel.stage() == CancelStage::Running {
            while let Some(id) = schedule.next() {
                let step = &plan.steps[id.0];
                teller.begins(step);
                let (work, handle) = abortable(run.step(step));
                under_way.insert(id, handle);
                flying.push(async move { (step, work.await.unwrap_or(Ok(Ended::Interrupted))) });
            }
        }
        if flying.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = cancel.reached(CancelStage::Forced) => break,
            () = cancel.reached(CancelStage::Graceful), if !stopping => stopping = true,
            Some((step, ended)) = flying.next() => {
                under_way.remove(&step.id);
                teller.ended(step, &ended);
                schedule.settle(step, ended);
                for id in schedule.given_up() {
                    under_way.remove(&id).inspect(AbortHandle::abort);
                }
            }
            () = until(schedule.next_release()) => schedule.release(Instant::now()),
            event = next_event(&mut feed) => match event {
                Some(event) => run.pulse.news(event.container),
                None => {
                    feed = None;
                    run.pulse.lost();
                }
            },
        }
    }
    drop(flying);
    let mut report = Report { outcomes: schedule.finish(), ..Report::default() };
    if cancel.stage() < CancelStage::Forced {
        tokio::select! {
            biased;
            () = cancel.reached(CancelStage::Forced) => {}
            () = undo::undo(&run, plan, &mut report) => {}
        }
    }
    report.cancelled = cancel.stage();
    let outcome = match () {
        () if report.failures().next().is_some() => RunOutcome::Failed,
        () if report.is_success() => RunOutcome::Done,
        () => RunOutcome::Cancelled,
    };
    events.send(Event::Finished { outcome });
    report
}

/// Listens to the project's containers, when something will be waited for.
async fn subscribe(engine: &dyn Engine, plan: &Plan, options: &Options<'_>) -> Option<Answers<EngineEvent>> {
    if !plan.steps.iter().any(|step| matches!(step.op, Op::WaitFor { .. })) {
        return None;
    }
    let query = EventQuery { labels: vec![format!("{}={}", labels::PROJECT, options.project)] };
    engine.events(query).await.ok()
}

/// The next event; `None` when the feed broke off. Without a feed, never.
async fn next_event(feed: &mut Option<Answers<EngineEvent>>) -> Option<EngineEvent> {
    match feed {
        Some(feed) => feed.next().await.and_then(|event: Result<_, EngineError>| event.ok()),
        None => std::future::pending().await,
    }
}

/// Waits for a moment; without one, for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Tells what happens to steps.
struct Teller<'a> {
    events: &'a Events,
    groups: Groups,
    goals: Goals,
    blocked: Blocked,
}

impl Teller<'_> {
    fn begins(&mut self, step: &Step) {
        self.blocked.change(step, true, self.events);
        match &step.group {
            Some(group) => {
                if self.groups.begin(group) {
                    self.events.status(Subject::container(&group.container), Status::Recreate);
                }
            }
            None => {
                if let Some((begins, _)) = step.op.facts().status {
                    self.events.status(step.op.subject(), begins);
                }
            }
        }
    }

    fn ended(&mut self, step: &Step, ended: &Result<Ended, Failed>) {
        self.blocked.change(step, false, self.events);
        if matches!(ended, Ok(Ended::Done | Ended::InUse | Ended::DoneWithout)) {
            self.goals.end(step, self.events);
        }
        match ended {
            Ok(Ended::Done) => match &step.group {
                Some(group) => {
                    if self.groups.end(group) {
                        self.events.status(Subject::container(&group.container), Status::Recreated);
                    }
                }
                None => {
                    if let Some((_, done)) = step.op.facts().status {
                        self.events.status(step.op.subject(), done);
                    }
                }
            },
            Ok(Ended::InUse) => {
                self.events.detailed(step.op.subject(), Status::Warning, "Resource is still in use");
            }
            Ok(Ended::DoneWithout) => {}
            Ok(Ended::Interrupted) => {
                if step.op.writes() {
                    self.events.status(step.op.subject(), Status::Interrupted);
                }
            }
            Err(failed) => {
                // A failed wait has blamed its containers already.
                if step.op.writes() {
                    self.events.detailed(step.op.subject(), Status::Error, failed.error.to_string());
                }
            }
        }
    }
}
