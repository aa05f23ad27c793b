//! What an assertion says of a token, case by case.

use serde_json::json;

use super::*;
use crate::token::claims::Claims;

fn about(token: &Value, further: &[(&str, AssertedClaim)]) -> Value {
    let claims: Claims = serde_json::from_value(token.clone()).expect("claims");
    let further = further.iter();
    let asserted = AssertedClaims {
        issuer: "sidegate".into(),
        lifetime: Duration::from_secs(60),
        further: further
            .map(|(name, claim)| ((*name).into(), claim.clone()))
            .collect(),
    };
    let occasion = Occasion {
        audience: "api",
        decision: "d1",
        now: UnixSeconds(1_000),
    };
    asserted.about(&Verified::unsigned(claims), occasion)
}

fn copied(path: &str) -> AssertedClaim {
    AssertedClaim::Copied(ClaimPath::parse(path).expect("a path"))
}

#[test]
fn an_assertion_says_who_for_whom_and_how_long() {
    let expected = json!({
        "iss": "sidegate", "sub": "7", "aud": "api", "iat": 1_000, "exp": 1_060, "jti": "d1",
    });
    for token in [json!({"sub": "7"}), json!({"sub": 7})] {
        assert_eq!(about(&token, &[]), expected);
    }
}

#[test]
fn claims_are_copied_with_their_types_and_left_out_where_there_are_none() {
    let token = json!({
        "sub": "7", "level": 3, "realm": {"roles": ["a", "b"]}, "nothing": null, "aud": "another",
    });
    let further = [
        ("level", copied("level")),
        ("roles", copied("realm.roles")),
        ("none", copied("nothing")),
        ("gone", copied("team")),
        ("lost", copied("level.deeper")),
        ("tier", AssertedClaim::Fixed(json!(2))),
    ];
    let claims = about(&token, &further);
    assert_eq!(claims["level"], 3);
    assert_eq!(claims["roles"], json!(["a", "b"]));
    assert_eq!(
        (&claims["tier"], &claims["aud"]),
        (&json!(2), &json!("api"))
    );
    for name in ["none", "gone", "lost"] {
        assert_eq!(claims.get(name), None, "{name}");
    }
}
