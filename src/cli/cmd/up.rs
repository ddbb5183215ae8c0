//! `up` and `plan`, which share what they would do.

use clap::Args;

/// Make the project exist and run
#[derive(Args, Clone, Debug, Default)]
pub struct Up {
    #[command(flatten)]
    pub shape: Shape,

    /// Return when everything is started, instead of showing the output
    #[arg(short, long)]
    pub detach: bool,

    /// Return when everything runs or is healthy (implies --detach)
    #[arg(long)]
    pub wait: bool,

    /// Give up waiting after so many seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub wait_timeout: Option<i64>,

    /// Show the output of these services only
    #[arg(long, value_name = "SERVICE")]
    pub attach: Vec<String>,

    /// Don't show the output of these services
    #[arg(long, value_name = "SERVICE")]
    pub no_attach: Vec<String>,

    /// Show the output of dependencies too
    #[arg(long)]
    pub attach_dependencies: bool,

    /// Stop everything when a container ends
    #[arg(long)]
    pub abort_on_container_exit: bool,

    /// Stop everything when a container fails
    #[arg(long)]
    pub abort_on_container_failure: bool,

    /// Exit with the code of this service (implies --abort-on-container-exit)
    #[arg(long, value_name = "SERVICE")]
    pub exit_code_from: Option<String>,

    /// No colours in the output
    #[arg(long)]
    pub no_color: bool,

    /// No names before the lines
    #[arg(long)]
    pub no_log_prefix: bool,

    /// Times before the lines
    #[arg(long)]
    pub timestamps: bool,

    /// Pull without showing the layers
    #[arg(long)]
    pub quiet_pull: bool,

    /// Answer all questions with yes
    #[arg(short = 'y', long)]
    pub yes: bool,
}

/// What `up` would make: shared with `plan`.
#[derive(Args, Clone, Debug, Default)]
pub struct Shape {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Replace containers even if nothing changed
    #[arg(long)]
    pub force_recreate: bool,

    /// Leave containers that exist as they are
    #[arg(long)]
    pub no_recreate: bool,

    /// Replace the containers of dependencies too
    #[arg(long)]
    pub always_recreate_deps: bool,

    /// New anonymous volumes, instead of those of the replaced containers
    #[arg(short = 'V', long)]
    pub renew_anon_volumes: bool,

    /// Leave dependencies out
    #[arg(long)]
    pub no_deps: bool,

    /// Create, but don't start
    #[arg(long)]
    pub no_start: bool,

    /// Remove containers of services that are no longer in the files [env: COMPOSE_REMOVE_ORPHANS]
    #[arg(long)]
    pub remove_orphans: bool,

    /// How many containers of a service
    #[arg(long, value_name = "SERVICE=N")]
    pub scale: Vec<String>,

    /// When to pull: always, missing, never (default: as the file says)
    #[arg(long, value_name = "WHEN")]
    pub pull: Option<String>,

    /// Seconds a container has to stop
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub timeout: Option<i64>,
}

/// Show what `up` would do, and why: exits with 0 for nothing, 2 for changes, 1 for errors
#[derive(Args, Clone, Debug, Default)]
pub struct Plan {
    #[command(flatten)]
    pub shape: Shape,

    /// Form of the output: text or json
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: String,
}
