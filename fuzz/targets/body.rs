//! The body of a request, as JSON or as a form: its fields, or the refusal that FastAPI would write.
//!
//! The first line is the content type, the rest the body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use sidegate::accounts::fastapi::{Field, FieldType, Given, Invalid, Place, Presence, read};
use sidegate_fuzz::first_line;

fuzz_target!(|data: &[u8]| {
    let Some((content_type, body)) = first_line(data) else {
        return;
    };
    let content_type = std::str::from_utf8(content_type).ok();
    let place = |place| {
        let email = Field::text(place, "email").of_type(FieldType::Email);
        (
            [Field::text(place, "token")],
            [email, Field::text(place, "password")],
        )
    };
    let (text, login) = place(Place::Form);
    check(&given(&login, content_type, body), &login, body);
    check(&given(&text, content_type, body), &text, body);
    let every = every_type();
    check(&given(&every, content_type, body), &every, body);
    let (text, login) = place(Place::Json);
    check(&given(&login, content_type, body), &login, body);
    let token = given(&text, content_type, body);
    check(&token, &text, body);
    if content_type == Some("application/json")
        && let Ok(document) = serde_json::from_slice::<Value>(body)
    {
        // What two parsers of JSON read is the same.
        match document.get("token") {
            Some(Value::String(expected)) => {
                assert_eq!(
                    token.as_deref().ok(),
                    Some(&[Value::from(expected.clone())][..])
                );
            }
            _ => assert!(token.is_err()),
        }
    }
});

fn every_type() -> Vec<Field> {
    let types = [
        ("token", FieldType::Integer),
        ("email", FieldType::Number),
        ("password", FieldType::Boolean),
        ("born", FieldType::Date),
        ("rest", FieldType::Json),
    ];
    let field = |(name, field_type)| Field {
        presence: Presence::Optional,
        ..Field::text(Place::Json, name).of_type(field_type)
    };
    types.into_iter().map(field).collect()
}

fn given(fields: &[Field], content_type: Option<&str>, body: &[u8]) -> Result<Vec<Value>, Invalid> {
    let given = Given {
        parameters: &[],
        query: "",
        bearer: None,
        content_type,
        body,
    };
    read(fields, &given)
}

fn check(answer: &Result<Vec<Value>, Invalid>, fields: &[Field], body: &[u8]) {
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
