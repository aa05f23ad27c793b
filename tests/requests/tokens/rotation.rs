//! Keys that follow each other.

use super::*;
use crate::harness::{
    keys::SigningKey,
    token::{self, claims, with_header},
    wait_until,
};
use serde_json::json;

/// A moment as the configuration writes it.
fn moment(seconds: u64) -> String {
    let seconds = std::time::Duration::from_secs(seconds);
    let moment = x509_cert::der::DateTime::from_unix_duration(seconds);
    moment.expect("a moment").to_string()
}

#[test]
fn a_key_that_retires_takes_its_proofs_along() {
    let upstream = Upstream::start();
    let ends = token::now() + 3;
    let tokens = format!(
        "
access:
  lifetime: 1h
  keys:
    - {{ algorithm: HS256, secret: \"the new secret of the tests 0123456789\", kid: new }}
    - {{ algorithm: HS256, secret: {ACCESS_SECRET}, kid: old, retires_at: {} }}",
        moment(ends)
    );
    let gateway = with_tokens(&upstream, &tokens).start();
    let header = |kid: &str| json!({"alg": "HS256", "kid": kid});
    let old = with_header(&header("old"), &claims("7"), ACCESS_SECRET);
    let new = "the new secret of the tests 0123456789";
    let new = with_header(&header("new"), &claims("7"), new);
    for path in ["/cold", "/warm"] {
        let (status, ..) = judged(&gateway, path, &old);
        assert!(status == 200 || token::now() >= ends);
    }
    accepted(&gateway, "/new", &new);
    let crossed = with_header(&header("new"), &claims("7"), ACCESS_SECRET);
    let wrong = "the token's signature is not by this key";
    refused(&gateway, "/crossed", &crossed, wrong);
    let unknown = with_header(&header("../../dev/null"), &claims("7"), ACCESS_SECRET);
    let reason = "the token's kid is none of its issuer's keys";
    refused(&gateway, "/unknown", &unknown, reason);
    wait_until("the key to retire", || token::now() >= ends);
    let retired = "the token is signed by a key that has been retired";
    refused(&gateway, "/after", &old, retired);
    refused(&gateway, "/after/again", &old, retired);
    accepted(&gateway, "/new/after", &new);
}

#[test]
fn a_login_is_signed_by_the_newest_active_key_and_the_old_ones_still_hold() {
    let upstream = Upstream::start();
    let (next, current) = (
        SigningKey::new("EdDSA", "next"),
        SigningKey::new("ES256", "now"),
    );
    let tokens = format!(
        "
access:
  lifetime: 1h
  claims: {{ sub: \"{{user.id}}\" }}
  keys:
    - {{ algorithm: EdDSA, private_key: \"file:next.pem\", kid: next, active_from: {} }}
    - {{ algorithm: ES256, private_key: \"file:now.pem\", kid: now }}
    - {{ algorithm: HS256, secret: {ACCESS_SECRET} }}
refresh: {{ algorithm: HS256, secret: \"${{REFRESH_TOKEN_SECRET_KEY}}\", lifetime: 60d, claims: {{ sub: \"{{user.id}}\" }} }}",
        moment(token::now() + 3600)
    );
    let gateway = Gateway::before(&upstream)
        .section("tokens", &tokens)
        .file("next.pem", &next.private_pem())
        .file("now.pem", &current.private_pem())
        .start();
    let mut command = gateway.setup().command(&["token", "mint", "--user", "7"]);
    let minted = command.output().expect("the binary").stdout;
    let minted = String::from_utf8(minted).expect("text");
    let minted = minted.trim();
    assert!(minted.starts_with("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im5vdyJ9."));
    accepted(&gateway, "/minted", minted);
    accepted(&gateway, "/current", &current.signed(&claims("7")));
    accepted(&gateway, "/legacy", &token::access("7"));
    let early = "the token is signed by a key that is not active yet";
    refused(&gateway, "/early", &next.signed(&claims("7")), early);
}

#[test]
fn a_token_that_names_neither_issuer_nor_key_is_tried_with_four() {
    let upstream = Upstream::start();
    let secret = |number: usize| format!("secret number {number} of the tests 0123456789");
    let keys: Vec<String> = (1..=5)
        .map(|number| {
            format!(
                "- {{ algorithm: HS256, secret: \"{}\", kid: k{number} }}",
                secret(number)
            )
        })
        .collect();
    let tokens = format!(
        "\naccess:\n  lifetime: 1h\n  keys:\n    {}",
        keys.join("\n    ")
    );
    let gateway = with_tokens(&upstream, &tokens).start();
    for number in 1..=5 {
        let token = with_header(&json!({"alg": "HS256"}), &claims("7"), &secret(number));
        let path = format!("/silent/{number}");
        if number <= 4 {
            accepted(&gateway, &path, &token);
        } else {
            let wrong = "the token's signature is not by this key";
            refused(&gateway, &path, &token, wrong);
        }
        let header = json!({"alg": "HS256", "kid": format!("k{number}")});
        let named = with_header(&header, &claims("7"), &secret(number));
        accepted(&gateway, &format!("/named/{number}"), &named);
    }
}
