//! Watch rules.

use crate::diag::{Code, Diagnostics};
use crate::model::{Service, WatchAction};

use super::{HERE, Subject};

pub(super) fn check(subject: &Subject<'_>, service: &Service, diags: &mut Diagnostics) {
    let develop = HERE.key("develop");
    let rules = develop.key("watch");
    for (at, rule) in service.develop.iter().flat_map(|develop| &develop.watch).enumerate() {
        let needs_target = !matches!(rule.action, WatchAction::Rebuild | WatchAction::Restart);
        if needs_target && rule.target.is_none() {
            let what = format!("has a `{}` rule without a `target`", rule.action);
            let help = "add `target: <path inside the container>`";
            diags.push(subject.finding(Code::Watch, rules.index(at), what).help(help));
        }
    }
}
