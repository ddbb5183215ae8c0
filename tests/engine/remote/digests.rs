//! Images by their digests, on the engine in memory.

use std::path::PathBuf;

use rcompose::app::config::{Form, What, render};
use rcompose::app::digests::{lock, pin};
use rcompose::app::load::{LoadRequest, Loaded, load};
use rcompose::app::{Along, Request};
use rcompose::load::files::MapFiles;
use rcompose::memory::MemoryEngine;

const FILE: &str = "name: shop
services:
  web:
    image: org/app
    pre_start: [{image: busybox:1, command: [\"true\"]}]
    volumes:
      - {type: image, source: busybox:1, target: /a}
      - {type: image, source: base, target: /b}
      - {type: volume, source: data, target: /c}
  base: {image: busybox:1}
  off: {image: nobody/has/this, profiles: [off]}
volumes: {data: {}}
";

fn loaded(interpolate: bool) -> Loaded {
    let files = MapFiles::new().with("/shop/compose.yaml", FILE);
    let request = Request { cwd: PathBuf::from("/shop"), no_interpolate: !interpolate, ..Request::default() };
    let mut wanted = LoadRequest::full(request, Vec::new());
    wanted.interpolate = interpolate;
    wanted.bind = interpolate;
    wanted.along = Along::Dependencies;
    let loaded = load(&wanted, &files);
    assert!(!loaded.findings.has_errors(), "{:?}", loaded.findings);
    loaded
}

fn engine(images: &[&str]) -> MemoryEngine {
    let engine = MemoryEngine::new();
    images.iter().for_each(|image| engine.publish(image));
    engine
}

#[tokio::test]
async fn every_image_gets_its_digest_and_names_of_services_stay() {
    let engine = engine(&["org/app:latest", "busybox:1", "nobody/has/this"]);
    for interpolate in [true, false] {
        let mut loaded = loaded(interpolate);
        pin(&engine, &mut loaded, None).await.unwrap();
        let text = render(&loaded, &What::Project, Form::Yaml, !interpolate).unwrap();
        assert!(text.contains("image: docker.io/org/app:latest@sha256:"), "{text}");
        assert_eq!(text.matches("docker.io/library/busybox:1@sha256:").count(), 3, "{text}");
        assert!(text.contains("source: base\n"), "{text}");
        assert!(text.contains("source: data\n"), "{text}");

        let unlocked = lock(&mut loaded);
        assert_eq!(unlocked, ["web"]);
        let text = render(&loaded, &What::Project, Form::Yaml, !interpolate).unwrap();
        assert!(
            text.starts_with("services:\n  base:\n    image: docker.io/library/busybox:1@sha256:"),
            "{text}"
        );
        assert!(!text.contains("pre_start") && !text.contains("data"), "{text}");
        assert_eq!(text.matches("type: image").count(), 2, "{text}");
    }
}

#[tokio::test]
async fn all_unknown_images_are_told_and_nothing_changes() {
    let mut loaded = loaded(true);
    let before = render(&loaded, &What::Project, Form::Yaml, false).unwrap();
    let failures = pin(&engine(&[]), &mut loaded, Some(1)).await.unwrap_err();
    let words: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "failed to resolve digest for docker.io/library/busybox:1: manifest of docker.io/library/busybox:1 unknown",
            "failed to resolve digest for docker.io/org/app:latest: manifest of docker.io/org/app:latest unknown",
        ]
    );
    assert_eq!(render(&loaded, &What::Project, Form::Yaml, false).unwrap(), before);
}
