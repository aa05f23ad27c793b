//! `sidegate token mint | inspect | check`.

use serde_json::json;

use super::{Ended, ended, ended_with, written};
use crate::harness::{
    Upstream,
    token::{self, ACCESS_SECRET, REFRESH_SECRET},
};

/// A minted token.
fn minted(arguments: &[&str]) -> String {
    let arguments = [&["token", "mint"][..], arguments].concat();
    let ended = ended(&written(), &arguments);
    assert_eq!((ended.code, ended.complaint.as_str()), (Some(0), ""));
    ended.answer.trim_end().to_owned()
}

fn checked(token: &str) -> Ended {
    ended_with(&written(), &["token", "check"], token)
}

#[test]
fn a_minted_token_is_what_a_login_answers() {
    let before = token::now();
    let minted = minted(&["--user", "5"]);
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let days = 30 * 24 * 60 * 60;
    let possible = (before..=token::now()).map(|now| {
        let claims = json!({ "exp": now + days, "sub": "5" });
        token::with_header(&header, &claims, ACCESS_SECRET)
    });
    assert!(
        possible.into_iter().any(|token| token == minted),
        "{minted}"
    );
}

#[test]
fn a_minted_token_is_accepted_by_the_gateway() {
    let upstream = Upstream::start();
    let gateway = crate::harness::Gateway::before(&upstream).start();
    let ended = ended(gateway.setup(), &["token", "mint", "--user", "5"]);
    let request = crate::harness::Request::get("/deals").token(ended.answer.trim_end());
    assert_eq!(gateway.send(&request).status, 200);
    assert_eq!(upstream.only().values("x-user-id"), ["5"]);
}

#[test]
fn check_says_as_which_kind_a_token_is_accepted() {
    let access = checked(&minted(&["--user", "5"]));
    assert_eq!(access.code, Some(0));
    let expected =
        "access : accepted\nrefresh: refused: the token's signature is not by this key\n";
    assert_eq!(access.answer, expected);
    let refresh = checked(&minted(&["--user", "5", "--kind", "refresh"]));
    assert_eq!(refresh.code, Some(0));
    let expected =
        "access : refused: the token's signature is not by this key\nrefresh: accepted\n";
    assert_eq!(refresh.answer, expected);
}

#[test]
fn check_refuses_what_neither_side_would_take() {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let expired = json!({ "exp": 1_000_000_000, "sub": "5" });
    let none = json!({ "alg": "none", "typ": "JWT" });
    for token in [
        "garbage".to_owned(),
        token::with_header(&header, &expired, ACCESS_SECRET),
        token::with_header(
            &header,
            &token::claims("5"),
            "another-secret-of-thirty-two-bytes",
        ),
        token::with_header(&none, &token::claims("5"), REFRESH_SECRET),
    ] {
        let ended = checked(&token);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let lines: Vec<&str> = ended.answer.lines().collect();
        assert_eq!(lines.len(), 2, "{ended:?}");
        assert!(
            lines.iter().all(|line| line.contains(": refused: ")),
            "{ended:?}"
        );
    }
}

#[test]
fn a_token_is_read_from_a_file_with_or_without_its_scheme() {
    let token = token::access("5");
    let setup = written().file("token", &format!("Bearer {token}\n"));
    for arguments in [
        &["token", "check", "token"][..],
        &["token", "inspect", "token"],
    ] {
        assert_eq!(ended(&setup, arguments).code, Some(0), "{arguments:?}");
    }
}

#[test]
fn inspect_shows_header_and_claims_and_verifies_nothing() {
    let claims = json!({ "exp": 1_000_000_000, "sub": "5", "role": ["a"] });
    let token = token::with_header(&json!({ "alg": "none" }), &claims, "any");
    let ended = ended_with(&written(), &["token", "inspect"], &token);
    assert_eq!(ended.code, Some(0));
    assert!(ended.answer.contains("\"alg\": \"none\""), "{ended:?}");
    assert!(ended.answer.contains("\"role\": ["), "{ended:?}");
    assert!(
        ended
            .answer
            .contains(" seconds ago\nnothing was verified\n"),
        "{ended:?}"
    );
}

#[test]
fn inspect_says_why_a_text_is_no_token() {
    for (text, complaint) in [
        (
            "a.b",
            "sidegate: a token has three parts with dots between them, this has 2\n",
        ),
        ("*.b.c", "sidegate: the header is not base64url\n"),
        ("e30.eA.c", "sidegate: the claims are not JSON\n"),
    ] {
        let ended = ended_with(&written(), &["token", "inspect"], text);
        assert_eq!((ended.code, ended.complaint.as_str()), (Some(1), complaint));
    }
}
