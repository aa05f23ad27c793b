//! Providers that lie, break or are away. None of it is ever somebody's wrong account.

use serde_json::{Value, json};

use super::{Browser, Idp, code_of, gateway, is_granted, log_in, provider::Signature};
use crate::harness::token::now;

/// What becomes of the claims of an ID token.
type Lie = fn(&mut Value);

#[test]
fn an_id_token_that_lies_signs_nobody_in() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let lies: [(&str, Lie); 14] = [
        ("another nonce", |it| it["nonce"] = "another".into()),
        ("no nonce", |it| it["nonce"] = Value::Null),
        ("another audience", |it| it["aud"] = "another".into()),
        ("a native audience", |it| it["aud"] = "android".into()),
        ("two audiences, no party", |it| {
            it["aud"] = json!(["web", "x"]);
        }),
        ("another party", |it| it["azp"] = "another".into()),
        ("another issuer", |it| {
            it["iss"] = "https://other.example".into();
        }),
        ("no issuer", |it| it["iss"] = Value::Null),
        ("expired", |it| it["exp"] = (now() - 60).into()),
        ("no end", |it| it["exp"] = Value::Null),
        ("issued in the future", |it| {
            it["iat"] = (now() + 3600).into();
        }),
        ("no time of issue", |it| it["iat"] = Value::Null),
        ("a number for a subject", |it| it["sub"] = 1.into()),
        ("another access token", |it| {
            it["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA".into();
        }),
    ];
    for (what, lie) in lies {
        idp.claim(lie);
        let response = log_in(&gateway, &idp);
        assert_eq!(response.status, 502, "{what}: {}", response.text());
        assert_eq!(code_of(&response), "provider_failed", "{what}");
        assert!(!is_granted(&response), "{what}");
    }
    idp.claim(|it| it["aud"] = json!(["web"]));
    assert!(is_granted(&log_in(&gateway, &idp)), "and the truth does");
}

#[test]
fn an_id_token_without_the_providers_signature_signs_nobody_in() {
    for algorithm in ["ES256", "RS256"] {
        let idp = Idp::signing(algorithm);
        let gateway = gateway(&idp, "");
        for signature in [
            Signature::None,
            Signature::PublicKeyAsSecret,
            Signature::OtherKey,
        ] {
            idp.sign(signature);
            let response = log_in(&gateway, &idp);
            assert_eq!(response.status, 502, "{algorithm} {signature:?}");
            assert!(!is_granted(&response));
        }
        idp.sign(Signature::Good);
        assert!(is_granted(&log_in(&gateway, &idp)));
        idp.without_id_token();
        let response = log_in(&gateway, &idp);
        assert_eq!(code_of(&response), "provider_failed");
    }
}

#[test]
fn a_provider_that_is_away_is_an_outage_and_no_wrong_account() {
    for (path, status, expected) in [
        ("/token", 500, "provider_unavailable"),
        ("/token", 503, "provider_unavailable"),
        ("/token", 429, "provider_unavailable"),
        ("/token", 302, "provider_failed"),
        ("/token", 404, "provider_failed"),
        ("/keys", 500, "provider_unavailable"),
        ("/keys", 302, "provider_failed"),
    ] {
        let idp = Idp::start();
        let gateway = gateway(&idp, "");
        idp.say(
            path,
            status,
            r#"{"error_description":"a secret of the provider"}"#,
        );
        let response = log_in(&gateway, &idp);
        assert_eq!(code_of(&response), expected, "{path} {status}");
        let retry = response.header("retry-after").is_some();
        assert_eq!(retry, response.status == 503);
        assert!(!is_granted(&response));
        assert!(!gateway.said().contains("a secret of the provider"));
        assert!(idp.asked("/elsewhere").is_empty(), "it sends nobody on");
    }
}

#[test]
fn an_answer_that_is_none_is_a_failure_of_the_provider() {
    let huge = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(70_000));
    for body in [
        "",
        "{",
        "[]",
        "<html>",
        huge.as_str(),
        r#"{"error":"invalid_client"}"#,
    ] {
        let idp = Idp::start();
        let gateway = gateway(&idp, "");
        idp.say("/token", 200, body);
        let response = log_in(&gateway, &idp);
        assert_eq!(
            (response.status, code_of(&response).as_str()),
            (502, "provider_failed")
        );
    }
}

#[test]
fn a_provider_that_says_nothing_is_not_waited_for_for_ever() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    idp.hush("/token");
    let response = log_in(&gateway, &idp);
    assert_eq!(code_of(&response), "provider_unavailable");
    assert_eq!(gateway.get("/public/page").status, 200);
}

#[test]
fn a_provider_that_answers_a_letter_at_a_time_is_not_waited_for_for_ever() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    idp.dribble("/token");
    let response = log_in(&gateway, &idp);
    assert_eq!(response.status, 503, "{}", response.text());
    assert!(!is_granted(&response));
}

#[test]
fn a_description_of_somebody_else_is_not_believed() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let path = "/.well-known/openid-configuration";
    let url = idp.server.url();
    let endpoints = |issuer: &str, keys: &str| {
        json!({
            "issuer": issuer, "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"), "jwks_uri": keys,
        })
        .to_string()
    };
    for (body, status) in [
        (
            endpoints("https://other.example", &format!("{url}/keys")),
            200,
        ),
        (endpoints(&format!("{url}/"), &format!("{url}/keys")), 200),
        (endpoints(&url, "file:///etc/passwd"), 200),
        (endpoints(&url, "not a URL"), 200),
        ("{}".to_owned(), 200),
        ("{}".to_owned(), 404),
    ] {
        idp.say(path, status, &body);
        let response = gateway.get("/idp/start");
        assert_eq!(code_of(&response), "provider_failed", "{body}");
    }
    idp.say(path, 500, "");
    assert_eq!(code_of(&gateway.get("/idp/start")), "provider_unavailable");
    idp.server.kill();
    assert_eq!(code_of(&gateway.get("/idp/start")), "provider_unavailable");
}

#[test]
fn an_address_makes_somebody_a_member_only_if_it_is_theirs() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    idp.is("somebody-new");
    let claims: [(bool, Lie); 9] = [
        (true, |it| told(it, "active@example.com", json!(true))),
        (true, |it| told(it, "active@example.com", json!("true"))),
        (true, |it| told(it, "Active@Example.com", json!(true))),
        (false, |it| told(it, "active@example.com", json!(false))),
        (false, |it| told(it, "active@example.com", json!("false"))),
        (false, |it| told(it, "active@example.com", json!(1))),
        (false, |it| told(it, "active@example.com", Value::Null)),
        (false, |it| told(it, "аctive@example.com", json!(true))),
        (false, |it| told(it, "banned@example.com", json!(true))),
    ];
    for (index, (granted, claim)) in claims.into_iter().enumerate() {
        idp.claim(claim);
        let response = log_in(&gateway, &idp);
        assert_eq!(
            is_granted(&response),
            granted,
            "case {index}: {:?}",
            response.headers
        );
    }
}

fn told(claims: &mut Value, address: &str, verified: Value) {
    claims["email"] = address.into();
    claims["email_verified"] = verified;
}

#[test]
fn an_address_is_not_enough_where_nobody_says_so() {
    let idp = Idp::start();
    let yaml = idp.yaml("").replace(", link_by_email: verified", "");
    let gateway = super::setup(&[("idp", &yaml)]).start();
    idp.is("somebody-new");
    idp.claim(|it| told(it, "active@example.com", json!(true)));
    assert!(!is_granted(&log_in(&gateway, &idp)));
}

#[test]
fn new_keys_of_a_provider_are_found() {
    let idp = Idp::start();
    let gateway = gateway(&idp, "");
    let keys = idp.asked("/keys").len();
    assert!(is_granted(&log_in(&gateway, &idp)));
    assert!(is_granted(&log_in(&gateway, &idp)));
    assert_eq!(idp.asked("/keys").len(), keys + 1, "they are kept");
    let browser = Browser::leaves(&gateway, "/idp/start");
    drop(browser);
    assert_eq!(idp.asked("/.well-known").len(), 1, "so is the description");
}
