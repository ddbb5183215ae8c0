//! Which steps of a plan may begin, and how many at a time.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::Options;
use super::blame;
use super::report::{Failure, Outcome};
use super::step::{Ended, Failed};
use crate::plan::{Action, Lane, Plan, Step, StepId};

/// A stop that has taken so long waits for its container and costs the engine nothing: the next may begin.
const STOP_AT_WORK: Duration = Duration::from_millis(250);

/// Which steps may begin.
pub(super) struct Schedule<'a> {
    plan: &'a Plan,
    dependents: Vec<Vec<StepId>>,
    /// Steps that only wait for the end of one.
    followers: Vec<Vec<StepId>>,
    /// Steps still to end before one may begin.
    missing: Vec<usize>,
    ready: [BTreeSet<StepId>; Lane::COUNT],
    free: [usize; Lane::COUNT],
    /// Steps that count against the limit of their lane.
    holding: BTreeSet<StepId>,
    /// Stops under way, and since when, oldest first.
    stops: VecDeque<(StepId, Instant)>,
    outcomes: Vec<Option<Outcome>>,
    /// Starts that have not ended.
    starts: usize,
    /// Waits that nothing needs any more.
    given_up: Vec<StepId>,
}

impl<'a> Schedule<'a> {
    pub fn new(plan: &'a Plan, options: &Options<'_>) -> Schedule<'a> {
        let mut free = [usize::MAX; Lane::COUNT];
        free[Lane::Start as usize] = options.start_limit.max(1);
        free[Lane::Stop as usize] = options.stop_limit.max(1);
        free[Lane::Write as usize] = options.write_limit.max(1);
        free[Lane::Pull as usize] = options.pull_limit.max(1);
        let mut schedule = Schedule {
            plan,
            dependents: vec![Vec::new(); plan.steps.len()],
            followers: vec![Vec::new(); plan.steps.len()],
            missing: plan.steps.iter().map(|step| step.after.len() + step.behind.len()).collect(),
            ready: Default::default(),
            free,
            holding: BTreeSet::new(),
            stops: VecDeque::new(),
            outcomes: plan.steps.iter().map(|_| None).collect(),
            starts: plan.steps.iter().filter(|step| starts(step)).count(),
            given_up: Vec::new(),
        };
        for step in &plan.steps {
            for before in &step.after {
                schedule.dependents[before.0].push(step.id);
            }
            for before in &step.behind {
                schedule.followers[before.0].push(step.id);
            }
            if step.after.is_empty() && step.behind.is_empty() {
                schedule.ready[step.op.facts().lane as usize].insert(step.id);
            }
        }
        schedule
    }

    /// Whether no start is left to come.
    pub fn all_started(&self) -> bool {
        self.starts == 0
    }

    /// Takes a step that may begin now.
    pub fn next(&mut self) -> Option<StepId> {
        for (ready, free) in self.ready.iter_mut().zip(&mut self.free) {
            while *free > 0
                && let Some(id) = ready.pop_first()
            {
                // What was given up meanwhile is passed over.
                if self.outcomes[id.0].is_some() {
                    continue;
                }
                *free -= 1;
                self.holding.insert(id);
                if self.plan.steps[id.0].op.facts().lane == Lane::Stop {
                    self.stops.push_back((id, Instant::now()));
                }
                return Some(id);
            }
        }
        None
    }

    /// When a stop that still runs lets another one begin.
    pub fn next_release(&self) -> Option<Instant> {
        let waiting = !self.ready[Lane::Stop as usize].is_empty();
        self.stops.front().filter(|_| waiting).map(|(_, since)| *since + STOP_AT_WORK)
    }

    /// Stops that only wait no longer count.
    pub fn release(&mut self, now: Instant) {
        while let Some((id, since)) = self.stops.front().copied()
            && since + STOP_AT_WORK <= now
        {
            self.stops.pop_front();
            self.idle(id);
        }
    }

    /// A step goes on, but the engine does nothing for it any more: another one may begin.
    pub fn idle(&mut self, id: StepId) {
        if self.holding.remove(&id) {
            self.free[self.plan.steps[id.0].op.facts().lane as usize] += 1;
        }
    }

    /// A step ended.
    pub fn settle(&mut self, step: &Step, ended: Result<Ended, Failed>) {
        self.idle(step.id);
        self.stops.retain(|(id, _)| *id != step.id);
        match ended {
            // It was given up before.
            _ if self.outcomes[step.id.0].is_some() => {}
            Ok(Ended::Interrupted) => self.note(step.id, Outcome::NotRun),
            Ok(Ended::Done | Ended::InUse | Ended::DoneWithout) => {
                self.note(step.id, Outcome::Done);
                let dependents = std::mem::take(&mut self.dependents[step.id.0]);
                self.let_go(&dependents);
                self.dependents[step.id.0] = dependents;
            }
            Err(failed) => {
                let dependents = &self.dependents[step.id.0];
                let failure = Failure::new(self.plan, step, failed, dependents);
                self.note(step.id, Outcome::Failed(Box::new(failure)));
                let mut fallen = vec![step.id];
                let mut held_up = self.dependents[step.id.0].clone();
                while let Some(id) = held_up.pop() {
                    if self.outcomes[id.0].is_none() {
                        self.note(id, Outcome::Skipped { because: step.id });
                        held_up.extend_from_slice(&self.dependents[id.0]);
                        fallen.push(id);
                    }
                }
                self.give_up_waits(&fallen);
            }
        }
    }

    /// Waits that only these steps needed, which don't come any more, are given up.
    fn give_up_waits(&mut self, fallen: &[StepId]) {
        let plan = self.plan;
        for wait in fallen.iter().flat_map(|id| &plan.steps[id.0].after) {
            let lane = plan.steps[wait.0].op.facts().lane;
            let needless = || self.dependents[wait.0].iter().all(|id| self.outcomes[id.0].is_some());
            if lane == Lane::Wait && self.outcomes[wait.0].is_none() && needless() {
                self.note(*wait, Outcome::NotRun);
                self.ready[lane as usize].remove(wait);
                self.given_up.push(*wait);
            }
        }
    }

    /// Steps given up since this was last asked; some of them may be under way.
    pub fn given_up(&mut self) -> Vec<StepId> {
        std::mem::take(&mut self.given_up)
    }

    /// One step that these come after has ended.
    fn let_go(&mut self, steps: &[StepId]) {
        for id in steps {
            self.missing[id.0] -= 1;
            if self.missing[id.0] == 0 && self.outcomes[id.0].is_none() {
                self.ready[self.plan.steps[id.0].op.facts().lane as usize].insert(*id);
            }
        }
    }

    fn note(&mut self, id: StepId, outcome: Outcome) {
        let followers = std::mem::take(&mut self.followers[id.0]);
        self.let_go(&followers);
        self.outcomes[id.0] = Some(outcome);
        if starts(&self.plan.steps[id.0]) {
            self.starts -= 1;
        }
    }

    /// How every step ended; failures know whom they held up.
    pub fn finish(self) -> Vec<Outcome> {
        let outcomes = self.outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::NotRun));
        blame::complete(self.plan, outcomes.collect())
    }
}

/// Whether a step ends with a started container.
fn starts(step: &Step) -> bool {
    matches!(step.op.facts().action, Action::Start | Action::Restart)
}
