//! A JSON document as Python holds it.

use indexmap::IndexMap;

/// A value; an object keeps the place of a repeated key's first occurrence and the value of its last.
pub(in super::super) enum Value {
    Null,
    Bool(bool),
    /// Canonical decimal digits of any length.
    Integer(String),
    /// Possibly NaN or infinite.
    Float(f64),
    Text(Text),
    Array(Vec<Value>),
    Object(IndexMap<Text, Value>),
}

impl Value {
    pub(in super::super) fn text(text: &str) -> Self {
        Self::Text(Text::from(text))
    }

    pub(in super::super) fn empty_object() -> Self {
        Self::Object(IndexMap::new())
    }
}

const SURROGATE_MARK: char = '\u{e000}';

/// A Python string: Unicode, or text with a lone surrogate, which cannot be written again.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(in super::super) struct Text {
    text: String,
    has_surrogate: bool,
}

impl Text {
    /// Appends a code point; a surrogate leaves a mark instead of itself.
    pub(super) fn push(&mut self, code_point: u32) {
        let c = char::from_u32(code_point);
        self.has_surrogate |= c.is_none();
        self.text.push(c.unwrap_or(SURROGATE_MARK));
    }

    /// The text with a private-use character for every lone surrogate; an address may hold neither of them.
    pub(in super::super) fn marked(&self) -> &str {
        &self.text
    }

    /// The text, unless it holds a lone surrogate.
    pub(in super::super) fn as_unicode(&self) -> Option<&str> {
        (!self.has_surrogate).then_some(self.text.as_str())
    }

    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        self.text.starts_with(prefix)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            has_surrogate: false,
        }
    }
}
