//! What the logs say, and what they never say.

use serde_json::json;

use crate::harness::{
    Gateway, Request, Upstream,
    token::{self, ACCESS_SECRET, REFRESH_SECRET},
    users::PASSWORD,
};

#[test]
fn every_request_has_one_line() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let requests = [
        Request::get("/public/a"),
        Request::get("/guarded"),
        Request::get("/guarded").token("x"),
        Request::get("/items").token(&token::access("7")),
        Request::get("/a//b"),
        Request::post("/auth/token/pair")
            .json(&json!({ "email": "active@example.com", "password": PASSWORD })),
        Request::post("/auth/token/pair")
            .json(&json!({ "email": "active@example.com", "password": "x" })),
        Request::get("/public/last"),
    ];
    for request in &requests {
        gateway.send(request);
    }
    gateway.access_line("/public/last");
    let lines = gateway.access_lines(requests.len());
    assert_eq!(lines.len(), requests.len());
    let statuses: Vec<i64> = lines
        .iter()
        .filter_map(|line| line["status"].as_i64())
        .collect();
    assert_eq!(statuses, [200, 401, 401, 200, 400, 200, 401, 200]);
}

#[test]
fn a_line_says_what_came_of_a_request() {
    let gateway = Gateway::before(&Upstream::start()).start();
    gateway.send(
        &Request::post("/users/7/posts?page=2")
            .token(&token::access("7"))
            .body("x"),
    );
    let line = gateway.access_line("/users/7/posts");
    for (name, value) in [
        ("method", json!("POST")),
        ("status", json!(200)),
        ("route", json!("/users/{user_id}/**")),
        ("outcome", json!("forwarded")),
        ("subject", json!("7")),
        ("client", json!("127.0.0.1")),
        ("bytes", json!(19)),
    ] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    for name in ["time_us", "upstream_us"] {
        assert!(line[name].is_u64(), "{name} in {line}");
    }
    assert!(line.get("reason").is_none());
}

/// A key is shown by its name only, and a value that must not be shown never.
#[test]
fn no_secret_is_ever_written() {
    let gateway = Gateway::before(&Upstream::start())
        .section("logs", "{ format: json, level: debug }")
        .section("identity", "{ subject: email }")
        .start();
    let claims = json!({ "exp": token::now() + 60, "email": "person@private.example" });
    let (good, expired) = (
        token::signed(&claims),
        token::signed(&json!({ "exp": 1, "email": "old@private.example" })),
    );
    let login = |password: &str| json!({ "email": "active@example.com", "password": password });
    for request in [
        Request::get("/items?key=query-secret").token(&good),
        Request::get("/items?key=query-secret").token(&expired),
        Request::get("/items").token("header.payload.garbage-token"),
        Request::get("/items").header("Authorization", "Basic basic-secret"),
        Request::get("/items")
            .header("Cookie", "session=cookie-secret")
            .token(&good),
        Request::get("/public/a//b?key=query-secret"),
        Request::post("/auth/token/pair").json(&login(PASSWORD)),
        Request::post("/auth/token/pair").json(&login("wrong-password")),
        Request::post("/auth/token/pair")
            .json(&json!({ "email": "not an address", "password": "wrong-password" })),
        Request::post("/login/access-token?email=active%40example.com&password=query-password"),
        Request::post("/auth/token/refresh").json(&json!({ "token": good })),
        Request::post("/public/a").body("body-secret"),
        Request::get("/public/last"),
    ] {
        gateway.send(&request);
    }
    gateway.access_line("/public/last");
    let said = gateway.said();
    for secret in [
        ACCESS_SECRET,
        REFRESH_SECRET,
        good.as_str(),
        expired.as_str(),
        good.rsplit('.').next().expect("a signature"),
        "garbage-token",
        "basic-secret",
        "cookie-secret",
        "query-secret",
        "query-password",
        "body-secret",
        PASSWORD,
        "wrong-password",
        "private.example",
        "active@example.com",
        "active%40example.com",
        "$2b$",
    ] {
        assert!(!said.contains(secret), "{secret} in:\n{said}");
    }
}

#[test]
fn a_subject_that_may_be_an_address_is_shown_as_a_hash() {
    let gateway = Gateway::before(&Upstream::start())
        .section("identity", "{ subject: email }")
        .start();
    for (path, address) in [
        ("/1", "a@example.com"),
        ("/2", "b@example.com"),
        ("/3", "a@example.com"),
    ] {
        let claims = json!({ "exp": token::now() + 60, "email": address });
        assert_eq!(
            gateway
                .send(&Request::get(path).token(&token::signed(&claims)))
                .status,
            200
        );
    }
    let subject = |path: &str| {
        gateway.access_line(path)["subject"]
            .as_str()
            .map(str::to_owned)
    };
    assert!(subject("/1").is_some_and(|subject| subject.starts_with('#')));
    assert_eq!(subject("/1"), subject("/3"));
    assert_ne!(subject("/1"), subject("/2"));
}

#[test]
fn a_log_of_refusals_has_no_other_line() {
    let gateway = Gateway::before(&Upstream::start())
        .section("logs", "{ format: json, access: refusals }")
        .start();
    gateway.get("/public/a");
    gateway.get("/guarded");
    gateway.get("/public/b");
    gateway.get("/a//b");
    gateway.access_line("/a//b");
    let paths: Vec<String> = gateway
        .access_lines(2)
        .iter()
        .map(|line| line["path"].to_string())
        .collect();
    assert_eq!(paths, [r#""/guarded""#, r#""/a//b""#]);
}

#[test]
fn a_login_says_in_the_log_why_it_was_refused() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let login = |email: &str| json!({ "email": email, "password": PASSWORD });
    gateway.send(&Request::post("/auth/token/pair").json(&login("banned@example.com")));
    let line = gateway.access_line("/auth/token/pair");
    assert_eq!(line["status"], 401);
    assert_ne!(line["outcome"], "forwarded", "{line}");
}
