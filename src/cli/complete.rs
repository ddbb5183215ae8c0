//! Completion of command lines: candidates for the shell scripts of `rcompose completion`, and for the docker
//! client, which asks a plugin in the way of the Go library cobra.
//!
//! The only module that knows the unstable part of `clap_complete`. Names of services and profiles come from the
//! Compose files that the command line so far selects: no engine is asked and nothing is fetched. Names of
//! projects are not completed, because only an engine knows them.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::{Arg, Command, CommandFactory, FromArgMatches, ValueHint};
use clap_complete::ArgValueCandidates;
use clap_complete::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};

use super::Cli;
use super::cmd::completion::Shell;
use super::flags::permissive;
use super::front::Front;
use super::plugin;
use crate::app::config;
use crate::app::load::{EnvFiles, LoadRequest, Reading, load_with};

/// Set by the scripts: the shell that asks.
pub const VARIABLE: &str = "RCOMPOSE_COMPLETE";

/// Set by the scripts of some shells: the index of the word that is completed.
pub const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// How the docker client asks, with descriptions and without.
const COBRA: [&str; 2] = ["__complete", "__completeNoDesc"];

/// Cobra's directives, added up: no file names besides, and no blank behind the word.
pub const NO_FILES: u8 = 4;
const NO_SPACE: u8 = 2;

/// The script that makes a shell ask this program about the command `bin`; `completer` is how it is called.
pub fn script(shell: Shell, bin: &str, completer: &str) -> io::Result<String> {
    let shells = Shells::builtins();
    let found = shells.completer(shell.name()).ok_or_else(|| io::Error::other("no such shell"))?;
    let mut text = Vec::new();
    found.write_registration(VARIABLE, bin, bin, completer, &mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    Ok(format!("{}\n", text.trim()))
}

/// Answers a script: candidates for the word with this index among those behind `--`, the last without an index.
/// `arguments` begin with the program's name.
pub fn answer_script(arguments: &[OsString], index: Option<usize>, directory: &Path) -> io::Result<()> {
    let words: Vec<OsString> = match arguments.iter().position(|word| word == "--") {
        Some(place) => arguments[place + 1..].to_vec(),
        None => Vec::new(),
    };
    let last = words.len().saturating_sub(1);
    let index = index.unwrap_or(last).min(last);
    let environment = CompleteEnv::with_factory(|| definitions(&words, index)).var(VARIABLE);
    match environment.try_complete(arguments.iter().cloned(), Some(directory)) {
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

/// Answers the docker client, if `words`, those behind the program's name, ask as it does: a candidate a line,
/// then the sum of the directives.
pub fn answer_docker(words: &[OsString], directory: &Path) -> Option<io::Result<String>> {
    let (first, rest) = words.split_first()?;
    let asked = COBRA.iter().find(|name| first == **name)?;
    let mut words: Vec<OsString> = vec!["rcompose".into()];
    words.extend(rest.iter().cloned());
    let shown: Vec<String> = words[1..].iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(place) = plugin::name_word(&permissive(Cli::command()), &shown) {
        words.remove(place + 1);
    }
    let index = words.len() - 1;
    let found = clap_complete::engine::complete(
        &mut definitions(&words, index),
        words.clone(),
        index,
        Some(directory),
    );
    Some(found.map(|found| {
        let mut directives = NO_FILES;
        let mut text = String::new();
        for candidate in found {
            let value = candidate.get_value().to_string_lossy();
            if value.ends_with(['/', '=']) {
                directives |= NO_SPACE;
            }
            text.push_str(&value);
            if let (Some(help), "__complete") = (candidate.get_help(), *asked) {
                let help = help.to_string();
                text.push('\t');
                text.push_str(help.lines().next().unwrap_or_default());
            }
            text.push('\n');
        }
        text + &format!(":{directives}\n")
    }))
}

/// The command line with what its values may be. Options are left out where another word can stand and none
/// was begun.
fn definitions(words: &[OsString], index: usize) -> Command {
    let begun = words.get(index).is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"));
    with_values(Cli::command().disable_help_flag(!begun), begun, words)
}

fn with_values(command: Command, begun: bool, words: &[OsString]) -> Command {
    command
        .mut_args(|arg| {
            let arg = value_of(arg, words);
            if begun || arg.is_positional() { arg } else { arg.hide(true) }
        })
        .mut_subcommands(|command| with_values(command, begun, words))
}

/// Words that an option takes, by its long name: those that are no list of the parser's, because other words have
/// their own messages.
const WORDS: &[(&str, &[&str])] = &[
    ("progress", &["auto", "tty", "plain", "json", "quiet"]),
    ("ansi", &["auto", "never", "always"]),
    ("pull", &["always", "missing", "never", "policy"]),
    ("rmi", &["all", "local"]),
    ("status", &["paused", "restarting", "removing", "running", "dead", "created", "exited"]),
    ("log-level", &["debug", "info", "warn", "error", "fatal"]),
];

/// Adds the candidates for an option's value, by its name or by what its value is called.
fn value_of(arg: Arg, words: &[OsString]) -> Arg {
    let value = arg.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
    let long = arg.get_long().unwrap_or_default();
    if let Some((_, values)) = WORDS.iter().find(|(name, _)| *name == long) {
        return arg.add(ArgValueCandidates::new(|| values.iter().map(CompletionCandidate::new).collect()));
    }
    let words = words.to_vec();
    match (long, value.as_deref()) {
        (_, Some("SERVICE" | "SERVICES")) => {
            arg.add(ArgValueCandidates::new(move || candidates(&words, Names::Services)))
        }
        ("profile", _) => arg.add(ArgValueCandidates::new(move || candidates(&words, Names::Profiles))),
        ("context", _) => arg.value_hint(ValueHint::Other),
        (_, Some("FILE")) => arg.value_hint(ValueHint::FilePath),
        (_, Some("DIR")) => arg.value_hint(ValueHint::DirPath),
        _ => arg,
    }
}

/// Names that files have.
#[derive(Clone, Copy)]
enum Names {
    Services,
    Profiles,
}

/// The names in the Compose files that these words select; none when there are no such files.
fn candidates(words: &[OsString], names: Names) -> Vec<CompletionCandidate> {
    let lenient = permissive(Cli::command()).ignore_errors(true);
    let Some(front) = lenient
        .try_get_matches_from(words)
        .ok()
        .and_then(|found| super::global::Global::from_arg_matches(&found).ok())
        .and_then(|global| Front::new(global).ok())
    else {
        return Vec::new();
    };
    let mut wanted = LoadRequest::full(front.request(), Vec::new());
    wanted.env_files = EnvFiles::None;
    let loaded = load_with(&wanted, Reading { files: &front.disk, remote: None });
    let Some(project) = loaded.project else { return Vec::new() };
    let list: Vec<String> = match names {
        Names::Services => project
            .services
            .keys()
            .chain(project.disabled_services.keys())
            .map(|name| name.as_str().to_owned())
            .collect(),
        Names::Profiles => config::profiles(&project),
    };
    list.iter().map(AsRef::<OsStr>::as_ref).map(CompletionCandidate::new).collect()
}
