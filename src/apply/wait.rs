//! Waits for containers, driven by the engine's event feed, with a slow poll as a net.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::cancel::{Cancel, CancelStage};
use super::checks;
use super::narrate::Events;
use super::report::ApplyError;
use crate::base::{ContainerId, ServiceName};
use crate::engine::{ContainerDetail, Engine};
use crate::event::{Status, Subject};
use crate::spec::Condition;
use crate::state::{ContainerState, Health};

/// Between looks while events come; they only serve should one get lost.
const NET: Duration = Duration::from_secs(5);
/// Between looks when the engine's feed broke off.
const NET_WITHOUT_FEED: Duration = Duration::from_millis(500);
/// How long a container without a health check must have run before `--wait` believes it: what can't do its
/// work ends at once.
const SETTLED: Duration = Duration::from_millis(500);

/// A container that the engine started again is believed only after this time: the engine itself takes a
/// start for successful once it has lasted 10 seconds (Docker's restart policies).
const STEADY: Duration = Duration::from_secs(10);
/// A container that ended so often, and again while it is waited for, will not get ready.
const MOST_RESTARTS: i64 = 5;

/// What all waits of a run share.
#[derive(Debug)]
pub(super) struct Pulse {
    /// Containers something happened to.
    news: broadcast::Sender<ContainerId>,
    /// Whether the feed is alive.
    heard: AtomicBool,
    /// When the last start ended: from then on the time of `--wait` counts.
    pub started: watch::Sender<Option<Instant>>,
}

impl Pulse {
    pub fn new(heard: bool) -> Pulse {
        Pulse {
            news: broadcast::channel(1024).0,
            heard: AtomicBool::new(heard),
            started: watch::channel(None).0,
        }
    }

    /// Something happened to a container.
    pub fn news(&self, container: ContainerId) {
        // Nobody may be waiting now.
        let _ = self.news.send(container);
    }

    /// The feed ended; waits look more often.
    pub fn lost(&self) {
        self.heard.store(false, Ordering::Relaxed);
    }

    pub fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }
}

/// One container waited for.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub id: ContainerId,
    pub name: String,
}

/// A wait.
#[derive(Debug)]
pub(super) struct Wait<'a> {
    pub service: &'a ServiceName,
    pub containers: Vec<Watched>,
    pub condition: Condition,
    pub required: bool,
    /// Whether it is that of `--wait`: no service waits.
    pub for_user: bool,
    /// Whether this run has just started its containers.
    pub fresh: bool,
    pub timeout: Option<Duration>,
}

/// How a wait ended without an error of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The condition holds, or may be done without.
    Over,
    /// The run is cancelled.
    Interrupted,
}

/// A failed wait, and the container that failed it.
pub(super) struct WaitFailure {
    pub error: ApplyError,
    pub container: Option<ContainerId>,
}

impl WaitFailure {
    fn of(container: &Watched, error: ApplyError) -> WaitFailure {
        WaitFailure { error, container: Some(container.id.clone()) }
    }
}

/// How often the engine has started the containers again, and when that was last seen to grow.
#[derive(Debug, Default)]
struct Restarts {
    seen: HashMap<ContainerId, i64>,
    grew: Option<Instant>,
}

impl Restarts {
    /// Takes the count of a container.
    fn note(&mut self, id: &ContainerId, count: i64) {
        if self.seen.insert(id.clone(), count).is_some_and(|before| count > before) {
            self.grew = Some(Instant::now());
        }
    }
}

/// What one look at the containers showed.
enum Look {
    /// Not yet.
    NotYet,
    /// They run, and have no health check that would tell more.
    Runs,
    /// The condition holds, with the word for it.
    Holds(Status),
}

impl Wait<'_> {
    /// Waits until the condition holds.
    pub async fn run(
        &self,
        engine: &dyn Engine,
        pulse: &Pulse,
        events: &Events,
        cancel: &Cancel,
    ) -> Result<Waited, WaitFailure> {
        let mut news = pulse.news.subscribe();
        let begun = Instant::now();
        self.tell(events, Status::Waiting);
        let ended = tokio::select! {
            biased;
            () = cancel.reached(CancelStage::Graceful) => return Ok(Waited::Interrupted),
            ended = self.until_it_holds(engine, pulse, &mut news, begun) => ended,
            failure = self.until_too_late(engine, pulse, begun) => Err(failure),
            never = checks::drive(engine, pulse, &self.containers, self.fresh), if self.needs_health() =>
                match never {},
        };
        match ended {
            Ok(status) => {
                self.tell(events, status);
                Ok(Waited::Over)
            }
            Err(failure) if self.required => {
                let words = match &failure.error {
                    ApplyError::NotCompleted { .. } => failure.error.to_string(),
                    error if self.for_user => error.to_string(),
                    _ => format!("dependency {} failed to start", self.service),
                };
                for one in self.blamed(&failure) {
                    events.detailed(Subject::container(&one.name), Status::Error, words.clone());
                }
                Err(failure)
            }
            Err(failure) => {
                let words = match &failure.error {
                    ApplyError::NotCompleted { service, code, .. } => {
                        format!("optional dependency \"{service}\" didn't complete successfully: exit {code}")
                    }
                    error => {
                        let error = match error {
                            ApplyError::Dependency(inner) => inner,
                            other => other,
                        };
                        format!("optional dependency \"{}\" failed to start: {error}", self.service)
                    }
                };
                for one in self.blamed(&failure) {
                    events.detailed(Subject::container(&one.name), Status::Skipped, words.clone());
                }
                events.warning(words);
                Ok(Waited::Over)
            }
        }
    }

    fn needs_health(&self) -> bool {
        matches!(self.condition, Condition::Healthy | Condition::RunningOrHealthy)
    }

    fn tell(&self, events: &Events, status: Status) {
        for container in &self.containers {
            events.status(Subject::container(&container.name), status);
        }
    }

    fn blamed(&self, failure: &WaitFailure) -> impl Iterator<Item = &Watched> {
        let culprit = failure.container.clone();
        self.containers.iter().filter(move |c| culprit.as_ref().is_none_or(|id| *id == c.id))
    }

    async fn until_it_holds(
        &self,
        engine: &dyn Engine,
        pulse: &Pulse,
        news: &mut broadcast::Receiver<ContainerId>,
        begun: Instant,
    ) -> Result<Status, WaitFailure> {
        let mut restarts = Restarts::default();
        loop {
            let mut next = Instant::now() + if pulse.is_heard() { NET } else { NET_WITHOUT_FEED };
            match self.look(engine, &mut restarts).await? {
                Look::Holds(status) => return Ok(status),
                Look::Runs => {
                    let believed = match restarts.grew {
                        _ if !self.for_user => begun,
                        Some(at) => at + STEADY,
                        None if self.fresh => begun + SETTLED,
                        None => begun,
                    };
                    if believed <= Instant::now() {
                        return Ok(Status::Healthy);
                    }
                    next = next.min(believed);
                }
                Look::NotYet => {}
            }
            let net = tokio::time::sleep_until(next);
            tokio::pin!(net);
            loop {
                tokio::select! {
                    () = &mut net => break,
                    id = news.recv() => match id {
                        Ok(id) if self.containers.iter().any(|c| c.id == id) => break,
                        Ok(_) => {}
                        // Some were missed: look.
                        Err(broadcast::error::RecvError::Lagged(_)) => break,
                        Err(broadcast::error::RecvError::Closed) => {
                            net.as_mut().await;
                            break;
                        }
                    },
                }
            }
        }
    }

    /// Ends when the time is over; blames the first container that still isn't ready.
    async fn until_too_late(&self, engine: &dyn Engine, pulse: &Pulse, begun: Instant) -> WaitFailure {
        let Some(limit) = self.timeout else { return std::future::pending().await };
        let begun = if self.for_user {
            let mut started = pulse.started.subscribe();
            match started.wait_for(Option::is_some).await {
                Ok(at) => at.unwrap_or(begun),
                Err(_) => begun,
            }
        } else {
            begun
        };
        tokio::time::sleep_until(begun + limit).await;
        let mut culprit = None;
        for container in &self.containers {
            let ready = match engine.inspect_container(&container.id).await {
                Ok(detail) => matches!(self.one(container, &detail), Ok(Look::Runs | Look::Holds(_))),
                Err(_) => false,
            };
            if !ready {
                culprit = Some(container.id.clone());
                break;
            }
        }
        let error = if self.for_user {
            ApplyError::NotHealthyInTime { after: limit }
        } else {
            ApplyError::DependencyTimeout
        };
        WaitFailure { error, container: culprit }
    }

    async fn look(&self, engine: &dyn Engine, restarts: &mut Restarts) -> Result<Look, WaitFailure> {
        let mut word = Status::Healthy;
        let (mut all, mut checked) = (true, true);
        for container in &self.containers {
            let detail = match engine.inspect_container(&container.id).await {
                Ok(detail) => detail,
                Err(error) if error.is_not_found() => {
                    let name = container.name.clone();
                    return Err(WaitFailure::of(container, ApplyError::Vanished { container: name }));
                }
                Err(error) => return Err(WaitFailure::of(container, error.into())),
            };
            let count = detail.restart_count;
            restarts.note(&container.id, count);
            if self.for_user && restarts.grew.is_some() && detail.restarting && count >= MOST_RESTARTS {
                let (name, code) = (container.name.clone(), detail.exit_code);
                let error = ApplyError::KeepsRestarting { container: name, count, code };
                return Err(WaitFailure::of(container, error));
            }
            match self.one(container, &detail)? {
                Look::Holds(status) if self.condition == Condition::CompletedSuccessfully => {
                    return Ok(Look::Holds(status));
                }
                Look::Holds(Status::Exited) => word = Status::Exited,
                Look::Holds(_) => {}
                Look::Runs => checked = false,
                Look::NotYet => all = false,
            }
        }
        Ok(match all && !self.containers.is_empty() {
            true if checked => Look::Holds(word),
            true => Look::Runs,
            false => Look::NotYet,
        })
    }

    /// Whether the condition holds for one container.
    fn one(&self, container: &Watched, detail: &ContainerDetail) -> Result<Look, WaitFailure> {
        let ended = matches!(detail.state, ContainerState::Exited | ContainerState::Dead);
        if self.condition == Condition::CompletedSuccessfully {
            return match (ended, detail.exit_code) {
                (false, _) => Ok(Look::NotYet),
                (true, 0) => Ok(Look::Holds(Status::Exited)),
                (true, code) => {
                    let (service, name) = (self.service.clone(), container.name.clone());
                    let error = ApplyError::NotCompleted { service, container: name, code };
                    Err(WaitFailure::of(container, error))
                }
            };
        }
        if ended {
            // A job that ended well is no failure of the application, when nobody starts it again.
            if self.for_user && detail.exit_code == 0 && !starts_again(detail) {
                return Ok(Look::Holds(Status::Exited));
            }
            let error = ApplyError::Exited { container: container.name.clone(), code: detail.exit_code };
            return Err(self.failed(container, error));
        }
        if detail.state != ContainerState::Running || detail.restarting {
            return Ok(Look::NotYet);
        }
        match (detail.health, self.condition) {
            (Some(Health::Healthy), _) | (_, Condition::Started) => Ok(Look::Holds(Status::Healthy)),
            (None, Condition::RunningOrHealthy) => Ok(Look::Runs),
            (Some(Health::Starting), _) => Ok(Look::NotYet),
            (Some(Health::Unhealthy), _) => {
                Err(self.failed(container, ApplyError::Unhealthy { container: container.name.clone() }))
            }
            (None, _) => {
                Err(self.failed(container, ApplyError::NoHealthcheck { container: container.name.clone() }))
            }
        }
    }

    fn failed(&self, container: &Watched, error: ApplyError) -> WaitFailure {
        let error = if self.for_user { error } else { ApplyError::Dependency(Box::new(error)) };
        WaitFailure::of(container, error)
    }
}

/// Whether the engine starts the container again after an end with code 0. One with such a policy that
/// stays ended was stopped by hand.
fn starts_again(detail: &ContainerDetail) -> bool {
    detail
        .spec
        .restart
        .as_ref()
        .is_some_and(|policy| matches!(policy.name.as_str(), "always" | "unless-stopped"))
}
