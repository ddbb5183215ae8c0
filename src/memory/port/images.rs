//! The calls about images.

use futures_util::stream;

use crate::engine::{Answer, Answers, EngineError, Images, PullProgress};
use crate::memory::{MemoryEngine, name};
use crate::state::ObservedImage;

impl Images for MemoryEngine {
    fn inspect_image(&self, reference: &str, _: Option<&str>) -> Answer<'_, ObservedImage> {
        let reference = reference.to_owned();
        Box::pin(async move {
            self.call("inspect_image", &reference, false, |world, _| world.image(&reference).cloned()).await
        })
    }

    fn registry_digest(&self, reference: &str) -> Answer<'_, String> {
        let reference = name::image(reference);
        Box::pin(async move {
            self.call("registry_digest", &reference, false, |world, _| {
                if world.registry.contains(&reference) {
                    return Ok(name::digest(&reference));
                }
                Err(EngineError::NotFound {
                    subject: format!("image {reference}"),
                    message: format!("manifest of {reference} unknown"),
                })
            })
            .await
        })
    }

    fn list_images(&self, labels: &[String]) -> Answer<'_, Vec<String>> {
        let labels = labels.to_vec();
        Box::pin(async move {
            self.call("list_images", "images", false, |world, _| {
                let has = |image: &ObservedImage, wanted: &String| match wanted.split_once('=') {
                    Some((key, value)) => image.labels.get(key).is_some_and(|found| found == value),
                    None => image.labels.contains_key(wanted),
                };
                let images = world.images.iter().filter(|(_, image)| labels.iter().all(|l| has(image, l)));
                Ok(images.map(|(key, _)| name::familiar(key)).collect())
            })
            .await
        })
    }

    fn remove_image(&self, reference: &str) -> Answer<'_, ()> {
        let reference = reference.to_owned();
        Box::pin(async move {
            self.call("remove_image", &reference, true, |world, _| world.remove_image(&reference)).await
        })
    }

    fn pull_image(&self, reference: &str, _: Option<&str>) -> Answer<'_, Answers<PullProgress>> {
        let reference = reference.to_owned();
        Box::pin(async move {
            let result = self
                .call("pull_image", &reference, true, |world, _| {
                    if world.registry.contains(&name::image(&reference)) {
                        world.add_image(&reference);
                        return Ok(Ok(()));
                    }
                    Ok(Err(EngineError::NotFound {
                        subject: format!("image {reference}"),
                        message: format!(
                            "pull access denied for {reference}, repository does not exist or may require 'docker login'"
                        ),
                    }))
                })
                .await?;
            let familiar = name::familiar(&reference);
            let items = match result {
                Err(error) => vec![Err(error)],
                Ok(()) => ["Pulling from", "Status: Downloaded newer image for"]
                    .into_iter()
                    .map(|words| {
                        Ok(PullProgress { status: format!("{words} {familiar}"), ..PullProgress::default() })
                    })
                    .collect(),
            };
            let news: Answers<PullProgress> = Box::pin(stream::iter(items));
            Ok(news)
        })
    }
}
