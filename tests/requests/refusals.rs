//! What a refusal looks like.

use serde_json::json;

use crate::harness::{Gateway, Request, Response, Setup, Upstream, token};

/// Asks one gateway for every refusal that has a template.
fn refusals(gateway: &Gateway) -> Vec<(&'static str, Response)> {
    let good = token::access("7");
    vec![
        ("missing_token", gateway.get("/guarded")),
        (
            "invalid_token",
            gateway.send(&Request::get("/guarded").token("x")),
        ),
        (
            "not_the_subject",
            gateway.send(&Request::get("/users/8").token(&good)),
        ),
        ("no_route", gateway.get("/nowhere")),
        (
            "method_not_allowed",
            gateway.send(&Request::post("/guarded")),
        ),
    ]
}

fn setup(refusals: &str) -> Setup {
    let upstream = Upstream::start();
    Gateway::before(&upstream)
        .section("refusals", refusals)
        .routes(
            r#"
- { match: "GET /guarded", access: required }
- { match: "/users/{user_id}", access: required, require: { subject_is: user_id } }"#,
        )
}

const CHALLENGES: [Option<&str>; 5] = [
    Some("Bearer"),
    Some(r#"Bearer error="invalid_token""#),
    Some(r#"Bearer error="insufficient_scope""#),
    None,
    None,
];

#[test]
fn a_problem_names_its_code_and_its_decision() {
    let gateway = setup("problem").start();
    let statuses = [401, 401, 403, 404, 405];
    for (((code, response), status), challenge) in
        refusals(&gateway).into_iter().zip(statuses).zip(CHALLENGES)
    {
        assert_eq!(response.status, status, "{code}");
        assert_eq!(
            response.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("www-authenticate"), challenge);
        let body = response.json();
        assert_eq!(body["type"], format!("urn:sidegate:{code}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["instance"].as_str(), response.header("x-request-id"));
    }
}

#[test]
fn fastapi_answers_are_the_monoliths_own() {
    let gateway = setup("fastapi").start();
    let expected = [
        (401, r#"{"detail":"Not authenticated"}"#),
        (401, r#"{"detail":"Could not validate credentials"}"#),
        (403, r#"{"detail":"Forbidden"}"#),
        (404, r#"{"detail":"Not Found"}"#),
        (405, r#"{"detail":"Method Not Allowed"}"#),
    ];
    for (((code, response), expected), challenge) in
        refusals(&gateway).into_iter().zip(expected).zip(CHALLENGES)
    {
        assert_eq!(
            (response.status, response.text().as_str()),
            expected,
            "{code}"
        );
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_eq!(response.header("www-authenticate"), challenge);
    }
}

#[test]
fn an_operator_may_write_refusals_and_the_rest_are_problems() {
    let gateway = setup(
        r#"
custom:
  missing_token: { status: 403, body: { code: 1, message: "로그인", nested: [null, 1.5, { b: 1, a: 2 }] } }
  not_found: { status: 404, body: "nothing here" }"#,
    )
    .start();
    let answers = refusals(&gateway);
    let texts: Vec<(u16, String)> = answers
        .iter()
        .map(|(_, answer)| (answer.status, answer.text()))
        .collect();
    assert_eq!(
        texts[0],
        (
            403,
            r#"{"code":1,"message":"로그인","nested":[null,1.5,{"b":1,"a":2}]}"#.to_owned()
        )
    );
    assert_eq!(texts[3], (404, r#""nothing here""#.to_owned()));
    for index in [1, 2, 4] {
        assert_eq!(
            answers[index].1.json()["type"],
            format!("urn:sidegate:{}", answers[index].0)
        );
    }
    assert_eq!(gateway.outcome("/nowhere"), "no_route");
}

#[test]
fn a_route_may_have_refusals_of_its_own() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("refusals", "problem")
        .routes(
            r#"
- { match: "/new", access: required }
- { match: "/old", access: required, refusals: fastapi }"#,
        )
        .start();
    assert_eq!(
        gateway.get("/new").header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(
        gateway.get("/old").text(),
        r#"{"detail":"Not authenticated"}"#
    );
}

#[test]
fn every_refusal_carries_the_decision_that_the_log_has() {
    let gateway = setup("fastapi").start();
    for (code, path) in [
        ("missing_token", "/guarded"),
        ("no_route", "/nowhere"),
        ("bad_target", "/a//b"),
    ] {
        let response = gateway.get(path);
        let line = gateway.access_line(path);
        assert_eq!(
            response.header("x-request-id"),
            line["decision"].as_str(),
            "{code}"
        );
        assert_eq!(
            (&line["outcome"], &line["status"]),
            (&json!(code), &json!(response.status))
        );
        assert!(
            line["reason"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty()),
            "{line}"
        );
    }
}

#[test]
fn decisions_differ() {
    let gateway = setup("problem").start();
    let mut connection = gateway.client().connect();
    let mut ids: Vec<String> = (0..50)
        .map(|_| {
            connection
                .send(&Request::get("/nowhere"))
                .header("x-request-id")
                .expect("an id")
                .to_owned()
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

#[test]
fn a_refused_head_has_no_body() {
    let gateway = setup("problem").start();
    let mut connection = gateway.client().connect();
    for _ in 0..2 {
        let response = connection.send(&Request::new("HEAD", "/guarded"));
        assert_eq!(
            (response.status, response.header("www-authenticate")),
            (401, Some("Bearer"))
        );
    }
}

#[test]
fn a_login_without_its_database_is_503_and_not_401() {
    let gateway = Gateway::before(&Upstream::start())
        .variable("DATABASE_URL", "sqlite:missing/users.db")
        .start();
    let credentials = json!({ "email": "active@example.com", "password": "x" });
    let response = gateway.send(&Request::post("/auth/token/pair").json(&credentials));
    assert_eq!(response.status, 503);
    assert!(
        response
            .header("retry-after")
            .is_some_and(|after| after.parse::<u32>().is_ok())
    );
    let guarded = Request::get("/items").token(&token::access("7"));
    assert_eq!(gateway.send(&guarded).status, 200);
}
