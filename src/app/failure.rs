//! What a failed run tells: the causes, each with its evidence and who waited for it.

use super::hidden::Hidden;
use crate::apply::{ApplyError, ContainerEvidence, Evidence, Failure, Held, Leftover, NameHolder, Report};
use crate::base::ContainerId;
use crate::diag::SourceMap;
use crate::engine::EngineError;
use crate::event::SubjectKind;
use crate::plan::{PlanError, PlanErrors};
use crate::state::{ContainerState, Health};

/// Whose words a failure is told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    /// Ours.
    #[default]
    Us,
    /// The engine's.
    Engine,
}

/// A failure in words: a title, named facts, and what helps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Whose words the title is.
    pub speaker: Speaker,
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
pub fn tell(report: &Report, sources: &SourceMap, hidden: &Hidden) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut known: Vec<&ContainerId> = Vec::new();
    for failure in report.failures() {
        let container = failure.evidence.as_ref().and_then(|e| e.container.as_ref()).map(|c| &c.id);
        // `--wait` may fail over a container that was told of already.
        let again = container.is_some_and(|id| known.contains(&id)) && failure.chain.is_empty();
        if !(again && failure.subject.kind == SubjectKind::Service) {
            told.push(tell_one(failure, report, sources, hidden));
        }
        known.extend(container);
    }
    if let Some(last) = told.last_mut() {
        for (started, words) in [(false, "made by this run, never started"), (true, "made by this run")] {
            let names: Vec<&str> = report
                .discarded
                .iter()
                .filter(|one| one.started == started)
                .map(|one| one.name.as_str())
                .collect();
            if !names.is_empty() {
                last.facts.push(("removed".to_owned(), format!("{} ({words})", names.join(", "))));
            }
        }
        if !report.restored.is_empty() {
            last.facts.push((
                "restored".to_owned(),
                format!("{} runs again as before", report.restored.join(", ")),
            ));
        }
        for Leftover { name, cause } in &report.leftovers {
            last.facts.push(("left behind".to_owned(), format!("{name}: {cause}")));
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
        true => "check the network, and the name of the registry",
        false => "check the name of the image; run `docker login` for private registries",
    }
}

/// What an engine answered, or why it could not be asked. `origin` says who chose the engine.
pub fn tell_engine(error: &EngineError, origin: &str) -> Told {
    match error {
        EngineError::NotFound { message, .. }
        | EngineError::Conflict { message, .. }
        | EngineError::Refused { message, .. }
        | EngineError::Unauthorised { message, .. } => {
            Told { speaker: Speaker::Engine, title: message.clone(), ..Told::default() }
        }
        EngineError::Unreachable { endpoint, cause } => {
            // The system's words end with a number that helps nobody.
            let cause = cause.split(" (os error ").next().unwrap_or(cause);
            let mut letters = cause.chars();
            let cause: String =
                letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
            let origin = if origin.is_empty() { String::new() } else { format!(" (from {origin})") };
            Told {
                title: format!("cannot connect to Docker at {endpoint}{origin}: {cause}"),
                help: vec![
                    "check that the engine is running, and that you may use it: join the `docker` group, or use sudo"
                        .to_owned(),
                    "`docker context ls` lists the engines that are configured; DOCKER_HOST or --context choose one"
                        .to_owned(),
                ],
                ..Told::default()
            }
        }
        error => Told { title: error.to_string(), ..Told::default() },
    }
}

/// The same of a call that belongs to no step: nothing else says what was asked.
pub fn tell_request(error: &EngineError, origin: &str) -> Told {
    let mut told = tell_engine(error, origin);
    told.facts.extend(error.request().map(|request| ("request".to_owned(), request.to_owned())));
    told
}

/// What keeps a plan from being made, as it is told.
pub fn tell_refusals(errors: &PlanErrors, sources: &SourceMap) -> Vec<Told> {
    let tell = |error: &PlanError| Told {
        title: error.to_string(),
        facts: sources
            .place(error.span())
            .map(|place| ("declared at".to_owned(), place))
            .into_iter()
            .collect(),
        help: error.help().into_iter().collect(),
        ..Told::default()
    };
    errors.0.iter().map(tell).collect()
}

fn tell_one(failure: &Failure, report: &Report, sources: &SourceMap, hidden: &Hidden) -> Told {
    let held = held_words(&failure.held);
    let mut told = match &failure.error {
        ApplyError::Call(error) => {
            let mut told = tell_engine(error, "");
            let subject = failure.subject.to_string();
            let (kind, name) = subject.split_once(' ').unwrap_or(("service", &subject));
            told.facts.push((kind.to_lowercase(), name.to_owned()));
            told
        }
        error => Told { title: error.to_string(), ..Told::default() },
    };
    told.title += &held;
    if let Some(evidence) = &failure.evidence {
        facts(&mut told, evidence, report, hidden);
    }
    if failure.error.to_string().starts_with("No such image") {
        told.help.push("pull or build the image first".to_owned());
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
                format!("{} depends on {}{place}", link.waiter, link.on)
            })
            .collect();
        told.facts.push(("chain".to_owned(), links.join("\n")));
    } else if let Some(place) = sources.place(failure.span) {
        told.facts.push(("declared at".to_owned(), place));
    }
    told
}

/// What was not done because of a failure: `, so api and web were not started`.
fn held_words(held: &[Held]) -> String {
    let mut verbs: Vec<&str> = Vec::new();
    for one in held {
        if !verbs.contains(&one.verb) {
            verbs.push(one.verb);
        }
    }
    let of = |verb: &&str| {
        let names: Vec<&str> =
            held.iter().filter(|one| one.verb == *verb).map(|one| one.service.as_str()).collect();
        match names.as_slice() {
            [one] => format!("{one} was not {verb}"),
            [most @ .., last] => format!("{} and {last} were not {verb}", most.join(", ")),
            [] => String::new(),
        }
    };
    let parts: Vec<String> = verbs.iter().map(of).collect();
    if parts.is_empty() { String::new() } else { format!(", so {}", parts.join(", and ")) }
}

fn facts(told: &mut Told, evidence: &Evidence, report: &Report, hidden: &Hidden) {
    if let Some(port) = &evidence.taken_port {
        let holder = match &port.holder {
            Some(container) => format!("in use by container {container}"),
            None => "in use by a process outside of the engine, or on another address".to_owned(),
        };
        told.facts.push((format!("port {}", port.port), holder));
        told.help.push("publish another host port, or stop what is using this one".to_owned());
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
        let test = hidden.check(container.service.as_ref(), &test);
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
        told.help.push("raise mem_limit, or reduce the memory use of the service".to_owned());
    }
    if !container.error.is_empty() && !told.title.contains(&container.error) {
        told.facts.push(("engine".to_owned(), container.error.clone()));
    }
    let gone = report.discarded.iter().any(|one| one.name.ends_with(&container.name));
    if let Some(service) = container.service.as_ref().filter(|_| !container.log.is_empty() && !gone) {
        told.help.push(format!("run `rcompose logs {service}` for more of its output"));
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
