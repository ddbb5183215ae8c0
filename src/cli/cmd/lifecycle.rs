//! `down`, `start`, `stop`, `restart`.

use clap::Args;

/// Stop and remove the project's containers and networks
#[derive(Args, Clone, Debug, Default)]
pub struct Down {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Remove the volumes too: declared and anonymous ones, with their data
    #[arg(short, long)]
    pub volumes: bool,

    /// Remove containers of services that are no longer in the files [env: COMPOSE_REMOVE_ORPHANS]
    #[arg(long)]
    pub remove_orphans: bool,

    /// Seconds a container has to stop
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub timeout: Option<i64>,
}

/// Start containers that exist
#[derive(Args, Clone, Debug, Default)]
pub struct Start {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Return when everything runs or is healthy
    #[arg(long)]
    pub wait: bool,

    /// Give up waiting after so many seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub wait_timeout: Option<i64>,
}

/// Stop containers, without removing them
#[derive(Args, Clone, Debug, Default)]
pub struct Stop {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Seconds a container has to stop
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub timeout: Option<i64>,
}

/// Stop and start containers that exist
#[derive(Args, Clone, Debug, Default)]
pub struct Restart {
    /// Only these services, and those that restart with them
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Leave alone the services that would restart with them
    #[arg(long)]
    pub no_deps: bool,

    /// Seconds a container has to stop
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub timeout: Option<i64>,
}
