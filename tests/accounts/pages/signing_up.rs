//! The page on which users join.

use super::{
    super::codes::{code_of, the_message_to},
    browser::{Browser, Form},
    logged_in, pages,
};
use crate::harness::{Gateway, Response, Setup, wait_until};

const DIALECT: &str = r#"
sign_up:
  request:
    from: json
    fields:
      login: { name: email, type: email }
      password: { min: 4, max: 64 }
      name: { min: 2, max: 20, trim: both }
      age: { type: integer, min: 14, required: false }
      birthday: { type: date, required: false }
      language: { required: false }
      terms: { type: boolean }
      letters: { type: boolean, required: false }
    invalid: fastapi
  created: { status: 201, body: { id: "{user.id}" } }
  pending: { status: 202, body: pending }
  conflict: { status: 409, body: conflict }
  too_early: { status: 409, body: too early }
  invalid: { status: 400, body: invalid }
"#;

const SIGN_UP: &str = "
columns:
  user_type: { value: user }
  is_active: { value: true }
  is_restricted: { value: false }
  name: { field: name }
  age: { field: age }
  birthday: { field: birthday }
  language: { field: language }
  letters: { field: letters }
unique: [name]
consents: { terms: required, letters: optional }
rejoin: { state: withdrawn, column: quit_at, after: 7d }";

const USERS: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
states: { banned: { is_restricted: true }, withdrawn: { is_active: false } }
write: { actions: [sign_up] }";

const FIELDS: &str = "
brand: Pampam
fields:
  language: { label: { ko: 사용 언어, en: Spoken language }, hint: { ko: 예, en: such as Welsh }, autocomplete: language }
  terms: { link: /terms }";

const COLUMNS: &str =
    "ALTER TABLE user ADD COLUMN age INTEGER; ALTER TABLE user ADD COLUMN birthday TEXT;
     ALTER TABLE user ADD COLUMN language TEXT; ALTER TABLE user ADD COLUMN letters BOOLEAN;";

const NEW: &str = "correct horse and staple";

pub(super) fn joining(dialect: &str, users: &str, sign_up: &str) -> Setup {
    let setup = pages()
        .section("users", users)
        .section("sign_up", sign_up)
        .section("passwords", "{ new: { format: bcrypt, cost: 4 } }")
        .section("dialects", "{ shop: shop.yaml }")
        .section(
            "accounts",
            "[{ action: sign_up, match: POST /users, dialect: shop }]",
        )
        .section("pages", FIELDS)
        .file("shop.yaml", dialect);
    setup.users().execute(COLUMNS);
    setup
}

fn gateway() -> Gateway {
    let gateway = joining(DIALECT, USERS, SIGN_UP).start();
    logged_in(&gateway, "active");
    gateway
}

fn filled(form: &Form) -> Form {
    let form = form.clone().with("login", "new@example.com");
    let form = form.with("password", NEW).with("password_again", NEW);
    form.with("name", "newcomer").with("terms", "yes")
}

fn form(gateway: &Gateway) -> Form {
    Browser::new(gateway).form("/account/signup", "/account/signup")
}

/// How many rows there are beside those that were there before.
fn rows(gateway: &Gateway) -> i64 {
    gateway.setup().users().count("id > 4")
}

/// What is said of a field; what else is wrong with the form is nothing.
#[track_caller]
fn is_wrong(answer: &Response, status: u16, name: &str, said: &str) {
    let html = answer.text();
    assert_eq!(answer.status, status, "{html}");
    let field = html
        .split("<input ")
        .find(|it| it.contains(&format!(" name=\"{name}\"")));
    let field = field.unwrap_or_else(|| panic!("{name}: {html}"));
    assert!(field.contains(" aria-invalid=\"true\""), "{name}: {html}");
    assert!(field.contains(" autofocus"), "{name}: {html}");
    assert!(field.contains(said), "{name}: {html}");
    assert_eq!(html.matches("aria-invalid").count(), 1, "{html}");
    assert!(html.contains("role=\"alert\""), "{html}");
    assert!(html.contains("<title>Error: Sign up"), "{html}");
    assert!(!html.contains(NEW), "{html}");
}

#[test]
fn somebody_joins_and_logs_in() {
    let gateway = gateway();
    let mut browser = Browser::new(&gateway);
    let login = browser.get("/account/login").text();
    assert!(login.contains("href=\"/account/signup\""), "{login}");
    let html = browser.get("/account/signup").text();
    for part in [
        "<h1>Sign up</h1>",
        ">E-mail</label>",
        ">Name</label>",
        ">Age <span class=\"optional\">(optional)</span></label>",
        ">Spoken language <span",
        ">such as Welsh</p>",
        ">At least 8 characters.</p>",
        ">I agree to the terms of use</label>",
        "href=\"/terms\"",
        "type=\"email\"",
        "type=\"date\"",
        "inputmode=\"numeric\"",
        "autocomplete=\"new-password\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let form = browser.form("/account/signup", "/account/signup");
    let form = filled(&form)
        .with("age", "30")
        .with("birthday", "1996-02-29");
    let done = browser.submit(
        &form
            .with("own_language", "Welsh")
            .with("name", "  홍 길동 🦀 "),
    );
    let to = done.header("location").map(str::to_owned);
    assert_eq!(
        (done.status, to.as_deref()),
        (303, Some("/account/login?done=signed-up"))
    );
    let login = browser.get("/account/login?done=signed-up").text();
    assert!(
        login.contains("role=\"status\">Your account is there."),
        "{login}"
    );
    let condition = "email = 'new@example.com' AND name = '홍 길동 🦀' AND age = 30 AND birthday = '1996-02-29' \
         AND language = 'Welsh' AND letters = 0 AND is_active = 1 AND user_type = 'user'";
    assert_eq!(gateway.setup().users().count(condition), 1);
    let login = browser.form("/account/login", "/account/login");
    let login = login.with("login", "new@example.com").with("password", NEW);
    assert_eq!(
        browser.submit(&login).header("location"),
        Some("/account/profile")
    );
    // Whoever is somebody need not become somebody.
    let again = browser.get("/account/signup");
    assert_eq!(again.header("location"), Some("/account/profile"));
    let said = gateway.said();
    assert!(said.contains("signed_up"), "{said}");
    assert!(
        !said.contains("new@example.com") && !said.contains(NEW),
        "{said}"
    );
}

#[test]
fn what_is_wrong_stands_beside_its_field() {
    let gateway = gateway();
    let form = filled(&form(&gateway));
    let mut browser = Browser::new(&gateway);
    for (field, value, status, said) in [
        ("login", "", 422, "This has to be filled in."),
        ("login", "nobody", 422, "Enter an e-mail address"),
        (
            "login",
            "a\0@example.com",
            422,
            "This value cannot be used.",
        ),
        ("login", "' OR 1=1 --", 422, "Enter an e-mail address"),
        ("login", "ACTIVE@example.com", 409, "This is taken already."),
        ("login", "banned@example.com", 409, "This is taken already."),
        ("name", "", 422, "This has to be filled in."),
        ("name", " x ", 422, "Enter at least 2 characters."),
        (
            "name",
            "123456789012345678901",
            422,
            "Enter at most 20 characters.",
        ),
        ("name", "active", 409, "This is taken already."),
        ("name", "a\0b", 422, "This value cannot be used."),
        ("age", "13", 422, "Enter 14 or more."),
        ("age", "many", 422, "Enter a number."),
        ("birthday", "1996-02-30", 422, "Enter a date."),
        (
            "password_again",
            "something else",
            422,
            "The two passwords differ.",
        ),
        ("password_again", "", 422, "This has to be filled in."),
        ("password", "", 422, "This has to be filled in."),
        ("terms", "", 422, "You have to agree to this."),
    ] {
        let answer = browser.submit(&form.clone().with(field, value));
        is_wrong(&answer, status, field, said);
        assert_eq!(rows(&gateway), 0, "{field}: {value}");
    }
    for (password, said) in [
        ("abc", "Enter at least 4 characters."),
        ("abcdefg", "Enter at least 8 characters."),
        ("new@example.com", "not what you log in with"),
    ] {
        let form = form.clone().with("password", password);
        let answer = browser.submit(&form.with("password_again", password));
        is_wrong(&answer, 422, "password", said);
    }
    let repeated = browser.submit(&form.clone().and("name", "another"));
    is_wrong(&repeated, 422, "name", "This value cannot be used.");
    assert_eq!(rows(&gateway), 0);
}

#[test]
fn what_was_typed_is_kept_but_for_passwords() {
    let gateway = gateway();
    let form = filled(&form(&gateway))
        .with("age", "<13>")
        .with("letters", "yes");
    let html = Browser::new(&gateway).submit(&form).text();
    for kept in [
        "value=\"new@example.com\"",
        "value=\"newcomer\"",
        "value=\"&#60;13&#62;\"",
        "name=\"letters\" type=\"checkbox\" value=\"yes\" checked",
        "name=\"terms\" type=\"checkbox\" value=\"yes\" checked",
    ] {
        assert!(html.contains(kept), "{kept}: {html}");
    }
    assert!(!html.contains(NEW), "{html}");
}

#[test]
fn a_form_that_is_sent_twice_makes_one_user() {
    let gateway = gateway();
    let form = filled(&form(&gateway));
    assert_eq!(Browser::new(&gateway).submit(&form).status, 303);
    let again = Browser::new(&gateway).submit(&form);
    is_wrong(&again, 409, "login", "This is taken already.");
    assert!(again.text().contains("href=\"/account/login\""));
    assert_eq!(rows(&gateway), 1);

    let other = form
        .with("login", "other@example.com")
        .with("name", "other");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let send = || scope.spawn(|| Browser::new(&gateway).submit(&other).status);
        let all: Vec<_> = (0..4).map(|_| send()).collect();
        all.into_iter()
            .map(|it| it.join().expect("an answer"))
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|it| **it == 303).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|it| [303, 409].contains(it)),
        "{statuses:?}"
    );
    assert_eq!(rows(&gateway), 2);
}

#[test]
fn whatever_is_typed_makes_a_page_and_no_user() {
    let gateway = gateway();
    let form = filled(&form(&gateway));
    let long = "a".repeat(60_000);
    for text in [
        " ",
        "\0",
        "\u{1f600}",
        "\u{430}ctive@",
        "'; DROP TABLE user; --",
        "<script>alert(1)</script>",
        "%00",
        "\u{202e}",
        &long,
    ] {
        for field in ["login", "age", "birthday"] {
            let answer = Browser::new(&gateway).submit(&form.clone().with(field, text));
            assert_eq!(answer.status, 422, "{field}");
            assert_eq!(
                answer.header("content-type"),
                Some("text/html; charset=utf-8")
            );
            assert!(!answer.text().contains("<script>"));
        }
    }
    let large = form.clone().with("name", &"a".repeat(1024 * 1024));
    assert_eq!(Browser::new(&gateway).submit(&large).status, 413);
    for foreign in ["cross-site", "same-site"] {
        let request = form.request().header("Sec-Fetch-Site", foreign);
        assert_eq!(Browser::new(&gateway).send(request).status, 403);
    }
    assert_eq!(Browser::new(&gateway).send(form.request()).status, 403);
    assert_eq!(rows(&gateway), 0);
    // A letter that looks like another is another: it is somebody else.
    let homoglyph = form.with("login", "\u{430}ctive@example.com");
    assert_eq!(Browser::new(&gateway).submit(&homoglyph).status, 303);
    assert_eq!(rows(&gateway), 1);
}

#[test]
fn whoever_has_left_comes_back_when_it_is_time() {
    let gateway = gateway();
    let users = gateway.setup().users();
    let form = filled(&form(&gateway)).with("login", "withdrawn@example.com");
    users.execute("UPDATE user SET quit_at = date('now') WHERE id = 3");
    let answer = Browser::new(&gateway).submit(&form);
    is_wrong(&answer, 409, "login", "cannot be opened again yet");
    users.execute("UPDATE user SET quit_at = '2024-03-01' WHERE id = 3");
    assert_eq!(Browser::new(&gateway).submit(&form).status, 303);
}

const UNPROVEN: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
states: { unproven: { is_active: false, quit_at: null }, withdrawn: { is_active: false } }
write: { actions: [sign_up, verify] }";

const MAIL: &str =
    r#"{ from: "Shop <no-reply@shop.example>", to: { directory: "${RUNTIME_DIRECTORY}" } }"#;

fn proving(dialect: &str, form: &str) -> Setup {
    let sign_up = SIGN_UP.replace("is_active: { value: true }", "is_active: { value: false }");
    let sign_up = format!("{sign_up}\nunverified: unproven");
    let codes = format!(
        r#"{{ secret: "${{SECRET_KEY}}${{SECRET_KEY}}", verify: {{ state: unproven, sets: {{ is_active: true }}, resend_after: 0s{form} }} }}"#
    );
    joining(dialect, UNPROVEN, &sign_up)
        .section("mail", MAIL)
        .section("codes", &codes)
}

#[test]
fn an_address_is_proven_before_the_first_login() {
    let gateway = proving(DIALECT, "").start();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    let form = filled(&browser.form("/account/signup", "/account/signup"));
    // Whoever sends it twice has one account, and may go on.
    for _ in 0..2 {
        let done = browser.submit(&form);
        assert_eq!(
            done.header("location"),
            Some("/account/verify"),
            "{}",
            done.text()
        );
    }
    assert_eq!(rows(&gateway), 1);
    wait_until("a code that counts", || {
        let code = code_of(&the_message_to(&gateway, "new"));
        let form = browser.form("/account/verify", "/account/verify");
        let form = form.with("login", "new@example.com").with("code", &code);
        browser.submit(&form).header("location") == Some("/account/verified")
    });
    let login = browser.form("/account/login", "/account/login");
    let login = login.with("login", "new@example.com").with("password", NEW);
    assert_eq!(browser.submit(&login).status, 303);
    // By now it is somebody's.
    let taken = Browser::new(&gateway).submit(&form);
    is_wrong(&taken, 409, "login", "This is taken already.");
}

#[test]
fn where_a_link_is_sent_it_is_said() {
    let link = ", form: link, link: \"https://gateway.test/account/verify?code={code}\"";
    let gateway = proving(DIALECT, link).start();
    logged_in(&gateway, "active");
    let done = Browser::new(&gateway).submit(&filled(&form(&gateway)));
    assert_eq!(done.header("location"), Some("/account/sent"));
}

#[test]
fn a_page_tells_of_nobody_where_the_route_does_not() {
    let silent = DIALECT.replace(
        "conflict: { status: 409, body: conflict }",
        "conflict: { status: 202, body: pending }",
    );
    let gateway = proving(&silent, "").start();
    logged_in(&gateway, "active");
    let form = filled(&form(&gateway));
    let taken = Browser::new(&gateway).submit(&form.clone().with("login", "active@example.com"));
    let free = Browser::new(&gateway).submit(&form);
    assert_eq!((taken.status, free.status), (303, 303));
    assert_eq!(taken.header("location"), free.header("location"));
    assert_eq!(rows(&gateway), 1);
    assert!(gateway.said().contains("sign_up_refused"));

    let vague = DIALECT.replace(
        "conflict: { status: 409, body: conflict }",
        "conflict: { status: 400, body: invalid }",
    );
    let gateway = joining(&vague, USERS, SIGN_UP).start();
    logged_in(&gateway, "active");
    let form = filled(&self::form(&gateway)).with("login", "active@example.com");
    let taken = Browser::new(&gateway).submit(&form).text();
    assert!(
        !taken.contains("taken") && taken.contains("cannot be saved"),
        "{taken}"
    );
}

#[test]
fn limits_of_the_route_hold_for_its_page() {
    let accounts =
        "[{ action: sign_up, match: POST /users, dialect: shop, rate_limit: [joining] }]";
    let gateway = joining(DIALECT, USERS, SIGN_UP)
        .section("rate_limits", "{ joining: { by: client, rate: 2/1h } }")
        .section("accounts", accounts)
        .start();
    logged_in(&gateway, "active");
    let form = filled(&form(&gateway)).with("name", "");
    for status in [422, 422, 429] {
        assert_eq!(Browser::new(&gateway).submit(&form).status, status);
    }
}

#[test]
fn nobody_joins_where_no_route_lets_them() {
    let gateway = pages().start();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    assert_eq!(browser.get("/account/signup").status, 404);
    let form = filled(&Form::to("/account/signup"));
    assert_eq!(browser.submit(&form).status, 404);
    let login = browser.get("/account/login").text();
    assert!(!login.contains("/account/signup"), "{login}");
}
