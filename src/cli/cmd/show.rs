//! `ps`, `ls`, `logs`, `version`: commands that only look.

use clap::Args;

/// List the project's containers
#[derive(Args, Clone, Debug, Default)]
pub struct Ps {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Stopped ones and those of `run` too
    #[arg(short, long)]
    pub all: bool,

    /// Form: table, json, or a Go template (`table TEMPLATE` with a heading)
    #[arg(long, value_name = "FORM", default_value = "table")]
    pub format: String,

    /// Only those with this property: status=running
    #[arg(long, value_name = "KEY=VALUE")]
    pub filter: Vec<String>,

    /// Only those with this status: paused, restarting, removing, running, dead, created, exited
    #[arg(long, value_name = "STATUS")]
    pub status: Vec<String>,

    /// Containers of services that are not in the files too (--orphans=false leaves them out)
    #[arg(long, default_value_t = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub orphans: bool,

    /// Only the ids
    #[arg(short, long)]
    pub quiet: bool,

    /// Only the names of the services
    #[arg(long = "services", id = "list_services")]
    pub list_services: bool,

    /// Don't shorten ids and commands
    #[arg(long)]
    pub no_trunc: bool,
}

/// List projects
#[derive(Args, Clone, Debug, Default)]
pub struct Ls {
    /// Stopped ones too
    #[arg(short, long)]
    pub all: bool,

    /// Form: table or json
    #[arg(long, value_name = "FORM", default_value = "table")]
    pub format: String,

    /// Only those whose name matches: name=REGEX
    #[arg(long, value_name = "KEY=VALUE")]
    pub filter: Vec<String>,

    /// Only the names
    #[arg(short, long)]
    pub quiet: bool,
}

/// Show the output of containers
#[derive(Args, Clone, Debug, Default)]
pub struct Logs {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Go on as lines come
    #[arg(short, long)]
    pub follow: bool,

    /// Only the container with this number (of one service)
    #[arg(long, value_name = "N")]
    pub index: Option<u32>,

    /// Only the last so many lines of each container; `all` for all
    #[arg(short = 'n', long, value_name = "N", default_value = "all")]
    pub tail: String,

    /// Only lines after this time, or so long ago: 2026-01-02T13:23:37Z, 42m
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Only lines before this time, or so long ago
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// Times before the lines
    #[arg(short, long)]
    pub timestamps: bool,

    /// No colours
    #[arg(long)]
    pub no_color: bool,

    /// No names before the lines
    #[arg(long)]
    pub no_log_prefix: bool,
}

/// Print the version
#[derive(Args, Clone, Debug, Default)]
pub struct Version {
    /// Form: pretty or json
    #[arg(short, long, value_name = "FORM", default_value = "pretty")]
    pub format: String,

    /// Only the number
    #[arg(long)]
    pub short: bool,
}
