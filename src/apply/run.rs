//! Steps as they begin and end, and what is told of it.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, abortable};
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Options;
use super::cancel::{Cancel, CancelStage};
use super::narrate::{Blocked, Events, Goals, Groups};
use super::recover;
use super::report::{Outcome, Report};
use super::schedule::Schedule;
use super::step::{Ended, Failed, Run};
use crate::engine::{Answers, Engine, EngineError, EngineEvent, EventQuery};
use crate::event::{Event, RunOutcome, Status, Subject};
use crate::plan::{Op, Plan, Reason, Step};
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
    let feed = subscribe(&**engine, plan, options).await;
    let run = Run::new(&**engine, plan, options, events, cancel, feed.is_some());
    let outcomes = carry_out(&run, feed, goals, CancelStage::Graceful).await;
    let mut report = Report { outcomes, ..Report::default() };
    if cancel.stage() < CancelStage::Forced {
        tokio::select! {
            biased;
            () = cancel.reached(CancelStage::Forced) => {}
            () = recover::recover(&run, &mut report) => {}
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

/// Does the steps of a plan, and tells how each ended. No step begins once the run is cancelled so far.
pub(super) async fn carry_out(
    run: &Run<'_>,
    mut feed: Option<Answers<EngineEvent>>,
    goals: Goals,
    until_stage: CancelStage,
) -> Vec<Outcome> {
    let Run { plan, options, events, cancel, .. } = *run;
    let mut idlers = run.idle.subscribe();
    let mut schedule = Schedule::new(plan, options);
    let mut teller = Teller { events, groups: Groups::new(plan), goals, blocked: Blocked::new(plan) };
    let mut flying = FuturesUnordered::new();
    let mut under_way = HashMap::new();
    let mut stopping = false;
    loop {
        if schedule.all_started() && run.pulse.started.borrow().is_none() {
            run.pulse.started.send_replace(Some(Instant::now()));
        }
        if cancel.stage() < until_stage {
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
            Ok(id) = idlers.recv() => schedule.idle(id),
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
    schedule.finish()
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

/// What is said beside the status of a step; `None` when nobody knows the thing it is about.
fn details(step: &Step) -> Option<&'static str> {
    match step.reason {
        Reason::GivenUp { .. } => None,
        Reason::PutBack => Some("put back"),
        _ => Some(""),
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
                if let (Some((begins, _)), Some(details)) = (step.op.facts().status, details(step)) {
                    self.events.detailed(step.op.subject(), begins, details);
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
                    if let (Some((_, done)), Some(details)) = (step.op.facts().status, details(step)) {
                        self.events.detailed(step.op.subject(), done, details);
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
                    let words = match step.reason {
                        Reason::PutBack => format!("cannot be put back: {}", failed.error),
                        _ => failed.error.to_string(),
                    };
                    self.events.detailed(step.op.subject(), Status::Error, words);
                }
            }
        }
    }
}
