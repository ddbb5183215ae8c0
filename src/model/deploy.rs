//! How many containers, where, and with which resources.

use indexmap::IndexMap;

use crate::base::duration::Duration;

use super::codec::Pairs;
use super::device::DeviceRequest;
use super::record::record;
use super::scalar::ByteSize;

record! {
    /// The `deploy` part of a service.
    pub struct Deploy {
        /// `replicated`, `global` or a job mode.
        mode: Option<String>,
        /// How many containers.
        replicas: Option<i64>,
        /// Pairs of the service (Swarm).
        labels: IndexMap<String, String> = Pairs,
        /// How an update goes.
        update_config: Option<UpdateConfig>,
        /// How the way back goes.
        rollback_config: Option<UpdateConfig>,
        /// Limits and reservations.
        resources: Resources,
        /// When a container is restarted.
        restart_policy: Option<RestartPolicy>,
        /// Which nodes (Swarm).
        placement: Placement,
        /// `vip` or `dnsrr` (Swarm).
        endpoint_mode: Option<String>,
    }
}

record! {
    /// How an update goes.
    pub struct UpdateConfig {
        /// How many at once; 0 for all.
        parallelism: Option<u64>,
        /// Time between batches.
        delay: Duration,
        /// What a failure does.
        failure_action: Option<String>,
        /// How long a new container is watched.
        monitor: Duration,
        /// Tolerated share of failures.
        max_failure_ratio: f32,
        /// `start-first` or `stop-first`.
        order: Option<String>,
    }
}

record! {
    /// Limits and reservations.
    pub struct Resources {
        /// No more than this.
        limits: Option<Resource>,
        /// At least this.
        reservations: Option<Resource>,
    }
}

record! {
    /// An amount of resources.
    pub struct Resource {
        /// Processors, in parts of one.
        cpus: f32,
        /// Memory.
        memory: ByteSize,
        /// Processes.
        pids: i64,
        /// Devices (reservations only).
        devices: Vec<DeviceRequest>,
        /// Counted resources of the user's own (Swarm).
        generic_resources: Vec<GenericResource>,
    }
}

record! {
    /// A counted resource of the user's own.
    pub struct GenericResource {
        /// What and how many.
        discrete_resource_spec: Option<DiscreteResource>,
    }
}

record! {
    /// What and how many.
    pub struct DiscreteResource {
        /// What.
        kind: Option<String>,
        /// How many.
        value: i64,
    }
}

record! {
    /// When a container is restarted.
    pub struct RestartPolicy {
        /// `none`, `on-failure` or `any`.
        condition: Option<String>,
        /// Time between attempts.
        delay: Option<Duration>,
        /// How often.
        max_attempts: Option<u64>,
        /// How long until an attempt counts as good.
        window: Option<Duration>,
    }
}

record! {
    /// Which nodes (Swarm).
    pub struct Placement {
        /// Conditions on nodes.
        constraints: Vec<String>,
        /// Preferences among nodes.
        preferences: Vec<PlacementPreference>,
        /// Limit for each node.
        max_replicas_per_node: u64,
    }
}

record! {
    /// A preference among nodes.
    pub struct PlacementPreference {
        /// The node label to spread over.
        spread: Option<String>,
    }
}
