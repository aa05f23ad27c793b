//! Laws of explanations: they tell nothing of a person and nothing secret, and they say what the gateway does.

use std::{cell::RefCell, collections::BTreeSet};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value, json};
use sidegate::pipeline::explain::Explanation;

use crate::harness::{Gateway, Request, Response, Upstream, token};

/// It stands in everything that a person could be known by.
const MARK: &str = "Zebra";

const RULES: &str = "{ staff: { any: [{ claim: { role: [admin, staff] } }, { scope: [staff] }] } }";

/// One route for each kind of rule.
const REQUIRED: [&str; 16] = [
    "subject_is: id",
    "claim: { email: ann@example.com }",
    "claim: { role: [admin, 7, true] }",
    "claim: { role: { all_of: [admin, ops] } }",
    "claim: { role: { contains: admin } }",
    "claim: { level: { at_least: 3, at_most: 9 } }",
    "claim: { profile.name: { present: true } }",
    "claim: { role: { present: false } }",
    "scope: [read, write]",
    "any_scope: [read, write]",
    "role: admin",
    "audience: [sidegate]",
    "rule: staff",
    "when: \"claims.role == 'admin' || claims.level > 3\"",
    "not: { when: \"claims.profile.name.startsWith('a')\" }",
    "all: [{ network: 127.0.0.0/8 }], not: { any: [{ claim: { role: staff } }, { issuer: [idp] }] }",
];

fn gateway() -> Gateway {
    let routes = REQUIRED.iter().enumerate().map(|(number, required)| {
        format!(
            "\n- {{ match: \"/{number}/{{id}}\", access: required, require: {{ {required} }} }}"
        )
    });
    let tokens = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, any_audience: acknowledged }"#;
    Gateway::before(&Upstream::start())
        .without("accounts")
        .section("tokens", tokens)
        .section("rules", RULES)
        .routes(&routes.collect::<String>())
        .start()
}

/// Values of all types; the texts are a person's, or what a rule asks for.
fn values() -> impl Strategy<Value = Value> {
    let words = [
        "admin",
        "staff",
        "ops",
        "read write",
        "sidegate",
        "idp",
        "5",
    ];
    let leaf = prop_oneof![
        "[a-z@. ]{0,5}".prop_map(|text| json!(format!("{text}{MARK}{text}"))),
        Just(json!(format!("ann.{MARK}@example.com"))),
        prop::sample::select(words.to_vec()).prop_map(|word| json!(word)),
        (0..12_u8).prop_map(|number| json!(number)),
        any::<bool>().prop_map(|boolean| json!(boolean)),
        Just(Value::Null),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|list| json!(list)),
            (inner.clone(), inner).prop_map(|(name, other)| json!({ "name": name, MARK: other })),
        ]
    })
}

fn claims() -> impl Strategy<Value = Value> {
    let names = [
        "role", "role", "role", "roles", "scope", "scope", "level", "level", "email", "profile",
        MARK, "iss", "aud", "iat", "nbf", "exp", "sub",
    ];
    let claim = (prop::sample::select(names.to_vec()), values());
    prop::collection::vec(claim, 0..6).prop_map(|further| {
        let usual = token::claims("5");
        let mut claims: Map<String, Value> = usual.as_object().expect("claims").clone();
        claims.extend(
            further
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        // A subject is a row's id here, which logs and explanations show.
        if claims["sub"].as_str().is_some_and(|sub| sub.contains(MARK)) {
            claims["sub"] = json!([MARK]);
        }
        Value::Object(claims)
    })
}

#[derive(Debug)]
struct Asked {
    route: usize,
    segment: String,
    token: String,
}

fn asked() -> impl Strategy<Value = Asked> {
    let segments = [
        "5",
        "5",
        "5",
        "6",
        "ann.Zebra@example.com",
        "ann.Zebra%40example.com",
        "..%2fZebra@x",
    ];
    let secrets = [token::ACCESS_SECRET, token::ACCESS_SECRET, "another secret"];
    let route = 0..REQUIRED.len();
    let segment = prop::sample::select(segments.to_vec());
    (
        route,
        segment,
        claims(),
        prop::sample::select(secrets.to_vec()),
    )
        .prop_map(|(route, segment, claims, secret)| Asked {
            route,
            segment: segment.to_owned(),
            token: token::with_header(&json!({ "alg": "HS256", "typ": "JWT" }), &claims, secret),
        })
}

/// The live answer, what is told of it by its id if it was refused, and what is told of the same request.
fn answers(gateway: &Gateway, asked: &Asked) -> (Response, Option<Response>, Response) {
    let Asked {
        route,
        segment,
        token,
    } = asked;
    let target = format!("/{route}/{segment}?name={MARK}&{MARK}");
    let cookie = format!("name={MARK}");
    let live = Request::get(&target).token(token).header("Cookie", &cookie);
    let live = gateway.send(&live.header("X-User-Id", MARK));
    let by_id = (live.status != 200).then(|| {
        let id = live.header("x-request-id").expect("an id");
        gateway.ask(&format!("/explain/{id}"))
    });
    let question = json!({
        "target": target, "host": "gateway.test", "token": token, "client": "127.0.0.1",
        "headers": { "Cookie": cookie, "X-User-Id": MARK },
    });
    let again = gateway.operate(Request::post("/explain").json(&question));
    (live, by_id, again)
}

fn check(
    gateway: &Gateway,
    asked: &Asked,
    statuses: &RefCell<BTreeSet<u16>>,
) -> Result<(), TestCaseError> {
    let (live, by_id, again) = answers(gateway, asked);
    statuses.borrow_mut().insert(live.status);
    for told in by_id.iter().chain([&again]) {
        prop_assert_eq!(told.status, 200, "{}", told.text());
        let told = told.json();
        let explanation: Explanation = serde_json::from_value(told.clone()).expect("one");
        let texts = [
            told.to_string(),
            explanation.to_string(),
            format!("{explanation:?}"),
        ];
        for text in &texts {
            prop_assert!(!text.contains(MARK), "{text}");
            for part in asked.token.split('.').filter(|part| part.len() > 20) {
                prop_assert!(!text.contains(part), "{text}");
            }
        }
        let refused = &told["verdict"]["refused"];
        let status = refused["status"].as_u64().unwrap_or(200);
        prop_assert_eq!(status, u64::from(live.status), "{}", told);
        // The rule decides exactly where everything before it held.
        let rule = told["checks"][0]["result"].as_str();
        let holds = told["token"] == "valid";
        prop_assert_eq!(rule.is_some(), holds, "{}", told);
        prop_assert_eq!(rule == Some("holds"), live.status == 200, "{}", told);
    }
    if let Some(by_id) = by_id {
        let (by_id, again) = (by_id.json(), again.json());
        for part in [
            "checks",
            "verdict",
            "route",
            "candidates",
            "removed_headers",
        ] {
            prop_assert_eq!(&by_id[part], &again[part], "{}", part);
        }
    }
    Ok(())
}

#[test]
fn an_explanation_is_what_the_gateway_does_and_tells_nothing_of_a_person() {
    let gateway = gateway();
    let mut runner = TestRunner::new(Config {
        cases: 256,
        failure_persistence: None,
        ..Config::default()
    });
    let statuses = RefCell::default();
    let tried = runner.run(&asked(), |asked| check(&gateway, &asked, &statuses));
    tried.unwrap_or_else(|error| panic!("{error}"));
    // Of each kind, or nothing has been tried.
    let statuses: Vec<u16> = statuses.into_inner().into_iter().collect();
    assert_eq!(statuses, [200, 400, 401, 403]);
}
