//! The kinds of findings: one code each, stable for searching, silencing and tooling.

use super::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A file that is needed can't be read.
    FileUnreadable,
    /// A file is not UTF-8 text.
    NotUtf8,
    /// A file is larger than any Compose file should be.
    FileTooLarge,
    /// No Compose file was named or found.
    NoConfigFile,
    /// The file set describes nothing.
    EmptyFile,
    /// The project has no valid name.
    ProjectName,
    /// An environment file can't be used.
    EnvFile,
    /// Several default Compose files stand side by side.
    SeveralConfigFiles,
    /// A remote file is not fetched without the user's word.
    RemoteRefused,
    /// A remote file can't be fetched.
    RemoteFailed,
    /// The text is not YAML.
    YamlSyntax,
    /// A mapping has one key twice.
    DuplicateKey,
    /// A mapping key is not a string.
    NonStringKey,
    /// An alias names an anchor that isn't there.
    UnknownAnchor,
    /// An alias stands inside its own anchor.
    AliasCycle,
    /// `<<` takes a mapping or a sequence of mappings.
    MergeKey,
    /// The nesting is deeper than any Compose file needs.
    TooDeep,
    /// Aliases expand to more nodes than the limit.
    TooManyNodes,
    /// A section that must be a mapping is something else.
    NotAMapping,
    /// A YAML tag doesn't fit its value.
    BadTag,
    /// A variable expression is malformed.
    Interpolation,
    /// A required variable is missing.
    RequiredVariable,
    /// A value can't be read as the type its place needs.
    Cast,
    /// A variable is not set and becomes empty.
    UnsetVariable,
    /// A YAML 1.1 boolean word stands where a boolean is wanted.
    Yaml11Boolean,
    /// A key that the Compose specification doesn't know here.
    UnknownKey,
    /// A value has the wrong type.
    WrongType,
    /// A required key is missing.
    MissingKey,
    /// A value is not one of those allowed.
    NotAllowed,
    /// A text doesn't match the pattern its place needs.
    Pattern,
    /// A number or count is outside its range.
    OutOfRange,
    /// A list that must be unique has one item twice.
    DuplicateItem,
    /// The `version` key is obsolete and ignored.
    ObsoleteVersion,
    /// A later file sets a value of another kind.
    CannotMerge,
    /// `extends` names something that does not exist.
    ExtendsNotFound,
    /// Services extend each other in a circle.
    ExtendsCycle,
    /// An `include` entry can't be used.
    Include,
    /// Files include each other in a circle.
    IncludeCycle,
    /// A port mapping can't be read.
    Port,
    /// A volume mount can't be read.
    Volume,
    /// A duration can't be read.
    Duration,
    /// A byte size can't be read.
    ByteSize,
    /// A number can't be read.
    Number,
    /// A command line can't be split into words.
    Command,
    /// An extra host can't be read.
    HostEntry,
    /// A device or device request can't be read.
    Device,
    /// A short form can't be read.
    ShortForm,
    /// A mount has no target.
    MountTarget,
    /// Two keys exclude each other.
    ExclusiveKeys,
    /// An IP address can't be read.
    IpAddress,
    /// A value must not be blank.
    Blank,
    /// An external resource carries a definition.
    External,
    /// `external.name` is deprecated.
    ExternalName,
    /// A service has nothing to run.
    NoImage,
    /// A network is used but not declared.
    UndefinedNetwork,
    /// A named volume is used but not declared.
    UndefinedVolume,
    /// A config is used but not declared.
    UndefinedConfig,
    /// A secret is used but not declared.
    UndefinedSecret,
    /// A model is used but not declared.
    UndefinedModel,
    /// A service is named but not declared.
    UndefinedService,
    /// A needed service is switched off by its profiles.
    DisabledService,
    /// Services wait for each other in a circle.
    DependencyCycle,
    /// Two mounts share one target.
    DuplicateTarget,
    /// Two keys that mean the same differ.
    ConflictingValues,
    /// Two containers would bear one name.
    ContainerNameTaken,
    /// A health check can't be run.
    Healthcheck,
    /// A platform doesn't fit.
    Platform,
    /// A build refers to something unusable.
    BuildContext,
    /// A watch rule is incomplete.
    Watch,
    /// A config or secret has no source, or several.
    ResourceSource,
    /// The command names a service that isn't there.
    NoSuchService,
    /// A key is understood but not carried to the engine.
    NotCarried,
    /// A key that only a Swarm scheduler honours.
    SwarmOnly,
    /// No image can have such a name.
    ImageName,
    /// A short name of a volume is read as a drive letter.
    DriveLetter,
    /// One service publishes a port of the host twice.
    HostPortTwice,
    /// Two services publish one port of the host.
    HostPortShared,
    /// Several replicas publish one port of the host.
    HostPortScaled,
    /// A port mapping is a number in base 60 to YAML 1.1.
    Base60Port,
    /// A profile switches a service on, but not what it needs.
    ProfileDependency,
    /// A start is waited for where health could be.
    StartedNotHealthy,
    /// Health is waited for where the check is off.
    NeverHealthy,
    /// A service whose end is waited for restarts.
    RestartsWhenDone,
    /// `links` are not needed.
    LegacyLinks,
    /// A database keeps its data in a volume without a name.
    AnonymousDataVolume,
    /// A bind mount's path is not there.
    MissingBindSource,
    /// A file mode is read in decimal.
    DecimalMode,
    /// An image has no version.
    LatestTag,
    /// A variable is used that only an `env_file` sets.
    VariableInEnvFile,
    /// A secret stands in plain text.
    LiteralSecret,
    /// A container has the engine's socket.
    EngineSocket,
    /// A container has every right on the host.
    Privileged,
    /// What is to be silenced is not the code or slug of a finding.
    UnknownAllow,
}

/// One row for each code: the code, its number, its slug, its severity, and what it means.
const TABLE: &[(Code, &str, &str, Severity, &str)] = &[
    (
        Code::FileUnreadable,
        "RC0001",
        "file-unreadable",
        Severity::Error,
        "a file that is needed can't be read",
    ),
    (Code::NotUtf8, "RC0002", "not-utf8", Severity::Error, "a file is not UTF-8 text"),
    (
        Code::FileTooLarge,
        "RC0003",
        "file-too-large",
        Severity::Error,
        "a file is larger than any Compose file should be",
    ),
    (Code::NoConfigFile, "RC0004", "no-config-file", Severity::Error, "no Compose file was named or found"),
    (Code::EmptyFile, "RC0005", "empty-file", Severity::Error, "the file set describes nothing"),
    (Code::ProjectName, "RC0006", "project-name", Severity::Error, "the project has no valid name"),
    (Code::EnvFile, "RC0007", "env-file", Severity::Error, "an environment file can't be used"),
    (
        Code::SeveralConfigFiles,
        "RC0008",
        "several-config-files",
        Severity::Warning,
        "several default Compose files are in one directory",
    ),
    (
        Code::RemoteRefused,
        "RC0009",
        "remote-refused",
        Severity::Error,
        "a remote file is not fetched without consent",
    ),
    (Code::RemoteFailed, "RC0010", "remote-failed", Severity::Error, "a remote file can't be fetched"),
    (Code::YamlSyntax, "RC0101", "yaml-syntax", Severity::Error, "the text is not YAML"),
    (Code::DuplicateKey, "RC0102", "duplicate-key", Severity::Error, "a mapping has one key twice"),
    (Code::NonStringKey, "RC0103", "non-string-key", Severity::Error, "a mapping key is not a string"),
    (
        Code::UnknownAnchor,
        "RC0104",
        "unknown-anchor",
        Severity::Error,
        "an alias names an anchor that does not exist",
    ),
    (Code::AliasCycle, "RC0105", "alias-cycle", Severity::Error, "an alias is used inside its own anchor"),
    (
        Code::MergeKey,
        "RC0106",
        "merge-key",
        Severity::Error,
        "`<<` takes a mapping or a sequence of mappings",
    ),
    (
        Code::TooDeep,
        "RC0107",
        "too-deep",
        Severity::Error,
        "the nesting is deeper than any Compose file needs",
    ),
    (
        Code::TooManyNodes,
        "RC0108",
        "too-many-nodes",
        Severity::Error,
        "aliases expand to more nodes than the limit",
    ),
    (
        Code::NotAMapping,
        "RC0109",
        "not-a-mapping",
        Severity::Error,
        "a section that must be a mapping is something else",
    ),
    (Code::BadTag, "RC0110", "bad-tag", Severity::Error, "a YAML tag doesn't fit its value"),
    (Code::Interpolation, "RC0201", "interpolation", Severity::Error, "a variable expression is malformed"),
    (
        Code::RequiredVariable,
        "RC0202",
        "required-variable",
        Severity::Error,
        "a required variable is missing",
    ),
    (Code::Cast, "RC0203", "cast", Severity::Error, "a value can't be read as the type its place needs"),
    (
        Code::UnsetVariable,
        "RC0204",
        "unset-variable",
        Severity::Warning,
        "a variable is not set and becomes empty",
    ),
    (
        Code::Yaml11Boolean,
        "RC0205",
        "yaml11-boolean",
        Severity::Warning,
        "a YAML 1.1 boolean word is used where a boolean is expected",
    ),
    (
        Code::UnknownKey,
        "RC0301",
        "unknown-key",
        Severity::Error,
        "a key that the Compose specification doesn't know here",
    ),
    (Code::WrongType, "RC0302", "wrong-type", Severity::Error, "a value has the wrong type"),
    (Code::MissingKey, "RC0303", "missing-key", Severity::Error, "a required key is missing"),
    (Code::NotAllowed, "RC0304", "not-allowed", Severity::Error, "a value is not one of those allowed"),
    (Code::Pattern, "RC0305", "pattern", Severity::Error, "a text doesn't match the pattern its place needs"),
    (Code::OutOfRange, "RC0306", "out-of-range", Severity::Error, "a number or count is outside its range"),
    (
        Code::DuplicateItem,
        "RC0307",
        "duplicate-item",
        Severity::Error,
        "a list that must be unique has one item twice",
    ),
    (
        Code::ObsoleteVersion,
        "RC0308",
        "obsolete-version",
        Severity::Warning,
        "the `version` key is obsolete and ignored",
    ),
    (
        Code::CannotMerge,
        "RC0401",
        "cannot-merge",
        Severity::Error,
        "a later file sets a value of another kind",
    ),
    (
        Code::ExtendsNotFound,
        "RC0402",
        "extends-not-found",
        Severity::Error,
        "`extends` names something that does not exist",
    ),
    (
        Code::ExtendsCycle,
        "RC0403",
        "extends-cycle",
        Severity::Error,
        "services extend each other in a circle",
    ),
    (Code::Include, "RC0404", "include", Severity::Error, "an `include` entry can't be used"),
    (Code::IncludeCycle, "RC0405", "include-cycle", Severity::Error, "files include each other in a circle"),
    (Code::Port, "RC0501", "port", Severity::Error, "a port mapping can't be read"),
    (Code::Volume, "RC0502", "volume", Severity::Error, "a volume mount can't be read"),
    (Code::Duration, "RC0503", "duration", Severity::Error, "a duration can't be read"),
    (Code::ByteSize, "RC0504", "byte-size", Severity::Error, "a byte size can't be read"),
    (Code::Number, "RC0505", "number", Severity::Error, "a number can't be read"),
    (Code::Command, "RC0506", "command", Severity::Error, "a command line can't be split into words"),
    (Code::HostEntry, "RC0507", "host-entry", Severity::Error, "an extra host can't be read"),
    (Code::Device, "RC0508", "device", Severity::Error, "a device or device request can't be read"),
    (Code::ShortForm, "RC0509", "short-form", Severity::Error, "a short form can't be read"),
    (
        Code::MountTarget,
        "RC0510",
        "mount-target",
        Severity::Error,
        "a mount has no target, or an unusable one",
    ),
    (Code::ExclusiveKeys, "RC0511", "exclusive-keys", Severity::Error, "two keys exclude each other"),
    (Code::IpAddress, "RC0512", "ip-address", Severity::Error, "an IP address can't be read"),
    (Code::Blank, "RC0513", "blank", Severity::Error, "a value must not be blank"),
    (Code::External, "RC0514", "external", Severity::Error, "an external resource carries a definition"),
    (Code::ExternalName, "RC0515", "external-name", Severity::Warning, "`external.name` is deprecated"),
    (Code::NoImage, "RC0601", "no-image", Severity::Error, "a service has nothing to run"),
    (
        Code::UndefinedNetwork,
        "RC0602",
        "undefined-network",
        Severity::Error,
        "a network is used but not declared",
    ),
    (
        Code::UndefinedVolume,
        "RC0603",
        "undefined-volume",
        Severity::Error,
        "a named volume is used but not declared",
    ),
    (
        Code::UndefinedConfig,
        "RC0604",
        "undefined-config",
        Severity::Error,
        "a config is used but not declared",
    ),
    (
        Code::UndefinedSecret,
        "RC0605",
        "undefined-secret",
        Severity::Error,
        "a secret is used but not declared",
    ),
    (Code::UndefinedModel, "RC0606", "undefined-model", Severity::Error, "a model is used but not declared"),
    (
        Code::UndefinedService,
        "RC0607",
        "undefined-service",
        Severity::Error,
        "a service is named but not declared",
    ),
    (
        Code::DisabledService,
        "RC0608",
        "disabled-service",
        Severity::Error,
        "a needed service is disabled by its profiles",
    ),
    (
        Code::DependencyCycle,
        "RC0609",
        "dependency-cycle",
        Severity::Error,
        "services wait for each other in a circle",
    ),
    (Code::DuplicateTarget, "RC0610", "duplicate-target", Severity::Error, "two mounts share one target"),
    (
        Code::ConflictingValues,
        "RC0611",
        "conflicting-values",
        Severity::Error,
        "two keys that mean the same differ",
    ),
    (
        Code::ContainerNameTaken,
        "RC0612",
        "container-name-taken",
        Severity::Error,
        "two containers would have the same name",
    ),
    (Code::Healthcheck, "RC0613", "healthcheck", Severity::Error, "a health check can't be run"),
    (Code::Platform, "RC0614", "platform", Severity::Error, "a platform doesn't fit"),
    (Code::BuildContext, "RC0615", "build-context", Severity::Error, "a build refers to something unusable"),
    (Code::Watch, "RC0616", "watch", Severity::Error, "a watch rule is incomplete"),
    (
        Code::ResourceSource,
        "RC0617",
        "resource-source",
        Severity::Error,
        "a config or secret has no source, or several",
    ),
    (
        Code::NoSuchService,
        "RC0618",
        "no-such-service",
        Severity::Error,
        "the command names a service that does not exist",
    ),
    (Code::NotCarried, "RC0701", "not-carried", Severity::Warning, "a key is valid but not supported yet"),
    (Code::SwarmOnly, "RC0702", "swarm-only", Severity::Warning, "a key that only Swarm uses"),
    (Code::ImageName, "RC0703", "image-name", Severity::Error, "an image name is invalid"),
    (
        Code::DriveLetter,
        "RC0704",
        "drive-letter",
        Severity::Warning,
        "a volume name of one letter is read as a drive letter",
    ),
    (
        Code::HostPortTwice,
        "RC0801",
        "host-port-twice",
        Severity::Warning,
        "one service publishes a host port twice",
    ),
    (
        Code::HostPortShared,
        "RC0802",
        "host-port-shared",
        Severity::Warning,
        "two services publish the same host port",
    ),
    (
        Code::HostPortScaled,
        "RC0803",
        "host-port-scaled",
        Severity::Warning,
        "several replicas publish the same host port",
    ),
    (
        Code::Base60Port,
        "RC0804",
        "base-60-port",
        Severity::Note,
        "a port mapping is a number in base 60 to YAML 1.1",
    ),
    (
        Code::ProfileDependency,
        "RC0805",
        "profile-dependency",
        Severity::Warning,
        "a profile enables a service, but not what it depends on",
    ),
    (
        Code::StartedNotHealthy,
        "RC0806",
        "started-not-healthy",
        Severity::Warning,
        "a dependency waits for start instead of health",
    ),
    (
        Code::NeverHealthy,
        "RC0807",
        "never-healthy",
        Severity::Warning,
        "a dependency waits for health, but the health check is disabled",
    ),
    (
        Code::RestartsWhenDone,
        "RC0808",
        "restarts-when-done",
        Severity::Warning,
        "a service that others wait to complete has a restart policy",
    ),
    (Code::LegacyLinks, "RC0809", "legacy-links", Severity::Note, "`links` are not needed"),
    (
        Code::AnonymousDataVolume,
        "RC0810",
        "anonymous-data-volume",
        Severity::Warning,
        "a database keeps its data in a volume without a name",
    ),
    (
        Code::MissingBindSource,
        "RC0811",
        "missing-bind-source",
        Severity::Warning,
        "the source path of a bind mount does not exist",
    ),
    (Code::DecimalMode, "RC0812", "decimal-mode", Severity::Warning, "a file mode is read in decimal"),
    (Code::LatestTag, "RC0813", "latest-tag", Severity::Warning, "an image has no version"),
    (
        Code::VariableInEnvFile,
        "RC0814",
        "variable-in-env-file",
        Severity::Warning,
        "a variable is used that only an `env_file` sets",
    ),
    (Code::LiteralSecret, "RC0815", "literal-secret", Severity::Note, "a secret is written in plain text"),
    (Code::EngineSocket, "RC0816", "engine-socket", Severity::Note, "a container has the engine's socket"),
    (Code::Privileged, "RC0817", "privileged", Severity::Note, "a container has full access to the host"),
    (
        Code::UnknownAllow,
        "RC0818",
        "unknown-allow",
        Severity::Warning,
        "the code or slug to silence is unknown",
    ),
];

impl Code {
    fn row(self) -> &'static (Code, &'static str, &'static str, Severity, &'static str) {
        // The table has one row for each variant in declaration order; a test holds it to that.
        &TABLE[self as usize]
    }

    /// The number: `RC0301`.
    pub fn id(self) -> &'static str {
        self.row().1
    }

    /// A short name: `unknown-key`.
    pub fn slug(self) -> &'static str {
        self.row().2
    }

    /// How bad findings of this kind are.
    pub fn severity(self) -> Severity {
        self.row().3
    }

    /// What it means, in one line.
    pub fn meaning(self) -> &'static str {
        self.row().4
    }

    /// Whether it says that one value can't be read as what its place needs.
    pub fn is_of_value(self) -> bool {
        matches!(
            self,
            Code::Cast
                | Code::Pattern
                | Code::NotAllowed
                | Code::OutOfRange
                | Code::Port
                | Code::Volume
                | Code::Duration
                | Code::ByteSize
                | Code::Number
                | Code::Command
                | Code::HostEntry
                | Code::Device
                | Code::ShortForm
                | Code::MountTarget
                | Code::IpAddress
                | Code::Blank
        )
    }

    /// Whether such a finding means that a part of the files is not known.
    pub fn leaves_gaps(self) -> bool {
        matches!(
            self,
            Code::FileUnreadable
                | Code::NotUtf8
                | Code::FileTooLarge
                | Code::RemoteRefused
                | Code::YamlSyntax
                | Code::TooDeep
                | Code::TooManyNodes
                | Code::NotAMapping
                | Code::Include
                | Code::IncludeCycle
        )
    }

    /// The section that lacks a name, for findings about names that nothing declares.
    pub fn undefined_in(self) -> Option<&'static str> {
        Some(match self {
            Code::UndefinedNetwork => "networks",
            Code::UndefinedVolume => "volumes",
            Code::UndefinedConfig => "configs",
            Code::UndefinedSecret => "secrets",
            Code::UndefinedModel => "models",
            Code::UndefinedService => "services",
            _ => return None,
        })
    }

    /// Every code, in order.
    pub fn all() -> impl Iterator<Item = Code> {
        TABLE.iter().map(|row| row.0)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_declaration_order_and_has_no_number_or_slug_twice() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, at, "{}", row.1);
        }
        let unique =
            |f: fn(Code) -> &'static str| Code::all().map(f).collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!(unique(Code::id), TABLE.len());
        assert_eq!(unique(Code::slug), TABLE.len());
    }
}
