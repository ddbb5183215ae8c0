//! What may happen next in a sequence.

use std::fmt;

use super::project::{NAMES, Project};
use crate::dice::Dice;

/// One step.
pub enum Step {
    /// The file is edited.
    Edit,
    /// A command, as one line.
    Command(String),
    /// Something is done without either program.
    ByHand(ByHand),
}

/// What somebody does with the engine's own commands.
#[derive(Clone, Debug)]
pub enum ByHand {
    Stop(String),
    Start(String),
    Remove(String),
    RemoveNetwork(&'static str),
    Disconnect { container: String, network: &'static str },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Edit => f.write_str("edit"),
            Step::Command(arguments) => f.write_str(arguments),
            Step::ByHand(action) => write!(f, "{action:?}"),
        }
    }
}

impl Step {
    /// How a sequence begins.
    pub fn first(dice: &mut Dice) -> Step {
        let text = *dice.pick(&["up -d", "up -d", "up -d", "up --no-start"]);
        Step::Command(text.to_owned())
    }

    /// Any step.
    pub fn random(dice: &mut Dice, project: &Project) -> Step {
        match dice.below(10) {
            0..4 => Step::Edit,
            4..9 => Step::Command(command(dice, project)),
            _ => Step::ByHand(by_hand(dice)),
        }
    }
}

fn command(dice: &mut Dice, project: &Project) -> String {
    let names = project.names();
    let mut one =
        |usual: usize| if dice.below(usual) == 0 { format!(" {}", dice.pick(&names)) } else { String::new() };
    let (rarely, often) = (one(4), one(2));
    let name = names.get(dice.below(names.len())).copied().unwrap_or(NAMES[0]);
    match dice.below(22) {
        0..8 => format!("up -d{rarely}"),
        8 => format!("up -d --force-recreate{often}"),
        9 => format!("up -d --no-recreate{often}"),
        10 => format!("up -d --no-deps {name}"),
        11 => "up -d --remove-orphans".to_owned(),
        12 => format!("up -d --always-recreate-deps{often}"),
        13 => format!("up -d --scale {name}={}", dice.below(3)),
        14 => format!("up --no-start{rarely}"),
        15 => format!("stop -t 0{often}"),
        16 => format!("start{rarely}"),
        17 => format!("restart -t 0{often}"),
        18 => format!("restart -t 0 --no-deps {name}"),
        19 => format!("up -d -V{rarely}"),
        20 => format!("down -t 0{often}"),
        _ => "down -t 0 --remove-orphans -v".to_owned(),
    }
}

fn by_hand(dice: &mut Dice) -> ByHand {
    let container = format!("{}-1", dice.pick(&NAMES));
    match dice.below(5) {
        0 => ByHand::Stop(container),
        1 => ByHand::Start(container),
        2 => ByHand::Remove(container),
        3 => ByHand::RemoveNetwork(network(dice)),
        _ => ByHand::Disconnect { container, network: network(dice) },
    }
}

fn network(dice: &mut Dice) -> &'static str {
    const KEYS: [&str; 3] = ["n1", "n2", "default"];
    KEYS[dice.below(KEYS.len())]
}
