//! What a provider says of its users in a signed message, as Apple does.

use serde_json::Value;

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// This user has left, or has taken us off.
    Left(String),
    /// Something that changes nothing here.
    Nothing,
    /// The provider has not said it.
    NotTheirs,
}

/// Reads `events`, which Apple writes as a text that holds JSON.
pub(super) fn read(events: Option<&Value>) -> Told {
    let inside = match events {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(object @ Value::Object(_)) => Some(object.clone()),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => None,
    };
    let inside: Value = inside.unwrap_or_default();
    let text = |name: &str| inside.get(name).and_then(Value::as_str);
    match (text("type"), text("sub")) {
        (Some("consent-revoked" | "account-delete" | "account-deleted"), Some(subject)) => {
            Told::Left(subject.to_owned())
        }
        (Some(_) | None, Some(_) | None) => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_who_has_left_has_left() {
        let text = |kind: &str| {
            json!(format!(
                r#"{{"type":"{kind}","sub":"001.a.1","event_time":1}}"#
            ))
        };
        let left = Told::Left("001.a.1".to_owned());
        assert_eq!(read(Some(&text("consent-revoked"))), left);
        assert_eq!(read(Some(&text("account-delete"))), left);
        assert_eq!(
            read(Some(&json!({"type": "account-delete", "sub": "001.a.1"}))),
            left
        );
        assert_eq!(read(Some(&text("email-disabled"))), Told::Nothing);
        for odd in [
            json!(null),
            json!("not JSON"),
            json!({"type": "account-delete"}),
            json!([]),
        ] {
            assert_eq!(read(Some(&odd)), Told::Nothing, "{odd}");
        }
        assert_eq!(read(None), Told::Nothing);
    }
}
