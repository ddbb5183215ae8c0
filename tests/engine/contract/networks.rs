//! Networks and volumes.

use rcompose::spec::{EndpointSpec, IpamPool, IpamSpec, MountKind, MountSpec, NetworkSpec};
use rcompose::state::ApiVersion;

use super::bench::{Bench, Check, error};
use crate::rows;

pub fn checks() -> Vec<Check> {
    rows![
        a_networks_life,
        a_network_is_made_again_as_it_was,
        network_names_are_unique,
        subnets_do_not_overlap,
        a_network_in_use_stays,
        a_lost_network_stops_the_start,
        containers_are_connected_and_disconnected,
        several_networks_at_creation,
        a_volumes_life,
        a_volume_in_use_stays,
        anonymous_volumes_go_when_asked,
    ]
}

async fn a_networks_life(bench: Bench) {
    let engine = &bench.engine;
    let spec = bench.network("n");
    let id = engine.create_network(&spec).await.unwrap();
    let found = engine.inspect_network(&spec.name).await.unwrap();
    assert_eq!((&found.id, found.name.as_str(), found.driver.as_str()), (&id, spec.name.as_str(), "bridge"));
    assert_eq!(found.scope, "local");
    let listed = engine.list_networks(&[bench.label()]).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].labels, spec.labels.into_iter().collect());
    engine.remove_network(&id).await.unwrap();
    assert!(error(engine.inspect_network(&spec.name).await).is_not_found());
    assert!(error(engine.remove_network(&id).await).is_not_found());
}

async fn a_network_is_made_again_as_it_was(bench: Bench) {
    let engine = &bench.engine;
    let plain = bench.network("n");
    let pool = IpamPool {
        subnet: Some("10.213.79.0/24".to_owned()),
        ip_range: Some("10.213.79.128/25".to_owned()),
        gateway: Some("10.213.79.1".to_owned()),
        aux_addresses: [("router".to_owned(), "10.213.79.2".to_owned())].into_iter().collect(),
    };
    let full = NetworkSpec {
        driver: Some("bridge".to_owned()),
        options: [("com.docker.network.bridge.enable_icc".to_owned(), "false".to_owned())]
            .into_iter()
            .collect(),
        ipam: Some(IpamSpec { driver: Some("default".to_owned()), pools: vec![pool], ..IpamSpec::default() }),
        internal: true,
        attachable: true,
        enable_ipv6: Some(false),
        ..bench.network("m")
    };
    for spec in [plain, full.clone()] {
        let id = engine.create_network(&spec).await.unwrap();
        let definition = engine.network_definition(&id).await.unwrap();
        assert_eq!((&definition.name, &definition.labels), (&spec.name, &spec.labels));
        engine.remove_network(&id).await.unwrap();
        let again = engine.create_network(&definition).await.unwrap();
        assert_eq!(engine.network_definition(&again).await.unwrap(), definition);
    }
    let definition = engine.network_definition(&full.name).await.unwrap();
    assert_eq!((definition.driver, definition.ipam), (full.driver, full.ipam));
    for (option, value) in full.options {
        assert_eq!(definition.options.get(&option), Some(&value));
    }
    assert_eq!((definition.internal, definition.attachable), (true, true));
    assert_eq!(definition.enable_ipv6, Some(false));
}

async fn network_names_are_unique(bench: Bench) {
    let spec = bench.network("n");
    bench.engine.create_network(&spec).await.unwrap();
    let again = error(bench.engine.create_network(&spec).await);
    assert!(again.is_conflict(), "{again:?}");
}

async fn subnets_do_not_overlap(bench: Bench) {
    let with = |key: &str, subnet: &str| {
        let pool = IpamPool { subnet: Some(subnet.to_owned()), ..IpamPool::default() };
        NetworkSpec {
            ipam: Some(IpamSpec { pools: vec![pool], ..IpamSpec::default() }),
            ..bench.network(key)
        }
    };
    bench.engine.create_network(&with("n", "10.213.77.0/24")).await.unwrap();
    let again = error(bench.engine.create_network(&with("m", "10.213.77.128/25")).await);
    let words = if bench.is_podman().await { "is already used" } else { "Pool overlaps" };
    assert!(again.to_string().contains(words), "{again:?}");
    bench.engine.create_network(&with("o", "10.213.78.0/24")).await.unwrap();
}

async fn a_network_in_use_stays(bench: Bench) {
    let spec = bench.network("n");
    let network = bench.engine.create_network(&spec).await.unwrap();
    let id = bench.started("a", &bench.on(&[&spec.name])).await;
    let found = bench.engine.inspect_network(&spec.name).await.unwrap();
    assert_eq!(found.attached, std::slice::from_ref(&id));
    let refused = error(bench.engine.remove_network(&network).await);
    assert!(refused.to_string().contains("has active endpoints"), "{refused}");
    assert!(!refused.is_not_found());
    let listed = bench.listed(&id).await;
    assert_eq!(listed.networks.len(), 1);
    assert_eq!((&listed.networks[0].network, &listed.networks[0].network_id), (&spec.name, &network));
    assert!(listed.networks[0].ip_address.is_some());
    bench.engine.stop_container(&id, None).await.unwrap();
    assert!(bench.engine.inspect_network(&spec.name).await.unwrap().attached.is_empty());
    bench.engine.remove_network(&network).await.unwrap();
}

async fn a_lost_network_stops_the_start(bench: Bench) {
    let spec = bench.network("n");
    let network = bench.engine.create_network(&spec).await.unwrap();
    let id = bench.create("a", &bench.on(&[&spec.name])).await;
    bench.engine.remove_network(&network).await.unwrap();
    let refused = error(bench.engine.start_container(&id).await);
    assert!(refused.to_string().contains("not found"), "{refused}");
}

async fn containers_are_connected_and_disconnected(bench: Bench) {
    let (front, back) = (bench.network("front"), bench.network("back"));
    bench.engine.create_network(&front).await.unwrap();
    let back_id = bench.engine.create_network(&back).await.unwrap();
    let id = bench.create("a", &bench.on(&[&front.name])).await;
    let endpoint = EndpointSpec {
        network: back.name.clone(),
        aliases: vec!["behind".to_owned()],
        ..EndpointSpec::default()
    };
    bench.engine.connect(&back_id, &id, &endpoint).await.unwrap();
    bench.engine.start_container(&id).await.unwrap();
    let spec = bench.inspect(&id).await.spec;
    let mut names: Vec<&str> = spec.network.endpoints.iter().map(|e| e.network.as_str()).collect();
    if bench.is_podman().await {
        // It doesn't tell which is the first one.
        names.sort_by_key(|name| *name != front.name);
    }
    assert_eq!(names, [front.name.as_str(), back.name.as_str()]);
    let behind = spec.network.endpoints.iter().find(|e| e.network == back.name).unwrap();
    assert!(behind.aliases.contains(&"behind".to_owned()));
    assert!(bench.engine.connect(&back_id, &id, &endpoint).await.is_err());
    bench.engine.disconnect(&back_id, &id).await.unwrap();
    assert_eq!(bench.listed(&id).await.networks.len(), 1);
    // And again while it runs.
    bench.engine.connect(&back_id, &id, &endpoint).await.unwrap();
    assert_eq!(bench.listed(&id).await.networks.len(), 2);
}

async fn several_networks_at_creation(bench: Bench) {
    let (front, back) = (bench.network("front"), bench.network("back"));
    bench.engine.create_network(&front).await.unwrap();
    bench.engine.create_network(&back).await.unwrap();
    let id = bench.started("a", &bench.on(&[&front.name, &back.name])).await;
    let api = bench.engine.capabilities().await.unwrap().api;
    let count = if api >= ApiVersion::new(1, 44) { 2 } else { 1 };
    assert_eq!(bench.listed(&id).await.networks.len(), count);
}

async fn a_volumes_life(bench: Bench) {
    let engine = &bench.engine;
    let spec = bench.volume("v");
    engine.create_volume(&spec).await.unwrap();
    engine.create_volume(&spec).await.unwrap();
    let found = engine.inspect_volume(&spec.name).await.unwrap();
    assert_eq!((found.name.as_str(), found.driver.as_str()), (spec.name.as_str(), "local"));
    let listed = engine.list_volumes(&[bench.label()]).await.unwrap();
    assert_eq!(listed, [found]);
    engine.remove_volume(&spec.name).await.unwrap();
    assert!(error(engine.inspect_volume(&spec.name).await).is_not_found());
    for name in ["./data", "../data", "a/../b"] {
        assert!(error(engine.inspect_volume(name).await).is_not_found(), "{name}");
        assert!(error(engine.inspect_network(name).await).is_not_found(), "{name}");
    }
    engine.remove_volume(&spec.name).await.unwrap();
}

fn mount(name: Option<String>) -> MountSpec {
    MountSpec {
        target: "/data".to_owned(),
        read_only: false,
        kind: MountKind::Volume {
            key: name.clone(),
            name,
            labels: Default::default(),
            nocopy: false,
            subpath: None,
            selinux: None,
            configured: true,
        },
        consistency: None,
    }
}

async fn a_volume_in_use_stays(bench: Bench) {
    let volume = bench.volume("v");
    bench.engine.create_volume(&volume).await.unwrap();
    let mut spec = bench.sleeper();
    spec.mounts = vec![mount(Some(volume.name.clone()))];
    // A container that never ran holds it too.
    let id = bench.create("a", &spec).await;
    let refused = error(bench.engine.remove_volume(&volume.name).await);
    assert!(refused.is_conflict(), "{refused:?}");
    let words = if bench.is_podman().await { "volume is being used" } else { "volume is in use" };
    assert!(refused.to_string().contains(words), "{refused}");
    let listed = bench.listed(&id).await;
    assert_eq!(listed.mounts.len(), 1);
    assert_eq!(listed.mounts[0].name.as_ref(), Some(&volume.name));
    bench.engine.remove_container(&id, true).await.unwrap();
    // A named volume outlives its container, whatever was asked.
    bench.engine.inspect_volume(&volume.name).await.unwrap();
    bench.engine.remove_volume(&volume.name).await.unwrap();
}

async fn anonymous_volumes_go_when_asked(bench: Bench) {
    let mut spec = bench.sleeper();
    spec.mounts = vec![mount(None)];
    let mut names = Vec::new();
    for (part, volumes) in [("keep", false), ("drop", true)] {
        let id = bench.create(part, &spec).await;
        let name = bench.listed(&id).await.mounts[0].name.clone().unwrap();
        assert_eq!(name.len(), 64);
        bench.engine.remove_container(&id, volumes).await.unwrap();
        names.push(name);
    }
    bench.engine.inspect_volume(&names[0]).await.unwrap();
    bench.engine.remove_volume(&names[0]).await.unwrap();
    assert!(error(bench.engine.inspect_volume(&names[1]).await).is_not_found());
}
