//! The port in memory: a model of an engine with a real daemon's rules, for laws and simulation.
//!
//! In: the same calls as any engine, and the behaviour wished for containers. Out: the same answers and
//! refusals (the contract suite holds both to it), a record of the calls, and a comparable picture of the
//! world. Nothing runs by itself: what should happen later is noted with its time and takes place when
//! somebody looks or listens, so tests with paused time are exact.

mod container;
mod name;
mod network;
mod port;
mod snapshot;
mod world;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::engine::{EngineError, ExecOutput};
use crate::event;
use crate::state::{ApiVersion, ObservedImage};
use world::World;

pub use snapshot::{Snapshot, SnapshotContainer};

/// An engine in memory; clones are the same engine.
#[derive(Clone)]
pub struct MemoryEngine {
    shared: Arc<Shared>,
}

struct Shared {
    world: Mutex<World>,
    /// Told after every change.
    changed: Notify,
    readers: Readers,
    /// Called once, when so many changing calls have ended.
    afterwards: Mutex<Vec<(usize, Action)>>,
}

/// Who reads outputs of containers: how many now, and how many at most.
#[derive(Default)]
struct Readers {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Something a test does at one moment of a run.
type Action = Box<dyn FnOnce() + Send>;

/// What containers do once they are started.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Ends by itself after so long; `None` runs until it is stopped.
    pub exit_after: Option<Duration>,
    /// Exit code of that end.
    pub exit_code: i64,
    /// With a health check: passes after so long; `None` never passes.
    pub healthy_after: Option<Duration>,
    /// With a health check: fails for good after so long.
    pub unhealthy_after: Option<Duration>,
    /// What its health check prints.
    pub check_output: String,
    /// The start is refused with these words.
    pub fail_start: Option<String>,
    /// Time between the stop signal and the end; longer than the grace period it is killed.
    pub stop_takes: Duration,
    /// What it prints when it starts; newlines included.
    pub output: Vec<(event::Stream, String)>,
    /// What commands inside it do.
    pub exec: ExecOutput,
}

impl Default for Behaviour {
    fn default() -> Behaviour {
        Behaviour {
            exit_after: None,
            exit_code: 0,
            healthy_after: Some(Duration::from_millis(100)),
            unhealthy_after: None,
            check_output: String::new(),
            fail_start: None,
            stop_takes: Duration::ZERO,
            output: Vec::new(),
            exec: ExecOutput::default(),
        }
    }
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// Name of the trait's method.
    pub operation: &'static str,
    /// What it was about: a name where there is one.
    pub subject: String,
    /// Whether it can change the world.
    pub change: bool,
}

/// A trouble to come. Changing calls are counted from 1, from the moment the engine was made.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The nth changing call fails with this error and does nothing.
    Fail(usize, EngineError),
    /// The nth changing call takes effect, and its answer is lost: it fails with this error.
    Lose(usize, EngineError),
    /// All calls after the nth changing one fail, as if the engine were gone.
    GoneAfter(usize),
    /// All calls after the nth changing one never end.
    BlockAfter(usize),
}

impl MemoryEngine {
    /// An engine with the newest API, its own networks, and the image `busybox:latest`.
    pub fn new() -> MemoryEngine {
        MemoryEngine::with_api(ApiVersion::new(1, 51))
    }

    /// Likewise, with another API version.
    pub fn with_api(api: ApiVersion) -> MemoryEngine {
        let engine = MemoryEngine::with_world(World::new(api));
        engine.add_image("busybox");
        engine
    }

    /// An engine that runs health checks only when it is asked to, as Podman without systemd does.
    pub fn with_checks_on_request() -> MemoryEngine {
        let engine = MemoryEngine::with_api(ApiVersion::new(1, 41));
        engine.world().checks_on_request = true;
        engine
    }

    fn with_world(world: World) -> MemoryEngine {
        let shared = Shared {
            world: Mutex::new(world),
            changed: Notify::new(),
            readers: Readers::default(),
            afterwards: Mutex::default(),
        };
        MemoryEngine { shared: Arc::new(shared) }
    }

    /// Another engine in the same state, with an empty record and no trouble ahead: from here on the two
    /// go their own ways.
    pub fn fork(&self) -> MemoryEngine {
        let mut world = self.world().clone();
        world.calls.clear();
        world.faults.clear();
        world.changes = 0;
        MemoryEngine::with_world(world)
    }

    /// Sets what containers do whose name begins with this, or whose image is this. The last word counts.
    pub fn behave(&self, name_prefix_or_image: &str, behaviour: Behaviour) {
        self.world().behaviours.push((name_prefix_or_image.to_owned(), behaviour));
    }

    /// Puts an image in place.
    pub fn add_image(&self, reference: &str) {
        self.world().add_image(reference);
    }

    /// Puts an image in place, as described.
    pub fn put_image(&self, reference: &str, image: ObservedImage) {
        self.world().images.insert(name::image(reference), image);
    }

    /// Makes an image available to pulls.
    pub fn publish(&self, reference: &str) {
        self.world().registry.insert(name::image(reference));
    }

    /// Plans trouble.
    pub fn fault(&self, fault: Fault) {
        self.world().faults.push(fault);
    }

    /// Does something as soon as the nth changing call has ended, counted as faults are.
    pub fn after_change(&self, nth: usize, action: impl FnOnce() + Send + 'static) {
        self.afterwards().push((nth, Box::new(action)));
    }

    /// Ends all trouble.
    pub fn heal(&self) {
        self.world().faults.clear();
        self.shared.changed.notify_waiters();
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.world().calls.clone()
    }

    /// How many outputs of containers were read at once, at most.
    pub fn most_readers(&self) -> usize {
        self.shared.readers.most.load(Ordering::Relaxed)
    }

    /// Calls so far that can change the world.
    pub fn changes(&self) -> Vec<RecordedCall> {
        self.world().calls.iter().filter(|call| call.change).cloned().collect()
    }

    /// Forgets the record; faults keep their count.
    pub fn forget_calls(&self) {
        self.world().calls.clear();
    }

    /// The world, comparable: no ids, no times.
    pub fn snapshot(&self) -> Snapshot {
        let mut world = self.world();
        world.advance(Instant::now());
        snapshot::take(&world)
    }

    /// Archives uploaded to a container, oldest first.
    pub fn uploads(&self, name: &str) -> Vec<bytes::Bytes> {
        let world = self.world();
        world.find(name).map(|container| container.uploads.clone()).unwrap_or_default()
    }

    /// Ends a container as if its process had ended by itself.
    pub fn end(&self, name: &str, exit_code: i64) {
        let mut world = self.world();
        if let Ok(id) = world.find(name).map(|container| container.id.clone()) {
            world.exit(&id, exit_code, false, Instant::now());
        }
        drop(world);
        self.shared.changed.notify_waiters();
    }

    fn afterwards(&self) -> MutexGuard<'_, Vec<(usize, Action)>> {
        self.shared.afterwards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call has ended.
    fn told(&self, change: bool) {
        self.shared.changed.notify_waiters();
        if !change {
            return;
        }
        let count = self.world().changes;
        let mut afterwards = self.afterwards();
        let (now, later) = std::mem::take(&mut *afterwards).into_iter().partition(|(nth, _)| *nth <= count);
        *afterwards = later;
        drop(afterwards);
        let now: Vec<(usize, Action)> = now;
        for (_, action) in now {
            action();
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // A panic of one test's task must not hide the world from its assertions.
        self.shared.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world as it is by now. Whoever waits for it hears of what has come about meanwhile.
    fn advanced(&self) -> MutexGuard<'_, World> {
        let mut world = self.world();
        let before = world.events.len();
        world.advance(Instant::now());
        if world.events.len() != before {
            self.shared.changed.notify_waiters();
        }
        world
    }

    /// One call: recorded, troubled when planned, then done at once.
    async fn call<T>(
        &self,
        operation: &'static str,
        subject: &str,
        change: bool,
        work: impl FnOnce(&mut World, Instant) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let lost = self.admit(operation, subject, change).await?;
        let result = {
            let mut world = self.world();
            let now = Instant::now();
            world.advance(now);
            work(&mut world, now)
        };
        self.told(change);
        lost.map_or(result, Err)
    }

    /// Lets a call begin. What it then answers with in spite of what it does, when its answer is to be lost.
    async fn admit(
        &self,
        operation: &'static str,
        subject: &str,
        change: bool,
    ) -> Result<Option<EngineError>, EngineError> {
        // Every call is a point where others may go on, as with a real engine.
        tokio::task::yield_now().await;
        let trouble = self.world().admit(operation, subject, change);
        match trouble {
            world::Trouble::None => Ok(None),
            world::Trouble::Lost(error) => Ok(Some(error)),
            world::Trouble::Error(error) => Err(error),
            world::Trouble::Block => std::future::pending().await,
        }
    }
}

impl Default for MemoryEngine {
    fn default() -> MemoryEngine {
        MemoryEngine::new()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;
    use crate::base::ContainerId;
    use crate::engine::{Containers, EventKind, EventQuery, Feed};
    use crate::spec::{ContainerSpec, HealthSpec};
    use crate::state::{ContainerState, Health};

    fn spec() -> ContainerSpec {
        ContainerSpec { image: "busybox".to_owned(), ..ContainerSpec::default() }
    }

    async fn started(engine: &MemoryEngine, name: &str, spec: &ContainerSpec) -> ContainerId {
        let id = engine.create_container(name, spec).await.expect("create").id;
        engine.start_container(&id).await.expect("start");
        id
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_happens_in_its_time() {
        let engine = MemoryEngine::new();
        let slow = Behaviour { healthy_after: Some(Duration::from_secs(3600)), ..Behaviour::default() };
        engine.behave("db", slow);
        let ends =
            Behaviour { exit_after: Some(Duration::from_secs(7)), exit_code: 2, ..Behaviour::default() };
        engine.behave("job", ends);
        let mut events = engine.events(EventQuery::default()).await.expect("events");
        let check = HealthSpec { test: vec!["CMD".into(), "true".into()], ..HealthSpec::default() };
        let began = Instant::now();
        started(&engine, "db-1", &ContainerSpec { healthcheck: Some(check), ..spec() }).await;
        started(&engine, "job-1", &spec()).await;
        let mut heard = Vec::new();
        while heard.len() < 6 {
            let event = events.next().await.expect("an event").expect("a good event");
            heard.push((event.name, event.kind, began.elapsed().as_secs()));
        }
        let last: Vec<_> = heard.split_off(4);
        assert_eq!(
            last,
            [
                ("job-1".to_owned(), EventKind::Die(2), 7),
                ("db-1".to_owned(), EventKind::Health(Health::Healthy), 3600),
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn two_histories_may_lead_to_one_world() {
        let (one, other) = (MemoryEngine::new(), MemoryEngine::new());
        started(&one, "a-1", &spec()).await;
        let old = started(&other, "old", &spec()).await;
        other.remove_container(&old, true).await.expect("remove");
        let id = started(&other, "temporary", &spec()).await;
        assert_ne!(one.snapshot(), other.snapshot());
        other.rename_container(&id, "a-1").await.expect("rename");
        assert_eq!(one.snapshot(), other.snapshot());
        other.stop_container(&id, None).await.expect("stop");
        assert_ne!(one.snapshot(), other.snapshot());
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_comes_as_planned() {
        let engine = MemoryEngine::new();
        let error = EngineError::Broken { subject: "x".into(), cause: "y".into() };
        engine.fault(Fault::Fail(2, error.clone()));
        let id = engine.create_container("a-1", &spec()).await.expect("create").id;
        assert_eq!(engine.start_container(&id).await, Err(error));
        assert_eq!(engine.snapshot().containers["a-1"].state, ContainerState::Created);
        engine.fault(Fault::GoneAfter(3));
        engine.start_container(&id).await.expect("start");
        assert!(matches!(engine.inspect_container(&id).await, Err(EngineError::Unreachable { .. })));
        engine.heal();
        engine.fault(Fault::BlockAfter(3));
        let stop = engine.stop_container(&id, None);
        assert!(tokio::time::timeout(Duration::from_secs(60), stop).await.is_err());
        engine.heal();
        assert_eq!(engine.inspect_container(&id).await.expect("inspect").state, ContainerState::Running);
        let changes: Vec<&str> = engine.changes().iter().map(|call| call.operation).collect();
        assert_eq!(changes, ["create_container", "start_container", "start_container", "stop_container"]);
    }
}
