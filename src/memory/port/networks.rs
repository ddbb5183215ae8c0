//! The calls about networks.

use crate::base::{ContainerId, NetworkId};
use crate::engine::{Answer, Networks};
use crate::memory::{MemoryEngine, name};
use crate::spec::{EndpointSpec, NetworkSpec};
use crate::state::ObservedNetwork;

impl Networks for MemoryEngine {
    fn list_networks(&self, labels: &[String]) -> Answer<'_, Vec<ObservedNetwork>> {
        let labels = labels.to_vec();
        Box::pin(self.call("list_networks", "", false, move |world, _| {
            let matching = world
                .networks
                .values()
                .filter(|network| name::matches(|key| network.labels.get(key).map(String::as_str), &labels));
            Ok(matching.map(|network| world.observed_network(network, false)).collect())
        }))
    }

    fn inspect_network(&self, name: &str) -> Answer<'_, ObservedNetwork> {
        let name = name.to_owned();
        Box::pin(async move {
            self.call("inspect_network", &name, false, |world, _| {
                Ok(world.observed_network(world.network(&name)?, true))
            })
            .await
        })
    }

    fn network_definition(&self, name: &str) -> Answer<'_, NetworkSpec> {
        let name = name.to_owned();
        Box::pin(async move {
            self.call("network_definition", &name, false, |world, _| world.network_definition(&name)).await
        })
    }

    fn create_network(&self, spec: &NetworkSpec) -> Answer<'_, NetworkId> {
        let spec = spec.clone();
        Box::pin(async move {
            self.call("create_network", &spec.name, true, |world, _| world.create_network(&spec)).await
        })
    }

    fn remove_network(&self, id: &NetworkId) -> Answer<'_, ()> {
        let id = id.clone();
        let subject = self.world().network(&id).map_or_else(|_| id.to_string(), |found| found.name.clone());
        Box::pin(async move {
            self.call("remove_network", &subject, true, |world, _| world.remove_network(&id)).await
        })
    }

    fn connect(
        &self,
        network: &NetworkId,
        container: &ContainerId,
        endpoint: &EndpointSpec,
    ) -> Answer<'_, ()> {
        let (network, container, endpoint) = (network.clone(), container.clone(), endpoint.clone());
        let subject = self.called(&container);
        Box::pin(async move {
            self.call("connect", &subject, true, |world, _| world.connect(&network, &container, &endpoint))
                .await
        })
    }

    fn disconnect(&self, network: &NetworkId, container: &ContainerId) -> Answer<'_, ()> {
        let (network, container) = (network.clone(), container.clone());
        let subject = self.called(&container);
        Box::pin(async move {
            self.call("disconnect", &subject, true, |world, _| world.disconnect(&network, &container)).await
        })
    }
}
