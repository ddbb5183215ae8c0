//! A plan in words: one line a thing, with what happens to it and why.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Exposure, Hazard, Op, Plan, Reason, Step, StepId, Warning};
use crate::diag::{SourceMap, Span};
use crate::event::{Subject, SubjectKind};
use crate::state::ContainerState;

/// What happens to a thing, as one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// `+` it comes into being.
    Create,
    /// `~` it is replaced or changed.
    Change,
    /// `-` it goes.
    Remove,
    /// `>` it is started, stopped, pulled.
    Act,
    /// `=` nothing.
    Keep,
}

/// One line of a printed plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedLine {
    /// What happens.
    pub sign: Sign,
    /// The thing: `container shop-web-1`.
    pub subject: String,
    /// What happens, in a word or two: `recreate`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// Where the file asks for it: `compose.yaml:7:18`; empty when no one place does.
    pub place: String,
}

/// A plan in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// One line a thing.
    pub lines: Vec<PrintedLine>,
    /// Things to agree to first.
    pub hazards: Vec<String>,
    /// Things worth saying that stop nothing.
    pub warnings: Vec<String>,
    /// `2 to create, 1 to recreate, 3 unchanged`.
    pub summary: String,
}

impl Sign {
    /// The character.
    pub fn character(self) -> char {
        match self {
            Sign::Create => '+',
            Sign::Change => '~',
            Sign::Remove => '-',
            Sign::Act => '>',
            Sign::Keep => '=',
        }
    }
}

/// Puts a plan in words. Steps of a replacement are one line, and so is a container that is made and
/// started, stopped and removed, or stopped and started again; waits are not shown.
pub fn print(plan: &Plan, sources: &SourceMap, exposure: &Exposure) -> Printed {
    let texts = Texts { sources, exposure };
    let mut lines: Vec<PrintedLine> = Vec::new();
    let mut counts: BTreeMap<(u8, &'static str), usize> = BTreeMap::new();
    let mut groups: BTreeSet<&str> = BTreeSet::new();
    let mut things: BTreeMap<Subject, Fate> = BTreeMap::new();
    for step in &plan.steps {
        things.entry(step.op.subject()).or_default().add(step);
    }
    for step in &plan.steps {
        if let Some(group) = &step.group {
            if groups.insert(&group.container) {
                *counts.entry((1, "to recreate")).or_default() += 1;
                lines.push(line(step, step, Sign::Change, "recreate", texts));
            }
            continue;
        }
        let Some(fate) = things.get(&step.op.subject()) else { continue };
        if let Some((sign, action, count)) = shown(step, fate) {
            *counts.entry(count).or_default() += 1;
            let origin = fate.made.filter(|_| sign == Sign::Change).map_or(step, |at| &plan.steps[at.0]);
            lines.push(line(step, origin, sign, action, texts));
        }
    }
    for name in &plan.unchanged {
        lines.push(PrintedLine {
            sign: Sign::Keep,
            subject: format!("container {name}"),
            action: "keep".to_owned(),
            reason: String::new(),
            place: String::new(),
        });
    }
    let mut parts: Vec<String> = counts.into_iter().map(|((_, what), n)| format!("{n} {what}")).collect();
    if !plan.unchanged.is_empty() {
        parts.push(format!("{} unchanged", plan.unchanged.len()));
    }
    let summary = match plan.is_noop() {
        true if parts.is_empty() => "nothing to do".to_owned(),
        true => format!("nothing to do ({})", parts.join(", ")),
        false => parts.join(", "),
    };
    let hazards = plan.hazards.iter().map(|hazard| hazard_words(hazard, sources)).collect();
    let warnings = plan.warnings.iter().map(|warning| warning_words(warning, sources)).collect();
    Printed { lines, hazards, warnings, summary }
}

/// What the words are made from.
#[derive(Clone, Copy)]
struct Texts<'a> {
    sources: &'a SourceMap,
    exposure: &'a Exposure,
}

/// What happens to one thing, outside of replacements that are known as such.
#[derive(Debug, Default)]
struct Fate {
    made: Option<StepId>,
    gone: Option<StepId>,
    stopped: Option<StepId>,
    started: Option<StepId>,
    replaced: bool,
}

impl Fate {
    fn add(&mut self, step: &Step) {
        if step.group.is_some() {
            self.replaced = true;
            return;
        }
        let place = match step.op.facts().action {
            Action::Create => &mut self.made,
            Action::Remove => &mut self.gone,
            Action::Stop => &mut self.stopped,
            Action::Start => &mut self.started,
            Action::Pull
            | Action::Connect
            | Action::Disconnect
            | Action::Restart
            | Action::Rename
            | Action::Wait => return,
        };
        place.get_or_insert(step.id);
    }
}

/// How a step is shown, and how it counts; `None` when another step of its thing speaks for it.
fn shown(step: &Step, fate: &Fate) -> Option<(Sign, &'static str, (u8, &'static str))> {
    let again = fate.made.is_some() && fate.gone.is_some();
    let shown = match step.op.facts().action {
        Action::Wait => return None,
        Action::Pull => (Sign::Act, "pull", (2, "to pull")),
        Action::Create if again => return None,
        Action::Create => (Sign::Create, "create", (0, "to create")),
        Action::Remove if again => (Sign::Change, "recreate", (1, "to recreate")),
        Action::Remove => (Sign::Remove, "remove", (5, "to remove")),
        _ if fate.made.is_some() || fate.gone.is_some() || fate.replaced => return None,
        Action::Stop if fate.started.is_some() => (Sign::Act, "restart", (4, "to restart")),
        Action::Start if fate.stopped.is_some() => return None,
        Action::Connect | Action::Disconnect if fate.started.is_some() => return None,
        Action::Connect => (Sign::Change, "connect", (6, "to reconnect")),
        Action::Disconnect => (Sign::Change, "disconnect", (7, "to disconnect")),
        Action::Start => (Sign::Act, "start", (3, "to start")),
        Action::Stop => (Sign::Act, "stop", (4, "to stop")),
        Action::Restart => (Sign::Act, "restart", (4, "to restart")),
        Action::Rename => (Sign::Change, "rename", (6, "to rename")),
    };
    Some(shown)
}

/// One line; its place is that of the step which says where the thing comes from.
fn line(step: &Step, origin: &Step, sign: Sign, action: &str, texts: Texts<'_>) -> PrintedLine {
    let subject = step.op.subject();
    let mut words = subject.to_string();
    if let Some(first) = words.get(..1) {
        let lower = first.to_lowercase();
        words.replace_range(..1, &lower);
    }
    let action = match &step.op {
        Op::ConnectNetwork { network_name, .. } => format!("{action} to {network_name}"),
        Op::DisconnectNetwork { network_name, .. } => format!("{action} from {network_name}"),
        Op::RemoveContainer { volumes: true, .. } => format!("{action} with anonymous volumes"),
        _ => action.to_owned(),
    };
    PrintedLine {
        sign,
        subject: words,
        action,
        reason: reason_words(step, texts.sources, texts.exposure),
        place: place(&step.reason, origin.span, texts.sources),
    }
}

/// The place shown at the end of the line; changes carry their own places in their words.
fn place(reason: &Reason, span: Span, sources: &SourceMap) -> String {
    match reason {
        Reason::Changed(changes) if !changes.is_empty() => String::new(),
        _ => sources.place(span).unwrap_or_default(),
    }
}

/// A step's reason in words.
pub(super) fn reason_words(step: &Step, sources: &SourceMap, exposure: &Exposure) -> String {
    let subject = step.op.subject().kind;
    match &step.reason {
        Reason::Missing => "missing".to_owned(),
        Reason::Changed(changes) if changes.is_empty() => {
            "its definition changed in a way the engine does not report".to_owned()
        }
        Reason::Changed(changes) => {
            let words = |change| exposure.of(change, sources).words(change, sources);
            changes.iter().map(words).collect::<Vec<_>>().join("; ")
        }
        Reason::Asked => "requested".to_owned(),
        Reason::Forced { flag } => (*flag).to_owned(),
        Reason::ImageChanged { reference, from, to } if from.is_empty() => {
            format!("created from an unknown image; {reference} is now {}", short(to))
        }
        Reason::ImageChanged { reference, from, to } => {
            format!("image {reference} changed from {} to {}", short(from), short(to))
        }
        Reason::NetworkMissing(name) => format!("not connected to network {name}"),
        Reason::VolumeMissing(name) => format!("volume {name} is not mounted"),
        Reason::SharedServiceReplaced(name) => {
            format!("shares a namespace or volumes with {name}, which is recreated")
        }
        Reason::SharedContainerGone(name) => {
            format!("shares a namespace or volumes with a container of {name} that is gone")
        }
        Reason::DependencyReplaced(name) => format!("restarts with {name}"),
        Reason::NetworkChanged(_) if subject == SubjectKind::Network => "its definition changed".to_owned(),
        Reason::NetworkChanged(key) => format!("network {key} is recreated"),
        Reason::VolumeChanged(_) if subject == SubjectKind::Volume => "its definition changed".to_owned(),
        Reason::VolumeChanged(key) => format!("volume {key} is recreated"),
        Reason::Renamed { from, to } => match (&step.op, subject) {
            (Op::CreateVolume(_), _) => format!("renamed from {from}, which keeps its data"),
            (Op::RemoveNetwork { .. }, _) => format!("renamed to {to}"),
            (_, SubjectKind::Container) => format!("moves from network {from} to {to}"),
            _ => format!("renamed from {from}"),
        },
        Reason::ScaleDown { flag: Some(flag), .. } | Reason::ScaleUp { flag: Some(flag), .. } => flag.clone(),
        Reason::ScaleDown { wanted, .. } | Reason::ScaleUp { wanted, .. } => format!("scaled to {wanted}"),
        Reason::DuplicateNetwork => "another network of the project has the same name".to_owned(),
        Reason::Orphan => "its service is not in the Compose file".to_owned(),
        Reason::Replacement => "part of a replacement".to_owned(),
        Reason::NameFreed => "its final name is free again".to_owned(),
        Reason::Unfinished => "an earlier recreate was interrupted".to_owned(),
        Reason::NotRunning { state: ContainerState::Exited, exit_code: Some(code) } => {
            format!("not running (exited with code {code})")
        }
        Reason::NotRunning { state: ContainerState::Created, .. } => "never started".to_owned(),
        Reason::NotRunning { state, .. } => format!("not running ({})", state.as_str()),
        Reason::Dependency => "needed by another service".to_owned(),
        Reason::PullPolicy { flag: Some(flag) } => (*flag).to_owned(),
        Reason::PullPolicy { flag: None } => "required by its pull_policy".to_owned(),
        Reason::NotUsed => "created by this run, never started".to_owned(),
        Reason::GivenUp { .. } => "its replacement is undone".to_owned(),
        Reason::PutBack => "put back".to_owned(),
    }
}

/// The beginning of an image's id.
fn short(identity: &str) -> &str {
    let digits = identity.strip_prefix("sha256:").unwrap_or(identity);
    digits.get(..12).unwrap_or(digits)
}

fn hazard_words(hazard: &Hazard, sources: &SourceMap) -> String {
    let place = |span: Span| sources.place(span).map(|place| format!(" ({place})")).unwrap_or_default();
    match hazard {
        Hazard::VolumeDefinitionChanged { name, span, .. } => format!(
            "volume {name} does not match its definition{}: `up` asks whether to recreate it, which deletes its data; with -y it is recreated, without an answer it is kept",
            place(*span)
        ),
        Hazard::VolumeRecreated { name, span } => {
            format!(
                "volume {name} is recreated because its definition changed{}: its data is lost",
                place(*span)
            )
        }
        Hazard::VolumeRemoved { name } => format!("volume {name} is removed together with its data"),
        Hazard::AnonymousVolumesLost { container } => {
            format!("anonymous volumes of {container} are left behind")
        }
    }
}

/// A warning in words. Those that the reference knows too have its words.
pub fn warning_words(warning: &Warning, sources: &SourceMap) -> String {
    match warning {
        Warning::Orphans { containers } => format!(
            "Found orphan containers ({}) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.",
            containers.join(", ")
        ),
        Warning::UnmanagedNetwork { name } => format!(
            "a network with name {name} exists but was not created by compose.\nSet `external: true` to use an existing network"
        ),
        Warning::ForeignNetwork { name, project } => format!(
            "a network with name {name} exists but was not created for project \"{project}\".\nSet `external: true` to use an existing network"
        ),
        Warning::UnmanagedVolume { name } => format!(
            "volume \"{name}\" already exists but was not created by Docker Compose. Use `external: true` to use an existing volume"
        ),
        Warning::ForeignVolume { name, owner, project } => format!(
            "volume \"{name}\" already exists but was created for project \"{owner}\" (expected \"{project}\"). Use `external: true` to use an existing volume"
        ),
        Warning::VolumeKept { name, span } => {
            let place = sources.place(*span).map(|place| format!(" ({place})")).unwrap_or_default();
            format!(
                "volume {name} does not match its definition{place} and is kept with its data: `up -y` recreates it"
            )
        }
        Warning::NetworkKept { name, containers, span } => {
            let place = sources.place(*span).map(|place| format!(" ({place})")).unwrap_or_default();
            format!(
                "network {name} does not match its definition{place} and is kept: {} on it and not part of this run; `up` without service names recreates it, with --remove-orphans if they are orphans",
                containers_are(containers)
            )
        }
        Warning::AddressTaken { service, address, container } => format!(
            "the address {address} of service {service} is in use by container {container}, which is kept: {service} cannot start before {container} is stopped"
        ),
        Warning::AddressLate { service, address, before, network } => format!(
            "service {before} starts before {service}, and may get its address {address} on network {network}: give the network an `ip_range` without it, or give {before} an address of its own"
        ),
        Warning::NotCompared { service, key, containers, span } => {
            let place = sources.place(*span).map(|place| format!(" ({place})")).unwrap_or_default();
            format!(
                "service {service} has `{key}`{place}, which this version does not support: {} kept, whether the definition changed or not; --force-recreate replaces them, without `{key}`",
                containers_are(containers)
            )
        }
        Warning::ServicesOffLeft { containers, services } => {
            let services: Vec<String> = services
                .iter()
                .map(|(service, profiles)| match profiles.as_slice() {
                    [] => service.clone(),
                    [profile] => format!("{service} (profile {profile})"),
                    profiles => format!("{service} (profiles {})", profiles.join(", ")),
                })
                .collect();
            let (noun, verb) = if *containers == 1 { ("container", "stays") } else { ("containers", "stay") };
            format!("{containers} {noun} of services that are off {verb}: {}", services.join(", "))
        }
    }
}

/// `container a-1 is`, `containers a-1, a-2 are`.
fn containers_are(names: &[String]) -> String {
    match names {
        [name] => format!("container {name} is"),
        names => format!("containers {} are", names.join(", ")),
    }
}
