//! The event feed.

use futures_util::StreamExt;
use hyper::Method;

use super::path::{filters, with_query};
use super::transport::Call;
use super::view::View;
use super::{Docker, SHORT, stream};
use crate::base::ContainerId;
use crate::engine::{Answer, Answers, EngineEvent, EventKind, EventQuery, Feed};
use crate::state::{Health, Labels};

const EVENTS: &str = "listen to the engine's events";

impl Feed for Docker {
    fn events(&self, query: EventQuery) -> Answer<'_, Answers<EngineEvent>> {
        Box::pin(async move {
            let filters = filters(&[("type", &["container".to_owned()]), ("label", &query.labels)]);
            let path = with_query("/events", &[("filters", &filters)]);
            let response = self.transport.open(Call::new(Method::GET, path, EVENTS).patience(SHORT)).await?;
            // The engine sends the head of its answer a moment before it begins to listen: one round trip
            // gives it that moment.
            self.transport.done(Call::new(Method::GET, "/_ping", EVENTS)).await?;
            let transport = self.transport.clone();
            let values = stream::values(response, move |fault| transport.fault(EVENTS, fault));
            let events: Answers<EngineEvent> = Box::pin(values.map(|value| value.map(|value| event(&value))));
            Ok(events)
        })
    }
}

fn event(value: &serde_json::Value) -> EngineEvent {
    let view = View(value);
    let actor = view.at("Actor");
    let attributes: Labels = actor.map("Attributes").into_iter().collect();
    let kind = match view.text("Action").as_str() {
        "create" => EventKind::Create,
        "start" => EventKind::Start,
        "die" => {
            EventKind::Die(attributes.get("exitCode").and_then(|code| code.parse().ok()).unwrap_or_default())
        }
        // Podman calls it so.
        "destroy" | "remove" => EventKind::Destroy,
        "health_status: healthy" => EventKind::Health(Health::Healthy),
        "health_status: unhealthy" => EventKind::Health(Health::Unhealthy),
        other => EventKind::Other(other.to_owned()),
    };
    EngineEvent {
        container: ContainerId::from(actor.text("ID")),
        name: attributes.get("name").cloned().unwrap_or_default(),
        kind,
        time: match view.number("timeNano") {
            0 => String::new(),
            nanos => format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000),
        },
        attributes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read() {
        let value = serde_json::json!({"Type": "container", "Action": "die", "timeNano": 1_700_000_001_000_000_002_i64, "Actor": {"ID": "x",
            "Attributes": {"exitCode": "3", "name": "a-1"}}});
        let event = event(&value);
        assert_eq!((event.kind, event.name.as_str()), (EventKind::Die(3), "a-1"));
        assert_eq!(event.time, "1700000001.000000002");
        let value = serde_json::json!({"Action": "health_status: healthy", "Actor": {"ID": "x"}});
        assert_eq!(super::event(&value).kind, EventKind::Health(Health::Healthy));
    }
}
