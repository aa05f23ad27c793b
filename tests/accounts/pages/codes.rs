//! Pages about codes and links: being sent one, proving an address, choosing a password.

use super::{
    super::codes::{code_of, the_message_to},
    browser::{Browser, Form},
    logged_in, pages,
};
use crate::harness::{Gateway, users::PASSWORD, wait_until};

const USERS: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
states: { unverified: { is_active: false } }
write: { actions: [verify, password] }";

const MAIL: &str =
    r#"{ from: "Shop <no-reply@shop.example>", to: { directory: "${RUNTIME_DIRECTORY}" } }"#;

fn gateway() -> Gateway {
    let codes = r#"{ secret: "${SECRET_KEY}${SECRET_KEY}", verify: { state: unverified, sets: { is_active: true }, resend_after: 0s }, reset: { resend_after: 0s } }"#;
    let setup = pages()
        .section("users", USERS)
        .section("mail", MAIL)
        .section("codes", codes);
    let gateway = setup.start();
    logged_in(&gateway, "active");
    gateway
}

/// Logs in with another password than the usual one.
fn login(browser: &mut Browser<'_>, name: &str, password: &str) -> u16 {
    let form = browser.form("/account/login", "/account/login");
    let form = form.with("login", &format!("{name}@example.com"));
    browser.submit(&form.with("password", password)).status
}

#[test]
fn a_forgotten_password_becomes_another_one_by_a_code() {
    let gateway = gateway();
    let mut browser = Browser::new(&gateway);
    let html = browser.get("/account/login").text();
    assert!(html.contains("href=\"/account/forgot-password\""), "{html}");
    let form = browser.form("/account/forgot-password", "/account/forgot-password");
    let mut seen = Vec::new();
    for name in ["nobody", "passwordless", "active"] {
        let answer = browser.submit(&form.clone().with("login", &format!("{name}@example.com")));
        seen.push((answer.status, answer.header("location").map(str::to_owned)));
    }
    assert!(
        seen.iter()
            .all(|it| *it == (303, Some("/account/new-password".to_owned()))),
        "{seen:?}"
    );
    let code = code_of(&the_message_to(&gateway, "active"));
    let form = browser.form("/account/new-password", "/account/new-password");
    let filled = |code: &str, one: &str, other: &str| {
        let form = form
            .clone()
            .with("login", "active@example.com")
            .with("code", code);
        form.with("password", one).with("password_again", other)
    };
    let new = "another horse and staple";
    for (code, one, other, status) in [
        (&*code, new, "something else", 422),
        (&*code, "short", "short", 422),
        (&*code, "active@example.com", "active@example.com", 422),
        (&*code, new, "", 422),
        ("AAAAAA", new, new, 400),
        ("", new, new, 422),
    ] {
        let answer = browser.submit(&filled(code, one, other));
        assert_eq!(answer.status, status, "{code} {one} {other}");
        assert!(answer.text().contains("role=\"alert\""));
        assert!(
            !answer.text().contains(one) || one.contains('@'),
            "{}",
            answer.text()
        );
    }
    let mut other = logged_in(&gateway, "active");
    let done = browser.submit(&filled(&code, new, new));
    assert_eq!(done.header("location"), Some("/account/password-chosen"));
    assert_eq!(browser.get("/account/password-chosen").status, 200);
    assert_eq!(other.get("/account/profile").status, 303);
    assert_eq!(login(&mut browser, "active", PASSWORD), 401);
    assert_eq!(login(&mut browser, "active", new), 303);
    assert_eq!(browser.submit(&filled(&code, new, new)).status, 400);
}

#[test]
fn a_link_opens_a_page_and_is_spent_by_its_form_alone() {
    let link = ", form: link, link: \"https://shop.example/account/PURPOSE?code={code}\"";
    let codes = format!(
        "{{ secret: \"${{SECRET_KEY}}${{SECRET_KEY}}\", verify: {{ state: unverified, sets: {{ is_active: true }}{} }}, reset: {{ resend_after: 0s{} }} }}",
        link.replace("PURPOSE", "verify"),
        link.replace("PURPOSE", "new-password"),
    );
    let setup = pages()
        .section("users", USERS)
        .section("mail", MAIL)
        .section("codes", &codes);
    let gateway = setup.start();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    let form = browser.form("/account/send-code", "/account/send-code");
    let answer = browser.submit(&form.with("login", "withdrawn@example.com"));
    assert_eq!(answer.header("location"), Some("/account/sent"));
    let message = the_message_to(&gateway, "withdrawn");
    let mut lines = message.lines();
    let link = lines.find(|line| line.starts_with("https://"));
    let link = link.expect("a link");
    let path = link
        .strip_prefix("https://shop.example")
        .expect("a link of ours");
    for _ in 0..2 {
        assert_eq!(browser.get(path).status, 200);
    }
    assert_eq!(gateway.setup().users().count("id = 3 AND is_active = 0"), 1);
    let form = browser.form(path, "/account/verify");
    assert_eq!(
        browser.submit(&form).header("location"),
        Some("/account/verified")
    );
    assert_eq!(gateway.setup().users().count("id = 3 AND is_active = 1"), 1);
    assert_eq!(browser.submit(&form).status, 400);
    let foreign = Form::to("/account/verify").with("code", "x");
    assert_eq!(browser.send(foreign.request()).status, 403);
    assert_eq!(login(&mut browser, "withdrawn", PASSWORD), 303);
}

#[test]
fn an_address_is_proven_by_a_code_that_is_typed() {
    let gateway = gateway();
    let mut browser = Browser::new(&gateway);
    let form = browser.form("/account/send-code", "/account/send-code");
    let answer = browser.submit(&form.with("login", "withdrawn@example.com"));
    assert_eq!(answer.header("location"), Some("/account/verify"));
    let code = code_of(&the_message_to(&gateway, "withdrawn"));
    let form = browser.form("/account/verify", "/account/verify");
    let filled = |name: &str, code: &str| {
        let form = form.clone().with("login", &format!("{name}@example.com"));
        form.with("code", code)
    };
    for (name, wrong) in [
        ("withdrawn", "AAAAAA"),
        ("nobody", &*code),
        ("active", &*code),
        ("withdrawn", "\0"),
    ] {
        assert_eq!(
            browser.submit(&filled(name, wrong)).status,
            400,
            "{name} {wrong}"
        );
    }
    assert_eq!(browser.submit(&filled("withdrawn", &code)).status, 303);
    wait_until("the state", || {
        gateway.setup().users().count("id = 3 AND is_active = 1") == 1
    });
}

#[test]
fn there_is_no_page_for_what_is_not_configured() {
    let gateway = pages().start();
    let mut browser = logged_in(&gateway, "active");
    for path in [
        "forgot-password",
        "new-password",
        "send-code",
        "verify",
        "password",
        "withdraw",
    ] {
        let path = format!("/account/{path}");
        assert_eq!(browser.get(&path).status, 404, "{path}");
        assert_eq!(browser.submit(&Form::to(&path)).status, 404, "{path}");
        for page in ["/account/profile", "/account/login"] {
            assert!(!browser.get(page).text().contains(&format!("\"{path}\"")));
        }
    }
}
