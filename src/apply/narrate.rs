//! What a run tells: the status words of steps, one pair for a replacement, and who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc::{UnboundedSender, WeakUnboundedSender};

use crate::event::{Event, Level, Status, StatusEvent, Subject};
use crate::plan::{Group, Op, Plan, Step, StepId};
use crate::spec::Condition;

/// Where events go. They are few and never dropped; nobody listening is no error.
#[derive(Clone, Debug)]
pub struct Events(Option<UnboundedSender<Event>>);

impl Events {
    /// Events go into a channel.
    pub fn new(sender: UnboundedSender<Event>) -> Events {
        Events(Some(sender))
    }

    /// Nobody listens.
    pub fn none() -> Events {
        Events(None)
    }

    /// The same, for somebody who does not keep the listener waiting for more.
    pub fn downgrade(&self) -> WeakEvents {
        WeakEvents(self.0.as_ref().map(UnboundedSender::downgrade))
    }

    /// Something happened.
    pub fn send(&self, event: Event) {
        if let Some(sender) = &self.0 {
            // The listener may be gone already; the run goes on.
            let _ = sender.send(event);
        }
    }

    pub(super) fn status(&self, subject: Subject, status: Status) {
        self.send(Event::status(subject, status));
    }

    pub(super) fn detailed(&self, subject: Subject, status: Status, details: impl Into<String>) {
        self.send(Event::detailed(subject, status, details));
    }

    pub(super) fn layer(
        &self,
        subject: &Subject,
        layer: String,
        words: String,
        progress: Option<(u64, u64)>,
    ) {
        let done = matches!(words.as_str(), "Pull complete" | "Already exists");
        let status = if done { Status::Pulled } else { Status::Pulling };
        let subject = subject.clone();
        let part = Some(layer);
        self.send(Event::Status(StatusEvent { subject, part, status, details: words, progress }));
    }

    pub(super) fn warning(&self, text: impl Into<String>) {
        self.send(Event::Message { level: Level::Warning, text: text.into() });
    }
}

/// Where events go as long as a run goes on.
#[derive(Clone, Debug)]
pub struct WeakEvents(Option<WeakUnboundedSender<Event>>);

impl WeakEvents {
    /// Something happened.
    pub fn send(&self, event: Event) {
        if let Some(sender) = self.0.as_ref().and_then(WeakUnboundedSender::upgrade) {
            // The listener may be gone already.
            let _ = sender.send(event);
        }
    }
}

/// The things a plan is about, and how many steps each is from the state the plan wants.
#[derive(Debug, Default)]
pub(super) struct Goals {
    left: BTreeMap<Subject, usize>,
}

impl Goals {
    pub fn new(plan: &Plan) -> Goals {
        let mut goals = Goals::default();
        for name in &plan.unchanged {
            goals.left.insert(Subject::container(name), 0);
        }
        for subject in plan.steps.iter().flat_map(Goals::subjects) {
            *goals.left.entry(subject).or_default() += 1;
        }
        goals
    }

    /// Reports the plan, and what is as it wants already.
    pub fn begin(&self, events: &Events) {
        events.send(Event::Planned { things: self.left.len() });
        for (subject, _) in self.left.iter().filter(|(_, left)| **left == 0) {
            events.send(Event::Reached { subject: subject.clone() });
        }
    }

    /// A step ended well.
    pub fn end(&mut self, step: &Step, events: &Events) {
        for subject in Goals::subjects(step) {
            if let Some(left) = self.left.get_mut(&subject) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    events.send(Event::Reached { subject });
                }
            }
        }
    }

    /// What a step brings further.
    fn subjects(step: &Step) -> Vec<Subject> {
        match (&step.op, &step.group) {
            (Op::WaitFor { containers, .. }, _) => {
                containers.iter().map(|container| Subject::container(&container.name)).collect()
            }
            (_, Some(group)) => vec![Subject::container(&group.container)],
            (op, None) => vec![op.subject()],
        }
    }
}

/// A replacement is one thing to people: `Recreate` with its first step, `Recreated` with its last.
#[derive(Debug, Default)]
pub(super) struct Groups {
    open: BTreeMap<String, Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    begun: bool,
    left: usize,
}

impl Groups {
    pub fn new(plan: &Plan) -> Groups {
        let mut groups = Groups::default();
        for group in plan.steps.iter().filter_map(|step| step.group.as_ref()) {
            groups.open.entry(group.container.clone()).or_default().left += 1;
        }
        groups
    }

    /// A step begins; whether it is the first of its replacement.
    pub fn begin(&mut self, group: &Group) -> bool {
        self.open.get_mut(&group.container).is_some_and(|one| !std::mem::replace(&mut one.begun, true))
    }

    /// A step ended well; whether it was the last of its replacement.
    pub fn end(&mut self, group: &Group) -> bool {
        self.open.get_mut(&group.container).is_some_and(|one| {
            one.left = one.left.saturating_sub(1);
            one.left == 0
        })
    }
}

/// Who waits for what, told whenever it changes.
#[derive(Debug, Default)]
pub(super) struct Blocked {
    /// The things each wait holds up.
    holds: BTreeMap<StepId, (String, Vec<Subject>)>,
    waiting: BTreeMap<Subject, BTreeSet<String>>,
}

impl Blocked {
    pub fn new(plan: &Plan) -> Blocked {
        let mut blocked = Blocked::default();
        for step in &plan.steps {
            if let Op::WaitFor { service, condition, .. } = &step.op {
                let words = match condition {
                    Condition::Started => "to start",
                    Condition::Healthy => "to be healthy",
                    Condition::CompletedSuccessfully => "to complete",
                    Condition::RunningOrHealthy => "to run",
                };
                blocked.holds.insert(step.id, (format!("{service} {words}"), Vec::new()));
            }
        }
        for step in &plan.steps {
            for wait in &step.after {
                if let Some((_, held)) = blocked.holds.get_mut(wait)
                    && step.op.writes()
                    && !held.contains(&step.op.subject())
                {
                    held.push(step.op.subject());
                }
            }
        }
        blocked
    }

    /// A wait begins, or ended.
    pub fn change(&mut self, step: &Step, begins: bool, events: &Events) {
        let Some((words, held)) = self.holds.get(&step.id) else { return };
        for subject in held {
            let on = self.waiting.entry(subject.clone()).or_default();
            let changed = if begins { on.insert(words.clone()) } else { on.remove(words) };
            if changed {
                events.send(Event::Waiting { who: subject.clone(), on: on.iter().cloned().collect() });
            }
        }
    }
}
