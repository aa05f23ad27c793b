//! Tokens that verifiers elsewhere have taken for good ones.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;
use crate::harness::{
    keys::{self, SigningKey},
    token::{self, claims, from_text, with_header},
};

const ALGORITHM: &str = "the token's algorithm is not the key's";
const SHAPE: &str = "the token is not three base64url parts";
const SIGNATURE: &str = "the token's signature is not by this key";
const HEADER: &str = "the token's header cannot be read";
const PAYLOAD: &str = "the token's claims cannot be read";
const KID: &str = "the token's kid is none of its issuer's keys";

fn encoded(part: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part)
}

/// A gateway that knows one secret.
fn with_a_secret(upstream: &Upstream) -> Gateway {
    let tokens =
        format!("{{ access: {{ algorithm: HS256, secret: {ACCESS_SECRET}, lifetime: 30d }} }}");
    with_tokens(upstream, &tokens).start()
}

/// A gateway that knows the public half of this key.
fn with_public_key(upstream: &Upstream, key: &SigningKey) -> Gateway {
    let algorithm = key.algorithm;
    let tokens = format!(
        "{{ access: {{ algorithm: {algorithm}, public_key: \"file:key.pem\", lifetime: 1h }} }}"
    );
    with_tokens(upstream, &tokens)
        .file("key.pem", &key.public_pem())
        .start()
}

/// Each is refused for its reason, and none reaches the upstream.
#[track_caller]
fn all_refused(gateway: &Gateway, upstream: &Upstream, cases: &[(&str, String, &str)]) {
    for (index, (name, token, reason)) in cases.iter().enumerate() {
        let judged = judged(gateway, &format!("/{index}"), token);
        let judged = (judged.0, judged.1.as_str(), judged.2.as_str());
        assert_eq!(judged, (401, "invalid_token", *reason), "{name}");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_token_that_says_it_needs_no_signature_is_refused_however_it_says_so() {
    let upstream = Upstream::start();
    let gateway = with_a_secret(&upstream);
    let payload = encoded(claims("7").to_string());
    let good = token::access("7");
    let signature = good.rsplit_once('.').expect("a token").1.to_owned();
    let mut cases = Vec::new();
    for alg in [
        "none", "None", "NONE", "nOnE", "none ", "", "null", "HS0", "XS256",
    ] {
        let header = encoded(json!({"alg": alg}).to_string());
        cases.push((alg, format!("{header}.{payload}.{signature}"), ALGORITHM));
        cases.push((alg, format!("{header}.{payload}."), SHAPE));
        cases.push((alg, format!("{header}.{payload}"), SHAPE));
        let signed = with_header(&json!({"alg": alg}), &claims("7"), ACCESS_SECRET);
        cases.push((alg, signed, ALGORITHM));
    }
    for header in [
        json!({}),
        json!({"alg": null}),
        json!({"alg": false}),
        json!({"alg": []}),
    ] {
        let signed = with_header(&header, &claims("7"), ACCESS_SECRET);
        cases.push(("no algorithm", signed, HEADER));
    }
    for header in [
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
    ] {
        let signed = from_text(header, &claims("7").to_string(), ACCESS_SECRET);
        cases.push(("two algorithms", signed, HEADER));
    }
    all_refused(&gateway, &upstream, &cases);
}

#[test]
fn a_public_key_is_no_secret_in_any_of_its_forms() {
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let upstream = Upstream::start();
        let key = SigningKey::new(algorithm, "a");
        let gateway = with_public_key(&upstream, &key);
        let pem = key.public_pem();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let forms = [
            pem.clone(),
            format!(" {pem}"),
            format!("\n{pem}"),
            format!("\u{feff}{pem}"),
            pem.trim_end().to_owned(),
            pem.replace('\n', "\r\n"),
            body,
            key.jwk().to_string(),
            String::new(),
        ];
        let mut cases = Vec::new();
        for form in &forms {
            for (alg, tag) in [
                ("HS256", hmac::HMAC_SHA256),
                ("HS384", hmac::HMAC_SHA384),
                ("HS512", hmac::HMAC_SHA512),
            ] {
                let forged = token::with_tag(&json!({"alg": alg}), &claims("7"), form, tag);
                cases.push((alg, forged, ALGORITHM));
            }
            let own = json!({"alg": algorithm});
            let forged = with_header(&own, &claims("7"), form);
            cases.push((algorithm, forged, SIGNATURE));
        }
        all_refused(&gateway, &upstream, &cases);
    }
}

#[test]
fn a_signature_of_zeros_or_of_the_order_of_the_curve_is_none() {
    let order = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    for (algorithm, sizes) in [
        ("ES256", &[64, 63, 65, 1][..]),
        ("ES384", &[96, 64]),
        ("EdDSA", &[64, 32]),
        ("RS256", &[256, 255]),
        ("PS256", &[256]),
    ] {
        let upstream = Upstream::start();
        let gateway = with_public_key(&upstream, &SigningKey::new(algorithm, "a"));
        let header = encoded(json!({"alg": algorithm}).to_string());
        let message = format!("{header}.{}", encoded(claims("7").to_string()));
        let with = |signature: &[u8]| format!("{message}.{}", encoded(signature));
        let mut cases = Vec::new();
        for &size in sizes {
            cases.push(("zeros", with(&vec![0; size]), SIGNATURE));
            cases.push(("ones", with(&vec![0xff; size]), SIGNATURE));
        }
        cases.push((
            "the order, twice",
            with(&[order, order].concat()),
            SIGNATURE,
        ));
        cases.push((
            "the order and 1",
            with(
                &[order, {
                    let mut one = [0; 32];
                    one[31] = 1;
                    one
                }]
                .concat(),
            ),
            SIGNATURE,
        ));
        // 0 and 0 as DER writes them, which a verifier might take instead of the fixed form.
        cases.push((
            "zeros in DER",
            with(&[0x30, 6, 2, 1, 0, 2, 1, 0]),
            SIGNATURE,
        ));
        all_refused(&gateway, &upstream, &cases);
    }
}

#[test]
fn a_signature_of_another_form_is_none() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let gateway = with_public_key(&upstream, &key);
    let good = key.signed(&claims("7"));
    let (message, signature) = good.rsplit_once('.').expect("a token");
    let fixed = BASE64_URL_SAFE_NO_PAD.decode(signature).expect("base64");
    let integer = |half: &[u8]| [&[2, 33, 0][..], half].concat();
    let (r, s) = fixed.split_at(32);
    let numbers = [integer(r), integer(s)].concat();
    let der = [&[0x30, 70][..], &numbers].concat();
    let cases = [
        ("DER", format!("{message}.{}", encoded(der)), SIGNATURE),
        (
            "its halves in the other order",
            format!("{message}.{}", encoded([s, r].concat())),
            SIGNATURE,
        ),
        (
            "twice",
            format!("{message}.{}", encoded([&*fixed, &*fixed].concat())),
            SIGNATURE,
        ),
        ("half of it", format!("{message}.{}", encoded(r)), SIGNATURE),
        ("none", format!("{message}.AA"), SIGNATURE),
    ];
    all_refused(&gateway, &upstream, &cases);
    accepted(&gateway, "/good", &good);
}

#[test]
fn what_is_encrypted_nested_or_packed_is_no_token() {
    let upstream = Upstream::start();
    let gateway = with_a_secret(&upstream);
    let inner = with_header(&json!({"alg": "none"}), &claims("7"), "x");
    let inner = inner.rsplit_once('.').expect("a token").0.to_owned() + ".";
    let jwe = |header: &Value| {
        let header = encoded(header.to_string());
        let inner = encoded(&inner);
        format!(
            "{header}.{}.{}.{inner}.{}",
            encoded("key"),
            encoded("iv"),
            encoded("tag")
        )
    };
    let plain = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"});
    let direct = json!({"alg": "dir", "enc": "A128CBC-HS256", "zip": "DEF"});
    let bomb =
        json!({"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2_147_483_647, "p2s": "AA"});
    let of_secret = |header: &Value| with_header(header, &claims("7"), ACCESS_SECRET);
    let cases = [
        ("a token without a signature inside", jwe(&plain), SHAPE),
        ("a packed one", jwe(&direct), SHAPE),
        ("a password's billion hashes", jwe(&bomb), SHAPE),
        ("the same in three parts", of_secret(&bomb), ALGORITHM),
        (
            "a token in a token",
            from_text(
                r#"{"alg":"HS256","cty":"JWT"}"#,
                &token::access("7"),
                ACCESS_SECRET,
            ),
            PAYLOAD,
        ),
        (
            // `{}` by the method of RFC 1951.
            "packed claims",
            {
                let header = encoded(r#"{"alg":"HS256","zip":"DEF"}"#);
                let message = format!("{header}.{}", encoded([0xab, 0xae, 0x05, 0x00]));
                let key = hmac::Key::new(hmac::HMAC_SHA256, ACCESS_SECRET.as_bytes());
                let tag = hmac::sign(&key, message.as_bytes());
                format!("{message}.{}", encoded(tag))
            },
            PAYLOAD,
        ),
    ];
    all_refused(&gateway, &upstream, &cases);
}

#[test]
fn a_token_in_json_around_a_good_one_is_refused() {
    let upstream = Upstream::start();
    let gateway = with_a_secret(&upstream);
    let good = token::access("7");
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let other = encoded(claims("1").to_string());
    let cases = [
        (
            "flattened",
            json!({"protected": header, "payload": payload, "signature": signature}).to_string(),
        ),
        (
            "general",
            json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})
                .to_string(),
        ),
        (
            "both at once",
            format!(
                r#"{{"  {header}.{other}.":"","protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#
            ),
        ),
        ("a JSON text", format!("\"{good}\"")),
        ("claims of another between", format!("{header}.{other}.{payload}.{signature}")),
        ("a part too many", format!("{good}.{other}")),
        ("a part before", format!("{other}.{good}")),
        ("standard base64", good.replace(['-', '_'], "+") + "+"),
        ("a mark at the beginning", format!("\u{feff}{good}")),
    ];
    let cases = cases.map(|(name, token)| (name, token, SHAPE));
    all_refused(&gateway, &upstream, &cases);
}

#[test]
fn a_token_of_nothing_but_dots_or_of_any_size_costs_nothing() {
    let upstream = Upstream::start();
    let gateway = with_a_secret(&upstream);
    let long = "the token is longer than the limit";
    let deep = format!(
        r#"{{"alg":"HS256","x":{}{}}}"#,
        "[".repeat(2_000),
        "]".repeat(2_000)
    );
    let nested = format!(
        r#"{{"exp":{},"sub":"7","x":{}{}}}"#,
        token::now() + 60,
        "[".repeat(2_000),
        "]".repeat(2_000)
    );
    let cases = [
        ("dots", ".".repeat(8_000), SHAPE),
        ("dots with letters", "a.".repeat(4_000) + "a", SHAPE),
        ("more dots", ".".repeat(9_000), long),
        ("one long part", "a".repeat(9_000), long),
        (
            "a deep header",
            from_text(&deep, "{}", ACCESS_SECRET),
            HEADER,
        ),
        (
            "deep claims",
            from_text(r#"{"alg":"HS256"}"#, &nested, ACCESS_SECRET),
            PAYLOAD,
        ),
    ];
    all_refused(&gateway, &upstream, &cases);
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn a_name_of_a_key_is_neither_a_path_nor_a_question_nor_an_empty_key() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let issuers = format!(
        "- {{ issuer: {IDP}, audience: [sidegate], keys: [{{ algorithm: ES256, public_key: \"file:key.pem\", kid: a }}, {{ algorithm: HS256, secret: 0123456789abcdef0123456789abcdef, kid: b }}] }}"
    );
    let gateway = with_issuers(&upstream, &issuers)
        .file("key.pem", &key.public_pem())
        .start();
    let names = [
        "../../../../dev/null",
        "/dev/null",
        "file:key.pem",
        "key.pem",
        "a' OR '1'='1",
        "a; DROP TABLE user",
        "a\0",
        "A",
        "*",
        "",
    ];
    for (index, name) in names.into_iter().enumerate() {
        let claims = keys::claims(IDP, "7");
        let header = |alg: &str| json!({"alg": alg, "kid": name});
        let asymmetric = key.with_header(&header("ES256"), &claims);
        refused(&gateway, &format!("/a/{index}"), &asymmetric, KID);
        // What an absent key or file might be worth.
        for (number, secret) in ["", "\0", "null"].into_iter().enumerate() {
            let forged = with_header(&header("HS256"), &claims, secret);
            refused(&gateway, &format!("/b/{index}/{number}"), &forged, KID);
        }
    }
    // The name of another key does not lend its algorithm or its secret.
    let public = key.public_pem();
    let borrowed = with_header(
        &json!({"alg": "HS256", "kid": "a"}),
        &keys::claims(IDP, "7"),
        &public,
    );
    refused(&gateway, "/borrowed", &borrowed, ALGORITHM);
    let swapped = key.with_header(
        &json!({"alg": "ES256", "kid": "b"}),
        &keys::claims(IDP, "7"),
    );
    refused(&gateway, "/swapped", &swapped, ALGORITHM);
    assert!(upstream.seen().is_empty());
}

#[test]
fn times_of_another_type_are_not_taken_for_absent() {
    let upstream = Upstream::start();
    let gateway = with_a_secret(&upstream);
    let now = token::now();
    let mut cases = Vec::new();
    for (claim, reason) in [
        ("nbf", "the claim nbf is not a time"),
        ("exp", "the claim exp is not a time"),
        ("iat", "the claim iat is not a time"),
    ] {
        let values = [
            json!("99999999999"),
            json!((now - 60).to_string()),
            json!(""),
            Value::Null,
            json!(true),
            json!([now - 60]),
            json!({"seconds": now - 60}),
            json!(-1),
            json!(1e300),
        ];
        for value in values {
            let mut claims = claims("7");
            claims[claim] = value;
            cases.push((claim, token::signed(&claims), reason));
        }
    }
    for (claim, reason) in [
        ("nbf", "the token is not valid yet"),
        ("iat", "the token says that it was issued in the future"),
    ] {
        for ahead in [6, 60, 3_600] {
            let mut claims = claims("7");
            claims[claim] = json!(now + ahead + 5);
            cases.push((claim, token::signed(&claims), reason));
        }
    }
    all_refused(&gateway, &upstream, &cases);
}

#[test]
fn nothing_of_a_clock_is_forgiven_an_expired_token() {
    let upstream = Upstream::start();
    let gateway = with_a_secret(&upstream);
    // The library's own leeway is a minute.
    for (index, ago) in [0, 1, 30, 59].into_iter().enumerate() {
        let mut claims = claims("7");
        claims["exp"] = json!(token::now() - ago);
        let path = format!("/{index}");
        let judged = judged(&gateway, &path, &token::signed(&claims));
        assert_eq!(
            (judged.0, judged.1.as_str()),
            (401, "expired_token"),
            "{ago}"
        );
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn text_that_is_not_utf_8_is_refused_in_header_and_claims() {
    let upstream = Upstream::start();
    let gateway = with_a_secret(&upstream);
    let soon = token::now() + 60;
    let signed = |header: &[u8], claims: &[u8]| {
        let message = format!("{}.{}", encoded(header), encoded(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, ACCESS_SECRET.as_bytes());
        let tag = hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", encoded(tag))
    };
    let header = br#"{"alg":"HS256"}"#;
    let claims = format!(r#"{{"exp":{soon},"sub":"7"}}"#);
    let with = |bytes: &[u8]| {
        let start = format!(r#"{{"exp":{soon},"sub":"7","name":""#);
        [start.as_bytes(), bytes, b"\"}"].concat()
    };
    let utf_16: Vec<u8> = claims.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let cases = [
        (
            "Latin-1 in a claim",
            signed(header, &with(b"\xe9")),
            PAYLOAD,
        ),
        ("half a pair", signed(header, &with(br"\ud800")), PAYLOAD),
        (
            "a long form of a slash",
            signed(header, &with(b"\xc0\xaf")),
            PAYLOAD,
        ),
        ("UTF-16", signed(header, &utf_16), PAYLOAD),
        (
            "a mark at the beginning",
            signed(header, format!("\u{feff}{claims}").as_bytes()),
            PAYLOAD,
        ),
        (
            "Latin-1 in the header",
            signed(b"{\"alg\":\"HS256\",\"x\":\"\xe9\"}", claims.as_bytes()),
            HEADER,
        ),
    ];
    all_refused(&gateway, &upstream, &cases);
}
