//! Brings the output of many containers together.

mod open;

use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, SelectAll};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use open::Openings;

use super::lines::Lines;
use super::source::{display_name, service_of};
use super::stamp::Stamp;
use super::{Announced, Attached, HookOutput, Inboxes, Request};
use crate::base::{ContainerId, ServiceName};
use crate::engine::{Answers, Engine, EngineError, EngineEvent, EventKind, LogChunk};
use crate::event::{HOOK_MARK, LogEvent, Stream as Output};
use crate::spec::labels;
use crate::state::ContainerState;

/// How long the end of a container is held back for its last lines.
const LAST_LINES: Duration = Duration::from_secs(2);
/// How long news of a start may take once whoever starts has finished.
const LATE_NEWS: Duration = Duration::from_millis(500);

/// Containers whose logs could not be read: display name and why.
pub type Unreadable = Vec<(String, EngineError)>;

type Pieces = Pin<Box<dyn Stream<Item = (ContainerId, Piece)> + Send>>;
type Chore = Pin<Box<dyn Future<Output = News> + Send>>;

/// A part of an output.
enum Piece {
    Chunk(LogChunk),
    /// It ended, or broke off.
    End(Option<EngineError>),
}

/// What a chore found out.
enum News {
    /// A log was opened, or can't be.
    Opened(ContainerId, Result<Answers<LogChunk>, EngineError>),
    /// A container ended: with which code, whether the engine starts it again, how often it did so.
    /// `heard` when an event said so first.
    Ended { id: ContainerId, code: i64, again: bool, restarts: i64, heard: bool },
    /// Its last lines had their time.
    Overdue(ContainerId),
    /// It was attached to, and doesn't run although whoever starts has finished.
    NeverStarted(ContainerId),
    /// All is as it was.
    Nothing,
}

/// What is known of a container.
struct Watched {
    source: String,
    service: ServiceName,
    /// Its output is read.
    shown: bool,
    /// It is waited for, and its end is reported.
    counts: bool,
    lines: Lines,
    /// It runs, or is about to.
    alive: bool,
    /// Its output is being read.
    live: bool,
    /// Announced before its start, and not started yet.
    early: bool,
    /// The run stops it: its end is no news.
    retired: bool,
    /// Started again while the output of the run before was still read.
    again: bool,
    /// How often the engine had started it again when it last ended; `None` when that isn't known.
    restarts: Option<i64>,
    /// When it ended last, as far as events told.
    ended_at: Option<String>,
    /// An event said that it ended, and nobody knows yet whether for good.
    died: Option<i64>,
    /// It ended; told after its last line.
    end: Option<(i64, bool)>,
}

/// Brings the output of many containers together.
pub struct Collector {
    engine: Arc<dyn Engine>,
    request: Request,
    feed: Option<Answers<EngineEvent>>,
    inbox: Option<mpsc::UnboundedReceiver<Announced>>,
    hooks: Option<mpsc::Receiver<HookOutput>>,
    /// Unfinished lines of hooks, by the display name of their container.
    hook_lines: HashMap<String, Lines>,
    attached: bool,
    watched: BTreeMap<ContainerId, Watched>,
    pieces: SelectAll<Pieces>,
    chores: FuturesUnordered<Chore>,
    openings: Openings,
    unreadable: HashMap<ContainerId, EngineError>,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Collector {
    pub(super) fn new(
        engine: Arc<dyn Engine>,
        request: Request,
        feed: Option<Answers<EngineEvent>>,
        inboxes: Option<Inboxes>,
    ) -> Collector {
        let attached = inboxes.is_some();
        let Inboxes { announced: inbox, hooks } = inboxes.unwrap_or_default();
        let mut collector = Collector {
            engine,
            request,
            feed,
            inbox,
            hooks,
            hook_lines: HashMap::new(),
            attached,
            watched: BTreeMap::new(),
            pieces: SelectAll::new(),
            chores: FuturesUnordered::new(),
            openings: Openings::default(),
            unreadable: HashMap::new(),
        };
        let mut containers = std::mem::take(&mut collector.request.containers);
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        for container in containers {
            let Some(service) = service_of(&container.labels).filter(|service| collector.wants(service))
            else {
                continue;
            };
            let runs = matches!(
                container.state,
                ContainerState::Running | ContainerState::Restarting | ContainerState::Paused
            );
            let source = display_name(&collector.request.project, &service, &container.name);
            collector.watch(&container.id, source, service.clone(), runs);
            if !collector.request.shows(&service) {
                continue;
            }
            if attached && runs {
                collector.listen(&container.id);
            } else if !attached {
                collector.open(&container.id, collector.request.options.since.clone(), runs);
            }
        }
        collector
    }

    /// Display names of the containers known so far, by name: the order of colours.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.watched.values().map(|one| one.source.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Collects until nothing more can come, or nobody listens any more.
    pub async fn run(mut self, out: mpsc::Sender<LogEvent>) -> Unreadable {
        while !self.is_over() {
            let told = tokio::select! {
                // A container is announced before the event of its start.
                biased;
                () = out.closed() => break,
                announced = next_announced(&mut self.inbox) => {
                    match announced {
                        Some(Announced::Start(attached)) => self.attach(attached),
                        Some(Announced::Stop(id)) => self.retire(&id),
                        None => self.announced_all(),
                    }
                    Vec::new()
                }
                event = next_event(&mut self.feed) => self.event(event),
                output = next_hook_output(&mut self.hooks) => match output {
                    Some(output) => self.hook(output),
                    None => {
                        self.hooks = None;
                        Vec::new()
                    }
                },
                Some(news) = self.chores.next() => self.news(news),
                Some((id, piece)) = self.pieces.next() => match piece {
                    Piece::Chunk(chunk) => self.piece(&id, &chunk),
                    Piece::End(error) => {
                        // Of what is followed, the events tell what became of it.
                        if let Some(error) = error.filter(|_| !self.request.options.follow) {
                            self.unreadable.insert(id.clone(), error);
                        }
                        self.ran_dry(&id)
                    }
                },
            };
            for event in told {
                if out.send(event).await.is_err() {
                    return self.unreadable();
                }
            }
        }
        self.unreadable()
    }

    fn unreadable(&self) -> Unreadable {
        let name = |id: &ContainerId| self.watched.get(id).map_or(id.to_string(), |one| one.source.clone());
        let mut all: Unreadable =
            self.unreadable.iter().map(|(id, error)| (name(id), error.clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn is_over(&self) -> bool {
        let mut counted = self.watched.values().filter(|one| one.counts);
        // Without events nobody reports new starts.
        let goes_on = |one: &Watched| (one.live && !one.early) || (self.feed.is_some() && one.alive);
        self.inbox.is_none() && self.chores.is_empty() && !counted.any(goes_on)
    }

    fn wants(&self, service: &ServiceName) -> bool {
        self.request.shows(service) || self.request.watches(service)
    }

    fn watch(&mut self, id: &ContainerId, source: String, service: ServiceName, alive: bool) {
        let fresh = Watched {
            source,
            shown: self.request.shows(&service),
            counts: self.request.watches(&service),
            service,
            lines: Lines::default(),
            alive,
            live: false,
            early: false,
            retired: false,
            again: false,
            restarts: None,
            ended_at: None,
            died: None,
            end: None,
        };
        let one = self.watched.entry(id.clone()).or_insert(fresh);
        one.alive |= alive;
    }

    /// The run that starts containers is over.
    fn announced_all(&mut self) {
        self.inbox = None;
        let early: Vec<ContainerId> =
            self.watched.iter().filter(|(_, one)| one.early).map(|(id, _)| id.clone()).collect();
        for id in early {
            let engine = self.engine.clone();
            self.chores.push(Box::pin(async move {
                match engine.inspect_container(&id).await {
                    Ok(detail) if detail.state == ContainerState::Running => News::Nothing,
                    _ => {
                        tokio::time::sleep(LATE_NEWS).await;
                        News::NeverStarted(id)
                    }
                }
            }));
        }
    }

    /// The run stops or removes a container.
    fn retire(&mut self, id: &ContainerId) {
        if let Some(one) = self.watched.get_mut(id) {
            one.retired = true;
        }
    }

    fn attach(&mut self, attached: Attached) {
        let Attached { id, source, service, output } = attached;
        self.watch(&id, source, service, true);
        let Some(one) = self.watched.get_mut(&id) else { return };
        one.retired = false;
        one.early = true;
        one.restarts = Some(0);
        if let Some(output) = output {
            one.live = true;
            self.read(&id, output);
        }
    }

    fn piece(&mut self, id: &ContainerId, chunk: &LogChunk) -> Vec<LogEvent> {
        let stamp = self.stamp();
        let Some(one) = self.watched.get_mut(id) else { return Vec::new() };
        let Watched { source, lines, .. } = one;
        let mut told = Vec::new();
        lines.push(chunk.stream, &chunk.bytes, |text| told.push(stamp.line(source, chunk.stream, text)));
        told
    }

    /// A hook wrote. All of it is shown on standard output, as in Docker Compose.
    fn hook(&mut self, output: HookOutput) -> Vec<LogEvent> {
        let stamp = self.stamp();
        let HookOutput { container, chunk } = output;
        let source = format!("{container}{HOOK_MARK}");
        let mut told = Vec::new();
        match chunk {
            Some(chunk) => {
                let lines = self.hook_lines.entry(container).or_default();
                lines.push(chunk.stream, &chunk.bytes, |text| {
                    told.push(stamp.line(&source, Output::Stdout, text));
                });
            }
            None => {
                if let Some(mut lines) = self.hook_lines.remove(&container) {
                    lines.finish(|_, text| told.push(stamp.line(&source, Output::Stdout, text)));
                }
            }
        }
        told
    }

    /// An output ended.
    fn ran_dry(&mut self, id: &ContainerId) -> Vec<LogEvent> {
        self.closed(id);
        let stamp = self.stamp();
        let Some(one) = self.watched.get_mut(id) else { return Vec::new() };
        let mut told = Vec::new();
        let Watched { source, lines, .. } = one;
        lines.finish(|stream, text| told.push(stamp.line(source, stream, text)));
        one.live = false;
        told.extend(tell_end(one));
        if std::mem::take(&mut one.again) {
            self.open_present_run(id);
        } else if self.feed.is_none() && self.request.options.follow && one.alive {
            self.look(id, None);
        }
        told
    }

    /// Asks what became of a container that ended, or seems to have.
    fn look(&mut self, id: &ContainerId, code: Option<i64>) {
        let (engine, id) = (self.engine.clone(), id.clone());
        self.chores.push(Box::pin(async move {
            match (engine.inspect_container(&id).await, code) {
                (Ok(detail), code) => {
                    let again = detail.restarting
                        || matches!(detail.state, ContainerState::Running | ContainerState::Restarting);
                    let (heard, code) = (code.is_some(), code.unwrap_or(detail.exit_code));
                    News::Ended { id, code, again, restarts: detail.restart_count, heard }
                }
                (Err(_), Some(code)) => News::Ended { id, code, again: false, restarts: 0, heard: true },
                (Err(_), None) => News::Nothing,
            }
        }));
    }

    fn news(&mut self, news: News) -> Vec<LogEvent> {
        match news {
            News::Nothing => {}
            News::Opened(id, Ok(output)) => {
                if let Some(one) = self.watched.get_mut(&id) {
                    // Runs that began meanwhile are in it.
                    one.again = false;
                }
                self.opened(&id);
                self.read(&id, output);
            }
            News::Opened(id, Err(error)) => {
                if !error.is_not_found() {
                    self.unreadable.insert(id.clone(), error);
                }
                return self.ran_dry(&id);
            }
            News::Ended { id, code, again, restarts, heard } => {
                let Some(one) = self.watched.get_mut(&id) else { return Vec::new() };
                if heard && one.died.take().is_none() {
                    // Its next start told it already.
                    one.restarts = Some(restarts);
                    return Vec::new();
                }
                // A look that comes late shows the end of a later run: this one was followed by it.
                let again = again || one.restarts.is_some_and(|before| restarts > before);
                one.restarts = Some(restarts);
                one.end = Some((code, again));
                if !one.live {
                    return tell_end(one).into_iter().collect();
                }
                self.chores.push(Box::pin(async move {
                    tokio::time::sleep(LAST_LINES).await;
                    News::Overdue(id)
                }));
            }
            News::Overdue(id) => {
                return self.watched.get_mut(&id).and_then(tell_end).into_iter().collect();
            }
            News::NeverStarted(id) => {
                if let Some(one) = self.watched.get_mut(&id).filter(|one| one.early) {
                    one.alive = false;
                }
            }
        }
        Vec::new()
    }

    fn event(&mut self, event: Option<EngineEvent>) -> Vec<LogEvent> {
        let Some(event) = event else {
            self.feed = None;
            let silent: Vec<ContainerId> = self
                .watched
                .iter()
                .filter(|(_, one)| one.alive && !one.live)
                .map(|(id, _)| id.clone())
                .collect();
            silent.iter().for_each(|id| self.look(id, None));
            return Vec::new();
        };
        let Some(service) = service_of(&event.attributes).filter(|service| self.wants(service)) else {
            return Vec::new();
        };
        let id = event.container;
        match event.kind {
            EventKind::Create => {
                let source = display_name(&self.request.project, &service, &event.name);
                self.watch(&id, source, service, true);
                // That this run replaces containers is reported by its own events.
                let news = self.inbox.is_none() && self.watched.get(&id).is_some_and(|one| one.counts);
                if let Some(replaced) = event.attributes.get(labels::REPLACE).filter(|_| news) {
                    return vec![LogEvent::Recreated { source: replaced.clone() }];
                }
            }
            EventKind::Start => {
                let source = display_name(&self.request.project, &service, &event.name);
                self.watch(&id, source, service, true);
                let Some(one) = self.watched.get_mut(&id) else { return Vec::new() };
                // An engine answers no questions about a container while it restarts it; the start
                // itself says that the end was not for good, and comes before the new run's lines.
                let ended = one.died.take().map(|code| (code, true));
                one.end = one.end.or(ended);
                let told = if one.live { None } else { tell_end(one) };
                let early = std::mem::take(&mut one.early);
                if !one.shown || (early && one.live) {
                    // There is nothing to read, or it is read already.
                } else if one.live {
                    one.again = true;
                } else {
                    self.open_present_run(&id);
                }
                return told.into_iter().collect();
            }
            EventKind::Die(code) => {
                if let Some(one) = self.watched.get_mut(&id) {
                    one.died = Some(code);
                    one.ended_at = Some(event.time).filter(|time| !time.is_empty());
                    self.look(&id, Some(code));
                }
            }
            EventKind::Destroy => {
                if let Some(one) = self.watched.get_mut(&id) {
                    one.alive = false;
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn stamp(&self) -> Stamp {
        match (self.request.options.timestamps, self.attached) {
            (false, _) => Stamp::None,
            (true, false) => Stamp::Engine,
            (true, true) => Stamp::Local,
        }
    }
}

/// Tells that a container ended, when it did.
fn tell_end(one: &mut Watched) -> Option<LogEvent> {
    let (code, restarting) = one.end.take()?;
    one.alive = restarting;
    if !one.counts || one.retired {
        return None;
    }
    Some(LogEvent::Exited { source: one.source.clone(), service: one.service.clone(), code, restarting })
}

async fn next_hook_output(hooks: &mut Option<mpsc::Receiver<HookOutput>>) -> Option<HookOutput> {
    match hooks {
        Some(hooks) => hooks.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_event(feed: &mut Option<Answers<EngineEvent>>) -> Option<EngineEvent> {
    match feed {
        Some(feed) => feed.next().await.and_then(Result::ok),
        None => std::future::pending().await,
    }
}

async fn next_announced(inbox: &mut Option<mpsc::UnboundedReceiver<Announced>>) -> Option<Announced> {
    match inbox {
        Some(inbox) => inbox.recv().await,
        None => std::future::pending().await,
    }
}
