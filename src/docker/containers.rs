//! Calls about containers.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;

use super::error::short_id;
use super::path::{can_name, encode, filters, with_query};
use super::transport::Call;
use super::{Docker, SHORT, STOP_MARGIN, body, inspect, list, stream};
use crate::base::ContainerId;
use crate::engine::{
    Answer, Answers, ContainerDetail, ContainerQuery, Containers, CreatedContainer, EngineError, LogChunk,
    LogQuery,
};
use crate::spec::ContainerSpec;
use crate::state::{ContainerState, ObservedContainer};

/// What a container takes to stop when nobody says, in the engine.
const USUAL_GRACE: Duration = Duration::from_secs(10);
/// The grace period of a container isn't known here when the caller leaves it to the engine.
const LONGEST_GRACE: Duration = Duration::from_secs(24 * 3600);

/// Checks have deadlines of their own, which the engine holds them to: this one is only there so that none waits
/// for ever.
const LONGEST_CHECK: Duration = Duration::from_secs(3600);

/// What is done to which container, for messages.
fn subject(operation: &str, id: &str) -> String {
    format!("{operation} container {}", short_id(id))
}

/// The engine reads seconds since 1970 only.
fn unix_time(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => format!("{}.{:09}", time.as_second(), time.subsec_nanosecond()),
        Err(_) => text.to_owned(),
    }
}

impl Docker {
    fn on(
        &self,
        method: Method,
        id: &str,
        action: &str,
        query: &[(&str, &str)],
    ) -> Result<Call, EngineError> {
        let operation = match (&method, action) {
            (&Method::GET, "/json") => "inspect",
            (&Method::GET, "/logs") => "read the logs of",
            (&Method::POST, "/attach") => "attach to",
            (&Method::DELETE, _) => "remove",
            // The others are their own words: start, stop, restart, kill, rename.
            (_, action) => action.trim_start_matches('/'),
        };
        let subject = subject(operation, id);
        if !can_name(id) {
            return Err(EngineError::NotFound { subject, message: format!("No such container: {id}") });
        }
        let path = with_query(&format!("/containers/{}{action}", encode(id)), query);
        Ok(Call::new(method, path, subject))
    }

    async fn stop(&self, id: &ContainerId, timeout: Option<Duration>) -> Result<(), EngineError> {
        // The engine takes whole seconds; a part of one is a whole one.
        let seconds = timeout.map(|grace| grace.as_millis().div_ceil(1000).to_string());
        let query: Vec<(&str, &str)> = seconds.iter().map(|text| ("t", text.as_str())).collect();
        let grace = timeout.unwrap_or(LONGEST_GRACE).max(USUAL_GRACE);
        let call = self.on(Method::POST, id, "/stop", &query)?.patience(grace + STOP_MARGIN);
        self.transport.done(call).await
    }

    pub(super) async fn is_not_running(&self, id: &ContainerId) -> bool {
        let found = self.inspect_container(id).await;
        found.is_ok_and(|found| found.state != ContainerState::Running)
    }

    /// Podman answers 500 where Docker answers 409: whether the name is taken decides.
    async fn or_taken(&self, error: EngineError, name: &str) -> EngineError {
        let taken = async {
            let bearer = self.inspect_container(&ContainerId::from(name)).await;
            bearer.is_ok_and(|bearer| bearer.name == name)
        };
        self.or_conflict(error, taken).await
    }

    fn fault_of(&self, id: &ContainerId) -> impl Fn(super::error::Fault) -> EngineError + Send + use<> {
        let (transport, subject) = (self.transport.clone(), subject("read the output of", id));
        move |fault| transport.fault(&subject, fault)
    }
}

impl Containers for Docker {
    fn list_containers(&self, query: ContainerQuery) -> Answer<'_, Vec<ObservedContainer>> {
        Box::pin(async move {
            let filters = filters(&[("label", &query.labels)]);
            let all = if query.all { "1" } else { "0" };
            let path = with_query("/containers/json", &[("all", all), ("filters", &filters)]);
            let found: Vec<list::Container> =
                self.transport.json(Call::new(Method::GET, path, "list containers")).await?;
            Ok(found.into_iter().map(list::Container::observed).collect())
        })
    }

    fn inspect_container(&self, id: &ContainerId) -> Answer<'_, ContainerDetail> {
        let id = id.clone();
        Box::pin(async move {
            let answer: serde_json::Value =
                self.transport.json(self.on(Method::GET, &id, "/json", &[])?).await?;
            Ok(inspect::detail(&answer))
        })
    }

    fn create_container(&self, name: &str, spec: &ContainerSpec) -> Answer<'_, CreatedContainer> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Created {
            id: String,
            #[serde(default)]
            warnings: Option<Vec<String>>,
        }
        let (name, spec) = (name.to_owned(), spec.clone());
        Box::pin(async move {
            let api = self.transport.version().await?;
            let body = body::container(&spec, api)?;
            let mut query = vec![("name", name.as_str())];
            if let Some(platform) = &spec.platform {
                query.push(("platform", platform));
            }
            let call =
                Call::new(Method::POST, with_query("/containers/create", &query), subject("create", &name));
            let created: Created = match self.transport.json(call.body(&body)).await {
                Ok(created) => created,
                Err(error) => return Err(self.or_taken(error, &name).await),
            };
            Ok(CreatedContainer {
                id: ContainerId::from(created.id),
                warnings: [body::left_out(&spec, api), created.warnings.unwrap_or_default()].concat(),
            })
        })
    }

    fn start_container(&self, id: &ContainerId) -> Answer<'_, ()> {
        let id = id.clone();
        Box::pin(async move { self.transport.done(self.on(Method::POST, &id, "/start", &[])?).await })
    }

    fn stop_container(&self, id: &ContainerId, timeout: Option<Duration>) -> Answer<'_, ()> {
        let id = id.clone();
        Box::pin(async move { self.stop(&id, timeout).await })
    }

    fn kill_container(&self, id: &ContainerId, signal: &str) -> Answer<'_, ()> {
        let (id, signal) = (id.clone(), signal.to_owned());
        Box::pin(async move {
            let call = self.on(Method::POST, &id, "/kill", &[("signal", &signal)])?;
            match self.transport.done(call).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.or_conflict(error, self.is_not_running(&id)).await),
            }
        })
    }

    fn remove_container(&self, id: &ContainerId, volumes: bool) -> Answer<'_, ()> {
        let id = id.clone();
        Box::pin(async move {
            let query: &[(&str, &str)] =
                if volumes { &[("force", "1"), ("v", "1")] } else { &[("force", "1")] };
            self.transport.done(self.on(Method::DELETE, &id, "", query)?).await
        })
    }

    fn remove_stopped(&self, id: &ContainerId, volumes: bool) -> Answer<'_, ()> {
        let id = id.clone();
        Box::pin(async move {
            let query: &[(&str, &str)] = if volumes { &[("v", "1")] } else { &[] };
            match self.transport.done(self.on(Method::DELETE, &id, "", query)?).await {
                Ok(()) => Ok(()),
                Err(error) => {
                    let runs = async {
                        let found = self.inspect_container(&id).await;
                        found.is_ok_and(|container| container.state == ContainerState::Running)
                    };
                    Err(self.or_conflict(error, runs).await)
                }
            }
        })
    }

    fn rename_container(&self, id: &ContainerId, name: &str) -> Answer<'_, ()> {
        let (id, name) = (id.clone(), name.to_owned());
        Box::pin(async move {
            let call = self.on(Method::POST, &id, "/rename", &[("name", &name)])?;
            match self.transport.done(call).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.or_taken(error, &name).await),
            }
        })
    }

    fn check_health(&self, id: &ContainerId) -> Answer<'_, ()> {
        let id = id.clone();
        Box::pin(async move {
            let call = self.on(Method::GET, &id, "/healthcheck", &[])?.libpod().patience(LONGEST_CHECK);
            self.transport.done(call).await
        })
    }

    fn upload(&self, id: &ContainerId, archive: Bytes) -> Answer<'_, ()> {
        let id = id.clone();
        Box::pin(async move {
            let options = bollard::query_parameters::UploadToContainerOptions {
                path: "/".to_owned(),
                no_overwrite_dir_non_dir: Some("true".to_owned()),
                // "Copy the ids" means those of the container's user, in all engines: without it the archive's
                // are kept.
                copy_uidgid: None,
            };
            let (name, subject) = (encode(&id), subject("copy a file into", &id));
            let work = self.bollard.upload_to_container(&name, Some(options), bollard::body_full(archive));
            match tokio::time::timeout(SHORT, work).await {
                Ok(result) => result.map_err(|error| self.transport.fault(&subject, error.into())),
                Err(_) => Err(EngineError::TimedOut { subject, after: SHORT }),
            }
        })
    }

    fn logs(&self, id: &ContainerId, query: LogQuery) -> Answer<'_, Answers<LogChunk>> {
        let id = id.clone();
        Box::pin(async move {
            let tail = query.tail.map(|lines| lines.to_string());
            let mut pairs = vec![("stdout", "1"), ("stderr", "1")];
            pairs.extend(query.follow.then_some(("follow", "1")));
            pairs.extend(query.timestamps.then_some(("timestamps", "1")));
            pairs.extend(tail.as_deref().map(|lines| ("tail", lines)));
            let (since, until) =
                (query.since.as_deref().map(unix_time), query.until.as_deref().map(unix_time));
            pairs.extend(since.as_deref().map(|time| ("since", time)));
            pairs.extend(until.as_deref().map(|time| ("until", time)));
            let call = self.on(Method::GET, &id, "/logs", &pairs)?.patience(SHORT);
            let response = self.transport.open(call).await?;
            Ok(stream::output(response, self.fault_of(&id)))
        })
    }

    fn attach(&self, id: &ContainerId) -> Answer<'_, Answers<LogChunk>> {
        let id = id.clone();
        Box::pin(async move {
            // Without an upgrade the engine answers with a plain stream: nothing is to be sent.
            let query = [("stream", "1"), ("stdout", "1"), ("stderr", "1")];
            let call = self.on(Method::POST, &id, "/attach", &query)?.patience(SHORT);
            let response = self.transport.open(call).await?;
            Ok(stream::output(response, self.fault_of(&id)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::unix_time;

    #[test]
    fn times_become_seconds() {
        assert_eq!(unix_time("2024-01-01T00:00:00.5Z"), "1704067200.500000000");
        assert_eq!(unix_time("2024-01-01T01:00:00+01:00"), "1704067200.000000000");
        assert_eq!(unix_time("1704067200.25"), "1704067200.25");
    }
}
