//! Mounts that share a target.

use std::collections::HashMap;

use crate::diag::{Code, Diagnostics};
use crate::yaml::Path;

use super::{HERE, Subject};

pub(super) fn check(subject: &Subject<'_>, diags: &mut Diagnostics) {
    let container = subject.container;
    if container.tmpfs.len() + container.volumes.len() < 2 {
        return;
    }
    let (tmpfs, volumes) = (HERE.key("tmpfs"), HERE.key("volumes"));
    let in_memory = container
        .tmpfs
        .iter()
        .enumerate()
        .map(|(at, line)| (tmpfs.index(at), line.split(':').next().unwrap_or(line)));
    let others = container
        .volumes
        .iter()
        .enumerate()
        .map(|(at, mount)| (volumes.index(at), mount.target.as_deref().unwrap_or_default()));
    let mut taken: HashMap<&str, Path> = HashMap::new();
    for (path, target) in in_memory.chain(others) {
        match taken.get(target) {
            Some(first) => {
                let what = format!("mounts two things at `{target}`");
                let finding = subject.finding(Code::DuplicateTarget, path, what);
                diags.push(finding.label(first_place(subject, first), "the first one is here"));
            }
            None => {
                taken.insert(target, path.to_path());
            }
        }
    }
}

fn first_place(subject: &Subject<'_>, path: &Path) -> crate::diag::Span {
    use crate::yaml::Segment::{Index, Key};
    match path.0.as_slice() {
        [Key(key), Index(at)] => subject.origins.key(HERE.key(key).index(*at)),
        _ => subject.origins.span(),
    }
}
