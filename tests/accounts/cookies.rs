//! Tokens as cookies: set, read, and whose pages may.

use serde_json::json;

use super::{pair, refresh_token, verify};
use crate::harness::{
    Gateway, Request, Response, Setup, Upstream,
    http2::Http2,
    token::{self, ACCESS_SECRET, REFRESH_SECRET},
    users::PASSWORD,
};

const COOKIES: &str = "
access: { name: __Host-access }
refresh: { name: __Secure-refresh, path: /auth/token, same_site: strict }";

const ACCOUNTS: &str = "
- { action: login, match: POST /auth/token/pair, dialect: pair, cookies: [access, refresh] }
- { action: login, match: POST /quiet, dialect: quiet, cookies: [refresh, access] }
- { action: refresh, match: POST /auth/token/refresh, dialect: pair, cookies: [access], token_from: cookie }
- { action: refresh, match: POST /body/refresh, dialect: pair, cookies: [access, refresh] }
- { action: verify, match: POST /auth/token/verify, dialect: pair, token_from: cookie }";

const QUIET: &str = r#"
login:
  request: { from: json, fields: { login: { name: email }, password: { name: password } }, invalid: refused }
  granted: { status: 200, body: { hello: "{user.id}" } }
  refused: { status: 401, body: { no: true } }"#;

const ROUTES: &str = r#"
- { match: "/kept/**", access: required, token_from: { cookie: __Host-access } }
- { match: "/taken/**", access: required, token_from: { cookie: __Host-access, token_cookie: remove } }
- { match: "/public/**", access: public }
- { match: "/**", access: required }"#;

fn setup(upstream: &Upstream) -> Setup {
    Gateway::before(upstream)
        .section("cookies", COOKIES)
        .section("accounts", ACCOUNTS)
        .section("dialects", "{ quiet: quiet.yaml }")
        .file("quiet.yaml", QUIET)
        .routes(ROUTES)
}

fn gateway() -> Gateway {
    setup(&Upstream::start()).start()
}

fn login(path: &str) -> Request {
    Request::post(path).json(&json!({ "email": "active@example.com", "password": PASSWORD }))
}

/// What stands between the first `=` and the first `;` of a cookie that was set.
fn value(field: &str) -> &str {
    let value = field.split_once('=').expect("a cookie").1;
    value.split(';').next().expect("a value")
}

/// What the cookies say, with their values and times out of the way.
fn shapes(response: &Response) -> Vec<String> {
    let fields = response.values("set-cookie").into_iter();
    fields
        .map(|field| {
            let (age, _) = field
                .split_once("Max-Age=")
                .expect("a time")
                .1
                .split_once(';')
                .expect("more");
            field.replacen(value(field), "-", 1).replacen(age, "-", 1)
        })
        .collect()
}

/// How long a cookie is kept.
fn age(field: &str) -> u64 {
    let age = field.split_once("Max-Age=").expect("a time").1;
    age.split(';')
        .next()
        .expect("a time")
        .parse()
        .expect("seconds")
}

#[test]
fn a_login_sets_its_tokens_as_cookies_beside_the_body_of_its_dialect() {
    let gateway = gateway();
    let response = gateway.send(&pair("active@example.com", PASSWORD));
    assert_eq!(response.status, 200);
    assert_eq!(
        shapes(&response),
        [
            "__Host-access=-; Max-Age=-; Path=/; Secure; HttpOnly; SameSite=Lax",
            "__Secure-refresh=-; Max-Age=-; Path=/auth/token; Secure; HttpOnly; SameSite=Strict",
        ]
    );
    let fields = response.values("set-cookie");
    let body = response.json();
    assert_eq!(value(fields[0]), body["access_token"]);
    assert_eq!(value(fields[1]), body["refresh_token"]);
    let day = 24 * 60 * 60;
    assert!((30 * day - 60..=30 * day).contains(&age(fields[0])));
    assert!((60 * day - 60..=60 * day).contains(&age(fields[1])));
    assert_eq!(response.values("cache-control"), ["no-store"]);
    for refused in [
        pair("active@example.com", "wrong"),
        pair("banned@example.com", PASSWORD),
    ] {
        let refused = gateway.send(&refused);
        assert_eq!(refused.values("set-cookie"), [""; 0], "{}", refused.status);
    }
}

#[test]
fn a_dialect_that_names_no_token_gives_them_to_browsers_alone() {
    let gateway = gateway();
    let response = gateway.send(&login("/quiet"));
    assert_eq!(response.json(), json!({ "hello": 1 }));
    let fields = response.values("set-cookie");
    assert!(fields[0].starts_with("__Secure-refresh=eyJ"));
    let cookie = format!("__Host-access={}", value(fields[1]));
    let guarded = Request::get("/kept/a").header("Cookie", &cookie);
    assert_eq!(gateway.send(&guarded).status, 200);
}

#[test]
fn a_refresh_has_its_token_from_the_cookie_or_as_its_dialect_says() {
    let gateway = gateway();
    let token = refresh_token("1");
    let cookie = format!("x=y; __Secure-refresh={token}");
    let bare = || {
        Request::post("/auth/token/refresh")
            .header("Sec-Fetch-Site", "same-origin")
            .header("Cookie", &cookie)
    };
    let answer = gateway.send(&bare().body(""));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["refresh_token"], token);
    assert_eq!(
        shapes(&answer),
        ["__Host-access=-; Max-Age=-; Path=/; Secure; HttpOnly; SameSite=Lax"]
    );
    let body = |token: &str| json!({ "token": token });
    assert_eq!(gateway.send(&bare().json(&body(&token))).status, 200);
    let other = refresh_token("4");
    assert_eq!(gateway.send(&bare().json(&body(&other))).status, 401);
    let twice = bare().header("Cookie", &format!("__Secure-refresh={other}"));
    assert_eq!(gateway.send(&twice.body("")).status, 400);
    for bad in ["", "garbage", &token::access("1")] {
        let cookie = format!("__Secure-refresh={bad}");
        let request = Request::post("/auth/token/refresh")
            .header("Sec-Fetch-Site", "same-origin")
            .header("Cookie", &cookie);
        let answer = gateway.send(&request.body(""));
        assert_eq!(answer.status, 401, "{bad}: {}", answer.text());
        assert_eq!(answer.values("set-cookie"), [""; 0]);
    }
    let without = Request::post("/auth/token/refresh").json(&body(&token));
    assert_eq!(gateway.send(&without).status, 200);
    // This one reads none, and a program needs no origin to bring its own along.
    let elsewhere = Request::post("/body/refresh").json(&body(&token));
    let answer = gateway.send(&elsewhere.header("Cookie", &format!("__Secure-refresh={other}")));
    assert_eq!(answer.json()["refresh_token"], token);
    assert_eq!(value(answer.values("set-cookie")[1]), token);
    assert!(age(answer.values("set-cookie")[1]) <= 3600);
}

#[test]
fn a_verify_has_its_token_from_the_cookie() {
    let gateway = gateway();
    let ask = |token: &str| {
        let request = Request::post("/auth/token/verify")
            .header("Origin", "https://gateway.test")
            .header("Cookie", &format!("__Host-access={token}"));
        gateway.send(&request.body("")).json()["bool"].clone()
    };
    assert_eq!(ask(&token::access("1")), true);
    assert_eq!(ask(&token::access("2")), false);
    assert_eq!(ask("garbage"), false);
    assert_eq!(
        gateway.send(&verify(&token::access("1"))).json()["bool"],
        true
    );
}

#[test]
fn no_foreign_page_refreshes_or_logs_a_browser_in() {
    let gateway = gateway();
    let cookie = format!("__Secure-refresh={}", refresh_token("1"));
    let foreign = |request: Request| request.header("Sec-Fetch-Site", "cross-site");
    let refresh = || Request::post("/auth/token/refresh").header("Cookie", &cookie);
    for refused in [
        foreign(refresh()),
        refresh(),
        refresh().header("Origin", "https://evil.test"),
        foreign(pair("active@example.com", PASSWORD)),
        pair("active@example.com", PASSWORD).header("Origin", "https://evil.test"),
        foreign(Request::post("/body/refresh").json(&json!({ "token": refresh_token("1") }))),
    ] {
        let answer = gateway.send(&refused);
        assert_eq!(answer.status, 403, "{refused:?}: {}", answer.text());
        assert_eq!(answer.values("set-cookie"), [""; 0]);
    }
    let own = refresh().header("Origin", "https://gateway.test").body("");
    assert_eq!(gateway.send(&own).status, 200);
    // It neither reads a cookie nor sets one.
    let bare = Gateway::before(&Upstream::start()).start();
    assert_eq!(
        bare.send(&foreign(pair("active@example.com", PASSWORD)))
            .status,
        200
    );
}

#[test]
fn a_refresh_token_never_reaches_an_upstream_and_an_access_token_where_it_should() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let access = token::access("5");
    let cookies = format!("a=b; __Secure-refresh=secret; __Host-access={access}; c=d");
    for (path, expected) in [
        ("/kept/a", format!("a=b; __Host-access={access}; c=d")),
        ("/taken/a", "a=b; c=d".to_owned()),
        ("/public/a", format!("a=b; __Host-access={access}; c=d")),
    ] {
        let request = Request::get(path).header("Cookie", &cookies);
        assert_eq!(gateway.send(&request).status, 200);
        let seen = upstream.seen();
        let seen = seen.last().expect("a request");
        assert_eq!(seen.values("cookie"), [expected], "{path}");
    }
    let only = Request::get("/public/b").header("Cookie", "__Secure-refresh=secret");
    assert_eq!(gateway.send(&only).status, 200);
    assert_eq!(
        upstream.seen().last().expect("a request").values("cookie"),
        [""; 0]
    );
    let split = Http2::request("GET", "/taken/b")
        .header("cookie", "a=b")
        .header("cookie", "__Secure-refresh=secret")
        .header("cookie", format!("__Host-access={access}"));
    assert_eq!(Http2::connect(gateway.address).send(split, b"").status, 200);
    assert_eq!(
        upstream.seen().last().expect("a request").values("cookie"),
        ["a=b"]
    );
}

#[test]
fn a_token_that_no_browser_would_keep_is_an_error_that_says_so() {
    let long = "x".repeat(3200);
    let tokens = format!(
        "
access: {{ algorithm: HS256, secret: \"{ACCESS_SECRET}\", lifetime: 30d, claims: {{ sub: \"{{user.id}}\", long: {long} }} }}
refresh: {{ algorithm: HS256, secret: \"{REFRESH_SECRET}\", lifetime: 60d, claims: {{ sub: \"{{user.id}}\" }} }}"
    );
    let gateway = setup(&Upstream::start()).section("tokens", &tokens).start();
    let answer = gateway.send(&pair("active@example.com", PASSWORD));
    assert_eq!(answer.status, 500);
    assert_eq!(answer.values("set-cookie"), [""; 0]);
    let line = gateway.access_line("/auth/token/pair");
    assert_eq!(line["outcome"], "cookie_too_large");
    let reason = line["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("__Host-access") && reason.contains("4096"),
        "{reason}"
    );
}
