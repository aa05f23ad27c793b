//! The login page and the logout.

use super::{
    browser::{Browser, Form},
    logged_in, pages,
};
use crate::harness::{Request, users::PASSWORD};

#[test]
fn a_login_on_a_page_sets_the_cookies_and_goes_on() {
    let gateway = pages().start();
    let mut browser = Browser::new(&gateway);
    let first = browser.get("/account/profile");
    assert_eq!(first.status, 303);
    assert_eq!(
        first.header("location"),
        Some("/account/login?next=/account/profile")
    );
    let shown = browser.get("/account/login?next=/account/profile");
    assert_eq!(shown.status, 200);
    assert!(
        shown.text().contains("<html lang=\"en\">"),
        "{}",
        shown.text()
    );
    browser.log_in("active");
    let answer = browser.get("/account/login?next=/orders");
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/orders"))
    );
    let profile = browser.get("/account/profile");
    assert_eq!(profile.status, 200);
    assert!(
        profile.text().contains("active@example.com"),
        "{}",
        profile.text()
    );
    assert_eq!(
        gateway.get("/account").header("location"),
        Some("/account/profile")
    );
}

#[test]
fn the_cookies_of_a_page_are_those_of_account_routes_and_guard_what_is_forwarded() {
    let routes = r#"[{ match: "/**", access: required, token_from: { cookie: __Host-access } }]"#;
    let gateway = pages().routes(routes).start();
    let mut browser = Browser::new(&gateway);
    browser.log_in("active");
    let form = browser.form("/account/profile", "/account/logout");
    let fields: Vec<&String> = browser.cookies.keys().collect();
    assert_eq!(fields, ["__Host-access", "__Host-csrf", "__Host-refresh"]);
    assert_eq!(browser.get("/orders").status, 200);
    let before = browser.cookies.clone();
    let answer = browser.submit(&form);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/account/logged-out"))
    );
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(browser.get("/account/logged-out").status, 200);
    // The session has ended, whoever has copied the cookies.
    browser.cookies = before;
    assert_eq!(browser.get("/orders").status, 401);
    assert_eq!(browser.get("/account/profile").status, 303);
}

#[test]
fn a_login_sets_cookies_that_scripts_and_other_sites_do_not_get() {
    let gateway = pages().start();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    let form = browser.form("/account/login", "/account/login");
    let form = form
        .with("login", "active@example.com")
        .with("password", PASSWORD);
    let answer = browser.submit(&form);
    assert_eq!(answer.header("location"), Some("/account/profile"));
    for field in answer.values("set-cookie").iter().take(2) {
        assert!(
            field.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
            "{field}"
        );
    }
}

#[test]
fn wrong_credentials_are_the_same_page_whoever_exists() {
    let gateway = pages().start();
    logged_in(&gateway, "active");
    let mut seen = Vec::new();
    for name in ["active", "passwordless", "banned", "nobody"] {
        let mut browser = Browser::new(&gateway);
        let form = browser.form("/account/login", "/account/login");
        let form = form
            .with("login", &format!("{name}@example.com"))
            .with("password", "wrong");
        let answer = browser.submit(&form);
        assert_eq!(answer.status, 401, "{name}");
        assert!(browser.cookies.is_empty());
        seen.push(answer.text().replace(name, "NAME"));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].contains("role=\"alert\"") && seen[0].contains("NAME@example.com"));
    assert!(!seen[0].contains("wrong\""));
    let mut browser = Browser::new(&gateway);
    let form = browser.form("/account/login", "/account/login");
    let form = form
        .with("login", "banned@example.com")
        .with("password", PASSWORD);
    assert_eq!(browser.submit(&form).status, 403);
}

#[test]
fn a_login_goes_on_to_paths_of_its_own_origin_alone() {
    let gateway = pages().start();
    logged_in(&gateway, "active");
    for (next, location) in [
        ("/orders?a=b", "/orders?a=b"),
        ("//evil.test", "/account/profile"),
        ("/\\evil.test", "/account/profile"),
        ("https://evil.test/", "/account/profile"),
        ("javascript:alert(1)", "/account/profile"),
        ("/\t/evil.test", "/account/profile"),
        ("/a\r\nX-Evil: 1", "/account/profile"),
    ] {
        let mut browser = Browser::new(&gateway);
        let form = browser.form("/account/login", "/account/login");
        let form = form
            .with("login", "active@example.com")
            .with("password", PASSWORD);
        let answer = browser.submit(&form.with("next", next));
        assert_eq!(answer.header("location"), Some(location), "{next:?}");
        let mut anonymous = Browser::new(&gateway);
        let shown = anonymous.get("/account/login?next=%2F%5Cevil.test");
        assert!(!shown.text().contains("name=\"next\""), "{}", shown.text());
    }
}

#[test]
fn failed_logins_make_wait_as_those_of_account_routes_do() {
    let limits = "
login_clients: { by: client, rate: 1000000/1m }
login_accounts: { by: account, rate: 2/1h }";
    let gateway = pages().section("rate_limits", limits).start();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    let form = browser.form("/account/login?next=/orders", "/account/login");
    let form = form
        .with("login", "banned@example.com")
        .with("password", "wrong");
    for status in [401, 401, 429, 429] {
        let answer = browser.submit(&form);
        assert_eq!(answer.status, status);
        assert!(answer.text().contains("name=\"next\" value=\"/orders\""));
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
    }
    assert_eq!(gateway.outcome("/account/login"), "page");
}

#[test]
fn too_many_logins_of_one_client_are_refused_with_a_page() {
    let limits = "
login_clients: { by: client, rate: 1/1h }
login_accounts: { by: account, rate: 1000000/1m }";
    let gateway = pages().section("rate_limits", limits).start();
    let mut browser = Browser::new(&gateway);
    let form = Form::to("/account/login");
    assert_eq!(browser.submit(&form).status, 422);
    let answer = browser.submit(&form);
    assert_eq!(answer.status, 429);
    assert!(
        answer.text().contains("<html lang=\"ko\">"),
        "{}",
        answer.text()
    );
    assert_eq!(browser.get("/account/login").status, 200);
}

#[test]
fn an_outage_is_no_wrong_password() {
    let setup = pages();
    let nowhere = setup.folder().join("later.db");
    let nowhere = format!("sqlite:{}", nowhere.display());
    let gateway = setup.variable("DATABASE_URL", &nowhere).start();
    let mut browser = Browser::new(&gateway);
    let form = browser.form("/account/login?next=/orders", "/account/login");
    let form = form
        .with("login", "active@example.com")
        .with("password", PASSWORD);
    let answer = browser.submit(&form);
    assert_eq!(answer.status, 503, "{}", answer.text());
    let html = answer.text();
    assert!(html.contains("not possible at the moment"), "{html}");
    assert!(html.contains("name=\"next\" value=\"/orders\""), "{html}");
    assert!(answer.header("x-request-id").is_some());
    assert!(answer.header("content-security-policy").is_some());
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.values("cache-control"), ["no-store"]);
    assert_eq!(gateway.access_lines(2)[1]["outcome"], "users_unavailable");
}

#[test]
fn a_page_is_found_in_either_method_of_looking() {
    let gateway = pages().start();
    for path in ["/account/login", "/account/style.css", "/account/nothing"] {
        let whole = gateway.get(path);
        let head = gateway.send(&Request::new("HEAD", path));
        assert_eq!(head.status, whole.status, "{path}");
        assert_eq!(
            head.header("content-length"),
            Some(&*whole.body.len().to_string())
        );
        assert!(head.body.is_empty());
    }
    assert_eq!(gateway.get("/account/nothing").status, 404);
    assert_eq!(gateway.get("/account/login/").status, 200);
    for path in ["/account/logout", "/account/sessions/end"] {
        assert_eq!(
            gateway.get(path).header("location"),
            Some("/account/profile")
        );
    }
}
