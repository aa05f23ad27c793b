//! An expired access token and a good refresh token, both in cookies: the request goes on, and the answer has a new one.

use std::{collections::BTreeSet, thread};

use serde_json::json;

use crate::harness::{
    After, Gateway, Request, Response, Setup, Upstream,
    http2::Http2,
    token::{self, ACCESS_SECRET, REFRESH_SECRET},
};

const COOKIES: &str = "
access: { name: __Host-access }
refresh: { name: __Host-refresh }";

const GROUPS: &str = "
browsers: { access: required, token_from: { cookie: __Host-access, renewed_by: refresh_cookie } }";

const ROUTES: &str = r#"
- { match: "/page/**", group: browsers }
- { match: "/maybe/**", group: browsers, access: optional }
- { match: "/watched/**", group: browsers, mode: observe }
- { match: "/kept/**", group: browsers, token_from: { cookie: __Host-access, token_cookie: remove, renewed_by: refresh_cookie } }
- { match: "/users/{id}/**", group: browsers, require: { subject_is: id } }
- { match: "/ws/**", group: browsers }
- { match: "/plain/**", access: required, token_from: { cookie: __Host-access } }
- { match: "/**", access: required }"#;

fn setup(upstream: &Upstream) -> Setup {
    let tokens = format!(
        "
access: {{ algorithm: HS256, secret: \"{ACCESS_SECRET}\", lifetime: 15m, claims: {{ sub: \"{{user.id}}\", jti: \"{{token.id}}\" }} }}
refresh: {{ algorithm: HS256, secret: \"{REFRESH_SECRET}\", lifetime: 60d, claims: {{ sub: \"{{user.id}}\" }} }}"
    );
    Gateway::before(upstream)
        .section("refusals", "problem")
        .section("tokens", &tokens)
        .section("cookies", COOKIES)
        .section("groups", GROUPS)
        .routes(ROUTES)
}

fn refresh_token(subject: &str) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    token::with_header(&header, &token::claims(subject), REFRESH_SECRET)
}

fn with(request: Request, access: Option<&str>, refresh: &str) -> Request {
    let access = access.map(|token| format!("__Host-access={token}; "));
    let access = access.unwrap_or_default();
    let request = request.header("Sec-Fetch-Site", "same-origin");
    request.header("Cookie", &format!("a=b; {access}__Host-refresh={refresh}"))
}

/// The token that the answer sets, which has to be the only cookie of ours.
#[track_caller]
fn renewed(response: &Response) -> String {
    let fields = response.values("set-cookie");
    let ours: Vec<&&str> = fields
        .iter()
        .filter(|it| it.starts_with("__Host-"))
        .collect();
    assert_eq!(ours.len(), 1, "{} {fields:?}", response.status);
    let value = ours[0]
        .strip_prefix("__Host-access=")
        .expect("the access token");
    let (token, rest) = value.split_once("; ").expect("attributes");
    let rest = rest.replace("Max-Age=899", "Max-Age=900");
    assert_eq!(rest, "Max-Age=900; Path=/; Secure; HttpOnly; SameSite=Lax");
    token.to_owned()
}

#[track_caller]
fn assert_refused(response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    assert_eq!(response.json()["type"], format!("urn:sidegate:{code}"));
    assert_eq!(response.values("set-cookie"), [""; 0]);
}

#[test]
fn a_request_with_an_expired_token_goes_on_and_its_answer_has_a_new_one() {
    let upstream = Upstream::answering(|_, wire| {
        let headers = [
            "Set-Cookie: own=1; Path=/",
            "Cache-Control: public, max-age=60",
        ];
        wire.respond(200, &headers, b"hello")
    });
    let gateway = setup(&upstream).start();
    let refresh = refresh_token("1");
    for (path, access, cookie) in [
        (
            "/page/a",
            Some(token::expired("1")),
            "a=b; __Host-access=TOKEN",
        ),
        ("/page/b", None, "a=b; __Host-access=TOKEN"),
        (
            "/maybe/c",
            Some(token::expired("1")),
            "a=b; __Host-access=TOKEN",
        ),
        ("/maybe/d", None, "a=b; __Host-access=TOKEN"),
        ("/kept/e", Some(token::expired("1")), "a=b"),
    ] {
        let request = with(Request::get(path), access.as_deref(), &refresh);
        let response = gateway.send(&request);
        assert_eq!(
            (response.status, response.text()),
            (200, "hello".to_owned()),
            "{path}"
        );
        let token = renewed(&response);
        assert!(response.values("set-cookie").contains(&"own=1; Path=/"));
        assert_eq!(response.values("cache-control"), ["private, max-age=60"]);
        let seen = upstream.seen().pop().expect("a request");
        assert_eq!(seen.values("x-user-id"), ["1"], "{path}");
        assert_eq!(seen.values("cookie"), [cookie.replace("TOKEN", &token)]);
        let again = Request::get(path).header("Cookie", &format!("__Host-access={token}"));
        let again = gateway.send(&again);
        assert_eq!(again.status, 200);
        assert_eq!(again.values("set-cookie"), ["own=1; Path=/"]);
        let line = gateway.access_line(path);
        assert_eq!(line["subject"], "1", "{line}");
    }
}

#[test]
fn requests_that_come_at_once_have_one_new_token_between_them() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).section("cores", "2").start();
    let (expired, refresh) = (token::expired("1"), refresh_token("1"));
    let request = with(Request::get("/page/a"), Some(&expired), &refresh);
    let client = gateway.client();
    let sent: Vec<_> = (0..24)
        .map(|_| {
            let request = request.clone();
            thread::spawn(move || client.send(&request))
        })
        .collect();
    let answers = sent.into_iter().map(|it| it.join().expect("an answer"));
    let tokens: BTreeSet<String> = answers.map(|answer| renewed(&answer)).collect();
    assert_eq!(tokens.len(), 1);
    // Somebody else's is another.
    let other = with(Request::get("/page/a"), None, &refresh_token("4"));
    let answer = gateway.send(&other);
    assert!(!tokens.contains(&renewed(&answer)));
}

#[test]
fn a_refresh_token_that_is_good_for_nothing_leaves_the_refusal_as_it_was() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let expired = token::expired("1");
    let ended = {
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let claims = json!({ "sub": "1", "exp": token::now() - 10 });
        token::with_header(&header, &claims, REFRESH_SECRET)
    };
    // Banned, withdrawn, unknown, none of ours, an access token, expired.
    let bad = ["2", "3", "9999"].map(refresh_token);
    for refresh in bad
        .iter()
        .chain(&["garbage".to_owned(), token::access("1"), ended])
    {
        let page = with(Request::get("/page/a"), Some(&expired), refresh);
        assert_refused(&gateway.send(&page), 401, "expired_token");
        let page = with(Request::get("/page/a"), None, refresh);
        assert_refused(&gateway.send(&page), 401, "missing_token");
        let maybe = with(Request::get("/maybe/a"), Some(&expired), refresh);
        assert_refused(&gateway.send(&maybe), 401, "expired_token");
    }
    assert!(upstream.seen().is_empty());
    let nobody = with(Request::get("/maybe/a"), None, "garbage");
    assert_eq!(gateway.send(&nobody).status, 200);
    assert_eq!(upstream.only().values("x-user-id"), [""; 0]);
}

#[test]
fn nothing_else_than_an_expired_cookie_is_renewed() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let (expired, refresh) = (token::expired("1"), refresh_token("1"));
    let plain = with(Request::get("/plain/a"), Some(&expired), &refresh);
    assert_refused(&gateway.send(&plain), 401, "expired_token");
    let forged = token::with_header(
        &json!({ "alg": "HS256" }),
        &json!({ "sub": "1", "exp": 1 }),
        "another secret of whoever wants in",
    );
    for bad in ["garbage", "", &forged] {
        let page = with(Request::get("/page/a"), Some(bad), &refresh);
        assert_refused(&gateway.send(&page), 401, "invalid_token");
    }
    let header = with(Request::get("/page/a"), None, &refresh).token(&expired);
    assert_refused(&gateway.send(&header), 401, "expired_token");
    let twice = with(Request::get("/page/a"), None, &refresh);
    let twice = twice.header("Cookie", &format!("__Host-refresh={}", refresh_token("4")));
    assert_refused(&gateway.send(&twice), 400, "conflicting_tokens");
    assert!(upstream.seen().is_empty());
}

#[test]
fn no_foreign_page_has_a_token_renewed() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let cookie = format!("__Host-refresh={}", refresh_token("1"));
    let foreign = |request: Request| {
        let request = request.header("Cookie", &cookie);
        gateway.send(&request.header("Origin", "https://evil.test"))
    };
    assert_refused(&foreign(Request::post("/page/a")), 403, "csrf");
    let socket = Request::get("/ws/a")
        .header("Connection", "upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    assert_refused(&foreign(socket), 403, "bad_origin");
    assert!(upstream.seen().is_empty());
    // It changes nothing, and is sent with every link.
    assert_eq!(foreign(Request::get("/page/a")).status, 200);
}

#[test]
fn the_new_token_comes_whatever_becomes_of_the_request() {
    let upstream = Upstream::answering(|seen, wire| {
        if seen.request_line().contains("/broken") {
            return After::Close;
        }
        wire.send(b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
        After::Close
    });
    let gateway = setup(&upstream).start();
    let send = |path: &str, subject: &str| {
        let request = with(
            Request::post(path),
            Some(&token::expired("1")),
            &refresh_token(subject),
        );
        gateway.send(&request.body("x"))
    };
    let stream = send("/page/a", "1");
    assert_eq!((stream.status, stream.text()), (500, "hi".to_owned()));
    renewed(&stream);
    let broken = send("/page/broken", "1");
    assert_eq!(broken.status, 502);
    renewed(&broken);
    let forbidden = send("/users/4/a", "1");
    assert_eq!(forbidden.status, 403);
    renewed(&forbidden);
    assert_eq!(forbidden.values("cache-control"), ["no-store"]);
}

#[test]
fn an_outage_of_the_users_is_503_and_no_bad_token() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let users = gateway.setup().users();
    users.execute("ALTER TABLE user RENAME TO away");
    let page = |path| {
        with(
            Request::get(path),
            Some(&token::expired("1")),
            &refresh_token("1"),
        )
    };
    let away = gateway.send(&page("/page/a"));
    assert_refused(&away, 503, "users_misconfigured");
    assert!(away.header("retry-after").is_some());
    assert!(upstream.seen().is_empty());
    // A route that is only observed depends on no database.
    assert_eq!(gateway.send(&page("/watched/a")).status, 200);
    let line = gateway.access_line("/watched/a");
    assert_eq!(line["observed"], "users_misconfigured", "{line}");
    assert_eq!(upstream.only().values("x-user-id"), [""; 0]);
    users.execute("ALTER TABLE away RENAME TO user");
    renewed(&gateway.send(&page("/page/a")));
    let good =
        Request::get("/page/a").header("Cookie", &format!("__Host-access={}", token::access("1")));
    assert_eq!(gateway.send(&good).status, 200);
}

#[test]
fn http2_has_new_tokens_too() {
    let upstream = Upstream::start();
    let gateway = setup(&upstream).start();
    let request = Http2::request("GET", "/page/a")
        .header("cookie", "a=b")
        .header("cookie", format!("__Host-access={}", token::expired("1")))
        .header("cookie", format!("__Host-refresh={}", refresh_token("1")));
    let answer = Http2::connect(gateway.address).send(request, b"");
    assert_eq!(answer.status, 200);
    let field = answer.headers["set-cookie"].to_str().expect("a text");
    assert!(field.starts_with("__Host-access=eyJ"), "{field}");
    assert_eq!(upstream.only().values("x-user-id"), ["1"]);
}
