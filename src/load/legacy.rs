//! Keys from before they had a name of their own: `x-develop` of a service is its `develop`, and
//! `x-initialSync` of something watched is its `initial_sync`. Today's key, if there too, is laid over the
//! old one.

use crate::diag::Diagnostics;
use crate::load::merge;
use crate::yaml::{Key, Mapping, Node, Path, PathRef, Segment};

const DEVELOP: (&str, &str) = ("x-develop", "develop");
const INITIAL_SYNC: (&str, &str) = ("x-initialSync", "initial_sync");

/// Gives the old keys of a path that a tag marks their names of today.
pub fn rename_path(path: &mut Path) {
    let [Segment::Key(services), Segment::Key(_), Segment::Key(develop), rest @ ..] = path.0.as_mut_slice()
    else {
        return;
    };
    if services != "services" {
        return;
    }
    if develop == DEVELOP.0 {
        DEVELOP.1.clone_into(develop);
    }
    if let [Segment::Key(watch), Segment::Index(_), Segment::Key(key), ..] = rest
        && (develop.as_str(), watch.as_str(), key.as_str()) == (DEVELOP.1, "watch", INITIAL_SYNC.0)
    {
        INITIAL_SYNC.1.clone_into(key);
    }
}

/// Gives the old keys of a document's services their names of today.
pub fn rename(root: &mut Node, diags: &mut Diagnostics) {
    let Some(services) = root.get_mut("services").and_then(Node::as_mapping_mut) else { return };
    let path = PathRef::Root.key("services");
    for (name, service) in services.iter_mut() {
        let path = path.key(&name.text);
        let Some(service) = service.as_mapping_mut() else { continue };
        move_key(service, DEVELOP, &path, diags);
        let Some(watch) = service.get_mut("develop").and_then(|develop| develop.get_mut("watch")) else {
            continue;
        };
        let path = path.key("develop");
        let path = path.key("watch");
        for (at, trigger) in watch.as_sequence_mut().into_iter().flatten().enumerate() {
            if let Some(trigger) = trigger.as_mapping_mut() {
                move_key(trigger, INITIAL_SYNC, &path.index(at), diags);
            }
        }
    }
}

fn move_key(map: &mut Mapping, (old, new): (&str, &str), path: &PathRef<'_>, diags: &mut Diagnostics) {
    let Some(entry) = map.remove_entry(old) else { return };
    match map.get_mut(new) {
        Some(value) => {
            let over = std::mem::replace(value, Node::null());
            *value = merge::merge(entry.value, over, &path.key(new), diags);
        }
        None => {
            map.insert(Key { text: new.to_owned(), span: entry.key.span }, entry.value);
        }
    }
}
