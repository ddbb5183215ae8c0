//! From a project to an engine that matches it: the second half of the program.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::lock::{LockError, ProjectLock};
use super::{CancelStage, Session, race};
use crate::apply::{self, Listener, Options, Report};
use crate::base::ProjectName;
use crate::diag::Diagnostic;
use crate::engine::EngineError;
use crate::event::{Event, Level};
use crate::observe::{self, Query};
use crate::plan::{self, Action, Hazard, Input, Intent, Plan, PlanErrors, VolumeChoice};
use crate::spec::{Desired, PullPolicy};
use crate::state::Observed;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ConvergeError {
    /// The engine could not be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The project may not be changed now.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No plan can be made.
    #[error(transparent)]
    Plan(#[from] PlanErrors),
    /// A name on the command line is that of no service.
    #[error("{}", .0.message)]
    NoSuchService(Box<Diagnostic>),
    /// Only the project's name is known, and nothing on the engine bears it.
    #[error("no container found for project \"{0}\": not found")]
    NothingThere(ProjectName),
}

/// What the user says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No, or nobody is there to answer.
    No,
    /// It isn't asked now: nothing is carried out yet. The question stays in the plan.
    NotAsked,
}

/// Whether the user agrees to what may lose data.
pub trait Consent: Send + Sync {
    /// Asks about one volume whose definition changed: may it be recreated?
    fn recreate_volume(&self, name: &str) -> Answer;
}

/// For a plan that is only shown: what `--yes` agrees to is agreed to, and the rest stays a question.
#[derive(Clone, Copy, Debug)]
pub struct Preview {
    /// `--yes`.
    pub yes: bool,
}

impl Consent for Preview {
    fn recreate_volume(&self, _: &str) -> Answer {
        if self.yes { Answer::Yes } else { Answer::NotAsked }
    }
}

/// How the run goes, beside what it does.
pub struct Way<'a> {
    /// Told what is about to be done with containers.
    pub listener: &'a dyn Listener,
    /// Asked before data is lost.
    pub consent: &'a dyn Consent,
    /// How long a wait may take.
    pub wait_timeout: Option<Duration>,
    /// Whether the layers of images are left out of the events.
    pub quiet_pull: bool,
}

/// What was planned and how it went.
#[derive(Debug)]
pub struct Converged {
    /// The plan.
    pub plan: Plan,
    /// How it went.
    pub report: Report,
}

/// How often a run that lost a race against another client is planned again.
const MOST_RACES: u64 = 5;

/// Looks, plans, asks, and carries out. The lock is taken by the caller, before it looks at anything that the
/// plan is to rest on; who changes the project without it may win a race, after which all is done again.
pub async fn converge(
    session: &Session,
    _lock: &ProjectLock,
    desired: Desired,
    intent: Intent,
    way: &Way<'_>,
) -> Result<Converged, ConvergeError> {
    let mut lost = 0;
    loop {
        let done = converge_once(session, &desired, intent.clone(), way).await?;
        let again = lost < MOST_RACES
            && session.cancel.stage() == CancelStage::Running
            && race::was_lost(&*session.engine, &desired.project, &done.plan, &done.report).await;
        if !again {
            return Ok(done);
        }
        lost += 1;
        let project = &desired.project;
        let text = format!(
            "another client is changing project \"{project}\" too: planning again ({lost} of {MOST_RACES})"
        );
        session.events.send(Event::Message { level: Level::Warning, text });
        // Whoever else has lost as well should not come back at the same moment.
        let apart = u64::from(std::process::id() % 8) + 1;
        tokio::time::sleep(Duration::from_millis(50 * apart * lost)).await;
    }
}

async fn converge_once(
    session: &Session,
    desired: &Desired,
    intent: Intent,
    way: &Way<'_>,
) -> Result<Converged, ConvergeError> {
    let plan = make_plan(session, desired.clone(), intent, way.consent).await?;
    // Only who starts something needs to know how many starts at a time the engine can bear.
    let starts =
        plan.steps.iter().any(|step| matches!(step.op.facts().action, Action::Start | Action::Restart));
    let cores = match session.parallel {
        None if starts => session.engine.cores().await?,
        _ => std::thread::available_parallelism().map_or(2, usize::from),
    };
    let mut options = Options::new(&desired.project, way.listener, cores);
    options.wait_timeout = way.wait_timeout;
    options.quiet_pull = way.quiet_pull;
    if let Some(limit) = session.parallel {
        options.limit(limit);
    }
    let report = apply::run(&session.engine, &plan, &options, &session.events, &session.cancel).await;
    Ok(Converged { plan, report })
}

/// Looks and plans. What may lose data is done only where `consent` says yes.
pub async fn make_plan(
    session: &Session,
    mut desired: Desired,
    mut intent: Intent,
    consent: &dyn Consent,
) -> Result<Plan, ConvergeError> {
    let engine = &*session.engine;
    let up = matches!(intent, Intent::Up(_));
    let removes_images = matches!(&intent, Intent::Down(down) if down.images.is_some());
    let images = up || removes_images;
    let query = Query { project: desired.project.clone(), desired: Some(&desired), images };
    let mut observed = observe::snapshot(engine, &query).await?;
    // Any answer has told it, so that this needs no request.
    let capabilities = engine.capabilities().await?;
    if removes_images {
        observed.images.extend(observe::built_images(engine, &desired.project).await?);
    }
    refresh(&mut desired, &observed, jiff::Timestamp::now().as_second());
    // Only containers that are to be replaced are inspected: for the words of the reasons.
    let diverged = if up { plan::diverged(&desired, &observed) } else { Vec::new() };
    let details = observe::details(engine, &diverged).await?;
    let make = |desired: &Desired, intent: &Intent, details: &HashMap<_, _>| {
        let input = Input { desired, observed: &observed, details, capabilities: &capabilities };
        plan::make(input, intent)
    };
    let plan = make(&desired, &intent, &details)?;
    let answered: BTreeMap<String, VolumeChoice> = plan
        .hazards
        .iter()
        .filter_map(|hazard| match hazard {
            Hazard::VolumeDefinitionChanged { key, name, .. } => match consent.recreate_volume(name) {
                Answer::Yes => Some((key.clone(), VolumeChoice::Recreate)),
                Answer::No => Some((key.clone(), VolumeChoice::Keep)),
                Answer::NotAsked => None,
            },
            _ => None,
        })
        .collect();
    match &mut intent {
        Intent::Up(up) if !answered.is_empty() => {
            up.changed_volumes = answered;
            Ok(make(&desired, &intent, &details)?)
        }
        _ => Ok(plan),
    }
}

/// Turns refresh periods into "pull" or "don't": the planner has no clock.
fn refresh(desired: &mut Desired, observed: &Observed, now: i64) {
    for service in desired.services.values_mut() {
        if let PullPolicy::Refresh(period) = service.pull_policy {
            let tagged = observed.images.get(&service.container.image).and_then(|image| image.last_tagged);
            let due = tagged.is_none_or(|tagged| tagged.saturating_add(period) < now);
            service.pull_policy = if due { PullPolicy::Always } else { PullPolicy::Missing };
        }
    }
}
