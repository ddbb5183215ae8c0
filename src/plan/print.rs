//! A plan in words: one line a thing, with what happens to it and why.

use std::collections::BTreeMap;

use super::{Change, Hazard, Op, Plan, Reason, Step};
use crate::diag::{SourceMap, Span};

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

/// Puts a plan in words. Steps of a replacement are one line; waits are not shown.
pub fn print(plan: &Plan, sources: &SourceMap) -> Printed {
    let mut lines: Vec<PrintedLine> = Vec::new();
    let mut counts: BTreeMap<(u8, &'static str), usize> = BTreeMap::new();
    let mut groups: Vec<&str> = Vec::new();
    // A container that is made and started is one line, and so is one that is stopped and removed.
    let made: Vec<String> = names(plan, |op| matches!(op, Op::CreateContainer { .. }));
    let removed: Vec<String> = names(plan, |op| matches!(op, Op::RemoveContainer { .. }));
    for step in &plan.steps {
        if let Some(group) = &step.group {
            if !groups.contains(&group.container.as_str()) {
                groups.push(&group.container);
                *counts.entry((1, "to recreate")).or_default() += 1;
                lines.push(line(step, Sign::Change, "recreate", sources));
            }
            continue;
        }
        let name = step.op.subject().name;
        let grouped = |name: &String| {
            plan.steps.iter().any(|s| s.group.as_ref().is_some_and(|group| group.container == *name))
        };
        let shown = match &step.op {
            Op::WaitFor { .. } => None,
            Op::StartContainer { .. } if made.contains(&name) => None,
            Op::StopContainer { .. } if removed.contains(&name) => None,
            Op::StopContainer { .. } | Op::DisconnectNetwork { .. } | Op::ConnectNetwork { .. }
                if grouped(&name) || made.contains(&name) =>
            {
                None
            }
            Op::PullImage { .. } => Some((Sign::Act, "pull", (2, "to pull"))),
            Op::CreateNetwork(_) | Op::CreateVolume(_) => Some((Sign::Create, "create", (0, "to create"))),
            Op::CreateContainer { .. } => Some((Sign::Create, "create", (0, "to create"))),
            Op::RemoveNetwork { .. }
            | Op::RemoveVolume { .. }
            | Op::RemoveImage { .. }
            | Op::RemoveContainer { .. } => Some((Sign::Remove, "remove", (5, "to remove"))),
            Op::ConnectNetwork { .. } => Some((Sign::Change, "connect", (6, "to reconnect"))),
            Op::DisconnectNetwork { .. } => Some((Sign::Change, "disconnect", (7, "to disconnect"))),
            Op::StartContainer { .. } => Some((Sign::Act, "start", (3, "to start"))),
            Op::StopContainer { .. } => Some((Sign::Act, "stop", (4, "to stop"))),
            Op::RestartContainer { .. } => Some((Sign::Act, "restart", (4, "to restart"))),
            Op::RenameContainer { .. } => Some((Sign::Change, "rename", (6, "to rename"))),
        };
        if let Some((sign, action, count)) = shown {
            *counts.entry(count).or_default() += 1;
            lines.push(line(step, sign, action, sources));
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
    Printed { lines, hazards, summary }
}

fn names(plan: &Plan, which: impl Fn(&Op) -> bool) -> Vec<String> {
    plan.steps.iter().filter(|s| which(&s.op) && s.group.is_none()).map(|s| s.op.subject().name).collect()
}

fn line(step: &Step, sign: Sign, action: &str, sources: &SourceMap) -> PrintedLine {
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
        reason: reason_words(&step.reason, sources),
        place: place(&step.reason, step.span, sources),
    }
}

/// The place shown at the end of the line; changes carry their own places in their words.
fn place(reason: &Reason, span: Span, sources: &SourceMap) -> String {
    match reason {
        Reason::Changed(changes) if !changes.is_empty() => String::new(),
        _ => sources.place(span).unwrap_or_default(),
    }
}

/// A reason in words.
pub(super) fn reason_words(reason: &Reason, sources: &SourceMap) -> String {
    match reason {
        Reason::Missing => "missing".to_owned(),
        Reason::Changed(changes) if changes.is_empty() => "its definition changed".to_owned(),
        Reason::Changed(changes) => {
            changes.iter().map(|change| change_words(change, sources)).collect::<Vec<_>>().join("; ")
        }
        Reason::Asked => "asked for".to_owned(),
        Reason::ImageChanged { .. } => "its image changed".to_owned(),
        Reason::NetworkMissing(name) => format!("not on network {name}"),
        Reason::VolumeMissing(name) => format!("volume {name} is not mounted"),
        Reason::SharedServiceReplaced(name) => format!("shares with {name}, which is replaced"),
        Reason::DependencyReplaced(name) => format!("restarts with {name}"),
        Reason::NetworkChanged(key) => format!("the definition of network {key} changed"),
        Reason::VolumeChanged(key) => format!("the definition of volume {key} changed"),
        Reason::Renamed { from } => format!("renamed from {from}"),
        Reason::ScaleDown => "more containers than wanted".to_owned(),
        Reason::ScaleUp => "fewer containers than wanted".to_owned(),
        Reason::Orphan => "its service is not in the file".to_owned(),
        Reason::Replacement => "part of a replacement".to_owned(),
        Reason::Unfinished => "an earlier replacement was not finished".to_owned(),
        Reason::NotRunning => "not running".to_owned(),
        Reason::Dependency => "needed by another service".to_owned(),
        Reason::PullPolicy => "its pull policy asks for it".to_owned(),
    }
}

fn change_words(change: &Change, sources: &SourceMap) -> String {
    let place = sources.place(change.span).map(|place| format!(" ({place})")).unwrap_or_default();
    let quoted = |text: &str| {
        let short: String = text.chars().take(60).collect();
        if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
    };
    let path = &change.path;
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{path}: {} → {}{place}", quoted(from), quoted(to)),
        (None, Some(to)) => format!("{path}: set to {}{place}", quoted(to)),
        (Some(from), None) => format!("{path}: no longer {}{place}", quoted(from)),
        (None, None) => format!("{path} changed{place}"),
    }
}

fn hazard_words(hazard: &Hazard, sources: &SourceMap) -> String {
    match hazard {
        Hazard::VolumeDefinitionChanged { name, span, .. } => {
            let place = sources.place(*span).map(|place| format!(" ({place})")).unwrap_or_default();
            format!(
                "volume {name} exists but doesn't match its definition{place}: making it anew loses its data"
            )
        }
        Hazard::VolumeRemoved { name } => format!("volume {name} is removed with its data"),
        Hazard::AnonymousVolumesLost { container } => {
            format!("anonymous volumes of {container} are left behind")
        }
    }
}
