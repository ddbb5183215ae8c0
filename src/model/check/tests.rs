use serde_json::{Value, json};

use super::*;
use crate::model::{fixture, select};

fn found(project: Value, active: &[&str]) -> Vec<String> {
    let (mut project, mut diags) = fixture::project(project);
    select::profiles(&mut project, &active.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    consistency(&project, &mut diags);
    container_names(&project, &mut diags);
    fixture::messages(&diags)
}

#[test]
fn everything_is_found_at_once() {
    let web = json!({
        "depends_on": { "bd": { "condition": "service_started", "required": false } },
        "networks": { "fornt": null },
        "network_mode": "host",
        "healthcheck": { "test": ["curl"] },
        "volumes": [
            { "type": "volume", "source": "date", "target": "/x" },
            { "type": "bind", "source": "/a", "target": "/x" },
        ],
        "secrets": [{ "source": "nope" }],
        "cpus": 1, "scale": 2, "container_name": "web",
        "deploy": { "replicas": 3, "resources": { "limits": {} } },
        "develop": { "watch": [{ "path": "/a", "action": "sync" }] },
    });
    let project = json!({
        "services": { "web": web, "db": { "image": "x", "container_name": "web" } },
        "networks": { "front": {} }, "volumes": { "data": {} }, "secrets": { "empty": {} },
    });
    assert_eq!(
        found(project, &[]),
        [
            "RC0601 services.web: service `web` has neither `image` nor `build`",
            "RC0511 services.web.network_mode: service `web` declares both `network_mode` and `networks`",
            "RC0602 services.web.networks.fornt: service `web` refers to the undefined network `fornt`",
            "RC0613 services.web.healthcheck.test: service `web` has a health check that starts with none of \
             `CMD`, `CMD-SHELL`, `NONE`",
            "RC0607 services.web.depends_on.bd: service `web` depends on the undefined service `bd`",
            "RC0603 services.web.volumes[0]: service `web` refers to the undefined volume `date`",
            "RC0605 services.web.secrets[0]: service `web` refers to the undefined secret `nope`",
            "RC0611 services.web.scale: service `web` sets `scale` and `deploy.replicas` to different values",
            "RC0611 services.web.cpus: service `web` sets `cpus` and `deploy.resources.limits.cpus` to \
             different values",
            "RC0612 services.web.scale: service `web` wants 2 containers, but only one can be named `web`",
            "RC0616 services.web.develop.watch[0]: service `web` has a `sync` rule without a `target`",
            "RC0610 services.web.volumes[1]: service `web` mounts two things at `/x`",
            "RC0617 secrets.empty: secret `empty` has neither `file` nor `environment`",
            "RC0612 services.db.container_name: service `db` has the container name `web`, like the service \
             `web`",
        ]
    );
}

#[test]
fn profiles_decide_what_can_be_depended_on() {
    let project = || {
        json!({ "services": {
            "a": { "image": "x", "depends_on": {
                "b": { "condition": "service_started", "required": true },
                "c": { "condition": "service_started", "required": false } } },
            "b": { "image": "x", "profiles": ["debug"] },
            "c": { "profiles": ["other"] },
        } })
    };
    let off = "RC0608 services.a.depends_on.b: service `a` depends on `b`, which its profiles keep off";
    assert_eq!(found(project(), &[]), [off]);
    assert_eq!(found(project(), &["debug"]), Vec::<String>::new());
    let all = found(project(), &["*"]);
    assert_eq!(all, ["RC0601 services.c: service `c` has neither `image` nor `build`"]);
}

#[test]
fn swarm_only_keys_are_told_once_each() {
    let (project, mut diags) = fixture::project(json!({
        "services": { "a": { "image": "x", "deploy": { "mode": "global", "placement": { "constraints": ["c"] } },
            "secrets": [{ "source": "s" }] } },
        "secrets": { "s": { "file": "/x", "labels": { "a": "b" } } },
    }));
    swarm_only(&project, &mut diags);
    assert_eq!(
        fixture::messages(&diags),
        [
            "RC0702 services.a.deploy.mode: `deploy.mode` is only honoured by Swarm",
            "RC0702 services.a.deploy.placement: `deploy.placement` is only honoured by the scheduler of Swarm",
            "RC0702 secrets.s.labels: only Swarm gives secrets labels",
        ]
    );
}
