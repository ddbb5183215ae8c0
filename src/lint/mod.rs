//! Likely mistakes in valid files.
//!
//! In: a project as it was loaded, the record of where its values come from, and the files around it. Out:
//! findings, each with a code of its own (`RC08xx`). A rule is a function in the file of its family and a
//! row in [`RULES`]. Nothing here is an error: what makes a project unusable is found while loading.

mod allow;
mod data;
mod depends;
mod images;
mod ports;
mod rights;
mod values;

use std::collections::HashMap;
use std::path::Path;

use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::load::files::Files;
use crate::load::provenance::Provenance;
use crate::model::{Origins, Project, Service};
use crate::yaml::{Node, PathRef};

pub use allow::{Allowed, silence};

/// The path of an object itself.
const HERE: PathRef<'static> = PathRef::Root;
const PORTS: PathRef<'static> = PathRef::Key(&PathRef::Root, "ports");
const VOLUMES: PathRef<'static> = PathRef::Key(&PathRef::Root, "volumes");

/// What rules look at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The project, parted by profiles.
    pub project: &'a Project,
    /// The texts it was read from.
    pub sources: &'a SourceMap,
    /// Where its values come from.
    pub provenance: &'a Provenance,
    /// The files around it.
    pub files: &'a dyn Files,
}

/// A rule.
pub struct Rule {
    /// The code of its findings.
    pub code: Code,
    /// Why it is a likely mistake, in a sentence or two.
    pub why: &'static str,
    /// Finds it.
    check: fn(&Subject<'_>, &mut Diagnostics),
}

/// Every rule, in the order of the codes.
pub const RULES: &[Rule] = &[
    Rule {
        code: Code::HostPortTwice,
        why: "`ports` of several files are appended: an override that was meant to change a port adds a second \
              one, and the engine refuses to start the container. Put `!override` before the later list to \
              replace the earlier one.",
        check: ports::twice,
    },
    Rule {
        code: Code::HostPortShared,
        why: "Only one container can listen on a host port. The service that starts second fails.",
        check: ports::shared,
    },
    Rule {
        code: Code::HostPortScaled,
        why: "Only one container can listen on a host port. With more than one replica, all but the first fail. \
              Use a range of host ports, or no host port, so that each replica gets its own.",
        check: ports::scaled,
    },
    Rule {
        code: Code::Base60Port,
        why: "YAML 1.1 reads digits between colons, each below 60, as one base-60 number: `22:22` is 1342. \
              rcompose reads it as text, other tools may not. Quotes make it text for all of them.",
        check: ports::base_60,
    },
    Rule {
        code: Code::ProfileDependency,
        why: "A profile enables single services, not the services they depend on. An enabled service that \
              depends on a disabled one makes the whole project invalid.",
        check: depends::profiles,
    },
    Rule {
        code: Code::StartedNotHealthy,
        why: "The short form of `depends_on` waits until the container is started, not until the service is \
              ready. The service has a health check: use `condition: service_healthy` to wait for it.",
        check: depends::started,
    },
    Rule {
        code: Code::NeverHealthy,
        why: "A service with a disabled health check never becomes healthy, so `up` fails for every service that \
              waits for that.",
        check: depends::never_healthy,
    },
    Rule {
        code: Code::RestartsWhenDone,
        why: "Another service waits until this one completes successfully, but its restart policy starts it \
              again each time it exits. `on-failure` restarts it until it succeeds.",
        check: depends::restarts,
    },
    Rule {
        code: Code::LegacyLinks,
        why: "`links` are a legacy feature: services on a common network reach each other by name without them. \
              They also set the order of start and stop; use `depends_on` for that.",
        check: depends::links,
    },
    Rule {
        code: Code::AnonymousDataVolume,
        why: "Database files in an anonymous volume are hard to find again: `down` leaves the volume behind, and \
              the next `up` creates a new, empty one. A named volume stays with the project.",
        check: data::anonymous,
    },
    Rule {
        code: Code::MissingBindSource,
        why: "If the source path of a short-form bind mount does not exist, the engine silently creates a \
              directory owned by root. Where a file was meant, the container finds an empty directory.",
        check: data::missing_source,
    },
    Rule {
        code: Code::DecimalMode,
        why: "A file mode without a leading zero and without quotes is a decimal number: `mode: 440` means 0670. \
              `0440` and `\"440\"` are read as octal.",
        check: data::decimal_mode,
    },
    Rule {
        code: Code::LatestTag,
        why: "`latest`, written or implied, changes over time: two machines, or one machine after a pull, run \
              different versions from the same file.",
        check: images::latest,
    },
    Rule {
        code: Code::VariableInEnvFile,
        why: "`env_file` sets variables in the container. `${…}` in a Compose file is replaced from the \
              environment, `.env` and `--env-file`; a variable that only an `env_file` sets is unset there.",
        check: values::only_in_env_file,
    },
    Rule {
        code: Code::LiteralSecret,
        why: "A value in a Compose file ends up in version control, in `docker inspect` and in the environment \
              of every process in the container. A variable keeps a secret out of version control, `secrets` out \
              of all of them.",
        check: values::literal_secret,
    },
    Rule {
        code: Code::EngineSocket,
        why: "Write access to the engine's socket allows starting a container with access to the whole host. It \
              is root access to the host, even when mounted read-only.",
        check: rights::engine_socket,
    },
    Rule {
        code: Code::Privileged,
        why: "A privileged container has all capabilities and all devices of the host. Usually one device or \
              capability is enough: use `devices` or `cap_add`.",
        check: rights::privileged,
    },
    Rule {
        code: Code::UnknownAllow,
        why: "Findings are silenced by code or slug; any other name silences nothing.",
        // Told where the names are read.
        check: |_, _| {},
    },
];

/// Asks every rule.
pub fn check(subject: &Subject<'_>, diags: &mut Diagnostics) {
    for rule in RULES {
        (rule.check)(subject, diags);
    }
}

/// Why findings with a code matter; for codes of loading what they mean.
pub fn why(code: Code) -> &'static str {
    RULES.iter().find(|rule| rule.code == code).map_or(code.meaning(), |rule| rule.why)
}

impl Subject<'_> {
    /// Services that are on, and those that their profiles keep off.
    fn all_services(&self) -> impl Iterator<Item = &Service> {
        self.project.services.values().chain(self.project.disabled_services.values())
    }

    /// What a place says, without its quotes.
    fn written(&self, span: Span) -> Option<&str> {
        let text = self.sources.slice(span)?;
        let bare = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
        Some(bare('"').or_else(|| bare('\'')).unwrap_or(text))
    }

    /// Whether variables went into what stands at a place.
    fn is_interpolated(&self, span: Span) -> bool {
        let inside = |place| crate::load::provenance::contains(span, place);
        self.provenance.substitutions.iter().any(|substitution| inside(substitution.span))
    }

    /// Whether a path is the project's own: below its directory.
    fn is_inside(&self, path: &Path) -> bool {
        path.starts_with(&self.project.working_dir)
    }
}

/// A finding at the key of a field; `what` follows the service's name.
fn finding(code: Code, service: &Service, path: PathRef<'_>, what: impl std::fmt::Display) -> Diagnostic {
    at(code, &service.origins, path, format!("service `{}` {what}", service.name))
}

/// A finding at the key of a field below an object.
fn at(code: Code, origins: &Origins, path: PathRef<'_>, message: String) -> Diagnostic {
    Diagnostic::new(code, origins.key(path), message).at(origins.full(path))
}

/// The items of a list of a service, each with its position.
fn items<'a>(service: &'a Service, key: &str) -> impl Iterator<Item = (usize, &'a Node)> {
    service.origins.node(HERE.key(key)).and_then(Node::as_sequence).unwrap_or_default().iter().enumerate()
}

/// The first of the things with one key, for later ones to point to.
type First<K, V> = HashMap<K, V>;
