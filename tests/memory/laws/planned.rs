//! The plan is the truth: what is shown is what is sent to the engine, whatever `up` is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use rcompose::app::converge::Answer;
use rcompose::base::{ContainerId, ServiceName};
use rcompose::engine::{ContainerQuery, Containers};
use rcompose::memory::MemoryEngine;
use rcompose::plan::{Intent, Op, Plan, Recreate, Ref, Target, Up};
use rcompose::spec::{Desired, PullPolicy};

use super::case::{Case, case, told};
use super::cases;
use crate::world::{self, Run, selected, with_paused_time};

/// The flags of `up`.
#[derive(Clone, Debug)]
struct Flags {
    services: Vec<u8>,
    recreate: Option<Recreation>,
    always_recreate_deps: bool,
    no_deps: bool,
    scale: Option<(u8, u32)>,
    remove_orphans: bool,
    ignore_orphans: bool,
    no_start: bool,
    pull: Option<PullPolicy>,
    timeout: Option<u64>,
    yes: bool,
    wait: bool,
    ignore_jobs: bool,
}

/// Flags that exclude each other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Recreation {
    Force,
    Never,
    RenewVolumes,
}

fn flags() -> impl Strategy<Value = Flags> {
    let recreate = prop::option::weighted(
        0.5,
        prop_oneof![Just(Recreation::Force), Just(Recreation::Never), Just(Recreation::RenewVolumes)],
    );
    let pull = prop::option::weighted(
        0.3,
        prop_oneof![Just(PullPolicy::Always), Just(PullPolicy::Missing), Just(PullPolicy::Never)],
    );
    let rarely = || prop::bool::weighted(0.2);
    let services = prop::collection::vec(0u8..4, 0..3);
    let scale = prop::option::weighted(0.3, (0u8..4, 0u32..4));
    let timeout = prop::option::weighted(0.2, 0u64..3);
    (
        (services, recreate, rarely(), rarely(), scale, any::<bool>()),
        (rarely(), rarely(), pull, timeout, any::<bool>(), rarely(), rarely()),
    )
        .prop_map(|(first, second)| {
            let (services, recreate, always_recreate_deps, no_deps, scale, remove_orphans) = first;
            let (ignore_orphans, no_start, pull, timeout, yes, wait, ignore_jobs) = second;
            Flags {
                services,
                recreate,
                always_recreate_deps,
                no_deps,
                scale,
                remove_orphans,
                ignore_orphans,
                no_start,
                pull,
                timeout,
                yes,
                wait,
                ignore_jobs,
            }
        })
}

impl Flags {
    /// The services of the file that are named.
    fn targets<'n>(&self, names: &'n [ServiceName]) -> Vec<&'n str> {
        let mut targets: Vec<&str> = self
            .services
            .iter()
            .filter_map(|at| names.get(usize::from(*at)))
            .map(ServiceName::as_str)
            .collect();
        targets.dedup();
        targets
    }

    /// As the command line makes it.
    fn of(&self, case: &Case) -> (Desired, Up) {
        let text = case.now.text();
        let names: Vec<ServiceName> = case.desired().services.keys().cloned().collect();
        let targets = self.targets(&names);
        let (mut desired, bystanders) = selected(&text, &targets, self.no_deps);
        if let Some(pull) = self.pull {
            desired.services.values_mut().for_each(|service| service.pull_policy = pull);
        }
        let dependencies = match self.recreate {
            Some(Recreation::Never) => Recreate::Never,
            _ if self.always_recreate_deps => Recreate::Force,
            _ => Recreate::Diverged,
        };
        let scale = self.scale.and_then(|(at, count)| Some((names.get(usize::from(at))?.clone(), count)));
        let up = Up {
            targets: targets.into_iter().map(ServiceName::from).collect(),
            recreate: match self.recreate {
                Some(Recreation::Never) => Recreate::Never,
                Some(Recreation::Force | Recreation::RenewVolumes) => Recreate::Force,
                None => Recreate::Diverged,
            },
            recreate_dependencies: dependencies,
            renew_anonymous_volumes: self.recreate == Some(Recreation::RenewVolumes),
            remove_orphans: self.remove_orphans && !self.ignore_orphans,
            ignore_orphans: self.ignore_orphans,
            no_start: self.no_start,
            timeout: self.timeout.map(Duration::from_secs),
            wait: self.wait,
            scale: scale.into_iter().collect(),
            bystanders,
            pull_flag: self.pull.is_some(),
            ignore_jobs: self.ignore_jobs,
            changed_volumes: BTreeMap::new(),
        };
        (desired, up)
    }
}

/// What a plan says will be sent to the engine: calls with what they are about, sorted. `names` are those of
/// the containers there are.
fn promised(plan: &Plan, names: &BTreeMap<ContainerId, String>) -> Vec<(&'static str, String)> {
    let name = |target: &Target| match &target.id {
        Ref::Existing(id) => names[id].clone(),
        Ref::Planned(step) => match &plan.steps[step.0].op {
            Op::CreateContainer { name, .. } => name.clone(),
            other => panic!("made by {other:?}"),
        },
    };
    let mut calls = Vec::new();
    for step in &plan.steps {
        match &step.op {
            Op::PullImage { reference, .. } => calls.push(("pull_image", reference.clone())),
            Op::CreateNetwork(spec) => calls.push(("create_network", spec.name.clone())),
            Op::RemoveNetwork { name, .. } => calls.push(("remove_network", name.clone())),
            Op::ConnectNetwork { container, .. } => calls.push(("connect", name(container))),
            Op::DisconnectNetwork { container, .. } => calls.push(("disconnect", name(container))),
            Op::CreateVolume(spec) => calls.push(("create_volume", spec.name.clone())),
            Op::RemoveVolume { name, .. } => calls.push(("remove_volume", name.clone())),
            Op::RemoveImage { reference, .. } => calls.push(("remove_image", reference.clone())),
            Op::CreateContainer { name, .. } => calls.push(("create_container", name.clone())),
            Op::StartContainer { container, uploads, post_start, .. } => {
                let name = name(container);
                let files = uploads.iter().filter(|upload| !upload.content.is_empty());
                calls.extend(files.map(|_| ("upload", name.clone())));
                calls.extend(post_start.iter().map(|_| ("exec", name.clone())));
                calls.push(("start_container", name));
            }
            Op::StopContainer { container, pre_stop, .. } => {
                calls.extend(pre_stop.iter().map(|_| ("exec", name(container))));
                calls.push(("stop_container", name(container)));
            }
            Op::RestartContainer { container, .. } => calls.push(("restart_container", name(container))),
            Op::RemoveContainer { container, .. } => calls.push(("remove_container", name(container))),
            Op::RenameContainer { container, .. } => calls.push(("rename_container", name(container))),
            Op::WaitFor { .. } => {}
        }
    }
    calls.sort();
    calls
}

async fn names(engine: &MemoryEngine) -> BTreeMap<ContainerId, String> {
    let query = ContainerQuery { labels: Vec::new(), all: true };
    let all = engine.list_containers(query).await.unwrap();
    all.into_iter().map(|container| (container.id, container.name)).collect()
}

proptest! {
    #![proptest_config(cases(200))]

    /// What a plan shows is what the same command sends to the engine: no more, no less, and nothing when it
    /// says that there is nothing to do.
    #[test]
    fn what_is_planned_is_what_is_sent(case in case(), flags in flags()) {
        with_paused_time(async {
            let engine = case.engine().await;
            // `--pull always` finds what there is.
            ["app:1", "job"].into_iter().for_each(|image| engine.publish(image));
            let (desired, up) = flags.of(&case);
            if desired.services.is_empty() {
                return;
            }
            let intent = Intent::Up(up);
            let with = |consent| Run { consent, ..Run::default() };
            let (shown_with, run_with) =
                if flags.yes { (Answer::Yes, Answer::Yes) } else { (Answer::NotAsked, Answer::No) };
            let shown = world::plan(&engine, &desired, intent.clone(), &with(shown_with)).await;
            engine.forget_calls();
            let before = names(&engine).await;
            let ran = world::converge(&engine, &desired, intent, &with(run_with)).await;
            let (shown, ran) = match (shown, ran) {
                (Ok(shown), Ok(ran)) => (shown, ran),
                // Refused alike, and nothing was touched.
                (Err(shown), Err(ran)) => {
                    assert_eq!(shown.to_string(), ran.to_string());
                    assert!(engine.changes().is_empty());
                    return;
                }
                (shown, ran) => panic!("one is refused: {:?} {:?}", shown.err(), ran.err()),
            };
            assert_eq!(shown.steps, ran.0.steps);
            let mut sent: Vec<(&'static str, String)> =
                engine.changes().into_iter().map(|call| (call.operation, call.subject)).collect();
            sent.sort();
            let promised = promised(&shown, &before);
            if ran.1.is_success() {
                assert_eq!(sent, promised, "{}", told(&shown));
                assert_eq!(shown.is_noop(), sent.is_empty());
                // A question is a change that the exit code tells.
                assert!(!flags.yes || !shown.has_questions());
            } else {
                // --no-recreate may keep what can't be started; then nothing but what was planned was tried, apart
                // from what took it back.
                assert!(flags.recreate == Some(Recreation::Never), "{:#?}\n{}", ran.1, told(&shown));
            }
        });
    }
}
