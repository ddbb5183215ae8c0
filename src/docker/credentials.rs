//! Registry credentials, from the usual places.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use hyper::header::HeaderValue;
use serde_json::json;

use super::Config;

/// The name under which credentials of the Docker Hub are kept.
const HUB: &str = "https://index.docker.io/v1/";

/// Where credentials come from.
#[derive(Clone)]
pub struct Credentials {
    places: Arc<Places>,
}

/// Who the user is to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that buys other tokens.
    IdentityToken(String),
}

struct Places {
    config_dir: Option<PathBuf>,
    text: Option<String>,
}

impl Credentials {
    /// The credentials that a configuration names; nothing is read before they are asked for.
    pub fn new(config: &Config) -> Credentials {
        let text = config.auth_config.clone().filter(|text| !text.is_empty());
        Credentials { places: Arc::new(Places { config_dir: config.config_dir.clone(), text }) }
    }

    /// Who the user is to a registry (`docker.io`, `ghcr.io`, `localhost:5000`). Blocking: files are read,
    /// and helper programs may be run. The words of an error name no secret.
    pub fn find(&self, domain: &str) -> Result<Option<Credential>, String> {
        find(&self.places, &server(domain))
    }

    /// The `X-Registry-Auth` header for a registry; anonymous when nothing is known. Helper programs
    /// may be run, so this takes a thread of its own. The words of an error name no secret.
    pub(super) async fn header(&self, domain: &str) -> Result<HeaderValue, String> {
        let places = Arc::clone(&self.places);
        let server = server(domain);
        let found = tokio::task::spawn_blocking(move || find(&places, &server).map(|found| (found, server)))
            .await
            .map_err(|error| error.to_string())?;
        let (found, server) = found?;
        let value = match found {
            None => json!({}),
            Some(Credential::IdentityToken(token)) => {
                json!({ "identitytoken": token, "serveraddress": server })
            }
            Some(Credential::Password { username, password }) => {
                json!({ "username": username, "password": password, "serveraddress": server })
            }
        };
        let mut header =
            HeaderValue::try_from(URL_SAFE.encode(value.to_string())).map_err(|error| error.to_string())?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The name under which a registry's credentials are kept.
fn server(domain: &str) -> String {
    if domain == "docker.io" { HUB.to_owned() } else { domain.to_owned() }
}

fn find(places: &Places, server: &str) -> Result<Option<Credential>, String> {
    if let Some(text) = &places.text
        && let Some(found) = look(Cursor::new(text.as_bytes()), server)?
    {
        return Ok(Some(found));
    }
    let Some(path) = places.config_dir.as_ref().map(|directory| directory.join("config.json")) else {
        return Ok(None);
    };
    match std::fs::File::open(&path) {
        Ok(file) => look(std::io::BufReader::new(file), server),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

fn look(reader: impl Read, server: &str) -> Result<Option<Credential>, String> {
    match get_credential_from_reader(reader, server) {
        Ok(DockerCredential::UsernamePassword(name, token)) if name == "<token>" => {
            Ok(Some(Credential::IdentityToken(token)))
        }
        Ok(DockerCredential::UsernamePassword(username, password)) => {
            Ok(Some(Credential::Password { username, password }))
        }
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Credential::IdentityToken(token))),
        Err(CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound) => {
            Ok(None)
        }
        // What helpers say when they know nothing.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(None)
        }
        // Its output may hold a secret: only the helper's name is told.
        Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
            Err(format!("the credential helper {helper} failed for {server}"))
        }
        Err(other) => Err(format!("credentials of {server}: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn credentials_become_a_header() {
        let text = r#"{"auths":{"reg.example:5000":{"auth":"bWU6cGFzcw=="}}}"#;
        let config = Config { auth_config: Some(text.to_owned()), ..Config::default() };
        let store = Credentials::new(&config);
        let decode = |header: HeaderValue| {
            let bytes = URL_SAFE.decode(header.as_bytes()).expect("base64");
            serde_json::from_slice::<serde_json::Value>(&bytes).expect("json")
        };
        let known = decode(store.header("reg.example:5000").await.expect("a header"));
        assert_eq!((known["username"].as_str(), known["password"].as_str()), (Some("me"), Some("pass")));
        let unknown = decode(store.header("docker.io").await.expect("a header"));
        assert_eq!(unknown, json!({}));
    }
}
