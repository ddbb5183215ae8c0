//! What `up` would make: the options that `up` and `plan` share, and what they come to.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use indexmap::IndexMap;

use crate::app::load::LoadRequest;
use crate::app::request::{self, Aim};
use crate::app::{Along, Desired, PullPolicy, env};
use crate::base::ServiceName;
use crate::cli::exit;
use crate::cli::front::{Front, seconds};
use crate::cli::usage::whole;
use crate::diag::SourceMap;
use crate::plan::{self, Recreate};

/// What `up` would make: shared with `plan`.
#[derive(Args, Clone, Debug, Default)]
pub struct Shape {
    /// Only these services and what they depend on
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Recreate containers even if nothing changed
    #[arg(long)]
    pub force_recreate: bool,

    /// Don't recreate existing containers
    #[arg(long)]
    pub no_recreate: bool,

    /// Recreate dependencies too
    #[arg(long)]
    pub always_recreate_deps: bool,

    /// Recreate anonymous volumes instead of reusing those of the previous containers
    #[arg(short = 'V', long)]
    pub renew_anon_volumes: bool,

    /// Don't include dependencies
    #[arg(long)]
    pub no_deps: bool,

    /// Create containers without starting them
    #[arg(long)]
    pub no_start: bool,

    /// Remove containers of services that are no longer in the files [env: COMPOSE_REMOVE_ORPHANS]
    #[arg(long)]
    pub remove_orphans: bool,

    /// Number of containers of a service
    #[arg(long, value_name = "SERVICE=N")]
    pub scale: Vec<String>,

    /// When to pull: always, missing, never (default: as the file says)
    #[arg(long, value_name = "WHEN")]
    pub pull: Option<String>,

    /// Shutdown timeout in seconds
    #[arg(short, long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole)]
    pub timeout: Option<i64>,
}

/// What `up` and `plan` act on.
pub(super) struct Prepared {
    pub desired: Desired,
    pub sources: SourceMap,
    pub intent: plan::Up,
}

/// Loads the project and reads the options; everything wrong was told already. What would be run from
/// elsewhere is asked about, unless `yes` says so; without a `yes` nothing will be run.
pub(super) fn prepare(front: &Front, shape: &Shape, wait: bool, yes: Option<bool>) -> Result<Prepared, u8> {
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
    // Who shares namespaces of what is selected is looked at too: they are replaced together.
    let selected: BTreeSet<ServiceName> =
        loaded.project.iter().flat_map(|project| project.services.keys().cloned()).collect();
    let sharing = loaded.project.as_ref().map(request::sharing).unwrap_or_default();
    let loaded = if sharing.is_empty() {
        loaded
    } else {
        wanted.services = selected.iter().chain(&sharing).map(ToString::to_string).collect();
        wanted.along = Along::Nothing;
        front.load(wanted).ok_or(exit::ERROR)?
    };
    let ignore_orphans = loaded.project.as_ref().is_some_and(|project| {
        project.environment.get("COMPOSE_IGNORE_ORPHANS").is_some_and(|value| env::is_truthy(value))
    });
    let remove_orphans = shape.remove_orphans || front.process.is_on("COMPOSE_REMOVE_ORPHANS");
    if ignore_orphans && remove_orphans {
        return refuse("cannot combine COMPOSE_IGNORE_ORPHANS and --remove-orphans");
    }
    let Aim { mut desired, sources, .. } = front.aim_of(loaded, shape.no_start).ok_or(exit::ERROR)?;
    if desired.services.is_empty() && !front.global.all_resources {
        return refuse("no service selected");
    }
    for name in scale.keys() {
        // One that takes no part is scaled when it does, as in the reference.
        if !desired.services.contains_key(name.as_str()) && !desired.others.contains(name) {
            return Err(front.refuse(request::no_such_service(&desired, name)));
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
        changed_volumes: BTreeMap::new(),
        ignore_orphans,
        bystanders: desired.services.keys().filter(|name| !selected.contains(*name)).cloned().collect(),
        pull_flag: pull.is_some(),
        ignore_jobs: false,
    };
    Ok(Prepared { desired, sources, intent })
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
