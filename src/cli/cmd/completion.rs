//! `completion` and `man`: what a package installs beside the program.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command, ValueEnum};

use crate::cli::{complete, exit};
use crate::ui::terminal;

/// Print a script that completes command lines in a shell
///
/// The script asks the program for candidates: commands, options and their values, files, and the services and
/// profiles of the Compose files here. As a plugin of the docker client no script is needed: docker's own asks the
/// plugin. Names of projects are not completed: only an engine knows them, and none is asked.
#[derive(Args, Clone, Debug)]
pub struct Completion {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Shells with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

impl Shell {
    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Powershell => "powershell",
            Shell::Elvish => "elvish",
        }
    }
}

/// Print the manual page, or write the pages of all commands
#[derive(Args, Clone, Debug)]
pub struct Man {
    /// Write all pages into this directory
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// Runs `completion`; `program` is how this program was called.
pub fn run_completion(completion: &Completion, program: &str) -> u8 {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    // A program that was called by a path isn't found by its name.
    let completer = match std::path::absolute(program) {
        Ok(path) if name != program => path.to_string_lossy().into_owned(),
        _ => name.to_owned(),
    };
    end(complete::script(completion.shell, name, &completer).and_then(|script| terminal::print(&script)))
}

/// Runs `man` for these definitions.
pub fn run_man(man: &Man, definitions: Command) -> u8 {
    let definitions = definitions.disable_help_subcommand(true);
    end(match &man.directory {
        Some(directory) => {
            std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(definitions, directory))
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(definitions)
                .render(&mut page)
                .and_then(|()| terminal::print(&String::from_utf8_lossy(&page)))
        }
    })
}

fn end(result: io::Result<()>) -> u8 {
    match result {
        Ok(()) => exit::OK,
        Err(error) => {
            terminal::print_error(&format!("{error}\n"));
            exit::ERROR
        }
    }
}
