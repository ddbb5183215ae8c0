//! The schema in a compact, resolved form.
//!
//! The JSON text is read straight into a flat list of rules, without a generic JSON tree between;
//! annotations for editors are skipped, and references become positions. An unknown keyword
//! is an error, so that nothing is left unchecked by mistake.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::pattern::Pattern;
use crate::yaml::{Kind, Node};

/// Keywords that decide nothing.
const ANNOTATIONS: &[&str] =
    &["title", "description", "default", "deprecated", "examples", "$schema", "$id", "$comment", "$defs"];

/// Where a rule stands in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleId(u32);

/// A set of JSON types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Types(u8);

impl Types {
    /// No type named: anything goes.
    pub const ANY: Types = Types(0);
    /// `null`
    pub const NULL: Types = Types(1);
    /// `boolean`
    pub const BOOLEAN: Types = Types(2);
    /// `integer`
    pub const INTEGER: Types = Types(4);
    /// `number`
    pub const NUMBER: Types = Types(8);
    /// `string`
    pub const STRING: Types = Types(16);
    /// `array`
    pub const ARRAY: Types = Types(32);
    /// `object`
    pub const OBJECT: Types = Types(64);

    /// Whether the sets share a type.
    pub fn meets(self, other: Types) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets together.
    pub fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    /// The types a node has: an integer is a number too, and so is `1.0` an integer.
    pub fn of(node: &Node) -> Types {
        match &node.kind {
            Kind::Null => Types::NULL,
            Kind::Bool(_) => Types::BOOLEAN,
            Kind::Int(_) | Kind::UInt(_) => Types::INTEGER.or(Types::NUMBER),
            Kind::Float(value) if value.fract() == 0.0 => Types::INTEGER.or(Types::NUMBER),
            Kind::Float(_) => Types::NUMBER,
            Kind::Timestamp(_) | Kind::String(_) => Types::STRING,
            Kind::Sequence(_) => Types::ARRAY,
            Kind::Mapping(_) => Types::OBJECT,
            Kind::Invalid => Types(0x7f),
        }
    }

    fn named(name: &str) -> Option<Types> {
        Some(match name {
            "null" => Types::NULL,
            "boolean" => Types::BOOLEAN,
            "integer" => Types::INTEGER,
            "number" => Types::NUMBER,
            "string" => Types::STRING,
            "array" => Types::ARRAY,
            "object" => Types::OBJECT,
            _ => return None,
        })
    }
}

/// What becomes of keys that no property or pattern names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// They are free.
    #[default]
    Free,
    /// There must be none.
    Refused,
    /// They follow a rule.
    Follow(RuleId),
}

/// One schema.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// What it describes, in words.
    pub title: Option<Cow<'static, str>>,
    /// The rule that it stands for.
    pub reference: Option<RuleId>,
    /// Accepts nothing at all (the schema `false`).
    pub never: bool,
    /// Types allowed.
    pub types: Types,
    /// Known keys, sorted.
    pub properties: Vec<(&'static str, RuleId)>,
    /// Keys by pattern.
    pub patterns: Vec<(Pattern, RuleId)>,
    /// Other keys.
    pub others: Others,
    /// Keys that must be there.
    pub required: Vec<&'static str>,
    /// The rule of list items.
    pub items: Option<RuleId>,
    /// Whether list items must differ.
    pub unique: bool,
    /// The values allowed; empty for any.
    pub allowed: Vec<serde_json::Value>,
    /// What text must look like.
    pub pattern: Option<Pattern>,
    /// Smallest number.
    pub minimum: Option<f64>,
    /// Largest number.
    pub maximum: Option<f64>,
    /// Fewest list items.
    pub min_items: Option<usize>,
    /// Fewest keys.
    pub min_properties: Option<usize>,
    /// Lists of alternatives (`oneOf` or `anyOf`): of each list, one must hold.
    pub choices: Vec<Vec<RuleId>>,
    target: Option<Cow<'static, str>>,
}

/// The whole schema.
#[derive(Debug)]
pub struct Book {
    rules: Vec<Rule>,
    /// The rule of a whole file.
    pub root: RuleId,
}

impl Book {
    /// Reads a schema from its JSON text.
    pub fn read(text: &'static str) -> Result<Book, serde_json::Error> {
        let mut draft = Draft::default();
        let mut json = serde_json::Deserializer::from_str(text);
        let root = RuleSeed(&mut draft).deserialize(&mut json)?;
        json.end()?;
        let mut book = Book { rules: draft.rules, root };
        for at in 0..book.rules.len() {
            let Some(target) = book.rules[at].target.take() else { continue };
            let found = match target.strip_prefix("#/$defs/") {
                Some(name) => draft.definitions.iter().find(|(known, _)| *known == name).map(|(_, id)| *id),
                None => None,
            };
            book.rules[at].reference =
                Some(found.ok_or_else(|| serde_json::Error::custom(format!("unknown $ref {target}")))?);
        }
        Ok(book)
    }

    /// A rule, past its references.
    pub fn rule(&self, id: RuleId) -> &Rule {
        let mut rule = &self.rules[id.0 as usize];
        while let Some(next) = rule.reference {
            rule = &self.rules[next.0 as usize];
        }
        rule
    }

    /// The title nearest to the place that refers to the rule.
    pub fn title(&self, id: RuleId) -> Option<&str> {
        let mut rule = &self.rules[id.0 as usize];
        loop {
            match (&rule.title, rule.reference) {
                (Some(title), _) => return Some(title),
                (None, Some(next)) => rule = &self.rules[next.0 as usize],
                (None, None) => return None,
            }
        }
    }

    /// Every rule, for tests and look-ups.
    #[cfg(test)]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Rule {
    /// Whether the rule names the key itself, not by a pattern.
    pub fn property(&self, key: &str) -> Option<RuleId> {
        self.properties.binary_search_by_key(&key, |p| p.0).ok().map(|at| self.properties[at].1)
    }
}

#[derive(Default)]
struct Draft {
    rules: Vec<Rule>,
    definitions: Vec<(Cow<'static, str>, RuleId)>,
}

impl Draft {
    fn add(&mut self, rule: Rule) -> RuleId {
        self.rules.push(rule);
        RuleId((self.rules.len() - 1) as u32)
    }
}

/// Text that borrows from the schema unless it holds an escape.
struct Text(Cow<'static, str>);

impl serde::Deserialize<'static> for Text {
    fn deserialize<D: Deserializer<'static>>(from: D) -> Result<Text, D::Error> {
        struct TextVisitor;
        impl Visitor<'static> for TextVisitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'static str) -> Result<Text, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(TextVisitor)
    }
}

/// `"string"` or `["string", "null"]`.
struct TypeList(Types);

impl serde::Deserialize<'static> for TypeList {
    fn deserialize<D: Deserializer<'static>>(from: D) -> Result<TypeList, D::Error> {
        struct TypeVisitor;
        impl Visitor<'static> for TypeVisitor {
            type Value = TypeList;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type or a list of types")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<TypeList, E> {
                Types::named(name).map(TypeList).ok_or_else(|| E::custom(format!("unknown type {name}")))
            }
            fn visit_seq<A: SeqAccess<'static>>(self, mut list: A) -> Result<TypeList, A::Error> {
                let mut all = Types::ANY;
                while let Some(TypeList(one)) = list.next_element()? {
                    all = all.or(one);
                }
                Ok(TypeList(all))
            }
        }
        from.deserialize_any(TypeVisitor)
    }
}

struct RuleSeed<'a>(&'a mut Draft);
struct RulesSeed<'a>(&'a mut Draft);
struct NamedSeed<'a>(&'a mut Draft);

impl DeserializeSeed<'static> for RuleSeed<'_> {
    type Value = RuleId;
    fn deserialize<D: Deserializer<'static>>(self, from: D) -> Result<RuleId, D::Error> {
        from.deserialize_any(self)
    }
}

impl DeserializeSeed<'static> for RulesSeed<'_> {
    type Value = Vec<RuleId>;
    fn deserialize<D: Deserializer<'static>>(self, from: D) -> Result<Vec<RuleId>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl DeserializeSeed<'static> for NamedSeed<'_> {
    type Value = Vec<(Cow<'static, str>, RuleId)>;
    fn deserialize<D: Deserializer<'static>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl Visitor<'static> for RulesSeed<'_> {
    type Value = Vec<RuleId>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of schemas")
    }
    fn visit_seq<A: SeqAccess<'static>>(self, mut list: A) -> Result<Vec<RuleId>, A::Error> {
        let mut all = Vec::new();
        while let Some(id) = list.next_element_seed(RuleSeed(self.0))? {
            all.push(id);
        }
        Ok(all)
    }
}

impl Visitor<'static> for NamedSeed<'_> {
    type Value = Vec<(Cow<'static, str>, RuleId)>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("schemas by name")
    }
    fn visit_map<A: MapAccess<'static>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            let id = map.next_value_seed(RuleSeed(self.0))?;
            all.push((name, id));
        }
        Ok(all)
    }
}

impl Visitor<'static> for RuleSeed<'_> {
    type Value = RuleId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schema")
    }

    fn visit_bool<E: Error>(self, accepts: bool) -> Result<RuleId, E> {
        Ok(self.0.add(Rule { never: !accepts, ..Rule::default() }))
    }

    fn visit_map<A: MapAccess<'static>>(self, mut map: A) -> Result<RuleId, A::Error> {
        let draft = self.0;
        let mut rule = Rule::default();
        let mut asserts = false;
        while let Some(Text(keyword)) = map.next_key()? {
            asserts |= !ANNOTATIONS.contains(&&*keyword) && keyword != "$ref";
            match &*keyword {
                "type" => rule.types = map.next_value::<TypeList>()?.0,
                "title" => rule.title = Some(map.next_value::<Text>()?.0),
                "$ref" => rule.target = Some(map.next_value::<Text>()?.0),
                "properties" => {
                    for (name, id) in map.next_value_seed(NamedSeed(draft))? {
                        let Cow::Borrowed(name) = name else {
                            return Err(A::Error::custom("a property's name holds an escape"));
                        };
                        rule.properties.push((name, id));
                    }
                    rule.properties.sort_unstable_by_key(|p| p.0);
                }
                "patternProperties" => {
                    let named = map.next_value_seed(NamedSeed(draft))?;
                    rule.patterns = named.into_iter().map(|(text, id)| (Pattern::new(text), id)).collect();
                }
                "additionalProperties" => {
                    let id = map.next_value_seed(RuleSeed(draft))?;
                    let other = &draft.rules[id.0 as usize];
                    rule.others = if other.never { Others::Refused } else { Others::Follow(id) };
                }
                "required" => rule.required = map.next_value()?,
                "items" => rule.items = Some(map.next_value_seed(RuleSeed(draft))?),
                "uniqueItems" => rule.unique = map.next_value()?,
                "enum" => rule.allowed = map.next_value()?,
                "const" => rule.allowed = vec![map.next_value()?],
                "pattern" => rule.pattern = Some(Pattern::new(map.next_value::<Text>()?.0)),
                "minimum" => rule.minimum = Some(map.next_value()?),
                "maximum" => rule.maximum = Some(map.next_value()?),
                "minItems" => rule.min_items = Some(map.next_value()?),
                "minProperties" => rule.min_properties = Some(map.next_value()?),
                "oneOf" | "anyOf" => rule.choices.push(map.next_value_seed(RulesSeed(draft))?),
                "$defs" => draft.definitions = map.next_value_seed(NamedSeed(draft))?,
                other if ANNOTATIONS.contains(&other) => {
                    map.next_value::<IgnoredAny>()?;
                }
                other => return Err(A::Error::custom(format!("unknown keyword {other}"))),
            }
        }
        if rule.target.is_some() && asserts {
            return Err(A::Error::custom("$ref beside a keyword that asserts something"));
        }
        Ok(draft.add(rule))
    }
}
