//! Where a value stands in a provider's JSON: `$.response.id`.

use serde_json::Value;

/// The names of the members, from the outside in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(Box<[Box<str>]>);

/// Why a text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A name is empty, or there is none.
    #[error("this is no path of names such as $.response.id")]
    Name,
}

impl JsonPath {
    /// Reads `$.a.b`, or `a.b`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let names = text.strip_prefix("$.").unwrap_or(text);
        let is_name = |name: &str| !name.is_empty() && !name.contains(['[', ']', '$', '*']);
        if !names.split('.').all(is_name) {
            return Err(PathError::Name);
        }
        Ok(Self(names.split('.').map(Box::from).collect()))
    }

    /// The value there, if there is one.
    pub fn value<'a>(&self, json: &'a Value) -> Option<&'a Value> {
        let mut names = self.0.iter();
        let found = names.try_fold(json, |value, name| value.get(&**name));
        found.filter(|value| !value.is_null())
    }

    /// A text, or a whole number in its canonical spelling. A number that was rounded while it was read is none: two
    /// people could have the same.
    pub fn id(&self, json: &Value) -> Option<String> {
        match self.value(json)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        }
    }

    /// A text.
    pub fn text<'a>(&self, json: &'a Value) -> Option<&'a str> {
        self.value(json)?.as_str()
    }

    /// `true`, or the text that says so.
    pub fn is_true(&self, json: &Value) -> bool {
        match self.value(json) {
            Some(Value::Bool(truth)) => *truth,
            Some(Value::String(text)) => text == "true",
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(json: &str) -> Option<String> {
        let json: Value = serde_json::from_str(json).expect("JSON");
        JsonPath::parse("$.response.id").expect("a path").id(&json)
    }

    #[test]
    fn ids_keep_every_digit_or_are_none() {
        assert_eq!(id(r#"{"response":{"id":"aB-_"}}"#).as_deref(), Some("aB-_"));
        for digits in [
            "0",
            "1234567890",
            "9007199254740993",
            "9223372036854775807",
            "18446744073709551615",
        ] {
            let json = format!(r#"{{"response":{{"id":{digits}}}}}"#);
            assert_eq!(id(&json).as_deref(), Some(digits));
        }
        for none in [
            "18446744073709551616",
            "1.5",
            "1e3",
            "null",
            "true",
            "[1]",
            "{}",
        ] {
            let json = format!(r#"{{"response":{{"id":{none}}}}}"#);
            assert_eq!(id(&json), None, "{none}");
        }
        assert_eq!(id("{}"), None);
        assert_eq!(id(r#"{"response":7}"#), None);
        assert_eq!(id("[]"), None);
    }

    #[test]
    fn only_true_and_its_text_are_true() {
        let path = JsonPath::parse("email_verified").expect("a path");
        for (value, expected) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("True"), false),
            (json!("false"), false),
            (json!(1), false),
            (json!(null), false),
        ] {
            let json = json!({"email_verified": value});
            assert_eq!(path.is_true(&json), expected, "{json}");
        }
        assert!(!path.is_true(&json!({})));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "$", "$.", ".a", "a..b", "a.", "$.a[0]", "$..id", "*"] {
            assert_eq!(JsonPath::parse(text), Err(PathError::Name), "{text}");
        }
    }
}
