//! Random small projects, and edits of them.

use std::fmt::Write as _;

use crate::dice::Dice;

/// Names of services; a later one may refer to earlier ones.
pub const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A project as it is written down.
#[derive(Clone, PartialEq)]
pub struct Project {
    services: [Option<Service>; 4],
    /// A label and a name of its own of the networks `n1` and `n2`.
    networks: [(usize, usize); 2],
    /// The label of the volume `v1`.
    volume: usize,
}

#[derive(Clone, PartialEq)]
struct Service {
    networks: Networks,
    depends: Vec<Dependency>,
    level: usize,
    label: usize,
    healthy: bool,
    job: bool,
    profile: bool,
    mounts: Mounts,
    replicas: Option<usize>,
    restart: bool,
}

#[derive(Clone, PartialEq)]
enum Networks {
    Default,
    First,
    FirstAndDefault,
    Both { alias: bool },
    OfService(usize),
    None,
    Bridge,
}

#[derive(Clone, PartialEq)]
enum Mounts {
    None,
    Named,
    Anonymous,
    FromService(usize),
}

#[derive(Clone, PartialEq)]
struct Dependency {
    on: usize,
    /// Waits for what the other service can become: healthy, completed or started.
    strict: bool,
    required: bool,
    restart: bool,
}

impl Service {
    fn random(dice: &mut Dice, at: usize) -> Service {
        let networks = match dice.below(14) {
            0..5 => Networks::Default,
            5..7 => Networks::First,
            7..9 => Networks::FirstAndDefault,
            9 => Networks::Both { alias: dice.one_in(2) },
            10 | 11 if at > 0 => Networks::OfService(dice.below(at)),
            12 => Networks::None,
            13 => Networks::Bridge,
            _ => Networks::Default,
        };
        let mounts = match dice.below(10) {
            0 | 1 => Mounts::Named,
            2 => Mounts::Anonymous,
            3 if at > 0 => Mounts::FromService(dice.below(at)),
            _ => Mounts::None,
        };
        let mut depends = Vec::new();
        let most = dice.below(3);
        for on in dice.some((0..at).collect(), most) {
            depends.push(Dependency {
                on,
                strict: dice.one_in(2),
                required: !dice.one_in(4),
                restart: dice.one_in(3),
            });
        }
        Service {
            networks,
            depends,
            level: dice.below(2),
            label: 0,
            healthy: dice.one_in(5),
            job: dice.one_in(8),
            profile: dice.one_in(8),
            mounts,
            replicas: dice.one_in(6).then(|| dice.below(3)),
            restart: dice.one_in(6),
        }
    }
}

impl Project {
    /// A project of two to four services.
    pub fn random(dice: &mut Dice) -> Project {
        let mut services = [None, None, None, None];
        let count = 2 + dice.below(3);
        for (at, service) in services.iter_mut().enumerate().take(count) {
            *service = Some(Service::random(dice, at));
        }
        Project { services, networks: [(0, 0); 2], volume: 0 }
    }

    /// Names of the services there are.
    pub fn names(&self) -> Vec<&'static str> {
        NAMES
            .iter()
            .zip(&self.services)
            .filter(|(_, service)| service.is_some())
            .map(|(name, _)| *name)
            .collect()
    }

    /// Changes one thing or two.
    pub fn edit(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.below(2) {
            let at = dice.below(NAMES.len());
            match dice.below(12) {
                0 => self.networks[dice.below(2)].0 += 1,
                1 => {
                    let network = &mut self.networks[dice.below(2)];
                    network.1 = (network.1 + 1) % 2;
                }
                2 if !dice.one_in(3) => self.services[at] = Some(Service::random(dice, at)),
                3 if self.names().len() > 1 => self.services[at] = None,
                kind => {
                    let Some(service) = &mut self.services[at] else { continue };
                    match kind {
                        4 | 5 => service.level += 1,
                        6 => service.label += 1,
                        7 => service.networks = Service::random(dice, at).networks,
                        8 => service.mounts = Service::random(dice, at).mounts,
                        9 => service.replicas = Some(dice.below(3)),
                        10 => service.depends = Service::random(dice, at).depends,
                        _ => service.healthy = !service.healthy,
                    }
                }
            }
        }
    }

    fn refers(&self, at: usize) -> bool {
        self.services[at].as_ref().is_some_and(|service| !service.profile)
    }

    /// The Compose file.
    pub fn text(&self) -> String {
        let mut text = String::from("services:\n");
        for (name, service) in NAMES.iter().zip(&self.services) {
            if let Some(service) = service {
                self.write(&mut text, name, service);
            }
        }
        text.push_str("networks:\n");
        for (key, (label, name)) in ["n1", "n2"].iter().zip(self.networks) {
            let name = if name == 0 {
                String::new()
            } else {
                format!(", name: \"${{COMPOSE_PROJECT_NAME}}_{key}_x\"")
            };
            let _ = writeln!(text, "  {key}: {{labels: {{l: \"{label}\"}}{name}}}");
        }
        let _ = writeln!(text, "volumes:\n  v1: {{labels: {{l: \"{}\"}}}}", self.volume);
        text
    }

    fn write(&self, text: &mut String, name: &str, service: &Service) {
        let command = if service.job { "\"true\"" } else { "sleep 1000" };
        let _ =
            writeln!(text, "  {name}:\n    image: busybox\n    command: {command}\n    stop_signal: SIGKILL");
        let _ = writeln!(
            text,
            "    environment: {{LEVEL: \"{}\"}}\n    labels: {{l: \"{}\"}}",
            service.level, service.label
        );
        if service.healthy {
            text.push_str("    healthcheck: {test: [CMD, \"true\"], interval: 1s, retries: 9}\n");
        }
        if service.profile {
            text.push_str("    profiles: [p]\n");
        }
        if service.restart && !service.job {
            text.push_str("    restart: always\n");
        }
        let mut replicas = service.replicas;
        match &service.networks {
            Networks::Default => {}
            Networks::First => text.push_str("    networks: [n1]\n"),
            Networks::FirstAndDefault => text.push_str("    networks: [n1, default]\n"),
            Networks::Both { alias: false } => text.push_str("    networks: [n1, n2]\n"),
            Networks::Both { alias: true } => text.push_str("    networks: {n1: {aliases: [other]}, n2: }\n"),
            Networks::OfService(at) if self.refers(*at) => {
                let _ = writeln!(text, "    network_mode: \"service:{}\"", NAMES[*at]);
            }
            Networks::OfService(_) => {}
            Networks::None => text.push_str("    network_mode: none\n"),
            Networks::Bridge => text.push_str("    network_mode: bridge\n"),
        }
        match &service.mounts {
            Mounts::None => {}
            Mounts::Named => text.push_str("    volumes: [\"v1:/data\"]\n"),
            Mounts::Anonymous => text.push_str("    volumes: [/data]\n"),
            Mounts::FromService(at) if self.refers(*at) => {
                let _ = writeln!(text, "    volumes_from: [{}]", NAMES[*at]);
            }
            Mounts::FromService(_) => {}
        }
        // With no container there is nothing to share.
        let at = NAMES.iter().position(|other| *other == name);
        let lends = self.services.iter().flatten().any(|other| {
            matches!((&other.networks, at), (Networks::OfService(on), Some(at)) if *on == at)
                || matches!((&other.mounts, at), (Mounts::FromService(on), Some(at)) if *on == at)
        });
        if lends && replicas == Some(0) {
            replicas = None;
        }
        if let Some(replicas) = replicas {
            let _ = writeln!(text, "    deploy: {{replicas: {replicas}}}");
        }
        let depends: Vec<&Dependency> = service.depends.iter().filter(|one| self.refers(one.on)).collect();
        if !depends.is_empty() {
            text.push_str("    depends_on:\n");
        }
        for one in depends {
            let other = self.services[one.on].as_ref();
            let condition = match other {
                Some(other) if one.strict && other.job => "service_completed_successfully",
                Some(other) if one.strict && other.healthy => "service_healthy",
                _ => "service_started",
            };
            let (required, restart) = (one.required, one.restart);
            let _ = writeln!(
                text,
                "      {}: {{condition: {condition}, required: {required}, restart: {restart}}}",
                NAMES[one.on]
            );
        }
    }

    /// Names the networks have on the engine, with `P` for the project.
    pub fn network_names(&self) -> Vec<String> {
        let own = |(key, (_, name)): (&str, (usize, usize))| match name {
            0 => format!("P_{key}"),
            _ => format!("P_{key}_x"),
        };
        ["n1", "n2"].into_iter().zip(self.networks).map(own).chain(["P_default".to_owned()]).collect()
    }

    /// Lines that were not there before, and lines that are gone.
    pub fn changes(&self, before: &Project) -> String {
        let (old, new) = (before.text(), self.text());
        let marked = |mark: char, of: &str, other: &str| -> Vec<String> {
            let service_of = |text: &str| {
                let mut section = String::new();
                text.lines()
                    .map(|line| {
                        if line.starts_with("  ") && !line.starts_with("   ") {
                            section = line.trim().to_owned();
                        }
                        format!("{section} {}", line.trim())
                    })
                    .collect::<Vec<_>>()
            };
            let known = service_of(other);
            service_of(of)
                .into_iter()
                .filter(|line| !known.contains(line))
                .map(|line| format!("  {mark} {line}"))
                .collect()
        };
        [marked('-', &old, &new), marked('+', &new, &old)].concat().join("\n")
    }
}
