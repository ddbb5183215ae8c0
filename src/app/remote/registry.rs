//! Reading from a registry over HTTP (OCI distribution specification 1.1): manifests and blobs.

use std::collections::HashMap;
use std::error::Error;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_auth::ChallengeParser;
use reqwest::StatusCode;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;

use crate::base::image_ref::{DEFAULT_DOMAIN, ImageRef};

/// Where the Docker Hub answers.
const HUB: &str = "registry-1.docker.io";

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(15);

/// How long a whole answer may take.
const ANSWER: Duration = Duration::from_secs(120);

/// The largest answer of a token service, in bytes.
const MAX_TOKEN: u64 = 1 << 20;

/// Who the user is to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
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

/// Knows who the user is to a registry. It blocks: helper programs may be asked.
pub trait Credentials: Send + Sync {
    /// The login for a registry (`docker.io`, `ghcr.io`, `localhost:5000`); `None` for anonymous use.
    /// The words of an error name no secret.
    fn login(&self, domain: &str) -> Result<Option<Login>, String>;
}

/// Nobody is known.
impl Credentials for () {
    fn login(&self, _: &str) -> Result<Option<Login>, String> {
        Ok(None)
    }
}

/// Why a registry did not give what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum RegistryError {
    #[error("{0}")]
    Unreachable(String),
    #[error("{0}: not found")]
    NotFound(String),
    #[error("{domain} refuses access: {cause}")]
    Unauthorised { domain: String, cause: String },
    #[error("{subject}: unexpected status from the registry: {status}")]
    Status { subject: String, status: StatusCode },
    #[error("{subject}: more than {limit} bytes")]
    TooLarge { subject: String, limit: u64 },
}

/// Registries, with what was learnt of them.
pub(super) struct Registries {
    /// Those that speak plain HTTP (`--insecure-registry`).
    insecure: Vec<String>,
    credentials: Arc<dyn Credentials>,
    /// What a registry's repositories want to see, by scheme, host and repository.
    authorizations: Mutex<HashMap<String, HeaderValue>>,
}

/// One thing of a repository.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Manifest(&'a str),
    Blob(&'a str),
}

/// How a registry is reached.
struct Route {
    client: Client,
    base: String,
}

impl Registries {
    pub(super) fn new(insecure: Vec<String>, credentials: Arc<dyn Credentials>) -> Registries {
        Registries { insecure, credentials, authorizations: Mutex::default() }
    }

    /// Reads a thing of at most so many bytes. Its digest is the caller's to check.
    pub(super) fn get(&self, image: &ImageRef, item: Item<'_>, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let domain = image.domain();
        let mut schemes = self.schemes(domain).iter().peekable();
        loop {
            let Some(scheme) = schemes.next() else {
                return Err(RegistryError::Unreachable(format!("{domain} has no address")));
            };
            match route(scheme, domain).and_then(|route| self.get_by(&route, image, item, limit)) {
                // A registry of this machine may have no TLS.
                Err(RegistryError::Unreachable(_)) if schemes.peek().is_some() => {}
                other => return other,
            }
        }
    }

    /// How a registry may be spoken to, the first that works counts.
    fn schemes(&self, domain: &str) -> &'static [&'static str] {
        match self.insecure.iter().any(|insecure| insecure == domain) {
            true => &["http"],
            false if is_loopback(domain) => &["https", "http"],
            false => &["https"],
        }
    }

    fn get_by(
        &self,
        route: &Route,
        image: &ImageRef,
        item: Item<'_>,
        limit: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let (kind, which) = match item {
            Item::Manifest(which) => ("manifests", which),
            Item::Blob(digest) => ("blobs", digest),
        };
        let subject = match item {
            Item::Manifest(_) => image.to_string(),
            Item::Blob(digest) => format!("{}@{digest}", image.name()),
        };
        let url = format!("{}/v2/{}/{kind}/{which}", route.base, image.path());
        let request = || {
            let request = route.client.get(&url);
            match item {
                Item::Manifest(_) => request.header(ACCEPT, MANIFESTS),
                Item::Blob(_) => request,
            }
        };
        let key = format!("{}/{}", route.base, image.path());
        let known = self.authorizations.lock().ok().and_then(|known| known.get(&key).cloned());
        let mut response = send(match known {
            Some(value) => request().header(AUTHORIZATION, value),
            None => request(),
        })?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let value = self.authorize(route, image, &response)?;
            response = send(request().header(AUTHORIZATION, value.clone()))?;
            if let Ok(mut known) = self.authorizations.lock() {
                known.insert(key, value);
            }
        }
        match response.status() {
            status if status.is_success() => read(response, &subject, limit),
            StatusCode::NOT_FOUND => Err(RegistryError::NotFound(subject)),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(RegistryError::Unauthorised {
                domain: image.domain().to_owned(),
                cause: format!("{subject}: {status}"),
            }),
            status => Err(RegistryError::Status { subject, status }),
        }
    }

    /// Answers a challenge: with the login itself, or with a token it buys.
    fn authorize(
        &self,
        route: &Route,
        image: &ImageRef,
        refusal: &Response,
    ) -> Result<HeaderValue, RegistryError> {
        let refused =
            |cause: String| RegistryError::Unauthorised { domain: image.domain().to_owned(), cause };
        let challenges = refusal.headers().get_all(WWW_AUTHENTICATE);
        let texts = challenges.iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<Challenge> = texts.flat_map(Challenge::read_all).collect();
        let login = self.credentials.login(image.domain()).map_err(refused)?;
        let bearer = challenges.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"));
        let value = match (bearer, &login) {
            (Some(bearer), _) => {
                let token = self.token(route, image, bearer, login.as_ref())?;
                format!("Bearer {token}")
            }
            (None, Some(Login::Password { username, password })) => {
                use base64::Engine as _;
                let both = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
                format!("Basic {both}")
            }
            (None, Some(Login::IdentityToken(_))) => {
                return Err(refused("it takes a name and a password, and only a token is known".to_owned()));
            }
            (None, None) => return Err(refused(format!("no login is known for it ({})", refusal.status()))),
        };
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| refused("its token has characters that no header takes".to_owned()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Buys a token at the service that the registry names.
    fn token(
        &self,
        route: &Route,
        image: &ImageRef,
        challenge: &Challenge,
        login: Option<&Login>,
    ) -> Result<String, RegistryError> {
        /// What token services answer: one of the two.
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let refused =
            |cause: String| RegistryError::Unauthorised { domain: image.domain().to_owned(), cause };
        let Some(realm) = challenge.get("realm") else {
            return Err(refused("its challenge names no token service".to_owned()));
        };
        let own = format!("repository:{}:pull", image.path());
        let scope = challenge.get("scope").unwrap_or(&own);
        let mut fields = vec![("scope", scope)];
        fields.extend(challenge.get("service").map(|service| ("service", service)));
        let request = match login {
            Some(Login::IdentityToken(token)) => {
                fields.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "rcompose"),
                    ("refresh_token", token.as_str()),
                ]);
                route.client.post(realm).form(&fields)
            }
            Some(Login::Password { username, password }) => {
                route.client.get(realm).query(&fields).basic_auth(username, Some(password))
            }
            None => route.client.get(realm).query(&fields),
        };
        let response = send(request)?;
        if !response.status().is_success() {
            return Err(refused(format!("its token service answers {}", response.status())));
        }
        let bytes = read(response, "a token", MAX_TOKEN)?;
        let answer: Option<Token> = serde_json::from_slice(&bytes).ok();
        let token = answer.and_then(|answer| answer.token.or(answer.access_token));
        token.ok_or_else(|| refused("its token service gives no token".to_owned()))
    }
}

fn route(scheme: &str, domain: &str) -> Result<Route, RegistryError> {
    let host = if domain == DEFAULT_DOMAIN { HUB } else { domain };
    // The one provider of cryptography; that it is installed already is no matter.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = Client::builder()
            .user_agent(concat!("rcompose/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // What begins with TLS stays with it, through redirects and token services.
            .https_only(scheme == "https");
        if is_loopback(host) { builder.no_proxy() } else { builder }
    };
    let built = match builder().build() {
        // A machine without authorities can still do without TLS.
        Err(_) if scheme == "http" => builder().tls_certs_only([]).build(),
        built => built,
    };
    let client = built.map_err(|error| RegistryError::Unreachable(chain(error)))?;
    Ok(Route { client, base: format!("{scheme}://{host}") })
}

/// The forms of manifests that are understood, indexes among them.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// One challenge of a `WWW-Authenticate` header.
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The challenges of a header, as far as they can be read.
    fn read_all(header: &str) -> Vec<Challenge> {
        let readable = ChallengeParser::new(header).map_while(Result::ok);
        let own = readable.map(|challenge| Challenge {
            scheme: challenge.scheme.to_owned(),
            parameters: challenge
                .params
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.to_unescaped()))
                .collect(),
        });
        own.collect()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn send(request: RequestBuilder) -> Result<Response, RegistryError> {
    request.send().map_err(|error| RegistryError::Unreachable(chain(error)))
}

/// Reads a body, but never more than was expected.
fn read(response: Response, subject: &str, limit: u64) -> Result<Vec<u8>, RegistryError> {
    let mut bytes = Vec::new();
    let read = response.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| RegistryError::Unreachable(format!("{subject}: {error}")))?;
    match bytes.len() as u64 > limit {
        true => Err(RegistryError::TooLarge { subject: subject.to_owned(), limit }),
        false => Ok(bytes),
    }
}

/// An error with its causes. The address is left out beyond its host: redirects sign theirs.
fn chain(error: reqwest::Error) -> String {
    let host = error.url().and_then(|url| {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{}{port}", url.scheme(), url.host_str()?))
    });
    let error = error.without_url();
    let mut words = vec![host.map_or_else(|| error.to_string(), |host| format!("{host}: {error}"))];
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.iter().any(|known| known.contains(&text)) {
            words.push(text);
        }
        cause = inner.source();
    }
    words.join(": ")
}

/// Whether a registry is on this machine, where engines take plain HTTP as well.
fn is_loopback(domain: &str) -> bool {
    let host = match domain.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => domain.split(':').next().unwrap_or(domain),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
