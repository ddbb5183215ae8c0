//! Carries a plan out and follows its containers, until they end or the user has had enough.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::phase::{Action, Applied, End, Input, Notice, Phase, Policy, next};
use super::selection::Selection;
use super::{attach, wanted_names};
use crate::app::converge::{self, Answer, Consent, ConvergeError, Converged, Way};
use crate::app::lock::{self, LockError, LockOptions};
use crate::app::{CancelStage, Canceller, Desired, Session, cancellation};
use crate::engine::EngineError;
use crate::event::{Event, Level, LogEvent};
use crate::logs::Hooks;
use crate::plan::{self, Intent, Stop};

/// Log events that may wait for the view.
const BUFFERED: usize = 1024;
/// That a container has ended may be reported a moment after its stop.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How often the view is told that time passes.
const FRAME: Duration = Duration::from_millis(100);

/// What to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// What should exist.
    pub desired: Desired,
    /// How it is brought up.
    pub intent: plan::Up,
    /// The services it is about.
    pub selection: Selection,
    /// When it ends.
    pub policy: Policy,
    /// Lines bear the time of their arrival.
    pub timestamps: bool,
    /// Whether the layers of images are left out of the events.
    pub quiet_pull: bool,
}

/// Where a run is shown. Nothing here decides anything.
pub trait View {
    /// Whose output is to come: display names.
    fn announce(&mut self, names: &[String]) -> io::Result<()>;
    /// The run of the plan, or the stop of the containers, makes progress.
    fn event(&mut self, event: &Event);
    /// Containers wrote, or ended.
    fn output(&mut self, batch: &[LogEvent]) -> io::Result<()>;
    /// Something the user must know.
    fn notice(&mut self, notice: Notice);
    /// The run of the plan ended well.
    fn applied(&mut self, done: &Converged);
    /// What was going on is over: its last state is shown for good.
    fn settle(&mut self);
    /// Time passes.
    fn tick(&mut self);
    /// Ends when nobody reads the output any more, and never when that cannot be known.
    fn unread(&self) -> Pin<Box<dyn Future<Output = ()>>>;
}

/// How a run ended.
#[derive(Debug)]
pub enum Finished {
    /// The plan was not carried out, or not to its end.
    NotApplied(Box<Result<Converged, ConvergeError>>),
    /// All else.
    Ended(End),
    /// The output could not be written; the containers go on.
    Unwritable(io::Error),
}

type Stopping = Pin<Box<dyn Future<Output = ()>>>;

/// Brings a project up and follows its containers. `signals` yields one item for each request to end.
///
/// # Errors
/// When the engine's containers or events cannot be read, before anything was changed.
pub async fn run(
    session: Session,
    request: Request,
    consent: &dyn Consent,
    canceller: &Canceller,
    view: &mut dyn View,
    mut events: mpsc::UnboundedReceiver<Event>,
    mut signals: mpsc::UnboundedReceiver<()>,
) -> Result<Finished, EngineError> {
    let Request { desired, intent, selection, policy, timestamps, quiet_pull } = request;
    let timeout = intent.timeout;
    let (attachments, collector) = attach(&session, &desired.project, &selection, timestamps).await?;
    let hooks = attachments.hooks();
    let stop = |timeout: Option<Duration>, lock: LockOptions| {
        let session = Session { lock, ..session.clone() };
        let intent = Stop { targets: selection.stopped.clone(), timeout };
        stop(session, desired.clone(), intent, hooks.clone())
    };
    let mut applying = pin!(async {
        // Dropped with the run: then no more containers will be announced.
        let attachments = attachments;
        // Held until all is up: other commands may change what is only followed.
        let lock = lock::acquire(&session, &desired.project, "up").await?;
        session.events.send(Event::Began { operation: "up" });
        let way = Way { listener: &attachments, consent, wait_timeout: None, quiet_pull };
        let done = converge::converge(&session, &lock, desired.clone(), Intent::Up(intent), &way).await;
        session.events.send(Event::Ended { operation: "up" });
        done
    });
    let (sender, mut output) = mpsc::channel(BUFFERED);
    let mut collecting = pin!(collector.run(sender));
    let mut unread = pin!(view.unread());
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);

    let mut phase = Phase::default();
    let mut inputs: Vec<Input> = Vec::new();
    let mut batch: Vec<LogEvent> = Vec::new();
    let mut report = None;
    let mut stopping: Option<Stopping> = None;
    let mut deadline: Option<Instant> = None;
    let (mut collected, mut drained, mut left, mut muted) = (false, false, false, false);
    let mut unwritable = view.announce(&wanted_names(&desired, &selection.shown)).err();
    loop {
        if unwritable.is_some() && !left {
            left = true;
            inputs.push(Input::Unread);
        }
        for input in inputs.drain(..) {
            let (following, actions) = next(&policy, phase, &input);
            phase = following;
            for action in actions {
                match action {
                    Action::CancelRun => canceller.cancel(CancelStage::Graceful),
                    Action::ForceRun => canceller.cancel(CancelStage::Forced),
                    Action::Stop => {
                        let lock = LockOptions { wait: true, ..session.lock.clone() };
                        stopping = Some(stop(timeout, lock));
                    }
                    // Who insists does not wait for another command.
                    Action::Kill => stopping = Some(stop(Some(Duration::ZERO), LockOptions::none())),
                    Action::Mute => muted = true,
                    Action::AwaitLastWords => deadline = Some(Instant::now() + LAST_WORDS),
                    Action::Tell(notice) => view.notice(notice),
                }
            }
        }
        if let Phase::Over(end) = phase {
            drain(&mut events, view);
            return Ok(match (end, report, unwritable) {
                (End::NotApplied, Some(report), _) => Finished::NotApplied(Box::new(report)),
                (End::Unread { .. }, _, Some(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Finished::Unwritable(error)
                }
                (end, _, _) => Finished::Ended(end),
            });
        }
        tokio::select! {
            biased;
            Some(()) = signals.recv() => inputs.push(Input::Signal),
            Some(event) = events.recv() => view.event(&event),
            done = &mut applying, if report.is_none() => {
                drain(&mut events, view);
                if let Err(ConvergeError::Lock(LockError::Cancelled)) = &done {
                    // Nothing was begun that would have to be stopped.
                    return Ok(Finished::Ended(End::Signalled));
                }
                let applied = outcome(&done);
                if let (Applied::Done, Ok(done)) = (applied, &done) {
                    view.applied(done);
                }
                report = Some(done);
                inputs.push(Input::Applied(applied));
            }
            () = finished(&mut stopping) => {
                stopping = None;
                drain(&mut events, view);
                inputs.push(Input::Stopped);
            }
            () = until(deadline) => {
                deadline = None;
                inputs.push(Input::TimeUp);
            }
            // A batch at a time, so that a flood of lines does not hold up everything else.
            count = output.recv_many(&mut batch, BUFFERED), if !drained => {
                if count == 0 {
                    drained = true;
                    inputs.push(Input::Ended);
                }
                if !(muted || left) {
                    unwritable = view.output(&batch).err();
                }
                inputs.extend(batch.drain(..).filter_map(exited));
            }
            _ = &mut collecting, if !collected => collected = true,
            () = &mut unread, if !left => {
                left = true;
                inputs.push(Input::Unread);
            }
            _ = frames.tick() => view.tick(),
        }
    }
}

fn outcome(done: &Result<Converged, ConvergeError>) -> Applied {
    match done {
        Ok(done) if done.report.exit_code() == 0 => Applied::Done,
        Ok(done) if done.report.failures().next().is_none() => Applied::Cancelled,
        Ok(_) | Err(_) => Applied::Failed,
    }
}

fn exited(event: LogEvent) -> Option<Input> {
    match event {
        LogEvent::Exited { service, code, .. } => Some(Input::Exited { service, code }),
        LogEvent::Line { .. } | LogEvent::Recreated { .. } => None,
    }
}

/// Shows what has happened, for good.
fn drain(events: &mut mpsc::UnboundedReceiver<Event>, view: &mut dyn View) {
    while let Ok(event) = events.try_recv() {
        view.event(&event);
    }
    view.settle();
}

async fn finished(stopping: &mut Option<Stopping>) {
    match stopping {
        Some(stopping) => stopping.await,
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Nobody is asked while services are stopped: nothing is lost by it.
struct NoConsent;

impl Consent for NoConsent {
    fn recreate_volume(&self, _: &str) -> Answer {
        Answer::No
    }
}

/// Stops services. Failures are messages among the events: nothing comes after them that could report them.
fn stop(session: Session, desired: Desired, stop: Stop, hooks: Hooks) -> Stopping {
    Box::pin(async move {
        // Its own cancellation: that of the run has been used up.
        let (_canceller, cancel) = cancellation();
        let session = Session { cancel, ..session };
        session.events.send(Event::Began { operation: "stop" });
        let way = Way { listener: &hooks, consent: &NoConsent, wait_timeout: None, quiet_pull: false };
        let fail = |text: String| session.events.send(Event::Message { level: Level::Error, text });
        let stopped = async {
            let lock = lock::acquire(&session, &desired.project, "up").await?;
            converge::converge(&session, &lock, desired.clone(), Intent::Stop(stop), &way).await
        };
        match stopped.await {
            Ok(done) => {
                for failure in done.report.failures() {
                    fail(format!("cannot stop {}: {}", failure.subject.name, failure.error));
                }
            }
            Err(error) => fail(error.to_string()),
        }
    })
}
