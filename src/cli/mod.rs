//! The command line: arguments, environment, signals, exit codes. The composition root: here the parts
//! are put together, and nowhere else are they known to each other.

mod cmd;
mod complete;
mod env_vars;
mod examples;
mod exit;
mod flags;
mod front;
mod global;
mod plugin;
mod remote;
mod signals;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::ui::{self, terminal};
use front::Front;
use global::Global;

/// Make containers match a Compose file
///
/// rcompose reads compose.yaml, works out what should exist, shows the plan with its reasons, and makes the
/// container engine match it. It reads the same files and leaves the same names and labels as Docker Compose.
#[derive(Parser, Debug)]
#[command(
    name = "rcompose",
    version,
    disable_version_flag = true,
    max_term_width = 110,
    after_help = "Exit codes: 0 done, 1 error, 2 `plan` found changes, 130 cancelled."
)]
struct Cli {
    #[command(flatten)]
    global: Global,

    /// Print the version
    #[arg(short = 'v', long = "version", action = clap::ArgAction::SetTrue)]
    show_version: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    Up(cmd::up::Up),
    Plan(cmd::plan::Plan),
    Down(cmd::lifecycle::Down),
    Start(cmd::lifecycle::Start),
    Stop(cmd::lifecycle::Stop),
    Restart(cmd::lifecycle::Restart),
    Ps(cmd::show::Ps),
    Ls(cmd::show::Ls),
    Logs(cmd::show::Logs),
    Config(cmd::config::Config),
    Lint(cmd::lint::Lint),
    Version(cmd::show::Version),
    Completion(cmd::completion::Completion),
    Man(cmd::completion::Man),
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_else(|| "rcompose".into());
    let arguments: Vec<OsString> = arguments.collect();
    let directory = std::env::current_dir().unwrap_or_default();
    if let Some(asked) = env_vars::Completion::read() {
        let all: Vec<OsString> = std::iter::once(program).chain(arguments).collect();
        return ExitCode::from(match complete::answer_script(&all, asked.index, &directory) {
            Ok(()) => exit::OK,
            Err(_) => exit::ERROR,
        });
    }
    if let Some(answer) = complete::answer_docker(&arguments, &directory) {
        return ExitCode::from(print(&answer.unwrap_or_else(|_| format!(":{}\n", complete::NO_FILES))));
    }
    ExitCode::from(run(program, arguments))
}

/// Runs the program; `arguments` are those behind its name. Gives the exit code.
fn run(program: OsString, mut arguments: Vec<OsString>) -> u8 {
    if arguments.first().is_some_and(|first| first == plugin::METADATA_COMMAND) {
        return print(plugin::METADATA);
    }
    let mut words: Vec<String> = arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut definitions = examples::add(Cli::command());
    let name = program.to_string_lossy().into_owned();
    let mut command = flags::permissive(Cli::command());
    if let Some(place) = plugin::name_word(&command, &words) {
        arguments.remove(place);
        words.remove(place);
        definitions = definitions.bin_name("docker compose");
        command = command.bin_name("docker compose");
    }
    command.build();
    let all = std::iter::once(program).chain(arguments);
    let parsed = command.clone().try_get_matches_from(all).and_then(|found| Cli::from_arg_matches(&found));
    match parsed {
        Ok(Cli { show_version: true, .. }) => print(&cmd::show::version_text(&cmd::show::Version::default())),
        Ok(Cli { command: Some(command), global, .. }) => carry_out(global, command, &name, definitions),
        // Without a command there is the help, which is no error, as with the reference.
        Ok(Cli { command: None, .. }) => print(&usage::help(definitions, &[])),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => print(&usage::help(definitions, &words)),
        Err(mut error) => {
            // Usage errors exit with 1, as with the reference.
            match usage::improve(&mut error, &command, &words) {
                Some(text) => terminal::print_error(&text),
                None => drop(error.print()),
            }
            exit::ERROR
        }
    }
}

/// Runs a command. The name of the program and the definitions of its command line are for those that print them.
fn carry_out(global: Global, command: Command, program: &str, definitions: clap::Command) -> u8 {
    let front = match Front::new(global) {
        Ok(front) => front,
        Err(message) => {
            terminal::print_error(&format!("error: {}\n", ui::clean::block(&message)));
            return exit::ERROR;
        }
    };
    match command {
        Command::Up(up) => cmd::up::run(&front, &up),
        Command::Plan(plan) => cmd::plan::run(&front, &plan),
        Command::Down(down) => cmd::lifecycle::run_down(&front, &down),
        Command::Start(start) => cmd::lifecycle::run_start(&front, &start),
        Command::Stop(stop) => cmd::lifecycle::run_stop(&front, &stop),
        Command::Restart(restart) => cmd::lifecycle::run_restart(&front, &restart),
        Command::Ps(ps) => cmd::show::run_ps(&front, &ps),
        Command::Ls(ls) => cmd::show::run_ls(&front, &ls),
        Command::Logs(logs) => cmd::show::run_logs(&front, &logs),
        Command::Config(config) => cmd::config::run(&front, &config),
        Command::Lint(lint) => cmd::lint::run(&front, &lint),
        Command::Version(version) => front.print(&cmd::show::version_text(&version), exit::OK),
        Command::Completion(completion) => cmd::completion::run_completion(&completion, program),
        Command::Man(man) => cmd::completion::run_man(&man, definitions),
    }
}

/// Prints what needs no options to be understood; gives the exit code.
fn print(text: &str) -> u8 {
    match terminal::print(text) {
        Ok(()) => exit::OK,
        Err(error) => {
            terminal::print_error(&format!("cannot write to standard output: {error}\n"));
            exit::ERROR
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    /// The error that an user sees for these words.
    fn refused(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut command = flags::permissive(Cli::command());
        command.build();
        let all = ["rcompose".to_owned()].into_iter().chain(words.clone());
        let mut error = command.clone().try_get_matches_from(all).unwrap_err();
        usage::improve(&mut error, &command, &words).unwrap_or_else(|| error.to_string())
    }

    #[test]
    fn a_switch_with_nonsense_is_refused_in_the_words_of_the_reference() {
        for (line, flag) in
            [("up --detach=x", "-d, --detach"), ("up -d=x", "-d, --detach"), ("--dry-run=x ps", "--dry-run")]
        {
            let wanted = format!(
                "invalid argument \"x\" for \"{flag}\" flag: strconv.ParseBool: parsing \"x\": invalid syntax\n"
            );
            assert_eq!(refused(line), wanted);
        }
    }

    #[test]
    fn every_switch_of_every_command_takes_a_value() {
        let plain = |command: &clap::Command| -> Vec<String> {
            let switches = command.get_arguments().filter(|arg| {
                matches!(arg.get_action(), clap::ArgAction::SetTrue) || arg.to_string().ends_with("[=<bool>]")
            });
            switches.filter_map(|arg| arg.get_long()).map(str::to_owned).collect()
        };
        let mut own = Cli::command();
        own.build();
        let mut tried = 0;
        for command in own.get_subcommands().filter(|command| command.get_name() != "help") {
            for (place, name) in plain(&own)
                .into_iter()
                .map(|name| (true, name))
                .chain(plain(command).into_iter().map(|name| (false, name)))
            {
                let option = format!("--{name}=0");
                let words = if place {
                    ["rcompose", &option, command.get_name()]
                } else {
                    ["rcompose", command.get_name(), &option]
                };
                let parsed = flags::permissive(Cli::command()).try_get_matches_from(words);
                let other = parsed.err().filter(|error| {
                    // What a command needs besides is no matter here.
                    error.kind() != ErrorKind::MissingRequiredArgument
                });
                assert!(other.is_none(), "{words:?}: {other:?}");
                tried += 1;
            }
        }
        assert!(tried > 50, "{tried}");
    }

    #[test]
    fn an_option_of_all_commands_is_shown_its_place() {
        for (line, tip) in [
            ("down --progress quiet", "rcompose --progress TYPE down"),
            ("up -d -p shop", "rcompose -p NAME up"),
            ("ps -f compose.yaml", "rcompose -f FILE ps"),
            ("up --compatibility", "rcompose --compatibility up"),
        ] {
            let text = refused(line);
            assert!(text.contains(&format!("tip: it goes before the command: {tip}\n")), "{text}");
        }
        let text = refused("up --foo");
        assert!(!text.contains("tip"), "{text}");
        let text = refused("logs --folow");
        assert!(text.contains("'--follow'"), "{text}");
    }

    #[test]
    fn a_command_that_is_not_there_yet_is_named() {
        let text = refused("exec web sh");
        assert!(text.contains("tip: this version has no `exec` yet"), "{text}");
        assert!(refused("upp").contains("'up'"));
        let mut own = Cli::command();
        own.build();
        for name in usage::NOT_YET {
            assert!(own.find_subcommand(name).is_none(), "{name} is there");
        }
    }

    #[test]
    fn a_number_must_be_whole() {
        for line in ["up -t x", "--parallel x up", "stop -t 1.5", "up --wait-timeout 1m"] {
            let text = refused(line);
            assert!(text.contains("it must be a whole number"), "{line}: {text}");
        }
    }
}
