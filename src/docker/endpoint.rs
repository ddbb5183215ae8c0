//! Where the engine is: an address, a Docker context, or the usual place.

use indexmap::IndexMap;
use std::path::{Path, PathBuf};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::{Config, TlsConfig};

#[cfg(not(windows))]
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
#[cfg(windows)]
const DEFAULT_HOST: &str = "npipe:////./pipe/docker_engine";
/// Where the docker client goes when TLS is wanted and no address is given.
const DEFAULT_TLS_HOST: &str = "tcp://localhost:2376";

/// Why no engine can even be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Two ways to say where the engine is.
    #[error("conflicting options: cannot specify both --host and --context")]
    Conflict,
    /// The address isn't one.
    #[error("unable to parse docker host `{0}`")]
    Host(String),
    /// A path without a scheme.
    #[error("unable to parse docker host `{0}`: a socket is written unix://{0}")]
    Path(String),
    /// A scheme that this system or this program doesn't know.
    #[error("unsupported protocol scheme in docker host `{0}`")]
    Scheme(String),
    /// No such context.
    #[error("context \"{0}\": context not found")]
    NoContext(String),
    /// A file of the configuration can't be read.
    #[error("cannot read {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The pinned API version isn't one.
    #[error("invalid API version `{0}`")]
    ApiVersion(String),
    /// TLS can't be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// The client can't be made.
    #[error("cannot set up the engine client: {0}")]
    Setup(String),
}

/// What matters of `config.json`.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    current_context: Option<String>,
    pub(super) headers: HeaderMap,
    /// The form of `ps` when none is asked for.
    ps_format: Option<String>,
    /// Proxy settings by engine address, or `default`.
    pub(super) proxies: IndexMap<String, IndexMap<String, String>>,
}

/// An address to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Unix(PathBuf),
    #[cfg(windows)]
    Pipe(String),
    Tcp {
        host: String,
        port: u16,
    },
    Ssh(SshTarget),
}

impl Address {
    /// One text for all ways to write the address: links on the way to a socket are resolved.
    pub(super) fn identity(&self) -> String {
        match self {
            Address::Unix(path) => {
                let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                format!("unix://{}", real.display())
            }
            #[cfg(windows)]
            Address::Pipe(path) => format!("npipe://{path}"),
            Address::Tcp { host, port } => format!("tcp://{host}:{port}"),
            Address::Ssh(SshTarget { destination, port, socket }) => {
                format!("ssh://{destination}:{}{}", port.unwrap_or(22), socket.as_deref().unwrap_or_default())
            }
        }
    }
}

/// Whom `ssh` calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SshTarget {
    pub(super) destination: String,
    pub(super) port: Option<u16>,
    /// Socket on the far side, when it isn't the usual one.
    pub(super) socket: Option<String>,
}

/// Where the engine is, and how to speak to it.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// As the user wrote it, for messages.
    pub(super) text: String,
    pub(super) address: Address,
    pub(super) tls: Option<TlsConfig>,
}

impl ConfigFile {
    /// Reads `config.json`; a missing one is empty.
    pub(super) fn read(directory: Option<&Path>) -> Result<ConfigFile, EndpointError> {
        let Some(path) = directory.map(|directory| directory.join("config.json")) else {
            return Ok(ConfigFile::default());
        };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(ConfigFile::default()),
            Err(error) => return Err(file_error(&path, error)),
        };
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| file_error(&path, error))?;
        let mut headers = HeaderMap::new();
        for (name, text) in value["HttpHeaders"].as_object().into_iter().flatten() {
            let name = HeaderName::try_from(name.as_str());
            let text = HeaderValue::try_from(text.as_str().unwrap_or_default());
            if let (Ok(name), Ok(text)) = (name, text) {
                headers.insert(name, text);
            }
        }
        let current_context = value["currentContext"].as_str().map(str::to_owned);
        // Settings of a shape we don't know are no reason to refuse the whole file.
        let proxies = serde_json::from_value(value["proxies"].clone()).unwrap_or_default();
        let ps_format = value["psFormat"].as_str().map(str::to_owned);
        Ok(ConfigFile { current_context, headers, ps_format, proxies })
    }
}

/// Host before context before current context before the usual place.
pub(super) fn resolve(config: &Config, file: &ConfigFile) -> Result<Endpoint, EndpointError> {
    let host = config.host.as_deref().filter(|host| !host.is_empty()).map(str::trim);
    let context = config.context.as_deref().filter(|name| !name.is_empty());
    if host.is_some() && context.is_some() {
        return Err(EndpointError::Conflict);
    }
    let usual = if config.tls.is_some() { DEFAULT_TLS_HOST } else { DEFAULT_HOST };
    if let Some(host) = host {
        return endpoint(&full_address(if host.is_empty() { usual } else { host })?, config.tls.clone());
    }
    match context.or(file.current_context.as_deref()) {
        Some(name) if !name.is_empty() && name != "default" => {
            let directory =
                config.config_dir.as_deref().ok_or_else(|| EndpointError::NoContext(name.to_owned()))?;
            from_context(directory, name)
        }
        _ => endpoint(usual, config.tls.clone()),
    }
}

/// The address that a user means, in full: `host`, `:2375` and `host:2375` are TCP, and what is left out of
/// `tcp://` or `unix://` is the usual host, port or socket (`opts.ParseHost` of the docker client).
fn full_address(text: &str) -> Result<String, EndpointError> {
    let (scheme, rest) = match text.split_once("://") {
        Some(parts) => parts,
        None if text.starts_with('/') => return Err(EndpointError::Path(text.to_owned())),
        None => ("tcp", text),
    };
    let default = DEFAULT_HOST.split_once("://").filter(|(usual, _)| *usual == scheme);
    match (scheme, default) {
        ("tcp", _) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let (host, port) = match authority.rsplit_once(':') {
                // The last colon of a bare `[::1]` is part of the address.
                Some((host, port)) if !port.ends_with(']') => (host, port),
                _ => (authority, ""),
            };
            let host = if host.is_empty() { "localhost" } else { host };
            let port = if port.is_empty() { "2375" } else { port };
            Ok(format!("tcp://{host}:{port}{path}"))
        }
        ("unix" | "npipe", Some((_, usual))) if rest.is_empty() => Ok(format!("{scheme}://{usual}")),
        _ => Ok(text.to_owned()),
    }
}

/// The context that says where the engine is, when one does.
pub fn context(config: &Config) -> Option<String> {
    let named = config.context.clone().filter(|name| !name.is_empty());
    let file = || ConfigFile::read(config.config_dir.as_deref()).ok()?.current_context;
    named.or_else(file).filter(|name| !name.is_empty() && name != "default")
}

/// Whether the engine runs on another machine, as far as its address tells: files here are none of its own.
/// What can't be read is told on connecting.
pub fn is_remote(config: &Config) -> bool {
    let endpoint = ConfigFile::read(config.config_dir.as_deref()).and_then(|file| resolve(config, &file));
    endpoint.is_ok_and(|endpoint| matches!(endpoint.address, Address::Tcp { .. } | Address::Ssh(_)))
}

/// `psFormat` of `config.json`: how `ps` shows containers when nothing else is asked for. A file that can't be read
/// has none: connecting will tell.
pub fn ps_format(config: &Config) -> Option<String> {
    ConfigFile::read(config.config_dir.as_deref()).ok()?.ps_format.filter(|format| !format.is_empty())
}

fn from_context(directory: &Path, name: &str) -> Result<Endpoint, EndpointError> {
    let digest: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = directory.join("contexts").join("meta").join(&digest).join("meta.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(EndpointError::NoContext(name.to_owned()));
        }
        Err(error) => return Err(file_error(&path, error)),
    };
    let meta: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| file_error(&path, error))?;
    let docker = &meta["Endpoints"]["docker"];
    let host = docker["Host"].as_str().filter(|host| !host.is_empty()).unwrap_or(DEFAULT_HOST);
    let verify = !docker["SkipTLSVerify"].as_bool().unwrap_or(false);
    let files = directory.join("contexts").join("tls").join(&digest).join("docker");
    let tls = TlsConfig::in_directory(&files, verify);
    let given = tls.ca.is_some() || tls.cert.is_some() || !verify;
    endpoint(host, given.then_some(tls))
}

fn endpoint(text: &str, tls: Option<TlsConfig>) -> Result<Endpoint, EndpointError> {
    let wrong = || EndpointError::Host(text.to_owned());
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let (address, tls) = match scheme {
        "unix" => (Address::Unix(PathBuf::from(rest)), None),
        #[cfg(windows)]
        "npipe" => (Address::Pipe(rest.replace('/', "\\")), None),
        "tcp" | "http" | "https" => {
            let tls = match scheme {
                "https" => Some(tls.unwrap_or(TlsConfig { verify: true, ..TlsConfig::default() })),
                "http" => None,
                _ => tls,
            };
            let default_port = if tls.is_some() { 2376 } else { 2375 };
            (tcp(rest, default_port).ok_or_else(wrong)?, tls)
        }
        "ssh" => (Address::Ssh(ssh(rest).ok_or_else(wrong)?), None),
        _ => return Err(EndpointError::Scheme(text.to_owned())),
    };
    Ok(Endpoint { text: text.to_owned(), address, tls })
}

fn tcp(rest: &str, default_port: u16) -> Option<Address> {
    let authority = rest.split('/').next().unwrap_or(rest);
    let (host, port) = host_and_port(authority)?;
    Some(Address::Tcp { host, port: port.unwrap_or(default_port) })
}

fn ssh(rest: &str) -> Option<SshTarget> {
    let (authority, socket) = match rest.split_once('/') {
        Some((authority, path)) => (authority, Some(path).filter(|path| !path.is_empty())),
        None => (rest, None),
    };
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let (host, port) = host_and_port(host)?;
    // A word that begins with a hyphen would be an option of ssh.
    if host.starts_with('-') || user.is_some_and(|user| user.starts_with('-') || user.contains(':')) {
        return None;
    }
    let destination = user.map_or_else(|| host.clone(), |user| format!("{user}@{host}"));
    Some(SshTarget { destination, port, socket: socket.map(|path| format!("/{path}")) })
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None => None,
        };
        return Some((host.to_owned(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn file_error(path: &Path, cause: impl std::fmt::Display) -> EndpointError {
    EndpointError::File { path: path.to_owned(), cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        endpoint(text, None).expect("an address").address
    }

    #[test]
    fn addresses_are_read() {
        assert_eq!(address("unix:///var/run/d.sock"), Address::Unix("/var/run/d.sock".into()));
        assert_eq!(address("tcp://10.0.0.1"), Address::Tcp { host: "10.0.0.1".into(), port: 2375 });
        assert_eq!(address("tcp://[::1]:99/x"), Address::Tcp { host: "::1".into(), port: 99 });
        let Address::Ssh(target) = address("ssh://me@box:2222/run/d.sock") else { panic!("ssh") };
        assert_eq!(target.destination, "me@box");
        assert_eq!((target.port, target.socket.as_deref()), (Some(2222), Some("/run/d.sock")));
        assert!(endpoint("ssh://-oProxyCommand=x", None).is_err());
        assert_eq!(endpoint("fd://", None).err(), Some(EndpointError::Scheme("fd://".into())));
    }

    #[test]
    fn what_is_left_out_of_an_address_is_the_usual() {
        let resolved = |text: &str, tls: Option<TlsConfig>| {
            let config = Config { host: Some(text.to_owned()), tls, ..Config::default() };
            resolve(&config, &ConfigFile::default()).map(|endpoint| (endpoint.text, endpoint.address))
        };
        let tcp = |host: &str, port| Address::Tcp { host: host.to_owned(), port };
        for (text, full, address) in [
            ("127.0.0.1:2375", "tcp://127.0.0.1:2375", tcp("127.0.0.1", 2375)),
            ("box", "tcp://box:2375", tcp("box", 2375)),
            ("box:", "tcp://box:2375", tcp("box", 2375)),
            (":99", "tcp://localhost:99", tcp("localhost", 99)),
            ("tcp://", "tcp://localhost:2375", tcp("localhost", 2375)),
            ("tcp://:99", "tcp://localhost:99", tcp("localhost", 99)),
            ("tcp://[::1]", "tcp://[::1]:2375", tcp("::1", 2375)),
            ("[::1]:99", "tcp://[::1]:99", tcp("::1", 99)),
            ("unix://", "unix:///var/run/docker.sock", Address::Unix("/var/run/docker.sock".into())),
            (" unix:///x\t", "unix:///x", Address::Unix("/x".into())),
            ("  ", "unix:///var/run/docker.sock", Address::Unix("/var/run/docker.sock".into())),
        ] {
            assert_eq!(resolved(text, None), Ok((full.to_owned(), address)), "{text:?}");
        }
        let tls = Some(TlsConfig::default());
        assert_eq!(resolved(" ", tls.clone()).map(|found| found.1), Ok(tcp("localhost", 2376)));
        assert_eq!(resolved("box", tls).map(|found| found.1), Ok(tcp("box", 2375)));
        for text in ["box:x", "tcp://a:70000", "fd://", "foo://x", "ssh://", "/run/docker.sock"] {
            assert!(resolved(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn an_engine_has_one_identity_however_its_address_is_written() {
        let directory = tempfile::tempdir().expect("directory");
        let real = directory.path().canonicalize().expect("path").join("engine.sock");
        std::fs::write(&real, "").expect("write");
        let link = directory.path().join("link.sock");
        std::os::unix::fs::symlink(&real, &link).expect("link");
        let through = address(&format!("unix://{}", link.display())).identity();
        assert_eq!(through, format!("unix://{}", real.display()));
        assert_eq!(address("tcp://box").identity(), address("tcp://box:2375/").identity());
        assert_eq!(address("ssh://me@box").identity(), address("ssh://me@box:22").identity());
        assert_ne!(address("ssh://me@box").identity(), address("ssh://box").identity());
    }

    #[test]
    fn a_context_is_found_by_the_digest_of_its_name() {
        let directory = tempfile::tempdir().expect("directory");
        // sha256("remote")
        let digest: String = Sha256::digest(b"remote").iter().map(|byte| format!("{byte:02x}")).collect();
        let meta = directory.path().join("contexts/meta").join(&digest);
        std::fs::create_dir_all(&meta).expect("create");
        let text = r#"{"Name":"remote","Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":false}}}"#;
        std::fs::write(meta.join("meta.json"), text).expect("write");
        std::fs::write(directory.path().join("config.json"), r#"{"currentContext":"remote"}"#)
            .expect("write");
        let config = Config { config_dir: Some(directory.path().to_owned()), ..Config::default() };
        let file = ConfigFile::read(config.config_dir.as_deref()).expect("config");
        let found = resolve(&config, &file).expect("endpoint");
        assert_eq!(found.address, Address::Tcp { host: "h".into(), port: 1 });
        let other = Config { context: Some("nowhere".into()), ..config.clone() };
        assert_eq!(resolve(&other, &file).err(), Some(EndpointError::NoContext("nowhere".into())));
        let host = Config { host: Some("unix:///x".into()), ..config };
        assert_eq!(resolve(&host, &file).expect("host").address, Address::Unix("/x".into()));
    }
}
