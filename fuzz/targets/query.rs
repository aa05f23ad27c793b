//! The query of a login: its fields, or the refusal that FastAPI would write.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sidegate::accounts::fastapi::{Field, FieldType, Given, Invalid, Place, read};

fuzz_target!(|raw: &str| {
    let text = [Field::text(Place::Query, "p")];
    let email = Field::text(Place::Query, "email").of_type(FieldType::Email);
    let login = [email, text[0].clone()];
    let value = query(&text, raw);
    let stands = raw
        .split('&')
        .any(|pair| pair == "p" || pair.starts_with("p="));
    assert!(value.is_ok() || !stands, "a field that is there is missing");
    if let Ok(value) = &value {
        // The last one counts, whatever stands before it.
        assert_eq!(
            query(&text, &format!("p=x&p&q=p%3Dy&{raw}")).as_ref().ok(),
            Some(value)
        );
        assert_eq!(
            query(&text, &format!("{raw}&p=last")).ok(),
            Some(vec!["last".into()])
        );
    }
    match query(&login, raw) {
        Ok(values) => {
            assert_eq!(values[1..], value.expect("the same field"));
            let address = values[0].as_str().expect("a text");
            let (local, domain) = address.rsplit_once('@').expect("an address");
            assert!(!local.is_empty() && domain.contains('.'));
            assert!(!address.chars().any(|c| c.is_control() || c.is_whitespace()));
        }
        Err(invalid) => {
            assert_eq!(invalid.status, 422);
            let written: Value = serde_json::from_slice(&invalid.body).expect("JSON");
            let detail = written["detail"].as_array().expect("a list");
            assert!(!detail.is_empty() && detail.len() <= login.len());
        }
    }
});

fn query(fields: &[Field], raw: &str) -> Result<Vec<Value>, Invalid> {
    let given = Given {
        parameters: &[],
        query: raw,
        bearer: None,
        content_type: None,
        body: b"",
    };
    read(fields, &given)
}
