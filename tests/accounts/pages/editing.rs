//! The page on which members change what is known of them.

use super::{
    browser::{Browser, Form},
    logged_in, pages,
};
use crate::harness::{Gateway, Setup, users::PASSWORD};

const PATH: &str = "/account/profile/edit";

const DIALECT: &str = r#"
change_profile:
  request:
    from: json
    fields:
      name: { min: 2, max: 20, required: false }
      age: { type: integer, min: 14, required: false }
      birthday: { type: date, required: false }
      letters: { type: boolean, required: false }
    invalid: fastapi
  changed: { status: 200, body: done }
  conflict: { status: 409, body: conflict }
  refused: { status: 403, body: "no" }
  invalid: { status: 400, body: invalid }
"#;

const PROFILE: &str = "
columns:
  name: { field: name }
  age: { field: age }
  birthday: { field: birthday }
  letters: { field: letters }
  memo: { field: bio }
  created_time: { generated: now }
unique: [name]";

const ACCOUNTS: &str = "[{ action: change_profile, match: PUT /users/me, dialect: shop }]";

/// What a row says before anybody changes it, older than the rules of today.
const BEFORE: &str = "ALTER TABLE user ADD COLUMN age INTEGER; ALTER TABLE user ADD COLUMN birthday TEXT;
     ALTER TABLE user ADD COLUMN letters BOOLEAN; ALTER TABLE user ADD COLUMN memo TEXT;
     UPDATE user SET name = '가', age = 13, birthday = '19960229', letters = 1, memo = 'two' || char(10) || 'lines' WHERE id = 1;";

fn editing(dialect: &str) -> Setup {
    let setup = pages()
        .writing("[profile]")
        .section("profile", PROFILE)
        .section("dialects", "{ shop: shop.yaml }")
        .section("accounts", ACCOUNTS)
        .file("shop.yaml", dialect);
    setup.users().execute(BEFORE);
    setup
}

/// The form as a browser sends it that changes nothing.
fn form(browser: &mut Browser<'_>) -> Form {
    let form = browser
        .form(PATH, PATH)
        .with("name", "가")
        .with("age", "13");
    let form = form.with("birthday", "19960229").with("letters", "yes");
    form.with("bio", "twolines")
}

fn has(gateway: &Gateway, condition: &str) -> bool {
    gateway
        .setup()
        .users()
        .count(&format!("id = 1 AND {condition}"))
        == 1
}

const UNCHANGED: &str = "name = '가' AND age = 13 AND birthday = '19960229' AND letters = 1 AND memo LIKE 'two_lines' \
     AND created_time = '2024-01-02T03:04:05'";

#[test]
fn a_member_sees_and_changes_what_is_known() {
    let gateway = editing(DIALECT).start();
    let mut browser = logged_in(&gateway, "active");
    let profile = browser.get("/account/profile").text();
    assert!(profile.contains(&format!("href=\"{PATH}\"")), "{profile}");
    let html = browser.get(PATH).text();
    for part in [
        "<h1>Edit profile</h1>",
        "value=\"가\"",
        "value=\"13\"",
        // No browser takes it for a day.
        "name=\"birthday\" type=\"text\" value=\"19960229\"",
        "value=\"yes\" checked",
        "value=\"twolines\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let form = form(&mut browser);
    let done = browser.submit(&form);
    assert_eq!(
        done.header("location"),
        Some("/account/profile?done=profile-changed")
    );
    assert!(has(&gateway, UNCHANGED));

    let changed = form
        .with("name", "홍길동 🦀")
        .with("age", "")
        .without("letters");
    let done = browser.submit(&changed.with("birthday", "1996-02-29"));
    assert_eq!(done.status, 303, "{}", done.text());
    let condition = "name = '홍길동 🦀' AND age IS NULL AND letters = 0 AND birthday = '1996-02-29' \
         AND memo LIKE 'two_lines' AND created_time > '2025'";
    assert!(has(&gateway, condition));
    let said = browser.get("/account/profile?done=profile-changed").text();
    assert!(
        said.contains("role=\"status\">Your profile was saved."),
        "{said}"
    );
    assert!(
        browser
            .get(PATH)
            .text()
            .contains("type=\"date\" value=\"1996-02-29\"")
    );
    let said = gateway.said();
    assert!(said.contains("profile_changed"), "{said}");
    assert!(!said.contains("홍길동"), "{said}");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let gateway = editing(DIALECT).start();
    let mut browser = logged_in(&gateway, "active");
    let form = form(&mut browser);
    let long = "a".repeat(60_000);
    for (field, value, status, said) in [
        ("name", "x", 422, "Enter at least 2 characters."),
        ("name", &*long, 422, "Enter at most 20 characters."),
        ("name", "banned", 409, "This is taken already."),
        ("name", "a\0b", 422, "This value cannot be used."),
        ("age", "12", 422, "Enter 14 or more."),
        ("age", "' OR 1=1 --", 422, "Enter a number."),
        ("birthday", "1996-02-30", 422, "Enter a date."),
        ("bio", "\0", 422, "This value cannot be used."),
    ] {
        let answer = browser.submit(&form.clone().with(field, value));
        let html = answer.text();
        assert_eq!(answer.status, status, "{field}: {html}");
        assert!(html.contains(said), "{field}: {html}");
        assert_eq!(html.matches("aria-invalid").count(), 1, "{html}");
        assert!(has(&gateway, UNCHANGED), "{field}");
    }
    // What no column takes is said of the whole: nobody knows which.
    let empty = browser.submit(&form.clone().with("name", ""));
    assert_eq!(empty.status, 422, "{}", empty.text());
    let twice = browser.submit(&form.clone().and("name", "two names"));
    assert_eq!(twice.status, 422);
    let large = form.clone().with("bio", &"a".repeat(1024 * 1024));
    assert_eq!(browser.submit(&large).status, 413);
    for foreign in [
        form.clone().with("csrf_token", "x").with("name", "other"),
        form.with("name", "other").without("csrf_token"),
    ] {
        assert_eq!(browser.submit(&foreign).status, 403);
    }
    assert!(has(&gateway, UNCHANGED));
}

#[test]
fn nobody_changes_what_is_known_of_somebody_else() {
    let gateway = editing(DIALECT).start();
    logged_in(&gateway, "active");
    let mut nobody = Browser::new(&gateway);
    let to = "/account/login?next=/account/profile/edit";
    assert_eq!(nobody.get(PATH).header("location"), Some(to));
    let sent = nobody.submit(&Form::to(PATH).and("name", "evil"));
    assert_eq!(sent.header("location"), Some(to));
    let mut browser = logged_in(&gateway, "active");
    let others = form(&mut browser)
        .with("name", "mine")
        .and("id", "2")
        .and("user", "2");
    assert_eq!(browser.submit(&others).status, 303);
    let users = gateway.setup().users();
    assert_eq!(users.count("name = 'mine' AND id = 1"), 1);
    assert_eq!(users.count("name = 'mine'"), 1);
}

#[test]
fn where_the_route_asks_for_the_password_so_does_the_page() {
    let asking = DIALECT.replace("      name:", "      current_password: {}\n      name:");
    let gateway = editing(&asking).start();
    let mut browser = logged_in(&gateway, "active");
    let form = form(&mut browser).with("name", "another");
    for (password, status) in [("", 422), ("wrong", 403), (PASSWORD, 303)] {
        assert!(has(&gateway, UNCHANGED));
        let answer = browser.submit(&form.clone().with("current_password", password));
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    assert!(has(&gateway, "name = 'another'"));
}

#[test]
fn without_a_route_and_without_leave_to_write() {
    let setup = editing(DIALECT).section("accounts", "[]");
    let gateway = setup.start();
    let mut browser = logged_in(&gateway, "active");
    let form = form(&mut browser).with("name", "another").with("age", "40");
    assert_eq!(browser.submit(&form).status, 303);
    assert!(has(&gateway, "name = 'another' AND age = 40"));

    let gateway = pages().start();
    let mut browser = logged_in(&gateway, "active");
    assert_eq!(browser.get(PATH).status, 404);
    let form = Form::to(PATH).and("name", "another");
    assert_eq!(browser.submit(&form).status, 404);
    assert!(!browser.get("/account/profile").text().contains(PATH));
}
