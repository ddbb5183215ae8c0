//! Whole runs that fail, on an engine in memory: what people are told, and what is left behind.

use std::time::Duration;

use rcompose::app::converge::ConvergeError;
use rcompose::app::failure::{Speaker, Told, tell, tell_refusals};
use rcompose::app::hidden::Hidden;
use rcompose::apply::{CancelStage, Report, cancellation};
use rcompose::base::ContainerId;
use rcompose::engine::{ContainerQuery, Containers, EngineError};
use rcompose::event::{Event, Status, Stream};
use rcompose::memory::{Behaviour, Fault, MemoryEngine};
use rcompose::plan::{Down, Intent, Up};
use rcompose::spec::{ContainerSpec, ExposedPort, PortBinding};
use rcompose::state::ApiVersion;
use rcompose::ui;
use rcompose::ui::failure::{FailureView, text};

use crate::world::{self, Run, desired, with_paused_time};

/// An engine on which each service of the file has an image of its own name, so that it can behave.
fn engine(behaviours: &[(&str, Behaviour)]) -> MemoryEngine {
    let engine = world::engine(ApiVersion::new(1, 51));
    for (image, behaviour) in behaviours {
        engine.add_image(image);
        engine.behave(image, behaviour.clone());
    }
    engine
}

async fn up(engine: &MemoryEngine, file: &str, run: &Run) -> (Report, String) {
    let (desired, sources) = desired(file);
    let intent = Intent::Up(Up { wait: run.wait_timeout.is_some(), ..Up::all() });
    let (_, report) = world::converge(engine, &desired, intent, run).await.unwrap();
    let told = in_words(tell(&report, &sources, &Hidden::default()));
    (report, told)
}

fn in_words(told: Vec<Told>) -> String {
    let view = |told: Told| FailureView {
        speaker: match told.speaker {
            Speaker::Us => ui::failure::Speaker::Us,
            Speaker::Engine => ui::failure::Speaker::Engine,
        },
        title: told.title,
        facts: told.facts,
        help: told.help,
    };
    told.into_iter().map(|told| text(&view(told), false)).collect()
}

/// `name state`, sorted.
fn containers(engine: &MemoryEngine) -> Vec<String> {
    let world = engine.snapshot();
    world.containers.iter().map(|(name, c)| format!("{name} {}", c.state.as_str())).collect()
}

const CHAIN: &str = "\
name: shop
services:
  web:
    image: app:1
    depends_on: [api]
  api:
    image: app:1
    depends_on:
      db:
        condition: service_healthy
  db:
    image: db
    healthcheck:
      test: [CMD, pg_isready, -q]
      retries: 4
";

fn never_healthy() -> Behaviour {
    Behaviour {
        healthy_after: None,
        unhealthy_after: Some(Duration::from_secs(40)),
        check_output: "no response\n".to_owned(),
        output: vec![(Stream::Stderr, "FATAL: data directory has wrong ownership\n".to_owned())],
        ..Behaviour::default()
    }
}

#[test]
fn two_containers_of_a_run_want_one_port() {
    with_paused_time(async {
        let engine = engine(&[]);
        let file = "name: shop\nservices:\n  a: {image: busybox, ports: [\"8080:80\"]}\n  b: {image: busybox, ports: [\"8080:80\"]}\n";
        let trial = engine.fork();
        up(&trial, file, &Run::default()).await;
        let start = trial.changes().iter().position(|call| call.operation == "start_container").unwrap();
        let words = |end: &str| EngineError::Refused {
            subject: "container shop-a-1".to_owned(),
            status: 500,
            message: format!("Bind for 0.0.0.0:8080 failed: port {end}"),
        };
        // Neither runs when the engine is asked who has the port.
        for (end, holder) in [
            ("is already allocated", "in use by container shop-b-1"),
            ("address already in use", "a process outside of the engine"),
        ] {
            let engine = engine.fork();
            for nth in [1, 2] {
                engine.fault(Fault::Fail(start + nth, words(end)));
            }
            let (_, told) = up(&engine, file, &Run::default()).await;
            let first = told.split("Error response from daemon: ").nth(1).unwrap();
            assert!(first.contains("  shop-a-1\n") && first.contains(holder), "{told}");
        }
    });
}

/// A project of one service, and the same with another command.
fn changed() -> (&'static str, &'static str) {
    (
        "name: shop\nservices: {web: {image: busybox}}\n",
        "name: shop\nservices: {web: {image: busybox, command: top}}\n",
    )
}

#[test]
fn an_old_container_that_a_killed_run_is_removing_is_waited_for() {
    with_paused_time(async {
        let engine = engine(&[]);
        let (before, after) = changed();
        let (report, told) = up(&engine, before, &Run::default()).await;
        assert_eq!(report.exit_code(), 0, "{told}");
        let removal = first_removal(&engine, after).await;
        let going = "removal of container 1 is already in progress".to_owned();
        engine.fault(Fault::Fail(
            removal,
            EngineError::Conflict { subject: "shop-web-1".to_owned(), message: going },
        ));
        let old = id_of(&engine, "shop-web-1").await;
        let other = engine.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            other.remove_container(&old, false).await.unwrap();
        });
        let (report, told) = up(&engine, after, &Run::default()).await;
        assert_eq!(report.exit_code(), 0, "{told}");
        assert_eq!(containers(&engine), ["shop-web-1 running"]);
    });
}

#[test]
fn a_name_that_a_killed_run_gave_late_is_fine() {
    with_paused_time(async {
        let engine = engine(&[]);
        let (before, after) = changed();
        up(&engine, before, &Run::default()).await;
        let removal = first_removal(&engine, after).await;
        // As soon as the old one is gone, the call of the killed run takes effect.
        let other = engine.clone();
        engine.after_change(removal - 2, move || {
            tokio::spawn(async move {
                let query = ContainerQuery { all: true, ..ContainerQuery::default() };
                let all = other.list_containers(query).await.unwrap();
                let new = all.iter().find(|one| one.name != "shop-web-1").unwrap();
                while other.rename_container(&new.id, "shop-web-1").await.is_err() {}
            });
        });
        let (report, told) = up(&engine, after, &Run::default()).await;
        assert_eq!(report.exit_code(), 0, "{told}");
        assert_eq!(containers(&engine), ["shop-web-1 running"]);
    });
}

#[test]
fn a_name_that_a_killed_run_is_still_taking_is_waited_for() {
    with_paused_time(async {
        let engine = engine(&[]);
        let (file, _) = changed();
        let trial = engine.fork();
        up(&trial, file, &Run::default()).await;
        let create = trial.changes().iter().position(|call| call.operation == "create_container").unwrap();
        // The name is taken, and nobody bears it yet: the engine is still making the container.
        for nth in 1..=20 {
            let message = "Conflict. The container name is already in use".to_owned();
            let taken = EngineError::Conflict { subject: "create container shop-web-1".to_owned(), message };
            engine.fault(Fault::Fail(create + nth, taken));
        }
        let (report, told) = up(&engine, file, &Run::default()).await;
        assert_eq!(report.exit_code(), 0, "{told}");
        assert_eq!(containers(&engine), ["shop-web-1 running"]);
    });
}

/// Which changing call, counted from the engine's beginning, will be the first removal of a container.
async fn first_removal(engine: &MemoryEngine, file: &str) -> usize {
    let trial = engine.fork();
    up(&trial, file, &Run::default()).await;
    let at = trial.changes().iter().position(|call| call.operation == "remove_container").unwrap();
    engine.changes().len() + at + 1
}

async fn id_of(engine: &MemoryEngine, name: &str) -> ContainerId {
    engine.inspect_container(&ContainerId::from(name)).await.unwrap().id
}

#[test]
fn a_dependency_that_never_gets_healthy() {
    with_paused_time(async {
        let engine = engine(&[("db", never_healthy())]);
        let (report, told) = up(&engine, CHAIN, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"error: dependency failed to start: container shop-db-1 is unhealthy, so api and web were not started
  last check  pg_isready -q → exit 1
              no response
  last log    FATAL: data directory has wrong ownership
  state       running, unhealthy: 4 failed checks in a row
  chain       api depends on db (compose.yaml:9:7)
              web depends on api (compose.yaml:5:18)
  removed     shop-api-1, shop-web-1 (made by this run, never started)
  help: run `rcompose logs db` for more of its output
"#
        );
        assert_eq!(containers(&engine), ["shop-db-1 running"]);
    });
}

#[test]
fn a_dependency_that_ends_before_it_is_healthy() {
    with_paused_time(async {
        let ends = Behaviour {
            exit_after: Some(Duration::from_secs(2)),
            exit_code: 1,
            healthy_after: None,
            output: vec![(Stream::Stderr, "cannot open /var/lib/data\n".to_owned())],
            ..Behaviour::default()
        };
        let engine = engine(&[("db", ends)]);
        let (report, told) = up(&engine, CHAIN, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"error: dependency failed to start: container shop-db-1 exited (1), so api and web were not started
  last log  cannot open /var/lib/data
  state     exited, exit code 1
  chain     api depends on db (compose.yaml:9:7)
            web depends on api (compose.yaml:5:18)
  removed   shop-api-1, shop-web-1 (made by this run, never started)
  help: run `rcompose logs db` for more of its output
"#
        );
        assert_eq!(containers(&engine), ["shop-db-1 exited"]);
    });
}

const JOB: &str = "\
name: shop
services:
  web:
    image: app:1
    depends_on:
      migrate:
        condition: service_completed_successfully
        required: true
  migrate:
    image: migrate
";

fn failing_job() -> Behaviour {
    Behaviour {
        exit_after: Some(Duration::from_secs(2)),
        exit_code: 3,
        output: vec![
            (Stream::Stdout, "applying 0007_orders\n".to_owned()),
            (Stream::Stderr, "relation \"orders\" already exists\n".to_owned()),
        ],
        ..Behaviour::default()
    }
}

#[test]
fn a_job_that_fails() {
    with_paused_time(async {
        let engine = engine(&[("migrate", failing_job())]);
        let (report, told) = up(&engine, JOB, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"error: service "migrate" didn't complete successfully: exit 3, so web was not started
  last log  applying 0007_orders
            relation "orders" already exists
  state     shop-migrate-1 is exited, exit code 3
  chain     web depends on migrate (compose.yaml:6:7)
  removed   shop-web-1 (made by this run, never started)
  help: run `rcompose logs migrate` for more of its output
"#
        );
        assert_eq!(containers(&engine), ["shop-migrate-1 exited"]);
    });
}

#[test]
fn a_job_that_fails_while_who_waits_for_it_runs_already() {
    with_paused_time(async {
        let well = Behaviour { exit_after: Some(Duration::from_secs(2)), ..Behaviour::default() };
        let engine = engine(&[("migrate", well)]);
        let (report, told) = up(&engine, JOB, &Run::default()).await;
        assert_eq!(report.exit_code(), 0, "{told}");
        world::settled(&engine).await;
        engine.behave("migrate", failing_job());
        let (report, told) = up(&engine, JOB, &Run::default()).await;
        assert_eq!(report.exit_code(), 1, "{told}");
        assert!(told.contains("service \"migrate\" didn't complete successfully: exit 3"), "{told}");
        assert_eq!(containers(&engine), ["shop-migrate-1 exited", "shop-web-1 running"]);
    });
}

#[test]
fn a_changed_dependency_gets_unhealthy_while_who_waits_for_it_runs_already() {
    with_paused_time(async {
        let engine = engine(&[("db", Behaviour::default())]);
        let (report, told) = up(&engine, CHAIN, &Run::default()).await;
        assert_eq!(report.exit_code(), 0, "{told}");
        engine.behave("db", never_healthy());
        let changed = CHAIN.replace("    image: db\n", "    image: db\n    environment: {LEVEL: high}\n");
        let (report, told) = up(&engine, &changed, &Run::default()).await;
        assert_eq!(report.exit_code(), 1, "{told}");
        assert!(told.contains("shop-db-1 is unhealthy"), "{told}");
        // Who depends on one that waits in vain is not started either, though what it names itself runs.
        let stopped = id_of(&engine, "shop-web-1").await;
        engine.stop_container(&stopped, None).await.unwrap();
        let (report, _) = up(&engine, &changed, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert!(containers(&engine).contains(&"shop-web-1 exited".to_owned()), "{:?}", containers(&engine));
    });
}

#[test]
fn a_dependency_that_may_fail_holds_up_nobody() {
    with_paused_time(async {
        let engine = engine(&[("migrate", failing_job())]);
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let run = Run { events: rcompose::apply::Events::new(sender), ..Run::default() };
        let (report, told) = up(&engine, &JOB.replace("required: true", "required: false"), &run).await;
        assert_eq!((report.exit_code(), told.as_str()), (0, ""));
        assert_eq!(containers(&engine), ["shop-migrate-1 exited", "shop-web-1 running"]);
        drop(run);
        let mut warnings = Vec::new();
        while let Some(event) = events.recv().await {
            match event {
                Event::Message { text, .. } => warnings.push(text),
                Event::Status(status) if status.status == Status::Error => panic!("{status:?}"),
                _ => {}
            }
        }
        assert_eq!(warnings, ["optional dependency \"migrate\" didn't complete successfully: exit 3"]);
    });
}

#[test]
fn a_wait_that_takes_too_long() {
    with_paused_time(async {
        let slow = Behaviour { healthy_after: Some(Duration::from_secs(600)), ..Behaviour::default() };
        let engine = engine(&[("db", slow)]);
        let run = Run { wait_timeout: Some(Duration::from_secs(30)), ..Run::default() };
        let (report, told) = up(&engine, CHAIN, &run).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"error: timeout waiting for dependencies, so api and web were not started
  state    shop-db-1 is running, not healthy yet
  chain    api depends on db (compose.yaml:9:7)
           web depends on api (compose.yaml:5:18)
  removed  shop-api-1, shop-web-1 (made by this run, never started)
"#
        );
        assert_eq!(containers(&engine), ["shop-db-1 running"]);
    });
}

#[test]
fn a_wait_sees_what_ends_at_once() {
    with_paused_time(async {
        for (code, ends) in [(3, 1), (0, 0)] {
            let short = Behaviour {
                exit_after: Some(Duration::from_millis(50)),
                exit_code: code,
                healthy_after: None,
                ..Behaviour::default()
            };
            let engine = engine(&[("app:1", short)]);
            let run = Run { wait_timeout: Some(Duration::from_secs(30)), ..Run::default() };
            let (report, told) = up(&engine, WEB, &run).await;
            assert_eq!(report.exit_code(), ends, "{told}");
            assert_eq!(told.contains("exited (3)"), code == 3, "{told}");
        }
    });
}

const WEB: &str = "\
name: shop
services:
  web:
    image: app:1
    ports: [\"8080:80\"]
";

/// A container of somebody else.
async fn stranger(engine: &MemoryEngine, name: &str, port: Option<&str>) {
    let binding = |port: &str| PortBinding {
        container: ExposedPort { port: 80, protocol: "tcp".to_owned() },
        host_ip: String::new(),
        host_port: port.to_owned(),
    };
    let spec = ContainerSpec {
        image: "busybox".to_owned(),
        port_bindings: port.map(binding).into_iter().collect(),
        ..ContainerSpec::default()
    };
    let id = engine.create_container(name, &spec).await.unwrap();
    engine.start_container(&id.id).await.unwrap();
}

#[test]
fn a_port_that_is_taken() {
    with_paused_time(async {
        let engine = engine(&[]);
        stranger(&engine, "proxy", Some("8080")).await;
        let (report, told) = up(&engine, WEB, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"Error response from daemon: driver failed programming external connectivity on endpoint shop-web-1: Bind for 0.0.0.0:8080 failed: port is already allocated
  container    shop-web-1
  port 8080    in use by container proxy
  declared at  compose.yaml:3:3
  removed      shop-web-1 (made by this run, never started)
  help: publish another host port, or stop what is using this one
"#
        );
        assert_eq!(containers(&engine), ["proxy running"]);
    });
}

#[test]
fn a_name_that_is_taken() {
    with_paused_time(async {
        let engine = engine(&[]);
        stranger(&engine, "shop-web-1", None).await;
        let (report, told) = up(&engine, WEB, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"Error response from daemon: Conflict. The container name "/shop-web-1" is already in use by container "c000000000040000000000000000000000000000000000000000000000000004". You have to remove (or rename) that container to be able to reuse that name.
  container    shop-web-1
  holder       a container of no project: busybox, running
  declared at  compose.yaml:3:3
  help: rename or remove it (docker rm shop-web-1), or choose another container_name
"#
        );
        assert_eq!(containers(&engine), ["shop-web-1 running"]);
    });
}

#[test]
fn an_image_that_cannot_be_had() {
    with_paused_time(async {
        let engine = engine(&[]);
        let before = engine.snapshot();
        let (report, told) =
            up(&engine, &CHAIN.replace("image: db", "image: nobody/db:9"), &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"Error response from daemon: pull access denied for nobody/db:9, repository does not exist or may require 'docker login', so db, api and web were not started
  image  nobody/db:9
  chain  api depends on db (compose.yaml:9:7)
         web depends on api (compose.yaml:5:18)
  help: check the name of the image; run `docker login` for private registries
"#
        );
        // Nothing was touched before the images were there.
        assert_eq!(engine.snapshot(), before);
    });
}

/// Each service that a failure holds up is named once, also when it waits for several that failed.
#[test]
fn a_service_that_waits_for_two_that_failed_is_named_once() {
    const FILE: &str = "\
name: shop
services:
  a: {image: \"nobody/db:9\"}
  b: {image: \"nobody/db:9\"}
  w: {image: app:1, depends_on: [a, b]}
  beside: {image: app:1}
";
    with_paused_time(async {
        let (report, told) = up(&engine(&[]), FILE, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert!(told.contains(", so a, b and w were not started\n"), "{told}");
    });
}

/// The error of a call that is refused.
fn refused() -> EngineError {
    EngineError::Refused { subject: "a call".to_owned(), status: 500, message: "trouble".to_owned() }
}

/// Makes the first call of that name fail, as the intent carries it out.
async fn fail_first(engine: &MemoryEngine, operation: &str, file: &str, intent: &Intent) {
    let trial = engine.fork();
    world::converge(&trial, &desired(file).0, intent.clone(), &Run::default()).await.unwrap();
    let at = trial.changes().iter().position(|call| call.operation == operation).unwrap();
    engine.fault(Fault::Fail(engine.changes().len() + at + 1, refused()));
}

/// What was not done is said by its own word, and of every service.
#[test]
fn what_a_failure_holds_up_is_told_by_the_right_word() {
    let down = Intent::Down(Down::default());
    let create = Intent::Up(Up { no_start: true, ..Up::all() });
    for (was_up, intent, call, words) in [
        (true, &down, "stop_container", ", so api and db were not removed\n"),
        (false, &up_all(), "create_network", ", so db, api and web were not started\n"),
        (false, &create, "create_network", ", so db, api and web were not created\n"),
    ] {
        with_paused_time(async {
            let engine = engine(&[("db", Behaviour::default())]);
            if was_up {
                up(&engine, CHAIN, &Run::default()).await;
            }
            fail_first(&engine, call, CHAIN, intent).await;
            let (desired, sources) = desired(CHAIN);
            let (_, report) =
                world::converge(&engine, &desired, intent.clone(), &Run::default()).await.unwrap();
            let told = in_words(tell(&report, &sources, &Hidden::default()));
            assert!(told.contains(words), "{call}: {told}");
        });
    }
}

fn up_all() -> Intent {
    Intent::Up(Up::all())
}

/// Nothing waits any more for what only a failed step needed; what others need is waited for.
#[test]
fn a_failed_step_ends_the_waits_only_it_needed() {
    with_paused_time(async {
        let slow = Behaviour { healthy_after: Some(Duration::from_secs(600)), ..Behaviour::default() };
        let engine = engine(&[("db", slow)]);
        for (file, waited) in [
            (CHAIN.to_owned(), false),
            (
                format!(
                    "{CHAIN}  other:\n    image: app:1\n    depends_on: {{db: {{condition: service_healthy}}}}\n"
                ),
                true,
            ),
        ] {
            let engine = engine.fork();
            let trial = engine.fork();
            up(&trial, &file, &Run::default()).await;
            let is_api = |call: &rcompose::memory::RecordedCall| {
                call.operation == "create_container" && call.subject.contains("api")
            };
            let at = trial.changes().iter().position(is_api).unwrap();
            engine.fault(Fault::Fail(at + 1, refused()));
            let begun = tokio::time::Instant::now();
            let (report, told) = up(&engine, &file, &Run::default()).await;
            assert_eq!(report.exit_code(), 1, "{told}");
            assert_eq!(begun.elapsed() > Duration::from_secs(300), waited, "{told}");
            assert!(told.contains("so web was not started"), "{told}");
        }
    });
}

/// Nor is one service made or replaced whose own image came, while that of another can't be had.
#[test]
fn an_image_that_came_waits_for_the_others() {
    with_paused_time(async {
        let engine = engine(&[]);
        up(&engine, WEB, &Run::default()).await;
        engine.publish("app:7");
        let before = engine.snapshot();
        let file = WEB.replace("image: app:1", "image: app:7")
            + "  beside: {image: app:7}\n  other: {image: \"nobody/db:9\"}\n";
        let (report, told) = up(&engine, &file, &Run::default()).await;
        assert_eq!(report.exit_code(), 1, "{told}");
        assert_eq!(engine.snapshot(), before, "{told}");
    });
}

#[test]
fn all_that_keeps_a_plan_from_being_made_is_told() {
    const FILE: &str = "\
name: shop
services:
  web:
    image: app:1
    networks: [front, back]
    volumes: [data:/data]
  own:
    build: .
networks:
  front: {external: true}
  back: {external: true, name: back-of-house}
volumes:
  data: {external: true}
";
    with_paused_time(async {
        let engine = engine(&[]);
        let before = engine.snapshot();
        let (desired, sources) = desired(FILE);
        let refused = world::converge(&engine, &desired, Intent::Up(Up::all()), &Run::default()).await;
        let Err(ConvergeError::Plan(errors)) = refused else { panic!("{refused:?}") };
        assert_eq!(
            in_words(tell_refusals(&errors, &sources)),
            r#"error: service "own" has a `build` section, and its image "shop-own" was not found locally
  declared at  compose.yaml:7:3
  help: build it first (docker build -t shop-own …)
error: network back-of-house declared as external, but could not be found
  declared at  compose.yaml:11:3
  help: create it (docker network create back-of-house), or leave out `external`
error: network front declared as external, but could not be found
  declared at  compose.yaml:10:3
  help: create it (docker network create front), or leave out `external`
error: external volume "data" not found
  declared at  compose.yaml:13:3
  help: create it (docker volume create data), or leave out `external`
"#
        );
        assert_eq!(engine.snapshot(), before);
    });
}

/// A new version that doesn't start: the old one runs again, and what depends on it was never touched.
#[test]
fn a_replacement_that_does_not_start() {
    with_paused_time(async {
        let cannot = Behaviour {
            fail_start: Some("exec: \"serve\": executable file not found in $PATH".to_owned()),
            ..Behaviour::default()
        };
        let engine = engine(&[("app:3", cannot)]);
        up(&engine, WEB, &Run::default()).await;
        let before = engine.snapshot();
        let (report, told) = up(&engine, &WEB.replace("app:1", "app:3"), &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            told,
            r#"Error response from daemon: exec: "serve": executable file not found in $PATH
  container    shop-web-1
  declared at  compose.yaml:4:5
  removed      the new shop-web-1 (made by this run, never started)
  restored     shop-web-1 runs again as before
"#
        );
        assert_eq!(engine.snapshot(), before);
    });
}

/// Everything wrong is told, not only what went wrong first.
#[test]
fn two_failures() {
    with_paused_time(async {
        let engine = engine(&[("migrate", failing_job()), ("db", never_healthy())]);
        let file = format!(
            "{CHAIN}  migrate:\n    image: migrate\n  worker:\n    image: app:1\n    depends_on:\n      migrate:\n        condition: service_completed_successfully\n"
        );
        let (report, told) = up(&engine, &file, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        let titles: Vec<&str> = told.lines().filter(|line| line.starts_with("error:")).collect();
        assert_eq!(
            titles,
            [
                "error: dependency failed to start: container shop-db-1 is unhealthy, so api and web were not started",
                "error: service \"migrate\" didn't complete successfully: exit 3, so worker was not started"
            ]
        );
    });
}

#[test]
fn an_end_while_something_is_waited_for() {
    with_paused_time(async {
        let engine = engine(&[("db", Behaviour { healthy_after: None, ..Behaviour::default() })]);
        let (canceller, cancel) = cancellation();
        let run = Run { cancel, ..Run::default() };
        let later = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            canceller.cancel(CancelStage::Graceful);
        };
        let ((report, told), ()) = tokio::join!(up(&engine, CHAIN, &run), later);
        assert_eq!((report.exit_code(), told.as_str()), (130, ""));
        assert_eq!(containers(&engine), ["shop-db-1 running"]);
    });
}

/// The engine goes away in the middle: that is said, and nothing hangs.
#[test]
fn an_engine_that_goes_away() {
    with_paused_time(async {
        let engine = engine(&[("db", Behaviour::default())]);
        engine.fault(Fault::GoneAfter(3));
        let (report, told) = up(&engine, CHAIN, &Run::default()).await;
        assert_eq!(report.exit_code(), 1);
        assert!(report.failures().all(|f| f.error.to_string().contains("cannot connect")), "{report:#?}");
        assert_eq!(
            told,
            r#"error: cannot connect to Docker at memory: the engine is gone, so api and web were not started
  container    shop-db-1
  chain        api depends on db (compose.yaml:9:7)
               web depends on api (compose.yaml:5:18)
  left behind  shop-api-1: cannot connect to the container engine at memory: the engine is gone
  left behind  shop-web-1: cannot connect to the container engine at memory: the engine is gone
  help: check that the engine is running, and that you may use it: join the `docker` group, or use sudo
  help: `docker context ls` lists the engines that are configured; DOCKER_HOST or --context choose one
"#
        );
        engine.heal();
        let (report, _) = up(&engine, CHAIN, &Run::default()).await;
        assert!(report.is_success());
    });
}

#[test]
fn a_volume_that_an_orphan_mounts_is_not_made_anew() {
    const BEFORE: &str = "\
name: shop
services:
  web:
    image: app:1
    volumes: [data:/data]
  old:
    image: app:1
    volumes: [data:/data]
volumes:
  data: {}
";
    const NOW: &str = "\
name: shop
services:
  web:
    image: app:1
    volumes: [data:/data]
volumes:
  data:
    driver_opts: {type: tmpfs}
";
    with_paused_time(async {
        let engine = engine(&[]);
        up(&engine, BEFORE, &Run::default()).await;
        let now = desired(NOW).0;
        let refused =
            world::converge(&engine, &now, Intent::Up(Up::all()), &Run::default()).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "cannot recreate volume shop_data: container shop-old-1 is using it: no service of the file accounts for it, and --remove-orphans removes it"
        );
        assert_eq!(containers(&engine), ["shop-old-1 running", "shop-web-1 running"]);
        let orphans = Intent::Up(Up { remove_orphans: true, ..Up::all() });
        let (_, report) = world::converge(&engine, &now, orphans, &Run::default()).await.unwrap();
        assert!(report.is_success(), "{report:#?}");
        assert_eq!(containers(&engine), ["shop-web-1 running"]);
    });
}

#[test]
fn a_name_given_up_is_taken_in_the_same_run() {
    const BEFORE: &str = "name: shop\nservices:\n  a:\n    image: app:1\n    container_name: own\n";
    const NOW: &str = "\
name: shop
services:
  a:
    image: app:1
  b:
    image: app:1
    container_name: own
";
    with_paused_time(async {
        let engine = engine(&[]);
        up(&engine, BEFORE, &Run::default()).await;
        let (report, _) = up(&engine, NOW, &Run::default()).await;
        assert!(report.is_success(), "{report:#?}");
        assert_eq!(containers(&engine), ["own running", "shop-a-1 running"]);
        let again =
            world::plan(&engine, &desired(NOW).0, Intent::Up(Up::all()), &Run::default()).await.unwrap();
        assert!(again.is_noop(), "{again:#?}");
    });
}

#[test]
fn what_keeps_restarting_is_never_ready() {
    with_paused_time(async {
        let output = vec![(Stream::Stderr, "no database\n".to_owned())];
        let crash = Behaviour {
            exit_after: Some(Duration::from_millis(100)),
            exit_code: 3,
            output,
            ..Behaviour::default()
        };
        let engine = engine(&[("crash", crash)]);
        let file = "name: shop\nservices:\n  crash: {image: crash, restart: always}\n";
        let run = Run { wait_timeout: Some(Duration::from_secs(3600)), ..Run::default() };
        let (report, told) = up(&engine, file, &run).await;
        assert_eq!(report.exit_code(), 1, "{told}");
        assert!(told.contains("container shop-crash-1 keeps restarting"), "{told}");
        assert!(told.contains("exit code 3") && told.contains("no database"), "{told}");
    });
}
