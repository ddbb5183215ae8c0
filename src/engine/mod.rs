//! The port to a container engine: small traits in our own types, and one error type.
//!
//! Adapters: `docker` (over the engine API) and `memory` (a model, for laws and speed). One contract
//! suite runs against both. Every trait is object safe; a call is one request to the engine.

mod error;
mod port;

pub use error::EngineError;
pub use port::{
    Answer, Answers, ContainerDetail, ContainerQuery, Containers, CreatedContainer, Engine, EngineEvent,
    EventKind, EventQuery, ExecOutput, ExecRequest, Execs, Feed, HealthLog, Images, Listener, LogChunk,
    LogQuery, Networks, PullProgress, System, Volumes,
};
