//! Capabilities no kernel knows.

use super::{HERE, Lowering, Refusal};
use crate::diag::{Code, suggest};
use crate::model::Service;

/// Every capability of Linux 5.9 and later, without `CAP_`. An engine may know fewer.
const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

impl Lowering<'_> {
    pub(super) fn capabilities(&mut self, service: &Service) {
        let container = &service.container;
        for (key, names) in [("cap_add", &container.cap_add), ("cap_drop", &container.cap_drop)] {
            let list = HERE.key(key);
            for (at, name) in names.iter().enumerate() {
                let plain = name.trim().to_uppercase();
                if plain == "ALL" || CAPABILITIES.contains(&plain.strip_prefix("CAP_").unwrap_or(&plain)) {
                    continue;
                }
                let bare = plain.strip_prefix("CAP_").unwrap_or(&plain);
                let near = suggest::nearest(bare, CAPABILITIES.iter().copied().chain(["ALL"]));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `ALL`, or one of capabilities(7), such as `NET_ADMIN`".to_owned(),
                };
                let message = format!("service \"{}\": `{name}` is not a capability", service.name);
                let better = near.map(str::to_owned);
                let code = Code::NotAllowed;
                let refusal = Refusal { code, message, help, value: name, better };
                self.refuse(service, list.index(at), refusal);
            }
        }
    }
}
