//! Which services an attached run shows, waits for, and stops.

use std::collections::BTreeSet;

use crate::base::ServiceName;
use crate::spec::Desired;

/// What the command line says about output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `--attach`: only these.
    pub only: Vec<String>,
    /// `--no-attach`: all but these.
    pub except: Vec<String>,
    /// `--attach-dependencies`: with the dependencies of the services that were named.
    pub dependencies: bool,
}

/// Which services an attached run shows, waits for, and stops. All three hold services of this run only:
/// containers of other services of the project, and orphans, are never listened to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Services whose output is shown.
    pub shown: BTreeSet<ServiceName>,
    /// Services whose containers the run waits for, and whose ends abort it.
    pub watched: BTreeSet<ServiceName>,
    /// Services that a signal, or an abort, stops.
    pub stopped: Vec<ServiceName>,
}

/// Why nothing can be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// `--attach` names services that take no part.
    #[error("cannot attach to services not included in up: {}", .0.join(", "))]
    NotIncluded(Vec<String>),
}

impl Selection {
    /// The services of a run on `desired` with these `targets` (none: all services). As in Docker Compose,
    /// named services are waited for and stopped even when their output is not shown, and dependencies are
    /// neither waited for nor stopped.
    ///
    /// # Errors
    /// When `--attach` names a service that is no part of the run.
    pub fn new(
        desired: &Desired,
        targets: &[ServiceName],
        wanted: &Wanted,
    ) -> Result<Selection, SelectionError> {
        let all: BTreeSet<ServiceName> = desired.services.keys().cloned().collect();
        let named: BTreeSet<ServiceName> = targets.iter().cloned().collect();
        let selected = if named.is_empty() { &all } else { &named };
        let mut shown: BTreeSet<ServiceName> = if wanted.only.is_empty() {
            let candidates = if wanted.dependencies { &all } else { selected };
            let attachable = |name: &&ServiceName| {
                desired.services.get(name.as_str()).is_some_and(|service| service.attach)
            };
            candidates.iter().filter(attachable).cloned().collect()
        } else {
            let unknown = wanted.only.iter().filter(|name| !desired.services.contains_key(name.as_str()));
            let unknown: Vec<String> = unknown.cloned().collect();
            if !unknown.is_empty() {
                return Err(SelectionError::NotIncluded(unknown));
            }
            wanted.only.iter().map(|name| ServiceName::from(name.as_str())).collect()
        };
        // Names of services that take no part do no harm.
        shown.retain(|name| !wanted.except.iter().any(|except| except == name.as_str()));
        if shown.is_empty() {
            // Nothing left to show means everything, as in Docker Compose; but of this run only.
            shown.clone_from(selected);
        }
        let watched = if named.is_empty() { shown.clone() } else { named };
        let stopped = if targets.is_empty() { all.into_iter().collect() } else { targets.to_vec() };
        Ok(Selection { shown, watched, stopped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ProjectName;
    use crate::spec::ServiceSpec;

    /// A project of `db`, `web` and `quiet`, which has `attach: false`.
    fn desired() -> Desired {
        let spec =
            |name: &str| ServiceSpec { scale: 1, attach: name != "quiet", ..ServiceSpec::named(name.into()) };
        Desired {
            project: ProjectName::from("p"),
            services: ["db", "web", "quiet"].map(|name| (ServiceName::from(name), spec(name))).into(),
            others: Vec::new(),
            profiles: std::collections::BTreeMap::new(),
            jobs: Vec::new(),
            networks: indexmap::IndexMap::new(),
            volumes: indexmap::IndexMap::new(),
            separator: '-',
        }
    }

    #[test]
    fn a_run_shows_waits_for_and_stops_only_its_own() {
        // targets | --attach | --no-attach | --attach-dependencies ⇒ shown | watched | stopped
        let rows = [
            ("", "", "", false, "db web", "db web", "db quiet web"),
            ("web", "", "", false, "web", "web", "web"),
            ("web", "", "", true, "db web", "web", "web"),
            ("web db", "web", "", false, "web", "db web", "web db"),
            ("", "web", "", false, "web", "web", "db quiet web"),
            ("", "web quiet", "", false, "quiet web", "quiet web", "db quiet web"),
            ("", "", "db", false, "web", "web", "db quiet web"),
            ("", "", "db nope", false, "web", "web", "db quiet web"),
            ("web", "", "web", false, "web", "web", "web"),
            ("quiet", "", "", false, "quiet", "quiet", "quiet"),
            ("", "", "db web", false, "db quiet web", "db quiet web", "db quiet web"),
        ];
        let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let joined = |names: &mut dyn Iterator<Item = &ServiceName>| {
            names.map(ServiceName::as_str).collect::<Vec<_>>().join(" ")
        };
        for row in rows {
            let (targets, only, except, dependencies, shown, watched, stopped) = row;
            let targets: Vec<ServiceName> = targets.split_whitespace().map(ServiceName::from).collect();
            let wanted = Wanted { only: words(only), except: words(except), dependencies };
            let found = Selection::new(&desired(), &targets, &wanted).unwrap();
            assert_eq!(joined(&mut found.shown.iter()), shown, "{row:?}: shown");
            assert_eq!(joined(&mut found.watched.iter()), watched, "{row:?}: watched");
            assert_eq!(joined(&mut found.stopped.iter()), stopped, "{row:?}: stopped");
        }
    }

    #[test]
    fn only_services_of_the_run_can_be_attached_to() {
        let wanted = Wanted { only: vec!["web".into(), "a".into(), "b".into()], ..Wanted::default() };
        let error = Selection::new(&desired(), &[], &wanted).unwrap_err();
        assert_eq!(error.to_string(), "cannot attach to services not included in up: a, b");
    }
}
