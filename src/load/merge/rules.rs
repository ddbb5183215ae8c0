//! Which values merge in a way of their own, and which lists hold each thing once.

use std::sync::LazyLock;

use crate::load::rule_table::RuleTable;

/// How two values become one, where the general way doesn't fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The later value, even null.
    Replace,
    /// Soft and hard merge; a number and a pair replace each other, and null replaces both.
    Limit,
    /// Both as lists of text, one after the other, each name once.
    List,
    /// Both as lists of text, one after the other, each text once.
    Hosts,
    /// A text is the context.
    Build,
    /// A list of services is a mapping with the usual condition.
    DependsOn,
    /// A list of names is a mapping without values.
    Names,
    /// A list of `id=path` is a mapping.
    Ssh,
    /// Options of another driver go.
    Logging,
    /// Address pools: the later ones, each over the earlier one of its subnet.
    Pools,
}

/// The rules of merging.
pub(super) static MERGE: LazyLock<RuleTable<Rule>> = LazyLock::new(|| {
    RuleTable::new(&[
        ("container.command|entrypoint", Rule::Replace),
        ("workload.healthcheck.test", Rule::Replace),
        ("container.environment|labels|annotations|sysctls", Rule::List),
        ("container.dns|dns_opt|dns_search|tmpfs|env_file|label_file", Rule::List),
        ("workload.build.args|labels|additional_contexts", Rule::List),
        ("services.*.deploy.labels", Rule::List),
        ("networks|volumes|secrets|configs.*.labels", Rule::List),
        ("container.extra_hosts", Rule::Hosts),
        ("workload.build.extra_hosts", Rule::Hosts),
        ("workload.build", Rule::Build),
        ("workload.build.ssh", Rule::Ssh),
        ("workload.depends_on", Rule::DependsOn),
        ("container.networks|models", Rule::Names),
        ("container.logging", Rule::Logging),
        ("container.ulimits.*", Rule::Limit),
        ("networks.*.ipam.config", Rule::Pools),
    ])
});

/// What makes two items of a list the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UniqueKey {
    /// The text before `=`.
    Name,
    /// Where it is mounted.
    Volume,
    /// Where it appears.
    Device,
    /// Address, port and protocol.
    Port,
    /// Where it is mounted, below `/run/secrets` by default.
    Secret,
    /// Where it is mounted, below `/` by default.
    Config,
    /// The file.
    EnvFile,
    /// The port.
    Expose,
}

/// The lists that hold each thing once.
pub(super) static UNIQUE: LazyLock<RuleTable<UniqueKey>> = LazyLock::new(|| {
    RuleTable::new(&[
        ("services.*.annotations|environment|labels|sysctls|tmpfs|dns|dns_opt|dns_search", UniqueKey::Name),
        ("services.*.cap_add|cap_drop|links|profiles", UniqueKey::Name),
        ("services.*.build.args|labels|tags|additional_contexts", UniqueKey::Name),
        ("services.*.deploy.labels", UniqueKey::Name),
        ("services.*.networks.*.aliases|link_local_ips", UniqueKey::Name),
        ("networks.*.labels", UniqueKey::Name),
        ("networks.*.ipam.options", UniqueKey::Name),
        ("services.*.volumes", UniqueKey::Volume),
        ("services.*.devices", UniqueKey::Device),
        ("services.*.ports", UniqueKey::Port),
        ("services.*.secrets", UniqueKey::Secret),
        ("services.*.configs", UniqueKey::Config),
        ("services.*.env_file", UniqueKey::EnvFile),
        ("services.*.expose", UniqueKey::Expose),
    ])
});
