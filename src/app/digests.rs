//! `config --resolve-image-digests` and `--lock-image-digests`: images by what they are, not by their tag.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;

use super::load::Loaded;
use crate::base::image_ref::{ImageRef, ImageRefError};
use crate::engine::{Engine, EngineError};
use crate::model::{MountType, Project, Service};
use crate::yaml::{Kind, Node};

/// Registries asked at once, when the user sets no limit.
const AT_ONCE: usize = 8;

/// An image whose digest isn't known.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The name is none.
    #[error("failed to resolve digest for {image}: {cause}")]
    Name {
        /// As it is written.
        image: String,
        /// What is wrong.
        cause: ImageRefError,
    },
    /// The engine or the registry does not tell.
    #[error("failed to resolve digest for {image}: {}", cause.message())]
    Unknown {
        /// The full name.
        image: String,
        /// Why.
        #[source]
        cause: EngineError,
    },
}

/// Gives every image the digest that its registry has for it now, in the project or, when that was not
/// asked for, in the tree. All failures are told.
pub async fn pin(
    engine: &dyn Engine,
    loaded: &mut Loaded,
    at_once: Option<usize>,
) -> Result<(), Vec<DigestError>> {
    let mut images: BTreeMap<String, String> = BTreeMap::new();
    each_image(loaded, &mut |image| {
        images.insert(image.clone(), String::new());
    });
    let answers = futures_util::stream::iter(images.into_keys().map(|image| async {
        let pinned = pinned(engine, &image).await;
        (image, pinned)
    }));
    let answers: Vec<_> = answers.buffered(at_once.unwrap_or(AT_ONCE)).collect().await;
    let mut known = BTreeMap::new();
    let mut failures = Vec::new();
    for (image, pinned) in answers {
        match pinned {
            Ok(pinned) => {
                known.insert(image, pinned);
            }
            Err(error) => failures.push(error),
        }
    }
    if !failures.is_empty() {
        return Err(failures);
    }
    each_image(loaded, &mut |image| {
        if let Some(pinned) = known.get(image) {
            image.clone_from(pinned);
        }
    });
    Ok(())
}

/// The full name of an image with its digest. One that has a digest is what it says, and its tag goes.
async fn pinned(engine: &dyn Engine, image: &str) -> Result<String, DigestError> {
    let wrong = |cause| DigestError::Name { image: image.to_owned(), cause };
    let parsed = ImageRef::parse(image).map_err(wrong)?;
    if let Some(digest) = parsed.digest() {
        return Ok(format!("{}@{digest}", parsed.name()));
    }
    let named = parsed.with_default_tag();
    let image = named.to_string();
    match engine.registry_digest(&image).await {
        Ok(digest) => Ok(named.with_digest(&digest).map_err(wrong)?.to_string()),
        Err(cause) => Err(DigestError::Unknown { image, cause }),
    }
}

/// Every image that something is run or mounted from.
fn each_image(loaded: &mut Loaded, change: &mut dyn FnMut(&mut String)) {
    if let Some(project) = &mut loaded.project {
        images_of_project(project, change);
    } else if let Some(tree) = &mut loaded.tree {
        images_of_tree(Arc::make_mut(tree), change);
    }
}

fn images_of_project(project: &mut Project, change: &mut dyn FnMut(&mut String)) {
    let services: Vec<String> =
        project.services.keys().chain(project.disabled_services.keys()).map(ToString::to_string).collect();
    let is_service = |source: &String| services.contains(source);
    for service in project.services.values_mut() {
        service.container.image.iter_mut().for_each(&mut *change);
        let hooks = service.pre_start.iter_mut().filter_map(|hook| hook.container.image.as_mut());
        hooks.for_each(&mut *change);
    }
    project.jobs.values_mut().filter_map(|job| job.container.image.as_mut()).for_each(&mut *change);
    let containers = project
        .services
        .values_mut()
        .map(|service| &mut service.container)
        .chain(project.jobs.values_mut().map(|job| &mut job.container));
    let mounts = containers.flat_map(|container| &mut container.volumes);
    mounts
        .filter(|mount| mount.kind == MountType::Image)
        .filter_map(|mount| mount.source.as_mut())
        // The name of a service stands for whatever that runs.
        .filter(|source| !is_service(source))
        .for_each(change);
}

fn images_of_tree(tree: &mut Node, change: &mut dyn FnMut(&mut String)) {
    let services = names_in(tree, "services");
    for section in ["services", "jobs"] {
        for name in names_in(tree, section) {
            let Some(service) = tree.get_mut(section).and_then(|map| map.get_mut(&name)) else { continue };
            if let Some(image) = service.get_mut("image") {
                text(image, change);
            }
            for hook in service.get_mut("pre_start").and_then(Node::as_sequence_mut).into_iter().flatten() {
                if let Some(image) = hook.get_mut("image") {
                    text(image, change);
                }
            }
            for mount in service.get_mut("volumes").and_then(Node::as_sequence_mut).into_iter().flatten() {
                if !is_image_mount(mount) {
                    continue;
                }
                if let Some(source) = mount.get_mut("source")
                    && source.as_str().is_some_and(|source| !services.iter().any(|name| name == source))
                {
                    text(source, change);
                }
            }
        }
    }
}

fn names_in(tree: &Node, section: &str) -> Vec<String> {
    let map = tree.get(section).and_then(Node::as_mapping);
    map.map(|map| map.keys().map(str::to_owned).collect()).unwrap_or_default()
}

fn is_image_mount(mount: &Node) -> bool {
    mount.get("type").and_then(Node::as_str) == Some("image")
}

fn text(node: &mut Node, change: &mut dyn FnMut(&mut String)) {
    if let Kind::String(text) = &mut node.kind
        && !text.is_empty()
    {
        change(text);
    }
}

/// Leaves only the images, so that what is printed can be laid over the project's files. Gives the
/// services whose `pre_start` has an image: hooks are added to each other when files are merged, so an
/// override can't change them.
pub fn lock(loaded: &mut Loaded) -> Vec<String> {
    if let Some(project) = &mut loaded.project {
        let with_hooks = project.services.values().filter(|service| {
            service.pre_start.iter().any(|hook| hook.container.image.as_ref().is_some_and(|i| !i.is_empty()))
        });
        let unlocked = with_hooks.map(|service| service.name.to_string()).collect();
        let only = |service: &Service| {
            let mut locked = Service { name: service.name.clone(), ..Service::default() };
            locked.container.image.clone_from(&service.container.image);
            let mounts = service.container.volumes.iter();
            locked.container.volumes =
                mounts.filter(|mount| mount.kind == MountType::Image).cloned().collect();
            locked
        };
        let services = project.services.iter().map(|(name, service)| (name.clone(), only(service)));
        *project = Project { services: services.collect(), ..Project::default() };
        return unlocked;
    }
    let Some(tree) = loaded.tree.as_mut().map(Arc::make_mut) else { return Vec::new() };
    let mut unlocked = Vec::new();
    if let Some(map) = tree.as_mapping_mut() {
        map.retain(|entry| entry.key.text == "services");
    }
    for name in names_in(tree, "services") {
        let Some(Kind::Mapping(service)) =
            tree.get_mut("services").and_then(|map| map.get_mut(&name)).map(|node| &mut node.kind)
        else {
            continue;
        };
        let hooks = service.get("pre_start").and_then(Node::as_sequence).unwrap_or_default();
        let has_image = |hook: &Node| hook.get("image").and_then(Node::as_str).is_some_and(|i| !i.is_empty());
        if hooks.iter().any(has_image) {
            unlocked.push(name);
        }
        service.retain(|entry| matches!(entry.key.text.as_str(), "image" | "volumes"));
        if let Some(mounts) = service.get_mut("volumes").and_then(Node::as_sequence_mut) {
            mounts.retain(is_image_mount);
        }
        if service.get("volumes").and_then(Node::as_sequence).is_none_or(<[Node]>::is_empty) {
            service.remove("volumes");
        }
    }
    unlocked
}
