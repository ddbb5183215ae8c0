//! Names that no engine takes for a volume or network.

use super::{HERE, Lowering};
use crate::diag::{Code, Diagnostic};
use crate::model::Origins;

impl Lowering<'_> {
    /// The names of the project's volumes and networks.
    pub(in crate::spec::lower) fn names(&mut self) {
        let project = self.project;
        for (key, volume) in &project.volumes {
            let Some(name) = volume.name.as_deref() else { continue };
            let local = matches!(volume.driver.as_deref(), None | Some("" | "local"));
            if !volume.external && local && !is_volume_name(name) {
                let message = format!("volume \"{key}\": `{name}` can't be the name of a volume");
                let help = match name.starts_with(['.', '/', '~']) {
                    true => "to mount a directory of this machine, write its path in the service's `volumes`",
                    false => {
                        "write two or more of `a-z`, `A-Z`, `0-9`, `_`, `.` and `-`, a letter or digit first"
                    }
                };
                self.bad_name(message, help, &volume.origins);
            } else if has_dots(name) {
                self.unreachable("volume", key, name, &volume.origins);
            }
        }
        for (key, network) in &project.networks {
            let Some(name) = network.name.as_deref() else { continue };
            if network.external && has_dots(name) {
                self.unreachable("network", key, name, &network.origins);
            } else if name.trim().is_empty() && !name.is_empty() {
                let message = format!("network \"{key}\": a network's name must not be blank");
                self.bad_name(message, "write a name, or leave `name` out", &network.origins);
            }
        }
    }

    /// The engine's interface holds such names in addresses, where `..` leads elsewhere.
    fn unreachable(&mut self, what: &str, key: &str, name: &str, origins: &Origins) {
        let message = format!("{what} \"{key}\": no engine can be asked for a {what} named `{name}`");
        self.bad_name(message, "leave `.`, `..` and empty parts between slashes out of the name", origins);
    }

    fn bad_name(&mut self, message: String, help: &str, origins: &Origins) {
        let path = HERE.key("name");
        let found = Diagnostic::new(Code::Pattern, origins.value(path), message);
        self.diags.push(found.at(origins.full(path)).help(help));
    }
}

/// Whether a part between slashes is `.`, `..` or empty.
fn has_dots(name: &str) -> bool {
    let is_dots = |part: &str| matches!(part, "." | "..");
    is_dots(name) || (name.contains('/') && name.split('/').any(|part| part.is_empty() || is_dots(part)))
}

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]+`: what the engine's own volume driver takes.
fn is_volume_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
