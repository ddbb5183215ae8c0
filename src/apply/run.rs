//! The order of steps: which may begin, how many at a time, and what a failure holds up.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::Options;
use super::cancel::{Cancel, CancelStage};
use super::narrate::{Blocked, Events, Goals, Groups, words};
use super::report::{Failure, Link, Outcome, Report};
use super::step::{Ended, Failed, Run};
use super::undo;
use super::wait::Pulse;
use crate::base::ServiceName;
use crate::diag::Span;
use crate::engine::{Answers, Engine, EngineError, EngineEvent, EventQuery};
use crate::event::{Event, RunOutcome, Status, Subject};
use crate::plan::{Op, Plan, Step, StepId};
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
    let mut stopping = false;
    loop {
        if schedule.all_started() && run.pulse.started.borrow().is_none() {
            run.pulse.started.send_replace(Some(Instant::now()));
        }
        if cancel.stage() == CancelStage::Running {
            while let Some(id) = schedule.next() {
                let step = &plan.steps[id.0];
                teller.begins(step);
                let run = &run;
                flying.push(async move { (step, run.step(step).await) });
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
                teller.ended(step, &ended);
                schedule.settle(step, ended);
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
                if let Some((begins, _)) = words(&step.op) {
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
                    if let Some((_, done)) = words(&step.op) {
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

/// Steps that share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Start,
    Stop,
    Write,
    Pull,
    Wait,
}

impl Lane {
    const COUNT: usize = 5;

    fn of(op: &Op) -> Lane {
        match op {
            Op::StartContainer { .. } | Op::RestartContainer { .. } => Lane::Start,
            Op::StopContainer { .. } => Lane::Stop,
            Op::PullImage { .. } => Lane::Pull,
            Op::WaitFor { .. } => Lane::Wait,
            _ => Lane::Write,
        }
    }
}

/// A stop that has taken so long waits for its container and costs the engine nothing: the next may begin.
const STOP_AT_WORK: Duration = Duration::from_millis(250);

/// Which steps may begin.
struct Schedule<'a> {
    plan: &'a Plan,
    dependents: Vec<Vec<StepId>>,
    /// Steps still to end before one may begin.
    missing: Vec<usize>,
    ready: [BTreeSet<StepId>; Lane::COUNT],
    free: [usize; Lane::COUNT],
    /// Stops that count against their limit, and since when.
    stops: VecDeque<(StepId, Instant)>,
    outcomes: Vec<Option<Outcome>>,
    /// Starts that have not ended.
    starts: usize,
}

impl<'a> Schedule<'a> {
    fn new(plan: &'a Plan, options: &Options<'_>) -> Schedule<'a> {
        let mut free = [usize::MAX; Lane::COUNT];
        free[Lane::Start as usize] = options.start_limit.max(1);
        free[Lane::Stop as usize] = options.stop_limit.max(1);
        free[Lane::Write as usize] = options.write_limit.max(1);
        free[Lane::Pull as usize] = options.pull_limit.max(1);
        let mut schedule = Schedule {
            plan,
            dependents: vec![Vec::new(); plan.steps.len()],
            missing: plan.steps.iter().map(|step| step.after.len()).collect(),
            ready: Default::default(),
            free,
            stops: VecDeque::new(),
            outcomes: plan.steps.iter().map(|_| None).collect(),
            starts: plan.steps.iter().filter(|step| Lane::of(&step.op) == Lane::Start).count(),
        };
        for step in &plan.steps {
            for before in &step.after {
                schedule.dependents[before.0].push(step.id);
            }
            if step.after.is_empty() {
                schedule.ready[Lane::of(&step.op) as usize].insert(step.id);
            }
        }
        schedule
    }

    /// Whether no start is left to come.
    fn all_started(&self) -> bool {
        self.starts == 0
    }

    /// Takes a step that may begin now.
    fn next(&mut self) -> Option<StepId> {
        for (ready, free) in self.ready.iter_mut().zip(&mut self.free) {
            if *free > 0
                && let Some(id) = ready.pop_first()
            {
                *free -= 1;
                if Lane::of(&self.plan.steps[id.0].op) == Lane::Stop {
                    self.stops.push_back((id, Instant::now()));
                }
                return Some(id);
            }
        }
        None
    }

    /// When a stop that still runs lets another one begin.
    fn next_release(&self) -> Option<Instant> {
        let waiting = !self.ready[Lane::Stop as usize].is_empty();
        self.stops.front().filter(|_| waiting).map(|(_, since)| *since + STOP_AT_WORK)
    }

    /// Stops that only wait no longer count.
    fn release(&mut self, now: Instant) {
        while self.stops.front().is_some_and(|(_, since)| *since + STOP_AT_WORK <= now) {
            self.stops.pop_front();
            self.free[Lane::Stop as usize] += 1;
        }
    }

    /// A step ended.
    fn settle(&mut self, step: &Step, ended: Result<Ended, Failed>) {
        let lane = Lane::of(&step.op);
        if lane != Lane::Stop {
            self.free[lane as usize] += 1;
        } else if let Some(at) = self.stops.iter().position(|(id, _)| *id == step.id) {
            self.stops.remove(at);
            self.free[lane as usize] += 1;
        }
        match ended {
            Ok(Ended::Interrupted) => self.note(step.id, Outcome::NotRun),
            Ok(Ended::Done | Ended::InUse | Ended::DoneWithout) => {
                self.note(step.id, Outcome::Done);
                for at in 0..self.dependents[step.id.0].len() {
                    let id = self.dependents[step.id.0][at];
                    self.missing[id.0] -= 1;
                    if self.missing[id.0] == 0 && self.outcomes[id.0].is_none() {
                        self.ready[Lane::of(&self.plan.steps[id.0].op) as usize].insert(id);
                    }
                }
            }
            Err(failed) => {
                self.note(step.id, Outcome::Failed(Box::new(self.failure(step, failed))));
                let mut held_up = self.dependents[step.id.0].clone();
                while let Some(id) = held_up.pop() {
                    if self.outcomes[id.0].is_none() {
                        self.note(id, Outcome::Skipped { because: step.id });
                        held_up.extend_from_slice(&self.dependents[id.0]);
                    }
                }
            }
        }
    }

    fn note(&mut self, id: StepId, outcome: Outcome) {
        self.outcomes[id.0] = Some(outcome);
        if Lane::of(&self.plan.steps[id.0].op) == Lane::Start {
            self.starts -= 1;
        }
    }

    fn failure(&self, step: &Step, failed: Failed) -> Failure {
        // Everything waits for images; whose it is, their container tells.
        let concerns = |other: &Op| match (&step.op, other) {
            (Op::PullImage { reference, .. }, Op::CreateContainer { spec, .. }) => spec.image == *reference,
            (Op::PullImage { .. }, _) => false,
            _ => true,
        };
        let mut dependents = self.dependents[step.id.0].iter().map(|id| &self.plan.steps[id.0].op);
        let mut first_dependent = || dependents.find_map(|op| service_of(op).filter(|_| concerns(op)));
        Failure {
            step: step.id,
            subject: step.op.subject(),
            service: service_of(&step.op).or_else(&mut first_dependent).cloned(),
            span: self.place(step),
            error: failed.error,
            evidence: failed.evidence,
            chain: Vec::new(),
        }
    }

    /// Where the file asks for a step; for one on a container of this plan, where it asks for the container.
    fn place(&self, step: &Step) -> Span {
        let Some(service) = service_of(&step.op).filter(|_| !step.span.is_some()) else { return step.span };
        let makes = |other: &&Step| {
            matches!(other.op, Op::CreateContainer { .. }) && service_of(&other.op) == Some(service)
        };
        self.plan.steps.iter().find(makes).map_or(step.span, |other| other.span)
    }

    /// How every step ended; failures know whom they held up.
    fn finish(self) -> Vec<Outcome> {
        let because = |id: StepId| match &self.outcomes[id.0] {
            Some(Outcome::Failed(_)) => Some(id),
            Some(Outcome::Skipped { because }) => Some(*because),
            _ => None,
        };
        let mut chains: Vec<Vec<Link>> = vec![Vec::new(); self.plan.steps.len()];
        for step in &self.plan.steps {
            let (Some(root), Some(waiter)) = (because(step.id), service_of(&step.op)) else { continue };
            if root == step.id || !step.op.writes() {
                continue;
            }
            for before in step.after.iter().filter(|before| because(**before) == Some(root)) {
                let before = &self.plan.steps[before.0];
                if let Some(on) = service_of(&before.op).filter(|on| *on != waiter) {
                    let said = match &step.op {
                        Op::StartContainer { comes_after, .. } => {
                            comes_after.iter().find(|(service, _)| service == on).map(|(_, span)| *span)
                        }
                        _ => None,
                    };
                    let span =
                        said.unwrap_or(if before.op.writes() { self.place(step) } else { before.span });
                    let link = Link { waiter: waiter.clone(), on: on.clone(), span };
                    if !chains[root.0].iter().any(|l| l.waiter == link.waiter && l.on == link.on) {
                        chains[root.0].push(link);
                    }
                }
            }
        }
        let outcomes = self.outcomes.into_iter().zip(chains);
        outcomes
            .map(|(outcome, chain)| match outcome {
                Some(Outcome::Failed(failure)) => Outcome::Failed(Box::new(Failure { chain, ..*failure })),
                Some(outcome) => outcome,
                None => Outcome::NotRun,
            })
            .collect()
    }
}

/// The service a step is done for.
fn service_of(op: &Op) -> Option<&ServiceName> {
    match op {
        Op::CreateContainer { service, .. } | Op::WaitFor { service, .. } => Some(service),
        Op::ConnectNetwork { container, .. }
        | Op::DisconnectNetwork { container, .. }
        | Op::StartContainer { container, .. }
        | Op::StopContainer { container, .. }
        | Op::RestartContainer { container, .. }
        | Op::RemoveContainer { container, .. }
        | Op::RenameContainer { container, .. } => container.service.as_ref(),
        Op::PullImage { .. }
        | Op::CreateNetwork(_)
        | Op::RemoveNetwork { .. }
        | Op::CreateVolume(_)
        | Op::RemoveVolume { .. }
        | Op::RemoveImage { .. } => None,
    }
}
