//! JSON as the frameworks write it.

use std::{fmt::Write, io};

use serde::Serialize;
use serde_json::{
    Map, Serializer, Value,
    ser::{CompactFormatter, Formatter},
};

use super::JsonStyle;

impl JsonStyle {
    pub(super) fn write(self, value: Value) -> Vec<u8> {
        let value = match self {
            Self::FastApi | Self::Python => value,
            Self::Flask => sorted(value),
        };
        let mut bytes = Vec::new();
        // A `Value` always serialises: its maps have text keys.
        let _ = match self {
            Self::FastApi => value.serialize(&mut Serializer::new(&mut bytes)),
            Self::Flask => {
                let ascii = Ascii(CompactFormatter);
                value.serialize(&mut Serializer::with_formatter(&mut bytes, ascii))
            }
            Self::Python => {
                let ascii = Ascii(Spaced);
                value.serialize(&mut Serializer::with_formatter(&mut bytes, ascii))
            }
        };
        if self == Self::Flask {
            bytes.push(b'\n');
        }
        bytes
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, value)| (name, sorted(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// Spaces behind `,` and `:`.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// What is not ASCII is escaped.
struct Ascii<F>(F);

impl<F: Formatter> Formatter for Ascii<F> {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut text = String::with_capacity(fragment.len());
        for character in fragment.chars() {
            if character.is_ascii() {
                text.push(character);
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                // A text takes whatever is written to it.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
        writer.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_framework_writes_its_own_bytes() {
        let value =
            json!({ "b": [1, 2.5, null], "a": "\u{d55c} \u{1f600}\n", "c": {}, "d": [], "e": "/" });
        let written =
            |style: JsonStyle| String::from_utf8(style.write(value.clone())).expect("text");
        assert_eq!(
            written(JsonStyle::FastApi),
            "{\"b\":[1,2.5,null],\"a\":\"\u{d55c} \u{1f600}\\n\",\"c\":{},\"d\":[],\"e\":\"/\"}"
        );
        assert_eq!(
            written(JsonStyle::Flask),
            "{\"a\":\"\\ud55c \\ud83d\\ude00\\n\",\"b\":[1,2.5,null],\"c\":{},\"d\":[],\"e\":\"/\"}\n"
        );
        assert_eq!(
            written(JsonStyle::Python),
            "{\"b\": [1, 2.5, null], \"a\": \"\\ud55c \\ud83d\\ude00\\n\", \"c\": {}, \"d\": [], \"e\": \"/\"}"
        );
    }
}
