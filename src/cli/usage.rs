//! What helps with arguments that can't be understood.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// Commands of Docker Compose that this version doesn't have.
pub const NOT_YET: [&str; 25] = [
    "attach", "bridge", "build", "commit", "cp", "create", "events", "exec", "export", "images", "kill",
    "pause", "port", "publish", "pull", "push", "rm", "run", "scale", "stats", "top", "unpause", "volumes",
    "wait", "watch",
];

/// Gives an error the tips that the parser can't know of, in the place of those that lead nowhere.
pub fn improve(error: &mut clap::Error, command: &Command, words: &[String]) {
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidArg) else { return };
            let found = found.clone();
            // That it could be a value after `--` helps nobody.
            error.remove(ContextKind::Suggested);
            let given = words.iter().find_map(|word| command.find_subcommand(word));
            let own = |arg: &&Arg| long(arg).is_some_and(|l| l == found) || short(arg) == Some(found.clone());
            if let (Some(given), Some(arg)) = (given, command.get_arguments().find(own)) {
                let value = match arg.get_value_names().and_then(|names| names.first()) {
                    Some(name) if arg.get_action().takes_values() => format!(" {name}"),
                    _ => String::new(),
                };
                tip(
                    error,
                    format!("it goes before the command: rcompose {found}{value} {}", given.get_name()),
                );
            }
        }
        ErrorKind::InvalidSubcommand => {
            let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidSubcommand) else { return };
            if NOT_YET.contains(&found.as_str()) {
                let text = format!(
                    "this version has no `{found}` yet; `docker compose {found}` works on the same projects"
                );
                error.remove(ContextKind::SuggestedSubcommand);
                tip(error, text);
            }
        }
        _ => {}
    }
}

fn tip(error: &mut clap::Error, text: String) {
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(text)]));
}

fn long(arg: &Arg) -> Option<String> {
    arg.get_long().map(|name| format!("--{name}"))
}

fn short(arg: &Arg) -> Option<String> {
    arg.get_short().map(|letter| format!("-{letter}"))
}

/// Reads a whole number.
pub fn whole(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "it must be a whole number".to_owned())
}
