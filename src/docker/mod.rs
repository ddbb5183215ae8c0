//! The port over the Docker engine API: connection, contexts, credentials, translation.
//!
//! In: a [`Config`] (the caller reads the environment, this module doesn't). Out: a [`Docker`] that
//! implements every trait of `engine`. The wire types of requests and the hijacked streams are bollard's;
//! the connection, the API version in the path, deadlines and answers that a newer engine may extend are
//! our own, because bollard neither keeps connections nor survives words it doesn't know.

mod body;
mod connect;
mod containers;
mod credentials;
mod endpoint;
mod error;
mod execs;
mod feed;
mod images;
mod inspect;
mod list;
mod networks;
mod path;
mod proxy;
mod spoken;
mod stream;
mod tls;
mod transport;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use tokio::sync::OnceCell;

use crate::base::platform::Platform;
use crate::engine::{Answer, EngineError, System};
use crate::state::{ApiVersion, Capabilities};
use transport::{Call, Transport};

pub use credentials::{Credential, Credentials};
pub use endpoint::{EndpointError, context, is_remote, ps_format};
pub use proxy::proxy_environment;

/// The newest API this adapter speaks.
pub const NEWEST_API: ApiVersion = ApiVersion::new(1, 51);

/// The oldest API it works with: that of Docker 20.10, as the README says.
pub const OLDEST_API: ApiVersion = ApiVersion::new(1, 41);

/// How to find and reach an engine. Nothing is read from the environment: the caller fills this in.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Address (`--host`, `DOCKER_HOST`); when set, no context is used.
    pub host: Option<String>,
    /// Name of a context (`--context`, `DOCKER_CONTEXT`); without it and without a host the
    /// `currentContext` of `config.json` counts.
    pub context: Option<String>,
    /// Directory of `config.json` and the contexts (`DOCKER_CONFIG`, `~/.docker`).
    pub config_dir: Option<PathBuf>,
    /// TLS wanted by flags or environment, for an address (a context brings its own).
    pub tls: Option<TlsConfig>,
    /// Pinned API version (`DOCKER_API_VERSION`): nothing is negotiated then.
    pub api_version: Option<String>,
    /// Credentials as JSON that go before those of `config.json` (`DOCKER_AUTH_CONFIG`).
    pub auth_config: Option<String>,
    /// Where what engines say of themselves is kept for the next run (`rcompose/engines` in the user's cache
    /// directory); without it each run asks first.
    pub engines_dir: Option<PathBuf>,
}

/// TLS of an address.
#[derive(Clone, Debug, Default)]
pub struct TlsConfig {
    /// Whether the engine's certificate is checked (`--tlsverify`, `DOCKER_TLS_VERIFY`).
    pub verify: bool,
    /// Authorities; the system's when there is none.
    pub ca: Option<PathBuf>,
    /// Our certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

impl TlsConfig {
    /// The three files of a directory (`DOCKER_CERT_PATH`) under their usual names.
    pub fn in_directory(directory: &std::path::Path, verify: bool) -> TlsConfig {
        let file = |name: &str| Some(directory.join(name)).filter(|path| path.is_file());
        TlsConfig { verify, ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") }
    }

    /// What flags (`--tlscacert`, `--tlscert`, `--tlskey`) and the files of a directory come to, as with the
    /// docker client: the authorities are needed, the certificate and its key together or not at all.
    pub fn from_options(
        directory: &std::path::Path,
        verify: bool,
        [ca, cert, key]: [Option<PathBuf>; 3],
    ) -> TlsConfig {
        let usual = |name: &str| directory.join(name);
        let own = cert.is_some()
            || key.is_some()
            || ["cert.pem", "key.pem"].iter().any(|name| usual(name).is_file());
        let file = |given: Option<PathBuf>, name: &str| Some(given.unwrap_or_else(|| usual(name)));
        TlsConfig {
            verify,
            ca: file(ca, "ca.pem"),
            cert: if own { file(cert, "cert.pem") } else { None },
            key: if own { file(key, "key.pem") } else { None },
        }
    }
}

/// A Docker engine.
#[derive(Clone)]
pub struct Docker {
    transport: Transport,
    bollard: bollard::Docker,
    credentials: Credentials,
    host: Arc<OnceCell<Platform>>,
}

impl Docker {
    /// Finds out where the engine is; the first call connects. Reads `config.json` and the context's files.
    pub fn connect(config: &Config) -> Result<Docker, EndpointError> {
        let file = endpoint::ConfigFile::read(config.config_dir.as_deref())?;
        let endpoint = endpoint::resolve(config, &file)?;
        let pinned = match config.api_version.as_deref().filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(
                ApiVersion::parse(text.trim_start_matches('v'))
                    .ok_or_else(|| EndpointError::ApiVersion(text.to_owned()))?,
            ),
        };
        let transport = Transport::new(endpoint, pinned, file.headers, config.engines_dir.as_deref())?;
        let through = transport.clone();
        // bollard's own deadline would cut long stops: ours are around each call.
        let bollard = bollard::Docker::connect_with_custom_transport(
            move |request: bollard::BollardRequest| {
                let transport = through.clone();
                async move { transport.carry(request).await }
            },
            Some("http://engine"),
            7 * 24 * 3600,
            bollard::API_DEFAULT_VERSION,
        )
        .map_err(|error| EndpointError::Setup(error.to_string()))?;
        let credentials = Credentials::new(config);
        Ok(Docker { transport, bollard, credentials, host: Arc::default() })
    }

    /// Podman answers 500 to calls that clash with the state of things, where Docker answers 409. Looking at that
    /// state tells which it is.
    async fn or_conflict(&self, error: EngineError, clashes: impl Future<Output = bool>) -> EngineError {
        match error {
            EngineError::Refused { subject, status: 500, message }
                if self.transport.engine().await.is_ok_and(|engine| engine.libpod) && clashes.await =>
            {
                EngineError::Conflict { subject, message }
            }
            error => error,
        }
    }

    /// The platform the engine runs on; asked once.
    async fn host(&self) -> Result<&Platform, EngineError> {
        let ask = || async {
            let call = Call::new(Method::GET, "/version", "ask the engine for its version");
            let answer: list::Version = self.transport.json(call).await?;
            Ok(Platform { os: answer.os, arch: answer.arch, variant: String::new() })
        };
        self.host.get_or_try_init(ask).await
    }
}

impl System for Docker {
    fn capabilities(&self) -> Answer<'_, Capabilities> {
        Box::pin(async move {
            let engine = self.transport.engine().await?;
            let api = self.transport.version().await?;
            Ok(Capabilities { api, checks_on_request: engine.libpod })
        })
    }

    fn cores(&self) -> Answer<'_, usize> {
        Box::pin(async move {
            let answer: list::Info = self.transport.json(Call::new(Method::GET, "/info", "engine")).await?;
            Ok(answer.cores.max(1))
        })
    }

    fn endpoint(&self) -> &str {
        self.transport.endpoint()
    }

    fn identity(&self) -> String {
        self.transport.identity()
    }
}

impl std::fmt::Debug for Docker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Docker").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

/// How long creations, inspections, lists and the like may take.
const SHORT: Duration = Duration::from_secs(60);
/// What a stop may take beyond its grace period.
const STOP_MARGIN: Duration = Duration::from_secs(60);
