//! What helps with arguments that can't be understood.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::flags::{command_word, takes_next_word};
use crate::base::quote::go_quote;
use crate::ui::terminal;

/// Commands of Docker Compose that this version doesn't have.
pub const NOT_YET: [&str; 25] = [
    "attach", "bridge", "build", "commit", "cp", "create", "events", "exec", "export", "images", "kill",
    "pause", "port", "publish", "pull", "push", "rm", "run", "scale", "stats", "top", "unpause", "volumes",
    "wait", "watch",
];

/// The help of the command that the words name, from definitions whose switches are plain.
pub fn help(mut command: Command, words: &[String]) -> String {
    command.build();
    let names = words.iter().map(String::as_str);
    let first = command_word(&command, names.clone());
    let place = match first.and_then(|place| names.clone().nth(place)) {
        Some("help") => first.map(|place| place + 1),
        _ => first,
    };
    let long = !names.clone().any(|word| word == "-h");
    let name = place.and_then(|place| names.clone().nth(place)).unwrap_or_default().to_owned();
    let shown = match command.find_subcommand_mut(&name) {
        Some(found) => found,
        None => &mut command,
    };
    // The long form has an empty line between options: only where there is more to say than one line.
    let more = shown.get_long_about().is_some();
    let text = if long && more { shown.render_long_help() } else { shown.render_help() };
    if terminal::stdout_is_terminal() { text.ansi().to_string() } else { text.to_string() }
}

/// Gives an error the tips that the parser can't know of, in the place of those that lead nowhere. A value that
/// can't be read is told in the reference's words: the text is given back.
pub fn improve(error: &mut clap::Error, command: &Command, words: &[String]) -> Option<String> {
    let place = command_word(command, words.iter().map(String::as_str));
    let given = place.and_then(|place| command.find_subcommand(&words[place]));
    match error.kind() {
        ErrorKind::ValueValidation => return unreadable(error, given, command),
        ErrorKind::UnknownArgument => {
            let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidArg) else { return None };
            let found = found.clone();
            // That it could be a value after `--` helps nobody.
            error.remove(ContextKind::Suggested);
            let own = |arg: &&Arg| long(arg).is_some_and(|l| l == found) || short(arg) == Some(found.clone());
            if let (Some(given), Some(arg)) = (given, command.get_arguments().find(own)) {
                let value = match arg.get_value_names().and_then(|names| names.first()) {
                    Some(name) if takes_next_word(arg) => format!(" {name}"),
                    _ => String::new(),
                };
                tip(
                    error,
                    format!("it goes before the command: rcompose {found}{value} {}", given.get_name()),
                );
            }
        }
        ErrorKind::InvalidSubcommand => {
            let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidSubcommand) else {
                return None;
            };
            if NOT_YET.contains(&found.as_str()) {
                let text = format!(
                    "this version has no `{found}` yet; that of Docker Compose works on the same projects"
                );
                error.remove(ContextKind::SuggestedSubcommand);
                tip(error, text);
            }
        }
        _ => {}
    }
    None
}

/// `invalid argument "x" for "-d, --detach" flag: …`
fn unreadable(error: &clap::Error, given: Option<&Command>, command: &Command) -> Option<String> {
    let (Some(ContextValue::String(shown)), Some(ContextValue::String(value))) =
        (error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidValue))
    else {
        return None;
    };
    let all = given.into_iter().chain([command]).flat_map(Command::get_arguments);
    let arg = all.into_iter().find(|arg| arg.to_string() == *shown)?;
    let names: Vec<String> = short(arg).into_iter().chain(long(arg)).collect();
    let cause = std::error::Error::source(error)?;
    Some(format!("invalid argument {} for \"{}\" flag: {cause}\n", go_quote(value), names.join(", ")))
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
