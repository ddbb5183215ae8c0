//! Output, events, health, commands inside, files put in, pulls.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use rcompose::engine::{
    Answers, EngineEvent, EventKind, EventQuery, ExecOutput, ExecRequest, LogChunk, LogQuery,
};
use rcompose::event::Stream;
use rcompose::memory::Behaviour;
use rcompose::spec::{ContainerSpec, HealthSpec};
use rcompose::state::{ContainerState, Health};
use tokio::sync::mpsc;

use super::bench::{Bench, Check, error};
use crate::rows;

pub fn checks() -> Vec<Check> {
    rows![
        events_tell_a_life,
        events_are_filtered,
        logs_keep_both_streams,
        logs_are_cut_and_stamped,
        logs_are_followed_to_the_end,
        who_attaches_before_the_start_misses_nothing,
        a_terminal_has_one_stream,
        health_is_told,
        failing_health_is_told,
        commands_run_inside,
        files_are_put_in,
        a_failed_pull_says_why,
        a_digest_nobody_has_is_an_error,
    ]
}

const SCRIPT: &[&str] = &["sh", "-c", "echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; exit 3"];

fn as_scripted() -> Behaviour {
    Behaviour {
        exit_after: Some(Duration::from_millis(50)),
        exit_code: 3,
        output: vec![
            (Stream::Stdout, "one\n".to_owned()),
            (Stream::Stderr, "two\n".to_owned()),
            (Stream::Stdout, "three\n".to_owned()),
        ],
        ..Behaviour::default()
    }
}

async fn all(mut chunks: Answers<LogChunk>) -> Vec<(Stream, String)> {
    let mut out: Vec<(Stream, String)> = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.expect("a chunk");
        let text = String::from_utf8(chunk.bytes.to_vec()).expect("text");
        match out.last_mut() {
            Some((stream, last)) if *stream == chunk.stream => last.push_str(&text),
            _ => out.push((chunk.stream, text)),
        }
    }
    out
}

fn of(out: &[(Stream, String)], stream: Stream) -> String {
    out.iter().filter(|(of, _)| *of == stream).map(|(_, text)| text.as_str()).collect()
}

async fn next(events: &mut Answers<EngineEvent>, wanted: impl Fn(&EventKind) -> bool) -> EngineEvent {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(30), events.next()).await;
        let event = event.expect("an event in time").expect("an event").expect("a good event");
        if wanted(&event.kind) {
            return event;
        }
    }
}

async fn events_tell_a_life(bench: Bench) {
    bench.expect("a", as_scripted());
    let mut events = bench.engine.events(EventQuery { labels: vec![bench.label()] }).await.unwrap();
    let id = bench.started("a", &bench.running(SCRIPT)).await;
    let created = next(&mut events, |_| true).await;
    assert_eq!((created.kind, &created.container), (EventKind::Create, &id));
    assert_eq!(created.name, bench.name("a"));
    let started = next(&mut events, |kind| !matches!(kind, EventKind::Other(_))).await;
    assert_eq!(started.kind, EventKind::Start);
    let ended = next(&mut events, |kind| !matches!(kind, EventKind::Other(_))).await;
    assert_eq!(ended.kind, EventKind::Die(3));
    let image = ended.attributes.get("image").map(String::as_str);
    let wanted = if bench.is_podman().await { "docker.io/library/busybox:latest" } else { "busybox" };
    assert_eq!(image, Some(wanted));
    bench.ended(&id).await;
    bench.engine.remove_container(&id, false).await.unwrap();
    let gone = next(&mut events, |kind| !matches!(kind, EventKind::Other(_))).await;
    assert_eq!(gone.kind, EventKind::Destroy);
}

async fn events_are_filtered(bench: Bench) {
    let labels = vec![bench.label(), "color=red".to_owned()];
    let mut events = bench.engine.events(EventQuery { labels }).await.unwrap();
    bench.create("other", &bench.sleeper()).await;
    let mut spec = bench.sleeper();
    spec.labels.insert("color".to_owned(), "red".to_owned());
    let red = bench.create("red", &spec).await;
    assert_eq!(next(&mut events, |_| true).await.container, red);
}

async fn logs_keep_both_streams(bench: Bench) {
    bench.expect("a", as_scripted());
    let id = bench.started("a", &bench.running(SCRIPT)).await;
    assert_eq!(bench.ended(&id).await.exit_code, 3);
    assert_eq!(bench.listed(&id).await.exit_code, Some(3));
    let out = all(bench.engine.logs(&id, LogQuery::default()).await.unwrap()).await;
    assert_eq!(of(&out, Stream::Stdout), "one\nthree\n");
    assert_eq!(of(&out, Stream::Stderr), "two\n");
}

async fn logs_are_cut_and_stamped(bench: Bench) {
    bench.expect("a", as_scripted());
    let id = bench.started("a", &bench.running(SCRIPT)).await;
    bench.ended(&id).await;
    let query = LogQuery { tail: Some(1), timestamps: true, ..LogQuery::default() };
    let out = all(bench.engine.logs(&id, query).await.unwrap()).await;
    let text = of(&out, Stream::Stdout);
    let (time, words) = text.split_once(' ').expect("a time stamp");
    assert_eq!(words, "three\n");
    assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
    let query = LogQuery { since: Some("2099-01-01T00:00:00Z".to_owned()), ..LogQuery::default() };
    assert!(all(bench.engine.logs(&id, query).await.unwrap()).await.is_empty());
}

async fn logs_are_followed_to_the_end(bench: Bench) {
    bench.expect("a", Behaviour { exit_after: Some(Duration::from_millis(500)), ..as_scripted() });
    let id = bench.started("a", &bench.running(SCRIPT)).await;
    let query = LogQuery { follow: true, ..LogQuery::default() };
    let out = all(bench.engine.logs(&id, query).await.unwrap()).await;
    assert_eq!(of(&out, Stream::Stdout), "one\nthree\n");
    assert_ne!(bench.inspect(&id).await.state, ContainerState::Created);
}

async fn who_attaches_before_the_start_misses_nothing(bench: Bench) {
    bench.expect("a", as_scripted());
    let id = bench.create("a", &bench.running(SCRIPT)).await;
    let chunks = bench.engine.attach(&id).await.unwrap();
    bench.engine.start_container(&id).await.unwrap();
    let out = all(chunks).await;
    assert_eq!(of(&out, Stream::Stdout), "one\nthree\n");
    assert_eq!(of(&out, Stream::Stderr), "two\n");
}

async fn a_terminal_has_one_stream(bench: Bench) {
    let output = vec![(Stream::Stdout, "$ ".to_owned())];
    bench.expect("a", Behaviour { output, ..as_scripted() });
    let mut spec = bench.running(&["sh", "-c", "printf '$ '; exit 3"]);
    spec.tty = true;
    let id = bench.create("a", &spec).await;
    let chunks = bench.engine.attach(&id).await.unwrap();
    bench.engine.start_container(&id).await.unwrap();
    assert_eq!(all(chunks).await, [(Stream::Stdout, "$ ".to_owned())]);
    let detail = bench.ended(&id).await;
    assert!(detail.tty);
    let out = all(bench.engine.logs(&id, LogQuery::default()).await.unwrap()).await;
    assert_eq!(out, [(Stream::Stdout, "$ ".to_owned())]);
}

fn checked(test: &str) -> HealthSpec {
    HealthSpec {
        test: vec!["CMD".to_owned(), test.to_owned()],
        interval: Some(200_000_000),
        timeout: Some(10_000_000_000),
        retries: Some(1),
        ..HealthSpec::default()
    }
}

async fn health_is_told(bench: Bench) {
    let mut events = bench.engine.events(EventQuery { labels: vec![bench.label()] }).await.unwrap();
    let mut spec = bench.sleeper();
    spec.healthcheck = Some(checked("true"));
    let id = bench.started("a", &spec).await;
    if bench.is_podman().await {
        assert_eq!(bench.inspect(&id).await.health, Some(Health::Starting));
        bench.engine.check_health(&id).await.unwrap();
    } else {
        let told = next(&mut events, |kind| matches!(kind, EventKind::Health(_))).await;
        assert_eq!((told.kind, told.container), (EventKind::Health(Health::Healthy), id.clone()));
        assert_eq!(bench.listed(&id).await.health, Some(Health::Healthy));
        assert!(bench.engine.check_health(&id).await.is_err(), "this engine does it by itself");
    }
    assert_eq!(bench.inspect(&id).await.health, Some(Health::Healthy));
}

async fn failing_health_is_told(bench: Bench) {
    let fails = Behaviour {
        healthy_after: None,
        unhealthy_after: Some(Duration::from_millis(100)),
        ..Behaviour::default()
    };
    bench.expect("a", fails);
    let mut events = bench.engine.events(EventQuery { labels: vec![bench.label()] }).await.unwrap();
    let mut spec = bench.sleeper();
    spec.healthcheck = Some(checked("false"));
    let id = bench.started("a", &spec).await;
    if bench.is_podman().await {
        // The engine in memory says so once its time has come.
        tokio::time::sleep(Duration::from_millis(150)).await;
        bench.engine.check_health(&id).await.unwrap();
    } else {
        let told = next(&mut events, |kind| matches!(kind, EventKind::Health(_))).await;
        assert_eq!(told.kind, EventKind::Health(Health::Unhealthy));
        assert_eq!(bench.listed(&id).await.health, Some(Health::Unhealthy));
    }
    assert_eq!(bench.inspect(&id).await.health, Some(Health::Unhealthy));
    assert!(bench.inspect(&id).await.failing_streak >= 1);
}

async fn commands_run_inside(bench: Bench) {
    let exec = ExecOutput { exit_code: 7, output: b"out\nerr\n".to_vec() };
    bench.expect("a", Behaviour { exec, ..Behaviour::default() });
    let id = bench.create("a", &bench.sleeper()).await;
    let request = ExecRequest {
        command: ["sh", "-c", "echo $WORD; sleep 0.1; echo err >&2; exit 7"].map(str::to_owned).to_vec(),
        environment: vec!["WORD=out".to_owned()],
        ..ExecRequest::default()
    };
    let (heard, mut hearing) = mpsc::channel(16);
    let refused = error(bench.engine.exec(&id, &request, heard.clone()).await);
    assert!(refused.is_conflict(), "{refused:?}");
    bench.engine.start_container(&id).await.unwrap();
    let done = bench.engine.exec(&id, &request, heard).await.unwrap();
    assert_eq!((done.exit_code, String::from_utf8_lossy(&done.output).as_ref()), (7, "out\nerr\n"));
    // The same was heard as it came.
    let mut said = Vec::new();
    while let Some(chunk) = hearing.recv().await {
        said.extend_from_slice(&chunk.bytes);
    }
    assert_eq!(said, done.output);
}

async fn files_are_put_in(bench: Bench) {
    let exec = ExecOutput { exit_code: 0, output: b"hush 7:8".to_vec() };
    bench.expect("a", Behaviour { exec, ..Behaviour::default() });
    // The owners are those of the archive, whoever the container's user is.
    let id = bench.create("a", &ContainerSpec { user: Some("nobody".to_owned()), ..bench.sleeper() }).await;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o444);
    header.set_uid(7);
    header.set_gid(8);
    archive.append_data(&mut header, "run/secrets/word", &b"hush"[..]).unwrap();
    let bytes = Bytes::from(archive.into_inner().unwrap());
    bench.engine.upload(&id, bytes.clone()).await.unwrap();
    bench.engine.start_container(&id).await.unwrap();
    let request = ExecRequest {
        command: ["sh", "-c", "cat /run/secrets/word; stat -c ' %u:%g' /run/secrets/word | tr -d '\\n'"]
            .map(str::to_owned)
            .to_vec(),
        ..ExecRequest::default()
    };
    // Nobody needs to listen.
    let (heard, nobody) = mpsc::channel(1);
    drop(nobody);
    let done = bench.engine.exec(&id, &request, heard).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&done.output), "hush 7:8");
    let gone = rcompose::base::ContainerId::from(bench.name("nobody"));
    assert!(error(bench.engine.upload(&gone, bytes).await).is_not_found());
}

async fn a_digest_nobody_has_is_an_error(bench: Bench) {
    for absent in ["127.0.0.1:1/rcompose/absent:1", "127.0.0.1:1/Rcompose/Absent:1"] {
        error(bench.engine.registry_digest(absent).await);
    }
}

async fn a_failed_pull_says_why(bench: Bench) {
    // Nothing listens there.
    let mut news = bench.engine.pull_image("127.0.0.1:1/rcompose/absent:1", None).await.unwrap();
    while let Some(item) = news.next().await {
        if item.is_err() {
            return;
        }
    }
    panic!("the pull can't have worked");
}
