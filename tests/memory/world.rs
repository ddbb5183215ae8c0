//! A project's text and an engine in memory: what the laws, the plans and the use cases are tried on.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests, each using a part"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcompose::app::converge::{self, Answer, Consent, ConvergeError};
use rcompose::app::load::{LoadRequest, load};
use rcompose::app::lock::LockOptions;
use rcompose::app::request::{Facts, from_project, sharing};
use rcompose::app::{Along, Cancel, Events, Session};
use rcompose::apply::{self, Options, Report};
use rcompose::base::ServiceName;
use rcompose::diag::{Diagnostics, SourceMap};
use rcompose::load::discover::Request;
use rcompose::load::env::Environment;
use rcompose::load::files::MapFiles;
use rcompose::memory::{Behaviour, MemoryEngine, Snapshot};
use rcompose::plan::{Intent, Plan};
use rcompose::spec::Desired;
use rcompose::ui::diag::{Look, draw_in};

/// The directory the projects seem to be in, so that texts are the same on every machine.
pub const DIRECTORY: &str = "/shop";

/// What a Compose file asks for, its texts, and what was found about it.
pub struct Loaded {
    pub desired: Option<Desired>,
    pub sources: SourceMap,
    pub findings: Diagnostics,
    /// Services that are not selected and share namespaces or volumes of those that are.
    pub sharing: Vec<ServiceName>,
}

/// Loads `compose.yaml` with this text.
pub fn load_text(text: &str, services: &[&str]) -> Loaded {
    load_along(text, services, Along::Dependencies)
}

/// Likewise, with what comes along with the services named.
pub fn load_along(text: &str, services: &[&str], along: Along) -> Loaded {
    let files = MapFiles::new()
        .with_directory(DIRECTORY)
        .with(Path::new(DIRECTORY).join("compose.yaml"), text)
        .with(Path::new(DIRECTORY).join("token.txt"), "x");
    let request = Request {
        cwd: PathBuf::from(DIRECTORY),
        os: Environment::from_os(BTreeMap::from([("TOKEN".to_owned(), "t".to_owned())])),
        ..Request::default()
    };
    let services = services.iter().map(|name| (*name).to_owned()).collect();
    let wanted = LoadRequest { along, ..LoadRequest::full(request, services) };
    let mut loaded = load(&wanted, &files);
    let mut findings = std::mem::take(&mut loaded.findings);
    let sources = loaded.sources.clone();
    let project = loaded.project.filter(|_| !findings.has_errors());
    let sharing = project.as_ref().map(sharing).unwrap_or_default();
    let desired = project.map(|project| {
        let aim = from_project(project, loaded.sources, &Facts::default(), &files);
        findings.extend(aim.findings);
        findings.sort();
        aim.desired
    });
    Loaded { desired, sources, findings, sharing }
}

/// Likewise, for a text that must be without mistakes.
pub fn desired(text: &str) -> (Desired, SourceMap) {
    let loaded = load_text(text, &[]);
    assert!(
        !loaded.findings.has_errors(),
        "{text}\n{}",
        draw_in(&loaded.findings, &loaded.sources, Look::default(), Some(Path::new(DIRECTORY)))
    );
    (loaded.desired.unwrap(), loaded.sources)
}

/// What `up` of some services is about, as the command line works it out: what should exist, and the services
/// in it that are only there because they share with selected ones.
pub fn selected(text: &str, services: &[&str], no_deps: bool) -> (Desired, BTreeSet<ServiceName>) {
    let along = if no_deps { Along::Nothing } else { Along::Dependencies };
    let first = load_along(text, services, along);
    let desired = first.desired.unwrap();
    if first.sharing.is_empty() {
        return (desired, BTreeSet::new());
    }
    let bystanders: BTreeSet<ServiceName> = first.sharing.into_iter().collect();
    let names: Vec<&str> = desired.services.keys().chain(&bystanders).map(ServiceName::as_str).collect();
    (load_along(text, &names, Along::Nothing).desired.unwrap(), bystanders)
}

/// Work on paused time, so that hours take no time.
pub fn with_paused_time<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

/// Answers every question alike.
pub struct Always(pub Answer);

impl Consent for Always {
    fn recreate_volume(&self, _: &str) -> Answer {
        self.0
    }
}

/// How a run goes.
#[derive(Clone)]
pub struct Run {
    pub events: Events,
    pub cancel: Cancel,
    /// The limit of every kind of call.
    pub limit: usize,
    /// Whether volumes may be recreated.
    pub consent: Answer,
    pub wait_timeout: Option<Duration>,
}

impl Default for Run {
    fn default() -> Run {
        Run {
            events: Events::none(),
            cancel: Cancel::never(),
            limit: 8,
            consent: Answer::Yes,
            wait_timeout: None,
        }
    }
}

/// What use cases need, on this engine.
pub fn session(engine: &MemoryEngine, run: &Run) -> Session {
    Session {
        engine: Arc::new(engine.clone()),
        events: run.events.clone(),
        cancel: run.cancel.clone(),
        parallel: None,
        lock: LockOptions::none(),
    }
}

/// The plan of an intent in the world as it is now.
pub async fn plan(
    engine: &MemoryEngine,
    desired: &Desired,
    intent: Intent,
    run: &Run,
) -> Result<Plan, ConvergeError> {
    converge::make_plan(&session(engine, run), desired.clone(), intent, &Always(run.consent)).await
}

/// Looks, plans, and carries out.
pub async fn converge(
    engine: &MemoryEngine,
    desired: &Desired,
    intent: Intent,
    run: &Run,
) -> Result<(Plan, Report), ConvergeError> {
    let plan = plan(engine, desired, intent, run).await?;
    let options = Options {
        start_limit: run.limit,
        stop_limit: run.limit,
        write_limit: run.limit,
        pull_limit: run.limit,
        wait_timeout: run.wait_timeout,
        ..Options::new(&desired.project, &(), 2)
    };
    let session = session(engine, run);
    let report = apply::run(&session.engine, &plan, &options, &run.events, &run.cancel).await;
    Ok((plan, report))
}

/// The world when everything that was to happen by itself has happened.
pub async fn settled(engine: &MemoryEngine) -> Snapshot {
    tokio::time::sleep(Duration::from_secs(3600)).await;
    engine.snapshot()
}

/// An engine with the images the projects use: `job` ends well after a second, `app` has a newer one to
/// be pulled.
pub fn engine(api: rcompose::state::ApiVersion) -> MemoryEngine {
    let engine = MemoryEngine::with_api(api);
    engine.add_image("app:1");
    engine.add_image("job");
    engine.publish("app:2");
    engine.behave("job", Behaviour { exit_after: Some(Duration::from_secs(1)), ..Behaviour::default() });
    engine
}

/// A name of a service.
pub fn service(name: &str) -> ServiceName {
    ServiceName::from(name)
}
