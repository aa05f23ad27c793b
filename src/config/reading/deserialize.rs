//! A [`Node`] as a serde data source.
//!
//! The wanted type decides what a plain scalar means; quoted text is never a number, and nothing is never text.
//! Removed nodes are skipped, and every error knows its node. A struct is a mapping, never a list.

use serde::de::{Deserializer, Expected, Visitor};

use crate::config::reading::access::{Entries, Items, Variant};
use crate::config::reading::read_error::{Kind, ReadError};
use crate::config::reading::stand_in::StandIn;
use crate::config::reading::tree::{
    Entry, Meaning, Node, Scalar, Value, boolean, number, whole_number,
};

impl Node {
    fn stand_in(&self) -> Option<StandIn> {
        if let Value::Hole { attempt } = self.value {
            Some(StandIn::new(attempt))
        } else {
            None
        }
    }

    fn scalar(&self, expected: &dyn Expected) -> Result<&Scalar, ReadError> {
        match &self.value {
            Value::Scalar(scalar) if scalar.broken => Err(ReadError::new(Kind::Reported)),
            Value::Scalar(scalar) => Ok(scalar),
            Value::Removed => Err(ReadError::new(Kind::Reported)),
            Value::Sequence(_) | Value::Mapping(_) | Value::Hole { .. } => {
                Err(ReadError::expected(expected))
            }
        }
    }

    fn text(&self, expected: &dyn Expected) -> Result<&str, ReadError> {
        let scalar = self.scalar(expected)?;
        if scalar.meaning() == Meaning::Null {
            Err(ReadError::expected(expected))
        } else {
            Ok(&scalar.text)
        }
    }

    fn literal(&self, expected: &dyn Expected) -> Result<&str, ReadError> {
        self.scalar(expected)?
            .literal()
            .ok_or_else(|| ReadError::expected(expected))
    }

    /// Whether it says nothing; a broken scalar says something.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if !scalar.broken && scalar.meaning() == Meaning::Null)
    }

    fn entries(&self, expected: &dyn Expected) -> Result<&[Entry], ReadError> {
        if let Value::Mapping(entries) = &self.value {
            return Ok(entries);
        }
        self.scalar(expected)?;
        Err(ReadError::expected(expected))
    }

    fn items(&self, expected: &dyn Expected) -> Result<&[Self], ReadError> {
        if let Value::Sequence(items) = &self.value {
            return Ok(items);
        }
        self.scalar(expected)?;
        Err(ReadError::expected(expected))
    }

    pub(crate) fn is_removed(&self) -> bool {
        matches!(self.value, Value::Removed)
    }
}

pub(crate) fn visit_whole<'de, V: Visitor<'de>>(
    text: &str,
    visitor: V,
) -> Result<V::Value, ReadError> {
    let Some(number) = whole_number(text) else {
        return Err(ReadError::expected(&visitor));
    };
    if let Ok(number) = u64::try_from(number) {
        visitor.visit_u64(number)
    } else if let Ok(number) = i64::try_from(number) {
        visitor.visit_i64(number)
    } else {
        visitor.visit_i128(number)
    }
}

fn visit_meaning<'de, V: Visitor<'de>>(
    meaning: Meaning<'de>,
    visitor: V,
) -> Result<V::Value, ReadError> {
    match meaning {
        Meaning::Null => visitor.visit_unit(),
        Meaning::Bool(boolean) => visitor.visit_bool(boolean),
        Meaning::Integer(number) => match (u64::try_from(number), i64::try_from(number)) {
            (Ok(number), _) => visitor.visit_u64(number),
            (Err(_), Ok(number)) => visitor.visit_i64(number),
            (Err(_), Err(_)) => Err(ReadError::expected(&"a number of at most 64 bits")),
        },
        Meaning::Float(number) => visitor.visit_f64(number),
        Meaning::Text(text) => visitor.visit_borrowed_str(text),
    }
}

macro_rules! whole_numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            if let Some(stand_in) = self.stand_in() {
                return stand_in.$method(visitor);
            }
            let literal = self.literal(&visitor)?;
            visit_whole(literal, visitor)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            if let Some(stand_in) = self.stand_in() {
                return stand_in.$method(visitor);
            }
            let text = self.text(&visitor)?;
            visitor.visit_borrowed_str(text)
        }
    )*};
}

macro_rules! decimals {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            if let Some(stand_in) = self.stand_in() {
                return stand_in.$method(visitor);
            }
            let literal = self.literal(&visitor)?;
            match number(literal) {
                Some(number) => visitor.visit_f64(number),
                None => Err(ReadError::expected(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ReadError;

    whole_numbers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
    }

    decimals! { deserialize_f32 deserialize_f64 }

    texts! { deserialize_str deserialize_string deserialize_char deserialize_bytes deserialize_byte_buf deserialize_identifier }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.value {
            Value::Sequence(_) => self.deserialize_seq(visitor),
            Value::Mapping(_) => self.deserialize_map(visitor),
            Value::Hole { attempt } => StandIn::new(*attempt).deserialize_any(visitor),
            Value::Scalar(_) | Value::Removed => {
                let meaning = self.scalar(&visitor)?.meaning();
                visit_meaning(meaning, visitor)
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if let Some(stand_in) = self.stand_in() {
            return stand_in.deserialize_bool(visitor);
        }
        match boolean(self.literal(&visitor)?) {
            Some(boolean) => visitor.visit_bool(boolean),
            None => Err(ReadError::expected(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_null() || self.stand_in().is_some() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_null() || self.stand_in().is_some() {
            return visitor.visit_unit();
        }
        self.scalar(&visitor)?;
        Err(ReadError::expected(&visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if let Some(stand_in) = self.stand_in() {
            return stand_in.deserialize_seq(visitor);
        }
        let items = self.items(&visitor)?.iter().enumerate();
        visitor.visit_seq(Items { items })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if let Some(stand_in) = self.stand_in() {
            return stand_in.deserialize_map(visitor);
        }
        let mut entries = Entries {
            entries: self.entries(&visitor)?.iter().enumerate(),
            current: None,
        };
        visitor
            .visit_map(&mut entries)
            .map_err(|error| match (error.kind(), entries.current) {
                (Kind::RepeatedKey(_), Some((position, _))) => error.about_key(position),
                (_, Some(_) | None) => error,
            })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if let Some(stand_in) = self.stand_in() {
            return stand_in.deserialize_struct(name, fields, visitor);
        }
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if let Some(stand_in) = self.stand_in() {
            return stand_in.deserialize_enum(name, variants, visitor);
        }
        let wanted = ReadError::new(Kind::UnknownVariant { allowed: variants });
        if let Value::Mapping(entries) = &self.value {
            let mut present = entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| !entry.value.is_removed());
            return match (present.next(), present.next()) {
                (Some((position, entry)), None) => visitor.visit_enum(Variant {
                    name: &entry.key.text,
                    content: Some((position, &entry.value)),
                }),
                (None | Some(_), _) => Err(wanted),
            };
        }
        let name = self.text(&visitor).map_err(|error| {
            if *error.kind() == Kind::Reported {
                error
            } else {
                wanted
            }
        })?;
        visitor.visit_enum(Variant {
            name,
            content: None,
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }
}
