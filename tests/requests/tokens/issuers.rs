//! Several issuers: each one's tokens under its own keys, and what each expects of them.

use serde_json::{Value, json};

use super::*;
use crate::harness::{
    keys::{SigningKey, claims},
    token,
};

const UNKNOWN: &str = "the token's issuer is not known";
const ALGORITHM: &str = "the token's algorithm is not the key's";

#[test]
fn an_issuer_is_chosen_by_its_exact_name_before_any_key() {
    let upstream = Upstream::start();
    let (one, two) = (SigningKey::new("ES256", "a"), SigningKey::new("EdDSA", "a"));
    let issuers = r#"
- { issuer: https://idp.test, audience: [sidegate], keys: [{ algorithm: ES256, public_key: "file:one.pem", kid: a }] }
- { issuer: https://idp.test/two, audience: [sidegate], keys: [{ algorithm: EdDSA, public_key: "file:two.pem", kid: a }] }"#;
    let gateway = with_issuers(&upstream, issuers)
        .file("one.pem", &one.public_pem())
        .file("two.pem", &two.public_pem())
        .start();
    accepted(&gateway, "/own", &token::access("7"));
    accepted(&gateway, "/one", &one.token(IDP, "7"));
    accepted(&gateway, "/two", &two.token("https://idp.test/two", "7"));
    refused(
        &gateway,
        "/one/as/two",
        &one.token("https://idp.test/two", "7"),
        ALGORITHM,
    );
    let mut own = token::claims("7");
    own["iss"] = IDP.into();
    refused(&gateway, "/own/as/one", &token::signed(&own), ALGORITHM);
    let names = [
        "https://idp.test/",
        "https://idp",
        "HTTPS://IDP.TEST",
        "",
        " https://idp.test",
    ];
    for (index, name) in names.into_iter().enumerate() {
        refused(
            &gateway,
            &format!("/name/{index}"),
            &one.token(name, "7"),
            UNKNOWN,
        );
    }
    let mut silent = claims(IDP, "7");
    silent.as_object_mut().map(|map| map.remove("iss"));
    refused(&gateway, "/silent", &one.signed(&silent), ALGORITHM);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 3);
}

#[test]
fn each_check_of_an_issuer_refuses_with_its_reason() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let issuers = r#"
- issuer: https://idp.test
  audience: [sidegate, other]
  keys: [{ algorithm: ES256, public_key: "file:key.pem", kid: a }]
  types: [at+jwt]
  required_claims: [email]
  leeway: { exp: 20s, nbf: 20s, iat: 20s }
  subject: uid"#;
    let gateway = with_issuers(&upstream, issuers).file("key.pem", &key.public_pem());
    let gateway = gateway.start();
    let now = token::now();
    let token = |change: &[(&str, Value)]| {
        let mut claims = claims(IDP, "not looked at");
        claims["email"] = "someone@example.test".into();
        claims["uid"] = 42.into();
        for (name, value) in change {
            claims[*name] = value.clone();
        }
        key.with_header(
            &json!({"alg": "ES256", "kid": "a", "typ": "at+jwt"}),
            &claims,
        )
    };
    accepted(&gateway, "/good", &token(&[]));
    let user = upstream.only().values("x-user-id").join(",");
    assert_eq!(user, "42", "the subject is the claim that is said");
    let subject = gateway.access_line("/good")["subject"].clone();
    let subject = subject.as_str().expect("a subject");
    assert!(subject.starts_with('#'), "no row's id: {subject}");
    for (index, change) in [
        ("aud", json!(["x", "other"])),
        ("exp", json!(now - 5)),
        ("nbf", json!(now + 10)),
        ("iat", json!(now + 10)),
    ]
    .into_iter()
    .enumerate()
    {
        accepted(&gateway, &format!("/within/{index}"), &token(&[change]));
    }
    let audience = "the token is meant for another audience";
    let cases = [
        ("aud", json!("x"), audience),
        ("aud", json!(["x"]), audience),
        ("aud", json!(["sidegate", 1]), audience),
        ("aud", Value::Null, audience),
        ("aud", json!("sidegate2"), audience),
        ("email", Value::Null, "the token has no claim email"),
        ("nbf", json!(now + 60), "the token is not valid yet"),
        (
            "iat",
            json!(now + 60),
            "the token says that it was issued in the future",
        ),
        ("iat", json!("now"), "the claim iat is not a time"),
        ("exp", Value::Null, "the claim exp is not a time"),
        (
            "uid",
            Value::Null,
            "the subject claim is neither a text nor an integer",
        ),
    ];
    for (index, (name, value, reason)) in cases.into_iter().enumerate() {
        let token = token(&[(name, value)]);
        refused(&gateway, &format!("/bad/{index}"), &token, reason);
    }
    let expired = judged(&gateway, "/expired", &token(&[("exp", json!(now - 60))]));
    assert_eq!((expired.0, expired.1.as_str()), (401, "expired_token"));
    let log = gateway.said();
    assert!(!log.contains("someone@example.test"), "{log}");
}
