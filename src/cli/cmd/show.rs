//! `ps`, `ls`, `logs`, `version`: commands that only look.

use std::collections::BTreeSet;
use std::io;

use clap::Args;
use tokio::sync::mpsc;

use crate::app::attach;
use crate::app::hidden;
use crate::app::list::{self, PsQuery};
use crate::app::request::{self, Named};
use crate::app::{self, EngineError};
use crate::base::ServiceName;
use crate::base::duration::parse_duration;
use crate::cli::exit;
use crate::cli::front::{Front, Target};
use crate::docker;
use crate::state::ContainerState;
use crate::ui::logs::{LogLook, LogWriter};
use crate::ui::{self, message, terminal};

/// List the project's containers
#[derive(Args, Clone, Debug, Default)]
pub struct Ps {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Include stopped containers, and those of `run`
    #[arg(short, long)]
    pub all: bool,

    /// Output format: table, json, or a Go template (`table TEMPLATE` with a heading) [config.json: psFormat]
    #[arg(long, value_name = "FORM")]
    pub format: Option<String>,

    /// Filter by a property: status=running
    #[arg(long, value_name = "KEY=VALUE")]
    pub filter: Vec<String>,

    /// Filter by status: paused, restarting, removing, running, dead, created, exited
    #[arg(long, value_name = "STATUS")]
    pub status: Vec<String>,

    /// Containers of services that are not in the files too (--orphans=false leaves them out)
    #[arg(long, default_value_t = true, action = clap::ArgAction::SetTrue)]
    pub orphans: bool,

    /// Print only IDs
    #[arg(short, long)]
    pub quiet: bool,

    /// Print only service names
    #[arg(long = "services", id = "list_services")]
    pub list_services: bool,

    /// Don't truncate IDs and commands
    #[arg(long)]
    pub no_trunc: bool,
}

/// List projects
#[derive(Args, Clone, Debug, Default)]
pub struct Ls {
    /// Include stopped projects
    #[arg(short, long)]
    pub all: bool,

    /// Output format: table or json
    #[arg(long, value_name = "FORM", default_value = "table")]
    pub format: String,

    /// Filter by name: name=REGEX
    #[arg(long, value_name = "KEY=VALUE")]
    pub filter: Vec<String>,

    /// Print only names
    #[arg(short, long)]
    pub quiet: bool,
}

/// View output of containers
#[derive(Args, Clone, Debug, Default)]
pub struct Logs {
    /// Only these services
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,

    /// Follow the output
    #[arg(short, long)]
    pub follow: bool,

    /// Only the container with this number (of one service)
    #[arg(long, value_name = "N")]
    pub index: Option<u32>,

    /// Number of lines to show from the end of each container's output, or `all`
    #[arg(short = 'n', long, value_name = "N", default_value = "all")]
    pub tail: String,

    /// Show lines since a timestamp or a relative duration: 2026-01-02T13:23:37Z, 42m
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Show lines before a timestamp or a relative duration
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// Show timestamps
    #[arg(short, long)]
    pub timestamps: bool,

    /// No colours
    #[arg(long)]
    pub no_color: bool,

    /// Don't prefix lines with container names
    #[arg(long)]
    pub no_log_prefix: bool,
}

/// Print the version
#[derive(Args, Clone, Debug, Default)]
pub struct Version {
    /// Output format: pretty or json
    #[arg(short, long, value_name = "FORM", default_value = "pretty")]
    pub format: String,

    /// Print only the version number
    #[arg(long)]
    pub short: bool,
}

/// The text of `version`.
pub fn version_text(version: &Version) -> String {
    let number = env!("CARGO_PKG_VERSION");
    let like = app::COMPATIBLE_VERSION;
    match (version.short, version.format.as_str()) {
        (true, _) => format!("{number}\n"),
        (false, "json") => format!("{{\"version\":\"{number}\",\"compatible\":\"{like}\"}}\n"),
        (false, _) => format!("rcompose version {number} (compatible with Docker Compose v{like})\n"),
    }
}

/// Runs `ps`.
pub fn run_ps(front: &Front, ps: &Ps) -> u8 {
    let mut states = Vec::new();
    let filters = ps.filter.iter().map(|filter| match filter.split_once('=') {
        Some(("status", status)) => Ok(status),
        Some(("source", _)) => Err("filter on source is not implemented".to_owned()),
        Some((other, _)) => Err(format!("unknown filter {other}")),
        None => Err("arguments to --filter should be in form KEY=VAL".to_owned()),
    });
    for status in filters.chain(ps.status.iter().map(|status| Ok(status.as_str()))) {
        match status {
            Ok(status) => match ContainerState::parse(status) {
                ContainerState::Unknown => {
                    return front.fail(format!(
                        "invalid --status \"{status}\" (one of paused, restarting, removing, running, dead, created, exited)"
                    ));
                }
                state => states.push(state),
            },
            Err(text) => return front.fail(text),
        }
    }
    let target = match front.aim(&[], app::Along::Dependencies) {
        Ok(target) => target,
        Err(code) => return code,
    };
    let (project, known, services, aim) = match target {
        Target::Name(name) => {
            (name, None, ps.services.iter().map(|s| ServiceName::from(s.as_str())).collect(), None)
        }
        Target::Aim(aim) => {
            let Named { services, unknown } = request::named(&aim.desired, &ps.services);
            if let Some(missing) = unknown.first() {
                return front.refuse(request::no_such_service(&aim.desired, missing));
            }
            let known: Vec<ServiceName> =
                aim.desired.services.keys().chain(&aim.desired.others).cloned().collect();
            (aim.desired.project.clone(), Some(known), services, Some(aim))
        }
    };
    let query = PsQuery { services, all: ps.all, states, only_known: known.filter(|_| !ps.orphans) };
    let listed = front.look_at(async |session| list::containers(&session, &project, &query).await);
    let mut containers = match listed {
        Ok(Ok(containers)) => containers,
        Ok(Err(error)) => return front.fail_engine(&error),
        Err(failed) => return front.failed(&failed),
    };
    if !front.global.show_values {
        let (desired, sources) = aim.map(|aim| (aim.desired, aim.sources)).unzip();
        let sources = sources.unwrap_or_default();
        hidden::containers(&mut containers, desired.as_ref(), &sources, &front.exposure().known);
    }
    let options = ui::ps::PsOptions {
        format: ps
            .format
            .clone()
            .filter(|format| !format.is_empty())
            .or_else(|| docker::ps_format(&front.docker_config()))
            .unwrap_or_default(),
        quiet: ps.quiet,
        services: ps.list_services,
        no_trunc: ps.no_trunc,
        now: message::seconds_now(),
    };
    match ui::ps::render(&containers, &options) {
        Ok(text) => front.print(&text, exit::OK),
        Err(error) => front.fail(error.to_string()),
    }
}

/// Runs `ls`.
pub fn run_ls(front: &Front, ls: &Ls) -> u8 {
    let mut patterns = Vec::new();
    for filter in &ls.filter {
        let pattern = match filter.split_once('=') {
            Some(("name", pattern)) => regex::Regex::new(pattern).map_err(|error| error.to_string()),
            _ => Err(format!("invalid filter '{}'", filter.split('=').next().unwrap_or(filter))),
        };
        match pattern {
            Ok(pattern) => patterns.push(pattern),
            Err(text) => return front.fail(text),
        }
    }
    let listed = match front.look_at(async |session| list::projects(&session, ls.all).await) {
        Ok(Ok(listed)) => listed,
        Ok(Err(error)) => return front.fail_engine(&error),
        Err(failed) => return front.failed(&failed),
    };
    let rows: Vec<ui::ls::ProjectRow> = listed
        .into_iter()
        .filter(|project| patterns.iter().all(|pattern| pattern.is_match(&project.name)))
        .map(|project| ui::ls::ProjectRow {
            name: project.name,
            status: project.status,
            config_files: project.config_files,
        })
        .collect();
    match ui::ls::render(&rows, &ls.format, ls.quiet) {
        Ok(text) => front.print(&text, exit::OK),
        Err(error) => front.fail(error.to_string()),
    }
}

/// Runs `logs`.
pub fn run_logs(front: &Front, logs: &Logs) -> u8 {
    if logs.index.is_some() && logs.services.len() != 1 {
        return front.fail("--index requires one service to be selected");
    }
    let tail = match logs.tail.as_str() {
        "all" | "" => None,
        number => match number.parse() {
            Ok(number) => Some(number),
            Err(_) => return front.fail(format!("invalid --tail \"{number}\": use a number or `all`")),
        },
    };
    let now = message::seconds_now();
    let (since, until) = match (moment(logs.since.as_deref(), now), moment(logs.until.as_deref(), now)) {
        (Ok(since), Ok(until)) => (since, until),
        (Err(text), _) | (_, Err(text)) => return front.fail(text),
    };
    let options = attach::Options { follow: logs.follow, tail, since, until, timestamps: logs.timestamps };
    let target = match front.aim(&[], app::Along::Dependencies) {
        Ok(target) => target,
        Err(code) => return code,
    };
    let (project, services) = match target {
        Target::Name(name) => {
            let named: BTreeSet<ServiceName> =
                logs.services.iter().map(|name| ServiceName::from(name.as_str())).collect();
            (name, Some(named).filter(|named| !named.is_empty()))
        }
        Target::Aim(aim) => {
            let Named { services, unknown } = request::named(&aim.desired, &logs.services);
            if let Some(missing) = unknown.first() {
                return front.refuse(request::no_such_service(&aim.desired, missing));
            }
            let named: BTreeSet<ServiceName> = services.into_iter().collect();
            let shown = aim.desired.services.values().filter(|service| service.attach);
            let all = shown.map(|service| service.name.clone()).collect();
            (aim.desired.project, Some(if named.is_empty() { all } else { named }))
        }
    };
    let look = LogLook {
        colours: front.colours_out() && !logs.no_color,
        no_prefix: logs.no_log_prefix,
        split_streams: false,
    };
    let outcome = front.look_at(async |session| {
        let collector = attach::read(&session, &project, services, logs.index, options).await?;
        if let (Some(index), Some(service), true) =
            (logs.index, logs.services.first(), collector.names().is_empty())
        {
            return Ok(Shown::NoSuchReplica(format!(
                "service \"{service}\" is not running container #{index}"
            )));
        }
        let mut writer = LogWriter::new(look, io::stdout(), io::stderr());
        for name in collector.names() {
            writer.register(name);
        }
        let (sender, mut lines) = mpsc::channel(BATCH);
        // It owns the lines: when it cannot write any more, the collector ends too.
        let write = async move {
            let mut batch = Vec::new();
            while lines.recv_many(&mut batch, BATCH).await > 0 {
                for event in batch.drain(..) {
                    writer.write(&event)?;
                }
                writer.flush()?;
            }
            Ok(())
        };
        tokio::select! {
            (unreadable, written) = futures_util::future::join(collector.run(sender), write) => {
                Ok(Shown::ToTheEnd(unreadable, written))
            }
            () = terminal::stdout_unread() => {
                Ok::<_, EngineError>(Shown::ToTheEnd(Vec::new(), Ok(())))
            }
        }
    });
    match outcome {
        Ok(Ok(Shown::ToTheEnd(unreadable, written))) => {
            for (name, error) in &unreadable {
                front.warn(&format!("Can't retrieve logs for \"{name}\": {error}"));
            }
            let code = if unreadable.is_empty() { exit::OK } else { exit::ERROR };
            front.printed(terminal::written(written), code)
        }
        Ok(Ok(Shown::NoSuchReplica(text))) => front.fail(text),
        Ok(Err(error)) => front.fail_engine(&error),
        Err(failed) => front.failed(&failed),
    }
}

/// Lines that are written at once, at most.
const BATCH: usize = 4096;

/// How the showing of logs ended.
enum Shown {
    /// All there was, but for the logs of these containers, as far as it could be written.
    ToTheEnd(attach::Unreadable, io::Result<()>),
    /// The number asked for is that of no container.
    NoSuchReplica(String),
}

/// A moment as the engine takes it: a time stamp as it is, or a duration before now.
fn moment(text: Option<&str>, now: i64) -> Result<Option<String>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Ok(ago) = parse_duration(text) {
        return Ok(Some((now - ago.0 / 1_000_000_000).to_string()));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(Some(text.to_owned()));
    }
    Err(format!("invalid time \"{text}\": use RFC 3339 or a duration such as 42m"))
}
