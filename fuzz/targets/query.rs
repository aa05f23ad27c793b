//! The query of a login: its fields, or the refusal that FastAPI would write.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sidegate::accounts::fastapi::{Field, FieldType, query};

fuzz_target!(|raw: &str| {
    let field = |name: &str, field_type| Field {
        name: name.to_owned(),
        field_type,
    };
    let text = [field("p", FieldType::Text)];
    let login = [field("email", FieldType::Email), text[0].clone()];
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
            Some(vec!["last".to_owned()])
        );
    }
    match query(&login, raw) {
        Ok(values) => {
            assert_eq!(values[1..], value.expect("the same field"));
            let (local, domain) = values[0].rsplit_once('@').expect("an address");
            assert!(!local.is_empty() && domain.contains('.'));
            assert!(
                !values[0]
                    .chars()
                    .any(|c| c.is_control() || c.is_whitespace())
            );
        }
        Err(invalid) => {
            assert_eq!(invalid.status, 422);
            let written: Value = serde_json::from_slice(&invalid.body).expect("JSON");
            let detail = written["detail"].as_array().expect("a list");
            assert!(!detail.is_empty() && detail.len() <= login.len());
        }
    }
});
