//! Values of headers, whatever the token says.

use ::http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    policy::pattern::Pattern,
    token::{
        claims::{Claims, Subject},
        verify::{InvalidToken, Verified},
    },
};

const LIMITS: HeaderLimits = HeaderLimits { one: 64, all: 100 };

fn verified(claims: &Value) -> Verified {
    let claims: Claims = serde_json::from_value(claims.clone()).expect("claims");
    let mut verified = Verified::unsigned(claims);
    verified.subject = Subject::Integer(7);
    verified
}

/// What a template makes of the claims; `None` where the header is left out.
fn made(template: &str, claims: &Value) -> Result<Option<String>, Unwritable> {
    let template = HeaderTemplate::parse(template).expect(template);
    let verified = verified(claims);
    let mut text = String::from("before");
    let written = template.render(&Facts::of_token(&verified), LIMITS.one, &mut text)?;
    let value = text.strip_prefix("before").expect("what was there");
    assert!(written == Written::Present || value.is_empty());
    Ok((written == Written::Present).then(|| value.to_owned()))
}

#[test]
fn values_keep_their_type() {
    let claims = json!({
        "text": "a b", "number": 1.5, "large": 9_007_199_254_740_993_i64, "yes": true, "null": null,
        "list": ["a", 2, false], "empty": [], "object": { "a": { "b": "\u{e9}\u{1f600}\u{7f}\n\"" } },
        "https://example.com/roles": ["x"],
    });
    for (template, expected) in [
        ("{claims.text}", Some("a b")),
        ("{claims.number}", Some("1.5")),
        ("{claims.large}", Some("9007199254740993")),
        ("{claims.yes}/{subject}", Some("true/7")),
        ("{claims.null}", None),
        ("{claims.null:-none}", Some("none")),
        ("x{claims.missing}", None),
        ("{claims.missing:-}", Some("")),
        ("{claims.text.inside:-none}", None),
        ("{claims.list}", None),
        ("{claims.list:-none}", None),
        ("{claims.list|json}", Some(r#"["a",2,false]"#)),
        ("{claims.list|join:,}", Some("a,2,false")),
        ("{claims.list|join:; }", Some("a; 2; false")),
        ("{claims.text|join:,}", Some("a b")),
        ("{claims.empty|join:,}", Some("")),
        ("{claims.object}", None),
        (
            "{claims.object.a|json}",
            Some(r#"{"b":"\u00e9\ud83d\ude00\u007f\n\""}"#),
        ),
        (
            "{claims.object.a.b|percent}",
            Some("%C3%A9%F0%9F%98%80%7F%0A\""),
        ),
        ("{claims.text|percent}", Some("a%20b")),
        ("{claims.text|json}", Some("\"a b\"")),
        ("{claims.'https://example.com/roles'|join:,}", Some("x")),
        ("{{{claims.text}}}", Some("{a b}")),
        ("{request.path:-none}", Some("none")),
    ] {
        let made = made(template, &claims);
        assert_eq!(made, Ok(expected.map(str::to_owned)), "{template}");
    }
}

#[test]
fn what_no_header_can_carry_is_refused() {
    let claims = json!({
        "line": "a\r\nX-Admin: 1", "next": "a\u{85}b", "nul": "\0", "outer": " a", "long": "a".repeat(65),
        "comma": ["a,b"], "nested": [["a"]], "nothing": [null], "objects": [{}],
    });
    for (template, expected) in [
        ("{claims.line}", Unwritable::Characters),
        ("{claims.next}", Unwritable::Characters),
        ("{claims.nul|join:,}", Unwritable::Characters),
        ("{claims.outer}", Unwritable::Characters),
        ("{claims.long}", Unwritable::Large),
        ("{claims.long|json}", Unwritable::Large),
        ("{claims.comma|join:,}", Unwritable::Separator),
        ("{claims.comma|join:, }", Unwritable::Separator),
        ("{claims.nested|join:,}", Unwritable::Element),
        ("{claims.nothing|join:,}", Unwritable::Element),
        ("{claims.objects|join:,}", Unwritable::Element),
        ("{claims.outer|join: }", Unwritable::Separator),
    ] {
        assert_eq!(made(template, &claims), Err(expected), "{template}");
    }
}

#[test]
fn texts_that_no_header_can_carry_are_no_templates() {
    for text in ["a\n", "{subject:-a\r\nb}", " {subject}", "a ", "{subject"] {
        assert!(HeaderTemplate::parse(text).is_err(), "{text:?}");
    }
}

fn name(text: &'static str) -> HeaderName {
    HeaderName::from_static(text)
}

fn field(header: &'static str, text: &str, placement: Placement) -> Field {
    let template = HeaderTemplate::parse(text).expect(text);
    Field {
        name: name(header),
        value: match template.fixed() {
            Some(value) => FieldValue::Fixed(value),
            None => FieldValue::Made(template),
        },
        placement,
    }
}

fn changes(fields: Vec<Field>, remove: &[&'static str]) -> Changes {
    Changes {
        fields: fields.into(),
        remove: remove.iter().map(|header| name(header)).collect(),
    }
}

#[test]
fn an_answer_is_changed_by_what_the_request_was() {
    let pattern = Pattern::parse("/users/{id}").expect("a pattern");
    let facts = Facts {
        request: Some(RequestFacts {
            method: "GET",
            host: "",
            path: "/users/a%20b",
            matched_path: "/users/a%20b",
            pattern: &pattern,
            client: None,
            decision: "d",
        }),
        ..Facts::default()
    };
    let response = changes(
        vec![
            field("x-user", "{path.id}", Placement::Instead),
            field("x-host", "{request.host}", Placement::Instead),
            field("vary", "Origin", Placement::Beside),
        ],
        &["server"],
    );
    let headers = RouteHeaders::new(Changes::default(), response);
    let rendered = Rendered::new(&headers, &facts, LIMITS, 0).expect("values");
    let mut answer = HeaderMap::new();
    for (header, value) in [
        ("x-user", "1"),
        ("x-host", "1"),
        ("vary", "Accept"),
        ("server", "x"),
    ] {
        answer.insert(header, HeaderValue::from_static(value));
    }
    rendered.change_response(&mut answer);
    let mut expected = HeaderMap::new();
    for (header, value) in [("x-user", "a%20b"), ("vary", "Accept"), ("vary", "Origin")] {
        expected.append(header, HeaderValue::from_static(value));
    }
    assert_eq!(answer, expected);
}

#[test]
fn what_is_replaced_comes_from_no_client_in_any_spelling() {
    let request = changes(
        vec![
            field("x-role", "{claims.role}", Placement::Instead),
            field("x-tag", "a", Placement::Beside),
            field("x-team", "{claims.team}", Placement::Beside),
        ],
        &["x-debug"],
    );
    let headers = RouteHeaders::new(request, Changes::default());
    let mut sent = HeaderMap::new();
    for header in ["x_role", "x.role", "x-debug", "x-tag"] {
        sent.insert(header, HeaderValue::from_static("1"));
    }
    headers.clean_request(&mut sent);
    assert_eq!(sent.keys().collect::<Vec<_>>(), ["x-tag"]);
    let about: Vec<&str> = headers.about_caller().map(HeaderName::as_str).collect();
    assert_eq!(about, ["x-role", "x-team"]);
}

#[test]
fn all_headers_together_are_limited() {
    let request = changes(vec![field("x-a", "{claims.a}", Placement::Instead)], &[]);
    let headers = RouteHeaders::new(request, Changes::default());
    let verified = verified(&json!({ "a": "0123456789" }));
    let facts = Facts::of_token(&verified);
    let sent = |taken| Rendered::new(&headers, &facts, LIMITS, taken).map(drop);
    assert_eq!(sent(90), Ok(()));
    assert_eq!(sent(91), Err(Unheaded::Request));
    let small = HeaderLimits { one: 9, all: 100 };
    let sent = Rendered::new(&headers, &facts, small, 0).map(drop);
    assert_eq!(sent, Err(Unheaded::Token(InvalidToken::LargeHeader)));
}

/// Any JSON with texts that mean harm.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Fractions that are read as they were written.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        "\\PC{0,4}[\\x00-\\x1f\\x7f\u{80}-\u{a0}, %]{0,2}\\PC{0,4}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_never_has_a_control_character_whatever_the_claims(claim in any_json()) {
        for template in [
            "{claims.a}", "{claims.a|json}", "{claims.a|percent}", "{claims.a|join:,}", "{claims.a|join: }",
            "x-{claims.a:-none}-{claims.a.b|json}",
        ] {
            if let Ok(Some(value)) = made(template, &json!({ "a": claim })) {
                prop_assert!(!value.chars().any(char::is_control), "{template}: {value:?}");
                prop_assert_eq!(value.trim(), &*value);
                prop_assert!(HeaderValue::from_str(&value).is_ok() || !value.is_ascii());
            }
        }
    }

    #[test]
    fn a_joined_list_can_be_taken_apart_again(elements in proptest::collection::vec("[a-c,; ]{1,3}", 1..4)) {
        for (template, separator) in [("{claims.a|join:,}", ","), ("{claims.a|join:; }", "; "), ("{claims.a|join: }", " ")] {
            if let Ok(Some(value)) = made(template, &json!({ "a": elements })) {
                prop_assert_eq!(value.split(separator).collect::<Vec<_>>(), elements.iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn json_in_a_header_is_the_claim(claim in any_json()) {
        if let Ok(Some(value)) = made("{claims.a|json}", &json!({ "a": claim })) {
            prop_assert!(value.is_ascii());
            let again: Value = serde_json::from_str(&value).expect("JSON");
            prop_assert_eq!(again.to_string(), claim.to_string());
        }
    }
}
