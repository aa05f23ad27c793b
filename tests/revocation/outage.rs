//! What watches the table is behind: each route says what happens then, and no good token is called a bad one.

use std::fs;

use super::inside::Inside;
use crate::harness::{Request, Response, Setup, Upstream, token};

const ROUTES: &str = r#"
- { match: "/public/**", access: public }
- { match: "/optional/**", access: optional }
- { match: "/refuse/**", access: required, on_stale: refuse }
- { match: "/serve/**", access: required, on_stale: serve }
- { match: "/ask/**", access: required, on_stale: ask }
- { match: "/grouped/**", group: careful }
- { match: "/**", access: required }"#;

fn setup(upstream: &Upstream) -> Setup {
    Setup::before(upstream)
        .without("accounts")
        .section(
            "groups",
            "{ careful: { access: required, on_stale: refuse } }",
        )
        .routes(ROUTES)
}

fn inside() -> (Upstream, Inside) {
    let upstream = Upstream::start();
    let inside = Inside::start(setup(&upstream));
    (upstream, inside)
}

fn assert_unavailable(response: &Response) {
    assert_eq!(response.status, 503, "{}", response.text());
    assert!(response.header("retry-after").is_some());
    assert_eq!(response.header("www-authenticate"), None);
}

#[test]
fn each_route_decides_and_a_route_asks_by_itself() {
    let (_upstream, inside) = inside();
    let token = token::access("1");
    inside.hear();
    inside.fall_behind();
    assert_unavailable(&inside.get("/refuse/a", &token));
    assert_unavailable(&inside.get("/grouped/a", &token));
    assert_eq!(inside.get("/serve/a", &token).status, 200);
    assert_eq!(inside.get("/ask/a", &token).status, 200);
    assert_eq!(inside.get("/other/a", &token).status, 200);
    inside.hear();
    assert_eq!(inside.get("/serve/a", &token).status, 200);
}

#[test]
fn what_needs_no_token_waits_for_nobody() {
    let (_upstream, inside) = inside();
    inside.fall_behind();
    fs::remove_file(inside.users_file()).expect("it was there");
    assert_eq!(inside.send(&Request::get("/public/a")).status, 200);
    assert_eq!(inside.send(&Request::get("/optional/a")).status, 200);
    assert_eq!(inside.send(&Request::get("/ask/a")).status, 401);
}

#[test]
fn the_row_tells_of_bans_and_deletions_that_nobody_has_told() {
    let (_upstream, inside) = inside();
    inside.fall_behind();
    let token = token::access("1");
    let get = || inside.get("/ask/a", &token).status;
    assert_eq!(get(), 200);
    inside
        .users()
        .execute("UPDATE user SET is_restricted = 1 WHERE id = 1");
    assert_eq!(get(), 401);
    inside
        .users()
        .execute("UPDATE user SET is_restricted = 0 WHERE id = 1");
    assert_eq!(get(), 200);
    inside.users().execute("DELETE FROM user WHERE id = 1");
    assert_eq!(get(), 401);
}

#[test]
fn what_is_known_counts_whatever_is_not() {
    let (_upstream, inside) = inside();
    inside.ban("1");
    inside.fall_behind();
    for path in ["/refuse/a", "/serve/a", "/ask/a"] {
        assert_eq!(inside.get(path, &token::access("1")).status, 401, "{path}");
    }
}

#[test]
fn without_the_database_a_good_token_is_an_outage_and_a_bad_one_is_bad() {
    let (_upstream, inside) = inside();
    let token = token::access("1");
    assert_eq!(inside.get("/ask/a", &token).status, 200);
    inside.fall_behind();
    inside
        .users()
        .execute("ALTER TABLE user RENAME TO elsewhere");
    assert_unavailable(&inside.get("/ask/a", &token));
    assert_eq!(inside.get("/serve/a", &token).status, 200);
    assert_eq!(inside.get("/ask/a", &token::expired("1")).status, 401);
    inside
        .users()
        .execute("ALTER TABLE elsewhere RENAME TO user");
    assert_eq!(inside.get("/ask/a", &token).status, 200);
}

#[test]
fn more_look_ups_than_may_be_are_an_outage() {
    let upstream = Upstream::start();
    let inside = Inside::with_look_ups(setup(&upstream), 3);
    inside.fall_behind();
    let token = token::access("1");
    for _ in 0..3 {
        assert_eq!(inside.get("/ask/a", &token).status, 200);
    }
    assert_unavailable(&inside.get("/ask/a", &token));
    assert_eq!(inside.get("/serve/a", &token).status, 200);
}
