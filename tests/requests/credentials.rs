//! Tokens at the front door.

use serde_json::{Value, json};

use crate::harness::{
    Gateway, Request, Upstream,
    token::{self, ACCESS_SECRET, REFRESH_SECRET},
    wait_until,
};

const NOT_VALIDATED: &str = r#"{"detail":"Could not validate credentials"}"#;

/// Sends a value of `Authorization` to guarded and optional routes, and expects a refusal by this code.
#[track_caller]
fn refused(cases: &[(&str, String, &str)]) {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for (index, (name, value, code)) in cases.iter().enumerate() {
        for path in [format!("/guarded/{index}"), format!("/optional/{index}")] {
            let request = Request::get(&path).header("Authorization", value);
            let response = gateway.send(&request);
            assert_eq!(
                (response.status, response.text().as_str()),
                (401, NOT_VALIDATED),
                "{name}"
            );
            let challenge = response.header("www-authenticate").unwrap_or_default();
            assert!(
                challenge.starts_with(r#"Bearer error="invalid_token""#),
                "{name}: {challenge}"
            );
            assert_eq!(gateway.outcome(&path), *code, "{name}");
        }
    }
    let seen = upstream.seen();
    assert!(seen.is_empty(), "reached the upstream: {seen:?}");
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = token::claims("7");
    change(&mut claims);
    bearer(&token::signed(&claims))
}

#[test]
fn a_token_that_is_no_token_is_invalid() {
    let good = token::access("7");
    let parts: Vec<&str> = good.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let cases = [
        ("nothing", "Bearer".to_owned()),
        ("a space", "Bearer ".to_owned()),
        ("a word", bearer("x")),
        ("two parts", bearer(&format!("{header}.{claims}"))),
        ("no signature", bearer(&format!("{header}.{claims}."))),
        ("four parts", bearer(&format!("{good}.{signature}"))),
        (
            "five parts",
            bearer(&format!("{good}.{signature}.{signature}")),
        ),
        ("padding", bearer(&format!("{good}="))),
        (
            "a space inside",
            bearer(&format!("{header} .{claims}.{signature}")),
        ),
        ("a word after it", bearer(&format!("{good} x"))),
        ("two tokens", bearer(&format!("{good},{good}"))),
        ("JSON", bearer(r#"{"payload":"x"}"#)),
        (
            "too long",
            bearer(&token::signed(
                &json!({"exp": token::now() + 60, "sub": "7", "x": "y".repeat(9000)}),
            )),
        ),
    ];
    refused(&cases.map(|(name, value)| (name, value, "invalid_token")));
}

#[test]
fn the_algorithm_is_the_keys_and_nothing_the_token_says() {
    let header = |header: Value, secret: &str| {
        bearer(&token::with_header(&header, &token::claims("7"), secret))
    };
    let cases = [
        ("none", header(json!({"alg": "none"}), ACCESS_SECRET)),
        ("None", header(json!({"alg": "None"}), ACCESS_SECRET)),
        (
            "another HMAC",
            header(json!({"alg": "HS512"}), ACCESS_SECRET),
        ),
        (
            "a public key's",
            header(json!({"alg": "RS256"}), ACCESS_SECRET),
        ),
        ("lower case", header(json!({"alg": "hs256"}), ACCESS_SECRET)),
        ("no algorithm", header(json!({"typ": "JWT"}), ACCESS_SECRET)),
        ("a list", header(json!({"alg": ["HS256"]}), ACCESS_SECRET)),
        (
            "a critical extension",
            header(json!({"alg": "HS256", "crit": ["exp"]}), ACCESS_SECRET),
        ),
        (
            "a key of its own",
            header(
                json!({"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}}),
                "x",
            ),
        ),
        ("an empty secret", header(json!({"alg": "HS256"}), "")),
    ];
    refused(&cases.map(|(name, value)| (name, value, "invalid_token")));
}

#[test]
fn another_secret_or_changed_claims_break_the_signature() {
    let good = token::access("7");
    let other = token::access("8");
    let payload_of_other = {
        let (good, other): (Vec<&str>, Vec<&str>) =
            (good.split('.').collect(), other.split('.').collect());
        [good[0], other[1], good[2]].join(".")
    };
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let refresh = token::with_header(&header, &token::claims("7"), REFRESH_SECRET);
    let cases = [
        ("the claims of another", bearer(&payload_of_other)),
        ("a refresh token", bearer(&refresh)),
        ("a cut signature", bearer(&good[..good.len() - 2])),
    ];
    refused(&cases.map(|(name, value)| (name, value, "invalid_token")));
}

#[test]
fn claims_have_the_types_that_the_standard_gives_them() {
    let text = |claims: &str| {
        bearer(&token::from_text(
            r#"{"alg":"HS256"}"#,
            claims,
            ACCESS_SECRET,
        ))
    };
    let soon = token::now() + 60;
    let cases = [
        (
            "no exp",
            changed(|claims| drop(claims.as_object_mut().and_then(|map| map.remove("exp")))),
        ),
        (
            "exp as a text",
            changed(|claims| claims["exp"] = json!(soon.to_string())),
        ),
        ("exp as null", changed(|claims| claims["exp"] = Value::Null)),
        (
            "a negative exp",
            changed(|claims| claims["exp"] = json!(-1)),
        ),
        (
            "no subject",
            changed(|claims| drop(claims.as_object_mut().and_then(|map| map.remove("sub")))),
        ),
        (
            "an empty subject",
            changed(|claims| claims["sub"] = json!("")),
        ),
        (
            "a null subject",
            changed(|claims| claims["sub"] = Value::Null),
        ),
        (
            "a fraction as subject",
            changed(|claims| claims["sub"] = json!(1.5)),
        ),
        (
            "a list as subject",
            changed(|claims| claims["sub"] = json!(["7"])),
        ),
        (
            "a line break in the subject",
            changed(|claims| claims["sub"] = json!("7\r\nX-User-Id: 1")),
        ),
        (
            "a NUL in the subject",
            changed(|claims| claims["sub"] = json!("7\0")),
        ),
        (
            "another audience",
            changed(|claims| claims["aud"] = json!("other")),
        ),
        (
            "iat as a text",
            changed(|claims| claims["iat"] = json!("now")),
        ),
        (
            "not valid yet",
            changed(|claims| claims["nbf"] = json!(soon)),
        ),
        ("a list of claims", text("[]")),
        ("no JSON", text("sub=7")),
        (
            "a repeated claim",
            text(&format!(r#"{{"exp":{soon},"sub":"7","sub":"1"}}"#)),
        ),
    ];
    refused(&cases.map(|(name, value)| (name, value, "invalid_token")));
}

#[test]
fn an_expired_token_has_a_code_of_its_own() {
    let expired = changed(|claims| claims["exp"] = json!(token::now() - 1));
    let now = changed(|claims| claims["exp"] = json!(token::now()));
    refused(&[
        ("a second ago", expired, "expired_token"),
        ("this second", now, "expired_token"),
    ]);
}

#[test]
fn a_cached_token_ends_in_the_second_that_it_says() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let ends = token::now() + 2;
    let token = token::signed(&json!({ "exp": ends, "sub": "7" }));
    let request = Request::get("/items").token(&token);
    let mut connection = gateway.client().connect();
    // The second one finds the first one's proof.
    for _ in 0..2 {
        let response = connection.send(&request);
        assert!(response.status == 200 || token::now() >= ends);
    }
    wait_until("the second in which the token ends", || {
        token::now() >= ends
    });
    let before = upstream.seen().len();
    let response = connection.send(&request);
    assert_eq!(response.status, 401);
    let challenge = response.header("www-authenticate");
    assert_eq!(
        challenge,
        Some(r#"Bearer error="invalid_token", error_description="The access token expired""#)
    );
    assert_eq!(upstream.seen().len(), before);
}
