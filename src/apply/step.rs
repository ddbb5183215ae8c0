//! One step: one engine call, with what belongs to it (files and hooks of a start, the label of an image).

mod create;
mod remove;
mod start;

use std::sync::OnceLock;

use futures_util::StreamExt;
use tokio::sync::{Semaphore, broadcast};

use super::Options;
use super::cancel::{Cancel, CancelStage};
use super::evidence;
use super::narrate::Events;
use super::report::{ApplyError, Evidence, Outcome};
use super::wait::{Pulse, Wait, Waited, Watched};
use crate::base::{ContainerId, NetworkId};
use crate::engine::{Engine, EngineError};
use crate::event::{Status, Subject};
use crate::plan::{Ending, Made, Op, Plan, Ref, Started, Step, StepId, Trace};
use crate::spec::NetworkSpec;
use remove::{is_off_already, remove_container, remove_network, removed, stop_container};

/// What every step of a run sees.
pub(super) struct Run<'a> {
    pub engine: &'a dyn Engine,
    pub plan: &'a Plan,
    pub options: &'a Options<'a>,
    pub events: &'a Events,
    pub cancel: &'a Cancel,
    pub pulse: Pulse,
    /// Hears of steps that go on without any work for the engine.
    pub idle: broadcast::Sender<StepId>,
    /// Starts of restarts at a time: their stops are limited apart.
    restarts: Semaphore,
    /// What the steps made, by step.
    made: Vec<OnceLock<Made>>,
    /// The starts they brought about, where a recovery has to know.
    started: Vec<OnceLock<Started>>,
    /// What the networks were made from that were removed for others in their place.
    removed: Vec<OnceLock<NetworkSpec>>,
}

/// How a step ended when it didn't fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Well.
    Done,
    /// Well, but the thing stays, because something else uses it.
    InUse,
    /// It could be done without.
    DoneWithout,
    /// The run was cancelled before it was done.
    Interrupted,
}

/// A failed step: why, and what the engine knows.
pub(super) struct Failed {
    pub error: ApplyError,
    pub evidence: Option<Box<Evidence>>,
}

impl From<Waited> for Ended {
    fn from(waited: Waited) -> Ended {
        match waited {
            Waited::Over => Ended::Done,
            Waited::Interrupted => Ended::Interrupted,
        }
    }
}

impl<'a> Run<'a> {
    /// Nothing is done yet. `heard`: whether the engine's events come in.
    pub fn new(
        engine: &'a dyn Engine,
        plan: &'a Plan,
        options: &'a Options<'a>,
        events: &'a Events,
        cancel: &'a Cancel,
        heard: bool,
    ) -> Run<'a> {
        Run {
            engine,
            plan,
            options,
            events,
            cancel,
            pulse: Pulse::new(heard),
            // Each step says it once, so none is lost.
            idle: broadcast::channel(plan.steps.len().max(1)).0,
            restarts: Semaphore::new(options.start_limit.max(1)),
            made: plan.steps.iter().map(|_| OnceLock::new()).collect(),
            started: plan.steps.iter().map(|_| OnceLock::new()).collect(),
            removed: plan.steps.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// How the steps ended and what they brought about.
    pub fn traces(&self, outcomes: &[Outcome]) -> Vec<Trace> {
        let of_step = |(at, outcome): (usize, &Outcome)| Trace {
            ending: match outcome {
                Outcome::Done => Ending::Done,
                Outcome::Failed(_) => Ending::Failed,
                Outcome::Skipped { .. } | Outcome::NotRun => Ending::NotRun,
            },
            made: self.made[at].get().cloned(),
            started: self.started[at].get().cloned(),
            removed: self.removed[at].get().cloned(),
        };
        outcomes.iter().enumerate().map(of_step).collect()
    }

    /// Does a step.
    pub async fn step(&self, step: &Step) -> Result<Ended, Failed> {
        if let Op::WaitFor { .. } = &step.op {
            return self.wait(step).await;
        }
        match self.call(step).await {
            Ok(ended) => Ok(ended),
            Err(error) => {
                let evidence = evidence::of_step(self, step, &error).await;
                Err(Failed { error, evidence })
            }
        }
    }

    async fn wait(&self, step: &Step) -> Result<Ended, Failed> {
        let Op::WaitFor { service, containers, condition, required, waiters } = &step.op else {
            return Ok(Ended::Done);
        };
        let containers = containers
            .iter()
            .map(|target| Ok(Watched { id: self.container(&target.id)?, name: target.name.clone() }))
            .collect::<Result<Vec<_>, ApplyError>>()
            .map_err(|error| Failed { error, evidence: None })?;
        let wait = Wait {
            service,
            containers,
            condition: *condition,
            required: *required,
            for_user: waiters.is_empty(),
            fresh: !step.after.is_empty(),
            timeout: self.options.wait_timeout,
        };
        match wait.run(self.engine, &self.pulse, self.events, self.cancel).await {
            Ok(waited) => Ok(waited.into()),
            Err(failure) => {
                let evidence = match &failure.container {
                    Some(id) => evidence::of_container(self.engine, id).await,
                    None => None,
                };
                let evidence = evidence.map(|container| {
                    Box::new(Evidence { container: Some(container), ..Evidence::default() })
                });
                Err(Failed { error: failure.error, evidence })
            }
        }
    }

    async fn call(&self, step: &Step) -> Result<Ended, ApplyError> {
        let engine = self.engine;
        match &step.op {
            Op::PullImage { reference, platform, required } => {
                return self.pull(reference, platform.as_deref(), *required).await;
            }
            Op::CreateNetwork(spec) => {
                let id = create_network(engine, spec).await?;
                self.make(step, id.as_str(), false);
            }
            Op::RemoveNetwork { id, best_effort, .. } => {
                if self.plan.in_place_of(step).is_some() {
                    match engine.network_definition(id).await {
                        Ok(definition) => drop(self.removed[step.id.0].set(definition)),
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                let ended = removed(remove_network(engine, id).await, *best_effort)?;
                if ended == Ended::InUse {
                    self.tell_holders(id).await;
                }
                return Ok(ended);
            }
            Op::CreateVolume(spec) => engine.create_volume(spec).await?,
            Op::RemoveVolume { name, best_effort } => {
                return removed(engine.remove_volume(name).await, *best_effort);
            }
            Op::RemoveImage { reference, best_effort } => {
                return removed(engine.remove_image(reference).await, *best_effort);
            }
            Op::ConnectNetwork { network, container, endpoint, .. } => {
                let network = self.network(network)?;
                engine.connect(&network, &self.container(&container.id)?, endpoint).await?;
            }
            Op::DisconnectNetwork { network, container, .. } => {
                match engine.disconnect(network, &self.container(&container.id)?).await {
                    Ok(()) => {}
                    Err(error) if error.is_not_found() || is_off_already(&error) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Op::CreateContainer { .. } => self.create(step).await?,
            Op::StartContainer { container, uploads, post_start, .. } => {
                self.start(step, container, uploads, post_start).await?;
            }
            Op::StopContainer { container, timeout, pre_stop } => {
                let id = self.container(&container.id)?;
                self.options.listener.before_stop(&id);
                match self.hooks(&id, container, pre_stop).await {
                    Ok(()) => stop_container(engine, &id, *timeout).await?,
                    // It doesn't run (any more): that is all that was asked.
                    Err(ApplyError::Call(error)) if error.is_conflict() || error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
            Op::RestartContainer { container, timeout, pre_stop, post_start } => {
                let id = self.container(&container.id)?;
                self.options.listener.before_stop(&id);
                self.hooks(&id, container, pre_stop).await?;
                engine.stop_container(&id, *timeout).await?;
                // All that got the same grace end at once; all starts at once would only slow each other down.
                // The semaphore is never closed.
                let permit = self.restarts.acquire().await.ok();
                self.options.listener.before_start(&id, &container.name, container.service.as_ref()).await;
                engine.start_container(&id).await?;
                drop(permit);
                self.hooks(&id, container, post_start).await?;
            }
            Op::RemoveContainer { container, volumes, force } => {
                let id = self.container(&container.id)?;
                self.options.listener.before_stop(&id);
                remove_container(engine, &id, *volumes, *force).await?;
            }
            Op::RenameContainer { container, name } => {
                self.rename(&self.container(&container.id)?, name).await?;
            }
            Op::WaitFor { .. } => {}
        }
        Ok(Ended::Done)
    }

    fn make(&self, step: &Step, id: &str, adopted: bool) {
        // A step is done once, so the place is empty.
        let _ = self.made[step.id.0].set(Made { id: id.to_owned(), adopted });
    }

    /// The container a reference names.
    pub fn container(&self, id: &Ref<ContainerId>) -> Result<ContainerId, ApplyError> {
        match id {
            Ref::Existing(id) => Ok(id.clone()),
            Ref::Planned(step) => match self.made[step.0].get() {
                Some(made) => Ok(ContainerId::from(made.id.as_str())),
                None => Err(ApplyError::NeverMade { step: *step }),
            },
        }
    }

    pub(super) fn network(&self, id: &Ref<NetworkId>) -> Result<NetworkId, ApplyError> {
        match id {
            Ref::Existing(id) => Ok(id.clone()),
            Ref::Planned(step) => match self.made[step.0].get() {
                Some(made) => Ok(NetworkId::from(made.id.as_str())),
                None => Err(ApplyError::NeverMade { step: *step }),
            },
        }
    }

    async fn pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        required: bool,
    ) -> Result<Ended, ApplyError> {
        let subject = Subject::image(reference);
        let download = async {
            let mut news = self.engine.pull_image(reference, platform).await?;
            while let Some(piece) = news.next().await {
                let piece = piece?;
                if !(piece.layer.is_empty() || self.options.quiet_pull) {
                    self.events.layer(&subject, piece.layer, piece.status, piece.progress);
                }
            }
            Ok::<(), EngineError>(())
        };
        let ended = tokio::select! {
            biased;
            () = self.cancel.reached(CancelStage::Graceful) => return Ok(Ended::Interrupted),
            ended = download => ended,
        };
        match ended {
            Ok(()) => Ok(Ended::Done),
            Err(error) if !required => {
                self.events.detailed(subject, Status::Warning, error.message());
                Ok(Ended::DoneWithout)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Makes a network; one that another run made meanwhile is as good, and so is one whose making was not
/// answered.
async fn create_network(engine: &dyn Engine, spec: &NetworkSpec) -> Result<NetworkId, EngineError> {
    match engine.create_network(spec).await {
        Err(error) if error.is_conflict() => Ok(engine.inspect_network(&spec.name).await?.id),
        Err(error) if error.is_lost() => {
            engine.inspect_network(&spec.name).await.map(|network| network.id).map_err(|_| error)
        }
        answer => answer,
    }
}
