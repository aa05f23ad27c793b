//! The insides of lists, mappings and enums for the [deserialiser](crate::config::reading::deserialize).
//!
//! Each adds to an error the position that it came from. Removed nodes are passed over.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::config::reading::deserialize::visit_whole;
use crate::config::reading::read_error::{Kind, ReadError};
use crate::config::reading::tree::{Entry, Node};

pub(crate) struct Items<'de> {
    pub(crate) items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some((position, item)) = self.items.find(|(_, item)| !item.is_removed()) else {
            return Ok(None);
        };
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.below(position))
    }
}

pub(crate) struct Entries<'de> {
    pub(crate) entries: std::iter::Enumerate<std::slice::Iter<'de, Entry>>,
    pub(crate) current: Option<(usize, &'de Node)>,
}

impl<'de> MapAccess<'de> for &mut Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((position, entry)) = self.entries.find(|(_, entry)| !entry.value.is_removed())
        else {
            return Ok(None);
        };
        self.current = Some((position, &entry.value));
        seed.deserialize(KeyText(&entry.key.text))
            .map(Some)
            .map_err(|error| error.about_key(position))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ReadError> {
        let Some((position, value)) = self.current else {
            return Err(ReadError::new(Kind::Reported));
        };
        seed.deserialize(value)
            .map_err(|error| error.below(position))
    }
}

/// A key: text, or a number where the type wants one.
struct KeyText<'de>(&'de str);

macro_rules! whole_keys {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            visit_whole(self.0, visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyText<'de> {
    type Error = ReadError;

    whole_keys! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// `name` or `{ name: content }`.
pub(crate) struct Variant<'de> {
    pub(crate) name: &'de str,
    pub(crate) content: Option<(usize, &'de Node)>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let variant = seed
            .deserialize(KeyText(self.name))
            .map_err(|error| match self.content {
                Some((position, _)) => error.about_key(position),
                None => error,
            })?;
        Ok((variant, self))
    }
}

impl<'de> Variant<'de> {
    /// Says how the variant is written; its name is known to be one of the type's.
    fn content(&self) -> Result<(usize, &'de Node), ReadError> {
        self.content.ok_or_else(|| {
            ReadError::expected(
                &format!("`{0}` with its value; fix: write `{0}: …`", self.name).as_str(),
            )
        })
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        match self.content {
            Some((position, node)) if !node.is_null() => {
                let wanted = format!("`{0}` without a value; fix: write `{0}` alone", self.name);
                Err(ReadError::expected(&wanted.as_str()).below(position))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        let (position, node) = self.content()?;
        seed.deserialize(node)
            .map_err(|error| error.below(position))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let (position, node) = self.content()?;
        node.deserialize_seq(visitor)
            .map_err(|error| error.below(position))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let (position, node) = self.content()?;
        node.deserialize_map(visitor)
            .map_err(|error| error.below(position))
    }
}
