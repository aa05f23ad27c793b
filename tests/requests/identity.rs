//! What the upstream is told about the user, and that nobody else can tell it.

use serde_json::json;

use crate::harness::{Gateway, Request, Seen, Upstream, token};

/// Names that many upstreams read as `X-User-Id`.
const SPELLINGS: [&str; 9] = [
    "X-User-Id",
    "x-user-id",
    "X-USER-ID",
    "X_User_Id",
    "x_user-id",
    "X.User.Id",
    "X~User!Id",
    "x-user|id",
    "X^User_ID",
];

/// Values of every header that folds to `x_user_id`.
fn identities(seen: &Seen) -> Vec<String> {
    let fold = |name: &str| name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let names = seen
        .names()
        .into_iter()
        .filter(|name| fold(name) == "x_user_id");
    names
        .flat_map(|name| {
            seen.values(&name)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn forged(path: &str) -> Request {
    SPELLINGS.iter().fold(Request::get(path), |request, name| {
        request.header(name, "1")
    })
}

#[test]
fn a_forged_identity_is_removed_on_every_kind_of_route() {
    let token = token::access("7");
    for (request, expected) in [
        (forged("/public/a"), vec![]),
        (forged("/public/a").token(&token), vec![]),
        (forged("/optional/a"), vec![]),
        (forged("/optional/a").token(&token), vec!["7"]),
        (forged("/items").token(&token), vec!["7"]),
    ] {
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream).start();
        assert_eq!(gateway.send(&request).status, 200);
        assert_eq!(
            identities(&upstream.only()),
            expected,
            "{}",
            upstream.only().head
        );
    }
}

#[test]
fn connection_cannot_name_the_identity_away() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let request = Request::get("/items")
        .header("Connection", "close, X-User-Id, X-Forwarded-For, Via")
        .header("X-User-Id", "1")
        .token(&token::access("7"));
    assert_eq!(gateway.send(&request).status, 200);
    let seen = upstream.only();
    assert_eq!(identities(&seen), ["7"]);
    assert_eq!(seen.values("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.values("via"), ["1.1 sidegate"]);
}

#[test]
fn a_trailer_cannot_carry_an_identity() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let head = "POST /public/a HTTP/1.1\r\nHost: gateway.test\r\nTrailer: X-User-Id\r\nTransfer-Encoding: chunked\r\n\r\n";
    let response = gateway
        .client()
        .raw(format!("{head}1\r\na\r\n0\r\nX-User-Id: 1\r\n\r\n"));
    assert_eq!(response.status, 200);
    let seen = upstream.only();
    assert_eq!(seen.body, b"a");
    assert!(
        !seen.head.to_ascii_lowercase().contains("x-user-id"),
        "{}",
        seen.head
    );
    // The next request on the same connection would begin with what is left of the trailer.
    assert_eq!(gateway.get("/public/b").status, 200);
    assert_eq!(upstream.seen()[1].target(), "/public/b");
}

#[test]
fn subjects_may_be_integers_or_texts() {
    for (subject, expected) in [
        (json!(7), "7"),
        (json!("7"), "7"),
        (json!(-1), "-1"),
        (json!(9_007_199_254_740_993_i64), "9007199254740993"),
        (json!("user@example.com"), "user@example.com"),
        (json!("a b, c"), "a b, c"),
    ] {
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream).start();
        let response = gateway.send(&Request::get("/items").token(&token::access(subject)));
        assert_eq!(response.status, 200);
        assert_eq!(identities(&upstream.only()), [expected]);
    }
}

#[test]
fn headers_are_made_from_the_claims_that_the_operator_names() {
    let upstream = Upstream::start();
    let identity = r#"
subject: user_id
headers: { X-User: "{subject}", X-Role: "{claims.role}", X-Both: "{claims.role}/{subject}", X-Team: "{claims.team}" }"#;
    let gateway = Gateway::before(&upstream)
        .section("identity", identity)
        .start();
    let claims = json!({ "exp": token::now() + 60, "user_id": 7, "role": "staff" });
    let request = Request::get("/items")
        .header("x_team", "forged")
        .header("X-Role", "admin");
    assert_eq!(
        gateway.send(&request.token(&token::signed(&claims))).status,
        200
    );
    let seen = upstream.only();
    assert_eq!(seen.values("x-user"), ["7"]);
    assert_eq!(seen.values("x-role"), ["staff"]);
    assert_eq!(seen.values("x-both"), ["staff/7"]);
    assert!(
        !seen.head.to_ascii_lowercase().contains("team"),
        "{}",
        seen.head
    );
}

#[test]
fn a_cached_proof_gives_each_request_its_own_identity() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    let tokens: Vec<String> = ["1", "2", "3"].map(token::access).into();
    for _ in 0..3 {
        for token in &tokens {
            assert_eq!(
                connection.send(&Request::get("/items").token(token)).status,
                200
            );
        }
    }
    let seen: Vec<String> = upstream.seen().iter().flat_map(identities).collect();
    assert_eq!(seen, ["1", "2", "3"].repeat(3));
}

#[test]
fn authorization_goes_on_unless_the_route_removes_it() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .routes(
            r#"
- { match: "/kept", access: required }
- { match: "/removed", access: required, authorization: remove }"#,
        )
        .start();
    let token = token::access("7");
    for path in ["/kept", "/removed"] {
        assert_eq!(gateway.send(&Request::get(path).token(&token)).status, 200);
    }
    let seen = upstream.seen();
    assert_eq!(seen[0].values("authorization"), [format!("Bearer {token}")]);
    assert!(seen[1].values("authorization").is_empty());
    assert_eq!(seen[1].values("x-user-id"), ["7"]);
}
