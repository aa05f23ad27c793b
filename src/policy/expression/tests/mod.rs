//! Expressions, from text to answer.

mod laws;
mod mistakes;

use ::http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

use super::*;
use crate::{
    certificate::Identity,
    clock::UnixSeconds,
    http::client_address::{PeerAddress, TrustedProxies},
    policy::{
        pattern::Pattern,
        requirement::{Client, Head},
    },
    token::{claims::Claims, verify::Verified},
};

#[derive(Debug)]
pub(super) struct World {
    token: Option<Verified>,
    certificate: Option<Identity>,
    peer: PeerAddress,
    proxies: TrustedProxies,
    headers: HeaderMap,
    pattern: Pattern,
    host: HeaderValue,
}

impl World {
    pub(super) fn new(claims: Option<&Value>) -> Self {
        let verified = |claims: &Value| {
            let claims: Claims = serde_json::from_value(claims.clone()).expect("claims");
            Verified::unsigned(claims)
        };
        Self {
            token: claims.map(verified),
            certificate: Some(Identity {
                subject: "CN=billing".into(),
                names: vec!["DNS:billing.test".into()],
                fingerprint: "ab".into(),
            }),
            peer: PeerAddress::Ip("10.0.0.1:1".parse().expect("an address")),
            proxies: TrustedProxies::default(),
            headers: HeaderMap::new(),
            pattern: Pattern::parse("/users/{id}/{name}").expect("a pattern"),
            host: HeaderValue::from_static("api.example.com:8080"),
        }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            token: self.token.as_ref(),
            row: None,
            certificate: self.certificate.as_ref(),
            client: Client {
                peer: self.peer,
                proxies: &self.proxies,
                headers: &self.headers,
            },
            pattern: &self.pattern,
            path: "/users/7/a%20b",
            request: Head {
                method: &Method::GET,
                host: Some(&self.host),
            },
            now: UnixSeconds(1_700_000_000),
        }
    }
}

fn compiled(text: &str) -> Expression {
    Expression::compile(text).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"))
}

fn claims() -> Value {
    json!({
        "sub": "7",
        "level": 4,
        "share": 0.5,
        "exact": 3.0,
        "big": 18_446_744_073_709_551_615_u64,
        "role": "admin",
        "verified": true,
        "groups": ["ops", "dev-eu"],
        "mixed": ["ops", 1],
        "realm": { "roles": ["a"], "nothing": null },
        "https://example.com/plan": "gold",
        "exp": 1_700_000_100,
        "nothing": null,
        "members": [{ "name": "x", "age": 40 }, { "name": "y", "age": 20 }],
    })
}

fn answer(text: &str) -> Result<bool, EvaluationError> {
    let world = World::new(Some(&claims()));
    compiled(text)
        .holds(&world.facts())
        .expect("there is a token")
}

#[test]
fn what_is_true_is_true() {
    for text in [
        "claims.level >= 3 && request.method == 'GET'",
        "claims.level == 4.0 && claims.exact == 3 && claims.share < 1",
        "claims.big > 9223372036854775807",
        "claims.verified",
        "!(claims.role in ['user', 'guest'])",
        "'ops' in claims.groups && size(claims.groups) == 2",
        "claims.groups.exists(g, g.startsWith('dev-'))",
        "claims.groups.all(g, size(g) > 2) && claims.groups.exists_one(g, g == 'ops')",
        "claims.groups.filter(g, g.endsWith('-eu')).map(g, g + '!') == ['dev-eu!']",
        "claims.members.exists(m, m.name == 'x' && m.age >= 30)",
        "claims['https://example.com/plan'] == 'gold'",
        "claims.realm.roles[0] == 'a' && 'roles' in claims.realm",
        "has(claims.level) && !has(claims.other) && 'role' in claims && !('other' in claims)",
        "subject == path.id && path.name == 'a b'",
        "request.host == 'api.example.com:8080' && request.path.startsWith('/users/')",
        "client.address == '10.0.0.1'",
        "certificate.subject == 'CN=billing' && 'DNS:billing.test' in certificate.names",
        "certificate.fingerprint.size() == 2 && has(certificate.subject)",
        "timestamp(claims.exp) - now < duration('5m')",
        "now > timestamp('2023-01-01T00:00:00Z') && now.getFullYear() == 2023",
        "now.getHours('UTC') == 22 && now.getDayOfWeek() == 2",
        "int('3') == 3 && double(claims.level) == 4.0 && string(claims.level) == '4'",
        "claims.level > 3 ? claims.role == 'admin' : false",
        "claims.level % 2 == 0 && -claims.level == -4 && (claims.level + 1) * 2 == 10",
        "claims.missing == 1 || claims.level == 4",
        "claims.role.contains('dmi') && claims.role != 'user'",
        "claims.level != null",
        "// why\n claims.level == 4",
    ] {
        assert_eq!(answer(text), Ok(true), "{text}");
        assert_eq!(answer(&format!("!({text}\n)")), Ok(false), "{text}");
    }
}

#[test]
fn what_cannot_be_told_has_a_reason() {
    let missing = |name: &str| EvaluationError::Missing(name.to_owned());
    let unfit = |operator: &str, types: &str| EvaluationError::Unfit {
        operator: operator.to_owned(),
        types: types.to_owned(),
    };
    for (text, error) in [
        ("claims.other == 1", missing("other")),
        ("claims.realm.other == 1", missing("other")),
        ("claims.nothing == 1", missing("nothing")),
        ("claims.realm.nothing == null", missing("nothing")),
        ("claims.level == '4'", unfit("==", "int and string")),
        ("claims.role != 4", unfit("!=", "string and int")),
        ("claims.groups != 'ops'", unfit("!=", "list and string")),
        ("claims.role >= 3", unfit(">=", "string and int")),
        ("!('x' in claims.mixed)", unfit("in", "string and list")),
        ("'a' in claims.role", unfit("in", "string and string")),
        (
            "claims.level.startsWith('a')",
            unfit("startsWith", "int and string"),
        ),
        ("claims.level", EvaluationError::NoAnswer),
        ("claims.role && true", unfit("&&", "string and bool")),
        ("claims.level.name == 'x'", unfit(".", "int and string")),
        ("claims.role.all(c, true)", EvaluationError::WrongType),
        ("claims.groups[5] == 'x'", EvaluationError::Short),
        ("claims.level / 0 == 1", EvaluationError::OutOfRange),
        (
            "claims.level + 9223372036854775807 > 0",
            EvaluationError::OutOfRange,
        ),
        (
            "timestamp(claims.role) < now",
            EvaluationError::Unreadable("timestamp".to_owned()),
        ),
        (
            "int(claims.role) == 1",
            EvaluationError::Unreadable("int".to_owned()),
        ),
        (
            "claims.realm[claims.role] == 1",
            EvaluationError::MissingOther,
        ),
    ] {
        assert_eq!(answer(text), Err(error), "{text}");
    }
}

#[test]
fn nobody_reads_a_token_that_is_not_there() {
    let world = World::new(None);
    let holds = |text: &str| compiled(text).holds(&world.facts());
    assert_eq!(holds("request.method == 'GET'"), Some(Ok(true)));
    for text in ["claims.a == 1", "subject == 'x'", "has(claims.a) || true"] {
        assert_eq!(holds(text), None, "{text}");
        assert!(compiled(text).reads_token(), "{text}");
    }
    assert!(!compiled("now > timestamp(0)").reads_token());
}

#[test]
fn what_a_client_lacks_is_not_there() {
    let mut world = World::new(None);
    world.certificate = None;
    world.peer = PeerAddress::Unix;
    let holds = |text: &str| compiled(text).holds(&world.facts());
    let missing = |name: &str| Some(Err(EvaluationError::Missing(name.to_owned())));
    assert_eq!(holds("client.address == '10.0.0.1'"), missing("address"));
    assert_eq!(holds("certificate.subject == 'CN=a'"), missing("subject"));
    assert_eq!(holds("has(certificate.subject)"), Some(Ok(false)));
    assert!(compiled("has(certificate.names)").reads_certificate());
}

#[test]
fn a_value_of_a_token_is_not_repeated() {
    let world = World::new(Some(
        &json!({ "sub": "7", "o": {}, "secret": "hunter2", "n": [1] }),
    ));
    for text in [
        "claims.o[claims.secret] == 1",
        "int(claims.secret) == 1",
        "claims.secret > claims.n",
    ] {
        let error = compiled(text)
            .holds(&world.facts())
            .expect("a token")
            .expect_err(text);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[test]
fn loops_over_many_claims_have_no_answer() {
    let with = |count: usize| {
        let list: Vec<usize> = (0..count).collect();
        World::new(Some(&json!({ "sub": "7", "a": list })))
    };
    let once = compiled("claims.a.all(x, x >= 0)");
    assert_eq!(once.holds(&with(1_000).facts()), Some(Ok(true)));
    let chained =
        compiled("claims.a.filter(x, x > 5).map(x, string(x)).exists(x, x.contains('9'))");
    assert_eq!(chained.holds(&with(1_000).facts()), Some(Ok(true)));
    let twice = compiled("claims.a.all(x, claims.a.exists(y, x == y))");
    assert_eq!(twice.holds(&with(20).facts()), Some(Ok(true)));
    assert_eq!(
        twice.holds(&with(1_000).facts()),
        Some(Err(EvaluationError::TooLong))
    );
    let growing = compiled("['a'].map(x, x + x + claims.s).all(x, size(x) > 0)");
    let world = World::new(Some(&json!({ "sub": "7", "s": "s".repeat(4_000) })));
    assert_eq!(growing.holds(&world.facts()), Some(Ok(true)));
}

#[test]
fn every_name_is_in_the_documents() {
    let page = include_str!("../../../../docs/policy.md");
    let variables = vocabulary::VARIABLES.into_iter();
    for name in variables.chain(functions::names()) {
        let written = [
            format!("`{name}`"),
            format!("`{name}("),
            format!(".{name}("),
            format!("`{name}."),
        ];
        assert!(
            written.iter().any(|written| page.contains(written)),
            "{name}"
        );
    }
}
