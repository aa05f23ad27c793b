//! Whether a requirement holds, case by case; the laws stand beside.

mod laws;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ::http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::*;
use crate::{
    certificate::Identity,
    clock::UnixSeconds,
    http::client_address::{PeerAddress, TrustedProxies},
    member::{ColumnValue, Row},
    policy::{certificate::CertificateRule, explanation::Recorder, pattern::Pattern},
    token::{claims::Claims, verify::Verified},
};

/// What a signature would have proved.
fn verified(claims: &Value) -> Verified {
    let claims: Claims = serde_json::from_value(claims.clone()).expect("claims");
    Verified::unsigned(claims)
}

#[derive(Debug)]
struct World {
    token: Option<Verified>,
    row: Option<Row>,
    certificate: Option<Identity>,
    address: Option<[u8; 4]>,
    proxies: TrustedProxies,
    headers: HeaderMap,
    pattern: Pattern,
}

impl World {
    fn new(claims: Option<&Value>) -> Self {
        Self {
            token: claims.map(verified),
            row: None,
            certificate: None,
            address: Some([10, 0, 0, 1]),
            proxies: TrustedProxies::default(),
            headers: HeaderMap::new(),
            pattern: Pattern::parse("/users/{id}/**").expect("a pattern"),
        }
    }

    fn facts(&self) -> Facts<'_> {
        let address = |bytes: [u8; 4]| SocketAddr::new(IpAddr::V4(Ipv4Addr::from(bytes)), 1);
        Facts {
            token: self.token.as_ref(),
            row: self.row.as_ref(),
            certificate: self.certificate.as_ref(),
            client: Client {
                peer: self
                    .address
                    .map_or(PeerAddress::Unix, |bytes| PeerAddress::Ip(address(bytes))),
                proxies: &self.proxies,
                headers: &self.headers,
            },
            pattern: &self.pattern,
            path: "/users/7/posts",
            request: Head {
                method: &Method::GET,
                host: None,
            },
            now: UnixSeconds(0),
        }
    }

    fn outcome(&self, requirement: &Requirement) -> &'static str {
        word(&evaluate(requirement, &self.facts(), &mut Silent))
    }
}

fn word(outcome: &Outcome<'_>) -> &'static str {
    match outcome {
        Outcome::Fails(_) => "fails",
        Outcome::Unclear(_) => "unclear",
        Outcome::Open(Lack::Token) => "token",
        Outcome::Open(Lack::Row) => "row",
        Outcome::Holds => "holds",
    }
}

fn node(term: Term) -> Requirement {
    Requirement {
        term,
        place: "gateway.yaml:1".into(),
    }
}

fn one(condition: Condition) -> Requirement {
    node(Term::One(condition))
}

fn texts(words: &[&str]) -> Box<[Box<str>]> {
    words.iter().map(|word| (*word).into()).collect()
}

fn expected(value: &Value) -> Expected {
    match value {
        Value::String(text) => Expected::Text(text.as_str().into()),
        Value::Number(number) => Expected::Number(number.clone()),
        Value::Bool(boolean) => Expected::Boolean(*boolean),
        Value::Null | Value::Array(_) | Value::Object(_) => panic!("{value}"),
    }
}

fn several(value: &Value) -> Box<[Expected]> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(expected)
        .collect()
}

fn number(value: &Value) -> serde_json::Number {
    serde_json::from_value(value.clone()).expect("a number")
}

/// Spelled like the configuration: `{ "at_least": 3 }`.
fn test(spelled: &Value) -> ClaimTest {
    let (name, value) = spelled
        .as_object()
        .and_then(|map| map.iter().next())
        .expect("a test");
    match name.as_str() {
        "equals" => ClaimTest::Equals(expected(value)),
        "any_of" => ClaimTest::AnyOf(several(value)),
        "all_of" => ClaimTest::AllOf(several(value)),
        "contains" => ClaimTest::Contains(expected(value)),
        "at_least" => ClaimTest::AtLeast(number(value)),
        "at_most" => ClaimTest::AtMost(number(value)),
        "present" if *value == true => ClaimTest::Presence(Presence::Present),
        "present" => ClaimTest::Presence(Presence::Absent),
        other => panic!("{other}"),
    }
}

fn claim(path: &str, spelled: &Value) -> Requirement {
    one(Condition::Claim(ClaimRule {
        path: ClaimPath::parse(path).expect(path),
        tests: Box::new([test(spelled)]),
    }))
}

fn column(place: usize, expected: &[Value]) -> Requirement {
    let one_of = |value: &Value| match value {
        Value::Null => ColumnExpected::Null,
        Value::Bool(boolean) => ColumnExpected::Boolean(*boolean),
        Value::Number(number) => ColumnExpected::Number(number.clone()),
        Value::String(text) => ColumnExpected::Text(text.as_str().into()),
        Value::Array(_) | Value::Object(_) => panic!("{value}"),
    };
    one(Condition::Column(ColumnRule {
        column: ["user_type", "level"][place].into(),
        place,
        expected: expected.iter().map(one_of).collect(),
    }))
}

#[test]
fn a_row_is_needed_only_where_nothing_else_decides() {
    let admin = || column(0, &[json!("admin")]);
    let role = || claim("role", &json!({"equals": "admin"}));
    let any = |terms: [Requirement; 2]| node(Term::Any(terms.into()));
    let all = |terms: [Requirement; 2]| node(Term::All(terms.into()));
    let by_token = json!({ "sub": "7", "role": "admin" });
    let nobody = json!({ "sub": "7" });
    for (claims, requirement, outcome) in [
        (Some(&by_token), any([role(), admin()]), "holds"),
        (Some(&by_token), any([admin(), role()]), "holds"),
        (Some(&nobody), any([admin(), role()]), "row"),
        (Some(&nobody), all([admin(), role()]), "fails"),
        (Some(&by_token), all([admin(), role()]), "row"),
        (Some(&nobody), node(Term::Not(Box::new(admin()))), "row"),
        (None, admin(), "token"),
    ] {
        let world = World::new(claims);
        assert_eq!(world.outcome(&requirement), outcome, "{requirement}");
    }
    let mut world = World::new(Some(&nobody));
    for (value, outcome) in [
        (ColumnValue::Text("admin".into()), "holds"),
        (ColumnValue::Text("user".into()), "fails"),
        (ColumnValue::Null, "fails"),
        (ColumnValue::Number(1.into()), "unclear"),
    ] {
        world.row = Some(Row {
            state: None,
            values: Box::new([value]),
        });
        assert_eq!(world.outcome(&admin()), outcome);
    }
}

#[test]
fn claims_are_compared_by_type_and_value() {
    for (spelled, found, outcome) in [
        (json!({"equals": "admin"}), json!("admin"), "holds"),
        (json!({"equals": "admin"}), json!("Admin"), "fails"),
        (json!({"equals": "admin"}), json!(["admin"]), "unclear"),
        (json!({"equals": "1"}), json!(1), "unclear"),
        (json!({"equals": 1}), json!("1"), "unclear"),
        (json!({"equals": 1}), json!(1.0), "holds"),
        (json!({"equals": 1}), json!(true), "unclear"),
        (json!({"equals": true}), json!(true), "holds"),
        (json!({"equals": true}), json!(false), "fails"),
        (json!({"equals": true}), json!("true"), "unclear"),
        (json!({"equals": "x"}), Value::Null, "fails"),
        (json!({"any_of": ["a", 1]}), json!("a"), "holds"),
        (json!({"any_of": ["a", 1]}), json!(1), "holds"),
        (json!({"any_of": ["a", 1]}), json!("b"), "fails"),
        (json!({"any_of": ["a", 1]}), json!(true), "unclear"),
        (json!({"any_of": ["a", "b"]}), json!(["c", "b"]), "holds"),
        (json!({"any_of": ["a"]}), json!([]), "fails"),
        (json!({"any_of": ["a"]}), json!([{"name": "a"}]), "unclear"),
        (
            json!({"all_of": ["a", "b"]}),
            json!(["b", "c", "a"]),
            "holds",
        ),
        (json!({"all_of": ["a", "b"]}), json!(["a"]), "fails"),
        (json!({"all_of": ["a"]}), json!("a"), "holds"),
        (json!({"contains": "ops"}), json!(["dev", "ops"]), "holds"),
        (json!({"contains": "ops"}), json!("devops"), "unclear"),
        (json!({"contains": 1}), json!([1.0]), "holds"),
        (json!({"at_least": 3}), json!(3), "holds"),
        (json!({"at_least": 3}), json!(2.9), "fails"),
        (json!({"at_least": 3}), json!("4"), "unclear"),
        (json!({"at_most": 3}), json!(3.0), "holds"),
        (json!({"at_most": 3}), json!(4), "fails"),
        (json!({"present": true}), json!(false), "holds"),
        (json!({"present": true}), Value::Null, "fails"),
        (json!({"present": false}), Value::Null, "holds"),
        (json!({"present": false}), json!(""), "fails"),
    ] {
        let world = World::new(Some(&json!({ "sub": "7", "c": found })));
        let asked = claim("c", &spelled);
        assert_eq!(world.outcome(&asked), outcome, "{asked} of {found}");
        let nested = json!({ "sub": "7", "a": { "b.c": { "d": found } } });
        let nested_claim = claim("a.'b.c'.d", &spelled);
        assert_eq!(
            World::new(Some(&nested)).outcome(&nested_claim),
            outcome,
            "{asked} of {found}"
        );
    }
}

#[test]
fn a_way_through_something_else_than_an_object_is_unclear() {
    let asked = claim("a.b", &json!({"present": false}));
    for (a, outcome) in [
        (json!("text"), "unclear"),
        (json!([{"b": 1}]), "unclear"),
        (json!({}), "holds"),
        (Value::Null, "holds"),
    ] {
        let world = World::new(Some(&json!({ "sub": "7", "a": a })));
        assert_eq!(world.outcome(&asked), outcome, "{a}");
    }
}

#[test]
fn what_is_unknown_never_becomes_a_permission_by_not() {
    let admin = || claim("role", &json!({"equals": "admin"}));
    let not = node(Term::Not(Box::new(admin())));
    for (claims, outcome) in [
        (Some(json!({ "sub": "7" })), "holds"),
        (Some(json!({ "sub": "7", "role": "user" })), "holds"),
        (Some(json!({ "sub": "7", "role": "admin" })), "fails"),
        // An issuer that has begun to send lists.
        (Some(json!({ "sub": "7", "role": ["admin"] })), "unclear"),
        (None, "token"),
    ] {
        let world = World::new(claims.as_ref());
        assert_eq!(world.outcome(&not), outcome, "{claims:?}");
    }
    let elsewhere = one(Condition::Network(Box::new(["192.0.2.0/24"
        .parse()
        .expect("a network")])));
    let not = node(Term::Not(Box::new(elsewhere)));
    let mut world = World::new(None);
    assert_eq!(world.outcome(&not), "holds");
    world.address = None;
    assert_eq!(world.outcome(&not), "unclear");
}

#[test]
fn scopes_roles_issuers_and_audiences_stand_where_issuers_put_them() {
    let scope = |words: &[&str]| one(Condition::Scope(texts(words)));
    let any_scope = |words: &[&str]| one(Condition::AnyScope(texts(words)));
    let role = |words: &[&str]| {
        one(Condition::Role {
            paths: ["realm.roles", "role"]
                .map(|path| ClaimPath::parse(path).expect(path))
                .into(),
            roles: texts(words),
        })
    };
    let issuer = |words: &[&str]| one(Condition::Issuer(texts(words)));
    let audience = |words: &[&str]| one(Condition::Audience(texts(words)));
    for (asked, claims, outcome) in [
        (scope(&["read"]), json!({"scope": "write read"}), "holds"),
        (scope(&["read", "write"]), json!({"scope": "read"}), "fails"),
        (
            scope(&["read", "write"]),
            json!({"scope": "read", "scp": ["write"]}),
            "holds",
        ),
        (scope(&["read"]), json!({"scp": "read"}), "holds"),
        (scope(&["read"]), json!({"scopes": ["read:all"]}), "fails"),
        (scope(&["read"]), json!({"scope": "readwrite"}), "fails"),
        (
            scope(&["read"]),
            json!({"scope": {"read": true}}),
            "unclear",
        ),
        (scope(&["read"]), json!({}), "fails"),
        (any_scope(&["a", "b"]), json!({"scope": "b"}), "holds"),
        (any_scope(&["a", "b"]), json!({"scope": "c"}), "fails"),
        (role(&["admin"]), json!({"role": "admin"}), "holds"),
        (
            role(&["admin"]),
            json!({"realm": {"roles": ["x", "admin"]}}),
            "holds",
        ),
        (role(&["admin"]), json!({"role": "admin user"}), "fails"),
        (
            role(&["admin"]),
            json!({"realm": {"roles": [{"name": "admin"}]}}),
            "unclear",
        ),
        (role(&["admin"]), json!({}), "fails"),
        (issuer(&["https://a"]), json!({"iss": "https://a"}), "holds"),
        (
            issuer(&["https://a"]),
            json!({"iss": "https://a/"}),
            "fails",
        ),
        (
            issuer(&["https://a"]),
            json!({"iss": ["https://a"]}),
            "unclear",
        ),
        (issuer(&["https://a"]), json!({}), "fails"),
        (audience(&["me"]), json!({"aud": "me"}), "holds"),
        (audience(&["me"]), json!({"aud": ["you", "me"]}), "holds"),
        (audience(&["me"]), json!({"aud": "meme"}), "fails"),
        (audience(&["me"]), json!({}), "fails"),
    ] {
        let mut claims = claims;
        claims["sub"] = json!("7");
        let world = World::new(Some(&claims));
        assert_eq!(world.outcome(&asked), outcome, "{asked} of {claims}");
        assert_eq!(World::new(None).outcome(&asked), "token", "{asked}");
    }
}

#[test]
fn a_missing_scope_is_named_whatever_stands_beside_it() {
    let world = World::new(Some(&json!({ "sub": "7", "scope": "read" })));
    let scopes =
        |requirement: &Requirement| match evaluate(requirement, &world.facts(), &mut Silent) {
            Outcome::Fails(blame) => blame.scopes.map(|scopes| scopes.join(" ")),
            other @ (Outcome::Unclear(_) | Outcome::Open(_) | Outcome::Holds) => {
                panic!("{other:?}")
            }
        };
    let write = || one(Condition::Scope(texts(&["read", "write"])));
    let admin = || claim("role", &json!({"equals": "admin"}));
    assert_eq!(scopes(&write()).as_deref(), Some("read write"));
    assert_eq!(
        scopes(&node(Term::Any([admin(), write()].into()))).as_deref(),
        Some("read write")
    );
    assert_eq!(
        scopes(&one(Condition::AnyScope(texts(&["a", "b"])))).as_deref(),
        Some("a")
    );
    assert_eq!(scopes(&node(Term::All([admin(), write()].into()))), None);
}

#[test]
fn what_may_be_is_known_before_any_request() {
    let network = || one(Condition::Network(Box::new([])));
    let admin = || claim("role", &json!({"equals": "admin"}));
    let certificate = || one(Condition::Certificate(CertificateRule::Any));
    let any = |terms: [Requirement; 2]| node(Term::Any(terms.into()));
    let all = |terms: [Requirement; 2]| node(Term::All(terms.into()));
    let not = |term: Requirement| node(Term::Not(Box::new(term)));
    assert!(any([network(), admin()]).may_hold_without_token());
    assert!(!all([network(), admin()]).may_hold_without_token());
    assert!(!not(admin()).may_hold_without_token());
    assert!(not(all([network(), admin()])).may_hold_without_token());
    assert!(!not(any([network(), admin()])).may_hold_without_token());
    assert!(all([certificate(), admin()]).needs_certificate());
    assert!(!any([certificate(), admin()]).needs_certificate());
    assert!(!not(certificate()).needs_certificate());
    assert!(not(not(certificate())).needs_certificate());
}

#[test]
fn a_rule_is_shown_as_it_is_written() {
    for (requirement, shown) in [
        (
            claim("role", &json!({"equals": "admin"})),
            "claim role: admin",
        ),
        (
            claim("level", &json!({"equals": "1"})),
            "claim level: \"1\"",
        ),
        (
            claim("level", &json!({"any_of": [1, "true", true]})),
            "claim level: [1, \"true\", true]",
        ),
        (
            claim("level", &json!({"at_least": 3})),
            "claim level: { at_least: 3 }",
        ),
        (column(0, &[json!("admin")]), "user user_type: admin"),
        (
            column(1, &[json!(null), json!(3), json!("3"), json!(true)]),
            "user level: [null, 3, \"3\", true]",
        ),
        (
            one(Condition::Scope(texts(&["read", "a b"]))),
            "scope: [read, \"a b\"]",
        ),
        (
            node(Term::Not(Box::new(one(Condition::Certificate(
                CertificateRule::Any,
            ))))),
            "not: { client_certificate: any }",
        ),
    ] {
        assert_eq!(requirement.to_string(), shown);
    }
}

#[test]
fn an_explanation_shows_nothing_personal() {
    let claims =
        json!({ "sub": "7", "email": "ann@example.com", "roles": ["ops", "ann"], "age": 7 });
    let mut world = World::new(Some(&claims));
    world.row = Some(Row {
        state: None,
        values: Box::new([
            ColumnValue::Text("ann".into()),
            ColumnValue::Number(3.into()),
        ]),
    });
    let terms = [
        column(1, &[json!(3)]),
        node(Term::Not(Box::new(column(0, &[json!("admin")])))),
        claim("age", &json!({"at_least": 3})),
        claim("roles", &json!({"contains": "ops"})),
        claim("email", &json!({"equals": "bob@example.com"})),
        claim("never", &json!({"present": true})),
    ];
    let requirement = node(Term::All(terms.into()));
    let mut recorder = Recorder::default();
    let _ = evaluate(&requirement, &world.facts(), &mut recorder);
    let checks = recorder.into_checks();
    let [check] = checks.as_slice() else {
        panic!("{checks:?}")
    };
    let expected = "- all  (gateway.yaml:1): does not hold
  + user level: 3  (gateway.yaml:1): holds, found 3
  + not  (gateway.yaml:1): holds
    - user user_type: admin  (gateway.yaml:1): does not hold, found a text of 3 characters
  + claim age: { at_least: 3 }  (gateway.yaml:1): holds, found 7
  + claim roles: { contains: ops }  (gateway.yaml:1): holds, found a list of 2 with \"ops\"
  - claim email: \"bob@example.com\"  (gateway.yaml:1): does not hold, found a text of 15 characters
  . claim never: { present: true }  (gateway.yaml:1): not evaluated";
    assert_eq!(check.to_string(), expected);
    let json = serde_json::to_string(check).expect("JSON");
    assert!(!json.contains("ann"), "{json}");
}
