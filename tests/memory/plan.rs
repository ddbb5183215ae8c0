//! Plans as people and machines read them: `tests/plan/<case>/`.
//!
//! A folder holds `compose.yaml` and what is expected, `expected.txt` and `expected.json`. `before.yaml` is
//! brought up first; `request.json` says what is asked for and what happened meanwhile. With
//! `RCOMPOSE_BLESS=1` the expected texts are written anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rcompose::app::converge::Answer;
use rcompose::base::{ContainerId, ServiceName};
use rcompose::diag::SourceMap;
use rcompose::engine::{Containers, Images};
use rcompose::memory::MemoryEngine;
use rcompose::plan::{self, Exposure, Intent, Plan, Recreate, to_json};
use rcompose::spec::PullPolicy;
use rcompose::state::{ApiVersion, ObservedImage};
use rcompose::ui;

use crate::fixtures::{Verdict, folders};
use crate::world::{self, Run, load_text, with_paused_time};

/// What `request.json` may say.
#[derive(serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// `up`, `down`, `start`, `stop` or `restart`.
    command: String,
    services: Vec<String>,
    force_recreate: bool,
    no_recreate: bool,
    no_start: bool,
    no_deps: bool,
    remove_orphans: bool,
    renew_anon_volumes: bool,
    /// `down --volumes`
    volumes: bool,
    wait: bool,
    /// `--pull always`
    pull_always: bool,
    scale: BTreeMap<String, u32>,
    /// Whether volumes whose definition changed may be recreated: `yes`, `no`, or nothing when not asked.
    answer: String,
    /// `stop NAME`, `remove NAME`, `new-image REFERENCE`.
    happened: Vec<String>,
    /// The engine speaks this API.
    api: String,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            command: "up".to_owned(),
            services: Vec::new(),
            force_recreate: false,
            no_recreate: false,
            no_start: false,
            no_deps: false,
            remove_orphans: false,
            renew_anon_volumes: false,
            volumes: false,
            wait: false,
            pull_always: false,
            scale: BTreeMap::new(),
            answer: String::new(),
            happened: Vec::new(),
            api: "1.51".to_owned(),
        }
    }
}

impl Wanted {
    /// As the command line makes it.
    fn intent(&self) -> Intent {
        let targets: Vec<ServiceName> = self.services.iter().map(|name| world::service(name)).collect();
        let recreate = match () {
            () if self.no_recreate => Recreate::Never,
            () if self.force_recreate || self.renew_anon_volumes => Recreate::Force,
            () => Recreate::Diverged,
        };
        match self.command.as_str() {
            "up" => Intent::Up(plan::Up {
                targets,
                recreate,
                recreate_dependencies: if self.no_recreate { Recreate::Never } else { Recreate::Diverged },
                renew_anonymous_volumes: self.renew_anon_volumes,
                remove_orphans: self.remove_orphans,
                no_start: self.no_start,
                wait: self.wait,
                scale: self.scale.iter().map(|(name, n)| (world::service(name), *n)).collect(),
                ..plan::Up::default()
            }),
            "down" => Intent::Down(plan::Down {
                targets,
                images: None,
                volumes: self.volumes,
                remove_orphans: self.remove_orphans,
                timeout: None,
            }),
            "start" => Intent::Start(plan::Start { targets, wait: self.wait }),
            "stop" => Intent::Stop(plan::Stop { targets, timeout: None }),
            "restart" => Intent::Restart(plan::Restart { targets, no_deps: self.no_deps, timeout: None }),
            other => panic!("{other}: no such command"),
        }
    }
}

async fn happen(engine: &MemoryEngine, what: &str) {
    let (verb, subject) = what.split_once(' ').unwrap();
    let id = ContainerId::from(subject);
    match verb {
        "stop" => engine.stop_container(&id, None).await.unwrap(),
        "remove" => engine.remove_container(&id, false).await.unwrap(),
        "new-image" => {
            let old = engine.inspect_image(subject, None).await.unwrap();
            let identity = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
            engine.put_image(subject, ObservedImage { identity: identity.to_owned(), ..old });
        }
        other => panic!("{other}: no such thing can happen"),
    }
}

fn planned(folder: &Path) -> (Plan, SourceMap) {
    let read = |name: &str| fs::read_to_string(folder.join(name));
    let wanted: Wanted =
        read("request.json").map_or_else(|_| Wanted::default(), |text| serde_json::from_str(&text).unwrap());
    let services: Vec<&str> = wanted.services.iter().map(String::as_str).collect();
    // The whole project is known to a restart, as its dependants are.
    let services = if wanted.command == "restart" { Vec::new() } else { services };
    let loaded = load_text(&read("compose.yaml").unwrap(), &services);
    assert!(!loaded.findings.has_errors(), "{}: {:?}", folder.display(), loaded.findings);
    let mut desired = loaded.desired.unwrap();
    if wanted.pull_always {
        desired.services.values_mut().for_each(|service| service.pull_policy = PullPolicy::Always);
    }
    let plan = with_paused_time(async {
        let engine = world::engine(ApiVersion::parse(&wanted.api).unwrap());
        if let Ok(before) = read("before.yaml") {
            let before = world::desired(&before).0;
            let up = Intent::Up(plan::Up::all());
            let (_, report) = world::converge(&engine, &before, up, &Run::default()).await.unwrap();
            assert!(report.is_success(), "{}: {report:#?}", folder.display());
            world::settled(&engine).await;
        }
        for what in &wanted.happened {
            happen(&engine, what).await;
        }
        let consent = match wanted.answer.as_str() {
            "yes" => Answer::Yes,
            "no" => Answer::No,
            _ => Answer::NotAsked,
        };
        let run = Run { consent, ..Run::default() };
        world::plan(&engine, &desired, wanted.intent(), &run).await.unwrap()
    });
    (plan, loaded.sources)
}

const FILES: [&str; 5] = ["before.yaml", "compose.yaml", "expected.json", "expected.txt", "request.json"];

#[test]
fn plans_read_as_expected() {
    let mut verdict = Verdict::new();
    for folder in folders("tests/plan") {
        for entry in fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(FILES.iter().any(|known| name == *known), "{}: a stray {name:?}", folder.display());
        }
        let (plan, sources) = planned(&folder);
        let printed = plan::print(&plan, &sources, &Exposure::default());
        let warnings: String = printed.warnings.iter().map(|text| format!("warning: {text}\n")).collect();
        let text = warnings + &ui::plan::text(&printed, false);
        let json = format!("{:#}\n", to_json(&plan, &sources, &Exposure::default()));
        verdict.compare(&folder.join("expected.txt"), &text);
        verdict.compare(&folder.join("expected.json"), &json);
    }
    verdict.end();
}
