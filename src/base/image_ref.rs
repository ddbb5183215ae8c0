//! Image references: the grammar of the distribution project, with the short names of the Docker Hub.

use std::fmt;

/// The registry a name without one means.
pub const DEFAULT_DOMAIN: &str = "docker.io";

/// A reference to an image, in its full form: `docker.io/library/nginx:1.27@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is no image reference. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageRefError {
    /// The text doesn't follow the grammar.
    #[error("invalid reference format")]
    Format,
    /// The repository is not in lower case.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    NotLowercase(String),
    /// The name could be taken for an image identifier.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    LooksLikeId(String),
    /// The name has more than 255 characters.
    #[error("repository name must not be more than 255 characters")]
    TooLong,
    /// The digest names an algorithm nobody supports.
    #[error("unsupported digest algorithm")]
    DigestAlgorithm,
    /// The digest has the wrong number of digits.
    #[error("invalid checksum digest length")]
    DigestLength,
    /// The digest has something else than lower-case hexadecimal digits.
    #[error("invalid checksum digest format")]
    DigestFormat,
}

impl ImageRef {
    /// Reads `nginx`, `nginx:1.27`, `ghcr.io/org/app@sha256:…`, `localhost:5000/app`.
    pub fn parse(text: &str) -> Result<ImageRef, ImageRefError> {
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ImageRefError::LooksLikeId(text.to_owned()));
        }
        let (domain, rest) = split_domain(text);
        let (name_and_tag, digest) = match rest.split_once('@') {
            Some((before, digest)) => (before, Some(digest)),
            None => (rest.as_str(), None),
        };
        let (path, tag) = match name_and_tag.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (name_and_tag, None),
        };
        if path.to_lowercase() != path {
            return Err(ImageRefError::NotLowercase(path.to_owned()));
        }
        if !is_domain(&domain)
            || !is_path(path)
            || !tag.is_none_or(is_tag)
            || !digest.is_none_or(has_digest_form)
        {
            return Err(ImageRefError::Format);
        }
        if path.len() > 255 {
            return Err(ImageRefError::TooLong);
        }
        if let Some(digest) = digest {
            check_digest(digest)?;
        }
        Ok(ImageRef {
            domain,
            path: path.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// The registry: `docker.io`, `ghcr.io`, `localhost:5000`.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository within its registry: `library/nginx`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag, when one is written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, when one is written.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Registry and repository: `docker.io/library/nginx`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// Registry and repository in the form people write: `nginx`, `org/app`, `ghcr.io/org/app`.
    pub fn familiar_name(&self) -> String {
        if self.domain != DEFAULT_DOMAIN {
            return self.name();
        }
        match self.path.strip_prefix("library/") {
            Some(short) if !short.contains('/') => short.to_owned(),
            _ => self.path.clone(),
        }
    }

    /// The whole reference in the form people write.
    pub fn familiar(&self) -> String {
        self.with_suffix(self.familiar_name())
    }

    /// The same with tag `latest` when there is neither tag nor digest.
    pub fn with_default_tag(mut self) -> ImageRef {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some("latest".to_owned());
        }
        self
    }

    /// The same with a digest.
    pub fn with_digest(mut self, digest: &str) -> Result<ImageRef, ImageRefError> {
        if !has_digest_form(digest) {
            return Err(ImageRefError::DigestFormat);
        }
        check_digest(digest)?;
        self.digest = Some(digest.to_owned());
        Ok(self)
    }

    /// The full form with the default tag: `docker.io/library/nginx:latest`.
    pub fn normalized(&self) -> String {
        self.clone().with_default_tag().to_string()
    }

    fn with_suffix(&self, mut text: String) -> String {
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest);
        }
        text
    }
}

impl fmt::Display for ImageRef {
    /// The full form, without a default tag.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.with_suffix(self.name()))
    }
}

impl std::str::FromStr for ImageRef {
    type Err = ImageRefError;
    fn from_str(text: &str) -> Result<ImageRef, ImageRefError> {
        ImageRef::parse(text)
    }
}

/// The registry and the rest. What stands before the first `/` is a registry when it has a dot, a port,
/// a capital letter, or is `localhost`.
fn split_domain(text: &str) -> (String, String) {
    let (domain, rest) = match text.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first =>
        {
            (first, rest)
        }
        _ => (DEFAULT_DOMAIN, text),
    };
    let domain = if domain == "index.docker.io" { DEFAULT_DOMAIN } else { domain };
    if domain == DEFAULT_DOMAIN && !rest.contains('/') {
        return (domain.to_owned(), format!("library/{rest}"));
    }
    (domain.to_owned(), rest.to_owned())
}

fn is_lower_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

fn is_domain(text: &str) -> bool {
    let host = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else { return false };
        if address.is_empty() || !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
            return false;
        }
        return after.is_empty() || after.strip_prefix(':').is_some_and(is_number);
    } else {
        match text.split_once(':') {
            Some((host, port)) if is_number(port) => host,
            Some(_) => return false,
            None => text,
        }
    };
    host.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Components of lower-case letters and digits, joined by one `.`, one or two `_`, or any number of `-`.
fn is_path(path: &str) -> bool {
    path.split('/').all(|component| {
        let mut separator = String::new();
        let mut after_word = false;
        for c in component.chars() {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                let joined = separator.is_empty()
                    || matches!(separator.as_str(), "." | "_" | "__")
                    || separator.bytes().all(|b| b == b'-');
                if !joined {
                    return false;
                }
                separator.clear();
                after_word = true;
            } else if matches!(c, '.' | '_' | '-') && after_word {
                separator.push(c);
            } else {
                return false;
            }
        }
        after_word && separator.is_empty()
    })
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

fn has_digest_form(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
        && algorithm.split(['+', '.', '-', '_']).all(|part| {
            part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
                && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

fn check_digest(digest: &str) -> Result<(), ImageRefError> {
    let (algorithm, hex) = digest.split_once(':').unwrap_or((digest, ""));
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(ImageRefError::DigestAlgorithm),
    };
    if hex.len() != length {
        return Err(ImageRefError::DigestLength);
    }
    if !hex.bytes().all(is_lower_hex) {
        return Err(ImageRefError::DigestFormat);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_and_shortened() {
        for (text, full, familiar) in [
            ("nginx", "docker.io/library/nginx:latest", "nginx"),
            ("nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"),
            ("org/app", "docker.io/org/app:latest", "org/app"),
            ("index.docker.io/library/a", "docker.io/library/a:latest", "a"),
            ("localhost/app", "localhost/app:latest", "localhost/app"),
            ("localhost:5000/app:x", "localhost:5000/app:x", "localhost:5000/app:x"),
            ("[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app"),
            ("ghcr.io/a/b__c/d---e", "ghcr.io/a/b__c/d---e:latest", "ghcr.io/a/b__c/d---e"),
        ] {
            let parsed = ImageRef::parse(text);
            assert_eq!(parsed.as_ref().map(ImageRef::normalized), Ok(full.to_owned()), "{text}");
            assert_eq!(parsed.map(|r| r.familiar()), Ok(familiar.to_owned()), "{text}");
        }
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = ImageRef::parse(&format!("nginx:1@{digest}"));
        assert_eq!(pinned.as_ref().map(|r| r.digest()), Ok(Some(digest.as_str())));
        assert_eq!(pinned.map(|r| r.to_string()), Ok(format!("docker.io/library/nginx:1@{digest}")));
    }

    #[test]
    fn malformed_references_are_refused() {
        let error = |text: &str| ImageRef::parse(text).map_err(|e| e.to_string()).err();
        for text in ["", ":a", "a:", "a b", "a..b", "a/-b", "a@sha256:abc", "/a", "a___b"] {
            assert_eq!(error(text).as_deref(), Some("invalid reference format"), "{text}");
        }
        assert_eq!(
            error("Nginx").as_deref(),
            Some("invalid reference format: repository name (library/Nginx) must be lowercase")
        );
        assert!(error(&"a".repeat(64)).is_some_and(|e| e.contains("64-byte")));
    }
}
