//! Examples at the end of each command's help.

use clap::Command;

/// Command, and its examples with what they do.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "up",
        &[
            ("up -d --wait", "start everything, return when it is healthy"),
            ("up -d --scale worker=3 worker", "three workers, and what they depend on"),
            ("--profile debug up", "with the services of a profile; Ctrl-C stops them"),
        ],
    ),
    (
        "plan",
        &[
            ("plan", "what `up` would change, and why"),
            ("plan --format json web", "one service, for a program"),
        ],
    ),
    (
        "down",
        &[
            ("down", "remove containers and networks; volumes stay"),
            ("down -v --remove-orphans", "volumes too, and what is no longer in the files"),
            ("-p shop down", "without the files: by the project's name"),
        ],
    ),
    ("start", &[("start", "start what was stopped"), ("start --wait db", "return when db is healthy")]),
    ("stop", &[("stop", "stop everything, remove nothing"), ("stop -t 30 web", "with 30 seconds to end")]),
    (
        "restart",
        &[("restart web", "web, and what is to restart with it"), ("restart --no-deps web", "only web")],
    ),
    (
        "ps",
        &[
            ("ps -a", "stopped ones too"),
            ("ps --format json", "for a program, one object a line"),
            ("ps --format 'table {{.Name}}\\t{{.Status}}'", "some columns"),
        ],
    ),
    ("ls", &[("ls", "projects that run"), ("ls -a --filter name=shop", "stopped ones too, by name")]),
    (
        "logs",
        &[
            ("logs -f --tail 20 web", "the last 20 lines of web, and what comes"),
            ("logs --since 10m", "the last ten minutes of everything"),
        ],
    ),
    (
        "config",
        &[
            ("config", "the project: merged, with variables replaced"),
            ("config -q", "check only"),
            ("config --explain services.web.image", "where a value comes from"),
        ],
    ),
    ("lint", &[("lint", "find traps"), ("lint --format sarif --fail-on error", "for a CI system")]),
    ("version", &[("version", "the version"), ("version --short", "only the number")]),
    (
        "completion",
        &[
            ("completion bash > ~/.local/share/bash-completion/completions/rcompose", "bash"),
            ("completion zsh > ~/.zfunc/_rcompose", "zsh, with ~/.zfunc in fpath"),
            ("completion fish > ~/.config/fish/completions/rcompose.fish", "fish"),
        ],
    ),
    (
        "man",
        &[
            ("man | man -l -", "read the page of rcompose"),
            ("man ~/.local/share/man/man1", "write all pages"),
        ],
    ),
];

/// Adds the examples to the help of each command.
pub fn add(command: Command) -> Command {
    command.mut_subcommands(|command| match examples(command.get_name()) {
        [] => command,
        examples => {
            let width = examples.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
            let lines = examples.iter().map(|(line, what)| format!("  rcompose {line:<width$}  # {what}"));
            command.after_help(format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n")))
        }
    })
}

fn examples(name: &str) -> &'static [(&'static str, &'static str)] {
    EXAMPLES.iter().find(|(command, _)| *command == name).map_or(&[], |(_, examples)| examples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::shell::split;
    use crate::cli::{Cli, flags};
    use clap::CommandFactory;

    #[test]
    fn every_command_has_examples_that_it_understands() {
        let commands: Vec<String> = Cli::command()
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .map(|command| command.get_name().to_owned())
            .collect();
        for name in &commands {
            assert!(!examples(name).is_empty(), "{name} has no example");
        }
        for (name, examples) in EXAMPLES {
            assert!(commands.iter().any(|command| command == name), "{name} is no command");
            for (line, _) in *examples {
                let line = line.split(['>', '|']).next().unwrap_or_default();
                let words = split(line).expect("words");
                let all = ["rcompose".to_owned()].into_iter().chain(words);
                let found = flags::permissive(Cli::command()).try_get_matches_from(all);
                let found = found.unwrap_or_else(|error| panic!("{line}: {error}"));
                assert_eq!(found.subcommand_name(), Some(*name), "{line}");
            }
        }
    }
}
