//! What is remembered of tokens and what is not: a proof of one signature, and never a permission.

use serde_json::json;

use super::*;
use crate::harness::{
    keys::{SigningKey, claims},
    token,
};

fn verified(gateway: &Gateway) -> u64 {
    let text = gateway.ask("/metrics").text();
    let prefix = "sidegate_token_verifications_total ";
    let line = text.lines().find_map(|line| line.strip_prefix(prefix));
    line.and_then(|line| line.parse().ok()).expect("a number")
}

#[test]
fn a_token_that_differs_in_one_byte_is_another_one() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("refusals", "problem")
        .start();
    let good = token::access("7");
    accepted(&gateway, "/cold", &good);
    accepted(&gateway, "/warm", &good);
    assert_eq!(verified(&gateway), 1);
    let letter = |byte: u8| if byte == b'A' { b'B' } else { b'A' };
    for index in (0..good.len()).filter(|&index| good.as_bytes()[index] != b'.') {
        let mut changed = good.clone().into_bytes();
        changed[index] = letter(changed[index]);
        let changed = String::from_utf8(changed).expect("a text");
        let response = gateway.send(&Request::get("/changed").token(&changed));
        assert_eq!(response.status, 401, "byte {index}");
    }
    for changed in [&good[..good.len() - 1], &good[1..], &format!("{good}A")] {
        let response = gateway.send(&Request::get("/changed").token(changed));
        assert_eq!(response.status, 401, "{changed}");
    }
    assert_eq!(upstream.seen().len(), 2);
}

#[test]
fn tokens_with_the_same_claims_are_proved_each_by_its_own_issuers_key() {
    let upstream = Upstream::start();
    let (one, two) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "a"));
    let issuers = r#"
- { issuer: https://idp.test, audience: [sidegate], keys: [{ algorithm: ES256, public_key: "file:one.pem", kid: a }] }
- { issuer: https://two.test, audience: [sidegate], keys: [{ algorithm: ES256, public_key: "file:two.pem", kid: a }] }"#;
    let gateway = with_issuers(&upstream, issuers)
        .file("one.pem", &one.public_pem())
        .file("two.pem", &two.public_pem())
        .start();
    let mut claims = claims(IDP, "7");
    claims["jti"] = json!("the same");
    let wrong = "the token's signature is not by this key";
    accepted(&gateway, "/a", &one.signed(&claims));
    refused(&gateway, "/b", &two.signed(&claims), wrong);
    claims["iss"] = json!("https://two.test");
    refused(&gateway, "/c", &one.signed(&claims), wrong);
    accepted(&gateway, "/d", &two.signed(&claims));
}

#[test]
fn a_proof_of_one_route_opens_no_other() {
    let upstream = Upstream::start();
    let routes = "
- { match: /admin/**, access: required, require: { claim: { role: admin } } }
- { match: /aud/**, access: required, require: { audience: [b] } }
- { match: /near/**, access: required, require: { network: [10.0.0.0/8] } }
- { match: \"/users/{id}/**\", access: required, require: { subject_is: id } }
- { match: /**, access: required }";
    let gateway = Gateway::before(&upstream)
        .section(
            "tokens",
            &format!("{{ access: {{ algorithm: HS256, secret: {ACCESS_SECRET}, lifetime: 1h, any_audience: acknowledged }} }}"),
        )
        .without("accounts")
        .without("users")
        .routes(routes)
        .start();
    let mut claims = token::claims("7");
    claims["role"] = json!("guest");
    claims["aud"] = json!("a");
    let token = token::signed(&claims);
    for round in 0..3 {
        let status = |path: &str| gateway.send(&Request::get(path).token(&token)).status;
        assert_eq!(status("/items"), 200, "{round}");
        assert_eq!(status("/users/7/a"), 200, "{round}");
        for path in ["/admin/a", "/aud/a", "/near/a", "/users/8/a"] {
            assert_eq!(status(path), 403, "{path} in round {round}");
        }
    }
    assert_eq!(verified(&gateway), 1);
    assert_eq!(upstream.seen().len(), 6);
}

#[test]
fn an_answer_is_never_kept_for_the_next_request() {
    let upstream = Upstream::answering(|seen, wire| {
        let user = seen.values("x-user-id").join(",");
        wire.respond(
            200,
            &["Cache-Control: public, max-age=3600", "ETag: \"a\""],
            user.as_bytes(),
        )
    });
    let gateway = Gateway::before(&upstream).start();
    for user in ["7", "8", "7"] {
        let request = Request::get("/items").token(&token::access(user));
        let response = gateway.send(&request);
        assert_eq!((response.status, response.text().as_str()), (200, user));
        assert_eq!(response.header("age"), None);
    }
    assert_eq!(upstream.seen().len(), 3);
}
