//! Why a request was refused, asked by its decision id.

use serde_json::{Value, json};

use crate::{
    accounts::login,
    cli::ended,
    harness::{Gateway, Request, Response, Setup, Upstream, token},
};

const ROUTES: &str = r#"
- { match: "/public/**", access: public }
- { match: "POST /items/{id}", access: required }
- { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }"#;

fn setup() -> Setup {
    Gateway::before(&Upstream::start()).routes(ROUTES)
}

#[track_caller]
fn id_of(response: &Response) -> String {
    let id = response.header("x-request-id").expect("a decision id");
    assert_eq!(id.len(), 32);
    id.to_owned()
}

fn told(gateway: &Gateway, response: &Response) -> Value {
    let told = gateway.ask(&format!("/explain/{}", id_of(response)));
    assert_eq!(told.status, 200, "{}", told.text());
    told.json()
}

#[test]
fn every_kind_of_refusal_has_an_id_that_explains_it() {
    let gateway = setup().start();
    let good = token::access("5");
    for (request, code) in [
        (Request::get("/users/5"), "missing_token"),
        (Request::get("/users/5").token("garbage"), "invalid_token"),
        (
            Request::get("/users/5").token(&token::expired("5")),
            "expired_token",
        ),
        (Request::get("/users/6").token(&good), "not_the_subject"),
        (Request::get("/nowhere"), "no_route"),
        (Request::get("/items/5"), "method_not_allowed"),
        (Request::get("/public/../a"), "bad_target"),
        (Request::get("/public/a").host("a b"), "bad_host"),
        (Request::new("get", "/public/a"), "bad_method"),
        (
            Request::get("/public/a").header("Expect", "x"),
            "unknown_expectation",
        ),
        (login("active@example.com", "wrong"), "refused"),
        (login("banned@example.com", "wrong"), "blocked"),
    ] {
        let response = gateway.send(&request);
        assert!(response.status >= 400, "{request:?}: {}", response.text());
        let explanation = told(&gateway, &response);
        let refused = &explanation["verdict"]["refused"];
        assert_eq!(refused["code"], code, "{request:?}: {explanation}");
        assert_eq!(refused["status"], response.status, "{request:?}");
        assert_eq!(explanation["decision"]["id"], id_of(&response));
    }
    let unread = gateway.client().raw("GET /a b HTTP/1.1\r\n\r\n");
    let explanation = told(&gateway, &unread);
    assert_eq!(
        explanation["verdict"]["refused"]["code"],
        "bad_request_line"
    );
}

#[test]
fn the_access_line_of_a_refused_login_has_the_id_that_its_client_was_told() {
    let gateway = setup().start();
    let response = gateway.send(&login("active@example.com", "wrong"));
    let line = gateway.access_line("/login/access-token");
    assert_eq!(line["decision"], id_of(&response));
    let granted = gateway.send(&login(
        "active@example.com",
        crate::harness::users::PASSWORD,
    ));
    assert_eq!(granted.header("x-request-id"), None);
}

#[test]
fn an_expired_token_is_explained_without_being_shown() {
    let gateway = setup().start();
    let expired = token::expired("5");
    let response = gateway.send(&Request::get("/users/5?secret=hunter2").token(&expired));
    let explanation = told(&gateway, &response);
    assert_eq!(explanation["target"], "/users/5");
    assert_eq!(explanation["route"]["route"], "/users/{user_id}/**");
    assert_eq!(explanation["token"], "not accepted");
    let details = &explanation["token_details"];
    assert_eq!(details["from"], "Authorization");
    assert_eq!(details["algorithm"], "HS256");
    assert_eq!(details["revocation"], "not watched");
    let checks = details["checks"].as_array().expect("checks");
    let result = |name: &str| {
        let check = checks.iter().find(|check| check["name"] == name);
        check.expect("a check")["result"].clone()
    };
    assert_eq!(
        (result("signature"), result("exp")),
        (json!("holds"), json!("fails"))
    );
    let text = explanation.to_string();
    for secret in [
        expired.as_str(),
        "hunter2",
        expired.rsplit('.').next().expect("a part"),
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn the_command_tells_the_same_by_id_as_for_the_request_itself() {
    let gateway = setup().start();
    let response = gateway.send(&Request::get("/users/6").host("localhost"));
    let id = id_of(&response);
    let admin = gateway.admin.to_string();
    let by_id = ended(gateway.setup(), &["explain", &id, "--admin", &admin]);
    assert_eq!(by_id.code, Some(0), "{by_id:?}");
    let config = gateway.setup().folder().join("gateway.yaml");
    let config = config.to_str().expect("a path");
    let by_request = ended(
        gateway.setup(),
        &["explain", "GET", "/users/6", "--config", config],
    );
    // Of a decision the term that failed is remembered, and not each step.
    let asked_alone = |line: &&str| !line.starts_with("checks");
    let by_request: Vec<&str> = by_request.answer.lines().filter(asked_alone).collect();
    let of_decisions = ["decision", "decided", "client"];
    let lines: Vec<&str> = by_id
        .answer
        .lines()
        .filter(|line| !of_decisions.iter().any(|word| line.starts_with(word)))
        .collect();
    assert_eq!(lines, by_request, "{by_id:?}");
    let machine = ended(
        gateway.setup(),
        &["explain", &id, "--admin", &admin, "--json"],
    );
    let explanation: Value = serde_json::from_str(&machine.answer).expect("JSON");
    assert_eq!(explanation["decision"]["id"], id);
    let unknown = "0".repeat(32);
    let unknown = ended(gateway.setup(), &["explain", &unknown, "--admin", &admin]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(
        unknown.complaint.contains("no decision with this id"),
        "{unknown:?}"
    );
}

#[test]
fn the_listener_and_the_token_are_found_in_the_configuration() {
    let gateway = setup()
        .section("admin", "{ address: \"unix:admin.sock\" }")
        .start();
    let id = id_of(&gateway.get("/users/6"));
    let told = ended(gateway.setup(), &["explain", &id]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.answer.contains("refused with 401 missing_token"),
        "{told:?}"
    );
}

#[test]
fn what_is_remembered_is_bounded_and_permits_only_where_they_are_wanted() {
    let gateway = setup()
        .section(
            "admin",
            "{ address: 127.0.0.1:0, decisions: { which: all, most: 2, keep: 1h } }",
        )
        .start();
    let ids: Vec<String> = (0..3).map(|_| id_of(&gateway.get("/nowhere"))).collect();
    let status = |id: &String| gateway.ask(&format!("/explain/{id}")).status;
    let statuses: Vec<u16> = ids.iter().map(status).collect();
    assert_eq!(statuses, [404, 200, 200]);
    gateway.get("/public/permitted");
    let line = gateway.access_line("/public/permitted");
    let id = line["decision"].as_str().expect("an id").to_owned();
    let told = gateway.ask(&format!("/explain/{id}"));
    assert_eq!(told.status, 200, "{}", told.text());
    let verdict = &told.json()["verdict"];
    assert_eq!(verdict["forwarded"]["upstream"], "api", "{}", told.text());
}

#[test]
fn a_question_may_be_asked_of_the_running_gateway() {
    let gateway = setup().start();
    let ask = |question: Value| gateway.operate(Request::post("/explain").json(&question));
    let good = token::access("5");
    let question = json!({
        "target": "/users/5", "token": good, "headers": { "X-User-Id": "9" },
    });
    for cache in ["miss", "hit"] {
        let told = ask(question.clone());
        assert_eq!(told.status, 200, "{}", told.text());
        let explanation = told.json();
        assert_eq!(explanation["verdict"]["forwarded"]["upstream"], "api");
        assert_eq!(explanation["removed_headers"], json!(["x-user-id"]));
        assert_eq!(explanation["token_details"]["cache"], cache);
        assert!(!told.text().contains(&good));
    }
    let refused = ask(json!({ "method": "POST", "target": "/users/6", "token": good }));
    assert_eq!(
        refused.json()["verdict"]["refused"]["code"],
        "not_the_subject"
    );
    for nonsense in [
        json!({}),
        json!({ "target": "/", "method": "a b" }),
        json!([1]),
    ] {
        assert_eq!(ask(nonsense.clone()).status, 400, "{nonsense}");
    }
}
