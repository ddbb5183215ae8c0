//! Calls about images: what is there, and pulling.

use futures_util::StreamExt;
use hyper::Method;
use hyper::header::HeaderValue;

use super::error::Fault;
use super::path::{encode_reference, filters, with_query};
use super::transport::Call;
use super::view::View;
use super::{Docker, SHORT, stream};
use crate::base::ImageId;
use crate::base::image_ref::ImageRef;
use crate::base::platform::Platform;
use crate::engine::{Answer, Answers, EngineError, Images, PullProgress};
use crate::state::{ApiVersion, ObservedImage};

/// From here on an inspection tells the manifests.
const MANIFESTS: ApiVersion = ApiVersion::new(1, 48);

impl Images for Docker {
    fn inspect_image(&self, reference: &str, platform: Option<&str>) -> Answer<'_, ObservedImage> {
        let (reference, platform) = (reference.to_owned(), platform.map(str::to_owned));
        Box::pin(async move {
            let subject = format!("inspect image {reference}");
            let wanted = match &platform {
                None => None,
                Some(text) => Some(Platform::parse(text).map_err(|error| EngineError::Refused {
                    subject: subject.clone(),
                    status: 400,
                    message: error.to_string(),
                })?),
            };
            let missing = || EngineError::NotFound {
                subject: subject.clone(),
                message: format!("No such image: {reference}"),
            };
            if reference.is_empty() {
                return Err(missing());
            }
            let path = format!("/images/{}/json", encode_reference(&reference));
            let manifests = self.transport.version().await? >= MANIFESTS;
            let path = if manifests { format!("{path}?manifests=1") } else { path };
            let answer: serde_json::Value =
                self.transport.json(Call::new(Method::GET, path, subject.clone())).await?;
            let image = View(&answer);
            // Among several manifests that of the engine's own platform counts, unless one is asked for.
            let wish = match &wanted {
                Some(_) => None,
                None if image.items("Manifests").nth(1).is_some() => Some(self.host().await?),
                None => None,
            };
            observed(image, wanted.as_ref(), wish).ok_or_else(missing)
        })
    }

    fn registry_digest(&self, reference: &str) -> Answer<'_, String> {
        let reference = reference.to_owned();
        Box::pin(async move {
            let subject = format!("look up image {reference}");
            let auth = self.registry_auth(&reference, &subject).await?;
            let path = format!("/distribution/{}/json", encode_reference(&reference));
            let call =
                Call::new(Method::GET, path, subject).header("x-registry-auth", auth).patience(SHORT * 2);
            let answer: serde_json::Value = self.transport.json(call).await?;
            Ok(View(&answer).at("Descriptor").text("digest"))
        })
    }

    fn list_images(&self, labels: &[String]) -> Answer<'_, Vec<String>> {
        let filters = filters(&[("label", labels)]);
        Box::pin(async move {
            let path = with_query("/images/json", &[("filters", &filters)]);
            let listed: serde_json::Value =
                self.transport.json(Call::new(Method::GET, path, "list images")).await?;
            let images = listed.as_array().map(Vec::as_slice).unwrap_or_default();
            let tags = images.iter().filter_map(|image| image["RepoTags"].as_array()).flatten();
            let mut tags: Vec<String> = tags
                .filter_map(|tag| tag.as_str())
                // What has lost its name.
                .filter(|tag| !tag.starts_with("<none>"))
                .map(str::to_owned)
                .collect();
            tags.sort();
            Ok(tags)
        })
    }

    fn remove_image(&self, reference: &str) -> Answer<'_, ()> {
        let subject = format!("remove image {reference}");
        let path = format!("/images/{}", encode_reference(reference));
        Box::pin(async move { self.transport.done(Call::new(Method::DELETE, path, subject)).await })
    }

    fn pull_image(&self, reference: &str, platform: Option<&str>) -> Answer<'_, Answers<PullProgress>> {
        let (reference, platform) = (reference.to_owned(), platform.map(str::to_owned));
        Box::pin(async move {
            let subject = format!("pull image {reference}");
            let parsed = parse(&reference, &subject)?;
            let auth = self.registry_auth(&reference, &subject).await?;
            let name = parsed.familiar_name();
            let mut query = vec![("fromImage", name.as_str())];
            query.extend(parsed.digest().or(parsed.tag()).map(|tag| ("tag", tag)));
            query.extend(platform.as_deref().map(|platform| ("platform", platform)));
            // The head comes with the first news, after the registry has answered.
            let call = Call::new(Method::POST, with_query("/images/create", &query), subject.clone())
                .header("x-registry-auth", auth)
                .header("content-type", HeaderValue::from_static("text/plain"))
                .patience(SHORT * 10);
            let response = match self.transport.open(call).await {
                Ok(response) => response,
                // A refusal may come before or after the head: it is an item of the stream either way.
                Err(error) => {
                    let refusal: Answers<PullProgress> =
                        Box::pin(futures_util::stream::once(std::future::ready(Err(error))));
                    return Ok(refusal);
                }
            };
            let (transport, about) = (self.transport.clone(), subject.clone());
            let values = stream::values(response, move |fault| transport.fault(&about, fault));
            let transport = self.transport.clone();
            let news: Answers<PullProgress> = Box::pin(
                values.map(move |value| progress(&value?).map_err(|fault| transport.fault(&subject, fault))),
            );
            Ok(news)
        })
    }
}

impl Docker {
    /// Who the user is to the registry of a reference.
    async fn registry_auth(&self, reference: &str, subject: &str) -> Result<HeaderValue, EngineError> {
        let parsed = parse(reference, subject)?;
        let header = self.credentials.header(parsed.domain()).await;
        header.map_err(|message| EngineError::Unauthorised { subject: subject.to_owned(), message })
    }
}

fn parse(reference: &str, subject: &str) -> Result<ImageRef, EngineError> {
    let parsed = ImageRef::parse(reference).map_err(|error| EngineError::Refused {
        subject: subject.to_owned(),
        status: 400,
        message: error.to_string(),
    })?;
    Ok(parsed.with_default_tag())
}

fn progress(value: &serde_json::Value) -> Result<PullProgress, Fault> {
    let view = View(value);
    let detail = view.at("errorDetail");
    if let Some(message) = detail.word("message").or_else(|| view.word("error")) {
        return Err(Fault::Status(pull_status(detail.number("code"), &message), message));
    }
    let counts = view.at("progressDetail");
    let count = |key: &str| u64::try_from(counts.number(key)).unwrap_or_default();
    Ok(PullProgress {
        layer: view.text("id"),
        status: view.text("status"),
        progress: (count("total") > 0 || count("current") > 0).then(|| (count("current"), count("total"))),
    })
}

/// The head said success already: the status is guessed from the registry's words.
fn pull_status(code: i64, message: &str) -> u16 {
    if let Ok(code) = u16::try_from(code)
        && (400..600).contains(&code)
    {
        return code;
    }
    let said = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if said(&["unauthorized", "access denied", "authentication required", "no basic auth"]) {
        401
    } else if said(&["not found", "manifest unknown", "no matching manifest"]) {
        404
    } else {
        500
    }
}

/// What an inspection tells; `None` when no local image is of the wanted platform.
/// `host` is the engine's own platform, which counts when none is wanted; unknown where it can't matter.
fn observed(image: View<'_>, wanted: Option<&Platform>, host: Option<&Platform>) -> Option<ObservedImage> {
    let config = image.at("Config");
    let flat = platform(image.text("Os"), image.text("Architecture"), image.text("Variant"));
    let id = image.text("Id");
    let local: Vec<(String, Option<Platform>)> = image
        .items("Manifests")
        .filter(|manifest| manifest.text("Kind") == "image" && manifest.flag("Available"))
        .map(|manifest| {
            let of = manifest.at("ImageData").at("Platform");
            let of = if of.given() { of } else { manifest.at("Descriptor").at("platform") };
            let platform =
                of.given().then(|| platform(of.text("os"), of.text("architecture"), of.text("variant")));
            (manifest.word("ID").unwrap_or_else(|| manifest.at("Descriptor").text("digest")), platform)
        })
        .collect();
    let fits = |of: Option<&Platform>, wish: &Platform| wish.fits(of.unwrap_or(&flat));
    if let Some(wish) = wanted {
        let there = if local.is_empty() {
            fits(None, wish)
        } else {
            local.iter().any(|(_, of)| fits(of.as_ref(), wish))
        };
        if !there {
            return None;
        }
    }
    let wish = wanted.or(host);
    let identity = match local.iter().find(|(_, of)| wish.is_some_and(|wish| fits(of.as_ref(), wish))) {
        Some((digest, _)) => digest.clone(),
        None => match local.as_slice() {
            [(digest, _)] => digest.clone(),
            _ => id.clone(),
        },
    };
    Some(ObservedImage {
        id: ImageId::from(id),
        identity,
        volumes: config.entries("Volumes").into_iter().map(|(path, _)| path.to_owned()).collect(),
        environment: config.words("Env"),
        command: config.list("Cmd"),
        entrypoint: config.list("Entrypoint"),
        labels: config.map("Labels").into_iter().collect(),
        last_tagged: image.at("Metadata").word("LastTagTime").and_then(|text| seconds(&text)),
    })
}

/// Any order of writing: `arm64/v8` is `arm64`.
fn platform(os: String, arch: String, variant: String) -> Platform {
    let parts = [os.as_str(), arch.as_str(), variant.as_str()];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    Platform::parse(&text).unwrap_or(Platform { os, arch, variant })
}

/// Go's zero time is before every time.
fn seconds(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_second()).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn host() -> Platform {
        Platform { os: "linux".into(), arch: "amd64".into(), variant: String::new() }
    }

    #[test]
    fn identity_is_the_manifest_of_the_wanted_platform() {
        let manifest = |id: &str, arch: &str, available: bool| {
            json!({"ID": id, "Kind": "image", "Available": available,
                "ImageData": {"Platform": {"os": "linux", "architecture": arch}}})
        };
        let image = json!({"Id": "sha256:index", "Manifests": [
            manifest("sha256:arm", "arm64", true), manifest("sha256:amd", "amd64", true),
            manifest("sha256:s390x", "s390x", false)]});
        let at = |text: Option<&str>| {
            let wanted = text.map(|text| Platform::parse(text).expect("a platform"));
            observed(View(&image), wanted.as_ref(), Some(&host())).map(|image| image.identity)
        };
        assert_eq!(at(None).as_deref(), Some("sha256:amd"));
        assert_eq!(at(Some("linux/arm64/v8")).as_deref(), Some("sha256:arm"));
        assert_eq!(at(Some("linux/s390x")), None);
    }

    #[test]
    fn old_engines_tell_the_id_only() {
        let image = json!({"Id": "sha256:x", "Os": "linux", "Architecture": "amd64",
            "Config": {"Volumes": {"/data": {}}, "Cmd": null, "Env": ["A=1"], "Labels": null},
            "Metadata": {"LastTagTime": "0001-01-01T00:00:00Z"}});
        let found = observed(View(&image), None, None).expect("an image");
        assert_eq!((found.identity.as_str(), found.last_tagged), ("sha256:x", None));
        assert_eq!(found.volumes, ["/data"]);
        let arm = Platform::parse("linux/arm64").expect("a platform");
        assert!(observed(View(&image), Some(&arm), None).is_none());
    }

    #[test]
    fn a_failed_pull_is_classified_by_its_words() {
        let failed = json!({"errorDetail": {"message": "manifest unknown"}, "error": "manifest unknown"});
        assert!(matches!(progress(&failed), Err(Fault::Status(404, _))));
        let going = json!({"id": "l", "status": "Downloading", "progressDetail": {"current": 1, "total": 2}});
        assert!(matches!(progress(&going), Ok(PullProgress { progress: Some((1, 2)), .. })));
    }
}
