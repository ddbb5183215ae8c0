//! A forgiving look at an answer: whatever is missing, null or of another type is simply not there.

use indexmap::IndexMap;
use serde_json::Value;

/// A value inside an answer.
#[derive(Clone, Copy)]
pub(super) struct View<'a>(pub(super) &'a Value);

impl<'a> View<'a> {
    pub(super) fn at(self, key: &str) -> View<'a> {
        View(&self.0[key])
    }

    pub(super) fn given(self) -> bool {
        !self.0.is_null()
    }

    /// Text; empty when there is none.
    pub(super) fn text(self, key: &str) -> String {
        self.0[key].as_str().unwrap_or_default().to_owned()
    }

    /// Text that isn't empty.
    pub(super) fn word(self, key: &str) -> Option<String> {
        self.0[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub(super) fn number(self, key: &str) -> i64 {
        self.0[key].as_i64().unwrap_or_default()
    }

    /// A number that isn't zero.
    pub(super) fn amount(self, key: &str) -> Option<i64> {
        self.0[key].as_i64().filter(|number| *number != 0)
    }

    pub(super) fn flag(self, key: &str) -> bool {
        self.0[key].as_bool().unwrap_or_default()
    }

    /// A list of texts, `None` when it is null.
    pub(super) fn list(self, key: &str) -> Option<Vec<String>> {
        let items = self.0[key].as_array()?;
        Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
    }

    /// A list of texts, empty when it is null.
    pub(super) fn words(self, key: &str) -> Vec<String> {
        self.list(key).unwrap_or_default()
    }

    pub(super) fn items(self, key: &str) -> impl Iterator<Item = View<'a>> {
        self.0[key].as_array().into_iter().flatten().map(View)
    }

    /// Entries of a mapping, sorted by key.
    pub(super) fn entries(self, key: &str) -> Vec<(&'a str, View<'a>)> {
        let mut entries: Vec<(&str, View<'_>)> = self.0[key]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), View(value)))
            .collect();
        entries.sort_by_key(|(key, _)| *key);
        entries
    }

    /// A mapping to texts, sorted by key.
    pub(super) fn map(self, key: &str) -> IndexMap<String, String> {
        self.entries(key)
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.0.as_str().unwrap_or_default().to_owned()))
            .collect()
    }
}
