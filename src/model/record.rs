//! One description of each object serves decoding, printing and hashing.
//!
//! [`record!`] takes a list of fields in the order in which the reference prints them. The type of a
//! field says how it is read, when it is left out and how it is written ([`Value`]); where the type
//! alone does not say it (labels may be a list of `k=v`), a [`Codec`] stands behind the `=`.

use crate::yaml::{Key, Kind, Mapping, Node, PathRef};

use super::decode::Decoder;

/// The `x-` keys of an object, as written.
pub type Extensions = Mapping;

/// For whom an object is turned into a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `config` in YAML: free mappings in natural order, extensions printed, empty structures left out.
    Yaml,
    /// `config --format json` and the hash: free mappings bytewise, no extensions, structures always there.
    Json,
}

/// A type that knows how it stands in a Compose file.
pub trait Value: Sized {
    /// Reads it; `None` when the node is null or was found unreadable (and reported).
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<Self>;
    /// Whether it is what an unset field of this type holds.
    fn is_zero(&self) -> bool;
    /// Whether the field is left out of the printed form.
    fn is_omitted(&self, form: Form) -> bool {
        let _ = form;
        self.is_zero()
    }
    /// Whether `Option<Self>` takes this value for "unset".
    fn is_nothing(&self) -> bool {
        false
    }
    /// The printed form.
    fn node(&self, form: Form) -> Node;
}

/// A way of reading and writing values of a type other than the type's own.
pub trait Codec<T> {
    /// As [`Value::decode`].
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<T>;
    /// As [`Value::is_zero`].
    fn is_zero(value: &T) -> bool;
    /// As [`Value::is_omitted`].
    fn is_omitted(value: &T, _form: Form) -> bool {
        Self::is_zero(value)
    }
    /// As [`Value::node`].
    fn node(value: &T, form: Form) -> Node;
}

/// The type's own way.
pub struct Plain;

impl<T: Value> Codec<T> for Plain {
    fn decode(node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> Option<T> {
        T::decode(node, at, decoder)
    }
    fn is_zero(value: &T) -> bool {
        value.is_zero()
    }
    fn is_omitted(value: &T, form: Form) -> bool {
        value.is_omitted(form)
    }
    fn node(value: &T, form: Form) -> Node {
        value.node(form)
    }
}

/// A set of fields, possibly a part of a larger object.
pub trait Fields: Default {
    /// Sets the field with this key; `false` when there is none.
    fn set(&mut self, key: &str, node: &Node, at: &PathRef<'_>, decoder: &mut Decoder<'_>) -> bool;
    /// Whether no field is set.
    fn is_unset(&self) -> bool;
    /// Prints the fields.
    fn put(&self, object: &mut Object);
}

/// A mapping with known keys and `x-` extensions.
pub trait Record: Fields {
    /// The `x-` keys.
    fn extensions(&self) -> &Extensions;
    /// The `x-` keys, to fill.
    fn extensions_mut(&mut self) -> &mut Extensions;

    /// Reads every key of a mapping. Keys nobody knows were refused by the schema, or are known there
    /// and mean nothing.
    fn read(&mut self, map: &Mapping, at: &PathRef<'_>, decoder: &mut Decoder<'_>) {
        for entry in map {
            let key = entry.key.text.as_str();
            if key.starts_with("x-") {
                self.extensions_mut().insert(entry.key.clone(), entry.value.clone());
            } else if !entry.value.is_invalid() {
                self.set(key, &entry.value, &at.key(key), decoder);
            }
        }
    }

    /// The printed form.
    fn to_node(&self, form: Form) -> Node {
        let mut object = Object::new(form);
        self.put(&mut object);
        object.extend(self.extensions());
        object.into_node()
    }
}

/// An object under construction for the printed form.
pub struct Object {
    form: Form,
    map: Mapping,
}

impl Object {
    /// An empty one.
    pub fn new(form: Form) -> Object {
        Object { form, map: Mapping::new() }
    }

    /// Adds a field, unless its codec leaves it out.
    pub fn field<T, C: Codec<T>>(&mut self, key: &str, value: &T) {
        if !C::is_omitted(value, self.form) {
            self.insert(key, C::node(value, self.form));
        }
    }

    /// Adds a key whatever its value.
    pub fn insert(&mut self, key: &str, node: Node) {
        self.map.insert(Key::new(key), node);
    }

    /// Adds the extensions, which only YAML shows.
    pub fn extend(&mut self, extensions: &Extensions) {
        if self.form == Form::Yaml && !extensions.is_empty() {
            for entry in super::print::sorted(extensions.clone(), self.form) {
                let value = super::print::sorted_tree(&entry.value, self.form);
                self.map.insert(entry.key, value);
            }
        }
    }

    /// The finished tree.
    pub fn into_node(self) -> Node {
        Node::new(Kind::Mapping(self.map))
    }
}

/// Declares an object of the Compose file: its struct and how it is read and written.
///
/// `pub struct` makes an object with an `extensions` field; `pub part` makes a set of fields for use in
/// a `flatten { … }` block, whose fields are printed after the object's own. The fields of a
/// `beside { … }` block are neither read nor written.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$fmeta:meta])* $field:ident $(as $key:literal)? : $ty:ty $(= $codec:ty)? , )*
        }
        $( flatten { $( $(#[$pmeta:meta])* $part:ident : $pty:ty , )* } )?
        $( beside { $( $(#[$bmeta:meta])* $beside:ident : $bty:ty , )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub struct $name {
            $( $( $(#[$bmeta])* pub $beside: $bty, )* )?
            $( $(#[$fmeta])* pub $field: $ty, )*
            $( $( $(#[$pmeta])* pub $part: $pty, )* )?
            /// The `x-` keys, as written.
            pub extensions: $crate::model::record::Extensions,
        }

        $crate::model::record::record!(@fields $name
            { $( $field [$crate::model::record::record!(@key $field $($key)?)] $ty
                [$crate::model::record::record!(@codec $($codec)?)], )* }
            { $( $( $part )* )? });

        impl $crate::model::record::Record for $name {
            fn extensions(&self) -> &$crate::model::record::Extensions {
                &self.extensions
            }
            fn extensions_mut(&mut self) -> &mut $crate::model::record::Extensions {
                &mut self.extensions
            }
        }

        impl $crate::model::record::Value for $name {
            fn decode(
                node: &$crate::yaml::Node,
                at: &$crate::yaml::PathRef<'_>,
                decoder: &mut $crate::model::decode::Decoder<'_>,
            ) -> Option<Self> {
                use $crate::model::record::Record as _;
                let map = decoder.mapping(node, at)?;
                let mut value = Self::default();
                value.read(map, at, decoder);
                Some(value)
            }
            fn is_zero(&self) -> bool {
                $crate::model::record::Fields::is_unset(self) && self.extensions.is_empty()
            }
            fn is_omitted(&self, form: $crate::model::record::Form) -> bool {
                form == $crate::model::record::Form::Yaml && self.is_zero()
            }
            fn node(&self, form: $crate::model::record::Form) -> $crate::yaml::Node {
                $crate::model::record::Record::to_node(self, form)
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub part $name:ident {
            $( $(#[$fmeta:meta])* $field:ident $(as $key:literal)? : $ty:ty $(= $codec:ty)? , )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
        }

        $crate::model::record::record!(@fields $name
            { $( $field [$crate::model::record::record!(@key $field $($key)?)] $ty
                [$crate::model::record::record!(@codec $($codec)?)], )* }
            { });
    };
    (@fields $name:ident
        { $( $field:ident [$key:expr] $ty:ty [$codec:ty], )* }
        { $( $part:ident )* }
    ) => {
        impl $crate::model::record::Fields for $name {
            fn set(
                &mut self,
                key: &str,
                node: &$crate::yaml::Node,
                at: &$crate::yaml::PathRef<'_>,
                decoder: &mut $crate::model::decode::Decoder<'_>,
            ) -> bool {
                use $crate::model::record::Codec;
                $(
                    if key == $key {
                        if let Some(value) = <$codec as Codec<$ty>>::decode(node, at, decoder) {
                            self.$field = value;
                        }
                        return true;
                    }
                )*
                false $( || self.$part.set(key, node, at, decoder) )*
            }
            fn is_unset(&self) -> bool {
                use $crate::model::record::Codec;
                true
                    $( && <$codec as Codec<$ty>>::is_zero(&self.$field) )*
                    $( && self.$part.is_unset() )*
            }
            fn put(&self, object: &mut $crate::model::record::Object) {
                $( object.field::<$ty, $codec>($key, &self.$field); )*
                $( self.$part.put(object); )*
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@codec) => { $crate::model::record::Plain };
    (@codec $codec:ty) => { $codec };
}

pub(super) use record;
