//! `mode: observe`: what would be refused goes on, and is said.

use serde_json::{Value, json};

use super::tokens::publisher::Publisher;
use crate::{
    accounts::login,
    cli::{ended, ended_with},
    harness::{After, Gateway, Request, Setup, Upstream, keys::SigningKey, token},
};

const GROUPS: &str = "
watched: { access: required, mode: observe, require: { scope: read } }";

const ROUTES: &str = r#"
- { match: "/users/{user_id}/**", access: required, mode: observe, require: { subject_is: user_id } }
- { match: "/scope/**", group: watched }
- { match: "/strict/**", group: watched, mode: enforce }
- { match: "/office/**", access: public, mode: observe, require: { network: 10.0.0.0/8 } }
- { match: "/role/**", access: required, mode: observe, require: { role: admin } }
- { match: "/optional/**", access: optional, mode: observe }
- { match: "POST /small", access: required, mode: observe, body_size: 10B }
- { match: "/headed", access: required, mode: observe, headers: { request: { set: { X-Role: "{claims.role:-none}" } } } }
- { match: "/socket", access: required, mode: observe, token_from: { cookie: access } }
- { match: "/**", access: required }"#;

fn setup(upstream: &Upstream) -> Setup {
    Gateway::before(upstream)
        .section("groups", GROUPS)
        .routes(ROUTES)
}

/// A token about 5 with further claims.
fn with(claims: &Value) -> String {
    let mut all = token::claims("5");
    for (name, value) in claims.as_object().expect("claims") {
        all[name] = value.clone();
    }
    token::signed(&all)
}

fn good() -> String {
    token::access("5")
}

#[test]
fn what_a_route_would_refuse_goes_on_and_is_said() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    for (path, token, code) in [
        ("/users/5/a", None, "missing_token"),
        ("/users/5/b", Some("garbage".to_owned()), "invalid_token"),
        ("/users/5/c", Some(token::expired("5")), "expired_token"),
        ("/users/6/d", Some(good()), "not_the_subject"),
        ("/scope/e", Some(good()), "insufficient_scope"),
        ("/office/f", None, "forbidden"),
        ("/role/g", Some(good()), "forbidden"),
        ("/optional/h", Some("garbage".to_owned()), "invalid_token"),
        (
            "/optional/i",
            Some(with(&json!({ "iat": token::now() + 600 }))),
            "invalid_token",
        ),
    ] {
        let mut request = Request::get(path);
        if let Some(token) = &token {
            request = request.token(token);
        }
        let response = gateway.send(&request);
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        assert_eq!(response.header("www-authenticate"), None, "{path}");
        let line = gateway.access_line(path);
        assert_eq!(
            (&line["outcome"], &line["observed"]),
            (&json!("forwarded"), &json!(code)),
            "{line}"
        );
        assert_ne!(line["reason"], Value::Null, "{line}");
    }
}

#[test]
fn what_meets_its_route_is_not_said_to_be_observed() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let reader = with(&json!({ "scope": "read" }));
    for (path, token) in [("/users/5/a", &good()), ("/scope/b", &reader)] {
        assert_eq!(gateway.send(&Request::get(path).token(token)).status, 200);
        let line = gateway.access_line(path);
        assert_eq!(line.get("observed"), None, "{line}");
        assert_eq!(line.get("reason"), None, "{line}");
    }
    assert_eq!(gateway.get("/optional/c").status, 200);
    assert_eq!(gateway.access_line("/optional/c").get("observed"), None);
}

#[test]
fn nothing_is_said_of_a_subject_that_no_token_has_proven() {
    for (path, token, subject) in [
        ("/users/5", None, None),
        ("/users/5", Some("garbage".to_owned()), None),
        ("/users/5", Some(token::expired("5")), None),
        (
            "/users/5",
            Some(token::with_header(
                &json!({ "alg": "HS256" }),
                &token::claims("5"),
                "another secret of whoever wants in",
            )),
            None,
        ),
        ("/optional", Some("garbage".to_owned()), None),
        // The token holds, and whose it is stays true where that is not enough.
        ("/users/6", Some(good()), Some("5")),
        ("/role", Some(good()), Some("5")),
        ("/users/5", Some(good()), Some("5")),
    ] {
        let upstream = Upstream::start();
        let gateway = setup(&upstream).start();
        let mut request = Request::get(path)
            .header("X-User-Id", "1")
            .header("x_user_id", "1")
            .header("X.User.Id", "1");
        if let Some(token) = &token {
            request = request.token(token);
        }
        assert_eq!(gateway.send(&request).status, 200);
        let seen = upstream.only();
        let sent: Vec<&str> = subject.into_iter().collect();
        assert_eq!(seen.values("x-user-id"), sent, "{path}: {}", seen.head);
        assert!(!seen.head.contains(": 1\r\n"), "{}", seen.head);
        // The monolith goes on to check it itself.
        assert_eq!(
            seen.values("authorization").len(),
            usize::from(token.is_some())
        );
    }
}

#[test]
fn a_token_that_no_header_can_be_made_of_is_observed_as_none() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let broken = with(&json!({ "role": "a\r\nX-User-Id: 1" }));
    assert_eq!(
        gateway.send(&Request::get("/headed").token(&broken)).status,
        200
    );
    assert_eq!(gateway.access_line("/headed")["observed"], "invalid_token");
    let seen = upstream.only();
    assert!(seen.values("x-user-id").is_empty(), "{}", seen.head);
    assert_eq!(seen.values("x-role"), ["none"]);
}

#[test]
fn a_route_may_be_enforced_in_a_group_that_is_observed() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    assert_eq!(gateway.get("/scope").status, 200);
    assert_eq!(gateway.get("/strict").status, 401);
    assert_eq!(
        gateway.send(&Request::get("/strict").token(&good())).status,
        403
    );
    assert_eq!(gateway.get("/elsewhere").status, 401);
}

#[test]
fn what_is_no_matter_of_who_asks_is_refused_as_ever() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream)
        .section("limits", "{ header_size: 4KiB }")
        .start();
    for (request, status) in [
        (Request::get("/users/../admin"), 400),
        (Request::get("/users/a%2Fb"), 400),
        (Request::new("get", "/users/5"), 400),
        (
            Request::get("/users/5")
                .header("Authorization", "Bearer a")
                .token("b"),
            400,
        ),
        (Request::get("/users/5").header("Expect", "x"), 417),
        (
            Request::get("/users/5").header("X-Long", &"a".repeat(5000)),
            431,
        ),
        (Request::post("/small").body("more than ten bytes"), 413),
        (
            Request::get("/users/5").header("Via", &"1.1 sidegate, ".repeat(6)),
            508,
        ),
        (
            Request::get("/socket")
                .header("Connection", "upgrade")
                .header("Upgrade", "websocket")
                .header("Cookie", "access=garbage")
                .header("Origin", "https://evil.example.com"),
            403,
        ),
        (login("active@example.com", "wrong"), 400),
    ] {
        let response = gateway.send(&request);
        assert_eq!(response.status, status, "{request:?}: {}", response.text());
    }
    let framing = gateway
        .client()
        .raw("POST /users/5 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(framing.status, 400);
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_method_that_an_observed_route_does_not_take_is_refused() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream)
        .without("groups")
        .routes("[{ match: \"GET /a\", access: required, mode: observe }]")
        .start();
    assert_eq!(gateway.get("/a").status, 200);
    assert_eq!(gateway.send(&Request::post("/a")).status, 405);
    assert_eq!(gateway.get("/b").status, 404);
}

fn limited(upstream: &Upstream, by: &str) -> Gateway {
    Gateway::before(upstream)
        .section(
            "rate_limits",
            &format!("{{ few: {{ by: {by}, rate: 1/1h }} }}"),
        )
        .without("accounts")
        .without("users")
        .routes("[{ match: \"/**\", access: required, mode: observe, rate_limit: [few] }]")
        .start()
}

#[test]
fn a_limit_by_client_holds_for_those_who_are_observed() {
    let upstream = Upstream::start();
    let gateway = limited(&upstream, "client");
    let statuses = ["/a", "/b"].map(|path| gateway.get(path).status);
    assert_eq!(statuses, [200, 429]);
}

#[test]
fn a_limit_by_subject_is_observed_with_the_rest() {
    let upstream = Upstream::start();
    let gateway = limited(&upstream, "subject");
    for path in ["/a", "/b"] {
        let response = gateway.send(&Request::get(path).token(&good()));
        assert_eq!(response.status, 200);
        assert_eq!(response.header("ratelimit"), None);
    }
    assert_eq!(gateway.access_line("/a").get("observed"), None);
    assert_eq!(gateway.access_line("/b")["observed"], "rate_limited");
    assert_eq!(upstream.seen()[1].values("x-user-id"), ["5"]);
    // Whoever would have been refused before the limit uses up none of it.
    assert_eq!(gateway.get("/c").status, 200);
    assert_eq!(gateway.access_line("/c")["observed"], "missing_token");
}

#[test]
fn an_outage_of_an_issuer_is_observed_and_stops_nobody() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let publisher = Publisher::of(&[&key]);
    publisher.server.kill();
    let gateway = super::tokens::with_issuers(&upstream, &publisher.issuer(""))
        .routes("[{ match: \"/**\", access: required, mode: observe }]")
        .start();
    let token = key.token(super::tokens::IDP, "7");
    assert_eq!(
        gateway.send(&Request::get("/out").token(&token)).status,
        200
    );
    assert_eq!(gateway.access_line("/out")["observed"], "keys_unavailable");
    assert!(upstream.only().values("x-user-id").is_empty());
}

#[test]
fn a_key_that_an_issuer_does_not_have_is_observed() {
    let upstream = Upstream::start();
    let publisher = Publisher::of(&[&SigningKey::new("ES256", "a")]);
    let gateway = super::tokens::with_issuers(&upstream, &publisher.issuer(""))
        .routes("[{ match: \"/**\", access: required, mode: observe }]")
        .start();
    let token = SigningKey::new("ES256", "b").token(super::tokens::IDP, "7");
    assert_eq!(gateway.send(&Request::get("/b").token(&token)).status, 200);
    assert_eq!(gateway.access_line("/b")["observed"], "invalid_token");
}

#[test]
fn what_was_observed_is_counted_by_route_and_code() {
    let gateway = setup(&Upstream::start()).start();
    for path in ["/users/5", "/users/6", "/office"] {
        gateway.get(path);
    }
    gateway.send(&Request::get("/users/6").token(&good()));
    let text = gateway.ask("/metrics").text();
    for (route, code, count) in [
        ("/users/{user_id}/**", "missing_token", 2),
        ("/users/{user_id}/**", "not_the_subject", 1),
        ("/office/**", "forbidden", 1),
    ] {
        let series = format!(
            "sidegate_observed_total{{route=\"{route}\",host=\"\",code=\"{code}\"}} {count}\n"
        );
        assert!(text.contains(&series), "{series}{text}");
    }
    assert!(!text.contains("sidegate_refusals_total{"), "{text}");
}

#[test]
fn a_log_of_refusals_has_what_was_observed() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream)
        .section("logs", "{ format: json, access: refusals }")
        .start();
    gateway.send(&Request::get("/users/5/good").token(&good()));
    gateway.get("/users/5/bad");
    let lines = gateway.access_lines(1);
    assert_eq!(lines[0]["path"], "/users/5/bad");
    assert_eq!(lines[0]["observed"], "missing_token");
}

fn observed_id(gateway: &Gateway, path: &str) -> String {
    let line = gateway.access_line(path);
    line["decision"].as_str().expect("an id").to_owned()
}

#[test]
fn the_id_of_an_observed_request_tells_what_it_would_have_been() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let expired = token::expired("5");
    gateway.send(&Request::get("/users/5").token(&expired));
    let id = observed_id(&gateway, "/users/5");
    let told = gateway.ask(&format!("/explain/{id}")).json();
    assert_eq!(
        told["verdict"],
        json!({ "forwarded": { "upstream": "api" } })
    );
    assert_eq!(
        told["observed"],
        json!({ "status": 401, "code": "expired_token", "reason": "the token has expired" })
    );
    assert_eq!(told["route"]["mode"], "observe");
    assert_eq!(told["token"], "not accepted");
    let checks = told["token_details"]["checks"].as_array().expect("checks");
    let exp = checks.iter().find(|check| check["name"] == "exp");
    assert_eq!(exp.expect("exp")["result"], "fails");
    let admin = gateway.admin.to_string();
    let ended = ended(gateway.setup(), &["explain", &id, "--admin", &admin]);
    let line =
        "observed   not enforced: would have been 401 expired_token: the token has expired\n";
    assert!(ended.answer.contains(line), "{ended:?}");
    assert!(
        ended.answer.contains("access: required, mode: observe\n"),
        "{ended:?}"
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn an_observed_request_that_its_upstream_fails_is_told_as_both() {
    let upstream = Upstream::answering(|_, _| After::Close);
    let gateway = setup(&upstream).start();
    let response = gateway.get("/users/5");
    assert_eq!(response.status, 502);
    let line = gateway.access_line("/users/5");
    assert_eq!(line["outcome"], "upstream_closed");
    assert_eq!(line["observed"], "missing_token");
    let id = observed_id(&gateway, "/users/5");
    let told = gateway.ask(&format!("/explain/{id}")).json();
    assert_eq!(told["verdict"]["refused"]["code"], "upstream_closed");
    assert_eq!(told["observed"]["code"], "missing_token");
}

#[test]
fn the_same_is_told_without_a_gateway() {
    let setup = setup(&Upstream::start());
    setup.write();
    let anonymous = ended(&setup, &["explain", "GET", "/users/5"]);
    assert_eq!(anonymous.code, Some(0), "{anonymous:?}");
    assert!(
        anonymous
            .answer
            .contains("observed   not enforced: would have been 401 missing_token"),
        "{anonymous:?}"
    );
    assert!(
        anonymous.answer.ends_with("verdict    forwarded to api\n"),
        "{anonymous:?}"
    );
    let arguments = ["explain", "GET", "/users/6", "--token", "-", "--json"];
    let other = ended_with(&setup, &arguments, &good());
    let told: Value = serde_json::from_str(&other.answer).expect("JSON");
    assert_eq!(told["observed"]["code"], "not_the_subject");
    assert_eq!(told["token"], "valid");
    assert_eq!(told["headers"], json!(["x-user-id"]));
    assert_eq!(told["checks"][0]["result"], "fails");
    let expired = ended_with(
        &setup,
        &["explain", "GET", "/users/5", "--token", "-", "--json"],
        &token::expired("5"),
    );
    let told: Value = serde_json::from_str(&expired.answer).expect("JSON");
    assert_eq!(told["observed"]["code"], "expired_token");
    assert_eq!(
        (&told["token"], &told["headers"]),
        (&json!("not accepted"), &json!([]))
    );
}
