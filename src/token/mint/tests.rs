//! What minted tokens say.

use super::*;
use crate::{
    secret::Secret,
    token::{
        key::{Algorithm, Key},
        verify::{Verified, Verifier},
    },
};

fn key() -> Key {
    let secret = Secret::new(b"0123456789abcdef0123456789abcdef".to_vec());
    Key::new(secret, Algorithm::Hs256)
}

fn minter(claims: &[(&str, &str)]) -> Minter {
    let claims = claims.iter().map(|(name, text)| {
        let template = Template::parse(text).expect("a template");
        ((*name).to_owned(), ClaimValue::Template(template))
    });
    Minter::new(
        vec![ListedKey::lasting(key(), None)],
        Duration::from_secs(60),
        claims.collect(),
    )
}

fn shown() -> Map<String, Value> {
    let values = [
        ("email", Value::from("a@b.example")),
        ("point", 7.into()),
        ("none", Value::Null),
    ];
    let values = values.into_iter();
    values
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn minted(minter: &Minter, id: &TokenId, until: Option<UnixSeconds>) -> String {
    let occasion = Occasion {
        user: &MemberId::Integer(42),
        shown: &shown(),
        now: UnixSeconds(1000),
        id,
        until,
    };
    minter.mint(&occasion).expect("a token")
}

fn proof(token: &str, now: u64) -> Option<Verified> {
    let verifier = Verifier::new(&key(), "sub", 8192);
    verifier.verify_at(token.as_bytes(), UnixSeconds(now)).ok()
}

#[test]
fn a_minted_token_has_exactly_the_configured_claims() {
    let id = TokenId::of_new_session([1; 16], [2; 16]);
    let token = minted(&minter(&[("sub", "{user.id}")]), &id, None);
    assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
    let proof_of = proof(&token, 1059).expect("valid until one second before exp");
    assert_eq!(proof_of.claims.names().collect::<Vec<_>>(), ["exp", "sub"]);
    assert_eq!(proof_of.claims.value("sub"), Some(&"42".into()));
    assert!(proof(&token, 1060).is_none());
}

#[test]
fn two_tokens_of_one_second_differ_by_their_names_and_say_when_they_were_issued() {
    let claims = [
        ("sub", "{user.id}"),
        ("jti", "{token.id}"),
        ("iat", "{now}"),
    ];
    let minter = minter(&claims);
    let ids = [[2; 16], [3; 16]].map(|random| TokenId::of_new_session([1; 16], random));
    let [first, second] = ids.clone().map(|id| minted(&minter, &id, None));
    assert_ne!(first, second);
    let proof = proof(&first, 1000).expect("a proof");
    assert_eq!(proof.issued_at, Some(UnixSeconds(1000)));
    assert_eq!(proof.claims.value("jti"), Some(&ids[0].as_str().into()));
}

#[test]
fn claims_keep_the_types_that_the_monolith_gives_them() {
    let id = TokenId::of_new_session([1; 16], [2; 16]);
    let claims = [
        ("sub", "{user.id}"),
        ("identity", "{user.id.number}"),
        ("email", "{user.email}"),
        ("point", "{user.point}"),
        ("none", "{user.none}"),
        ("text", "{user.email}/{user.point}/{user.none}{now}"),
    ];
    let token = minted(&minter(&claims), &id, None);
    let proof = proof(&token, 1000).expect("a proof");
    for (name, value) in [
        ("sub", Value::from("42")),
        ("identity", 42.into()),
        ("email", "a@b.example".into()),
        ("point", 7.into()),
        ("none", Value::Null),
        ("text", "a@b.example/7/1000".into()),
    ] {
        assert_eq!(proof.claims.value(name), Some(&value), "{name}");
    }
}

#[test]
fn a_token_ends_no_later_than_its_session() {
    let id = TokenId::of_new_session([1; 16], [2; 16]);
    let minter = minter(&[("sub", "{user.id}")]);
    for (until, expires) in [(Some(1030), 1030), (Some(9999), 1060), (None, 1060)] {
        let token = minted(&minter, &id, until.map(UnixSeconds));
        let proof = proof(&token, 1000).expect("a proof");
        assert_eq!(proof.expires, UnixSeconds(expires));
    }
}
