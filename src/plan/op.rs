//! Steps: one engine call, one wait, or one hook each.

use std::time::Duration;

use super::{Effect, Hazard, Reason, Warning};
use crate::base::{ContainerId, NetworkId, ServiceName};
use crate::event::Subject;
use crate::spec::{Condition, ContainerSpec, EndpointSpec, HookSpec, NetworkSpec, Upload, VolumeSpec};

/// A step's position in its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub usize);

/// Something a step names: it exists, or an earlier step will make it.
/// Only the plan's builder makes `Planned`, so looking it up cannot fail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ref<T> {
    /// It exists.
    Existing(T),
    /// The step that makes it.
    Planned(StepId),
}

/// A container a step acts on.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The container.
    pub id: Ref<ContainerId>,
    /// The name it has at the end of the plan, for people and events.
    pub name: String,
    /// Its service; `None` for orphans of no service.
    pub service: Option<ServiceName>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Fetch an image.
    PullImage {
        /// Reference.
        reference: String,
        /// Platform, when one is asked for.
        platform: Option<String>,
        /// Whether a failure is an error (`false` when a local image or a build can stand in).
        required: bool,
    },
    /// Make a network.
    CreateNetwork(Box<NetworkSpec>),
    /// Remove a network.
    RemoveNetwork {
        /// The network.
        id: NetworkId,
        /// Its name.
        name: String,
        /// A network still in use is left in place with a warning.
        best_effort: bool,
    },
    /// Attach a container to a network.
    ConnectNetwork {
        /// The network.
        network: Ref<NetworkId>,
        /// Its name.
        network_name: String,
        /// The container.
        container: Target,
        /// How.
        endpoint: Box<EndpointSpec>,
    },
    /// Detach a container from a network, by force.
    DisconnectNetwork {
        /// The network.
        network: NetworkId,
        /// Its name.
        network_name: String,
        /// The container.
        container: Target,
    },
    /// Make a volume.
    CreateVolume(Box<VolumeSpec>),
    /// Remove a volume: its data is lost.
    RemoveVolume {
        /// Name.
        name: String,
        /// A volume still in use is left in place with a warning.
        best_effort: bool,
    },
    /// Take an image's name away, and the image with its last name.
    RemoveImage {
        /// Reference.
        reference: String,
        /// An image still in use is left in place with a warning.
        best_effort: bool,
    },
    /// Make a container.
    CreateContainer {
        /// Name it gets now (a temporary one when it replaces another).
        name: String,
        /// Name it has in the end.
        final_name: String,
        /// Service.
        service: ServiceName,
        /// Everything about it. `Namespace::Service` in it is found in `shares`.
        spec: Box<ContainerSpec>,
        /// Services whose first container is shared (network, IPC, PID, volumes), and that container.
        shares: Vec<(ServiceName, Ref<ContainerId>)>,
        /// Its networks by key, on engines where a name may stand for several.
        networks: Vec<(String, Ref<NetworkId>)>,
        /// Whether the image label must be looked up when the step runs: an earlier step pulls the image.
        image_label: bool,
        /// The definition, when the config hash names a container that doesn't exist yet: the hash label
        /// is then made when the step runs. Otherwise the label is in `spec` already.
        hash_later: Option<Definition>,
    },
    /// Start a container, after putting its uploads in.
    StartContainer {
        /// The container.
        container: Target,
        /// Files put in before the start.
        uploads: Vec<Upload>,
        /// Commands run inside afterwards.
        post_start: Vec<HookSpec>,
        /// The services it comes after, with the places where the file says so.
        comes_after: Vec<(ServiceName, crate::diag::Span)>,
    },
    /// Stop a container.
    StopContainer {
        /// The container.
        container: Target,
        /// Grace period; `None` leaves it to the container.
        timeout: Option<Duration>,
        /// Commands run inside before.
        pre_stop: Vec<HookSpec>,
    },
    /// Stop and start a container.
    RestartContainer {
        /// The container.
        container: Target,
        /// Grace period.
        timeout: Option<Duration>,
        /// Commands run inside before.
        pre_stop: Vec<HookSpec>,
        /// Commands run inside afterwards.
        post_start: Vec<HookSpec>,
    },
    /// Remove a container.
    RemoveContainer {
        /// The container.
        container: Target,
        /// Its anonymous volumes too.
        volumes: bool,
        /// Also when it runs; otherwise the engine refuses to remove one that runs.
        force: bool,
    },
    /// Give a container its final name.
    RenameContainer {
        /// The container.
        container: Target,
        /// The name.
        name: String,
    },
    /// Wait until a service's containers fulfil a condition.
    WaitFor {
        /// The service waited for.
        service: ServiceName,
        /// Its containers.
        containers: Vec<Target>,
        /// Until when.
        condition: Condition,
        /// Whether a failure is an error (`depends_on.required`).
        required: bool,
        /// The services that wait; empty for `--wait`.
        waiters: Vec<ServiceName>,
    },
}

/// A service's definition, carried to the moment its hash can be made. Two are equal when they are one.
#[derive(Clone, Debug)]
pub struct Definition(pub std::sync::Arc<crate::model::Service>);

impl PartialEq for Definition {
    fn eq(&self, other: &Definition) -> bool {
        std::sync::Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Steps that people see as one: a replacement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The container that is replaced, by its final name.
    pub container: String,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its position.
    pub id: StepId,
    /// What to do.
    pub op: Op,
    /// Steps that must have ended well before.
    pub after: Vec<StepId>,
    /// Steps that must have ended before, well or not.
    pub behind: Vec<StepId>,
    /// Why.
    pub reason: Reason,
    /// The replacement it belongs to.
    pub group: Option<Group>,
    /// Where the file asks for it, when one place does.
    pub span: crate::diag::Span,
}

/// One replacement: the steps that put a new container in the place of an old one.
#[derive(Clone, Debug, PartialEq)]
pub struct Replacement {
    /// Its name in the plan.
    pub group: Group,
    /// The service.
    pub service: Option<ServiceName>,
    /// The set it belongs to: replacements that can only be undone or finished together, because their
    /// containers share namespaces or volumes, or hand each other names.
    pub set: usize,
    /// The container that goes.
    pub old: ContainerId,
    /// The container in its place: new, or left over from an earlier run.
    pub new: Ref<ContainerId>,
    /// The step that stops the old one; `None` when it doesn't run.
    pub stop: Option<StepId>,
    /// The step that starts the new one.
    pub start: Option<StepId>,
    /// The step that removes the old one.
    pub remove: StepId,
    /// The step that gives the new one its name.
    pub rename: Option<StepId>,
    /// Old containers that must run before this old one can be started again: it shares with them.
    pub needs: Vec<ContainerId>,
}

/// A new container that gets the name of another, which is removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Handover {
    /// The step that makes the new container.
    pub create: StepId,
    /// The step that starts it.
    pub start: Option<StepId>,
    /// The step that gives it the name.
    pub rename: StepId,
    /// The container that has the name until then.
    pub bearer: ContainerId,
    /// The step that removes that one.
    pub frees: StepId,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Steps, each after those it depends on.
    pub steps: Vec<Step>,
    /// Containers of wanted services that are as they should be, running, and touched by no step: their names.
    pub unchanged: Vec<String>,
    /// Data that would be lost, or other things the user should agree to first.
    pub hazards: Vec<Hazard>,
    /// Things worth saying that stop nothing (orphans, unmanaged networks).
    pub warnings: Vec<Warning>,
    /// The replacements among the steps.
    pub replacements: Vec<Replacement>,
    /// Names that go from one container to another outside of replacements.
    pub handovers: Vec<Handover>,
    /// Networks made in the place of others: the step that removes one, and the one that makes the other.
    pub successors: Vec<(StepId, StepId)>,
    /// Containers that change networks: the step that takes one off, and the one that puts it on the other.
    pub moves: Vec<(StepId, StepId)>,
}

impl Op {
    /// What the step is about, for events and plans.
    pub fn subject(&self) -> Subject {
        let facts = self.facts();
        Subject { kind: facts.kind, name: facts.name.to_owned() }
    }

    /// Whether the step writes to the engine (a wait doesn't).
    pub fn writes(&self) -> bool {
        self.facts().effect == Effect::Writes
    }
}

impl Plan {
    /// Whether it depends on an answer of the user that is still to come.
    pub fn has_questions(&self) -> bool {
        self.hazards.iter().any(|hazard| matches!(hazard, Hazard::VolumeDefinitionChanged { .. }))
    }

    /// Whether nothing would be written to the engine.
    pub fn is_noop(&self) -> bool {
        !self.steps.iter().any(|step| step.op.writes())
    }

    /// The step that makes a network once the one that `removal` takes away is gone, if another takes its
    /// place.
    pub fn in_place_of(&self, removal: &Step) -> Option<&Step> {
        let (_, successor) = self.successors.iter().find(|(removed, _)| *removed == removal.id)?;
        self.steps.get(successor.0)
    }
}
