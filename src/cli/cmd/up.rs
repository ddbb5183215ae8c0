//! `up` and `plan`, which share what they would do.

use clap::Args;
use indexmap::IndexMap;

use super::lifecycle::{Done, finish};
use crate::app::converge::{self, Way};
use crate::app::load::LoadRequest;
use crate::app::request::{self, Aim};
use crate::app::{Along, Desired, PullPolicy, env};
use crate::base::ServiceName;
use crate::cli::exit;
use crate::cli::front::{Asker, Front, seconds};
use crate::cli::usage::whole;
use crate::diag::SourceMap;
use crate::event::Event;
use crate::plan::{self, Intent, Recreate};
use crate::ui::{self, terminal};

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

    /// The old name of --yes
    #[arg(long = "y", hide = true)]
    pub old_yes: bool,

    /// Build images first (not yet supported for services with `build`)
    #[arg(long)]
    pub build: bool,

    /// Build nothing, even if an image is missing
    #[arg(long)]
    pub no_build: bool,

    /// Build without showing the steps
    #[arg(long)]
    pub quiet_build: bool,

    /// Keys that work while output is shown (not yet supported; --menu=false is)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub menu: Option<bool>,

    /// Bring changed files in while it runs (not yet supported)
    #[arg(short, long)]
    pub watch: bool,
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
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole)]
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

/// Runs `plan`.
pub fn run_plan(front: &Front, plan: &Plan) -> u8 {
    if !matches!(plan.format.as_str(), "text" | "json") {
        return front.fail(format!("unsupported format \"{}\"", plan.format));
    }
    let prepared = match prepare(front, &plan.shape, false, None) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    show_plan(front, prepared, plan.format == "json", exit::CHANGES)
}

/// Prints the plan; `changes` is the exit code when there is something to do.
fn show_plan(front: &Front, prepared: Prepared, json: bool, changes: u8) -> u8 {
    let Prepared { desired, sources, intent, .. } = prepared;
    let planned =
        front.run(async |session| converge::make_plan(&session, desired, Intent::Up(intent), None).await);
    let plan = match planned {
        Ok(Ok(plan)) => plan,
        Ok(Err(error)) => return front.fail(error.to_string()),
        Err(text) => return front.fail(text),
    };
    if json {
        terminal::print(&format!("{:#}\n", plan::to_json(&plan, &sources)));
    } else {
        for warning in &plan.warnings {
            front.warn(warning);
        }
        terminal::print(&ui::plan::text(&plan::print(&plan, &sources), front.colours_out()));
    }
    if plan.is_noop() { exit::OK } else { changes }
}

/// What `up` and `plan` act on.
struct Prepared {
    desired: Desired,
    sources: SourceMap,
    intent: plan::Up,
    /// Whether orphans are passed over in silence.
    ignore_orphans: bool,
}

/// Loads the project and reads the options; everything wrong was told already. What would be run from
/// elsewhere is asked about, unless `yes` says so; without a `yes` nothing will be run.
fn prepare(front: &Front, shape: &Shape, wait: bool, yes: Option<bool>) -> Result<Prepared, u8> {
    let refuse = |text: &str| Err(front.fail(text));
    if shape.no_recreate && shape.renew_anon_volumes {
        return refuse("--no-recreate and --renew-anon-volumes are incompatible");
    }
    if shape.force_recreate && shape.no_recreate {
        return refuse("--force-recreate and --no-recreate are incompatible");
    }
    if shape.always_recreate_deps && shape.no_recreate {
        return refuse("--always-recreate-deps and --no-recreate are incompatible");
    }
    let scale = scales(&shape.scale).map_err(|text| front.fail(text))?;
    let pull = match shape.pull.as_deref() {
        None | Some("" | "policy") => None,
        Some("always") => Some(PullPolicy::Always),
        Some("missing" | "if_not_present") => Some(PullPolicy::Missing),
        Some("never") => Some(PullPolicy::Never),
        Some("build") => Some(PullPolicy::Build),
        Some(other) => return Err(front.fail(format!("invalid --pull option \"{other}\""))),
    };
    let mut wanted = LoadRequest::full(front.request(), shape.services.clone());
    if shape.no_deps {
        wanted.along = Along::Nothing;
    }
    let loaded = front.load(wanted.clone()).ok_or(exit::ERROR)?;
    if yes.is_some_and(|yes| !front.agrees(&wanted, &loaded, yes)) {
        return Err(exit::ERROR);
    }
    let ignore_orphans = loaded.project.as_ref().is_some_and(|project| {
        project.environment.get("COMPOSE_IGNORE_ORPHANS").is_some_and(|value| env::is_truthy(value))
    });
    let remove_orphans = shape.remove_orphans || front.process.is_on("COMPOSE_REMOVE_ORPHANS");
    if ignore_orphans && remove_orphans {
        return refuse("cannot combine COMPOSE_IGNORE_ORPHANS and --remove-orphans");
    }
    let Aim { mut desired, sources, .. } = front.aim_of(loaded).ok_or(exit::ERROR)?;
    if desired.services.is_empty() && !front.global.all_resources {
        return refuse("no service selected");
    }
    for name in scale.keys() {
        if !desired.services.contains_key(name.as_str()) {
            return Err(front.fail(format!("no such service: {name}")));
        }
    }
    for service in desired.services.values_mut() {
        if let Some(policy) = pull {
            service.pull_policy = policy;
        }
    }
    // The loader has told unknown names.
    let targets = request::named(&desired, &shape.services).services;
    let intent = plan::Up {
        targets,
        recreate: match () {
            () if shape.no_recreate => Recreate::Never,
            () if shape.force_recreate || shape.renew_anon_volumes => Recreate::Force,
            () => Recreate::Diverged,
        },
        recreate_dependencies: match () {
            () if shape.no_recreate => Recreate::Never,
            () if shape.always_recreate_deps => Recreate::Force,
            () => Recreate::Diverged,
        },
        renew_anonymous_volumes: shape.renew_anon_volumes,
        remove_orphans,
        no_start: shape.no_start,
        timeout: seconds(shape.timeout),
        wait,
        scale,
        recreate_volumes: Vec::new(),
    };
    Ok(Prepared { desired, sources, intent, ignore_orphans })
}

/// Reads `--scale SERVICE=N`.
fn scales(options: &[String]) -> Result<IndexMap<ServiceName, u32>, String> {
    let read = |option: &String| {
        let (name, count) = option
            .split_once('=')
            .ok_or_else(|| format!("invalid --scale option \"{option}\". Should be SERVICE=NUM"))?;
        let count = count.parse().map_err(|_| format!("--scale {option}: \"{count}\" is not a number"))?;
        Ok((ServiceName::from(name), count))
    };
    options.iter().map(read).collect()
}

/// Runs `up`.
pub fn run_up(front: &Front, up: &Up) -> u8 {
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
        return show_plan(front, prepared, false, exit::OK);
    }
    if up.detach || wait || up.shape.no_start {
        return detached(front, up, prepared);
    }
    super::attached::run(
        front,
        up,
        prepared.desired,
        prepared.sources,
        prepared.intent,
        prepared.ignore_orphans,
    )
}

fn detached(front: &Front, up: &Up, prepared: Prepared) -> u8 {
    let Prepared { desired, sources, intent, ignore_orphans } = prepared;
    let consent = Asker { yes: up.yes || up.old_yes };
    let outcome = front.run(async |session| {
        session.events.send(Event::Began { operation: "up" });
        let way = Way {
            before_start: &(),
            consent: &consent,
            wait_timeout: seconds(up.wait_timeout),
            quiet_pull: up.quiet_pull,
        };
        let mut done = converge::converge(&session, desired, Intent::Up(intent), &way).await?;
        session.events.send(Event::Ended { operation: "up" });
        if ignore_orphans {
            done.plan.warnings.retain(|warning| !warning.starts_with("Found orphan"));
        }
        Ok(Done { plan: done.plan, report: Some(done.report), sources })
    });
    finish(front, outcome)
}

impl Up {
    /// What this version can't do, told before anything is changed.
    fn not_yet(&self, desired: &Desired) -> Result<(), String> {
        if self.watch {
            return Err("--watch is not yet supported: run `up` again after a change".to_owned());
        }
        // The keys only work on a terminal.
        if self.menu == Some(true) && !self.detach && !self.wait && terminal::stdout_is_terminal() {
            return Err("--menu is not yet supported".to_owned());
        }
        match desired.services.values().find(|service| service.has_build) {
            Some(service) if self.build => Err(format!(
                "--build is not yet supported: build the image of service \"{}\" first (docker build -t {} …)",
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
