//! One's own account, and where one is logged in.

use super::{
    browser::{Browser, Form},
    logged_in, pages,
};

/// How many sessions a profile shows, and how many of them can be ended.
#[track_caller]
fn shown(browser: &mut Browser<'_>) -> (usize, usize) {
    let page = browser.get("/account/profile");
    assert_eq!(page.status, 200);
    let html = page.text();
    let ends = html.matches("action=\"/account/sessions/end\"").count();
    (html.matches("<h3 ").count(), ends)
}

#[test]
fn one_session_is_ended_by_another() {
    let gateway = pages().start();
    let mut first = logged_in(&gateway, "active");
    assert_eq!(shown(&mut first), (1, 0));
    let mut second = logged_in(&gateway, "active");
    assert_eq!(shown(&mut second), (2, 1));
    let form = second.form("/account/profile", "/account/sessions/end");
    let answer = second.submit(&form);
    assert_eq!(
        answer.header("location"),
        Some("/account/profile?done=session-ended")
    );
    assert_eq!(shown(&mut second), (1, 0));
    assert_eq!(first.get("/account/profile").status, 303);
    // Sent once more it ends nothing.
    assert_eq!(second.submit(&form).status, 303);
    assert_eq!(shown(&mut second), (1, 0));
}

#[test]
fn all_others_are_ended_at_once() {
    let gateway = pages().start();
    let mut others: Vec<Browser<'_>> = (0..2).map(|_| logged_in(&gateway, "active")).collect();
    let mut own = logged_in(&gateway, "active");
    assert_eq!(shown(&mut own), (3, 2));
    let form = own.form("/account/profile", "/account/sessions/end-others");
    assert_eq!(
        own.submit(&form).header("location"),
        Some("/account/profile?done=others-ended")
    );
    assert_eq!(shown(&mut own), (1, 0));
    for other in &mut others {
        assert_eq!(other.get("/account/profile").status, 303);
    }
}

#[test]
fn nobody_ends_the_session_of_somebody_else() {
    let setup = pages();
    setup.users().execute(
        "INSERT INTO user SELECT 5, created_time, user_type, is_active, 'other@example.com', hashed_password, 'other', point, quit_at, is_restricted FROM user WHERE id = 1",
    );
    let gateway = setup.start();
    let mut victim = logged_in(&gateway, "active");
    let mut second = logged_in(&gateway, "active");
    let theirs = second.form("/account/profile", "/account/sessions/end");
    let mut other = logged_in(&gateway, "other");
    let own = other.form("/account/profile", "/account/logout");
    let form = theirs.with("csrf_token", own.value("csrf_token"));
    assert_eq!(other.submit(&form).status, 303);
    assert_eq!(shown(&mut victim), (2, 1));
}

#[test]
fn an_expired_access_token_is_renewed_by_the_refresh_token() {
    let gateway = pages().start();
    let mut browser = logged_in(&gateway, "active");
    let logout = browser.form("/account/profile", "/account/logout");
    let form = Form::to("/account/sessions/end").and("csrf_token", logout.value("csrf_token"));
    browser.cookies.remove("__Host-access");
    assert_eq!(shown(&mut browser), (1, 0));
    assert!(browser.cookies.contains_key("__Host-access"));
    browser.cookies.remove("__Host-access");
    assert_eq!(browser.submit(&form).status, 303);
    assert!(browser.cookies.contains_key("__Host-access"));
    browser.cookies.remove("__Host-access");
    browser
        .cookies
        .insert("__Host-refresh".to_owned(), "garbage".to_owned());
    assert_eq!(browser.get("/account/profile").status, 303);
}

#[test]
fn a_profile_is_there_without_sessions() {
    let tokens = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id}" } }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.id}" } }"#;
    let gateway = pages().section("tokens", tokens).without("state").start();
    let mut browser = logged_in(&gateway, "active");
    let page = browser.get("/account/profile");
    assert!(!page.text().contains("<h2"), "{}", page.text());
    let form = browser.form("/account/profile", "/account/logout");
    assert_eq!(browser.submit(&form).status, 303);
    assert!(browser.cookies.is_empty());
}
