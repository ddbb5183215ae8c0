//! `down`, `start`, `stop`, `restart`.

use std::time::Duration;

use clap::Args;

use crate::app::converge::{self, ConvergeError, Preview, Way};
use crate::app::lock::{self, LockError};
use crate::app::request::{self, Aim, Named};
use crate::app::{self, Along};
use crate::base::ServiceName;
use crate::cli::exit;
use crate::cli::front::{Asker, Failed, Front, Target, seconds};
use crate::cli::usage::whole;
use crate::diag::SourceMap;
use crate::event::{Event, Level};
use crate::plan::{self, Intent, RemoveImages};
use crate::ui;

/// Stop and remove the project's containers and networks
#[derive(Args, Clone, Debug, Default)]
pub struct Down {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Remove the volumes too: declared and anonymous ones, with their data
    #[arg(short, long, alias = "volume")]
    pub volumes: bool,

    /// Remove containers of services that are no longer in the files [env: COMPOSE_REMOVE_ORPHANS]
    #[arg(long)]
    pub remove_orphans: bool,

    /// Remove images too: local (those without a name in the file, or built for it) or all
    #[arg(long, value_name = "WHICH")]
    pub rmi: Option<String>,

    /// Shutdown timeout in seconds
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole)]
    pub timeout: Option<i64>,
}

/// Start existing containers
#[derive(Args, Clone, Debug, Default)]
pub struct Start {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Wait until services are running or healthy
    #[arg(long)]
    pub wait: bool,

    /// Maximum time to wait, in seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole)]
    pub wait_timeout: Option<i64>,
}

/// Stop containers, without removing them
#[derive(Args, Clone, Debug, Default)]
pub struct Stop {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Shutdown timeout in seconds
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole)]
    pub timeout: Option<i64>,
}

/// Restart containers
#[derive(Args, Clone, Debug, Default)]
pub struct Restart {
    /// Only these services, and those that restart together with them
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Don't restart the services that depend on them
    #[arg(long)]
    pub no_deps: bool,

    /// Shutdown timeout in seconds
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole)]
    pub timeout: Option<i64>,
}

/// Runs `down`.
pub fn run_down(front: &Front, down: &Down) -> u8 {
    let remove_orphans = down.remove_orphans || front.process.is_on("COMPOSE_REMOVE_ORPHANS");
    let images = match down.rmi.as_deref() {
        None | Some("") => None,
        Some("local") => Some(RemoveImages::Local),
        Some("all") => Some(RemoveImages::All),
        Some(other) => return front.fail(format!("invalid value for --rmi: \"{other}\"")),
    };
    act(front, "down", &down.services, None, |targets| {
        Intent::Down(plan::Down {
            targets,
            volumes: down.volumes,
            remove_orphans,
            images,
            timeout: seconds(down.timeout),
        })
    })
}

/// Runs `start`.
pub fn run_start(front: &Front, start: &Start) -> u8 {
    let limit = seconds(start.wait_timeout);
    act(front, "start", &start.services, limit, |targets| {
        Intent::Start(plan::Start { targets, wait: start.wait })
    })
}

/// Runs `stop`.
pub fn run_stop(front: &Front, stop: &Stop) -> u8 {
    act(front, "stop", &stop.services, None, |targets| {
        Intent::Stop(plan::Stop { targets, timeout: seconds(stop.timeout) })
    })
}

/// Runs `restart`.
pub fn run_restart(front: &Front, restart: &Restart) -> u8 {
    act(front, "restart", &restart.services, None, |targets| {
        Intent::Restart(plan::Restart {
            targets,
            no_deps: restart.no_deps,
            timeout: seconds(restart.timeout),
        })
    })
}

fn names_one_that_is_off(aim: &Aim, services: &[String]) -> bool {
    request::named(&aim.desired, services).services.iter().any(|name| aim.desired.others.contains(name))
}

/// Loads or asks the labels, then carries the intent out.
fn act(
    front: &Front,
    operation: &'static str,
    services: &[String],
    wait_timeout: Option<Duration>,
    intent: impl FnOnce(Vec<ServiceName>) -> Intent,
) -> u8 {
    // What restarts with a service is no dependency of it: the whole project is needed.
    let (selected, along) = match operation {
        "restart" => (&[][..], Along::Nothing),
        _ => (services, Along::Dependencies),
    };
    let target = match front.aim(selected, along) {
        Ok(target) => target,
        Err(code) => return code,
    };
    let target = match target {
        // A service that its profiles keep off is there when it is named.
        Target::Aim(aim) if names_one_that_is_off(&aim, services) => {
            match front.aim(services, Along::Dependents) {
                Ok(target) => target,
                Err(code) => return code,
            }
        }
        target => target,
    };
    let dry_run = front.global.dry_run;
    let sources = match &target {
        Target::Aim(aim) => aim.sources.clone(),
        Target::Name(_) => SourceMap::new(),
    };
    let outcome = front.run(async |session| {
        let project = match &target {
            Target::Aim(aim) => &aim.desired.project,
            Target::Name(name) => name,
        };
        // Before the labels are read: another command may be changing what they tell.
        let lock = match dry_run {
            true => None,
            false => Some(lock::acquire(&session, project, operation).await?),
        };
        let aim = match target {
            Target::Aim(aim) => *aim,
            Target::Name(name) => request::from_labels(&session, &name).await?,
        };
        let project = aim.desired.project.clone();
        if operation == "start" && !aim.from_files && aim.desired.services.is_empty() {
            return Err(ConvergeError::NothingThere(project));
        }
        let Named { services: mut targets, unknown } = request::named(&aim.desired, services);
        // Without a file a service may be one that has no container now: nothing is left to stop or remove.
        let forgiving = !aim.from_files && matches!(operation, "stop" | "down");
        if let Some(name) = unknown.first().filter(|_| !forgiving) {
            let finding = request::no_such_service(&aim.desired, name);
            return Err(ConvergeError::NoSuchService(Box::new(finding)));
        }
        if targets.is_empty() && !services.is_empty() {
            // No targets would mean all of them.
            if operation == "down" {
                let names = unknown.join(" ");
                let text = format!("Any of the services [{names}] not running in project \"{project}\"");
                session.events.send(Event::Message { level: Level::Info, text });
            }
            let (plan, report) = (plan::Plan::default(), Some(app::Report::default()));
            return Ok(Done { plan, report, sources: aim.sources });
        }
        // Without a file the whole project is known, and dependants go with what they depend on.
        if !aim.from_files && !targets.is_empty() && operation == "down" {
            targets = request::with_dependants(&aim.desired, &targets);
        }
        let intent = intent(targets);
        let Some(lock) = lock else {
            let plan = converge::make_plan(&session, aim.desired, intent, &Preview { yes: false }).await?;
            return Ok(Done { plan, report: None, sources: aim.sources });
        };
        session.events.send(Event::Began { operation });
        let way = Way { listener: &(), consent: &Asker { yes: false }, wait_timeout, quiet_pull: false };
        let known = !aim.desired.services.is_empty() || !aim.desired.networks.is_empty();
        let done = converge::converge(&session, &lock, aim.desired, intent, &way).await?;
        session.events.send(Event::Ended { operation });
        if operation == "down" && done.plan.steps.is_empty() && done.plan.warnings.is_empty() && !known {
            let text = format!("No resource found to remove for project \"{project}\".");
            session.events.send(Event::Message { level: Level::Warning, text });
        }
        Ok::<_, ConvergeError>(Done { plan: done.plan, report: Some(done.report), sources: aim.sources })
    });
    finish(front, outcome, &sources)
}

/// What a command did.
pub struct Done {
    /// What was planned.
    pub plan: plan::Plan,
    /// How it went; `None` for a dry run.
    pub report: Option<app::Report>,
    /// The texts behind it.
    pub sources: SourceMap,
}

/// Tells how a command ended. `sources` are the texts behind what could not be planned.
pub fn finish(
    front: &Front,
    outcome: Result<Result<Done, ConvergeError>, Failed>,
    sources: &SourceMap,
) -> u8 {
    let done = match outcome {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => return refuse(front, error, sources),
        Err(failed) => return front.failed(&failed),
    };
    for warning in &done.plan.warnings {
        front.warn(&plan::warning_words(warning, &done.sources));
    }
    let Some(report) = done.report else {
        let printed = plan::print(&done.plan, &done.sources, &front.exposure());
        return front.print(&ui::plan::text(&printed, front.colours_out()), exit::OK);
    };
    tell_failures(front, &report, &done.sources);
    u8::try_from(report.exit_code()).unwrap_or(exit::ERROR)
}

/// Tells why nothing was done; gives the exit code.
pub fn refuse(front: &Front, error: ConvergeError, sources: &SourceMap) -> u8 {
    match error {
        ConvergeError::Plan(errors) => {
            draw(front, app::failure::tell_refusals(&errors, sources));
            exit::ERROR
        }
        ConvergeError::NoSuchService(finding) => front.refuse(*finding),
        ConvergeError::Engine(error) => front.fail_engine(&error),
        ConvergeError::Lock(LockError::Cancelled) => exit::CANCELLED,
        error => front.fail(error.to_string()),
    }
}

/// Draws the failures of a run on standard error.
pub fn tell_failures(front: &Front, report: &app::Report, sources: &SourceMap) {
    draw(front, app::failure::tell(report, sources, &front.hidden()));
}

fn draw(front: &Front, failures: Vec<app::failure::Told>) {
    failures.into_iter().for_each(|told| front.failure(told));
}
