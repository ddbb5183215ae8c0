//! One program's project on the engine, and what it looks like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::step::ByHand;
use crate::commands::bench::{Bench, Going, Ran};

/// Begins a fact about the aliases of a container.
const ALIASES: &str = "aliases";

/// Whose project it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Ours,
    Theirs,
}

/// A project of one of the two programs.
pub struct World {
    side: Side,
    bench: Bench,
    reference: Option<PathBuf>,
    /// Ids and starts of containers at the last look, by name.
    before: BTreeMap<String, (String, String)>,
}

/// What our plan said.
pub struct Planned {
    /// It exits with 0.
    pub says_nothing_to_do: bool,
}

/// What a project looks like: one line for each fact, without the project's name.
pub struct Look {
    facts: BTreeSet<String>,
    /// Whether any container came, went, or was started since the last look.
    pub changed: bool,
}

impl Look {
    /// What ours has and the reference's has not, and the other way round. `networks` are the names the file
    /// gives now.
    pub fn difference(&self, reference: &Look, networks: &[String]) -> Option<String> {
        // The reference leaves networks under names that the file no longer gives: docs/differences.md.
        let left = |fact: &str| {
            let name = fact.strip_prefix("network ").and_then(|rest| rest.split(' ').next());
            name.is_some_and(|name| !networks.iter().any(|known| known == name))
        };
        // The reference connects containers to a changed network without their aliases: docs/differences.md.
        let lost = |fact: &str| fact.contains(ALIASES) && fact.ends_with(": ");
        let without = |fact: &str| fact.rsplit_once(": ").map(|(before, _)| format!("{before}: "));
        let forgiven = |fact: &String| {
            (left(fact) && !self.facts.contains(fact))
                || lost(fact)
                || without(fact).is_some_and(|lost| reference.facts.contains(&lost))
        };
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> String {
            one.difference(other).filter(|fact| !forgiven(fact)).map(|fact| format!("\n    {fact}")).collect()
        };
        let (ours, theirs) = (only(&self.facts, &reference.facts), only(&reference.facts, &self.facts));
        (!ours.is_empty() || !theirs.is_empty()).then(|| format!("ours:{ours}\n  reference:{theirs}"))
    }
}

impl World {
    /// An empty project.
    pub fn new(side: Side, address: &str, project: &str, reference: Option<PathBuf>) -> World {
        World { side, bench: Bench::new(address, project), reference, before: BTreeMap::new() }
    }

    /// Runs a command to its end.
    pub fn run(&self, file: &str, arguments: &str) -> Ran {
        self.bench.compose(file);
        match &self.reference {
            None => self.bench.run(arguments),
            Some(program) => {
                let mut command = Command::new(program);
                command
                    .args(arguments.split(' '))
                    .env_clear()
                    .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                    .env("HOME", self.bench.directory())
                    .env("DOCKER_HOST", &self.bench.engine)
                    .env("COMPOSE_PROJECT_NAME", &self.bench.project)
                    .current_dir(self.bench.directory())
                    .stdin(std::process::Stdio::null());
                Going::new(command).ends()
            }
        }
    }

    /// What our plan says of an `up`; `None` for other commands.
    pub fn plan(&self, file: &str, arguments: &str) -> Option<Planned> {
        let rest = arguments.strip_prefix("up -d")?;
        self.bench.compose(file);
        let ran = self.bench.run(format!("plan{rest}").trim_end());
        (ran.code == 0 || ran.code == 2).then_some(Planned { says_nothing_to_do: ran.code == 0 })
    }

    /// Does something without either program; the engine's status.
    pub fn by_hand(&self, action: &ByHand) -> String {
        let container = |name: &str| self.bench.name(name);
        let network = |key: &str| format!("{}_{key}", self.bench.project);
        match action {
            ByHand::Stop(name) => {
                self.bench.status("POST", &format!("/containers/{}/stop?t=0", container(name)), "")
            }
            ByHand::Start(name) => {
                self.bench.status("POST", &format!("/containers/{}/start", container(name)), "")
            }
            ByHand::Remove(name) => {
                self.bench.status("DELETE", &format!("/containers/{}?force=1", container(name)), "")
            }
            ByHand::RemoveNetwork(key) => {
                self.bench.status("DELETE", &format!("/networks/{}", network(key)), "")
            }
            ByHand::Disconnect { container: name, network: key } => {
                let body = format!("{{\"Container\":\"{}\",\"Force\":false}}", container(name));
                self.bench.status("POST", &format!("/networks/{}/disconnect", network(key)), &body)
            }
        }
    }

    /// Everything of the project that both programs decide.
    pub fn look(&mut self) -> Look {
        self.bench.until("the end of every job", || !self.a_job_runs());
        let mut facts = BTreeSet::new();
        let mut now = BTreeMap::new();
        let names = self.bench.ids();
        let name_of: BTreeMap<String, String> = names.clone();
        for (id, name) in &names {
            let found = self.bench.get(&format!("/containers/{id}/json"));
            if found.is_null() {
                continue;
            }
            let started = found["State"]["StartedAt"].as_str().unwrap_or_default().to_owned();
            let kept = match self.before.get(name) {
                None => "new",
                Some((old, _)) if old != id => "replaced",
                Some((_, old)) if *old != started => "kept, started",
                Some(_) => "kept",
            };
            let running = found["State"]["Status"].as_str().unwrap_or_default();
            facts.insert(format!("container {name}: {kept}, {running}"));
            for fact in settings(&found, &self.bench.project, &name_of) {
                facts.insert(format!("container {name}: {fact}"));
            }
            now.insert(name.clone(), (id.clone(), started));
        }
        let filter =
            format!("%7B%22label%22%3A%5B%22com.docker.compose.project%3D{}%22%5D%7D", self.bench.project);
        for network in self.bench.get(&format!("/networks?filters={filter}")).as_array().unwrap() {
            facts.insert(self.own(&format!(
                "network {} {}",
                text(&network["Name"]),
                text(&network["Labels"]["l"])
            )));
        }
        for volume in
            self.bench.get(&format!("/volumes?filters={filter}"))["Volumes"].as_array().into_iter().flatten()
        {
            let name = text(&volume["Name"]);
            if name.len() < 64 {
                facts.insert(self.own(&format!("volume {name} {}", text(&volume["Labels"]["l"]))));
            }
        }
        let changed = now != self.before;
        self.before = now;
        debug_assert!(matches!(self.side, Side::Ours) == self.reference.is_none());
        Look { facts, changed }
    }

    /// Whether a container runs that is about to end by itself.
    fn a_job_runs(&self) -> bool {
        self.bench.ids().keys().any(|id| {
            let found = self.bench.get(&format!("/containers/{id}/json"));
            text(&found["Path"]) == "true" && found["State"]["Running"] == true
        })
    }

    fn own(&self, text: &str) -> String {
        text.replace(&self.bench.project, "P")
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Facts of one container that both programs decide.
fn settings(found: &Value, project: &str, names: &BTreeMap<String, String>) -> Vec<String> {
    let own = |text: &str| {
        let mut text = text.replace(project, "P");
        for (id, name) in names {
            text = text.replace(id, name);
        }
        text
    };
    let mut facts = Vec::new();
    let labels = &found["Config"]["Labels"];
    for label in ["config-hash", "container-number", "service", "oneoff"] {
        let value = text(&labels[format!("com.docker.compose.{label}")]);
        // The hash names containers it shares with by their ids.
        let shares = text(&found["HostConfig"]["NetworkMode"]).starts_with("container:")
            || !found["HostConfig"]["VolumesFrom"].is_null();
        if label != "config-hash" || !shares {
            facts.push(format!("{label}={}", own(value)));
        }
    }
    let mut depends: Vec<&str> = text(&labels["com.docker.compose.depends_on"]).split(',').collect();
    depends.sort_unstable();
    facts.push(format!("depends_on={}", depends.join(",")));
    facts.push(format!("network mode={}", own(text(&found["HostConfig"]["NetworkMode"]))));
    facts.push(format!("environment={}", found["Config"]["Env"]));
    for mount in found["Mounts"].as_array().into_iter().flatten() {
        let name = text(&mount["Name"]);
        let name = if name.len() == 64 { "anonymous".to_owned() } else { own(name) };
        facts.push(format!("mount {} {name}", text(&mount["Destination"])));
    }
    for (name, endpoint) in found["NetworkSettings"]["Networks"].as_object().into_iter().flatten() {
        let short_id = &text(&found["Id"])[..12];
        let aliases = endpoint["Aliases"].as_array().into_iter().flatten().map(text);
        let mut aliases: Vec<String> = aliases.filter(|alias| *alias != short_id).map(own).collect();
        aliases.sort();
        facts.push(format!("network {}", own(name)));
        facts.push(format!("{ALIASES} on {}: {}", own(name), aliases.join(" ")));
    }
    facts
}
