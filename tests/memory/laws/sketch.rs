//! Random small projects, and their texts.

use std::collections::BTreeSet;
use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Names of services: a later one may wait for earlier ones.
pub const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A project, described so that most of its descriptions make sense; those that don't are put right
/// when it is written.
#[derive(Clone, PartialEq)]
pub struct Sketch {
    pub services: [Option<Service>; 4],
    /// Definitions of the networks `front` and `back`: each a driver option, and a name of its own.
    pub networks: [(u8, bool); 2],
    /// Definitions of the volumes `data` and `cache`, likewise.
    pub volumes: [(u8, bool); 2],
}

#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    pub scale: u8,
    pub kind: Kind,
    pub level: u8,
    pub network: Network,
    pub volumes: BTreeSet<u8>,
    pub anonymous: bool,
    pub config: Option<u8>,
    pub secret: bool,
    pub label: Option<u8>,
    pub port: bool,
    /// One of the names of its own that services hand each other.
    pub named: Option<u8>,
    pub hooks: bool,
    pub waits: Vec<Wait>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Runs.
    Plain,
    /// Runs another image, which must be pulled.
    Pulled,
    /// Runs, with a health check.
    Checked,
    /// Ends well.
    Job,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    Default,
    /// These of the two, with or without aliases and a static address.
    Some(BTreeSet<u8>, bool, bool),
    /// That of an earlier service.
    Shared(u8),
    None,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    pub on: u8,
    pub strict: bool,
    pub restart: bool,
    pub required: bool,
}

prop_compose! {
    fn wait()(on in 0u8..4, strict in any::<bool>(), restart in any::<bool>(), required in prop::bool::weighted(0.8)) -> Wait {
        Wait { on, strict, restart, required }
    }
}

fn network() -> impl Strategy<Value = Network> {
    let some = (prop::collection::btree_set(0u8..2, 1..=2), any::<bool>(), any::<bool>());
    prop_oneof![
        3 => Just(Network::Default),
        4 => some.prop_map(|(which, aliases, address)| Network::Some(which, aliases, address)),
        1 => (0u8..4).prop_map(Network::Shared),
        1 => Just(Network::None),
    ]
}

fn service() -> impl Strategy<Value = Service> {
    let kind = prop_oneof![
        3 => Just(Kind::Plain),
        1 => Just(Kind::Pulled),
        2 => Just(Kind::Checked),
        1 => Just(Kind::Job),
    ];
    let scale = prop_oneof![6 => Just(1u8), 2 => Just(2u8), 1 => Just(3u8), 1 => Just(0u8)];
    let shape = (scale, kind, 0u8..3, network(), vec(wait(), 0..3));
    let rarely = || prop::bool::weighted(0.2);
    let things = (
        prop::collection::btree_set(0u8..2, 0..=2),
        rarely(),
        option::weighted(0.2, 0u8..2),
        rarely(),
        option::weighted(0.2, 0u8..2),
        rarely(),
        option::weighted(0.25, 0u8..3),
        rarely(),
    );
    (shape, things).prop_map(|(shape, things)| {
        let (scale, kind, level, network, waits) = shape;
        let (volumes, anonymous, config, secret, label, port, named, hooks) = things;
        Service {
            scale,
            kind,
            level,
            network,
            volumes,
            anonymous,
            config,
            secret,
            label,
            port,
            named,
            hooks,
            waits,
        }
    })
}

fn definition() -> impl Strategy<Value = (u8, bool)> {
    (0u8..2, prop::bool::weighted(0.1))
}

/// A project.
pub fn project() -> impl Strategy<Value = Sketch> {
    let one = || option::weighted(0.75, service());
    let services = (option::weighted(0.98, service()), one(), one(), one());
    (services, [definition(), definition()], [definition(), definition()])
        .prop_map(|((a, b, c, d), networks, volumes)| Sketch { services: [a, b, c, d], networks, volumes })
}

/// One edit of a file.
#[derive(Clone, Debug)]
pub enum Edit {
    Service(u8, Option<Box<Service>>),
    Level(u8, u8),
    Scale(u8, u8),
    Network(u8, (u8, bool)),
    Volume(u8, (u8, bool)),
}

/// A few edits.
pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        2 => (0u8..4, option::weighted(0.8, service())).prop_map(|(at, s)| Edit::Service(at, s.map(Box::new))),
        3 => (0u8..4, 0u8..3).prop_map(|(at, level)| Edit::Level(at, level)),
        2 => (0u8..4, 0u8..4).prop_map(|(at, scale)| Edit::Scale(at, scale)),
        2 => (0u8..2, definition()).prop_map(|(at, to)| Edit::Network(at, to)),
        1 => (0u8..2, definition()).prop_map(|(at, to)| Edit::Volume(at, to)),
    ];
    vec(edit, 0..4)
}

impl Sketch {
    /// The project after some edits.
    pub fn edited(&self, edits: &[Edit]) -> Sketch {
        let mut after = self.clone();
        for edit in edits {
            match edit {
                Edit::Service(at, service) => after.services[usize::from(*at)] = service.as_deref().cloned(),
                Edit::Level(at, level) => {
                    if let Some(service) = &mut after.services[usize::from(*at)] {
                        service.level = *level;
                    }
                }
                Edit::Scale(at, scale) => {
                    if let Some(service) = &mut after.services[usize::from(*at)] {
                        service.scale = *scale;
                    }
                }
                Edit::Network(at, to) => after.networks[usize::from(*at)] = *to,
                Edit::Volume(at, to) => after.volumes[usize::from(*at)] = *to,
            }
        }
        if after.services.iter().all(Option::is_none) {
            after.services[0].clone_from(&self.services[0]);
        }
        after
    }

    /// Services whose containers end by themselves.
    pub fn jobs(&self) -> Vec<&'static str> {
        let named = NAMES.iter().zip(&self.services);
        named
            .filter(|(_, s)| s.as_ref().is_some_and(|s| s.kind == Kind::Job))
            .map(|(name, _)| *name)
            .collect()
    }

    /// The Compose file as a tree.
    pub fn tree(&self) -> Value {
        let mut services = Map::new();
        let mut networks = BTreeSet::new();
        let mut volumes = BTreeSet::new();
        for (at, service) in self.services.iter().enumerate() {
            let Some(service) = service else { continue };
            if let Network::Some(which, ..) = &service.network {
                networks.extend(which.iter().copied());
            }
            volumes.extend(service.volumes.iter().copied());
            services.insert(NAMES[at].to_owned(), self.service(at, service));
        }
        let mut tree = json!({ "name": "shop", "services": services });
        if !networks.is_empty() {
            tree["networks"] = networks.iter().map(|at| self.network(*at)).collect();
        }
        if !volumes.is_empty() {
            tree["volumes"] = volumes.iter().map(|at| self.volume(*at)).collect();
        }
        let with = |field: fn(&Service) -> bool| self.services.iter().flatten().any(field);
        if with(|s| s.config == Some(0)) {
            tree["configs"]["conf0"] = json!({ "content": "zero" });
        }
        if with(|s| s.config == Some(1)) {
            tree["configs"]["conf1"] = json!({ "file": "./token.txt" });
        }
        if with(|s| s.secret) {
            tree["secrets"]["token"] = json!({ "environment": "TOKEN" });
        }
        tree
    }

    /// The Compose file as text.
    pub fn text(&self) -> String {
        serde_yaml::to_string(&self.tree()).unwrap()
    }

    fn network(&self, at: u8) -> (String, Value) {
        let key = ["front", "back"][usize::from(at)];
        let (definition, named) = self.networks[usize::from(at)];
        let mut value = json!({});
        // Static addresses need a subnet.
        let addressed = |s: &Service| matches!(&s.network, Network::Some(on, _, true) if on.contains(&at));
        if self.services.iter().flatten().any(addressed) {
            value["ipam"] = json!({ "config": [{ "subnet": format!("10.9.{at}.0/24") }] });
        }
        if definition > 0 {
            value["driver_opts"] = json!({ "com.example.definition": definition.to_string() });
        }
        if named {
            value["name"] = json!(format!("own_{key}"));
        }
        (key.to_owned(), value)
    }

    fn volume(&self, at: u8) -> (String, Value) {
        let key = ["data", "cache"][usize::from(at)];
        let (definition, named) = self.volumes[usize::from(at)];
        let mut value = json!({ "driver_opts": { "com.example.definition": definition.to_string() } });
        if named {
            value["name"] = json!(format!("own_{key}"));
        }
        (key.to_owned(), value)
    }

    /// An earlier service with this number, if there is one.
    fn earlier(&self, at: usize, other: u8) -> Option<(&'static str, &Service)> {
        let other = usize::from(other);
        self.services[other].as_ref().filter(|_| other < at).map(|service| (NAMES[other], service))
    }

    fn service(&self, at: usize, service: &Service) -> Value {
        let mut value = json!({ "environment": { "LEVEL": service.level.to_string() } });
        value["image"] = json!(match service.kind {
            Kind::Plain | Kind::Checked => "app:1",
            Kind::Pulled => "app:2",
            Kind::Job => "job",
        });
        if service.kind == Kind::Checked {
            value["healthcheck"] = json!({ "test": ["CMD", "true"] });
        }
        // A container's own name and a static address belong to one container.
        let address = matches!(service.network, Network::Some(_, _, true));
        // The first that asks for a name has it.
        let earlier = self.services[..at].iter().flatten();
        let named = service.named.is_some() && earlier.into_iter().all(|other| other.named != service.named);
        let scale = if named || address { service.scale.min(1) } else { service.scale };
        if scale != 1 {
            value["scale"] = json!(scale);
        }
        if let Some(own) = service.named.filter(|_| named) {
            value["container_name"] = json!(format!("own-{own}"));
        }
        match &service.network {
            Network::Some(which, aliases, address) => {
                let of = |net: &u8| {
                    let mut endpoint = Map::new();
                    if *aliases {
                        endpoint.insert("aliases".to_owned(), json!([format!("{}.example", NAMES[at])]));
                    }
                    if *address {
                        endpoint.insert("ipv4_address".to_owned(), json!(format!("10.9.{net}.{}", 10 + at)));
                    }
                    (["front", "back"][usize::from(*net)].to_owned(), Value::Object(endpoint))
                };
                value["networks"] = which.iter().map(of).collect();
            }
            Network::Shared(other) => match self.earlier(at, *other) {
                // Whose network is shared must be running for good.
                Some((name, other)) if other.scale > 0 && other.kind != Kind::Job => {
                    value["network_mode"] = json!(format!("service:{name}"));
                }
                _ => {}
            },
            Network::None => value["network_mode"] = json!("none"),
            Network::Default => {}
        }
        let mut mounts: Vec<Value> = service
            .volumes
            .iter()
            .map(|volume| json!(format!("{0}:/{0}", ["data", "cache"][usize::from(*volume)])))
            .collect();
        if service.anonymous {
            mounts.push(json!("/scratch"));
        }
        if !mounts.is_empty() {
            value["volumes"] = json!(mounts);
        }
        if let Some(config) = service.config {
            value["configs"] = json!([{ "source": format!("conf{config}"), "target": "/etc/conf" }]);
        }
        if service.secret {
            value["secrets"] = json!(["token"]);
        }
        if let Some(label) = service.label {
            value["labels"] = json!({ "com.example.label": label.to_string() });
        }
        if service.port && value.get("network_mode").is_none() {
            value["ports"] = json!([format!("{}-{}:80", 8000 + 10 * at, 8009 + 10 * at)]);
        }
        if service.hooks && service.kind != Kind::Job {
            value["post_start"] = json!([{ "command": ["true"] }]);
            value["pre_stop"] = json!([{ "command": ["true"] }]);
        }
        for wait in &service.waits {
            let Some((name, other)) = self.earlier(at, wait.on) else { continue };
            let condition = match other.kind {
                Kind::Checked if wait.strict => "service_healthy",
                Kind::Job if wait.strict => "service_completed_successfully",
                _ => "service_started",
            };
            value["depends_on"][name] =
                json!({ "condition": condition, "restart": wait.restart, "required": wait.required });
        }
        value
    }
}

/// A failing case is shown as its Compose file.
impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.text())
    }
}
