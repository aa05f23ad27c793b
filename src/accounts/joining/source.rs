//! Where the value of a column comes from.

use serde_json::{Map, Value};

use crate::{
    accounts::{dialect::push, fastapi::calendar_day},
    clock::UnixSeconds,
    entropy::{Entropy, hex_pair},
    store::CellValue,
    template::Template,
};

/// Where the value of a column comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A field of the request.
    Field(String),
    /// Several of them, as a text.
    Text(Template),
    /// Several of them, as a date.
    Date(Template),
    /// The configuration.
    Value(CellValue),
    /// The moment.
    Now,
    /// Its date.
    Today,
    /// A random UUID.
    Uuid,
}

/// A value that no column takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::accounts) struct Unfit;

/// What values are made of.
pub(in crate::accounts) struct Making<'a> {
    pub(in crate::accounts) fields: &'a Map<String, Value>,
    pub(in crate::accounts) now: UnixSeconds,
    pub(in crate::accounts) utc_offset: i32,
    pub(in crate::accounts) entropy: &'a mut Entropy,
}

impl Source {
    /// The fields of the request that the value is made of.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::Field(role) => vec![role],
            Self::Text(template) | Self::Date(template) => template.placeholders().collect(),
            Self::Value(_) | Self::Now | Self::Today | Self::Uuid => Vec::new(),
        }
    }
}

impl Making<'_> {
    /// The value; `None` where the request says nothing, so that the database decides.
    pub(in crate::accounts) fn value(
        &mut self,
        source: &Source,
    ) -> Result<Option<CellValue>, Unfit> {
        Ok(Some(match source {
            Source::Field(role) => match self.fields.get(role) {
                None | Some(Value::Null) => return Ok(None),
                Some(value) => cell(value)?,
            },
            Source::Text(template) => match self.composed(template)? {
                None => return Ok(None),
                Some(text) => cell(&Value::String(text))?,
            },
            Source::Date(template) => match self.composed(template)? {
                None => return Ok(None),
                Some(text) => CellValue::text(calendar_day(&text).ok_or(Unfit)?),
            },
            Source::Value(value) => value.clone(),
            Source::Now => CellValue::date_time(self.now, self.utc_offset),
            Source::Today => CellValue::date(self.now, self.utc_offset),
            Source::Uuid => CellValue::text(uuid(self.entropy)),
        }))
    }

    /// `None` where the request says nothing of any field.
    fn composed(&self, template: &Template) -> Result<Option<String>, Unfit> {
        let value = |role: &str| self.fields.get(role).filter(|value| !value.is_null());
        if template.placeholders().all(|role| value(role).is_none()) {
            return Ok(None);
        }
        let text = template.render(|role, text| {
            push(value(role)?, text);
            Some(())
        });
        text.map(Some).ok_or(Unfit)
    }
}

/// A JSON value as a column has it; a list and an object as their text.
fn cell(value: &Value) -> Result<CellValue, Unfit> {
    match value {
        Value::Null => Ok(CellValue::Null),
        Value::Bool(truth) => Ok(CellValue::Boolean(*truth)),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Ok(CellValue::Integer(whole)),
            (None, Some(large), _) => Ok(CellValue::Unsigned(large)),
            (None, None, Some(number)) => Ok(CellValue::Number(number)),
            (None, None, None) => Err(Unfit),
        },
        // Some databases and many programs end a text there.
        Value::String(text) if text.contains('\0') => Err(Unfit),
        Value::String(text) => Ok(CellValue::text(text.as_str())),
        Value::Array(_) | Value::Object(_) => Ok(CellValue::text(value.to_string())),
    }
}

/// A random UUID (RFC 9562 section 5.4).
pub(super) fn uuid(entropy: &mut Entropy) -> String {
    let mut bytes: [u8; 16] = entropy.bytes();
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = match place {
            6 => *byte & 0x0f | 0x40,
            8 => *byte & 0x3f | 0x80,
            _ => *byte,
        };
    }
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend(hex_pair(*byte).map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let mut entropy = Entropy::seeded(7);
        let (one, other) = (uuid(&mut entropy), uuid(&mut entropy));
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4', "{one}");
        assert!(b"89ab".contains(&one.as_bytes()[19]), "{one}");
        assert_eq!(one.matches('-').count(), 4);
    }

    #[test]
    fn a_value_of_several_fields_needs_all_of_them_or_none() {
        let made = |fields: Value, source: Source| {
            let mut making = Making {
                fields: fields.as_object().expect("an object"),
                now: UnixSeconds(0),
                utc_offset: 0,
                entropy: &mut Entropy::seeded(7),
            };
            making.value(&source).map(|value| match value {
                Some(CellValue::Text(text)) => Some(text.expose().clone()),
                other => {
                    assert!(other.is_none(), "{other:?}");
                    None
                }
            })
        };
        let date = || Source::Date(Template::parse("{y}-{m}-{d}").expect("a template"));
        let text = || Source::Text(Template::parse("{y}: {m}").expect("a template"));
        let day = made(json!({ "y": "1999", "m": 2, "d": "3" }), date());
        assert_eq!(day, Ok(Some("1999-02-03".to_owned())));
        let words = made(json!({ "y": "ü", "m": "{d}", "d": "3" }), text());
        assert_eq!(words, Ok(Some("ü: {d}".to_owned())));
        assert_eq!(made(json!({ "y": null }), date()), Ok(None));
        for broken in [
            json!({ "y": "1999", "m": "2" }),
            json!({ "y": "1999", "m": "2", "d": null }),
            json!({ "y": "1999", "m": "2", "d": "30" }),
            json!({ "y": "1999-02", "m": "", "d": "3" }),
        ] {
            assert_eq!(made(broken.clone(), date()), Err(Unfit), "{broken}");
        }
        assert_eq!(made(json!({ "y": "a\0", "m": "b" }), text()), Err(Unfit));
    }

    #[test]
    fn what_a_request_leaves_out_is_left_to_the_database() {
        let fields =
            json!({ "f": u64::MAX, "a": null, "b": "x\0y", "c": [1, "ü"], "d": 1.5, "e": false });
        let mut making = Making {
            fields: fields.as_object().expect("an object"),
            now: UnixSeconds(0),
            utc_offset: 0,
            entropy: &mut Entropy::seeded(7),
        };
        let mut made = |role: &str| making.value(&Source::Field(role.to_owned()));
        assert!(matches!(made("none"), Ok(None)));
        assert!(matches!(made("a"), Ok(None)));
        assert!(made("b").is_err());
        assert!(
            matches!(made("c"), Ok(Some(CellValue::Text(text))) if text.expose() == "[1,\"ü\"]")
        );
        assert!(matches!(made("d"), Ok(Some(CellValue::Number(_)))));
        assert!(matches!(made("e"), Ok(Some(CellValue::Boolean(false)))));
        assert!(matches!(made("f"), Ok(Some(CellValue::Unsigned(u64::MAX)))));
    }
}
