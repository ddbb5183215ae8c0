//! `ps`: containers as a table, as JSON, or through a template.

use std::collections::{BTreeMap, HashMap};

use gtmpl_ng::Value;
use serde_json::json;

use super::ago;
use super::template::{Format, LABELS_BY_KEY, Row, TemplateError, go_json};
use super::{ports, table};
use crate::base::quote::go_quote;
use crate::spec::labels;
use crate::state::{Health, ObservedContainer};

/// How containers are listed.
#[derive(Clone, Debug, Default)]
pub struct PsOptions {
    /// `table`, `json`, `raw`, a Go template, or `table` with one.
    pub format: String,
    /// Only ids.
    pub quiet: bool,
    /// Only names of services.
    pub services: bool,
    /// Whole ids and commands.
    pub no_trunc: bool,
    /// Seconds since 1970.
    pub now: i64,
}

/// Every field a template may use, with the heading of its column.
const FIELDS: [(&str, &str); 20] = [
    ("Command", "COMMAND"),
    ("CreatedAt", "CREATED AT"),
    ("Engine", "ENGINE"),
    ("ExitCode", "EXIT CODE"),
    ("Health", "HEALTH"),
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Labels", "LABELS"),
    ("LocalVolumes", "LOCAL VOLUMES"),
    ("Mounts", "MOUNTS"),
    ("Name", "NAME"),
    ("Names", "NAMES"),
    ("Networks", "NETWORKS"),
    ("Ports", "PORTS"),
    ("Project", "PROJECT"),
    ("Publishers", "PUBLISHERS"),
    ("RunningFor", "CREATED"),
    ("Service", "SERVICE"),
    ("Size", "SIZE"),
    ("State", "STATE"),
];
/// Its heading is its name.
const STATUS: (&str, &str) = ("Status", "STATUS");
/// Fields of one entry of `Publishers`.
const OF_PUBLISHERS: [&str; 4] = ["URL", "TargetPort", "PublishedPort", "Protocol"];

const COLUMNS: [&str; 7] = ["Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"];
const RAW: &str = "container_id: {{.ID}}\\nimage: {{.Image}}\\ncommand: {{.Command}}\\ncreated_at: {{.CreatedAt}}\\nstate: {{.State}}\\nstatus: {{.Status}}\\nnames: {{.Names}}\\nlabels: {{.Labels}}\\nports:{{pad .Ports 1 0}}\\n";

/// Label of containers of another engine.
const ENGINE: &str = "com.docker.compose.engine";
const COMMAND_WIDTH: usize = 20;
const MOUNT_WIDTH: usize = 15;
const SHORT_ID: usize = 12;

/// The text that `ps` prints.
pub fn render(containers: &[ObservedContainer], options: &PsOptions) -> Result<String, TemplateError> {
    if options.quiet {
        return Ok(lines(containers.iter().map(|container| container.id.to_string())));
    }
    if options.services {
        return Ok(services(containers));
    }
    let rows = containers.iter().map(|container| fields(container, options));
    match options.format.as_str() {
        "" | "table" => {
            let mut columns = COLUMNS.to_vec();
            if containers.iter().any(|container| container.label(ENGINE).is_some()) {
                columns.push("Engine");
            }
            let mut cells = vec![columns.iter().map(|name| heading(name).to_owned()).collect()];
            let cell = |row: &BTreeMap<&str, serde_json::Value>, name| {
                row.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
            };
            cells.extend(rows.map(|row| columns.iter().map(|name| cell(&row, name)).collect()));
            Ok(table::layout(&cells, 10, 3))
        }
        "json" => Ok(lines(rows.map(|row| go_json(&json!(row))))),
        format => {
            let (titled, text) = match format.strip_prefix("table ") {
                Some(text) => (true, text.trim_start()),
                None if format == "raw" => (false, RAW),
                None => (false, format),
            };
            let names: Vec<&str> = FIELDS.iter().chain([&STATUS]).map(|(name, _)| *name).collect();
            let format = Format::new(text, &names, &OF_PUBLISHERS)?;
            let mut out = Vec::new();
            if titled {
                out.push(format.render(headings())?);
            }
            for (container, row) in containers.iter().zip(rows) {
                out.push(format.render(for_template(container, row))?);
            }
            if !titled {
                return Ok(lines(out.into_iter()));
            }
            let cells: Vec<Vec<String>> = out
                .iter()
                .flat_map(|text| text.split('\n'))
                .map(|line| line.split('\t').map(str::to_owned).collect())
                .collect();
            Ok(table::layout(&cells, 10, 3))
        }
    }
}

fn heading(field: &str) -> &'static str {
    FIELDS.iter().chain([&STATUS]).find(|(name, _)| *name == field).map_or("", |(_, heading)| *heading)
}

fn headings() -> Row {
    FIELDS
        .iter()
        .chain([&STATUS])
        .map(|(name, heading)| ((*name).to_owned(), Value::from(*heading)))
        .collect()
}

/// Services in the order of their containers, once each; an empty line when there are none, as the
/// reference prints it.
fn services(containers: &[ObservedContainer]) -> String {
    let mut names: Vec<String> = Vec::new();
    for container in containers {
        let name = container.label(labels::SERVICE).unwrap_or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() { "\n".to_owned() } else { lines(names.into_iter()) }
}

fn fields(container: &ObservedContainer, options: &PsOptions) -> BTreeMap<&'static str, serde_json::Value> {
    let label = |key: &str| container.label(key).unwrap_or_default();
    let command =
        if options.no_trunc { container.command.clone() } else { shorten(&container.command, COMMAND_WIDTH) };
    let id = container.id.as_str();
    let mounts = container.mounts.iter().map(|mount| {
        let name = mount.name.as_deref().unwrap_or(&mount.source);
        if options.no_trunc { name.to_owned() } else { shorten(name, MOUNT_WIDTH) }
    });
    let volumes = container.mounts.iter().filter(|mount| mount.kind == "volume").count();
    let all_labels: Vec<String> =
        container.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let networks: Vec<&str> = container.networks.iter().map(|one| one.network.as_str()).collect();
    let health = match container.health {
        None => "",
        Some(Health::Starting) => "starting",
        Some(Health::Healthy) => "healthy",
        Some(Health::Unhealthy) => "unhealthy",
    };
    BTreeMap::from([
        ("Command", json!(go_quote(&command))),
        ("CreatedAt", json!(ago::moment(container.created))),
        ("Engine", json!(label(ENGINE))),
        ("ExitCode", json!(container.exit_code.unwrap_or(0))),
        ("Health", json!(health)),
        ("ID", json!(if options.no_trunc { id } else { &id[..id.len().min(SHORT_ID)] })),
        ("Image", json!(container.image)),
        ("Labels", json!(all_labels.join(","))),
        ("LocalVolumes", json!(volumes.to_string())),
        ("Mounts", json!(mounts.collect::<Vec<_>>().join(","))),
        ("Name", json!(container.name)),
        ("Names", json!(container.name)),
        ("Networks", json!(networks.join(","))),
        ("Ports", json!(ports::text(&container.ports))),
        ("Project", json!(label(labels::PROJECT))),
        ("Publishers", publishers(container)),
        ("RunningFor", json!(format!("{} ago", ago::duration(options.now - container.created)))),
        ("Service", json!(label(labels::SERVICE))),
        ("Size", json!("0B")),
        ("State", json!(container.state.as_str())),
        ("Status", json!(container.status)),
    ])
}

fn publishers(container: &ObservedContainer) -> serde_json::Value {
    let mut all = container.ports.clone();
    all.sort_by(ports::order);
    all.iter()
        .map(|port| {
            json!({
                "URL": port.ip.as_deref().unwrap_or_default(),
                "TargetPort": port.private,
                "PublishedPort": port.public.unwrap_or(0),
                "Protocol": port.protocol,
            })
        })
        .collect()
}

fn for_template(container: &ObservedContainer, row: BTreeMap<&str, serde_json::Value>) -> Row {
    let by_key: HashMap<String, Value> =
        container.labels.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
    let fields = row.into_iter().map(|(name, value)| (name.to_owned(), of_json(&value)));
    fields.chain([(LABELS_BY_KEY.to_owned(), Value::Map(by_key))]).collect()
}

fn of_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(number) => number.as_i64().unwrap_or_default().into(),
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(of_json).collect()),
        serde_json::Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), of_json(value))).collect())
        }
    }
}

/// At most so many characters, the last one `…` when something is left out.
fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.map(|line| line + "\n").collect()
}
