//! What can go wrong between us and an engine, classified once, by status.

use std::time::Duration;

use crate::state::ApiVersion;

/// A failed call. The subject is what was to be done to which object: `start container 3f2a9c01b7de`. Its text
/// names both; [`EngineError::message`] is for callers that have named them already.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// 404: the thing isn't there.
    #[error("{subject}: Error response from daemon: {message}")]
    NotFound {
        /// What the call was about.
        subject: String,
        /// The engine's words.
        message: String,
    },
    /// 409: it is there already, or in a state that forbids the call.
    #[error("{subject}: Error response from daemon: {message}")]
    Conflict {
        /// What the call was about.
        subject: String,
        /// The engine's words.
        message: String,
    },
    /// The engine is too old for something the file asks.
    #[error("{feature} needs engine API {needs}, and this engine speaks {has}")]
    Unsupported {
        /// What is asked.
        feature: String,
        /// From which API version on.
        needs: ApiVersion,
        /// The version spoken.
        has: ApiVersion,
    },
    /// The engine is older than what this program can work with.
    #[error(
        "the engine at {endpoint} serves the Docker API {has}; rcompose needs {needs} (Docker 20.10) or newer"
    )]
    TooOld {
        /// Its address.
        endpoint: String,
        /// The oldest version this program works with.
        needs: ApiVersion,
        /// The version the engine serves.
        has: ApiVersion,
    },
    /// 401 or 403, from the engine or a registry.
    #[error("{subject}: {message}")]
    Unauthorised {
        /// What the call was about.
        subject: String,
        /// The words that came back.
        message: String,
    },
    /// No engine answers.
    #[error("cannot connect to the container engine at {endpoint}: {cause}")]
    Unreachable {
        /// Address that was tried.
        endpoint: String,
        /// Why it failed.
        cause: String,
    },
    /// Any other refusal; the status is the HTTP one.
    #[error("{subject}: Error response from daemon: {message}")]
    Refused {
        /// What the call was about.
        subject: String,
        /// HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
    /// Our own deadline passed.
    #[error("{subject}: no answer from the engine within {} s", after.as_secs())]
    TimedOut {
        /// What the call was about.
        subject: String,
        /// The deadline.
        after: Duration,
    },
    /// The answer could not be understood, or the connection broke in the middle of it.
    #[error("{subject}: {cause}")]
    Broken {
        /// What the call was about.
        subject: String,
        /// What was wrong.
        cause: String,
    },
}

impl EngineError {
    /// The text without the operation and its object, where the engine answered: its own words.
    pub fn message(&self) -> String {
        match self {
            EngineError::NotFound { message, .. }
            | EngineError::Conflict { message, .. }
            | EngineError::Unauthorised { message, .. }
            | EngineError::Refused { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }

    /// The operation and its object, where the engine answered: [`EngineError::message`] does not name them.
    pub fn request(&self) -> Option<&str> {
        match self {
            EngineError::NotFound { subject, .. }
            | EngineError::Conflict { subject, .. }
            | EngineError::Unauthorised { subject, .. }
            | EngineError::Refused { subject, .. } => Some(subject),
            _ => None,
        }
    }

    /// Whether the thing simply isn't there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, EngineError::NotFound { .. })
    }

    /// Whether no answer came: the call may have taken effect all the same.
    pub fn is_lost(&self) -> bool {
        matches!(self, EngineError::Broken { .. } | EngineError::TimedOut { .. })
    }

    /// Whether the thing is there already or in the wrong state.
    pub fn is_conflict(&self) -> bool {
        matches!(self, EngineError::Conflict { .. })
    }
}
