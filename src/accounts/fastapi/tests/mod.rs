//! The answers of a real FastAPI application, and the law that no input breaks the process.

use proptest::prelude::*;

use serde_json::Value;

use super::{Field, FieldType, Given, Invalid, Place, read};

/// Shape, content type, input in hex, status, answer; written by the application itself.
const GOLDEN: &str = include_str!("../golden.tsv");

mod types;

const JSON: Option<&str> = Some("application/json");

fn pair(place: Place) -> [Field; 2] {
    let email = Field::text(place, "email").of_type(FieldType::Email);
    [email, Field::text(place, "password")]
}

fn given<'a>(query: &'a str, content_type: Option<&'a str>, body: &'a [u8]) -> Given<'a> {
    Given {
        parameters: &[],
        query,
        bearer: None,
        content_type,
        body,
    }
}

fn query(raw: &str) -> Result<Vec<Value>, Invalid> {
    read(&pair(Place::Query), &given(raw, None, b""))
}

fn json(content_type: Option<&str>, body: &[u8]) -> Result<Vec<Value>, Invalid> {
    read(&pair(Place::Json), &given("", content_type, body))
}

fn form(content_type: Option<&str>, body: &[u8]) -> Result<Vec<Value>, Invalid> {
    read(&pair(Place::Form), &given("", content_type, body))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits"))
        .collect()
}

fn answer(shape: &str, content_type: Option<&str>, input: &[u8]) -> Result<Vec<Value>, Invalid> {
    match shape {
        "query" => query(std::str::from_utf8(input).expect("a query in UTF-8")),
        "json" => json(content_type, input),
        "form" => form(content_type, input),
        other => panic!("no shape {other}"),
    }
}

#[test]
fn every_answer_is_the_one_that_fastapi_gives() {
    for (number, line) in GOLDEN.lines().enumerate() {
        let [shape, content_type, input, status, expected] =
            line.splitn(5, '\t').collect::<Vec<_>>()[..]
        else {
            panic!("line {} does not have five cells", number + 1);
        };
        let content_type = (content_type != "-").then_some(content_type);
        let (answered, body) = match answer(shape, content_type, &unhex(input)) {
            Ok(values) => (
                200,
                serde_json::to_string(&values).expect("strings are JSON"),
            ),
            Err(invalid) => (
                invalid.status,
                String::from_utf8(invalid.body).expect("bodies are UTF-8"),
            ),
        };
        if status == "500" {
            assert_refused(answered, &body);
            continue;
        }
        assert_eq!(
            (answered.to_string().as_str(), body.as_str()),
            (status, expected),
            "line {}",
            number + 1
        );
    }
}

/// Where FastAPI fails to write its own refusal, ours is one.
fn assert_refused(status: u16, body: &str) {
    let said: Value = serde_json::from_str(body).expect(body);
    assert_eq!(status, 422, "{body}");
    assert!(said["detail"][0]["msg"].is_string(), "{body}");
}

#[test]
fn a_document_as_deep_as_is_read_fits_the_stack() {
    for depth in [900, 957, 958, 30_000] {
        let document = format!("{{\"email\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let refused = json(JSON, document.as_bytes()).expect_err("an array is no address");
        assert_eq!(
            refused.status,
            if depth < 958 { 422 } else { 400 },
            "depth {depth}"
        );
    }
}

#[test]
fn a_refusal_never_prints_what_it_echoes() {
    let refused = json(JSON, br#"{"password":"hunter2"}"#).expect_err("the e-mail is missing");
    assert!(String::from_utf8_lossy(&refused.body).contains("hunter2"));
    assert!(!format!("{refused:?}").contains("hunter2"));
}

#[test]
fn text_that_utf_8_cannot_express_reaches_no_endpoint() {
    let refused =
        json(JSON, br#"{"email":"a@b.cc","password":"\ud800"}"#).expect_err("a lone surrogate");
    let said = String::from_utf8_lossy(&refused.body);
    assert_eq!(refused.status, 422);
    assert!(
        said.contains(r#""type":"string_unicode","loc":["body","password"]"#),
        "{said}"
    );
    assert!(said.contains(r#""input":null"#), "{said}");
}

#[test]
fn a_body_that_is_neither_json_nor_text_is_refused() {
    let refused = json(Some("text/plain"), b"\xff\xfe").expect_err("no object");
    assert_eq!(refused.status, 422);
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        for content_type in [None, JSON, Some("application/x-www-form-urlencoded")] {
            let _ = json(content_type, &input);
            let _ = form(content_type, &input);
        }
        let _ = query(&String::from_utf8_lossy(&input));
    }

    #[test]
    fn a_valid_address_is_a_fixed_point(local in "[a-zA-Z0-9.\u{e9}\u{ac00}]{1,12}", domain in "[a-zA-Z0-9\u{e9}\u{5d0}-]{1,8}\\.[a-z]{2}") {
        let body = format!(r#"{{"email":"{local}@{domain}","password":"p"}}"#);
        if let Ok(values) = json(JSON, body.as_bytes()) {
            let again = format!(r#"{{"email":{},"password":"p"}}"#, values[0]);
            prop_assert_eq!(json(JSON, again.as_bytes()).map_err(|invalid| invalid.status), Ok(values));
        }
    }

    #[test]
    fn what_is_echoed_is_json(text in ".*") {
        let body = serde_json::json!({ "password": text }).to_string();
        let refused = json(JSON, body.as_bytes()).expect_err("the e-mail is missing");
        let echoed: serde_json::Value = serde_json::from_slice(&refused.body).expect("the body is JSON");
        prop_assert_eq!(echoed["detail"][0]["input"]["password"].as_str(), Some(text.as_str()));
    }
}
