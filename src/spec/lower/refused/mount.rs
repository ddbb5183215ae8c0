//! Mounts without an absolute path in the container.

use super::{HERE, Lowering, Refusal, has_drive};
use crate::diag::Code;
use crate::model::{MountType, Service};
use crate::yaml::PathRef;

impl Lowering<'_> {
    pub(super) fn mount_targets(&mut self, service: &Service) {
        let volumes = HERE.key("volumes");
        for (at, mount) in service.container.volumes.iter().enumerate() {
            let target = mount.target.as_deref().unwrap_or_default();
            let item = volumes.index(at);
            let short = is_short(service, item);
            match (mount.kind, mount.source.as_deref()) {
                (MountType::Volume, None) if short && is_letter_and_path(target) => {
                    self.drive_letter(service, item, target, "the path of a volume without a name");
                }
                (MountType::Bind, Some(source))
                    if short && is_letter_and_path(source) && is_relative(target) =>
                {
                    self.drive_letter(service, item, source, "a path of the host");
                    self.mount_target(service, item.key("target"), target);
                }
                (MountType::Npipe, _) => {}
                _ => self.mount_target(service, item.key("target"), target),
            }
        }
        let tmpfs = HERE.key("tmpfs");
        for (at, entry) in service.container.tmpfs.iter().enumerate() {
            let target = entry.split(':').next().unwrap_or_default();
            self.mount_target(service, tmpfs.index(at), target);
        }
    }

    fn mount_target(&mut self, service: &Service, path: PathRef<'_>, target: &str) {
        if !is_relative(target) {
            return;
        }
        let message =
            format!("service \"{}\": mount target `{target}` is not an absolute path", service.name);
        let bare = target.trim_start_matches("./");
        let help = format!("write where in the container it is to be, such as `/{bare}`");
        let refusal = Refusal { code: Code::MountTarget, message, help, value: target, better: None };
        self.refuse(service, path, refusal);
    }

    fn drive_letter(&mut self, service: &Service, item: PathRef<'_>, text: &str, what: &str) {
        let (letter, target) = text.split_once(':').unwrap_or((text, text));
        let message = format!(
            "service \"{}\": `{letter}:` is read as a drive letter, and `{text}` as {what}",
            service.name
        );
        let help = format!(
            "use a longer name or the long form: `{{type: volume, source: {letter}, target: {target}}}`"
        );
        let refusal = Refusal { code: Code::DriveLetter, message, help, value: text, better: None };
        self.refuse(service, item, refusal);
    }
}

/// Whether a mount is written in its short form: its parts have no places of their own then.
fn is_short(service: &Service, item: PathRef<'_>) -> bool {
    service.origins.value(item.key("type")) == service.origins.value(item)
}

/// `v:/data`: on Windows people write `C:\\data`.
fn is_letter_and_path(target: &str) -> bool {
    has_drive(target) && target[1..].starts_with(":/")
}

/// Whether a path in a container is none from the top. What has a drive is for engines on Windows.
fn is_relative(path: &str) -> bool {
    !path.is_empty() && !path.starts_with(['/', '\\']) && !has_drive(path)
}
