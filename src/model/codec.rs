//! Fields whose type alone does not say how they are read or written.

use indexmap::IndexMap;

use crate::base::shell;
use crate::diag::Code;
use crate::yaml::scalar::text_of;
use crate::yaml::{Kind, Node, PathRef};

use super::decode::Decoder;
use super::record::{Codec, Form, Value};
use super::scalar::text;

/// Commands: a list, or a text to be split into words. JSON always shows them.
pub struct Command;

impl Codec<Option<Vec<String>>> for Command {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Option<Vec<String>>> {
        let Some(line) = node.as_str() else {
            return Vec::decode(node, at, decoder).map(Some);
        };
        match shell::split(line) {
            Ok(words) => Some(Some(words)),
            Err(error) => {
                let help = "close every quote and bracket, or write the command as a list";
                decoder.report(Code::Command, node, at, format!("`{line}` can't be split: {error}"), help);
                None
            }
        }
    }
    fn is_zero(value: &Option<Vec<String>>) -> bool {
        value.is_none()
    }
    fn is_omitted(value: &Option<Vec<String>>, form: Form) -> bool {
        form == Form::Yaml && value.is_none()
    }
    fn node(value: &Option<Vec<String>>, form: Form) -> Node {
        value.node(form)
    }
}

/// A health check's test: a text is a line for the shell.
pub struct HealthTest;

impl Codec<Vec<String>> for HealthTest {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Vec<String>> {
        match node.as_str() {
            Some(line) => Some(vec!["CMD-SHELL".to_owned(), line.to_owned()]),
            None => Vec::decode(node, at, decoder),
        }
    }
    fn is_zero(value: &Vec<String>) -> bool {
        value.is_empty()
    }
    fn node(value: &Vec<String>, form: Form) -> Node {
        value.node(form)
    }
}

/// Options of a program: for each name one scalar of any kind, or several.
pub struct Words;

impl Codec<IndexMap<String, Vec<String>>> for Words {
    fn decode(
        node: &Node,
        at: &PathRef<'_>,
        decoder: &mut Decoder<'_>,
    ) -> Option<IndexMap<String, Vec<String>>> {
        let mut options = IndexMap::new();
        for entry in decoder.mapping(node, at)? {
            let key = entry.key.text.as_str();
            let at = at.key(key);
            let words = match &entry.value.kind {
                Kind::Sequence(items) => {
                    let words = items.iter().enumerate();
                    words.filter_map(|(n, item)| decoder.text(item, &at.index(n))).collect()
                }
                Kind::Null | Kind::Invalid => continue,
                _ => decoder.text(&entry.value, &at).into_iter().collect(),
            };
            options.insert(key.to_owned(), words);
        }
        Some(options)
    }
    fn is_zero(value: &IndexMap<String, Vec<String>>) -> bool {
        value.is_empty()
    }
    fn node(value: &IndexMap<String, Vec<String>>, form: Form) -> Node {
        value.node(form)
    }
}

/// Reads a mapping, or a list of `key=value` and bare `key`; hands each key and value (if any) on.
fn pairs(
    node: &Node,
    at: &PathRef<'_>,
    decoder: &mut Decoder<'_>,
    mut each: impl FnMut(&str, Option<String>, &Node, &mut Decoder<'_>),
) -> Option<()> {
    if let Some(items) = node.as_sequence() {
        for (n, item) in items.iter().enumerate() {
            if let Some(line) = decoder.text(item, &at.index(n)) {
                match line.split_once('=') {
                    Some((key, value)) => each(key, Some(value.to_owned()), item, decoder),
                    None => each(&line, None, item, decoder),
                }
            }
        }
        return Some(());
    }
    for entry in decoder.mapping(node, at)? {
        let key = entry.key.text.as_str();
        match text_of(&entry.value) {
            None if entry.value.is_null() => each(key, None, &entry.value, decoder),
            None => decoder.mismatch(&entry.value, &at.key(key), "a text").unwrap_or_default(),
            value => each(key, value, &entry.value, decoder),
        }
    }
    Some(())
}

/// Labels, options and the like: text by key, in either form; what has no value is empty.
pub struct Pairs;

impl Codec<IndexMap<String, String>> for Pairs {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<IndexMap<String, String>> {
        let mut map = IndexMap::new();
        pairs(node, at, decoder, |key, value, _, _| {
            map.insert(key.to_owned(), value.unwrap_or_default());
        })?;
        Some(map)
    }
    fn is_zero(value: &IndexMap<String, String>) -> bool {
        value.is_empty()
    }
    fn node(value: &IndexMap<String, String>, form: Form) -> Node {
        value.node(form)
    }
}

/// Environments and build arguments: as [`Pairs`], but what has no value stays so.
pub struct Environment;

impl Codec<IndexMap<String, Option<String>>> for Environment {
    fn decode(
        node: &Node,
        at: &PathRef<'_>,
        decoder: &mut Decoder<'_>,
    ) -> Option<IndexMap<String, Option<String>>> {
        let listed = node.as_sequence().is_some();
        let mut map = IndexMap::new();
        pairs(node, at, decoder, |key, value, item, decoder| {
            if listed && key.ends_with(char::is_whitespace) {
                let message = format!("the variable `{key}` ends with a blank");
                decoder.report(Code::Blank, item, at, message, "remove the blank before the `=`");
            } else {
                map.insert(key.to_owned(), value);
            }
        })?;
        Some(map)
    }
    fn is_zero(value: &IndexMap<String, Option<String>>) -> bool {
        value.is_empty()
    }
    fn node(value: &IndexMap<String, Option<String>>, form: Form) -> Node {
        value.node(form)
    }
}

/// Mappings in which the key counts and the value may be null.
pub struct Presence;

impl<T: Value> Codec<IndexMap<String, Option<T>>> for Presence {
    fn decode(
        node: &Node,
        at: &PathRef<'_>,
        decoder: &mut Decoder<'_>,
    ) -> Option<IndexMap<String, Option<T>>> {
        if let Some(items) = node.as_sequence() {
            return Some(items.iter().filter_map(|item| Some((text_of(item)?, None))).collect());
        }
        let map = decoder.mapping(node, at)?;
        let entries = map.iter().map(|entry| {
            let key = entry.key.text.as_str();
            (key.to_owned(), T::decode(&entry.value, &at.key(key), decoder))
        });
        Some(entries.collect())
    }
    fn is_zero(value: &IndexMap<String, Option<T>>) -> bool {
        value.is_empty()
    }
    fn node(value: &IndexMap<String, Option<T>>, form: Form) -> Node {
        value.node(form)
    }
}

/// Lines for `/etc/hosts`: a mapping of addresses, or a list of `host=address` and `host:address`.
pub struct ExtraHosts;

impl ExtraHosts {
    fn add(
        map: &mut IndexMap<String, Vec<String>>,
        (host, addresses): (&str, &str),
        node: &Node,
        at: &PathRef<'_>,
        decoder: &mut Decoder<'_>,
    ) {
        if host.is_empty() || host.contains([':', '=']) {
            decoder.report(Code::HostEntry, node, at, format!("`{host}` is not a host name"), "");
            return;
        }
        let list = map.entry(host.to_owned()).or_default();
        for address in addresses.split(',') {
            let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            list.push(bare.filter(|bare| !bare.is_empty()).unwrap_or(address).to_owned());
        }
    }
}

impl Codec<IndexMap<String, Vec<String>>> for ExtraHosts {
    fn decode(
        node: &Node,
        at: &PathRef<'_>,
        decoder: &mut Decoder<'_>,
    ) -> Option<IndexMap<String, Vec<String>>> {
        let mut map = IndexMap::new();
        if let Some(items) = node.as_sequence() {
            for (n, item) in items.iter().enumerate() {
                let at = at.index(n);
                let Some(line) = decoder.text(item, &at) else { continue };
                match line.split_once('=').or_else(|| line.split_once(':')) {
                    Some(pair) => ExtraHosts::add(&mut map, pair, item, &at, decoder),
                    None => {
                        let help = format!("write `{line}=<address>`");
                        decoder.report(Code::HostEntry, item, &at, format!("`{line}` has no address"), &help);
                    }
                }
            }
            return Some(map);
        }
        for entry in decoder.mapping(node, at)? {
            let host = entry.key.text.as_str();
            let at = at.key(host);
            for address in Vec::<String>::decode(&entry.value, &at, decoder).unwrap_or_default() {
                ExtraHosts::add(&mut map, (host, &address), &entry.value, &at, decoder);
            }
        }
        Some(map)
    }
    fn is_zero(value: &IndexMap<String, Vec<String>>) -> bool {
        value.is_empty()
    }
    fn node(value: &IndexMap<String, Vec<String>>, _: Form) -> Node {
        let mut lines: Vec<String> = value
            .iter()
            .flat_map(|(host, addresses)| addresses.iter().map(move |address| format!("{host}={address}")))
            .collect();
        lines.sort();
        Node::new(Kind::Sequence(lines.into_iter().map(text).collect()))
    }
}

/// Keys for builds by id; null stands for the default agent.
pub struct Ssh;

impl Codec<IndexMap<String, Option<String>>> for Ssh {
    fn decode(
        node: &Node,
        at: &PathRef<'_>,
        decoder: &mut Decoder<'_>,
    ) -> Option<IndexMap<String, Option<String>>> {
        let mut map = IndexMap::new();
        pairs(node, at, decoder, |key, value, _, _| {
            map.insert(key.to_owned(), value.filter(|path| !path.is_empty()));
        })?;
        Some(map)
    }
    fn is_zero(value: &IndexMap<String, Option<String>>) -> bool {
        value.is_empty()
    }
    fn node(value: &IndexMap<String, Option<String>>, _: Form) -> Node {
        let items = value.iter().map(|(id, path)| match path {
            Some(path) => text(format!("{id}: {path}")),
            None => text(id.as_str()),
        });
        Node::new(Kind::Sequence(items.collect()))
    }
}

/// How many devices: a number, or `all` for -1.
pub struct DeviceCount;

impl Codec<i64> for DeviceCount {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<i64> {
        match node.as_str() {
            Some(word) if word.eq_ignore_ascii_case("all") => Some(-1),
            Some(word) => word.parse().ok().or_else(|| {
                let message = format!("`{word}` is not a count of devices");
                decoder.report(Code::Device, node, at, message, "write `all` or a whole number");
                None
            }),
            None if matches!(node.kind, Kind::Float(_)) => {
                decoder.mismatch(node, at, "a whole number or `all`")
            }
            None => i64::decode(node, at, decoder),
        }
    }
    fn is_zero(value: &i64) -> bool {
        *value == 0
    }
    fn node(value: &i64, form: Form) -> Node {
        value.node(form)
    }
}

/// Numbers for which the reference takes no text.
pub struct StrictUnsigned;

impl<T: Value> Codec<T> for StrictUnsigned {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<T> {
        if node.as_str().is_some() {
            return decoder.mismatch(node, at, "a number without quotes");
        }
        T::decode(node, at, decoder)
    }
    fn is_zero(value: &T) -> bool {
        value.is_zero()
    }
    fn node(value: &T, form: Form) -> Node {
        value.node(form)
    }
}

/// Never printed.
pub struct Hidden;

impl Codec<Option<String>> for Hidden {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Option<String>> {
        decoder.text(node, at).map(Some)
    }
    fn is_zero(value: &Option<String>) -> bool {
        value.is_none()
    }
    fn is_omitted(_: &Option<String>, _: Form) -> bool {
        true
    }
    fn node(_: &Option<String>, _: Form) -> Node {
        Node::null()
    }
}

/// Printed only when it is `false`.
pub struct UnlessTrue;

impl Codec<Option<bool>> for UnlessTrue {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Option<bool>> {
        bool::decode(node, at, decoder).map(Some)
    }
    fn is_zero(value: &Option<bool>) -> bool {
        value.is_none()
    }
    fn is_omitted(value: &Option<bool>, _: Form) -> bool {
        *value != Some(false)
    }
    fn node(value: &Option<bool>, form: Form) -> Node {
        value.node(form)
    }
}

/// Printed whatever its value.
pub struct Always;

impl<T: Value> Codec<T> for Always {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<T> {
        T::decode(node, at, decoder)
    }
    fn is_zero(value: &T) -> bool {
        value.is_zero()
    }
    fn is_omitted(_: &T, _: Form) -> bool {
        false
    }
    fn node(value: &T, form: Form) -> Node {
        value.node(form)
    }
}
