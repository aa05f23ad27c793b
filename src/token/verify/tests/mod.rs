//! Tokens that hold and tokens that do not.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    secret::Secret,
    token::{
        claims::{ClaimError, Subject},
        key::Algorithm,
    },
};

const SECRET: &str = "an access secret of thirty-two bytes or more";
const NOW: UnixSeconds = UnixSeconds(1_000_000);

fn verifier() -> Verifier {
    let key = Key::new(Secret::new(SECRET.into()), Algorithm::Hs256);
    Verifier::new(&key, "sub", 8192)
}

fn part(json: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

/// A token whose header and payload are given as text, signed with HS256 under `secret`.
fn signed(header: &str, payload: &str, secret: &str) -> String {
    let message = format!("{}.{}", part(header), part(payload));
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
    format!("{message}.{}", signature.expect("a signature"))
}

fn token(payload: &str) -> String {
    signed(r#"{"alg":"HS256","typ":"JWT"}"#, payload, SECRET)
}

fn verdict(token: &str) -> Result<(), InvalidToken> {
    let verified = verifier().verify_at(token.as_bytes(), NOW);
    verified.map(drop).map_err(Unproven::without_waiting)
}

#[test]
fn a_header_with_bytes_that_are_no_text_is_refused_wherever_they_stand() {
    for member in [&b"\xd0http"[..], br"\ud800"] {
        let header = [br#"{"alg":"HS256","jku":""#, member, br#""}"#].concat();
        let message = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header),
            part(r#"{"exp":1000001,"sub":"42"}"#)
        );
        let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256);
        let token = format!("{message}.{}", signature.expect("a signature"));
        assert_eq!(verdict(&token), Err(InvalidToken::Header));
    }
}

#[test]
fn exactly_the_monoliths_claims_are_enough() {
    let verified = verifier()
        .verify_at(token(r#"{"exp":1000001,"sub":"42"}"#).as_bytes(), NOW)
        .expect("valid");
    assert_eq!(verified.subject, Subject::Text("42".to_owned()));
    assert_eq!(verified.expires, UnixSeconds(1_000_001));
    let number = verifier().verify_at(token(r#"{"exp":1000001,"sub":42}"#).as_bytes(), NOW);
    assert_eq!(number.expect("valid").subject, Subject::Integer(42));
}

#[test]
fn exp_is_honoured_to_the_second() {
    let verified = verifier().verify(
        verifier()
            .parse(token(r#"{"exp":1000001,"sub":"42"}"#).as_bytes())
            .expect("a shape"),
        NOW,
    );
    let verified = verified.expect("a proof");
    assert_eq!(verified.check_times(UnixSeconds(1_000_000)), Ok(()));
    assert_eq!(
        verified.check_times(UnixSeconds(1_000_001)),
        Err(InvalidToken::Expired)
    );
}

#[test]
fn claims_of_the_wrong_type_are_refused() {
    for (payload, error) in [
        (json!({"sub": "42"}), InvalidToken::NoExpiry),
        (
            json!({"exp": "1000001", "sub": "42"}),
            InvalidToken::Claim(ClaimError::WrongType("exp")),
        ),
        (
            json!({"exp": -5, "sub": "42"}),
            InvalidToken::Claim(ClaimError::WrongType("exp")),
        ),
        (
            json!({"exp": 1_000_001, "sub": "42", "nbf": "99999999999"}),
            InvalidToken::Claim(ClaimError::WrongType("nbf")),
        ),
        (
            json!({"exp": 1_000_001, "sub": "42", "iat": "1"}),
            InvalidToken::Claim(ClaimError::WrongType("iat")),
        ),
        (
            json!({"exp": 1_000_001, "sub": "42", "nbf": 1_000_006}),
            InvalidToken::NotYetValid,
        ),
        (
            json!({"exp": 1_000_001}),
            InvalidToken::Claim(ClaimError::NoSubject),
        ),
        (
            json!({"exp": 1_000_001, "sub": null}),
            InvalidToken::Claim(ClaimError::Subject),
        ),
        (
            json!({"exp": 1_000_001, "sub": 1.5}),
            InvalidToken::Claim(ClaimError::Subject),
        ),
        (
            json!({"exp": 1_000_001, "sub": ["42"]}),
            InvalidToken::Claim(ClaimError::Subject),
        ),
        (
            json!({"exp": 1_000_001, "sub": "42", "iat": 1_000_006}),
            InvalidToken::IssuedInFuture,
        ),
        (
            json!({"exp": 1_000_001, "sub": "42", "aud": "elsewhere"}),
            InvalidToken::Audience,
        ),
        (
            json!({"exp": 1_000_001, "sub": "42", "aud": {"not": "text"}}),
            InvalidToken::Audience,
        ),
        (
            json!({"exp": 1_000_001, "sub": "42", "aud": [1]}),
            InvalidToken::Audience,
        ),
    ] {
        assert_eq!(
            verdict(&token(&payload.to_string())),
            Err(error),
            "{payload}"
        );
    }
    let repeated = token(r#"{"exp":1000001,"sub":"1","sub":"2"}"#);
    assert_eq!(verdict(&repeated), Err(InvalidToken::Payload));
    assert_eq!(verdict(&token("[]")), Err(InvalidToken::Payload));
}

#[test]
fn the_header_selects_nothing() {
    let payload = r#"{"exp":1000001,"sub":"42"}"#;
    for (header, error) in [
        (r#"{"alg":"none"}"#, InvalidToken::Algorithm),
        (r#"{"alg":"nOnE"}"#, InvalidToken::Algorithm),
        (r#"{"alg":""}"#, InvalidToken::Algorithm),
        (r#"{"alg":"hs256"}"#, InvalidToken::Algorithm),
        (r#"{"alg":"HS512"}"#, InvalidToken::Algorithm),
        (r#"{"alg":"RS256"}"#, InvalidToken::Algorithm),
        (r#"{"typ":"JWT"}"#, InvalidToken::Header),
        (r#"{"alg":5}"#, InvalidToken::Header),
        (r#"{"alg":"HS256","alg":"none"}"#, InvalidToken::Header),
        ("[]", InvalidToken::Header),
        (
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
            InvalidToken::Critical,
        ),
        (r#"{"alg":"HS256","crit":null}"#, InvalidToken::Critical),
        (r#"{"alg":"HS256","crit":[]}"#, InvalidToken::Critical),
        (r#"{"alg":"HS256","b64":false}"#, InvalidToken::Critical),
        (r#"{"alg":"HS256","typ":"dpop+jwt"}"#, InvalidToken::Type),
        (r#"{"alg":"HS256","typ":5}"#, InvalidToken::Header),
        (r#"{"alg":"HS256","kid":5}"#, InvalidToken::Header),
        (
            r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
            InvalidToken::Header,
        ),
    ] {
        assert_eq!(
            verdict(&signed(header, payload, SECRET)),
            Err(error),
            "{header}"
        );
    }
    let with_key = r#"{"alg":"HS256","kid":"../../dev/null","jku":"http://127.0.0.1:1/","jwk":{"kty":"oct","k":"AA"}}"#;
    assert_eq!(verdict(&signed(with_key, payload, SECRET)), Ok(()));
    assert_eq!(
        verdict(&signed(with_key, payload, "")),
        Err(InvalidToken::Signature)
    );
}

#[test]
fn another_secret_or_a_changed_token_is_refused() {
    let good = token(r#"{"exp":1000001,"sub":"42"}"#);
    assert_eq!(verdict(&good), Ok(()));
    let other = signed(
        r#"{"alg":"HS256"}"#,
        r#"{"exp":1000001,"sub":"42"}"#,
        "the refresh secret, which is another one!!",
    );
    assert_eq!(verdict(&other), Err(InvalidToken::Signature));
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let changed = format!("{}.{signature}", message.replace('.', "A."));
    assert!(verdict(&changed).is_err());
    assert_eq!(
        verdict(&format!("{message}.AAAA")),
        Err(InvalidToken::Signature)
    );
    assert_eq!(
        verdict(&format!("{message}.")),
        Err(InvalidToken::Shape(ShapeError::NotCompact))
    );
    assert_eq!(
        verdict(&format!("{good}.x")),
        Err(InvalidToken::Shape(ShapeError::NotCompact))
    );
    let huge = format!("{good}{}", "A".repeat(9000));
    assert_eq!(
        verdict(&huge),
        Err(InvalidToken::Shape(ShapeError::TooLong))
    );
}

proptest! {
    #[test]
    fn no_claims_come_out_of_a_token_that_the_key_has_not_signed(
        subject in "[0-9a-z]{1,8}",
        role in "[a-z]{0,8}",
        secret in prop::collection::vec(any::<u8>(), 0..80),
        changed in any::<prop::sample::Index>(),
        letter in prop::sample::select(b"ABCDEFGHwxyz0123-_".to_vec()),
    ) {
        let claims = json!({ "exp": NOW.0 + 60, "sub": subject, "role": role }).to_string();
        let good = token(&claims);
        prop_assert_eq!(verdict(&good), Ok(()));
        if secret != SECRET.as_bytes() {
            let message = good.rsplit_once('.').map_or("", |(message, _)| message);
            let key = jsonwebtoken::EncodingKey::from_secret(&secret);
            let library = jsonwebtoken::Algorithm::HS256;
            let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, library);
            let forged = format!("{message}.{}", signature.expect("a signature"));
            prop_assert_eq!(verdict(&forged), Err(InvalidToken::Signature));
        }
        let mut bytes = good.clone().into_bytes();
        let at = changed.index(bytes.len());
        if bytes[at] != letter && bytes[at] != b'.' {
            bytes[at] = letter;
            let other = String::from_utf8(bytes).expect("a text");
            prop_assert!(verdict(&other).is_err(), "byte {}", at);
        }
    }
}

mod issuers;
