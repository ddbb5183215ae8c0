//! Platforms: operating system, processor, variant.

use std::fmt;

use super::quote::go_quote;

/// What an image is made for: `linux/arm64`, `linux/arm/v7`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// The operating system (`linux`); empty when only a processor was named.
    pub os: String,
    /// The processor (`amd64`); empty when only an operating system was named.
    pub arch: String,
    /// The processor's variant (`v7`); mostly empty.
    pub variant: String,
}

/// Why a text is no platform. Its words are those of the reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// A part has characters no platform has.
    #[error(
        "{} is an invalid component of {}: platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument",
        go_quote(part),
        go_quote(text)
    )]
    Component {
        /// The part.
        part: String,
        /// The whole text.
        text: String,
    },
    /// One part alone that is neither an operating system nor a processor.
    #[error("{}: unknown operating system or architecture: invalid argument", go_quote(.0))]
    Unknown(String),
    /// More than three parts.
    #[error("{}: cannot parse platform specifier: invalid argument", go_quote(.0))]
    Parts(String),
}

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

const PROCESSORS: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

impl Platform {
    /// Reads `linux/amd64`, `linux/arm/v7`, `arm64`, `linux`, bringing other names to the usual ones
    /// (`x86_64`, `aarch64`, `armhf`).
    pub fn parse(text: &str) -> Result<Platform, PlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        for part in &parts {
            // An operating system may carry a version: `windows(10.0.17763)`.
            let word = part.split_once('(').map_or(*part, |(name, _)| name);
            if word.is_empty()
                || !word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            {
                return Err(PlatformError::Component { part: (*part).to_owned(), text: text.to_owned() });
            }
        }
        match parts.as_slice() {
            [one] => {
                let os = normal_system(one);
                if SYSTEMS.contains(&os.as_str()) {
                    return Ok(Platform { os, ..Platform::default() });
                }
                let (arch, variant) = normal_processor(one, "");
                if PROCESSORS.contains(&arch.as_str()) {
                    return Ok(Platform { os: String::new(), arch, variant });
                }
                Err(PlatformError::Unknown(text.to_owned()))
            }
            [os, arch] => {
                let (arch, variant) = normal_processor(arch, "");
                Ok(Platform { os: normal_system(os), arch, variant })
            }
            [os, arch, variant] => {
                let (arch, variant) = normal_processor(arch, variant);
                Ok(Platform { os: normal_system(os), arch, variant })
            }
            _ => Err(PlatformError::Parts(text.to_owned())),
        }
    }

    /// Whether two platforms mean the same machine; an empty part of either means any.
    pub fn fits(&self, other: &Platform) -> bool {
        let same = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
        same(&self.os, &other.os) && same(&self.arch, &other.arch) && same(&self.variant, &other.variant)
    }
}

fn normal_system(os: &str) -> String {
    match os.to_lowercase().as_str() {
        "macos" => "darwin".to_owned(),
        other => other.to_owned(),
    }
}

fn normal_processor(arch: &str, variant: &str) -> (String, String) {
    let (arch, variant) = (arch.to_lowercase(), variant.to_lowercase());
    let (arch, variant) = match (arch.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        ("arm", "8") => ("arm", "v8"),
        (arch, variant) => (arch, variant),
    };
    (arch.to_owned(), variant.to_owned())
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.os, &self.arch, &self.variant];
        let text: Vec<&str> = parts.iter().filter(|p| !p.is_empty()).map(|p| p.as_str()).collect();
        f.pad(&text.join("/"))
    }
}

impl std::str::FromStr for Platform {
    type Err = PlatformError;
    fn from_str(text: &str) -> Result<Platform, PlatformError> {
        Platform::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_take_their_usual_names() {
        for (text, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("Linux/x86_64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("arm64", "arm64"),
            ("linux", "linux"),
        ] {
            assert_eq!(Platform::parse(text).map(|p| p.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for text in ["", "linux/", "a/b/c/d", "foo", "linux/am d"] {
            assert!(Platform::parse(text).is_err(), "{text}");
        }
        let bare = Platform::parse("arm64");
        let full = Platform::parse("linux/arm64");
        assert!(matches!((bare, full), (Ok(a), Ok(b)) if a.fits(&b)));
    }
}
