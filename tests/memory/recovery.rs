//! What is done about runs that did not end well: the plan of a recovery, as a table, and whole runs with
//! somebody else at work on the same project.

use std::collections::BTreeSet;
use std::time::Duration;

use rcompose::app::failure::tell;
use rcompose::app::hidden::Hidden;
use rcompose::apply::Report;
use rcompose::base::ContainerId;
use rcompose::engine::{Containers, EngineError};
use rcompose::memory::{Behaviour, Fault, MemoryEngine};
use rcompose::plan::{
    Ending, Intent, Looked, Made, Op, Plan, Reason, Ref, Seen, Sight, Started, Trace, Up, look_at, recover,
};
use rcompose::state::{ApiVersion, ContainerState};

use crate::world::{self, Run, desired, with_paused_time};

const OLD: &str = "name: shop\nservices:\n  web: {image: app:1, volumes: [/data]}\n";
const NEW: &str = "name: shop\nservices:\n  web: {image: app:1, volumes: [/data], command: top}\n";

/// The plan of an `up` of one file after another.
async fn planned(before: Option<&str>, now: &str) -> Plan {
    let engine = world::engine(ApiVersion::new(1, 51));
    if let Some(before) = before {
        world::converge(&engine, &desired(before).0, up(), &Run::default()).await.unwrap();
    }
    world::plan(&engine, &desired(now).0, up(), &Run::default()).await.unwrap()
}

fn up() -> Intent {
    Intent::Up(Up::all())
}

/// How a run of a plan ended: steps by their codes. What makes something made `new` or, of networks, `net`;
/// starts began at `t1`.
fn traces(plan: &Plan, done: &[&str], failed: &[&str], adopted: bool) -> Vec<Trace> {
    let of_step = |step: &rcompose::plan::Step| {
        let code = step.op.facts().code;
        let ending = match () {
            () if done.contains(&code) => Ending::Done,
            () if failed.contains(&code) => Ending::Failed,
            () => Ending::NotRun,
        };
        let id = match &step.op {
            Op::CreateContainer { .. } => "new",
            _ => "net",
        };
        let made = (ending == Ending::Done).then(|| Made { id: id.to_owned(), adopted });
        let started = (ending == Ending::Done && code == "start_container").then(|| started("t1"));
        Trace { ending, made, started, removed: None }
    };
    plan.steps.iter().map(of_step).collect()
}

fn started(at: &str) -> Started {
    Started { at: at.to_owned(), restarts: 0 }
}

fn seen(name: &str, state: ContainerState, at: &str) -> Sight {
    Sight::There(Seen { name: name.to_owned(), state, started: started(at) })
}

/// One line a step, and one for each thing left.
fn recovered(plan: &Plan, traces: &[Trace], new: Sight, old: Sight) -> Vec<String> {
    let at = look_at(plan, traces);
    let sight = |id: &ContainerId| if id.as_str() == "new" { new.clone() } else { old.clone() };
    let containers = at.containers.iter().map(|id| (id.clone(), sight(id))).collect();
    let recovery = recover(plan, traces, &Looked { containers, networks: BTreeSet::new() });
    let steps = recovery.plan.steps.iter().map(|step| {
        let which = match step.op.facts().container.map(|container| &container.id) {
            Some(Ref::Existing(id)) if id.as_str() == "new" => "new",
            _ => "old",
        };
        let how = match step.op {
            Op::RemoveContainer { volumes, force, .. } => format!(" volumes={volumes} force={force}"),
            _ => String::new(),
        };
        let why = match step.reason {
            Reason::NotUsed => "not used",
            Reason::GivenUp { .. } => "given up",
            Reason::PutBack => "put back",
            _ => "finished",
        };
        format!("{} {which}{how}: {why}", step.op.facts().code)
    });
    let left = recovery.left.iter().map(|left| format!("left {}: {:?}", left.name, left.why));
    steps.chain(left).collect()
}

#[test]
fn nothing_is_removed_that_was_not_seen_to_be_unused() {
    with_paused_time(async {
        let plan = planned(None, OLD).await;
        let (done, failed) = (["create_network", "create_container"], ["start_container"]);
        let made = traces(&plan, &done, &failed, false);
        let adopted = traces(&plan, &done, &failed, true);
        let created = seen("shop-web-1", ContainerState::Created, "");
        let removed = ["remove_container new volumes=true force=false: not used"];
        assert_eq!(recovered(&plan, &made, created.clone(), Sight::Gone), removed);
        // Somebody else made it, started it, ran it, or removed it; or nobody can say.
        assert_eq!(recovered(&plan, &adopted, created, Sight::Gone), [""; 0]);
        for (state, at) in [(ContainerState::Running, "t9"), (ContainerState::Exited, "t9")] {
            assert_eq!(recovered(&plan, &made, seen("shop-web-1", state, at), Sight::Gone), [""; 0]);
        }
        assert_eq!(recovered(&plan, &made, Sight::Gone, Sight::Gone), [""; 0]);
        assert_eq!(recovered(&plan, &made, Sight::Unknown, Sight::Gone), ["left shop-web-1: NotSeen"]);
    });
}

#[test]
fn a_replacement_goes_back_unless_someone_else_started_it() {
    with_paused_time(async {
        let plan = planned(Some(OLD), NEW).await;
        let done = ["create_container", "stop_container", "start_container"];
        let made = traces(&plan, &done, &["remove_container"], false);
        let new = |at: &str| seen("0123456789ab_shop-web-1", ContainerState::Running, at);
        let old = || seen("shop-web-1", ContainerState::Exited, "t0");
        assert_eq!(
            recovered(&plan, &made, new("t1"), old()),
            [
                // Its anonymous volume came from the old one.
                "remove_container new volumes=false force=true: given up",
                "start_container old: put back"
            ]
        );
        assert_eq!(recovered(&plan, &made, new("t9"), old()), ["left shop-web-1: StartedSince"]);
        assert_eq!(recovered(&plan, &made, Sight::Unknown, old()), ["left shop-web-1: NotSeen"]);
        // The engine itself may have restarted it.
        let restarted = Sight::There(Seen {
            name: "0123456789ab_shop-web-1".to_owned(),
            state: ContainerState::Restarting,
            started: Started { at: "t9".to_owned(), restarts: 2 },
        });
        assert_eq!(recovered(&plan, &made, restarted, old()).len(), 2);
        // The old one is gone although its removal failed, or runs again by another hand.
        assert_eq!(recovered(&plan, &made, new("t1"), Sight::Gone), ["rename_container new: finished"]);
        let runs = seen("shop-web-1", ContainerState::Running, "t9");
        assert_eq!(
            recovered(&plan, &made, new("t1"), runs),
            ["remove_container new volumes=false force=true: given up"]
        );
        // What an earlier run had made is stopped again, and stays.
        let adopted = traces(&plan, &done, &["remove_container"], true);
        assert_eq!(
            recovered(&plan, &adopted, new("t1"), old()),
            ["stop_container new: given up", "start_container old: put back"]
        );
    });
}

async fn run(engine: &MemoryEngine, file: &str) -> (Report, String) {
    let (desired, sources) = desired(file);
    let (_, report) = world::converge(engine, &desired, up(), &Run::default()).await.unwrap();
    let facts = tell(&report, &sources, &Hidden::default()).into_iter().flat_map(|told| told.facts);
    let told = facts.map(|(name, words)| format!("{name}: {words}\n")).collect();
    (report, told)
}

/// While one run waits for a dependency that never gets healthy, another starts what it holds back.
#[test]
fn what_someone_else_started_meanwhile_stays() {
    const FILE: &str = "\
name: shop
services:
  db: {image: db, healthcheck: {test: [CMD, \"false\"]}}
  web: {image: app:1, volumes: [/data], depends_on: {db: {condition: service_healthy}}}
";
    with_paused_time(async {
        let engine = world::engine(ApiVersion::new(1, 51));
        engine.add_image("db");
        let sick = Behaviour {
            healthy_after: None,
            unhealthy_after: Some(Duration::from_secs(40)),
            ..Behaviour::default()
        };
        engine.behave("db", sick);
        let rival = engine.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            rival.start_container(&ContainerId::from("shop-web-1")).await.unwrap();
        });
        let (report, told) = run(&engine, FILE).await;
        assert_eq!(report.exit_code(), 1);
        assert!(!told.contains("removed"), "{told}");
        let world = engine.snapshot();
        assert_eq!(world.containers["shop-web-1"].state, ContainerState::Running, "{told}");
    });
}

/// The engine does what it is told, and its answer is lost: it is looked what came of it.
#[test]
fn a_lost_answer_is_no_failure_when_its_call_took_effect() {
    with_paused_time(async {
        let before = world::engine(ApiVersion::new(1, 51));
        run(&before, OLD).await;
        let trial = before.fork();
        run(&trial, NEW).await;
        let calls = trial.changes();
        let wanted = trial.snapshot();
        for (at, call) in calls.iter().enumerate() {
            let engine = before.fork();
            let cause = "connection closed before message completed".to_owned();
            let lost = EngineError::Broken { subject: call.subject.clone(), cause };
            engine.fault(Fault::Lose(at + 1, lost));
            let (report, told) = run(&engine, NEW).await;
            assert_eq!(report.exit_code(), 0, "{}: {told}", call.operation);
            assert_eq!(engine.snapshot(), wanted, "{}: {told}", call.operation);
        }
        assert!(calls.iter().any(|call| call.operation == "remove_container"), "{calls:?}");
    });
}

/// What can't be put back is not said to be.
#[test]
fn a_container_that_cannot_be_put_back_is_reported() {
    with_paused_time(async {
        let engine = world::engine(ApiVersion::new(1, 51));
        run(&engine, OLD).await;
        let cannot = Behaviour { fail_start: Some("no such device".to_owned()), ..Behaviour::default() };
        engine.behave("app:1", cannot);
        let (report, told) = run(&engine, NEW).await;
        assert_eq!(report.exit_code(), 1);
        assert!(!told.contains("restored"), "{told}");
        assert!(told.contains("left behind: shop-web-1: no such device"), "{told}");
    });
}
