//! Messages to phones: one request to a provider's URL.

use std::time::Duration;

use ::http::{Method, header};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;

use super::{error::DeliveryError, settings::HookSettings, text::Written};
use crate::{
    clock::Clock,
    fetch::{FetchError, Wanted, call},
};

/// How much of a provider's answer is read: nothing of it is used but the status.
const LARGEST: usize = 64 * 1024;

/// A number that is one and nothing more: digits, after a plus, with what people write between them left out.
pub(super) fn number(text: &str) -> Result<String, DeliveryError> {
    let separators = [' ', '-', '.', '(', ')'];
    let number: String = text.chars().filter(|it| !separators.contains(it)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let is_one = (5..=20).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
    is_one.then_some(number).ok_or(DeliveryError::Address)
}

pub(super) async fn send(
    hook: &HookSettings,
    (number, written): (&str, &Written),
    attempt: Duration,
    clock: Clock,
) -> Result<(), DeliveryError> {
    let body = filled(&hook.body, number, &written.body).to_string();
    let mut request = hook.site.request(Method::POST);
    for (name, value) in &hook.headers {
        request = request.header(name, value);
    }
    let request = request
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(FetchError::from)?;
    let wanted = Wanted {
        accept: "application/json",
        largest: LARGEST,
        patience: attempt,
    };
    let reply = call(&hook.site, request, wanted, clock).await?;
    if reply.status.is_success() {
        return Ok(());
    }
    Err(FetchError::Status(reply.status).into())
}

/// A value stands for itself in JSON, whatever it contains.
fn filled(body: &Value, number: &str, text: &str) -> Value {
    match body {
        Value::String(template) => {
            // `{text}` first split off, so that a text that has `{phone}` in it says just that.
            let parts = template
                .split("{text}")
                .map(|part| part.replace("{phone}", number));
            Value::String(parts.collect::<Vec<_>>().join(text))
        }
        Value::Array(items) => items
            .iter()
            .map(|item| filled(item, number, text))
            .collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), filled(value, number, text)));
            Value::Object(members.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_one_and_nothing_more() {
        assert_eq!(number("+82 10-1234-5678").expect("one"), "+821012345678");
        for bad in [
            "",
            "+",
            "abc",
            "1234",
            "010-1234-5678;rm",
            "0101234\r\n5678",
            "\u{661}\u{662}\u{663}\u{664}\u{665}",
        ] {
            assert!(number(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_text_stays_a_text() {
        let body = json!({"to": ["{phone}"], "content": {"text": "{text} ({phone})", "type": 1}});
        let text = "\"}, {phone}\n";
        let expected =
            json!({"to": ["+821"], "content": {"text": "\"}, {phone}\n (+821)", "type": 1}});
        assert_eq!(filled(&body, "+821", text), expected);
    }
}
