//! Who is refused, how that looks, and that nobody slips through.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::json;
use sidegate::{
    clock::UnixSeconds,
    revocation::{Block, Snapshot},
};

use super::inside::Inside;
use crate::harness::{Request, Response, Setup, Upstream, token};

/// As a token that was never good.
fn assert_refused(inside: &Inside, response: &Response) {
    let bad = inside.get("/a", "a.b.c");
    assert_eq!(response.status, 401, "{}", response.text());
    assert_eq!(bad.status, 401);
    let challenge = response.header("www-authenticate");
    assert_eq!(challenge, Some(r#"Bearer error="invalid_token""#));
    assert_eq!(challenge, bad.header("www-authenticate"));
    assert_eq!(response.text(), bad.text());
}

fn inside() -> (Upstream, Inside) {
    let upstream = Upstream::start();
    let inside = Inside::start(Setup::before(&upstream));
    (upstream, inside)
}

#[test]
fn a_ban_counts_for_the_next_request_whether_or_not_its_token_was_seen_before() {
    let (upstream, inside) = inside();
    let (seen, new) = (
        token::access("1"),
        token::signed(&json!({ "exp": token::now() + 60, "sub": "1" })),
    );
    assert_eq!(inside.get("/a", &seen).status, 200);
    inside.ban("1");
    assert_refused(&inside, &inside.get("/a", &seen));
    assert_refused(&inside, &inside.get("/a", &new));
    assert_eq!(inside.get("/a", &token::access("4")).status, 200);
    inside.denylist.admit("1");
    assert_eq!(inside.get("/a", &seen).status, 200);
    assert_eq!(inside.get("/a", &new).status, 200);
    assert_eq!(upstream.seen().len(), 4);
}

#[test]
fn a_deleted_user_is_refused() {
    let (_upstream, inside) = inside();
    inside.denylist.block("1", Block::Deleted);
    assert_refused(&inside, &inside.get("/a", &token::access("1")));
}

#[test]
fn a_blocked_users_token_is_refused_where_none_is_needed_and_not_read_where_all_is_public() {
    let (_upstream, inside) = inside();
    inside.ban("1");
    assert_refused(&inside, &inside.get("/optional/a", &token::access("1")));
    assert_eq!(inside.send(&Request::get("/optional/a")).status, 200);
    assert_eq!(inside.get("/public/a", &token::access("1")).status, 200);
}

#[test]
fn a_token_without_iat_was_issued_one_lifetime_before_it_expires() {
    let upstream = Upstream::start();
    let tokens = r#"
access:
  algorithm: HS256
  secret: "${SECRET_KEY}"
  lifetime: 30d
  earlier_lifetimes: [{ lifetime: 60d, until: 2026-01-31T12:00:00Z }]
  claims: { sub: "{user.id}" }"#;
    let setup = Setup::before(&upstream)
        .without("accounts")
        .section("tokens", tokens);
    let inside = Inside::start(setup);
    let day = 86_400;
    let ended = token::now() - 5 * day;
    inside.denylist.not_before("1", UnixSeconds(ended));
    let expires = |at: u64| token::signed(&json!({ "exp": at, "sub": "1" }));
    // In the same second, and one later.
    assert_refused(&inside, &inside.get("/a", &expires(ended + 30 * day)));
    assert_eq!(inside.get("/a", &expires(ended + 30 * day + 1)).status, 200);
    // What says when it was issued is believed.
    let says = |at: u64| token::signed(&json!({ "exp": ended + 30 * day, "iat": at, "sub": "1" }));
    assert_refused(&inside, &inside.get("/a", &says(ended)));
    assert_eq!(inside.get("/a", &says(ended + 1)).status, 200);
}

#[test]
fn one_session_ends_and_the_others_go_on() {
    let (_upstream, inside) = inside();
    let of =
        |jti: &str| token::signed(&json!({ "exp": token::now() + 60, "sub": "1", "jti": jti }));
    inside
        .denylist
        .end_session("first", UnixSeconds(token::now() + 3_600));
    assert_refused(&inside, &inside.get("/a", &of("first.a")));
    assert_refused(&inside, &inside.get("/a", &of("first.b")));
    assert_eq!(inside.get("/a", &of("second.a")).status, 200);
}

#[test]
fn a_route_that_only_observes_lets_a_blocked_user_pass() {
    let upstream = Upstream::start();
    let routes = r#"- { match: "/**", access: required, mode: observe }"#;
    let setup = Setup::before(&upstream).without("accounts").routes(routes);
    let inside = Inside::start(setup);
    inside.ban("1");
    assert_eq!(inside.get("/a", &token::access("1")).status, 200);
    inside.fall_behind();
    assert_eq!(inside.get("/a", &token::access("1")).status, 200);
}

#[test]
fn other_issuers_subjects_are_nobodys_rows() {
    let upstream = Upstream::start();
    let tokens = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id}" }, issuer: mine }
issuers:
  - issuer: other
    any_audience: acknowledged
    keys: [{ algorithm: HS256, secret: "another secret of the tests, of 32 bytes" }]"#;
    let setup = Setup::before(&upstream)
        .without("accounts")
        .section("tokens", tokens);
    let inside = Inside::start(setup);
    inside.ban("1");
    inside.fall_behind();
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let claims = json!({ "exp": token::now() + 60, "sub": "1", "iss": "other" });
    let others = token::with_header(&header, &claims, "another secret of the tests, of 32 bytes");
    assert_eq!(inside.get("/a", &others).status, 200);
}

/// Many clients, while one member after the other is banned: no request that begins after a ban gets through, and nobody
/// else is refused.
#[test]
fn nobody_slips_through_while_bans_arrive() {
    const MEMBERS: usize = 60;
    let (_upstream, inside) = inside();
    let tokens: Vec<String> = (0..MEMBERS)
        .map(|member| token::access(member.to_string()))
        .collect();
    let banned = AtomicUsize::new(0);
    thread::scope(|scope| {
        for first in 0..4 {
            let (inside, tokens, banned) = (&inside, &tokens, &banned);
            scope.spawn(move || {
                let mut connection = inside.client().connect();
                let mut member = first;
                while banned.load(Ordering::SeqCst) < MEMBERS {
                    let request = Request::get("/a").token(&tokens[member]);
                    let before = banned.load(Ordering::SeqCst);
                    let status = connection.send(&request).status;
                    let after = banned.load(Ordering::SeqCst);
                    // A ban is under way as soon as its number is the next.
                    assert!(member >= before || status == 401, "{member} of {before}");
                    assert!(member <= after || status == 200, "{member} of {after}");
                    member = (member + 1) % MEMBERS;
                }
            });
        }
        for (member, token) in tokens.iter().enumerate() {
            if member % 10 == 9 {
                let mut all = Snapshot::default();
                for known in 0..=member {
                    all.block(&known.to_string(), Block::Deleted);
                }
                inside.denylist.replace(all);
            } else {
                inside.ban(&member.to_string());
            }
            banned.store(member + 1, Ordering::SeqCst);
            let response = inside.get("/a", token);
            assert_refused(&inside, &response);
        }
    });
}
