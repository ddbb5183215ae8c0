//! The command line: arguments, environment, signals, exit codes. The composition root: here the parts
//! are put together, and nowhere else are they known to each other.

mod cmd;
mod env_vars;
mod exit;
mod front;
mod global;
mod remote;
mod signals;
mod usage;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::ui::terminal;
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
    subcommand_required = true,
    arg_required_else_help = true,
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
    command: Command,
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
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    // `-v` and `--version` alone mean the command of that name, as with the reference.
    if arguments.len() == 2 && arguments[1].to_str().is_some_and(|word| matches!(word, "-v" | "--version")) {
        terminal::print(&cmd::show::version_text(&cmd::show::Version::default()));
        return ExitCode::from(exit::OK);
    }
    let words: Vec<String> =
        arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let parsed =
        Cli::command().try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        // Without a command there is the help, which is no error, as with the reference.
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = Cli::command().print_help();
            return ExitCode::from(exit::OK);
        }
        Err(mut error) => {
            usage::improve(&mut error, &Cli::command(), &words);
            // Help is no error. Usage errors exit with 1, as with the reference.
            let code = if error.use_stderr() { exit::ERROR } else { exit::OK };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let front = match Front::new(cli.global) {
        Ok(front) => front,
        Err(message) => {
            terminal::print_error(&format!("{message}\n"));
            return ExitCode::from(exit::ERROR);
        }
    };
    ExitCode::from(match cli.command {
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
        Command::Version(version) => {
            terminal::print(&cmd::show::version_text(&version));
            exit::OK
        }
    })
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
        let mut error =
            Cli::command().try_get_matches_from(["rcompose".to_owned()].iter().chain(&words)).unwrap_err();
        usage::improve(&mut error, &Cli::command(), &words);
        error.to_string()
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
