//! Pages on which members change their own account.

use super::{
    browser::{Browser, Form},
    logged_in, pages,
};
use crate::harness::{Gateway, users::PASSWORD};

const NEW: &str = "another horse and staple";

fn gateway() -> Gateway {
    pages()
        .writing("[password, withdraw]")
        .section("withdrawal", "{ set: { is_active: { value: false } } }")
        .start()
}

fn change(form: &Form, current: &str, one: &str, other: &str) -> Form {
    let form = form.clone().with("current_password", current);
    form.with("password", one).with("password_again", other)
}

#[test]
fn a_password_is_changed_and_other_devices_are_logged_out() {
    let gateway = gateway();
    let mut other = logged_in(&gateway, "active");
    let mut browser = logged_in(&gateway, "active");
    let form = browser.form("/account/password", "/account/password");
    for (filled, status) in [
        (change(&form, "wrong", NEW, NEW), 403),
        (change(&form, PASSWORD, NEW, "different"), 422),
        (change(&form, PASSWORD, "short", "short"), 422),
        (change(&form, PASSWORD, PASSWORD, PASSWORD), 422),
        (change(&form, "", NEW, NEW), 422),
        (
            change(&form, PASSWORD, NEW, NEW).with("csrf_token", "x"),
            403,
        ),
    ] {
        let answer = browser.submit(&filled);
        assert_eq!(answer.status, status, "{filled:?}");
        assert!(!answer.text().contains(NEW) && !answer.text().contains(PASSWORD));
    }
    assert_eq!(other.get("/account/profile").status, 200);
    let done = browser.submit(&change(&form, PASSWORD, NEW, NEW));
    assert_eq!(
        done.header("location"),
        Some("/account/profile?done=password-changed")
    );
    assert_eq!(
        browser.get("/account/profile?done=password-changed").status,
        200
    );
    assert_eq!(other.get("/account/profile").status, 303);
    let mut again = Browser::new(&gateway);
    let login = again
        .form("/account/login", "/account/login")
        .with("login", "active@example.com");
    assert_eq!(
        again
            .submit(&login.clone().with("password", PASSWORD))
            .status,
        401
    );
    assert_eq!(again.submit(&login.with("password", NEW)).status, 303);
}

#[test]
fn whoever_leaves_shows_the_password_and_is_logged_out_everywhere() {
    let gateway = gateway();
    let mut other = logged_in(&gateway, "active");
    let mut browser = logged_in(&gateway, "active");
    let form = browser.form("/account/withdraw", "/account/withdraw");
    let here = "id = 1 AND is_active = 1";
    assert_eq!(browser.submit(&form).status, 403);
    assert_eq!(
        browser
            .submit(&form.clone().with("password", "wrong"))
            .status,
        403
    );
    let foreign = form
        .clone()
        .with("password", PASSWORD)
        .with("csrf_token", "");
    assert_eq!(browser.submit(&foreign).status, 403);
    assert_eq!(gateway.setup().users().count(here), 1);
    let done = browser.submit(&form.with("password", PASSWORD));
    assert_eq!(done.header("location"), Some("/account/left"));
    assert!(browser.cookies.is_empty());
    assert_eq!(gateway.setup().users().count(here), 0);
    assert_eq!(other.get("/account/profile").status, 303);
    assert_eq!(browser.get("/account/left").status, 200);
}

#[test]
fn nobody_who_is_not_logged_in_sees_or_sends_these_forms() {
    let gateway = gateway();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    for path in ["/account/password", "/account/withdraw"] {
        let to = format!("/account/login?next={path}");
        assert_eq!(browser.get(path).header("location"), Some(&*to));
        let form = change(&Form::to(path), PASSWORD, NEW, NEW);
        assert_eq!(browser.submit(&form).status, 303);
    }
    assert_eq!(gateway.setup().users().count("id = 1 AND is_active = 1"), 1);
}

#[test]
fn guesses_at_a_password_on_these_pages_make_wait() {
    let limits = "
login_clients: { by: client, rate: 1000000/1m }
login_accounts: { by: account, rate: 2/1h }";
    let setup = pages().writing("[password]").section("rate_limits", limits);
    let gateway = setup.start();
    let mut browser = logged_in(&gateway, "active");
    let form = browser.form("/account/password", "/account/password");
    for status in [403, 403, 429] {
        let answer = browser.submit(&change(&form, "wrong", NEW, NEW));
        assert_eq!(answer.status, status);
        assert!(answer.text().contains("name=\"current_password\""));
    }
}
