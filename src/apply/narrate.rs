//! What a run tells: the status words of steps, one pair for a replacement, and who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc::UnboundedSender;

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

/// The words of a step: when it begins, and when it ended well.
pub(super) fn words(op: &Op) -> Option<(Status, Status)> {
    Some(match op {
        Op::PullImage { .. } => (Status::Pulling, Status::Pulled),
        Op::CreateNetwork(_) | Op::CreateVolume(_) | Op::CreateContainer { .. } => {
            (Status::Creating, Status::Created)
        }
        Op::RemoveNetwork { .. }
        | Op::RemoveVolume { .. }
        | Op::RemoveImage { .. }
        | Op::RemoveContainer { .. } => (Status::Removing, Status::Removed),
        Op::StartContainer { .. } => (Status::Starting, Status::Started),
        Op::StopContainer { .. } => (Status::Stopping, Status::Stopped),
        Op::RestartContainer { .. } => (Status::Restarting, Status::Started),
        // Details of other steps; waits tell their own story.
        Op::ConnectNetwork { .. }
        | Op::DisconnectNetwork { .. }
        | Op::RenameContainer { .. }
        | Op::WaitFor { .. } => return None,
    })
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
                let word = match condition {
                    Condition::Started => "started",
                    Condition::Healthy => "healthy",
                    Condition::CompletedSuccessfully => "completed",
                    Condition::RunningOrHealthy => "running",
                };
                blocked.holds.insert(step.id, (format!("{service}: {word}"), Vec::new()));
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
