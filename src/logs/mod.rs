//! The output of many containers as one stream of lines.
//!
//! In: containers of a project, and the engine's events for those that start later. Out: [`LogEvent`]s in
//! a bounded channel: who reads slowly slows the reading of the engine down, nothing piles up here. Lines
//! of one container keep their order, and its end is told after its last line. No task is started: a
//! [`Collector`] works while its [`Collector::run`] is awaited.
//!
//! [`LogEvent`]: crate::event::LogEvent

mod collect;
mod lines;
mod source;
mod stamp;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

pub use collect::{Collector, Unreadable};
pub use source::display_name;

use crate::base::{ContainerId, ProjectName, ServiceName};
use crate::engine::{Answers, Engine, EngineError, EventQuery, Listener, LogChunk};
use crate::spec::labels;
use crate::state::ObservedContainer;

/// What to read.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project.
    pub project: ProjectName,
    /// Services whose output is read; `None` for all.
    pub shown: Option<BTreeSet<ServiceName>>,
    /// Services whose containers are waited for and whose ends are reported; `None` for all.
    pub watched: Option<BTreeSet<ServiceName>>,
    /// The containers that exist now; those of other services are passed over.
    pub containers: Vec<ObservedContainer>,
    /// How.
    pub options: Options,
}

impl Request {
    /// Whether the output of a service is read.
    pub(crate) fn shows(&self, service: &ServiceName) -> bool {
        self.shown.as_ref().is_none_or(|services| services.contains(service))
    }

    /// Whether the containers of a service are waited for.
    pub(crate) fn watches(&self, service: &ServiceName) -> bool {
        self.watched.as_ref().is_none_or(|services| services.contains(service))
    }
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Go on while containers run, with those that start later, and tell when one ends.
    pub follow: bool,
    /// The last so many lines; `None` for all.
    pub tail: Option<u64>,
    /// From then on.
    pub since: Option<String>,
    /// Until then.
    pub until: Option<String>,
    /// Lines bear a time: the engine's when logs are read, that of their arrival when attached.
    pub timestamps: bool,
}

/// Reads logs. Fails only when the engine's events can't be heard.
pub async fn read(engine: &Arc<dyn Engine>, request: Request) -> Result<Collector, EngineError> {
    let feed = match request.options.follow {
        true => Some(engine.events(events_of(&request.project)).await?),
        false => None,
    };
    Ok(Collector::new(engine.clone(), request, feed, None))
}

/// Attaches to what runs now and to what is started while the [`Attachments`] are told. What was written
/// before is not shown. The collector ends when the attachments are dropped and no watched container runs
/// any more, whatever else is shown.
pub async fn attach(
    engine: &Arc<dyn Engine>,
    request: Request,
) -> Result<(Attachments, Collector), EngineError> {
    let feed = engine.events(events_of(&request.project)).await?;
    let (sender, inbox) = mpsc::unbounded_channel();
    let (hook_sender, hook_inbox) = mpsc::channel(BUFFERED_HOOKS);
    let hooks = Hooks { request: request.clone(), sender: hook_sender };
    let attachments = Attachments { engine: engine.clone(), request: request.clone(), sender, hooks };
    let inboxes = Inboxes { announced: Some(inbox), hooks: Some(hook_inbox) };
    Ok((attachments, Collector::new(engine.clone(), request, Some(feed), Some(inboxes))))
}

fn events_of(project: &ProjectName) -> EventQuery {
    EventQuery { labels: vec![format!("{}={project}", labels::PROJECT)] }
}

/// Pieces of hooks' output that may wait to be collected.
const BUFFERED_HOOKS: usize = 64;

/// Where a collector hears of what a run does.
#[derive(Default)]
struct Inboxes {
    announced: Option<mpsc::UnboundedReceiver<Announced>>,
    hooks: Option<mpsc::Receiver<HookOutput>>,
}

/// What a hook inside a container wrote.
struct HookOutput {
    /// Display name of the container.
    container: String,
    /// `None` when the hook has ended.
    chunk: Option<LogChunk>,
}

/// Collects what hooks write, and nothing else: for a run that stops containers which are attached to.
#[derive(Clone, Debug)]
pub struct Hooks {
    request: Request,
    sender: mpsc::Sender<HookOutput>,
}

impl Attachments {
    /// Collects the output of hooks of another run.
    pub fn hooks(&self) -> Hooks {
        self.hooks.clone()
    }
}

impl Listener for Hooks {
    fn before_start<'a>(
        &'a self,
        _: &'a ContainerId,
        _: &'a str,
        _: Option<&'a ServiceName>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }

    fn before_stop(&self, _: &ContainerId) {}

    fn hook_output<'a>(
        &'a self,
        container: &'a str,
        service: Option<&'a ServiceName>,
        chunk: Option<LogChunk>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let Some(service) = service.filter(|service| self.request.shows(service)) else { return };
            let container = display_name(&self.request.project, service, container);
            // Nobody collects any more: the user has seen enough.
            let _ = self.sender.send(HookOutput { container, chunk }).await;
        })
    }
}

/// Attaches to containers just before they start, so that not one line is missed.
pub struct Attachments {
    engine: Arc<dyn Engine>,
    request: Request,
    sender: mpsc::UnboundedSender<Announced>,
    hooks: Hooks,
}

/// What a run is about to do with a container.
enum Announced {
    Start(Attached),
    Stop(ContainerId),
}

/// A container attached to before its start.
struct Attached {
    id: ContainerId,
    source: String,
    service: ServiceName,
    /// `None` when it isn't shown, or can't be attached to: then its log is read once it runs.
    output: Option<Answers<LogChunk>>,
}

impl Listener for Attachments {
    fn before_start<'a>(
        &'a self,
        container: &'a ContainerId,
        name: &'a str,
        service: Option<&'a ServiceName>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let Some(service) = service else { return };
            let shown = self.request.shows(service);
            if !(shown || self.request.watches(service)) {
                return;
            }
            let output = if shown { self.engine.attach(container).await.ok() } else { None };
            let source = display_name(&self.request.project, service, name);
            let attached = Attached { id: container.clone(), source, service: service.clone(), output };
            // Nobody collects any more: the user has seen enough.
            let _ = self.sender.send(Announced::Start(attached));
        })
    }

    fn before_stop(&self, container: &ContainerId) {
        let _ = self.sender.send(Announced::Stop(container.clone()));
    }

    fn hook_output<'a>(
        &'a self,
        container: &'a str,
        service: Option<&'a ServiceName>,
        chunk: Option<LogChunk>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        self.hooks.hook_output(container, service, chunk)
    }
}

impl std::fmt::Debug for Attachments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachments").field("project", &self.request.project).finish_non_exhaustive()
    }
}
