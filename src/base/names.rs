//! Names and identifiers as types of their own, so that a service can't be taken for a container.

use std::borrow::Borrow;
use std::fmt;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text as it stands.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name_type!(
    /// The key of a service (or job) in the Compose file.
    ServiceName
);
name_type!(
    /// The name of a project: lower-case letters, digits, `-` and `_`, beginning with a letter or digit.
    ProjectName
);
name_type!(
    /// The engine's identifier of a container.
    ContainerId
);
name_type!(
    /// The engine's identifier of a network.
    NetworkId
);
name_type!(
    /// The engine's identifier of an image (`sha256:…`).
    ImageId
);

impl ContainerId {
    /// The first twelve characters, as the engine's own tools show it.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl ProjectName {
    /// Turns any text into a project name the way the Compose specification does: lower-case, drop every
    /// character outside `[a-z0-9_-]`, then drop leading `_` and `-`. `None` when nothing is left.
    pub fn normalize(text: &str) -> Option<ProjectName> {
        let kept: String = text
            .to_lowercase()
            .chars()
            .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_' || *c == '-')
            .collect();
        let kept = kept.trim_start_matches(['_', '-']);
        (!kept.is_empty()).then(|| ProjectName(kept.to_owned()))
    }

    /// Takes a name that must already be in normal form (`-p`, `COMPOSE_PROJECT_NAME`).
    pub fn parse(text: &str) -> Option<ProjectName> {
        ProjectName::normalize(text).filter(|name| name.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_names_are_normalised_as_the_specification_says() {
        let normal = |t: &str| ProjectName::normalize(t).map(String::from);
        assert_eq!(normal("Foo Bar").as_deref(), Some("foobar"));
        assert_eq!(normal("__a-b.c").as_deref(), Some("a-bc"));
        assert_eq!(normal("___"), None);
        assert!(ProjectName::parse("Foo").is_none());
        assert!(ProjectName::parse("foo-1").is_some());
    }
}
