//! What is told of a token that was refused: which check it was, what was expected of it, and by whom.

use serde_json::{Value, json};

use crate::harness::{
    Gateway, Request, Setup, Upstream,
    keys::{self, SigningKey, key_set},
    token,
};

const IDP: &str = "https://idp.test/";

fn with_issuer(jwks: &str) -> Setup {
    let tokens = format!(
        r#"
access: {{ algorithm: HS256, secret: "${{SECRET_KEY}}", lifetime: 30d }}
issuers:
  - issuer: {IDP}
    audience: [sidegate]
    types: [at+jwt]
    required_claims: [email, tenant]
    leeway: {{ exp: 30s, nbf: 7s }}
    jwks: {jwks}"#
    );
    let setup = Gateway::before(&Upstream::start()).without("accounts");
    setup.section("tokens", &tokens)
}

/// Both ways of asking: by the id of the decision, and for the same request again.
fn told(gateway: &Gateway, token: &str) -> [Value; 2] {
    let refused = gateway.send(&Request::get("/a").token(token));
    assert!(refused.status >= 400, "{}", refused.text());
    let id = refused.header("x-request-id").expect("an id");
    let by_id = gateway.ask(&format!("/explain/{id}"));
    let question = json!({ "target": "/a", "token": token });
    let asked = gateway.operate(Request::post("/explain").json(&question));
    [by_id.json(), asked.json()]
}

fn check<'a>(told: &'a Value, name: &str) -> &'a Value {
    let checks = told["token_details"]["checks"].as_array();
    let mut checks = checks.expect("checks").iter();
    let found = checks.find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no check {name}: {told}"))
}

/// A gateway whose issuer asks for much, its key, and what all that it asks for comes to.
fn strict() -> (Gateway, SigningKey, Value, Value) {
    let key = SigningKey::new("ES256", "a");
    let gateway = with_issuer("{ file: keys.json, algorithms: [ES256] }")
        .file("keys.json", &key_set(&[&key]))
        .start();
    let header = json!({ "alg": "ES256", "kid": "a", "typ": "at+jwt" });
    let mut good = keys::claims(IDP, "7");
    good["email"] = "ann@example.com".into();
    good["tenant"] = "acme".into();
    (gateway, key, header, good)
}

#[test]
fn each_claim_is_shown_with_what_its_own_issuer_expects() {
    let (gateway, key, header, good) = strict();
    for (name, value, check_name, expected, found, leeway) in [
        (
            "aud",
            json!(["me", "sidegat"]),
            "aud",
            "sidegate",
            json!("a list of 2"),
            Value::Null,
        ),
        (
            "tenant",
            Value::Null,
            "required",
            "email, tenant",
            json!("no tenant"),
            Value::Null,
        ),
        (
            "sub",
            json!(true),
            "subject",
            "a text or an integer as sub",
            json!("true"),
            Value::Null,
        ),
        (
            "exp",
            json!("soon"),
            "exp",
            "later than now",
            json!("something that is no time"),
            json!(30),
        ),
        (
            "nbf",
            json!("soon"),
            "nbf",
            "now, earlier or none",
            json!("something that is no time"),
            json!(7),
        ),
        (
            "iat",
            json!("soon"),
            "iat",
            "now, earlier or none",
            json!("something that is no time"),
            json!(5),
        ),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        for told in told(&gateway, &key.with_header(&header, &claims)) {
            let check = check(&told, check_name);
            assert_eq!(told["token"], "not accepted");
            assert_eq!(told["token_details"]["issuer"], IDP);
            assert_eq!(check["result"], "fails", "{told}");
            assert_eq!(check["expected"], expected, "{told}");
            assert_eq!(check["found"], found, "{told}");
            assert_eq!(check["leeway_seconds"], leeway, "{told}");
            assert!(!told.to_string().contains("ann@example.com"), "{told}");
        }
    }
}

#[test]
fn what_comes_after_the_check_that_refused_is_not_called_good() {
    let (gateway, key, header, good) = strict();
    let late = token::now() - 40;
    let mut claims = good.clone();
    claims["exp"] = late.into();
    for told in told(&gateway, &key.with_header(&header, &claims)) {
        assert_eq!(check(&told, "exp")["result"], "fails", "{told}");
        assert_eq!(check(&told, "subject")["result"], "holds", "{told}");
        assert_eq!(check(&told, "nbf")["result"], "not_evaluated", "{told}");
    }
    let other = json!({ "alg": "ES256", "kid": "a", "typ": "JWT" });
    for told in told(&gateway, &key.with_header(&other, &good)) {
        let typ = check(&told, "typ");
        assert_eq!(typ["result"], "fails", "{told}");
        assert_eq!(typ["expected"], "at+jwt or none", "{told}");
        assert_eq!(typ["found"], "JWT", "{told}");
        assert_eq!(check(&told, "signature")["result"], "not_evaluated");
    }
}

#[test]
fn an_issuer_that_nobody_knows_is_named_and_no_signature_is_looked_at() {
    let gateway = with_issuer("{ file: keys.json, algorithms: [ES256] }")
        .file("keys.json", &key_set(&[&SigningKey::new("ES256", "a")]))
        .start();
    let near = "https://idp.test";
    let key = SigningKey::new("ES256", "a");
    for told in told(&gateway, &key.token(near, "7")) {
        let issuer = check(&told, "iss");
        assert_eq!(issuer["result"], "fails", "{told}");
        assert_eq!(issuer["found"], near, "{told}");
        assert_eq!(check(&told, "signature")["result"], "not_evaluated");
    }
}

#[test]
fn an_outage_of_keys_is_told_as_that_and_no_claim_is_blamed() {
    let publisher = Upstream::start();
    let url = publisher.url();
    publisher.kill();
    let jwks = format!("{{ url: \"{url}/keys\", clear_text: acknowledged, algorithms: [ES256] }}");
    let gateway = with_issuer(&jwks).start();
    let token = SigningKey::new("ES256", "a").with_header(
        &json!({ "alg": "ES256", "kid": "a", "typ": "at+jwt" }),
        &keys::claims(IDP, "7"),
    );
    for told in told(&gateway, &token) {
        assert_eq!(told["token"], "undecided", "{told}");
        assert_eq!(check(&told, "typ")["result"], "holds", "{told}");
        assert_eq!(check(&told, "key")["result"], "unclear", "{told}");
        for name in ["signature", "aud", "exp"] {
            assert_eq!(check(&told, name)["result"], "not_evaluated", "{told}");
        }
    }
}
