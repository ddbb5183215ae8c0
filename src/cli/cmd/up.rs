//! `up`.

use clap::Args;

use super::lifecycle::{Done, finish};
use super::plan::show;
use super::shape::{Prepared, Shape, prepare};
use crate::app::Desired;
use crate::app::converge::{self, Way};
use crate::app::lock;
use crate::cli::exit;
use crate::cli::front::{Asker, Front, seconds};
use crate::cli::usage::whole;
use crate::event::Event;
use crate::plan::Intent;
use crate::ui::terminal;

/// Create and start containers
#[derive(Args, Clone, Debug, Default)]
pub struct Up {
    #[command(flatten)]
    pub shape: Shape,

    /// Run containers in the background
    #[arg(short, long)]
    pub detach: bool,

    /// Wait until services are running or healthy (implies --detach)
    #[arg(long)]
    pub wait: bool,

    /// Maximum time to wait, in seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole)]
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

    /// Stop all containers when one of them exits
    #[arg(long)]
    pub abort_on_container_exit: bool,

    /// Stop all containers when one of them fails
    #[arg(long)]
    pub abort_on_container_failure: bool,

    /// Exit with the code of this service (implies --abort-on-container-exit)
    #[arg(long, value_name = "SERVICE")]
    pub exit_code_from: Option<String>,

    /// No colours in the output
    #[arg(long)]
    pub no_color: bool,

    /// Don't prefix lines with container names
    #[arg(long)]
    pub no_log_prefix: bool,

    /// Show timestamps
    #[arg(long)]
    pub timestamps: bool,

    /// Pull without showing the layers
    #[arg(long)]
    pub quiet_pull: bool,

    /// Answer all questions with yes
    #[arg(short = 'y', long)]
    pub yes: bool,

    /// Deprecated: use --yes
    #[arg(long = "y", hide = true)]
    pub old_yes: bool,

    /// Build images first (not supported yet for services with `build`)
    #[arg(long)]
    pub build: bool,

    /// Build nothing, even if an image is missing
    #[arg(long)]
    pub no_build: bool,

    /// Build without showing the steps
    #[arg(long)]
    pub quiet_build: bool,

    /// Interactive shortcuts while attached (not supported yet; --menu=false is accepted)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, hide_possible_values = true)]
    pub menu: Option<bool>,

    /// Watch the sources and update containers on changes (not supported yet)
    #[arg(short, long)]
    pub watch: bool,
}

/// Runs `up`.
pub fn run(front: &Front, up: &Up) -> u8 {
    if let Err(text) = up.check() {
        return front.fail(text);
    }
    if up.old_yes {
        front.warn("--y is deprecated, please use --yes instead");
    }
    let wait = up.wait;
    let prepared = match prepare(front, &up.shape, wait, (!front.global.dry_run).then_some(up.yes)) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    if let Err(text) = up.not_yet(&prepared.desired) {
        return front.fail(text);
    }
    if front.global.dry_run {
        return show(front, prepared, up.yes || up.old_yes, false, exit::OK);
    }
    if up.detach || wait || up.shape.no_start {
        return detached(front, up, prepared);
    }
    super::attached::run(front, up, prepared)
}

fn detached(front: &Front, up: &Up, prepared: Prepared) -> u8 {
    let Prepared { desired, sources, intent } = prepared;
    let consent = Asker { yes: up.yes || up.old_yes };
    let texts = sources.clone();
    let outcome = front.run(async |session| {
        let lock = lock::acquire(&session, &desired.project, "up").await?;
        session.events.send(Event::Began { operation: "up" });
        let way = Way {
            listener: &(),
            consent: &consent,
            wait_timeout: seconds(up.wait_timeout),
            quiet_pull: up.quiet_pull,
        };
        let done = converge::converge(&session, &lock, desired, Intent::Up(intent), &way).await?;
        session.events.send(Event::Ended { operation: "up" });
        Ok(Done { plan: done.plan, report: Some(done.report), sources })
    });
    finish(front, outcome, &texts)
}

impl Up {
    /// What this version can't do, told before anything is changed.
    fn not_yet(&self, desired: &Desired) -> Result<(), String> {
        if self.watch {
            return Err("--watch is not supported yet: run `up` again after a change".to_owned());
        }
        // The keys only work on a terminal.
        if self.menu == Some(true) && !self.detach && !self.wait && terminal::stdout_is_terminal() {
            return Err("--menu is not supported yet".to_owned());
        }
        match desired.services.values().find(|service| service.has_build) {
            Some(service) if self.build => Err(format!(
                "--build is not supported yet: build the image of service \"{}\" first (docker build -t {} …)",
                service.name, service.container.image
            )),
            _ => Ok(()),
        }
    }

    /// Options that exclude each other, in the reference's order and words.
    fn check(&self) -> Result<(), String> {
        let cascade = self.abort_on_container_exit || self.exit_code_from.is_some();
        if self.wait_timeout.is_some_and(|seconds| seconds < 0) {
            return Err("--wait-timeout must be a non-negative integer".to_owned());
        }
        if self.abort_on_container_failure && self.abort_on_container_exit {
            return Err(
                "--abort-on-container-failure cannot be combined with --abort-on-container-exit".to_owned()
            );
        }
        if self.wait && (self.abort_on_container_exit || !self.attach.is_empty() || self.attach_dependencies)
        {
            return Err(
                "--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies"
                    .to_owned(),
            );
        }
        if self.build && self.no_build {
            return Err("--build and --no-build are incompatible".to_owned());
        }
        let attaches = cascade
            || self.abort_on_container_failure
            || !self.attach.is_empty()
            || self.attach_dependencies
            || self.watch;
        if (self.detach || self.wait) && attaches {
            let flag = if self.wait { "--wait" } else { "--detach" };
            return Err(format!(
                "{flag} cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch"
            ));
        }
        if self.no_build && self.watch {
            return Err("--no-build and --watch are incompatible".to_owned());
        }
        if !self.attach.is_empty() && self.attach_dependencies {
            return Err("cannot combine --attach and --attach-dependencies".to_owned());
        }
        Ok(())
    }
}
