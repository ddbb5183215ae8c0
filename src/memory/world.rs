//! The state of the model, and time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Behaviour, Fault, RecordedCall, name};
use crate::base::{ContainerId, ImageId, NetworkId};
use crate::engine::{EngineError, EngineEvent, EventKind, HealthLog};
use crate::event;
use crate::spec::{ContainerSpec, EndpointSpec, NetworkSpec};
use crate::state::{ApiVersion, ContainerState, Health, Labels, ObservedImage, ObservedPort};

/// The model's clock begins here, in seconds since 1970: with 2024.
pub(super) const EPOCH: i64 = 1_704_067_200;
/// A restart policy waits so long at first, and twice as long each time.
const BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(super) struct World {
    pub(super) api: ApiVersion,
    /// Health checks run only when they are asked for, and lists don't show health.
    pub(super) checks_on_request: bool,
    pub(super) containers: BTreeMap<ContainerId, Container>,
    pub(super) networks: BTreeMap<NetworkId, Network>,
    pub(super) volumes: BTreeMap<String, Volume>,
    pub(super) images: BTreeMap<String, ObservedImage>,
    pub(super) registry: BTreeSet<String>,
    pub(super) behaviours: Vec<(String, Behaviour)>,
    pub(super) faults: Vec<Fault>,
    pub(super) calls: Vec<RecordedCall>,
    /// Everything that happened; listeners remember how far they read.
    pub(super) events: Vec<EngineEvent>,
    pub(super) changes: usize,
    made: u64,
    began: Instant,
}

#[derive(Clone)]
pub(super) struct Container {
    pub(super) id: ContainerId,
    pub(super) name: String,
    pub(super) spec: ContainerSpec,
    pub(super) image_id: ImageId,
    pub(super) state: ContainerState,
    pub(super) exit_code: i64,
    pub(super) error: String,
    pub(super) created: i64,
    /// Seconds and nanoseconds of the model's clock.
    pub(super) started: Option<Duration>,
    pub(super) restarts: i64,
    pub(super) health: Option<Health>,
    /// The checks that decided its health, oldest first.
    pub(super) checks: Vec<HealthLog>,
    pub(super) endpoints: Vec<EndpointSpec>,
    /// The ids of the endpoints' networks, while it runs.
    pub(super) joined: BTreeMap<String, NetworkId>,
    pub(super) mounts: Vec<MountedVolume>,
    pub(super) ports: Vec<ObservedPort>,
    pub(super) log: Vec<LogEntry>,
    pub(super) uploads: Vec<Bytes>,
    /// What will happen to it, and when.
    pub(super) due: Vec<(Instant, Due)>,
    /// How many times it was started: a follower knows when its run is over.
    pub(super) runs: u64,
}

#[derive(Clone)]
pub(super) struct MountedVolume {
    pub(super) volume: String,
    pub(super) target: String,
    pub(super) read_only: bool,
    pub(super) anonymous: bool,
}

#[derive(Clone)]
pub(super) struct LogEntry {
    pub(super) at: Duration,
    pub(super) stream: event::Stream,
    pub(super) bytes: Bytes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    Exit(i64),
    Health(Health),
    Restart,
}

#[derive(Clone)]
pub(super) struct Network {
    pub(super) id: NetworkId,
    pub(super) name: String,
    pub(super) driver: String,
    pub(super) labels: Labels,
    /// Subnets asked for, in CIDR form.
    pub(super) subnets: Vec<String>,
    /// What it was made from; none if it was there from the beginning.
    pub(super) spec: Option<NetworkSpec>,
}

#[derive(Clone)]
pub(super) struct Volume {
    pub(super) driver: String,
    pub(super) labels: Labels,
    pub(super) anonymous: bool,
}

pub(super) enum Trouble {
    None,
    /// It takes effect, and this is the answer.
    Lost(EngineError),
    Error(EngineError),
    Block,
}

impl World {
    pub(super) fn new(api: ApiVersion) -> World {
        let mut world = World {
            api,
            checks_on_request: false,
            containers: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            images: BTreeMap::new(),
            registry: BTreeSet::new(),
            behaviours: Vec::new(),
            faults: Vec::new(),
            calls: Vec::new(),
            events: Vec::new(),
            changes: 0,
            made: 0,
            began: Instant::now(),
        };
        for (name, driver) in [("bridge", "bridge"), ("host", "host"), ("none", "null")] {
            let id = NetworkId::from(world.new_id('a'));
            world.networks.insert(
                id.clone(),
                Network {
                    id,
                    name: name.to_owned(),
                    driver: driver.to_owned(),
                    labels: Labels::new(),
                    subnets: Vec::new(),
                    spec: None,
                },
            );
        }
        world
    }

    /// 64 characters of which the first twelve already differ, in the order of making.
    pub(super) fn new_id(&mut self, kind: char) -> String {
        self.made += 1;
        format!("{kind}{:011x}{:052x}", self.made, self.made)
    }

    /// The model's clock.
    pub(super) fn clock(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    pub(super) fn seconds(&self, now: Instant) -> i64 {
        EPOCH.saturating_add(i64::try_from(self.clock(now).as_secs()).unwrap_or(i64::MAX))
    }

    pub(super) fn admit(&mut self, operation: &'static str, subject: &str, change: bool) -> Trouble {
        if change {
            self.changes += 1;
        }
        self.calls.push(RecordedCall { operation, subject: subject.to_owned(), change });
        let count = self.changes;
        for fault in &self.faults {
            match fault {
                Fault::Fail(nth, error) if change && *nth == count => return Trouble::Error(error.clone()),
                Fault::Lose(nth, error) if change && *nth == count => return Trouble::Lost(error.clone()),
                Fault::GoneAfter(nth) if count > *nth || (count == *nth && !change) => {
                    return Trouble::Error(EngineError::Unreachable {
                        endpoint: "memory".to_owned(),
                        cause: "the engine is gone".to_owned(),
                    });
                }
                Fault::BlockAfter(nth) if count > *nth || (count == *nth && !change) => {
                    return Trouble::Block;
                }
                _ => {}
            }
        }
        Trouble::None
    }

    pub(super) fn add_image(&mut self, reference: &str) {
        let key = name::image(reference);
        // The id follows from the name: the same image on every engine.
        let sum = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let id = format!("sha256:{sum:016x}{sum:048x}");
        self.images.insert(
            key,
            ObservedImage {
                id: ImageId::from(id.as_str()),
                identity: id,
                volumes: Vec::new(),
                environment: vec!["PATH=/bin".to_owned()],
                command: Some(vec!["sh".to_owned()]),
                entrypoint: None,
                labels: Labels::new(),
                last_tagged: Some(EPOCH),
            },
        );
    }

    pub(super) fn remove_image(&mut self, reference: &str) -> Result<(), EngineError> {
        let image = self.image(reference)?.clone();
        let subject = format!("image {reference}");
        let last = self.images.values().filter(|other| other.id == image.id).count() == 1;
        if last && self.containers.values().any(|container| container.image_id == image.id) {
            let message =
                format!("conflict: unable to remove repository reference \"{reference}\" (must force)");
            return Err(EngineError::Conflict { subject, message });
        }
        self.images.remove(&name::image(reference));
        Ok(())
    }

    pub(super) fn image(&self, reference: &str) -> Result<&ObservedImage, EngineError> {
        self.images
            .get(&name::image(reference))
            .or_else(|| self.images.values().find(|image| image.id == *reference))
            .ok_or_else(|| EngineError::NotFound {
                subject: format!("image {reference}"),
                message: format!("No such image: {}", name::familiar(reference)),
            })
    }

    /// By id, name, or the beginning of an id.
    pub(super) fn find(&self, key: &str) -> Result<&Container, EngineError> {
        let missing = || EngineError::NotFound {
            subject: format!("container {key}"),
            message: format!("No such container: {key}"),
        };
        if key.is_empty() {
            return Err(missing());
        }
        self.containers
            .get(key)
            .or_else(|| self.containers.values().find(|container| container.name == key))
            .or_else(|| self.containers.values().find(|container| container.id.starts_with(key)))
            .ok_or_else(missing)
    }

    pub(super) fn id(&self, key: &str) -> Result<ContainerId, EngineError> {
        self.find(key).map(|container| container.id.clone())
    }

    pub(super) fn network(&self, key: &str) -> Result<&Network, EngineError> {
        self.networks
            .get(key)
            .or_else(|| self.networks.values().find(|network| network.name == key))
            .ok_or_else(|| EngineError::NotFound {
                subject: format!("network {key}"),
                message: format!("network {key} not found"),
            })
    }

    pub(super) fn behaviour(&self, container: &Container) -> Behaviour {
        let image = name::image(&container.spec.image);
        let found = self
            .behaviours
            .iter()
            .rev()
            .find(|(key, _)| container.name.starts_with(key.as_str()) || name::image(key) == image);
        found.map(|(_, behaviour)| behaviour.clone()).unwrap_or_default()
    }

    pub(super) fn tell(&mut self, id: &ContainerId, kind: EventKind) {
        let Some(container) = self.containers.get(id) else { return };
        let mut attributes: Labels = container.spec.labels.clone().into_iter().collect();
        attributes.insert("image".to_owned(), container.spec.image.clone());
        attributes.insert("name".to_owned(), container.name.clone());
        if let EventKind::Die(code) = &kind {
            attributes.insert("exitCode".to_owned(), code.to_string());
        }
        self.events.push(EngineEvent {
            container: id.clone(),
            name: container.name.clone(),
            kind,
            time: String::new(),
            attributes,
        });
    }

    /// Lets everything happen that was due until now, in order.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some((at, id, due)) = self.next_due().filter(|(at, ..)| *at <= now) {
            if let Some(container) = self.containers.get_mut(&id) {
                container.due.retain(|entry| *entry != (at, due));
            }
            match due {
                Due::Exit(code) => self.exit(&id, code, false, at),
                Due::Health(health) => self.checked(&id, health, at),
                Due::Restart => {
                    if let Some(container) = self.containers.get_mut(&id) {
                        container.restarts += 1;
                    }
                    // A restart that fails leaves the container ended, with its error.
                    let _ = self.start(&id, at);
                }
            }
        }
    }

    /// A check decided a container's health.
    fn checked(&mut self, id: &ContainerId, health: Health, at: Instant) {
        let Some(container) = self.containers.get(id) else { return };
        let output = self.behaviour(container).check_output;
        let end = time(self.clock(at));
        if let Some(container) = self.containers.get_mut(id) {
            container.health = Some(health);
            container.checks.push(HealthLog { end, exit_code: i64::from(health != Health::Healthy), output });
        }
        self.tell(id, EventKind::Health(health));
    }

    /// Runs a container's health check: what its behaviour says of it by now comes about.
    pub(super) fn check_on_request(&mut self, key: &str, now: Instant) -> Result<(), EngineError> {
        let container = self.find(key)?;
        let (id, subject) = (container.id.clone(), format!("container {}", container.name));
        if !container.running() {
            let message = format!("container {id} is not running");
            return Err(EngineError::Conflict { subject, message });
        }
        if !self.checks_on_request || !container.has_health_check() {
            let message = "the container has no health check that can be asked for".to_owned();
            return Err(EngineError::Refused { subject, status: 500, message });
        }
        let verdicts = container.due.iter().filter(|(at, _)| *at <= now).filter_map(|(at, due)| match due {
            Due::Health(health) => Some((*at, *health)),
            Due::Exit(_) | Due::Restart => None,
        });
        let Some((at, health)) = verdicts.max_by_key(|(at, _)| *at) else { return Ok(()) };
        if let Some(container) = self.containers.get_mut(&id) {
            container.due.retain(|(due_at, due)| *due_at > at || !matches!(due, Due::Health(_)));
        }
        self.checked(&id, health, now);
        Ok(())
    }

    fn next_due(&self) -> Option<(Instant, ContainerId, Due)> {
        self.containers
            .values()
            .flat_map(|container| container.due.iter().map(|(at, due)| (*at, container.id.clone(), *due)))
            .filter(|(.., due)| !(self.checks_on_request && matches!(due, Due::Health(_))))
            .min_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)))
    }

    /// When something happens next.
    pub(super) fn next_time(&self) -> Option<Instant> {
        self.next_due().map(|(at, ..)| at)
    }

    /// A container's process ends; its restart policy may start it again unless the user ended it.
    pub(super) fn exit(&mut self, id: &ContainerId, code: i64, by_user: bool, at: Instant) {
        let Some(container) = self.containers.get_mut(id) else { return };
        if !container.running() && container.state != ContainerState::Restarting {
            return;
        }
        let was_running = container.running();
        container.due.clear();
        if was_running {
            container.exit_code = code;
            container.joined.clear();
            container.ports.retain(|port| port.public.is_none());
        }
        // A check that is over says nothing of a container that has ended.
        let again = !by_user && container.wants_restart(code);
        if again {
            let doublings = u32::try_from(container.restarts.clamp(0, 16)).unwrap_or(16);
            let pause = BACKOFF.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_BACKOFF);
            container.due.push((at + pause, Due::Restart));
        }
        container.state = if again { ContainerState::Restarting } else { ContainerState::Exited };
        if was_running {
            self.tell(id, EventKind::Die(code));
        }
    }
}

/// The model's clock as RFC 3339.
pub(super) fn time(clock: Duration) -> String {
    let start = jiff::Timestamp::from_second(EPOCH).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = start.saturating_add(jiff::SignedDuration::try_from(clock).unwrap_or_default());
    format!("{:.9}", time.unwrap_or(start))
}

impl Container {
    pub(super) fn running(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Paused)
    }

    fn wants_restart(&self, code: i64) -> bool {
        let Some(policy) = &self.spec.restart else { return false };
        match policy.name.as_str() {
            "always" | "unless-stopped" => true,
            "on-failure" => code != 0 && (policy.max_retries == 0 || self.restarts < policy.max_retries),
            _ => false,
        }
    }

    pub(super) fn has_health_check(&self) -> bool {
        self.spec
            .healthcheck
            .as_ref()
            .is_some_and(|check| check.test.first().is_some_and(|word| word != "NONE"))
    }
}
