//! What a failed run tells: the causes, each with its evidence and who waited for it.

use crate::apply::{ApplyError, ContainerEvidence, Evidence, Failure, NameHolder, Report};
use crate::base::ContainerId;
use crate::diag::SourceMap;
use crate::event::SubjectKind;
use crate::plan::{PlanError, PlanErrors};
use crate::state::{ContainerState, Health};

/// A failure in words: a title, named facts, and what helps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// One line.
    pub title: String,
    /// Facts with their names.
    pub facts: Vec<(String, String)>,
    /// What helps.
    pub help: Vec<String>,
}

/// How many log lines are shown.
const LOG_LINES: usize = 10;

/// Every failure of a run, in the order of its steps.
pub fn tell(report: &Report, sources: &SourceMap) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut known: Vec<&ContainerId> = Vec::new();
    for failure in report.failures() {
        let container = failure.evidence.as_ref().and_then(|e| e.container.as_ref()).map(|c| &c.id);
        // `--wait` may fail over a container that was told of already.
        let again = container.is_some_and(|id| known.contains(&id)) && failure.chain.is_empty();
        if !(again && failure.subject.kind == SubjectKind::Service) {
            told.push(tell_one(failure, report, sources));
        }
        known.extend(container);
    }
    if let Some(last) = told.last_mut() {
        if !report.discarded.is_empty() {
            let names = report.discarded.join(", ");
            last.facts.push(("removed".to_owned(), format!("{names} (made by this run, never started)")));
        }
        if !report.restored.is_empty() {
            last.facts.push((
                "restored".to_owned(),
                format!("{} runs again as before", report.restored.join(", ")),
            ));
        }
        for (container, error) in &report.leftovers {
            last.facts.push(("left behind".to_owned(), format!("{container}: {error}")));
        }
    }
    told
}

/// What helps when an image can't be had, by the engine's words.
fn pull_help(error: &str) -> &'static str {
    const UNREACHABLE: [&str; 7] = [
        "no such host",
        "dial tcp",
        "connection refused",
        "i/o timeout",
        "Client.Timeout",
        "network is unreachable",
        "server misbehaving",
    ];
    match UNREACHABLE.iter().any(|words| error.contains(words)) {
        true => "the registry can't be reached: is there a network, and is the registry's name right?",
        false => "is the name right? `docker login` gives access to private registries",
    }
}

/// What keeps a plan from being made, as it is told.
pub fn tell_refusals(errors: &PlanErrors, sources: &SourceMap) -> Vec<Told> {
    let tell = |error: &PlanError| Told {
        title: error.to_string(),
        facts: sources.place(error.span()).map(|place| ("asked for".to_owned(), place)).into_iter().collect(),
        help: error.help().into_iter().collect(),
    };
    errors.0.iter().map(tell).collect()
}

fn tell_one(failure: &Failure, report: &Report, sources: &SourceMap) -> Told {
    let waiters: Vec<&str> = failure.chain.iter().map(|link| link.waiter.as_str()).collect();
    let held = match waiters.as_slice() {
        [] => String::new(),
        [one] => format!(", so {one} was not started"),
        [most @ .., last] => format!(", so {} and {last} were not started", most.join(", ")),
    };
    let prefix = match &failure.error {
        ApplyError::Call(_) => match failure.subject.kind {
            SubjectKind::Container => format!("{}: ", failure.subject.name),
            _ => format!("{}: ", failure.subject),
        },
        _ => String::new(),
    };
    let from_engine = if matches!(
        &failure.error,
        ApplyError::Call(
            crate::engine::EngineError::Refused { .. }
                | crate::engine::EngineError::NotFound { .. }
                | crate::engine::EngineError::Conflict { .. }
        )
    ) {
        "Error response from daemon: "
    } else {
        ""
    };
    let mut told = Told { title: format!("{prefix}{from_engine}{}{held}", failure.error), ..Told::default() };
    if let Some(evidence) = &failure.evidence {
        facts(&mut told, evidence, report);
    }
    if failure.error.to_string().starts_with("No such image") {
        told.help.push("pull or build it: its pull_policy leaves that to you".to_owned());
    }
    if failure.subject.kind == SubjectKind::Image {
        told.help.push(pull_help(&failure.error.to_string()).to_owned());
    }
    if !failure.chain.is_empty() {
        let links: Vec<String> = failure
            .chain
            .iter()
            .map(|link| {
                let place = sources.place(link.span).map(|place| format!(" ({place})")).unwrap_or_default();
                format!("{} waits for {}{place}", link.waiter, link.on)
            })
            .collect();
        told.facts.push(("chain".to_owned(), links.join("\n")));
    } else if let Some(place) = sources.place(failure.span) {
        told.facts.push(("asked for".to_owned(), place));
    }
    told
}

fn facts(told: &mut Told, evidence: &Evidence, report: &Report) {
    if let Some(port) = &evidence.taken_port {
        let holder = match &port.holder {
            Some(container) => format!("container {container} publishes it"),
            None => "a process outside of the engine, or another address, holds it".to_owned(),
        };
        told.facts.push((format!("port {}", port.port), holder));
        told.help.push("publish another host port, or stop what holds this one".to_owned());
    }
    if let Some(holder) = &evidence.name_holder {
        let owner = match &holder.project {
            Some(project) => format!("of project {project}"),
            None => "of no project".to_owned(),
        };
        let NameHolder { name, state, image, .. } = holder;
        told.facts.push(("holder".to_owned(), format!("a container {owner}: {image}, {}", state.as_str())));
        told.help.push(format!("rename or remove it (docker rm {name}), or choose another container_name"));
    }
    let Some(container) = &evidence.container else { return };
    if let Some(check) = container.health_log.last() {
        let test = match container.health_test.as_slice() {
            [kind, command @ ..] if matches!(kind.as_str(), "CMD" | "CMD-SHELL") => command.join(" "),
            test => test.join(" "),
        };
        let output = check.output.trim_end();
        let mut text = format!("{test} → exit {}", check.exit_code);
        if !output.is_empty() {
            text += &format!("\n{output}");
        }
        told.facts.push(("last check".to_owned(), text));
    }
    if !container.log.is_empty() {
        let from = container.log.len().saturating_sub(LOG_LINES);
        told.facts.push(("last log".to_owned(), container.log[from..].join("\n")));
    }
    if let Some(mut state) = state(container) {
        if !told.title.contains(&container.name) {
            state = format!("{} is {state}", container.name);
        }
        told.facts.push(("state".to_owned(), state));
    }
    if container.oom_killed {
        told.help.push("raise mem_limit, or find what takes the memory".to_owned());
    }
    if !container.error.is_empty() && !told.title.contains(&container.error) {
        told.facts.push(("engine".to_owned(), container.error.clone()));
    }
    let gone = report.discarded.iter().any(|name| name.ends_with(&container.name));
    if let Some(service) = container.service.as_ref().filter(|_| !container.log.is_empty() && !gone) {
        told.help.push(format!("more of its output: rcompose logs {service}"));
    }
}

/// What a container does; `None` when it never ran.
fn state(container: &ContainerEvidence) -> Option<String> {
    let mut state = match (container.state, container.health) {
        (ContainerState::Created, _) => return None,
        (ContainerState::Running, Some(Health::Unhealthy)) => {
            format!("running, unhealthy: {} failed checks in a row", container.failing_streak)
        }
        (ContainerState::Running, Some(Health::Starting)) => "running, not healthy yet".to_owned(),
        (ContainerState::Running, _) => "running".to_owned(),
        (state, _) => format!("{}, exit code {}", state.as_str(), container.exit_code),
    };
    if container.restart_count > 0 {
        state += &format!(", {} restarts", container.restart_count);
    }
    if container.oom_killed {
        state += &format!(", killed for lack of memory (limit {} bytes)", container.memory_limit);
    }
    Some(state)
}
