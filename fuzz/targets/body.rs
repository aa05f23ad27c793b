//! The body of a login, as JSON or as a form: its fields, or the refusal that FastAPI would write.
//!
//! The first line is the content type, the rest the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use sidegate::accounts::fastapi::{Field, FieldType, Invalid, form, json};
use sidegate_fuzz::first_line;

fuzz_target!(|data: &[u8]| {
    let Some((content_type, body)) = first_line(data) else {
        return;
    };
    let content_type = std::str::from_utf8(content_type).ok();
    let text = [field("token", FieldType::Text)];
    let login = [
        field("email", FieldType::Email),
        field("password", FieldType::Text),
    ];
    check(&json(&login, content_type, body), &login, body);
    check(&form(&login, content_type, body), &login, body);
    check(&form(&text, content_type, body), &text, body);
    let token = json(&text, content_type, body);
    check(&token, &text, body);
    if content_type == Some("application/json")
        && let Ok(document) = serde_json::from_slice::<Value>(body)
    {
        // What two parsers of JSON read is the same.
        match document.get("token") {
            Some(Value::String(expected)) => {
                assert_eq!(token.as_deref().ok(), Some(&[expected.clone()][..]));
            }
            _ => assert!(token.is_err()),
        }
    }
});

fn field(name: &str, field_type: FieldType) -> Field {
    Field {
        name: name.to_owned(),
        field_type,
    }
}

fn check(answer: &Result<Vec<String>, Invalid>, fields: &[Field], body: &[u8]) {
    match answer {
        Ok(values) => assert_eq!(values.len(), fields.len()),
        Err(invalid) => {
            assert!(invalid.body.len() <= 1000 + 20 * body.len(), "amplified");
            if invalid.status == 500 {
                return;
            }
            assert!(matches!(invalid.status, 400 | 422), "{}", invalid.status);
            assert!(invalid.body.starts_with(b"{\"detail\":"));
            // As deep, and with numbers as long, as it may be.
            serde_json::from_slice::<IgnoredAny>(&invalid.body).expect("JSON");
        }
    }
}
