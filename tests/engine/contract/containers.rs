//! Containers: their life, their names, what they were made of.

use std::time::Duration;

use rcompose::base::ContainerId;
use rcompose::engine::{ContainerQuery, EngineError};
use rcompose::memory::Behaviour;
use rcompose::spec::{
    ExposedPort, HealthSpec, MountKind, MountSpec, Namespace, NetworkAttachment, PortBinding, RestartSpec,
    UlimitSpec,
};
use rcompose::state::{ApiVersion, ContainerState};

use super::bench::{Bench, Check, LABEL, error};
use crate::rows;

pub fn checks() -> Vec<Check> {
    rows![
        engine_tells_its_version,
        a_life,
        starting_and_stopping_twice_is_no_error,
        absent_containers_are_not_found,
        names_are_unique,
        strange_names_do_no_harm,
        an_absent_image_is_not_found,
        lists_filter_by_label,
        a_running_container_is_removed_by_force,
        a_running_container_is_not_removed_without_force,
        only_running_containers_are_killed,
        a_deaf_container_is_killed_after_its_grace,
        a_restart_is_another_run,
        restart_policies_are_kept,
        an_inspection_tells_the_request,
        busy_ports_are_refused,
        networks_of_ended_containers_are_not_shared,
        new_features_need_new_engines,
    ]
}

async fn engine_tells_its_version(bench: Bench) {
    let found = bench.engine.capabilities().await.unwrap();
    assert!(bench.engine.cores().await.unwrap() >= 1);
    assert!(found.api >= ApiVersion::new(1, 40) && found.api <= ApiVersion::new(1, 51), "{}", found.api);
}

async fn a_life(bench: Bench) {
    let id = bench.create("a", &bench.sleeper()).await;
    assert_eq!(id.len(), 64);
    let listed = bench.listed(&id).await;
    assert_eq!((listed.name.as_str(), listed.state), (bench.name("a").as_str(), ContainerState::Created));
    assert!(bench.list(false).await.is_empty());
    assert!(bench.inspect(&id).await.started_at.is_empty());

    bench.engine.start_container(&id).await.unwrap();
    let listed = bench.listed(&id).await;
    assert_eq!((listed.state, listed.exit_code), (ContainerState::Running, None));
    assert!(listed.status.starts_with("Up "), "{}", listed.status);
    assert!(!bench.inspect(&id).await.started_at.is_empty());
    // A name does as well as an id.
    let by_name = bench.inspect(&ContainerId::from(bench.name("a"))).await;
    assert_eq!(by_name.id, id);
    assert_eq!(by_name.image_id, listed.image_id);

    bench.engine.stop_container(&id, Some(Duration::from_secs(5))).await.unwrap();
    let listed = bench.listed(&id).await;
    assert_eq!(listed.state, ContainerState::Exited);
    assert!(listed.exit_code.is_some(), "{}", listed.status);
    bench.engine.rename_container(&id, &bench.name("b")).await.unwrap();
    assert_eq!(bench.inspect(&id).await.name, bench.name("b"));
    bench.engine.remove_container(&id, false).await.unwrap();
    assert!(bench.list(true).await.is_empty());
}

async fn starting_and_stopping_twice_is_no_error(bench: Bench) {
    let id = bench.started("a", &bench.sleeper()).await;
    bench.engine.start_container(&id).await.unwrap();
    bench.engine.stop_container(&id, None).await.unwrap();
    bench.engine.stop_container(&id, None).await.unwrap();
}

async fn absent_containers_are_not_found(bench: Bench) {
    let id = ContainerId::from(bench.name("nobody"));
    let engine = &bench.engine;
    assert!(error(engine.inspect_container(&id).await).is_not_found());
    assert!(error(engine.start_container(&id).await).is_not_found());
    assert!(error(engine.stop_container(&id, None).await).is_not_found());
    assert!(error(engine.kill_container(&id, "SIGTERM").await).is_not_found());
    assert!(error(engine.rename_container(&id, &bench.name("x")).await).is_not_found());
    let gone = error(engine.remove_container(&id, false).await);
    assert!(gone.is_not_found());
    if bench.is_podman().await {
        assert!(gone.to_string().contains(id.as_str()), "{gone}");
    } else {
        assert_eq!(gone.message(), format!("No such container: {id}"));
    }
}

async fn names_are_unique(bench: Bench) {
    let first = bench.create("a", &bench.sleeper()).await;
    let second = error(bench.engine.create_container(&bench.name("a"), &bench.sleeper()).await);
    assert!(second.is_conflict(), "{second:?}");
    assert!(second.to_string().contains("is already in use by "), "{second}");
    assert!(second.to_string().contains(&first.as_str()[..12]), "{second}");
    let other = bench.create("b", &bench.sleeper()).await;
    assert!(error(bench.engine.rename_container(&other, &bench.name("a")).await).is_conflict());
}

async fn strange_names_do_no_harm(bench: Bench) {
    bench.create("a", &bench.sleeper()).await;
    for name in ["na me/..?x", "", ".", "..", "./a", "a/../b", "a?b#c", "ü"] {
        assert!(bench.engine.inspect_container(&ContainerId::from(name)).await.is_err(), "{name}");
        assert!(bench.engine.remove_container(&ContainerId::from(name), false).await.is_err(), "{name}");
    }
    let refused = error(bench.engine.create_container("na me", &bench.sleeper()).await);
    let wanted = if bench.is_podman().await { 500 } else { 400 };
    assert!(matches!(refused, EngineError::Refused { status, .. } if status == wanted), "{refused:?}");
    assert_eq!(bench.list(true).await.len(), 1);
}

async fn an_absent_image_is_not_found(bench: Bench) {
    let mut spec = bench.sleeper();
    spec.image = "rcompose-contract-absent".to_owned();
    let missing = error(bench.engine.create_container(&bench.name("a"), &spec).await);
    assert!(missing.is_not_found());
    if bench.is_podman().await {
        assert!(missing.to_string().contains("rcompose-contract-absent"), "{missing}");
    } else {
        assert_eq!(missing.message(), "No such image: rcompose-contract-absent:latest");
    }
    let missing = error(bench.engine.inspect_image("rcompose-contract-absent", None).await);
    assert!(missing.is_not_found());
    let there = bench.engine.inspect_image("busybox", None).await.unwrap();
    assert_eq!(there.command.as_deref(), Some(&["sh".to_owned()][..]));
    assert!(there.identity.starts_with("sha256:"));
    let by_id = bench.engine.inspect_image(&there.id, None).await.unwrap();
    assert_eq!(by_id.id, there.id);
}

async fn lists_filter_by_label(bench: Bench) {
    let mut spec = bench.sleeper();
    spec.labels.insert("color".to_owned(), "red=ish".to_owned());
    let red = bench.create("red", &spec).await;
    bench.create("other", &bench.sleeper()).await;
    for wanted in ["color", "color=red=ish"] {
        let labels = vec![format!("{LABEL}={}", bench.label().split_once('=').unwrap().1), wanted.to_owned()];
        let found = bench.engine.list_containers(ContainerQuery { labels, all: true }).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].id, found[0].label("color")), (&red, Some("red=ish")));
    }
}

async fn a_running_container_is_removed_by_force(bench: Bench) {
    let id = bench.started("a", &bench.sleeper()).await;
    bench.engine.remove_container(&id, false).await.unwrap();
    assert!(error(bench.engine.inspect_container(&id).await).is_not_found());
}

async fn a_running_container_is_not_removed_without_force(bench: Bench) {
    let id = bench.started("a", &bench.sleeper()).await;
    let runs = error(bench.engine.remove_stopped(&id, true).await);
    assert!(runs.is_conflict(), "{runs:?}");
    assert_eq!(bench.inspect(&id).await.state, ContainerState::Running);
    bench.engine.stop_container(&id, Some(Duration::ZERO)).await.unwrap();
    bench.engine.remove_stopped(&id, true).await.unwrap();
    assert!(bench.list(true).await.is_empty());
    assert!(error(bench.engine.remove_stopped(&id, true).await).is_not_found());
}

async fn only_running_containers_are_killed(bench: Bench) {
    let id = bench.create("a", &bench.sleeper()).await;
    let refused = error(bench.engine.kill_container(&id, "SIGKILL").await);
    assert!(refused.is_conflict(), "{refused:?}");
    bench.engine.start_container(&id).await.unwrap();
    bench.engine.kill_container(&id, "SIGKILL").await.unwrap();
    assert_eq!(bench.ended(&id).await.exit_code, 137);
}

async fn a_deaf_container_is_killed_after_its_grace(bench: Bench) {
    bench.expect("a", Behaviour { stop_takes: Duration::from_secs(60), ..Behaviour::default() });
    let mut spec = bench.running(&["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
    spec.stop_signal = None;
    let id = bench.started("a", &spec).await;
    // The trap must be there first.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let began = std::time::Instant::now();
    bench.engine.stop_container(&id, Some(Duration::from_secs(1))).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(900));
    assert_eq!(bench.ended(&id).await.exit_code, 137);
}

async fn a_restart_is_another_run(bench: Bench) {
    let id = bench.started("a", &bench.sleeper()).await;
    let first = bench.inspect(&id).await.started_at;
    bench.engine.stop_container(&id, Some(Duration::from_secs(1))).await.unwrap();
    bench.engine.start_container(&id).await.unwrap();
    let again = bench.inspect(&id).await;
    assert_eq!(again.state, ContainerState::Running);
    assert!(again.started_at >= first);
}

async fn restart_policies_are_kept(bench: Bench) {
    let ends =
        Behaviour { exit_after: Some(Duration::from_millis(10)), exit_code: 3, ..Behaviour::default() };
    bench.expect("a", ends);
    let mut spec = bench.running(&["sh", "-c", "exit 3"]);
    spec.restart = Some(RestartSpec { name: "on-failure".to_owned(), max_retries: 2 });
    let id = bench.started("a", &spec).await;
    for _ in 0..400 {
        let detail = bench.inspect(&id).await;
        if detail.state == ContainerState::Exited && detail.restart_count == 2 {
            assert_eq!(detail.exit_code, 3);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the container isn't restarted twice: {:?}", bench.inspect(&id).await);
}

async fn an_inspection_tells_the_request(bench: Bench) {
    let mut spec = bench.sleeper();
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    spec.entrypoint = Some(text(&["sleep"]));
    spec.command = Some(text(&["300"]));
    spec.environment.insert("LEVEL".to_owned(), Some("a=b".to_owned()));
    spec.environment.insert("PATH".to_owned(), None);
    spec.hostname = Some("box".to_owned());
    spec.user = Some("0:0".to_owned());
    spec.working_dir = Some("/tmp".to_owned());
    spec.stop_timeout = Some(7);
    spec.cap_add = text(&["CAP_NET_ADMIN"]);
    spec.extra_hosts = text(&["other:10.0.0.1"]);
    spec.init = Some(true);
    spec.sysctls.insert("net.ipv4.ip_unprivileged_port_start".to_owned(), "80".to_owned());
    spec.exposed_ports = vec![ExposedPort { port: 8080, protocol: "tcp".to_owned() }];
    spec.resources.memory = 64 << 20;
    spec.resources.ulimits = vec![UlimitSpec { name: "nofile".to_owned(), soft: 100, hard: 200 }];
    spec.healthcheck = Some(HealthSpec {
        test: text(&["CMD", "true"]),
        interval: Some(5_000_000_000),
        retries: Some(3),
        ..HealthSpec::default()
    });
    spec.mounts = vec![
        MountSpec {
            target: "/h".to_owned(),
            read_only: true,
            kind: MountKind::Bind {
                source: "/tmp".to_owned(),
                create_host_path: true,
                propagation: None,
                recursive: None,
                selinux: None,
                resource: false,
            },
            consistency: None,
        },
        MountSpec {
            target: "/t".to_owned(),
            read_only: false,
            kind: MountKind::Tmpfs { size: Some(1 << 20), mode: None },
            consistency: None,
        },
    ];
    let id = bench.create("a", &spec).await;
    let found = *bench.inspect(&id).await.spec;
    assert_eq!(found.image, spec.image);
    assert_eq!((&found.entrypoint, &found.command), (&spec.entrypoint, &spec.command));
    assert_eq!(found.environment.get("LEVEL"), Some(&Some("a=b".to_owned())));
    assert!(!found.environment.contains_key("PATH"), "a key without a value unsets the image's");
    assert_eq!(found.hostname, spec.hostname);
    assert_eq!((&found.user, &found.working_dir), (&spec.user, &spec.working_dir));
    assert_eq!((found.stop_timeout, &found.stop_signal), (Some(7), &spec.stop_signal));
    assert_eq!((&found.cap_add, &found.extra_hosts), (&spec.cap_add, &spec.extra_hosts));
    assert_eq!((found.init, &found.sysctls), (spec.init, &spec.sysctls));
    assert_eq!(found.exposed_ports, spec.exposed_ports);
    assert_eq!(found.resources.memory, spec.resources.memory);
    assert_eq!(found.resources.ulimits, spec.resources.ulimits);
    assert_eq!(found.healthcheck, spec.healthcheck);
    assert_eq!(found.mounts, spec.mounts);
    assert_eq!(found.network, spec.network);
}

async fn busy_ports_are_refused(bench: Bench) {
    let mut spec = bench.sleeper();
    spec.network = NetworkAttachment::default();
    let port = ExposedPort { port: 80, protocol: "tcp".to_owned() };
    spec.exposed_ports = vec![port.clone()];
    let binding = |host_port: &str| PortBinding {
        container: port.clone(),
        host_ip: "127.0.0.1".to_owned(),
        host_port: host_port.to_owned(),
    };
    spec.network = NetworkAttachment {
        mode: Some(Namespace::Mode(bench.name("n"))),
        endpoints: bench.on(&[&bench.name("n")]).network.endpoints,
        disabled: false,
    };
    bench.engine.create_network(&bench.network("n")).await.unwrap();
    spec.port_bindings = vec![binding("")];
    let first = bench.started("a", &spec).await;
    let given = bench.listed(&first).await.ports[0].clone();
    assert_eq!((given.private, given.ip.as_deref()), (80, Some("127.0.0.1")));
    spec.port_bindings = vec![binding(&given.public.unwrap().to_string())];
    let second = bench.create("b", &spec).await;
    let refused = error(bench.engine.start_container(&second).await);
    let words = if bench.is_podman().await { "address already in use" } else { "port is already allocated" };
    assert!(refused.to_string().contains(words), "{refused}");
    assert_ne!(bench.inspect(&second).await.state, ContainerState::Running);
}

async fn networks_of_ended_containers_are_not_shared(bench: Bench) {
    let host = bench.create("host", &bench.sleeper()).await;
    let mut spec = bench.sleeper();
    spec.network.mode = Some(Namespace::Mode(format!("container:{host}")));
    let guest = bench.create("guest", &spec).await;
    let refused = error(bench.engine.start_container(&guest).await);
    assert!(refused.to_string().contains("non running container"), "{refused}");
    bench.engine.start_container(&host).await.unwrap();
    bench.engine.start_container(&guest).await.unwrap();
    assert_eq!(bench.inspect(&guest).await.spec.network, spec.network);
    assert_eq!(bench.listed(&guest).await.lender, Some(host));
}

async fn new_features_need_new_engines(bench: Bench) {
    let api = bench.engine.capabilities().await.unwrap().api;
    if api >= ApiVersion::new(1, 49) {
        return;
    }
    let mut spec = bench.on(&["bridge"]);
    spec.network.endpoints[0].interface_name = Some("eth7".to_owned());
    let refused = error(bench.engine.create_container(&bench.name("a"), &spec).await);
    assert!(matches!(refused, EngineError::Unsupported { .. }), "{refused:?}");
}
