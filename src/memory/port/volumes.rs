//! The calls about volumes.

use crate::engine::{Answer, Volumes};
use crate::memory::network::observed_volume;
use crate::memory::{MemoryEngine, name};
use crate::spec::VolumeSpec;
use crate::state::ObservedVolume;

impl Volumes for MemoryEngine {
    fn list_volumes(&self, labels: &[String]) -> Answer<'_, Vec<ObservedVolume>> {
        let labels = labels.to_vec();
        Box::pin(self.call("list_volumes", "", false, move |world, _| {
            let matching = world.volumes.iter().filter(|(_, volume)| {
                name::matches(|key| volume.labels.get(key).map(String::as_str), &labels)
            });
            Ok(matching.map(|(name, volume)| observed_volume(name, volume)).collect())
        }))
    }

    fn inspect_volume(&self, name: &str) -> Answer<'_, ObservedVolume> {
        let name = name.to_owned();
        Box::pin(async move {
            self.call("inspect_volume", &name, false, |world, _| world.inspect_volume(&name)).await
        })
    }

    fn create_volume(&self, spec: &VolumeSpec) -> Answer<'_, ()> {
        let spec = spec.clone();
        Box::pin(async move {
            self.call("create_volume", &spec.name, true, |world, _| world.create_volume(&spec)).await
        })
    }

    fn remove_volume(&self, name: &str) -> Answer<'_, ()> {
        let name = name.to_owned();
        Box::pin(async move {
            self.call("remove_volume", &name, true, |world, _| world.remove_volume(&name)).await
        })
    }
}
