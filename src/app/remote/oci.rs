//! Compose files that are kept in a registry, as `publish` puts them there.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::cache::Cache;
use super::registry::{Item, Registries, RegistryError};
use crate::base::image_ref::ImageRef;
use crate::load::files::MAX_TEXT;
use crate::load::remote::RemoteError;

const PROJECT: &str = "application/vnd.docker.compose.project";
const COMPOSE_FILE: &str = "application/vnd.docker.compose.file+yaml";
const ENV_FILE: &str = "application/vnd.docker.compose.envfile";
/// What the configuration of an OCI 1.0 artifact is called, which has no type of its own.
const OLD_CONFIG: &str = "application/vnd.docker.compose.config.empty.v1+json";

/// The file that all layers without a name of their own make up.
const MAIN: &str = "compose.yaml";

/// The largest manifest, in bytes; registries take no larger ones.
const MAX_MANIFEST: u64 = 4 << 20;

/// The most layers an artifact has.
const MAX_LAYERS: usize = 1000;

/// A manifest, or an index of them: the fields that matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Manifest {
    media_type: String,
    artifact_type: String,
    config: Descriptor,
    layers: Vec<Descriptor>,
    manifests: Vec<Descriptor>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Descriptor {
    media_type: String,
    artifact_type: String,
    digest: String,
    size: u64,
    annotations: std::collections::BTreeMap<String, String>,
}

impl Descriptor {
    fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.get(&format!("com.docker.compose.{name}")).map(String::as_str)
    }
}

/// An artifact of a registry.
struct Artifact<'a> {
    registries: &'a Registries,
    image: ImageRef,
}

/// Brings an artifact's files here and gives the path of its Compose file. A digest that is there already
/// is not asked for again.
pub(super) fn fetch(registries: &Registries, cache: &Cache, reference: &str) -> Result<PathBuf, RemoteError> {
    let image = ImageRef::parse(reference).map_err(|error| {
        RemoteError::new(format!("oci://{reference}: {error}")).help("write oci://REGISTRY/REPOSITORY:TAG")
    })?;
    let artifact = Artifact { registries, image: image.with_default_tag() };
    if let Some(tree) = artifact.image.digest().and_then(key).and_then(|name| cache.find(name)) {
        return Ok(tree.join(MAIN));
    }
    let (digest, bytes) = artifact.manifest(artifact.image.digest())?;
    let broken = || RemoteError::new(format!("{}: the registry's digest {digest} is none", artifact.image));
    let name = key(&digest).ok_or_else(broken)?;
    if let Some(tree) = cache.find(name) {
        return Ok(tree.join(MAIN));
    }
    let manifest = artifact.project(&bytes)?;
    let store = |error: std::io::Error| RemoteError::new(format!("cannot keep {}: {error}", artifact.image));
    let filled = cache.begin().map_err(store)?;
    artifact.write(&manifest, filled.path())?;
    Ok(cache.keep(filled, name).map_err(store)?.join(MAIN))
}

impl Artifact<'_> {
    /// A manifest with its digest: the one wanted, or what the tag means now.
    fn manifest(&self, digest: Option<&str>) -> Result<(String, Vec<u8>), RemoteError> {
        let which = digest.or(self.image.tag()).unwrap_or("latest");
        let bytes = self.get(Item::Manifest(which), MAX_MANIFEST)?;
        match digest {
            Some(digest) => {
                self.check(digest, &bytes)?;
                Ok((digest.to_owned(), bytes))
            }
            None => Ok((format!("sha256:{}", hex(Sha256::digest(&bytes).as_slice())), bytes)),
        }
    }

    /// The manifest of a Compose project; an index (of an application with its images) names it.
    fn project(&self, bytes: &[u8]) -> Result<Manifest, RemoteError> {
        let mut manifest = self.read(bytes)?;
        let is_index = manifest.media_type.ends_with("index.v1+json")
            || manifest.media_type.ends_with("manifest.list.v2+json")
            || (manifest.layers.is_empty() && !manifest.manifests.is_empty());
        if is_index {
            let inner = manifest.manifests.iter().rfind(|inner| inner.artifact_type == PROJECT);
            let inner = inner.ok_or_else(|| {
                RemoteError::new(format!("OCI index {} doesn't refer to compose artifacts", self.image))
            })?;
            manifest = self.read(&self.manifest(Some(&inner.digest))?.1)?;
        }
        let kind = match manifest.artifact_type.as_str() {
            "" => manifest.config.media_type.as_str(),
            kind => kind,
        };
        match kind {
            PROJECT | OLD_CONFIG => Ok(manifest),
            other => Err(RemoteError::new(format!(
                "{} is not a compose project OCI artifact, but {other}",
                self.image
            ))),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Manifest, RemoteError> {
        serde_json::from_slice(bytes)
            .map_err(|error| RemoteError::new(format!("{}: the manifest can't be read: {error}", self.image)))
    }

    /// Writes the files of all layers into an empty directory.
    fn write(&self, manifest: &Manifest, directory: &Path) -> Result<(), RemoteError> {
        let invalid = |why: &str| RemoteError::new(format!("invalid OCI artifact: {}: {why}", self.image));
        if manifest.layers.len() > MAX_LAYERS {
            return Err(invalid("it has too many layers"));
        }
        for layer in &manifest.layers {
            let (name, text) = match layer.media_type.as_str() {
                COMPOSE_FILE if layer.annotation("extends").is_some() => {
                    (layer.annotation("file").unwrap_or_default(), true)
                }
                COMPOSE_FILE => (MAIN, true),
                ENV_FILE => match layer.annotation("envfile") {
                    Some(name) => (name, false),
                    None => return Err(invalid("an environment file has no name")),
                },
                _ => continue,
            };
            if !is_plain_name(name) {
                return Err(invalid(&format!("\"{}\" is no name for a file", name.escape_debug())));
            }
            let path = directory.join(name);
            let content = self.blob(layer)?;
            let before = match std::fs::read(&path) {
                Ok(before) if text => before,
                Ok(_) => return Err(invalid(&format!("it has two files {name}"))),
                Err(_) => Vec::new(),
            };
            // Several Compose files are documents of one, each laid over those before it.
            let separator: &[u8] = if before.is_empty() { b"" } else { b"\n---\n" };
            let all = [before.as_slice(), separator, content.as_slice()].concat();
            std::fs::write(&path, all)
                .map_err(|error| RemoteError::new(format!("{}: {name}: {error}", self.image)))?;
        }
        match directory.join(MAIN).is_file() {
            true => Ok(()),
            false => Err(invalid("it has no Compose file")),
        }
    }

    fn blob(&self, layer: &Descriptor) -> Result<Vec<u8>, RemoteError> {
        let limit = layer.size.min(MAX_TEXT as u64);
        let bytes = self.get(Item::Blob(&layer.digest), limit)?;
        self.check(&layer.digest, &bytes)?;
        Ok(bytes)
    }

    fn check(&self, digest: &str, bytes: &[u8]) -> Result<(), RemoteError> {
        match matches(digest, bytes) {
            true => Ok(()),
            false => Err(RemoteError::new(format!(
                "{}: the registry sent something else than {digest}",
                self.image
            ))),
        }
    }

    fn get(&self, item: Item<'_>, limit: u64) -> Result<Vec<u8>, RemoteError> {
        self.registries.get(&self.image, item, limit).map_err(|error| {
            let message = format!("failed to pull OCI resource \"{}\": {error}", self.image);
            match error {
                RegistryError::Unauthorised { domain, .. } => {
                    RemoteError::new(message).help(format!("log in: docker login {domain}"))
                }
                _ => RemoteError::new(message),
            }
        })
    }
}

/// The name of a digest's tree in the cache: its digits.
fn key(digest: &str) -> Option<&str> {
    let (_, hex) = digest.split_once(':')?;
    (hex.len() >= 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))).then_some(hex)
}

/// Whether bytes have a digest.
fn matches(digest: &str, bytes: &[u8]) -> bool {
    let Some((algorithm, wanted)) = digest.split_once(':') else { return false };
    let found = match algorithm {
        "sha256" => hex(Sha256::digest(bytes).as_slice()),
        "sha384" => hex(Sha384::digest(bytes).as_slice()),
        "sha512" => hex(Sha512::digest(bytes).as_slice()),
        _ => return false,
    };
    found == wanted
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a name is that of a file right in a directory, on every system.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !matches!(name, "." | "..")
        && !name.contains(['/', '\\', ':'])
        && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_compared_by_their_own_algorithm() {
        let sha512 = "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                      2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        let sha256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(matches(sha256, b"abc") && matches(sha512, b"abc"));
        assert!(!matches(sha256, b"abd"));
        assert!(!matches("md5:900150983cd24fb0d6963f7d28e17f72", b"abc"));
        assert!(!matches("", b""));
        assert_eq!(key(sha256), sha256.split_once(':').map(|(_, hex)| hex));
        assert_eq!(key("sha256:../../etc"), None);
    }

    #[test]
    fn files_lie_in_the_directory_itself() {
        for good in ["a.yaml", ".env", "a b"] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in ["", ".", "..", "../a", "a/b", "a\\b", "c:x", "a\0", "/etc/passwd"] {
            assert!(!is_plain_name(bad), "{bad}");
        }
    }
}
