//! Options that stand before the command, and what they mean together with the environment.

use std::path::PathBuf;

use clap::Args;

use super::usage::whole;
use crate::base::quote::go_quote;

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// Compose file; several are merged in order, `-` is standard input [env: COMPOSE_FILE]
    #[arg(short = 'f', long = "file", value_name = "FILE", help_heading = "Project")]
    pub files: Vec<String>,

    /// Name of the project [env: COMPOSE_PROJECT_NAME]
    #[arg(short = 'p', long, value_name = "NAME", help_heading = "Project")]
    pub project_name: Option<String>,

    /// Directory that relative paths start from (default: that of the first Compose file)
    #[arg(long, value_name = "DIR", help_heading = "Project")]
    pub project_directory: Option<PathBuf>,

    /// Deprecated: use --project-directory
    #[arg(long, value_name = "DIR", hide = true)]
    pub workdir: Option<PathBuf>,

    /// File with variables, instead of .env; several are read in order [env: COMPOSE_ENV_FILES]
    #[arg(long, value_name = "FILE", help_heading = "Project")]
    pub env_file: Vec<String>,

    /// Profile to switch on; `*` for all [env: COMPOSE_PROFILES]
    #[arg(long, value_name = "NAME", help_heading = "Project")]
    pub profile: Vec<String>,

    /// Keep networks, volumes, configs and secrets that no service uses
    #[arg(long, help_heading = "Project")]
    pub all_resources: bool,

    /// Names of containers with `_` instead of `-`, as Compose v1 had them
    #[arg(long, help_heading = "Project")]
    pub compatibility: bool,

    /// Fetch no Compose files from elsewhere: fail where one is named [env: RCOMPOSE_REMOTE=never]
    #[arg(long, help_heading = "Project")]
    pub no_remote: bool,

    /// Progress: auto, tty, plain, json or quiet [env: COMPOSE_PROGRESS]
    #[arg(long, value_name = "TYPE", help_heading = "Output")]
    pub progress: Option<String>,

    /// Colours and cursor control: never, always or auto [env: COMPOSE_ANSI]
    #[arg(long, value_name = "WHEN", help_heading = "Output")]
    pub ansi: Option<String>,

    /// Deprecated: use --ansi never
    #[arg(long, hide = true)]
    pub no_ansi: bool,

    /// Accepted for old scripts; nothing more is shown
    #[arg(long, hide = true)]
    pub verbose: bool,

    /// How many downloads, starts, stops and other changes at once, of each; by default (-1) what suits the engine's
    /// cores [env: COMPOSE_PARALLEL_LIMIT]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole, help_heading = "Engine")]
    pub parallel: Option<i64>,

    /// Show the plan without changing anything
    #[arg(long, global = true, help_heading = "Engine")]
    pub dry_run: bool,

    /// Show values of variables and secrets in plans and errors, instead of hiding them
    #[arg(long, global = true, help_heading = "Output")]
    pub show_values: bool,

    /// Fail at once when another rcompose is changing the project, instead of waiting for it
    #[arg(long, global = true, help_heading = "Engine")]
    pub no_wait_lock: bool,

    /// Registry of Compose files (not of images) that speaks plain HTTP
    #[arg(long, value_name = "HOST", hide = true)]
    pub insecure_registry: Vec<String>,

    #[command(flatten)]
    pub docker: DockerOptions,
}

/// The docker client's own options, which it hands on to its plugins.
#[derive(Args, Clone, Debug, Default)]
pub struct DockerOptions {
    /// Engine to talk to: unix://, tcp:// or ssh:// [env: DOCKER_HOST]
    #[arg(short = 'H', long, value_name = "ADDRESS", help_heading = "Engine")]
    pub host: Vec<String>,

    /// Docker context with the engine's address [env: DOCKER_CONTEXT]
    #[arg(short = 'c', long, value_name = "NAME", help_heading = "Engine")]
    pub context: Option<String>,

    /// Directory of the docker client's configuration [env: DOCKER_CONFIG]
    #[arg(long, value_name = "DIR", help_heading = "Engine")]
    pub config: Option<PathBuf>,

    /// Use TLS [env: DOCKER_TLS]
    #[arg(long, help_heading = "Engine")]
    pub tls: bool,

    /// Use TLS and check the engine's certificate [env: DOCKER_TLS_VERIFY]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, hide_possible_values = true, help_heading = "Engine")]
    pub tlsverify: Option<bool>,

    /// Trust only certificates signed by this authority (default: ca.pem in DOCKER_CERT_PATH)
    #[arg(long, value_name = "FILE", help_heading = "Engine")]
    pub tlscacert: Option<PathBuf>,

    /// Client certificate (default: cert.pem in DOCKER_CERT_PATH)
    #[arg(long, value_name = "FILE", help_heading = "Engine")]
    pub tlscert: Option<PathBuf>,

    /// Key of the client certificate (default: key.pem in DOCKER_CERT_PATH)
    #[arg(long, value_name = "FILE", help_heading = "Engine")]
    pub tlskey: Option<PathBuf>,

    /// Accepted for old scripts; nothing more is shown
    #[arg(short = 'D', long, hide = true)]
    pub debug: bool,

    /// Accepted for old scripts: debug, info, warn, error or fatal
    #[arg(short = 'l', long, value_name = "LEVEL", hide = true)]
    pub log_level: Option<String>,
}

impl DockerOptions {
    /// What the parser can't refuse by itself; the words are those of the docker client.
    pub fn check(&self) -> Result<(), String> {
        if let [_, second, ..] = self.host.as_slice() {
            let value = go_quote(second);
            return Err(format!("invalid argument {value} for \"-H, --host\" flag: specify only one -H"));
        }
        const LEVELS: [&str; 8] = ["panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"];
        match self.log_level.as_deref() {
            Some(level) if !level.is_empty() && !LEVELS.contains(&level.to_lowercase().as_str()) => {
                Err(format!("Unable to parse logging level: {level}"))
            }
            _ => Ok(()),
        }
    }
}
