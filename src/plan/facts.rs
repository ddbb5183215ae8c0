//! What is known about each operation, in one place: the scheduler, the printed and the JSON plan, the
//! events of a run, failure messages and recovery read it.

use super::{Op, Target};
use crate::base::ServiceName;
use crate::event::{Status, SubjectKind};

/// What is known about an operation, whatever its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts<'a> {
    /// Its code in JSON.
    pub code: &'static str,
    /// The kind of thing it is about.
    pub kind: SubjectKind,
    /// The name of that thing.
    pub name: &'a str,
    /// The service it is done for, when there is one.
    pub service: Option<&'a ServiceName>,
    /// The container it acts on. One that it creates doesn't count.
    pub container: Option<&'a Target>,
    /// What it does to the thing.
    pub action: Action,
    /// Which limit it shares.
    pub lane: Lane,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The status words: when it begins, and when it ended well. `None` when it is a detail of other steps.
    pub status: Option<(Status, Status)>,
    /// The participle for failure messages: "was not *started*".
    pub verb: &'static str,
}

/// What an operation does to its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is the word it means")]
pub enum Action {
    Pull,
    Create,
    Remove,
    Connect,
    Disconnect,
    Start,
    Stop,
    Restart,
    Rename,
    Wait,
}

/// Operations that share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Starts of containers.
    Start,
    /// Stops of containers.
    Stop,
    /// Other changes.
    Write,
    /// Downloads.
    Pull,
    /// Waits: without a limit.
    Wait,
}

impl Lane {
    /// How many there are.
    pub const COUNT: usize = 5;
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only waits.
    Waits,
    /// It changes something on the engine.
    Writes,
}

impl Action {
    /// Limit, effect, status words and participle.
    fn row(self) -> (Lane, Effect, Option<(Status, Status)>, &'static str) {
        use Effect::{Waits, Writes};
        match self {
            Action::Pull => (Lane::Pull, Writes, Some((Status::Pulling, Status::Pulled)), "pulled"),
            Action::Create => (Lane::Write, Writes, Some((Status::Creating, Status::Created)), "created"),
            Action::Remove => (Lane::Write, Writes, Some((Status::Removing, Status::Removed)), "removed"),
            Action::Connect => (Lane::Write, Writes, None, "connected"),
            Action::Disconnect => (Lane::Write, Writes, None, "disconnected"),
            Action::Start => (Lane::Start, Writes, Some((Status::Starting, Status::Started)), "started"),
            Action::Stop => (Lane::Stop, Writes, Some((Status::Stopping, Status::Stopped)), "stopped"),
            Action::Restart => {
                // Most of it is a stop; what it starts then counts among the starts of restarts.
                (Lane::Stop, Writes, Some((Status::Restarting, Status::Started)), "restarted")
            }
            Action::Rename => (Lane::Write, Writes, None, "renamed"),
            Action::Wait => (Lane::Wait, Waits, None, "waited for"),
        }
    }
}

impl<'a> Facts<'a> {
    fn new(code: &'static str, kind: SubjectKind, name: &'a str, action: Action) -> Facts<'a> {
        let (lane, effect, status, verb) = action.row();
        Facts { code, kind, name, service: None, container: None, action, lane, effect, status, verb }
    }

    fn of_container(code: &'static str, container: &'a Target, action: Action) -> Facts<'a> {
        let facts = Facts::new(code, SubjectKind::Container, &container.name, action);
        Facts { service: container.service.as_ref(), container: Some(container), ..facts }
    }

    fn of_service(self, service: &'a ServiceName) -> Facts<'a> {
        Facts { service: Some(service), ..self }
    }
}

impl Op {
    /// What is known about it.
    pub fn facts(&self) -> Facts<'_> {
        use SubjectKind::{Container, Image, Network, Service, Volume};
        match self {
            Op::PullImage { reference, .. } => Facts::new("pull_image", Image, reference, Action::Pull),
            Op::CreateNetwork(spec) => Facts::new("create_network", Network, &spec.name, Action::Create),
            Op::RemoveNetwork { name, .. } => Facts::new("remove_network", Network, name, Action::Remove),
            Op::ConnectNetwork { container, .. } => {
                Facts::of_container("connect_network", container, Action::Connect)
            }
            Op::DisconnectNetwork { container, .. } => {
                Facts::of_container("disconnect_network", container, Action::Disconnect)
            }
            Op::CreateVolume(spec) => Facts::new("create_volume", Volume, &spec.name, Action::Create),
            Op::RemoveVolume { name, .. } => Facts::new("remove_volume", Volume, name, Action::Remove),
            Op::RemoveImage { reference, .. } => Facts::new("remove_image", Image, reference, Action::Remove),
            Op::CreateContainer { final_name, service, .. } => {
                Facts::new("create_container", Container, final_name, Action::Create).of_service(service)
            }
            Op::StartContainer { container, .. } => {
                Facts::of_container("start_container", container, Action::Start)
            }
            Op::StopContainer { container, .. } => {
                Facts::of_container("stop_container", container, Action::Stop)
            }
            Op::RestartContainer { container, .. } => {
                Facts::of_container("restart_container", container, Action::Restart)
            }
            Op::RemoveContainer { container, .. } => {
                Facts::of_container("remove_container", container, Action::Remove)
            }
            Op::RenameContainer { container, .. } => {
                Facts::of_container("rename_container", container, Action::Rename)
            }
            Op::WaitFor { service, .. } => {
                Facts::new("wait", Service, service.as_str(), Action::Wait).of_service(service)
            }
        }
    }
}
