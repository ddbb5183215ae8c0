//! What `ps` prints: containers as a table, as JSON lines, or through a template.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use super::format::FormatError;
use super::template::LABEL_MAP;
use super::{age, clean, format, ports};
use crate::base::quote::go_quote;
use crate::state::{ContainerState, Health, ObservedContainer, ObservedPort};

/// How the list looks.
pub struct PsOptions {
    /// `table`, `json`, `raw`, or a template.
    pub format: String,
    /// Only ids.
    pub quiet: bool,
    /// Only the names of services.
    pub services: bool,
    /// Whole ids, commands and names of mounts.
    pub no_trunc: bool,
    /// Seconds since 1970.
    pub now: i64,
}

const SERVICE: &str = "com.docker.compose.service";
const PROJECT: &str = "com.docker.compose.project";
/// Only read: whoever runs several engines may tell by it which one a container is on.
const ENGINE: &str = "com.docker.compose.engine";

const TABLE: &str =
    "{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}";
const RAW: &str = "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\n\
    state: {{.State}}\nstatus: {{.Status}}\nnames: {{.Names}}\nlabels: {{.Labels}}\nports: {{.Ports}}\n";

/// The list, one container after the other as they are given.
pub fn render(containers: &[ObservedContainer], options: &PsOptions) -> Result<String, FormatError> {
    if options.quiet {
        return Ok(containers.iter().map(|container| format!("{}\n", container.id)).collect());
    }
    if options.services {
        let mut seen = BTreeSet::new();
        let names = containers.iter().map(|container| container.label(SERVICE).unwrap_or_default());
        let names: Vec<Cow<'_, str>> = names.filter(|name| seen.insert(*name)).map(clean::line).collect();
        // Without a service the reference prints an empty line.
        return Ok(names.join("\n") + "\n");
    }
    let mut rows: Vec<Json> = containers.iter().map(|container| row(container, options)).collect();
    if options.format != "json" {
        for (row, container) in rows.iter_mut().zip(containers) {
            row[LABEL_MAP] = json!(container.labels);
        }
    }
    let engines = containers.iter().any(|container| container.label(ENGINE).is_some());
    let table = if engines { format!("{TABLE}\t{{{{.Engine}}}}") } else { TABLE.to_owned() };
    let format = match options.format.as_str() {
        format if format.trim().is_empty() => "table",
        "raw" => RAW,
        format => format,
    };
    format::render(&rows, &headings(), format, &table)
}

fn headings() -> Json {
    json!({
        "Command": "COMMAND", "CreatedAt": "CREATED AT", "Engine": "ENGINE", "ExitCode": "EXIT CODE",
        "Health": "HEALTH", "ID": "CONTAINER ID", "Image": "IMAGE", "Labels": "LABELS",
        "LocalVolumes": "LOCAL VOLUMES", "Mounts": "MOUNTS", "Name": "NAME", "Names": "NAMES",
        "Networks": "NETWORKS", "Ports": "PORTS", "Project": "PROJECT", "Publishers": "PUBLISHERS",
        "RunningFor": "CREATED", "Service": "SERVICE", "Size": "SIZE", "State": "STATE", "Status": "STATUS",
    })
}

/// The fields of one container, by name. All are texts but the exit code and the publishers.
fn row(container: &ObservedContainer, options: &PsOptions) -> Json {
    let short = |text: &str, width: usize| if options.no_trunc { text.to_owned() } else { cut(text, width) };
    let labels: Vec<String> = container.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut mounts: Vec<String> = container
        .mounts
        .iter()
        .map(|mount| short(mount.name.as_deref().unwrap_or(&mount.source), 15))
        .collect();
    mounts.sort();
    let local = container.mounts.iter().filter(|mount| mount.driver == "local").count();
    let networks: Vec<&str> = container.networks.iter().map(|network| network.network.as_str()).collect();
    let ended = matches!(container.state, ContainerState::Exited | ContainerState::Dead);
    let health = match container.health.filter(|_| container.state == ContainerState::Running) {
        None => "",
        Some(Health::Starting) => "starting",
        Some(Health::Healthy) => "healthy",
        Some(Health::Unhealthy) => "unhealthy",
    };
    let id = container.id.as_str();
    json!({
        "Command": go_quote(&short(&container.command, 20)),
        "CreatedAt": moment(container.created),
        "Engine": container.label(ENGINE).unwrap_or_default(),
        "ExitCode": container.exit_code.filter(|_| ended).unwrap_or(0),
        "Health": health,
        "ID": if options.no_trunc { id } else { id.get(..12).unwrap_or(id) },
        "Image": container.image,
        "Labels": labels.join(","),
        "LocalVolumes": local.to_string(),
        "Mounts": mounts.join(","),
        "Name": container.name,
        "Names": container.name,
        "Networks": networks.join(","),
        "Ports": ports::words(&container.ports),
        "Project": container.label(PROJECT).unwrap_or_default(),
        "Publishers": publishers(&container.ports),
        "RunningFor": format!("{} ago", age::words(options.now - container.created)),
        "Service": container.label(SERVICE).unwrap_or_default(),
        "Size": "0B",
        "State": container.state.as_str(),
        "Status": container.status,
    })
}

/// By the port inside; else in the engine's order.
fn publishers(ports: &[ObservedPort]) -> Json {
    let mut sorted: Vec<&ObservedPort> = ports.iter().collect();
    sorted.sort_by_key(|port| port.private);
    let one = |port: &ObservedPort| {
        json!({
            "URL": port.ip.as_deref().unwrap_or_default(),
            "TargetPort": port.private,
            "PublishedPort": port.public.unwrap_or(0),
            "Protocol": port.protocol,
        })
    };
    Json::Array(sorted.into_iter().map(one).collect())
}

/// At most so many characters, the last one an ellipsis when some are missing.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// In the local time zone, as Go prints a time.
fn moment(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::system());
    time.strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ContainerId, ImageId};
    use crate::state::ObservedMount;

    fn container(name: &str, service: &str) -> ObservedContainer {
        ObservedContainer {
            id: ContainerId::from(format!("{name:0<64}")),
            name: name.to_owned(),
            image: "busybox".into(),
            image_id: ImageId::from(String::new()),
            state: ContainerState::Running,
            status: "Up 2 seconds (healthy)".into(),
            exit_code: None,
            health: Some(Health::Healthy),
            command: "sh -c 'while true; do sleep 1; done'".into(),
            created: 1_764_000_000,
            labels: [(SERVICE.to_owned(), service.to_owned())].into(),
            networks: Vec::new(),
            network_mode: String::new(),
            lender: None,
            mounts: vec![ObservedMount {
                kind: "bind".into(),
                name: None,
                driver: String::new(),
                source: "/srv/somewhere/deep".into(),
                destination: "/h".into(),
                read_write: true,
            }],
            ports: Vec::new(),
        }
    }

    fn shown(containers: &[ObservedContainer], set: impl Fn(&mut PsOptions)) -> String {
        let mut options = PsOptions {
            format: "table".into(),
            quiet: false,
            services: false,
            no_trunc: false,
            now: 1_764_000_004,
        };
        set(&mut options);
        render(containers, &options).expect("text")
    }

    #[test]
    fn the_table() {
        assert_eq!(
            shown(&[container("p-web-1", "web")], |_| ()),
            "NAME      IMAGE     COMMAND                  SERVICE   CREATED         STATUS                   PORTS\n\
             p-web-1   busybox   \"sh -c 'while true; …\"   web       4 seconds ago   Up 2 seconds (healthy)   \n"
        );
        let nothing = "NAME      IMAGE     COMMAND   SERVICE   CREATED   STATUS    PORTS\n";
        assert_eq!(shown(&[], |_| ()), nothing);
        let mut elsewhere = container("p-web-1", "web");
        elsewhere.labels.insert(ENGINE.into(), "podman".into());
        assert!(
            shown(&[elsewhere], |_| ())
                .lines()
                .all(|line| line.ends_with("ENGINE") || line.ends_with("podman"))
        );
    }

    #[test]
    fn hostile_labels_and_names_are_clean() {
        let mut forged = container(clean::HOSTILE, clean::HOSTILE);
        forged.command = clean::HOSTILE.into();
        forged.image = clean::HOSTILE.into();
        forged.status = clean::HOSTILE.into();
        forged.labels.insert(clean::HOSTILE.into(), clean::HOSTILE.into());
        for format in ["table", "json", "raw", "{{.Names}} {{.Labels}} {{.Label \"x\"}}"] {
            let text = shown(&[forged.clone()], |options| options.format = format.into());
            assert!(clean::is_clean(&text), "{format}: {text:?}");
        }
        assert!(clean::is_clean(&shown(&[forged], |options| options.services = true)));
    }

    #[test]
    fn lists_for_programs() {
        let two = [container("p-a-1", "a"), container("p-a-2", "a"), container("p-b-1", "b")];
        assert_eq!(shown(&two, |o| o.services = true), "a\nb\n");
        assert_eq!(shown(&[], |o| o.services = true), "\n");
        assert_eq!(shown(&two[..1], |o| o.quiet = true), format!("{:0<64}\n", "p-a-1"));
        assert_eq!(shown(&[], |o| o.quiet = true), "");
        assert_eq!(
            shown(&two[..1], |o| o.format = "{{.Label \"com.docker.compose.service\"}}".into()),
            "a\n"
        );
        let mut published = container("p-a-1", "a");
        let port = |ip: Option<&str>, private, public| ObservedPort {
            ip: ip.map(str::to_owned),
            private,
            public,
            protocol: "tcp".into(),
        };
        published.ports = vec![port(Some("::"), 81, Some(8081)), port(None, 90, None)];
        let all = "[81/tcp -> [::]:8081 90/tcp -> :0]";
        let one = "81/tcp -> [::]:8081";
        for (template, text) in [
            ("{{.Publishers}}", all.to_owned()),
            ("{{- .Publishers -}}", all.to_owned()),
            ("{{index .Publishers 0}}", one.to_owned()),
            ("{{range .Publishers}}<{{.}}>{{end}}", format!("<{one}><90/tcp -> :0>")),
            ("{{range .Publishers}}{{.TargetPort}} {{end}}", "81 90 ".to_owned()),
        ] {
            let shown = shown(std::slice::from_ref(&published), |o| o.format = template.into());
            assert_eq!(shown, text + "\n", "{template}");
        }
        assert_eq!(shown(&two, |o| o.format = String::new()), shown(&two, |_| ()));
        let line = shown(&two[..1], |o| o.format = "json".into());
        let row: Json = serde_json::from_str(&line).expect("JSON");
        assert_eq!(
            (&row["ID"], &row["ExitCode"], &row["Mounts"]),
            (&json!("p-a-10000000"), &json!(0), &json!("/srv/somewhere…"))
        );
        let keys: Vec<&String> = row.as_object().expect("an object").keys().collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }
}
