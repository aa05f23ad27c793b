//! Each algorithm at the front door, and what passes for another.

use serde_json::{Value, json};

use super::*;
use crate::harness::{
    keys::SigningKey,
    token::{self, claims, with_header},
};

const ASYMMETRIC: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

#[test]
fn a_token_of_each_algorithm_holds_under_its_public_key() {
    let upstream = Upstream::start();
    for algorithm in ASYMMETRIC {
        let key = SigningKey::new(algorithm, "a");
        let tokens = format!(
            "access: {{ algorithm: {algorithm}, public_key: \"file:key.pem\", lifetime: 1h }}"
        );
        let tokens = format!("\n{tokens}");
        let gateway = with_tokens(&upstream, &tokens).file("key.pem", &key.public_pem());
        let gateway = gateway.start();
        let token = key.signed(&claims("7"));
        accepted(&gateway, "/cold", &token);
        accepted(&gateway, "/warm", &token);
        let other = SigningKey::new(algorithm, "a").signed(&claims("7"));
        let wrong = "the token's signature is not by this key";
        refused(&gateway, "/other", &other, wrong);
        refused(&gateway, "/again", &other, wrong);
        // Whoever has the public key tries it as a secret.
        for (index, pem) in [key.public_pem(), key.public_pem().trim().to_owned()]
            .iter()
            .enumerate()
        {
            let header = json!({"alg": "HS256", "kid": "a"});
            let forged = with_header(&header, &claims("1"), pem);
            let path = format!("/forged/{index}");
            refused(
                &gateway,
                &path,
                &forged,
                "the token's algorithm is not the key's",
            );
        }
        let header = |alg: &str| json!({"alg": alg, "kid": "a"});
        for alg in ASYMMETRIC
            .iter()
            .chain(&["none", "None", "NONE", "", "HS256"])
        {
            if *alg != algorithm {
                let forged = key.with_header(&header(alg), &claims("1"));
                let path = format!("/as/{alg}");
                refused(
                    &gateway,
                    &path,
                    &forged,
                    "the token's algorithm is not the key's",
                );
            }
        }
    }
}

#[test]
fn the_longer_hashes_of_hmac_hold_under_their_secret() {
    let upstream = Upstream::start();
    let secret = "0123456789abcdef".repeat(4);
    for (algorithm, tag) in [
        ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
        ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
    ] {
        let tokens =
            format!("\naccess: {{ algorithm: {algorithm}, secret: \"{secret}\", lifetime: 1h }}");
        let gateway = with_tokens(&upstream, &tokens).start();
        let token = token::with_tag(&json!({"alg": algorithm}), &claims("7"), &secret, tag);
        accepted(&gateway, "/a", &token);
        let short = with_header(&json!({"alg": algorithm}), &claims("7"), &secret);
        let wrong = "the token's signature is not by this key";
        refused(&gateway, "/short", &short, wrong);
    }
}

#[test]
fn a_key_that_a_token_brings_along_is_not_looked_at() {
    let trap = Upstream::start();
    let upstream = Upstream::start();
    let (own, evil) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "a"));
    let tokens = "\naccess: { algorithm: ES256, public_key: \"file:key.pem\", lifetime: 1h }";
    let gateway = with_tokens(&upstream, tokens).file("key.pem", &own.public_pem());
    let gateway = gateway.start();
    let url = trap.url();
    let members: [(&str, Value); 5] = [
        ("jwk", evil.jwk()),
        ("jku", url.as_str().into()),
        ("x5u", url.as_str().into()),
        ("x5c", json!(["AAAA"])),
        ("kid", url.as_str().into()),
    ];
    for (name, value) in members {
        let mut header = json!({"alg": "ES256"});
        header[name] = value;
        let wrong = "the token's signature is not by this key";
        let forged = evil.with_header(&header, &claims("1"));
        refused(&gateway, &format!("/evil/{name}"), &forged, wrong);
        let good = own.with_header(&header, &claims("1"));
        accepted(&gateway, &format!("/own/{name}"), &good);
    }
    assert_eq!(trap.connections(), 0);
}

#[test]
fn a_header_that_asks_for_more_than_is_understood_is_refused() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let tokens = "\naccess: { algorithm: ES256, public_key: \"file:key.pem\", lifetime: 1h }";
    let gateway = with_tokens(&upstream, tokens).file("key.pem", &key.public_pem());
    let gateway = gateway.start();
    let critical = "the token has a critical extension";
    let typ = "the token's typ is none that its issuer's tokens have";
    let unreadable = "the token's header cannot be read";
    let cases = [
        ("crit", json!(["exp"]), critical),
        ("crit", json!([]), critical),
        ("crit", Value::Null, critical),
        ("crit", json!(["b64"]), critical),
        ("b64", json!(false), critical),
        ("typ", json!("logout+jwt"), typ),
        ("typ", json!("dpop+jwt"), typ),
        ("typ", json!(5), unreadable),
        ("kid", json!(["a"]), unreadable),
    ];
    for (index, (name, value, reason)) in cases.into_iter().enumerate() {
        let mut header = json!({"alg": "ES256"});
        header[name] = value;
        let token = key.with_header(&header, &claims("7"));
        refused(&gateway, &format!("/{index}"), &token, reason);
    }
    for (index, typ) in ["jwt", "at+JWT", "application/at+jwt"].iter().enumerate() {
        let token = key.with_header(&json!({"alg": "ES256", "typ": typ}), &claims("7"));
        accepted(&gateway, &format!("/typ/{index}"), &token);
    }
}
