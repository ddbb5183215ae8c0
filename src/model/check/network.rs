//! Networks of a container.

use crate::diag::{Code, Diagnostics};

use super::{HERE, Subject, suggested};

pub(super) fn check(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let container = subject.container;
    let networks = HERE.key("networks");
    if container.network_mode.is_some() && !container.networks.is_empty() {
        let path = HERE.key("network_mode");
        diags.push(
            subject
                .finding(Code::ExclusiveKeys, path, "declares both `network_mode` and `networks`")
                .label(subject.origins.key(networks), "the networks are here")
                .help("keep only one of them"),
        );
    }
    for name in container.networks.keys() {
        // The default network is declared for those that may be in it; where the mode excludes it, that is told.
        let excluded = name == "default" && container.network_mode.is_some();
        if !excluded && !subject.project.networks.contains_key(name) {
            let what = format!("refers to the undefined network `{name}`");
            let finding = subject.finding(Code::UndefinedNetwork, networks.key(name), what);
            let known = subject.project.networks.keys().map(String::as_str);
            let otherwise = format!("declare it: `networks: {{ {name}: }}` at the top level");
            diags.push(suggested(finding, name, known, otherwise));
        }
    }
}
