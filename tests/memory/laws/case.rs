//! A case: a project that was brought up, what happened to it since, and what its file says now.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use rcompose::apply::Report;
use rcompose::engine::Containers;
use rcompose::memory::{MemoryEngine, Snapshot};
use rcompose::plan::{Down, Intent, Op, Plan, Up};
use rcompose::spec::{ContainerSpec, Desired, labels};
use rcompose::state::{ApiVersion, ObservedContainer};

use super::sketch::{self, Sketch};
use crate::world::{self, Run, desired};

#[derive(Clone, Debug)]
pub struct Case {
    /// What was brought up before; `None` on an empty engine.
    pub before: Option<Sketch>,
    pub happened: Vec<Happening>,
    pub now: Sketch,
    /// An engine that takes one network at creation.
    pub old_engine: bool,
}

/// Something done to the project's containers behind its back. Numbers choose one of them.
#[derive(Clone, Debug)]
pub enum Happening {
    Stopped(u8),
    Removed(u8),
    Crashed(u8),
    Disconnected(u8),
    /// A container of a service that no file knows.
    Orphaned(bool),
    /// A container made by `run`, ended.
    RunOnce,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => any::<u8>().prop_map(Happening::Stopped),
        3 => any::<u8>().prop_map(Happening::Removed),
        1 => any::<u8>().prop_map(Happening::Crashed),
        1 => any::<u8>().prop_map(Happening::Disconnected),
        1 => any::<bool>().prop_map(Happening::Orphaned),
        1 => Just(Happening::RunOnce),
    ]
}

/// Any case.
pub fn case() -> impl Strategy<Value = Case> {
    let old = prop::bool::weighted(0.3);
    (sketch::project(), prop::bool::weighted(0.85), vec(happening(), 0..3), sketch::edits(), old).prop_map(
        |(first, was_up, happened, edits, old_engine)| Case {
            now: first.edited(&edits),
            before: was_up.then_some(first),
            happened,
            old_engine,
        },
    )
}

/// What `up` means in the laws: orphans go, and volumes may be made anew.
pub fn up() -> Intent {
    Intent::Up(Up { remove_orphans: true, ..Up::all() })
}

pub fn down(volumes: bool) -> Intent {
    Intent::Down(Down { volumes, remove_orphans: true, ..Down::default() })
}

impl Case {
    /// The project as it should be.
    pub fn desired(&self) -> Desired {
        desired(&self.now.text()).0
    }

    pub fn fresh_engine(&self) -> MemoryEngine {
        world::engine(if self.old_engine { ApiVersion::new(1, 41) } else { ApiVersion::new(1, 51) })
    }

    /// The world before the laws are tried.
    pub async fn engine(&self) -> MemoryEngine {
        let engine = self.fresh_engine();
        if let Some(before) = &self.before {
            converged(&engine, &desired(&before.text()).0).await;
            world::settled(&engine).await;
        }
        for one in &self.happened {
            happen(&engine, one).await;
        }
        engine
    }
}

async fn happen(engine: &MemoryEngine, what: &Happening) {
    let all = engine
        .list_containers(rcompose::engine::ContainerQuery { labels: Vec::new(), all: true })
        .await
        .unwrap();
    let one = |at: u8| all.get(usize::from(at) % all.len().max(1)).map(|c| (c.id.clone(), c.name.clone()));
    match what {
        Happening::Stopped(at) => {
            if let Some((id, _)) = one(*at) {
                engine.stop_container(&id, None).await.unwrap();
            }
        }
        Happening::Removed(at) => {
            if let Some((id, _)) = one(*at) {
                engine.remove_container(&id, false).await.unwrap();
            }
        }
        Happening::Crashed(at) => {
            if let Some((_, name)) = one(*at) {
                engine.end(&name, 137);
            }
        }
        Happening::Disconnected(at) => {
            let of_project = |c: &ObservedContainer| {
                c.networks.iter().find(|e| !["none", "bridge"].contains(&e.network.as_str())).cloned()
            };
            let container = all.get(usize::from(*at) % all.len().max(1));
            if let Some((container, endpoint)) = container.and_then(|c| Some((c, of_project(c)?))) {
                use rcompose::engine::Networks;
                let network = engine.inspect_network(&endpoint.network).await.unwrap();
                engine.disconnect(&network.id, &container.id).await.unwrap();
            }
        }
        Happening::Orphaned(running) => stray(engine, "zz", "False", *running).await,
        Happening::RunOnce => {
            stray(engine, "a", "True", true).await;
            engine.end("shop-a-stray", 0);
        }
    }
}

/// A container with the project's labels that no file asks for.
async fn stray(engine: &MemoryEngine, service: &str, one_off: &str, running: bool) {
    let own = [
        (labels::PROJECT, "shop"),
        (labels::SERVICE, service),
        (labels::CONFIG_HASH, "0"),
        (labels::ONE_OFF, one_off),
        (labels::CONTAINER_NUMBER, "1"),
    ];
    let spec = ContainerSpec {
        image: "busybox".to_owned(),
        labels: own.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        ..ContainerSpec::default()
    };
    // One of a name is enough.
    let Ok(made) = engine.create_container(&format!("shop-{service}-stray"), &spec).await else { return };
    if running {
        engine.start_container(&made.id).await.unwrap();
    }
}

/// `up` without trouble, which must end well.
pub async fn converged(engine: &MemoryEngine, desired: &Desired) -> (Plan, Report) {
    converged_with(engine, desired, &Run::default()).await
}

pub async fn converged_with(engine: &MemoryEngine, desired: &Desired, run: &Run) -> (Plan, Report) {
    let (plan, report) = world::converge(engine, desired, up(), run).await.unwrap();
    assert!(report.is_success(), "{}\n{:#?}", told(&plan), report.failures().collect::<Vec<_>>());
    (plan, report)
}

/// What a plan would write, apart from starting jobs again: those run whenever they are asked for.
pub fn written(plan: &Plan, jobs: &[&str]) -> Vec<String> {
    let again = |op: &Op| {
        matches!(op, Op::StartContainer { container, .. }
            if container.service.as_ref().is_some_and(|s| jobs.contains(&s.as_str())))
    };
    let steps = plan.steps.iter().filter(|step| step.op.writes() && !again(&step.op));
    steps.map(|step| format!("{:?}: {:?} because {:?}", step.id, step.op, step.reason)).collect()
}

/// The plan, for messages.
pub fn told(plan: &Plan) -> String {
    use rcompose::diag::SourceMap;
    let steps: Vec<String> = plan
        .steps
        .iter()
        .map(|step| {
            let json = rcompose::plan::to_json(plan, &SourceMap::new(), &rcompose::plan::Exposure::default());
            let step = &json["steps"][step.id.0];
            format!(
                "{} {} {} after {} because {}",
                step["id"], step["action"], step["subject"], step["after"], step["reason"]
            )
        })
        .collect();
    steps.join("\n")
}

/// The world as two histories can be compared: a container that shares the network of another has that
/// one's id in its hash.
pub fn comparable(mut world: Snapshot) -> Snapshot {
    for container in world.containers.values_mut().filter(|c| c.shares.is_some()) {
        container.labels.remove(labels::CONFIG_HASH);
    }
    world
}

/// The world with replicas by service, without the numbers and names that tell which way was gone:
/// numbers only ever go up.
pub fn by_service(world: Snapshot) -> Snapshot {
    let mut world = comparable(world);
    let mut all: Vec<_> = std::mem::take(&mut world.containers)
        .into_iter()
        .map(|(name, mut container)| {
            let service = container.labels.get(labels::SERVICE).cloned().unwrap_or_default();
            // Not part of the definition's hash, as in the reference.
            container.labels.remove(labels::DEPENDS_ON);
            container.labels.remove(labels::CONTAINER_NUMBER);
            for aliases in container.networks.values_mut() {
                aliases.retain(|alias| *alias != name);
            }
            if let Some(shared) = &mut container.shares {
                *shared = shared.rsplit_once('-').map_or("", |(service, _)| service).to_owned();
            }
            (service, container)
        })
        .collect();
    all.sort_by_cached_key(|(service, container)| (service.clone(), format!("{container:?}")));
    let numbered = all.into_iter().enumerate();
    world.containers =
        numbered.map(|(at, (service, container))| (format!("{service} ({at})"), container)).collect();
    world
}

/// Whether a name is one that a container only has while it replaces another.
pub fn is_temporary(name: &str) -> bool {
    name.split_once('_').is_some_and(|(id, _)| id.len() == 12)
}

/// What differs between two worlds, one line each.
pub fn differences(one: &Snapshot, other: &Snapshot) -> String {
    let mut lines = Vec::new();
    compare("container", &one.containers, &other.containers, &mut lines);
    compare("network", &one.networks, &other.networks, &mut lines);
    compare("volume", &one.volumes, &other.volumes, &mut lines);
    lines.join("\n")
}

fn compare<T: PartialEq + std::fmt::Debug>(
    kind: &str,
    one: &BTreeMap<String, T>,
    other: &BTreeMap<String, T>,
    lines: &mut Vec<String>,
) {
    for name in one.keys().chain(other.keys()) {
        let (a, b) = (one.get(name), other.get(name));
        let line = format!("{kind} {name}:\n  wanted {a:?}\n  found  {b:?}");
        if a != b && !lines.contains(&line) {
            lines.push(line);
        }
    }
}

/// Fails unless the worlds are alike.
pub fn assert_alike(wanted: &Snapshot, found: &Snapshot, context: impl FnOnce() -> String) {
    if wanted != found {
        panic!("{}\n{}", context(), differences(wanted, found));
    }
}
