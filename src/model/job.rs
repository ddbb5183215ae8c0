//! Jobs: containers that run to their end, by hand or by the clock.

use crate::base::ServiceName;

use super::container::Container;
use super::origins::Origins;
use super::record::record;
use super::workload::Workload;

record! {
    /// A job.
    pub struct Job {
        /// The profiles that switch it on.
        profiles: Vec<String>,
        /// What makes it run.
        triggers: Triggers = super::codec::Always,
    }
    flatten {
        /// The container.
        container: Container,
        /// Build, dependencies, ports, health.
        workload: Workload,
    }
    beside {
        /// The key in the file.
        name: ServiceName,
        /// Where its fields were written.
        origins: Origins,
    }
}

record! {
    /// What makes a job run.
    pub struct Triggers {
        /// Whether it may be run by hand.
        manual: Option<bool>,
        /// When it runs by itself.
        schedule: Vec<Schedule>,
    }
}

record! {
    /// A time table.
    pub struct Schedule {
        /// Five fields of a crontab.
        cron: Option<String>,
        /// The time zone the fields are read in.
        timezone: Option<String>,
        /// What happens when the last run is still going: `forbid` or `queue`.
        concurrency: Option<String>,
        /// What happens with runs that were missed: `one` or `skip`.
        missed_fires: Option<String>,
    }
}
