//! What the parser does with every option, whatever the command: switches take a value as those of Docker
//! Compose do (`--detach=false`), and of an option that is given twice the last one counts.

use clap::builder::{TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, Command};

/// Gives the definitions, written with plain switches, the rules of the reference's command line.
pub fn permissive(command: Command) -> Command {
    command.args_override_self(true).mut_args(with_value).mut_subcommands(permissive)
}

/// A switch becomes an option whose value may be left out, and stands behind `=` when it is there.
fn with_value(arg: Arg) -> Arg {
    let plain = matches!(arg.get_action(), ArgAction::SetTrue);
    if !plain && arg.get_value_parser().type_id() != ValueParser::bool().type_id() {
        return arg;
    }
    let off = plain && arg.get_default_values().is_empty();
    let arg = arg
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(clap::builder::StringValueParser::new().try_map(boolean));
    if off { arg.default_value("false") } else { arg }
}

/// Reads a truth value as Go's `strconv.ParseBool` does, and refuses others in its words.
fn boolean(text: String) -> Result<bool, String> {
    match text.as_str() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => {
            Err(format!("strconv.ParseBool: parsing {}: invalid syntax", crate::base::quote::go_quote(&text)))
        }
    }
}

/// Whether this option takes the word behind it as its value.
pub fn takes_next_word(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

/// The place of the first word that is neither an option of `command` nor the value of one: that of the
/// subcommand, if there is one.
pub fn command_word<'a>(command: &Command, words: impl IntoIterator<Item = &'a str>) -> Option<usize> {
    let mut value_follows = false;
    for (index, word) in words.into_iter().enumerate() {
        if std::mem::take(&mut value_follows) {
            continue;
        }
        if let Some(long) = word.strip_prefix("--") {
            if long.is_empty() {
                return None;
            }
            let arg = command.get_arguments().find(|arg| arg.get_long() == Some(long));
            value_follows = arg.is_some_and(takes_next_word);
        } else if let Some(letters) = word.strip_prefix('-') {
            // Letters may stand together; the value of the first that takes one is what is left.
            let mut rest = letters.chars();
            while let Some(letter) = rest.next() {
                let arg = command.get_arguments().find(|arg| arg.get_short() == Some(letter));
                if arg.is_some_and(takes_next_word) {
                    value_follows = rest.as_str().is_empty();
                    break;
                }
            }
        } else {
            return Some(index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
        let value = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Set);
        permissive(
            Command::new("x")
                .args([switch("all").short('a'), switch("on").default_value("true")])
                .args([value("name").short('p'), value("list").action(ArgAction::Append)])
                .subcommand(Command::new("up").args([switch("detach").short('d'), value("tail").short('n')])),
        )
    }

    #[test]
    fn switches_take_a_value_behind_an_equals_sign_only() {
        let read = |line: &str| {
            let found = command().try_get_matches_from(line.split(' ')).map_err(|error| error.kind())?;
            Ok::<_, clap::error::ErrorKind>((found.get_flag("all"), found.get_flag("on")))
        };
        for (line, wanted) in [
            ("x", (false, true)),
            ("x -a --on=false", (true, false)),
            ("x --all=T --on=0", (true, false)),
            ("x -a=false --on", (false, true)),
            ("x --all --all=f", (false, true)),
            ("x --all=0 -a -a --on=FALSE", (true, false)),
            ("x -ap name", (true, true)),
        ] {
            assert_eq!(read(line), Ok(wanted), "{line}");
        }
        for line in ["x --all=yes", "x --all=", "x -a=2", "x --all true"] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn the_last_of_several_values_counts_and_lists_grow() {
        let found = command()
            .try_get_matches_from(
                "x -p a -p b --list 1 --list 2 up -n 1 -d --tail 2 --detach=false".split(' '),
            )
            .expect("matches");
        assert_eq!(found.get_one::<String>("name").map(String::as_str), Some("b"));
        assert_eq!(found.get_many::<String>("list").into_iter().flatten().count(), 2);
        let (_, up) = found.subcommand().expect("up");
        assert_eq!(up.get_one::<String>("tail").map(String::as_str), Some("2"));
        assert!(!up.get_flag("detach"));
    }

    #[test]
    fn the_word_of_the_command_is_found_behind_options() {
        let place = |line: &str| command_word(&command(), line.split(' '));
        for (line, wanted) in [
            ("up", Some(0)),
            ("-p up up", Some(2)),
            ("-ap up up", Some(2)),
            ("-apup up", Some(1)),
            ("--name up --all up", Some(3)),
            ("--name=up --all=true up", Some(2)),
            ("--name up", None),
            ("-- up", None),
            ("--nosuch up", Some(1)),
        ] {
            assert_eq!(place(line), wanted, "{line}");
        }
    }
}
