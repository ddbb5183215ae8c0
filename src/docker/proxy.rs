//! Proxy variables of the client's configuration.

use indexmap::IndexMap;

use super::Config;
use super::endpoint::ConfigFile;

/// The proxy variables that containers get by default, in both spellings. A configuration that can't be
/// read gives none: connecting will tell.
pub fn proxy_environment(config: &Config) -> IndexMap<String, String> {
    let mut variables = IndexMap::new();
    let Ok(file) = ConfigFile::read(config.config_dir.as_deref()) else { return variables };
    let proxies =
        config.host.as_ref().and_then(|host| file.proxies.get(host)).or_else(|| file.proxies.get("default"));
    let Some(proxies) = proxies else { return variables };
    let names = [
        ("httpProxy", "HTTP_PROXY"),
        ("httpsProxy", "HTTPS_PROXY"),
        ("ftpProxy", "FTP_PROXY"),
        ("noProxy", "NO_PROXY"),
        ("allProxy", "ALL_PROXY"),
    ];
    for (key, name) in names {
        if let Some(value) = proxies.get(key).filter(|value| !value.is_empty()) {
            variables.insert(name.to_owned(), value.clone());
            variables.insert(name.to_lowercase(), value.clone());
        }
    }
    variables
}
