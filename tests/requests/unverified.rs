//! What an unverified token says decides nothing.

use serde_json::{Value, json};

use crate::harness::{
    Gateway, Request, Upstream,
    token::{self, ACCESS_SECRET, with_header},
};

/// Each holds for what the tokens of these tests say of themselves.
const RULES: [&str; 12] = [
    "{ claim: { role: admin } }",
    "{ claim: { level: { at_least: 3 } } }",
    "{ not: { claim: { banned: true } } }",
    "{ scope: [read, write] }",
    "{ any_scope: [other, write] }",
    "{ role: [staff] }",
    "{ audience: [api] }",
    "{ issuer: [\"https://idp.test\"] }",
    "{ subject_is: id }",
    "{ when: \"claims.level >= 3 && claims.role != 'guest'\" }",
    "{ any: [{ claim: { role: nobody } }, { claim: { verified: true } }] }",
    "{ all: [{ network: [127.0.0.0/8] }, { not: { role: [guest] } }] }",
];

fn claims() -> Value {
    json!({
        "exp": token::now() + 3600, "sub": "7", "role": "admin", "roles": ["staff"], "level": 5,
        "scope": "read write", "aud": "api", "iss": "https://idp.test", "verified": true,
    })
}

/// Tokens with these claims that nobody's key has signed.
fn forged(claims: &Value) -> Vec<String> {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let good = with_header(&header, claims, ACCESS_SECRET);
    let message = good.rsplit_once('.').map(|(message, _)| message);
    let message = message.expect("a token");
    vec![
        with_header(&header, claims, "another secret of the tests 0123456789"),
        with_header(&json!({"alg": "none"}), claims, ACCESS_SECRET),
        format!("{message}.AAAA"),
        format!("{message}."),
        format!("{good}A"),
    ]
}

fn gateway(upstream: &Upstream) -> Gateway {
    let mut routes = String::new();
    for (index, rule) in RULES.iter().enumerate() {
        let required = format!(
            "\n- {{ match: \"/required/{index}/{{id}}\", access: required, require: {rule} }}"
        );
        // Somebody without a token may come in there, from elsewhere.
        let optional = format!(
            "\n- {{ match: \"/optional/{index}/{{id}}\", access: optional, require: {{ any: [{{ network: [10.0.0.0/8] }}, {rule}] }} }}"
        );
        routes.push_str(&(required + &optional));
    }
    let tokens = format!(
        "{{ access: {{ algorithm: HS256, secret: {ACCESS_SECRET}, lifetime: 1h, issuer: \"https://idp.test\", audience: [api], claims: {{ sub: \"{{user.id}}\", iss: \"https://idp.test\", aud: api }} }} }}"
    );
    Gateway::before(upstream)
        .without("accounts")
        .without("users")
        .section("tokens", &tokens)
        .section("refusals", "problem")
        .routes(&routes)
        .start()
}

#[test]
fn no_rule_is_asked_about_claims_that_nobody_has_verified() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let claims = claims();
    let good = token::signed(&claims);
    let mut count = 0;
    for access in ["required", "optional"] {
        for index in 0..RULES.len() {
            let path = format!("/{access}/{index}/7");
            let status = |token: &str| gateway.send(&Request::get(&path).token(token)).status;
            assert_eq!(
                status(&good),
                200,
                "{path}: the rule holds for a good token"
            );
            count += 1;
            for token in forged(&claims) {
                assert_eq!(status(&token), 401, "{path}");
            }
        }
    }
    assert_eq!(upstream.seen().len(), count);
}

#[test]
fn a_refusal_is_the_same_whatever_an_unverified_token_says() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let mut poor = claims();
    for name in ["role", "roles", "level", "scope", "verified"] {
        poor.as_object_mut().map(|claims| claims.remove(name));
    }
    poor["banned"] = json!(true);
    poor["sub"] = json!("8");
    let (rich, poor) = (forged(&claims()), forged(&poor));
    for (index, rule) in RULES.iter().enumerate() {
        for (rich, poor) in rich.iter().zip(&poor) {
            let told = |token: &str| {
                let path = format!("/required/{index}/7");
                let response = gateway.send(&Request::get(&path).token(token));
                let mut body = response.json();
                // The one thing that may differ.
                body["instance"] = Value::Null;
                let challenge = response.values("www-authenticate").join(", ");
                (response.status, challenge, body)
            };
            assert_eq!(told(rich), told(poor), "{rule}");
        }
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn an_explanation_asks_no_rule_of_a_forged_token_either() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let explained = |token: &str| {
        let question = json!({ "target": "/required/0/7", "token": token });
        let told = gateway.operate(Request::post("/explain").json(&question));
        assert_eq!(told.status, 200, "{}", told.text());
        told.json()
    };
    let mut poor = claims();
    poor["role"] = json!("guest");
    let told = explained(&token::signed(&poor));
    assert_eq!(told["verdict"]["refused"]["code"], "forbidden");
    assert_eq!(told["checks"][0]["result"], "fails");
    for token in forged(&claims()) {
        let told = explained(&token);
        assert_eq!(told["verdict"]["refused"]["code"], "invalid_token");
        assert_eq!(told["checks"], Value::Null, "{told}");
    }
}
