//! How to tell whether a container works.

use crate::base::duration::Duration;

use super::codec::HealthTest;
use super::record::record;

record! {
    /// A health check.
    pub struct Healthcheck {
        /// `CMD` or `CMD-SHELL` and what follows, or `NONE`.
        test: Vec<String> = HealthTest,
        /// How long one check may take.
        timeout: Option<Duration>,
        /// Time between checks.
        interval: Option<Duration>,
        /// How many failures make a container unhealthy.
        retries: Option<u64>,
        /// How long failures don't count at first.
        start_period: Option<Duration>,
        /// Time between checks during the start period.
        start_interval: Option<Duration>,
        /// Whether the image's check is off.
        disable: bool,
    }
}
