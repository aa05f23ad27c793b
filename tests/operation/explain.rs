//! Why a request was refused, asked by its decision id.

use serde_json::{Value, json};

use crate::{
    accounts::login,
    cli::{ended, ended_with},
    harness::{Gateway, Request, Response, Setup, Upstream, token, wait_until},
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

/// The lines of a tree that a decision and a question have in common.
fn shared(tree: &str) -> Vec<&str> {
    let of_decisions = ["decision", "decided", "client"];
    let lines = tree.lines();
    let lines = lines.filter(|line| !of_decisions.iter().any(|word| line.starts_with(word)));
    lines.collect()
}

#[test]
fn the_command_tells_the_same_by_id_as_for_the_request_itself() {
    let gateway = setup().start();
    let admin = gateway.admin.to_string();
    let config = gateway.setup().folder().join("gateway.yaml");
    let config = config.to_str().expect("a path");
    let mut claims = token::claims("5");
    claims["exp"] = (token::now() + 5400).into();
    let forged = token::with_header(&json!({ "alg": "HS256" }), &claims, "another secret");
    for (target, token) in [
        ("/users/6", None),
        ("/users/6", Some(token::signed(&claims))),
        ("/users/6", Some(forged)),
        ("/users/6", Some("garbage".to_owned())),
        ("/user/6", None),
    ] {
        let mut request = Request::get(target).host("localhost");
        request = request.header("X_User_Id", "9").header("Connection", "x-b");
        let mut arguments = vec!["explain", "GET", target, "--config", config];
        arguments.extend(["--client", "127.0.0.1"]);
        arguments.extend(["--header", "X_User_Id: 9", "--header", "Connection: x-b"]);
        if let Some(token) = &token {
            request = request.token(token);
            arguments.extend(["--token", "-"]);
        }
        let id = id_of(&gateway.send(&request));
        let by_id = ended(gateway.setup(), &["explain", &id, "--admin", &admin]);
        assert_eq!(by_id.code, Some(0), "{by_id:?}");
        let token = token.unwrap_or_default();
        let by_request = ended_with(gateway.setup(), &arguments, &token);
        assert_eq!(by_request.code, Some(2), "{by_request:?}");
        assert_eq!(shared(&by_id.answer), shared(&by_request.answer));
    }
}

#[test]
fn an_id_that_is_not_remembered_is_said_to_be_none_and_one_that_is_has_json() {
    let gateway = setup().start();
    let admin = gateway.admin.to_string();
    let id = id_of(&gateway.get("/users/6"));
    let arguments = ["explain", &id, "--admin", &admin, "--json"];
    let machine = ended(gateway.setup(), &arguments);
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
fn a_decision_tells_each_step_of_the_rule_and_the_headers() {
    let routes = r#"
- match: "/admin/{id}"
  access: required
  require: { network: 127.0.0.0/8, any: [{ claim: { role: admin } }, { subject_is: id }], not: { scope: [x] } }
  headers: { request: { set: { X-Plan: "{claims.plan}" } } }"#;
    let gateway = Gateway::before(&Upstream::start()).routes(routes).start();
    let mut claims = token::claims("5");
    claims["role"] = "ann@example.com".into();
    claims["plan"] = "free".into();
    let request = Request::get("/admin/6").token(&token::signed(&claims));
    let request = request.header("X-Plan", "gold").header("x.user.id", "9");
    for cache in ["miss", "hit"] {
        let told = told(&gateway, &gateway.send(&request));
        let rule = &told["checks"][0];
        assert_eq!(
            (&rule["asked"], &rule["result"]),
            (&json!("all"), &json!("fails"))
        );
        let steps = rule["checks"].as_array().expect("steps");
        let results: Vec<&Value> = steps.iter().map(|step| &step["result"]).collect();
        assert_eq!(results, ["holds", "fails", "not_evaluated"], "{told}");
        let found: Vec<&Value> = ["asked", "found"]
            .map(|key| &steps[1]["checks"][0][key])
            .into();
        assert_eq!(found, ["claim role: admin", "a text of 15 characters"]);
        assert_eq!(told["removed_headers"], json!(["x-plan", "x.user.id"]));
        assert_eq!(told["headers"], json!(["x-user-id"]));
        assert_eq!(told["token"], "valid");
        assert_eq!(told["token_details"]["cache"], cache);
        assert_eq!(told["token_details"]["revocation"], "not watched");
    }
}

#[test]
fn a_decision_says_whether_the_token_was_known_already() {
    let gateway = setup().start();
    let claims = token::claims("5");
    let forged = token::with_header(&json!({ "alg": "HS256" }), &claims, "another secret");
    let mut short = token::claims("5");
    short["exp"] = (token::now() + 2).into();
    let short = token::signed(&short);
    let cache = |token: &str| {
        let refused = gateway.send(&Request::get("/users/6").token(token));
        let told = told(&gateway, &refused);
        told["token_details"]["cache"].clone()
    };
    let seen = [forged.as_str(), &forged, "garbage", "garbage"].map(cache);
    assert_eq!(seen, ["miss", "hit, as a forgery", "miss", "miss"]);
    assert_eq!(cache(&short), "miss");
    wait_until("the token to expire", || {
        let refused = gateway.send(&Request::get("/users/6").token(&short));
        refused.status == 401
    });
}

#[test]
fn a_limit_and_a_dead_upstream_are_explained_with_the_rule_and_the_headers() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("rate_limits", "{ few: { by: subject, rate: 1/1h } }")
        .routes(
            r#"
- { match: "/few/{id}", access: required, require: { subject_is: id }, rate_limit: [few] }
- { match: "/dead", access: required, headers: { request: { set: { X-Plan: "free" } } } }"#,
        )
        .start();
    let token = token::access("5");
    let limited = Request::get("/few/5").token(&token);
    assert_eq!(gateway.send(&limited).status, 200);
    let limited = told(&gateway, &gateway.send(&limited));
    assert_eq!(limited["verdict"]["refused"]["code"], "rate_limited");
    assert_eq!(limited["checks"][0]["result"], "holds", "{limited}");
    upstream.kill();
    let dead = told(
        &gateway,
        &gateway.send(&Request::get("/dead").token(&token)),
    );
    assert_eq!(dead["verdict"]["refused"]["status"], 502, "{dead}");
    assert_eq!(dead["headers"], json!(["x-user-id", "x-plan"]), "{dead}");
    let address = upstream.address().to_string();
    let expected = json!({ "name": "api", "endpoints": [address], "failed": address });
    assert_eq!(dead["upstream"], expected, "{dead}");
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
fn the_running_gateway_looks_up_the_row_that_decides() {
    let routes =
        "[{ match: /staff, access: required, require: { user: { user_type: [admin, staff] } } }]";
    let gateway = Gateway::before(&Upstream::start()).routes(routes).start();
    let users = gateway.setup().users();
    users.execute("UPDATE user SET user_type = 'staff' WHERE id = 1");
    let ask = |subject: &str| {
        let question = json!({ "target": "/staff", "token": token::access(subject) });
        let told = gateway.operate(Request::post("/explain").json(&question));
        assert_eq!(told.status, 200, "{}", told.text());
        told.json()
    };
    // Looked up, and known.
    for _ in 0..2 {
        let staff = ask("1");
        assert_eq!(staff["verdict"]["forwarded"]["upstream"], "api", "{staff}");
        assert_eq!(staff["checks"][0]["found"], r#""staff""#, "{staff}");
    }
    let user = ask("4");
    assert_eq!(user["verdict"]["refused"]["code"], "forbidden", "{user}");
    assert_eq!(user["checks"][0]["found"], "a text of 4 characters");
    let code = |subject: &str| ask(subject)["verdict"]["refused"]["code"].clone();
    assert_eq!(code("2"), "blocked_user");
    assert_eq!(code("99"), "unknown_user");
    users.execute("ALTER TABLE user RENAME TO member");
    let away = ask("5");
    assert_eq!(away["verdict"]["refused"]["status"], 503, "{away}");
    assert_eq!(away["checks"][0]["result"], "needs_row", "{away}");
    // Nobody's row is told whose it is.
    assert!(!away.to_string().contains("needs_row_of"), "{away}");
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
