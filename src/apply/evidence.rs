//! What the engine knows about a failure, gathered at once: afterwards it may be gone.

use std::time::Duration;

use futures_util::StreamExt;

use super::report::{ApplyError, ContainerEvidence, Evidence, NameHolder, TakenPort};
use super::step::Run;
use crate::base::{ContainerId, ServiceName};
use crate::engine::{ContainerQuery, Engine, LogQuery};
use crate::event::SubjectKind;
use crate::plan::{Action, Op, Plan, Ref, Step, Target};
use crate::spec::labels;

/// Lines of log shown with a failure.
const LINES: u64 = 20;
/// Evidence must not hold up the run.
const PATIENCE: Duration = Duration::from_secs(5);

/// Evidence for a failed engine call.
pub(super) async fn of_step(run: &Run<'_>, step: &Step, error: &ApplyError) -> Option<Box<Evidence>> {
    let facts = step.op.facts();
    let target = match facts.action {
        Action::Start | Action::Restart | Action::Stop => {
            facts.container.and_then(|container| run.container(&container.id).ok())
        }
        _ => None,
    };
    let starts = matches!(facts.action, Action::Start | Action::Restart)
        || (facts.action == Action::Create && facts.kind == SubjectKind::Container);
    let container = async {
        match &target {
            Some(id) => of_container(run.engine, id).await,
            None => None,
        }
    };
    let port = async {
        match taken_port(&error.to_string()) {
            Some(port) if starts => {
                let listed = holder(run.engine, port, target.as_ref()).await;
                // "Allocated" is said of the engine's own ports, "in use" of those of any process.
                let allocated = error.to_string().contains("already allocated");
                let starting = || rival(run.plan, port, step).filter(|_| allocated);
                Some(TakenPort { port, holder: listed.or_else(starting) })
            }
            _ => None,
        }
    };
    let name = async {
        match (&step.op, error) {
            (
                Op::CreateContainer { name, .. } | Op::RenameContainer { name, .. },
                ApplyError::Call(error),
            ) if error.is_conflict() => name_holder(run.engine, name).await,
            _ => None,
        }
    };
    let (container, taken_port, name_holder) = tokio::join!(container, port, name);
    let found = Evidence { container, taken_port, name_holder };
    (found != Evidence::default()).then(|| Box::new(found))
}

async fn name_holder(engine: &dyn Engine, name: &str) -> Option<NameHolder> {
    let id = ContainerId::from(name);
    let found = tokio::time::timeout(PATIENCE, engine.inspect_container(&id)).await.ok()?.ok()?;
    (found.name == name).then(|| NameHolder {
        name: found.name,
        state: found.state,
        image: found.spec.image,
        project: found.labels.get(labels::PROJECT).cloned(),
    })
}

/// What is known of a container.
pub(super) async fn of_container(engine: &dyn Engine, id: &ContainerId) -> Option<ContainerEvidence> {
    let gather = async {
        let (detail, log) = tokio::join!(engine.inspect_container(id), last_lines(engine, id));
        let detail = detail.ok()?;
        Some(ContainerEvidence {
            id: detail.id,
            name: detail.name,
            service: detail.labels.get(labels::SERVICE).map(|name| ServiceName::from(name.as_str())),
            state: detail.state,
            health: detail.health,
            exit_code: detail.exit_code,
            oom_killed: detail.oom_killed,
            memory_limit: detail.spec.resources.memory,
            restart_count: detail.restart_count,
            error: detail.error,
            health_test: detail.spec.healthcheck.map(|check| check.test).unwrap_or_default(),
            health_log: detail.health_log,
            failing_streak: detail.failing_streak,
            log,
        })
    };
    tokio::time::timeout(PATIENCE, gather).await.ok().flatten()
}

async fn last_lines(engine: &dyn Engine, id: &ContainerId) -> Vec<String> {
    let query = LogQuery { tail: Some(LINES), ..LogQuery::default() };
    let mut bytes = Vec::new();
    // A log driver that can't be read gives nothing.
    if let Ok(mut chunks) = engine.logs(id, query).await {
        while let Some(Ok(chunk)) = chunks.next().await {
            bytes.extend_from_slice(&chunk.bytes);
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES as usize);
    lines[from..].iter().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

/// The host port an engine says is taken: `Bind for 0.0.0.0:8080 failed: port is already allocated`,
/// `failed to bind host port 0.0.0.0:8080/tcp: address already in use`.
fn taken_port(message: &str) -> Option<u16> {
    if !(message.contains("already allocated") || message.contains("already in use")) {
        return None;
    }
    // The last `:<digits>` that ends in a blank, `/` or `:`; an address before it may hold colons too.
    let mut found = None;
    for (at, _) in message.match_indices(':') {
        let rest = &message[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let ends = rest[digits..].chars().next().is_none_or(|c| c == ' ' || c == '/' || c == ':');
        if digits > 0
            && ends
            && let Ok(port) = rest[..digits].parse()
        {
            found = Some(port);
        }
    }
    found
}

async fn holder(engine: &dyn Engine, port: u16, except: Option<&ContainerId>) -> Option<String> {
    let listed = tokio::time::timeout(PATIENCE, engine.list_containers(ContainerQuery::default())).await;
    listed
        .ok()?
        .ok()?
        .into_iter()
        .find(|c| Some(&c.id) != except && c.ports.iter().any(|p| p.public == Some(port)))
        .map(|c| c.name)
}

/// Another container of the run that wants the port: while it starts, the engine doesn't list the port.
fn rival(plan: &Plan, port: u16, step: &Step) -> Option<String> {
    let own = match &step.op {
        Op::StartContainer { container: Target { id: Ref::Planned(made), .. }, .. } => Some(*made),
        _ => None,
    };
    plan.steps.iter().filter(|other| Some(other.id) != own).find_map(|other| match &other.op {
        Op::CreateContainer { name, spec, .. } => {
            let mut asked = spec.port_bindings.iter().map(|binding| binding.host_port.parse());
            asked.any(|wanted| wanted == Ok(port)).then(|| name.clone())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::taken_port;

    #[test]
    fn the_port_is_found_in_the_engines_words() {
        let old = "driver failed programming external connectivity on endpoint p-web-1 (0f3a): Bind for 0.0.0.0:8080 failed: port is already allocated";
        let new = "failed to set up container networking: driver failed programming external connectivity on endpoint p-web-1 (0f3a): failed to bind host port 127.0.0.1:8081/tcp: address already in use";
        let six = "Bind for :::443 failed: port is already allocated";
        assert_eq!(taken_port(old), Some(8080));
        assert_eq!(taken_port(new), Some(8081));
        assert_eq!(taken_port(six), Some(443));
        assert_eq!(taken_port("the container name \"/x\" is already in use by container \"4:1\""), None);
    }
}
