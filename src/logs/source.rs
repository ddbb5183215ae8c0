//! Whose output it is.

use crate::base::{ProjectName, ServiceName};
use crate::spec::labels;
use crate::state::Labels;

/// A container's name in front of its lines: without the project when it is the default name, else whole
/// (`container_name`). During a replacement a container bears a temporary name; its final one is shown.
pub fn display_name(project: &ProjectName, service: &ServiceName, name: &str) -> String {
    let name = final_name(name);
    let short = name.strip_prefix(project.as_str()).and_then(|rest| rest.strip_prefix(['-', '_']));
    let number = short
        .and_then(|short| short.strip_prefix(service.as_str()))
        .and_then(|rest| rest.strip_prefix(['-', '_']));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match (short, number) {
        (Some(short), Some(number)) if digits(number) => short.to_owned(),
        _ => name.to_owned(),
    }
}

/// The name without the front a replacement has: `<12 hex>_`.
fn final_name(name: &str) -> &str {
    match name.split_once('_') {
        Some((id, rest))
            if id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()) && !rest.is_empty() =>
        {
            rest
        }
        _ => name,
    }
}

/// The service of a container, unless `run` made it.
pub(super) fn service_of(labels: &Labels) -> Option<ServiceName> {
    let one_off = labels.get(labels::ONE_OFF).is_some_and(|value| value == "True");
    labels.get(labels::SERVICE).filter(|_| !one_off).map(|name| ServiceName::from(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_when_they_are_the_default_ones() {
        let name = |name| display_name(&ProjectName::from("shop"), &ServiceName::from("web"), name);
        assert_eq!(name("shop-web-1"), "web-1");
        assert_eq!(name("shop_web_12"), "web_12");
        assert_eq!(name("0123456789ab_shop-web-1"), "web-1");
        assert_eq!(name("my-own"), "my-own");
        assert_eq!(name("shop-web-one"), "shop-web-one");
        assert_eq!(name("shop-worker-1"), "shop-worker-1");
    }
}
