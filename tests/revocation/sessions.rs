//! Logins, refreshes and questions about tokens, beside a denylist.

use sidegate::clock::UnixSeconds;

use super::inside::Inside;
use crate::{
    accounts::{pair, refresh, verify},
    harness::{Setup, Upstream, token, users::PASSWORD},
};

fn inside() -> (Upstream, Inside) {
    let upstream = Upstream::start();
    let inside = Inside::start(Setup::before(&upstream));
    (upstream, inside)
}

fn text<'j>(session: &'j serde_json::Value, name: &str) -> &'j str {
    session[name].as_str().expect("a token")
}

#[test]
fn a_login_in_the_second_in_which_all_sessions_ended_begins_a_new_one() {
    let (_upstream, inside) = inside();
    let login = || inside.send(&pair("active@example.com", PASSWORD)).json();
    let before = login();
    // A moment that cannot pass while the test runs, as of a database whose clock is ahead.
    let ended = UnixSeconds(token::now() + 100);
    inside.denylist.not_before("1", ended);
    assert_eq!(inside.get("/a", text(&before, "access_token")).status, 401);
    let refused = inside.send(&refresh(text(&before, "refresh_token")));
    assert_eq!(refused.status, 401);
    let after = login();
    assert_eq!(inside.get("/a", text(&after, "access_token")).status, 200);
    let renewed = inside.send(&refresh(text(&after, "refresh_token")));
    assert_eq!(renewed.status, 200);
    let renewed = renewed.json();
    assert_eq!(inside.get("/a", text(&renewed, "access_token")).status, 200);
}

#[test]
fn whoever_asks_is_told_what_the_guard_would_decide() {
    let (_upstream, inside) = inside();
    let session = inside.send(&pair("active@example.com", PASSWORD)).json();
    let token = text(&session, "access_token");
    assert_eq!(inside.send(&verify(token)).text(), r#"{"bool":true}"#);
    inside.ban("1");
    assert_eq!(inside.get("/a", token).status, 401);
    assert_eq!(inside.send(&verify(token)).text(), r#"{"bool":false}"#);
}
