//! rcompose as a plugin of the docker client, installed as `~/.docker/cli-plugins/docker-compose`.
//!
//! The client asks a plugin for its metadata, then runs it with its own whole command line:
//! `docker -c remote compose ps` runs `docker-compose -c remote compose ps`, and `docker help compose` runs
//! `docker-compose help compose`.

use clap::Command;

use super::flags::command_word;

/// The word that asks for [`METADATA`].
pub const METADATA_COMMAND: &str = "docker-cli-plugin-metadata";

/// What a plugin says of itself; the version of the schema is the client's.
pub const METADATA: &str = concat!(
    "{\"SchemaVersion\":\"0.1.0\",\"Vendor\":\"rcompose\",\"Version\":\"v",
    env!("CARGO_PKG_VERSION"),
    "\",\"ShortDescription\":\"rcompose, a drop-in for Docker Compose\"}\n"
);

/// The name under which the docker client runs the plugin.
const NAME: &str = "compose";

/// The place of the plugin's name among the words behind the program's, if it is there: the docker client
/// hands it on, and it means nothing more.
pub fn name_word(command: &Command, words: &[String]) -> Option<usize> {
    let words = words.iter().map(String::as_str);
    let first = command_word(command, words.clone())?;
    let place = match words.clone().nth(first) {
        Some("help") => first + 1 + command_word(command, words.clone().skip(first + 1))?,
        _ => first,
    };
    (words.clone().nth(place) == Some(NAME)).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_name_of_the_plugin_is_found_where_the_docker_client_puts_it() {
        let place = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            name_word(&super::super::flags::permissive(super::super::Cli::command()), &words)
        };
        for (line, wanted) in [
            ("compose up", Some(0)),
            ("--context remote --tls compose up", Some(3)),
            ("-Hunix:///x -D -l debug compose", Some(4)),
            ("--config compose compose ps", Some(2)),
            ("help compose up", Some(1)),
            ("up compose", None),
            ("-p compose up", None),
            ("", None),
        ] {
            assert_eq!(place(line), wanted, "{line}");
        }
    }

    #[test]
    fn the_metadata_is_what_the_docker_client_reads() {
        let metadata: serde_json::Value = serde_json::from_str(METADATA).expect("JSON");
        assert_eq!(metadata["SchemaVersion"], "0.1.0");
        assert!(metadata["Vendor"].as_str().is_some_and(|vendor| !vendor.is_empty()));
        assert_eq!(metadata["Version"], format!("v{}", env!("CARGO_PKG_VERSION")));
    }
}
