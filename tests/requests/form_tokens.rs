//! Tokens for forms: what a page brings besides the cookies that a browser adds by itself.

use serde_json::json;

use crate::{
    accounts::pair,
    harness::{
        Gateway, Request, Response, Setup, Upstream, own_tables::OwnTables, users::PASSWORD,
    },
};

const COOKIES: &str = "
access: { name: __Host-access }
refresh: { name: __Host-refresh }
csrf: { secret: form-token-secret-of-the-tests-0123456789 }";

const ACCOUNTS: &str = "
- { action: login, match: POST /auth/token/pair, dialect: pair, cookies: [access, refresh] }
- { action: refresh, match: POST /auth/token/refresh, dialect: pair, cookies: [access], token_from: cookie }";

const ROUTES: &str = r#"
- { match: "/silent/**", access: required, token_from: { cookie: __Host-access }, csrf: { without_origin: token } }
- { match: "/both/**", access: required, token_from: { cookie: __Host-access }, csrf: { form_token: required } }
- { match: "/renewed/**", access: required, token_from: { cookie: __Host-access, renewed_by: refresh_cookie }, csrf: { form_token: required } }
- { match: "/plain/**", access: required, token_from: { cookie: __Host-access } }
- { match: "/**", access: required }"#;

fn setup() -> Setup {
    Gateway::before(&Upstream::start())
        .section("refusals", "problem")
        .section("cookies", COOKIES)
        .section("accounts", ACCOUNTS)
        .routes(ROUTES)
}

/// What a browser has after a login.
struct Browser {
    access: String,
    refresh: String,
    token: String,
}

/// The value of a cookie that an answer sets.
fn cookie<'a>(response: &'a Response, name: &str) -> &'a str {
    let fields = response.values("set-cookie").into_iter();
    let mut values = fields.filter_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let value = values.next().unwrap_or_else(|| panic!("no {name}"));
    value.split(';').next().expect("a value")
}

fn logged_in(gateway: &Gateway, email: &str) -> Browser {
    let response = gateway.send(&pair(email, PASSWORD));
    assert_eq!(response.status, 200, "{}", response.text());
    Browser {
        access: cookie(&response, "__Host-access").to_owned(),
        refresh: cookie(&response, "__Host-refresh").to_owned(),
        token: cookie(&response, "__Host-csrf").to_owned(),
    }
}

impl Browser {
    fn post(&self, path: &str) -> Request {
        let Self {
            access,
            refresh,
            token,
        } = self;
        let cookies =
            format!("__Host-access={access}; __Host-refresh={refresh}; __Host-csrf={token}");
        Request::post(path).header("Cookie", &cookies)
    }
}

#[track_caller]
fn assert_refused(response: &Response) {
    assert_eq!(response.status, 403, "{}", response.text());
    assert_eq!(response.json()["type"], "urn:sidegate:csrf");
}

#[test]
fn a_login_gives_pages_a_token_that_scripts_can_read() {
    let gateway = setup().start();
    let response = gateway.send(&pair("active@example.com", PASSWORD));
    let fields = response.values("set-cookie");
    let field = fields.last().expect("a cookie");
    let token = cookie(&response, "__Host-csrf");
    assert_eq!(token.len(), 43);
    let age = 60 * 24 * 60 * 60;
    let ages: Vec<String> = (age - 60..=age)
        .map(|age| format!("__Host-csrf={token}; Max-Age={age}; Path=/; Secure; SameSite=Strict"))
        .collect();
    assert!(ages.iter().any(|expected| expected == field), "{field}");
}

/// The same where each login is a session of its own.
fn with_sessions() -> Setup {
    let tokens = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id}", jti: "{token.id}" } }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.id}", jti: "{token.id}" } }"#;
    let logout = "- { action: logout, match: POST /auth/logout, cookies: [access, refresh], token_from: cookie }";
    setup()
        .section("state", &OwnTables::Sqlite.section(""))
        .section("tokens", tokens)
        .section("accounts", &format!("{ACCOUNTS}\n{logout}"))
}

#[test]
fn a_logout_takes_the_token_away() {
    let gateway = with_sessions().start();
    let browser = logged_in(&gateway, "active@example.com");
    let leaves = browser
        .post("/auth/logout")
        .header("Origin", "http://gateway.test");
    let response = gateway.send(&leaves);
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(cookie(&response, "__Host-csrf"), "");
}

#[test]
fn a_request_that_says_nothing_of_its_page_may_bring_the_token_instead() {
    let gateway = setup().start();
    let browser = logged_in(&gateway, "active@example.com");
    let bare = || browser.post("/silent/a");
    assert_refused(&gateway.send(&bare()));
    let with = bare().header("X-CSRF-Token", &browser.token);
    assert_eq!(gateway.send(&with).status, 200);
    assert_refused(&gateway.send(&bare().header("X-CSRF-Token", "guessed")));
    // Who says where the page is from is believed, for better or worse.
    let own = bare().header("Sec-Fetch-Site", "same-origin");
    assert_eq!(gateway.send(&own).status, 200);
    let evil = bare().header("X-CSRF-Token", &browser.token);
    assert_refused(&gateway.send(&evil.header("Origin", "https://evil.test")));
    // Routes that do not want it are as they were.
    let plain = browser
        .post("/plain/a")
        .header("X-CSRF-Token", &browser.token);
    assert_refused(&gateway.send(&plain));
}

#[test]
fn a_route_may_want_the_token_besides_what_the_browser_says() {
    let gateway = setup().start();
    let browser = logged_in(&gateway, "active@example.com");
    let own = || {
        browser
            .post("/both/a")
            .header("Sec-Fetch-Site", "same-origin")
    };
    assert_refused(&gateway.send(&own()));
    let with = own().header("X-CSRF-Token", &browser.token);
    assert_eq!(gateway.send(&with).status, 200);
    let evil = browser
        .post("/both/a")
        .header("X-CSRF-Token", &browser.token);
    assert_refused(&gateway.send(&evil.header("Sec-Fetch-Site", "cross-site")));
    // Nothing is asked of what changes nothing, and of a program that brings the token itself.
    let get =
        Request::get("/both/a").header("Cookie", &format!("__Host-access={}", browser.access));
    assert_eq!(gateway.send(&get).status, 200);
    let program = Request::post("/both/a").token(&browser.access);
    assert_eq!(gateway.send(&program).status, 200);
    let line = gateway.access_lines(5).into_iter().nth(1);
    let reason = line.expect("a line")["reason"].to_string();
    assert!(reason.contains("brings no token for forms"), "{reason}");
}

#[test]
fn a_token_that_somebody_has_planted_is_worth_nothing_in_another_session() {
    let gateway = with_sessions().start();
    let mine = logged_in(&gateway, "active@example.com");
    let theirs = logged_in(&gateway, "active@example.com");
    assert_ne!(mine.token, theirs.token);
    let planted = Browser {
        token: theirs.token.clone(),
        ..mine
    };
    let request = planted
        .post("/both/a")
        .header("Sec-Fetch-Site", "same-origin");
    assert_refused(&gateway.send(&request.header("X-CSRF-Token", &theirs.token)));
}

#[test]
fn a_request_that_is_renewed_is_judged_by_the_cookies_that_it_came_with() {
    let gateway = setup().start();
    let browser = logged_in(&gateway, "active@example.com");
    let cookies = format!(
        "__Host-refresh={}; __Host-csrf={}",
        browser.refresh, browser.token
    );
    let bare = || {
        let request = Request::post("/renewed/a").header("Cookie", &cookies);
        request.header("Sec-Fetch-Site", "same-origin")
    };
    assert_refused(&gateway.send(&bare()));
    let response = gateway.send(&bare().header("X-CSRF-Token", &browser.token));
    assert_eq!(response.status, 200, "{}", response.text());
    let renewed = Browser {
        access: cookie(&response, "__Host-access").to_owned(),
        token: cookie(&response, "__Host-csrf").to_owned(),
        ..browser
    };
    let request = renewed
        .post("/both/a")
        .header("Sec-Fetch-Site", "same-origin");
    let request = request.header("X-CSRF-Token", &renewed.token);
    assert_eq!(gateway.send(&request).status, 200);
}

#[test]
fn a_program_that_brings_its_credentials_needs_no_token_for_forms() {
    let setup = setup().section("csrf", "{ form_token: required, without_origin: token }");
    let gateway = setup.start();
    let browser = logged_in(&gateway, "active@example.com");
    let body = json!({ "token": browser.refresh });
    let response = gateway.send(&Request::post("/auth/token/refresh").json(&body));
    assert_eq!(response.status, 200);
    // One whose token is a cookie's does.
    let bare = || {
        browser
            .post("/auth/token/refresh")
            .header("Sec-Fetch-Site", "same-origin")
    };
    assert_refused(&gateway.send(&bare().body("")));
    let with = bare().header("X-CSRF-Token", &browser.token);
    assert_eq!(gateway.send(&with.body("")).status, 200);
}

/// What a form of the page sends, which has no script.
fn form(browser: &Browser, path: &str, token: &str) -> Request {
    let request = browser.post(path).header("Sec-Fetch-Site", "same-origin");
    let kind = "application/x-www-form-urlencoded";
    let body = format!("remember=no&csrf_token={token}");
    request.header("Content-Type", kind).body(body)
}

#[test]
fn a_form_of_an_account_may_have_the_token_in_a_field() {
    let setup = with_sessions().section("csrf", "{ form_token: required, without_origin: token }");
    let gateway = setup.start();
    let (mine, theirs) = (
        logged_in(&gateway, "active@example.com"),
        logged_in(&gateway, "active@example.com"),
    );
    let refresh = "/auth/token/refresh";
    for wrong in ["", "guessed", &theirs.token] {
        assert_refused(&gateway.send(&form(&mine, refresh, wrong)));
    }
    assert_eq!(gateway.send(&form(&mine, refresh, &mine.token)).status, 200);
    let evil = form(&mine, refresh, &mine.token).header("Origin", "https://evil.test");
    assert_eq!(gateway.send(&evil).status, 200, "it says same-origin, too");
    let silent = mine
        .post(refresh)
        .header("Content-Type", "multipart/form-data; boundary=b");
    let part = format!(
        "--b\r\nContent-Disposition: form-data; name=\"csrf_token\"\r\n\r\n{}\r\n--b--\r\n",
        mine.token
    );
    assert_eq!(gateway.send(&silent.body(part)).status, 200);
    // Of two that differ nobody knows which is meant, and the header is what counts where it is there.
    let twice = format!("{}&csrf_token={}", mine.token, theirs.token);
    assert_refused(&gateway.send(&form(&mine, refresh, &twice)));
    let header = form(&mine, refresh, &mine.token).header("X-CSRF-Token", &theirs.token);
    assert_refused(&gateway.send(&header));
    let leaves = gateway.send(&form(&mine, "/auth/logout", &mine.token));
    assert_eq!(leaves.status, 200, "{}", leaves.text());
    assert_eq!(
        gateway.send(&form(&theirs, refresh, &theirs.token)).status,
        200
    );
}

#[test]
fn a_page_of_another_site_is_refused_whatever_its_form_has() {
    let gateway = setup().section("csrf", "{ form_token: required }").start();
    let browser = logged_in(&gateway, "active@example.com");
    let evil = browser.post("/auth/token/refresh");
    let evil = evil.header("Sec-Fetch-Site", "cross-site");
    let evil = evil.header("Content-Type", "application/x-www-form-urlencoded");
    assert_refused(&gateway.send(&evil.body(format!("csrf_token={}", browser.token))));
}

#[test]
fn the_form_of_a_route_that_is_forwarded_is_not_read() {
    let gateway = setup().start();
    let browser = logged_in(&gateway, "active@example.com");
    assert_refused(&gateway.send(&form(&browser, "/both/a", &browser.token)));
}
