//! Several issuers, several keys, and what each expects.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::*;
use crate::token::{
    issuer::{Audience, Leeway},
    keyring::PublishedKeys,
    specimens::{signed, signing},
};

const IDP: &str = "https://idp.test";

fn listed(algorithm: Algorithm, kid: Option<&str>) -> ListedKey {
    ListedKey::lasting(signing(algorithm), kid.map(Box::from))
}

/// A secret of this number.
fn secret(number: u8) -> Key {
    Key::new(Secret::new(vec![number; 32]), Algorithm::Hs256)
}

fn header(key: &Key, kid: Option<&str>) -> Value {
    let mut header = json!({"alg": key.algorithm().name(), "typ": "JWT"});
    if let Some(kid) = kid {
        header["kid"] = kid.into();
    }
    header
}

fn claims(more: &[(&str, Value)]) -> Value {
    let mut claims = json!({"exp": NOW.0 + 60, "sub": "42"});
    for (name, value) in more {
        claims[*name] = value.clone();
    }
    claims
}

fn judged(issuers: Vec<Issuer>, token: &str) -> Result<IssuerId, Unproven> {
    let verifier = Verifier::with_issuers(issuers, 8192);
    let proof = verifier.verify_at(token.as_bytes(), NOW);
    proof.map(|proof| proof.issuer)
}

fn invalid(reason: InvalidToken) -> Result<IssuerId, Unproven> {
    Err(Unproven::Invalid(reason))
}

fn named(name: &str, keys: Vec<ListedKey>) -> Issuer {
    let mut checks = Checks::usual("sub");
    checks.name = Some(name.into());
    Issuer::new(checks, keys, None)
}

fn two() -> Vec<Issuer> {
    let own = ListedKey::lasting(secret(1), None);
    vec![
        Issuer::new(Checks::usual("sub"), vec![own], None),
        named(IDP, vec![listed(Algorithm::Es256, Some("a"))]),
    ]
}

#[test]
fn an_issuers_keys_prove_its_own_tokens_and_nobody_elses() {
    let (own, other) = (secret(1), signing(Algorithm::Es256));
    let token = |key: &Key, iss: Option<Value>| {
        let iss: Vec<(&str, Value)> = iss.into_iter().map(|iss| ("iss", iss)).collect();
        signed(&header(key, Some("a")), &claims(&iss), key)
    };
    let cases = [
        (token(&own, None), Ok(IssuerId(0))),
        (token(&own, Some(Value::Null)), Ok(IssuerId(0))),
        (token(&other, Some(IDP.into())), Ok(IssuerId(1))),
        (token(&other, None), invalid(InvalidToken::Algorithm)),
        (
            token(&own, Some(IDP.into())),
            invalid(InvalidToken::Algorithm),
        ),
        (
            token(&other, Some("https://other.test".into())),
            invalid(InvalidToken::UnknownIssuer),
        ),
        (
            token(&own, Some("https://idp.test/".into())),
            invalid(InvalidToken::UnknownIssuer),
        ),
        (
            token(&other, Some("https://idp".into())),
            invalid(InvalidToken::UnknownIssuer),
        ),
        (
            token(&other, Some("HTTPS://idp.test".into())),
            invalid(InvalidToken::UnknownIssuer),
        ),
        (
            token(&own, Some("".into())),
            invalid(InvalidToken::UnknownIssuer),
        ),
        (
            token(&other, Some(json!([IDP]))),
            invalid(InvalidToken::UnreadIssuer),
        ),
    ];
    for (number, (token, expected)) in cases.into_iter().enumerate() {
        assert_eq!(judged(two(), &token), expected, "{number}");
    }
}

#[test]
fn a_key_is_looked_up_by_its_name_and_by_nothing_else() {
    let keys = || {
        let key = |number, kid: &str| ListedKey::lasting(secret(number), Some(kid.into()));
        vec![Issuer::new(
            Checks::usual("sub"),
            vec![key(1, "new"), key(2, "old")],
            None,
        )]
    };
    let token = |number, kid: Option<&str>| {
        let key = secret(number);
        signed(&header(&key, kid), &claims(&[]), &key)
    };
    assert_eq!(judged(keys(), &token(1, Some("new"))), Ok(IssuerId(0)));
    assert_eq!(judged(keys(), &token(2, Some("old"))), Ok(IssuerId(0)));
    assert_eq!(judged(keys(), &token(2, None)), Ok(IssuerId(0)));
    let wrong = judged(keys(), &token(1, Some("old")));
    assert_eq!(wrong, invalid(InvalidToken::Signature));
    for kid in ["", "NEW", "../../dev/null", "new' OR '1'='1", "new\0"] {
        let unknown = judged(keys(), &token(1, Some(kid)));
        assert_eq!(unknown, invalid(InvalidToken::UnknownKey), "{kid}");
    }
}

#[test]
fn a_token_that_names_no_key_is_tried_with_four() {
    let issuer = || {
        let keys = (1..=5).map(|number| ListedKey::lasting(secret(number), None));
        vec![Issuer::new(Checks::usual("sub"), keys.collect(), None)]
    };
    for number in 1..=5 {
        let key = secret(number);
        let token = signed(&header(&key, None), &claims(&[]), &key);
        let expected = if number <= 4 {
            Ok(IssuerId(0))
        } else {
            invalid(InvalidToken::Signature)
        };
        assert_eq!(judged(issuer(), &token), expected, "{number}");
    }
}

#[test]
fn a_key_has_its_time() {
    let key = secret(1);
    let issuer = |from: Option<u64>, end: Option<u64>| {
        let key = ListedKey {
            active_from: from.map(UnixSeconds),
            retires_at: end.map(UnixSeconds),
            ..ListedKey::lasting(secret(1), None)
        };
        vec![Issuer::new(Checks::usual("sub"), vec![key], None)]
    };
    let token = signed(&header(&key, None), &claims(&[]), &key);
    let good = Ok(IssuerId(0));
    assert_eq!(judged(issuer(Some(NOW.0), None), &token), good);
    assert_eq!(judged(issuer(Some(NOW.0 + 60), None), &token), good);
    assert_eq!(
        judged(issuer(Some(NOW.0 + 61), None), &token),
        invalid(InvalidToken::KeyNotYet)
    );
    assert_eq!(judged(issuer(None, Some(NOW.0 + 1)), &token), good);
    assert_eq!(
        judged(issuer(None, Some(NOW.0)), &token),
        invalid(InvalidToken::KeyRetired)
    );
    // A proof ends with its key.
    let verifier = Verifier::with_issuers(issuer(None, Some(NOW.0 + 5)), 8192);
    let proof = verifier.verify_at(token.as_bytes(), NOW).expect("a proof");
    assert!(proof.holds_at(NOW.plus(Duration::from_secs(4))));
    let later = NOW.plus(Duration::from_secs(5));
    assert!(!proof.holds_at(later));
    assert_eq!(proof.check_times(later), Err(InvalidToken::KeyRetired));
}

#[test]
fn a_published_key_that_is_gone_ends_its_proofs() {
    let published = Arc::new(PublishedKeys::default());
    let issuers = |published: &Arc<PublishedKeys>| {
        let mut checks = Checks::usual("sub");
        checks.name = Some(IDP.into());
        let idp = Issuer::new(checks, Vec::new(), Some(Arc::clone(published)));
        let mut issuers = two();
        issuers[1] = idp;
        issuers
    };
    let verifier = Verifier::with_issuers(issuers(&published), 8192);
    let key = signing(Algorithm::Es256);
    let iss = [("iss", Value::from(IDP))];
    let token = signed(&header(&key, Some("a")), &claims(&iss), &key);
    let verify = || verifier.verify_at(token.as_bytes(), NOW);
    let needed = Err(Unproven::KeysNeeded(IssuerId(1)));
    assert_eq!(verify().map(drop), needed);
    published.replace(vec![listed(Algorithm::Es256, Some("a"))]);
    let generation = verifier.generation();
    let proof = verify().expect("a proof");
    published.replace(vec![
        listed(Algorithm::EdDsa, Some("b")),
        listed(Algorithm::Es256, Some("a")),
    ]);
    assert!(proof.holds_at(NOW), "a key that stays keeps its proofs");
    assert_ne!(verifier.generation(), generation);
    let generation = verifier.generation();
    published.replace(vec![listed(Algorithm::EdDsa, Some("b"))]);
    assert!(!proof.holds_at(NOW));
    assert_eq!(verify().map(drop), needed);
    assert_ne!(verifier.generation(), generation);
    published.replace(vec![listed(Algorithm::EdDsa, Some("a"))]);
    let other = verify().map(drop);
    assert_eq!(other, Err(InvalidToken::Algorithm.into()));
}

/// One issuer that is strict, and the tokens that it refuses.
#[test]
fn each_check_of_an_issuer_refuses() {
    let key = secret(1);
    let strict = || {
        let checks = Checks {
            name: Some(IDP.into()),
            audience: Audience::OneOf(vec!["api".into(), "app".into()]),
            types: vec!["at+jwt".into()],
            required: vec!["email".into()],
            expected: Vec::new(),
            leeway: Leeway {
                exp: Duration::from_secs(30),
                nbf: Duration::from_secs(20),
                iat: Duration::from_secs(10),
            },
            subject: "uid".into(),
        };
        let key = ListedKey::lasting(secret(1), None);
        vec![two().remove(0), Issuer::new(checks, vec![key], None)]
    };
    let judge = |typ: Option<&str>, change: &[(&str, Value)]| {
        let mut header = json!({"alg": "HS256"});
        if let Some(typ) = typ {
            header["typ"] = typ.into();
        }
        let mut all = vec![
            ("iss", IDP.into()),
            ("aud", "api".into()),
            ("email", "a@b.test".into()),
            ("uid", 7.into()),
        ];
        all.extend(change.iter().cloned());
        judged(strict(), &signed(&header, &claims(&all), &key))
    };
    let aud = |aud: Value| judge(None, &[("aud", aud)]);
    let good = Ok(IssuerId(1));
    for typ in [
        None,
        Some("at+jwt"),
        Some("AT+JWT"),
        Some("application/at+jwt"),
    ] {
        assert_eq!(judge(typ, &[]), good, "{typ:?}");
    }
    for typ in ["JWT", "", "application/", "application/x/at+jwt", "at+jwt "] {
        assert_eq!(judge(Some(typ), &[]), invalid(InvalidToken::Type), "{typ}");
    }
    assert_eq!(aud(json!("app")), good);
    assert_eq!(aud(json!(["other", "app"])), good);
    for wrong in [
        json!("other"),
        json!("ap"),
        json!("API"),
        json!("api app"),
        json!([]),
        json!(["other"]),
        json!(["api", 5]),
        json!({"api": true}),
        json!(true),
        Value::Null,
    ] {
        assert_eq!(
            aud(wrong.clone()),
            invalid(InvalidToken::Audience),
            "{wrong}"
        );
    }
    let missing = invalid(InvalidToken::MissingClaim("email".into()));
    assert_eq!(judge(None, &[("email", Value::Null)]), missing);
    let no_subject = judge(None, &[("uid", Value::Null)]);
    assert_eq!(no_subject, invalid(ClaimError::Subject.into()));
    let time = |name, offset: i64| {
        let time = i64::try_from(NOW.0).expect("a time") + offset;
        judge(None, &[(name, time.into())])
    };
    assert_eq!(time("exp", -29), good);
    assert_eq!(time("exp", -30), invalid(InvalidToken::Expired));
    assert_eq!(time("nbf", 20), good);
    assert_eq!(time("nbf", 21), invalid(InvalidToken::NotYetValid));
    assert_eq!(time("iat", 10), good);
    assert_eq!(time("iat", 11), invalid(InvalidToken::IssuedInFuture));
}

#[test]
fn any_audience_has_to_be_said() {
    let key = secret(1);
    let judge = |audience: Audience, aud: Value| {
        let mut checks = Checks::usual("sub");
        checks.audience = audience;
        let issuer = Issuer::new(checks, vec![ListedKey::lasting(secret(1), None)], None);
        let token = signed(&header(&key, None), &claims(&[("aud", aud)]), &key);
        judged(vec![issuer], &token).is_ok()
    };
    assert!(judge(Audience::Any, "other".into()));
    assert!(judge(Audience::Any, Value::Null));
    assert!(!judge(Audience::Unnamed, "other".into()));
    assert!(judge(Audience::Unnamed, Value::Null));
}
