//! Text that becomes a number or boolean after substitution, at the places that want one.

use crate::base::boolean::{Boolean, parse_bool};
use crate::base::number::{self, NumberError};
use crate::yaml::{Kind, PathRef};

/// What a place wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    Int,
    Int64,
    Float32,
    Float64,
    Bool,
}

/// Why a text can't become what its place wants. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CastError {
    #[error(transparent)]
    Number(#[from] NumberError),
    #[error("invalid boolean: {0}")]
    Bool(String),
}

/// How deep the table below goes.
const LONGEST: usize = 8;

/// What the place wants, if it wants anything. An item of a list matches like any key.
pub(super) fn wanted(path: &PathRef<'_>) -> Option<Cast> {
    let mut segments = [""; LONGEST];
    let depth = path.depth();
    if !(3..=LONGEST).contains(&depth) {
        return None;
    }
    let mut here = path;
    for slot in segments[..depth].iter_mut().rev() {
        match here {
            PathRef::Root => return None,
            PathRef::Key(parent, key) => {
                *slot = key;
                here = parent;
            }
            PathRef::Index(parent, _) => {
                *slot = "[]";
                here = parent;
            }
        }
    }
    Some(match segments[..depth] {
        ["services", _, "pre_start", _, ref rest @ ..] => return container(rest),
        ["services", _, ref rest @ ..] => return service(rest).or_else(|| runnable(rest)),
        ["jobs", _, ref rest @ ..] => return runnable(rest),
        ["networks", _, "external" | "internal" | "attachable" | "enable_ipv4" | "enable_ipv6"] => Cast::Bool,
        ["volumes" | "secrets" | "configs", _, "external"] => Cast::Bool,
        _ => return None,
    })
}

/// What only a service has.
fn service(path: &[&str]) -> Option<Cast> {
    Some(match path {
        ["scale"]
        | ["deploy", "replicas"]
        | ["deploy", "update_config" | "rollback_config", "parallelism"]
        | ["deploy", "restart_policy", "max_attempts"]
        | ["deploy", "placement", "max_replicas_per_node"] => Cast::Int,
        ["deploy", "update_config" | "rollback_config", "max_failure_ratio"] => Cast::Float64,
        _ => return None,
    })
}

/// What services and jobs have.
fn runnable(path: &[&str]) -> Option<Cast> {
    Some(match path {
        ["healthcheck", "retries"] | ["ports", _, "target"] => Cast::Int,
        ["stdin_open" | "tty"] | ["healthcheck", "disable"] | ["depends_on", _, "required" | "restart"] => {
            Cast::Bool
        }
        _ => return container(path),
    })
}

/// What services, jobs and the hooks before a start have.
fn container(path: &[&str]) -> Option<Cast> {
    Some(match path {
        ["ulimits", _] | ["ulimits", _, "hard" | "soft"] => Cast::Int,
        [
            "cpu_count" | "cpu_period" | "cpu_quota" | "cpu_rt_period" | "cpu_rt_runtime" | "cpu_shares"
            | "oom_score_adj" | "pids_limit",
        ] => Cast::Int64,
        ["cpus"] => Cast::Float32,
        ["cpu_percent"] => Cast::Float64,
        ["init" | "oom_kill_disable" | "privileged" | "read_only"]
        | ["volumes", _, "read_only"]
        | ["volumes", _, "volume", "nocopy"] => Cast::Bool,
        _ => return None,
    })
}

/// Converts; the second part of the result is a boolean word of YAML 1.1 to warn about.
pub(super) fn convert(text: &str, cast: Cast) -> Result<(Kind, Option<Boolean>), CastError> {
    Ok(match cast {
        Cast::Int => (Kind::Int(number::parse_i64(text, "Atoi")?), None),
        Cast::Int64 => (Kind::Int(number::parse_i64(text, "ParseInt")?), None),
        Cast::Float32 => (Kind::Float(f64::from(number::parse_f32(text)?)), None),
        Cast::Float64 => (Kind::Float(number::parse_f64(text)?), None),
        Cast::Bool => {
            let word = parse_bool(text).ok_or_else(|| CastError::Bool(text.to_owned()))?;
            (Kind::Bool(word.value), word.old.then_some(word))
        }
    })
}
