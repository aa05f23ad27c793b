//! What is asserted, to whom, and what clients cannot say.

use std::io::Read;

use sidegate::token::verify::{InvalidToken, Unproven};

use super::*;
use crate::{cli::ended, harness::After};

const SPELLINGS: [&str; 4] = [
    "X-Sidegate-Assertion",
    "x_sidegate_assertion",
    "X.Sidegate.Assertion",
    "X-Sidegate_Assertion",
];

fn forged(path: &str) -> Request {
    let request = Request::get(path);
    SPELLINGS
        .iter()
        .fold(request, |request, name| request.header(name, "forged"))
}

#[test]
fn an_upstream_can_verify_who_the_caller_is_by_the_published_keys() {
    for algorithm in ["ES256", "ES384", "EdDSA", "RS256", "PS256"] {
        let upstream = Upstream::start();
        let key = SigningKey::new(algorithm, "");
        let gateway = before(&upstream, &key, "").start();
        let assertion = asserted(&gateway, &upstream, "/a", &token::access(7));
        let header = part(&assertion, 0);
        assert_eq!(
            (&header["alg"], &header["typ"]),
            (&algorithm.into(), &"assertion+jwt".into())
        );
        assert_eq!(header["kid"], published(&gateway)["keys"][0]["kid"]);
        let verified = verified(&gateway, &assertion, "api", token::now()).expect("an assertion");
        assert_eq!(verified.subject.to_string(), "7");
        let claims = part(&assertion, 1);
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&"sidegate".into(), &"api".into())
        );
        assert_eq!(claims["jti"], gateway.access_line("/a")["decision"]);
        let (from, until) = (
            claims["iat"].as_u64().unwrap(),
            claims["exp"].as_u64().unwrap(),
        );
        assert_eq!(until - from, 60);
        assert!(from <= token::now() && token::now() < until);
        assert_eq!(upstream.only().values("x-user-id"), ["7"]);
        assert!(!gateway.said().contains(&assertion));
    }
}

#[test]
fn an_assertion_ends_with_its_lifetime() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "lifetime: 90s").start();
    let assertion = asserted(&gateway, &upstream, "/a", &token::access(7));
    let until = part(&assertion, 1)["exp"].as_u64().expect("a time");
    assert_eq!(
        until - part(&assertion, 1)["iat"].as_u64().expect("a time"),
        90
    );
    assert!(verified(&gateway, &assertion, "api", until - 1).is_ok());
    let expired = verified(&gateway, &assertion, "api", until).map(drop);
    assert_eq!(expired, Err(Unproven::Invalid(InvalidToken::Expired)));
}

#[test]
fn an_assertion_is_for_one_upstream() {
    let (api, jobs) = (Upstream::start(), Upstream::start());
    let upstreams = format!(
        "{{ api: {{ endpoints: [\"{}\"] }}, jobs: {{ endpoints: [\"{}\"], audience: \"https://jobs.internal\" }} }}",
        api.url(),
        jobs.url()
    );
    let gateway = before(&api, &SigningKey::new("ES256", ""), "")
        .section("upstreams", &upstreams)
        .routes(
            r#"
- { match: "/jobs/**", access: required, upstream: jobs }
- { match: "/**", access: required, upstream: api }"#,
        )
        .start();
    let token = token::access(7);
    let to_api = asserted(&gateway, &api, "/a", &token);
    let to_jobs = asserted(&gateway, &jobs, "/jobs/a", &token);
    assert_eq!(part(&to_api, 1)["aud"], "api");
    assert_eq!(part(&to_jobs, 1)["aud"], "https://jobs.internal");
    let now = token::now();
    assert!(verified(&gateway, &to_api, "api", now).is_ok());
    assert!(verified(&gateway, &to_jobs, "https://jobs.internal", now).is_ok());
    let other = verified(&gateway, &to_jobs, "api", now).map(drop);
    assert_eq!(other, Err(Unproven::Invalid(InvalidToken::Audience)));
    assert_eq!(asserted(&gateway, &api, "/b", &token), to_api);
    assert_eq!(asserted(&gateway, &jobs, "/jobs/b", &token), to_jobs);
    assert_eq!(minted(&gateway), 2);
}

#[test]
fn claims_go_on_with_their_types() {
    let upstream = Upstream::start();
    let further = r#"issuer: "https://gw.test", claims: { roles: "{claims.realm.roles}", level: "{claims.level}", team: "{claims.team}", tier: 2 }"#;
    let gateway = before(&upstream, &SigningKey::new("EdDSA", ""), further).start();
    let mut claims = token::claims("7");
    claims["realm"] = serde_json::json!({ "roles": ["a", "\u{d55c}"] });
    claims["level"] = 3.into();
    let assertion = asserted(&gateway, &upstream, "/a", &token::signed(&claims));
    let said = part(&assertion, 1);
    assert_eq!(said["iss"], "https://gw.test");
    assert_eq!(said["roles"], claims["realm"]["roles"]);
    assert_eq!((&said["level"], &said["tier"]), (&3.into(), &2.into()));
    assert_eq!(said.get("team"), None);
}

#[test]
fn an_assertion_cannot_be_forged_on_any_route() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "").start();
    for path in ["/public/a", "/optional/a", "/a"] {
        let sent = forged(path);
        let sent = if path == "/a" {
            sent.token(&token::access(7))
        } else {
            sent
        };
        assert_eq!(gateway.send(&sent).status, 200);
    }
    for seen in upstream.seen() {
        assert!(!seen.head.contains("forged"), "{}", seen.head);
        let expected = usize::from(seen.target() == "/a");
        assert_eq!(folded(&seen).len(), expected, "{}", seen.head);
    }
}

#[test]
fn an_assertion_of_another_name_cannot_be_forged_either() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "header: X-Caller").start();
    let forged = Request::get("/public/a").header("X_Caller", "forged");
    let forged = forged
        .header("x.caller", "forged")
        .header("X-Caller", "forged");
    assert_eq!(gateway.send(&forged).status, 200);
    let seen = upstream.only();
    assert!(!seen.head.contains("forged"), "{}", seen.head);
    gateway.send(&Request::get("/a").token(&token::access(7)));
    let seen = upstream.seen();
    assert!(seen[1].values("x-caller")[0].starts_with("eyJ"));
    assert!(seen[1].values(HEADER).is_empty());
}

#[test]
fn where_nothing_is_asserted_no_client_asserts_it() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for request in [forged("/public/a"), forged("/a").token(&token::access(7))] {
        assert_eq!(gateway.send(&request).status, 200);
    }
    for seen in upstream.seen() {
        assert!(!seen.head.contains("forged"), "{}", seen.head);
    }
}

#[test]
fn nobody_in_particular_is_asserted_to_be_nobody() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "").start();
    let good = token::access(7);
    for (path, token, count) in [
        ("/public/a", None, 0),
        ("/public/b", Some(&good), 0),
        ("/optional/a", None, 0),
        ("/optional/b", Some(&good), 1),
    ] {
        let request = Request::get(path);
        let request = token.into_iter().fold(request, |it, token| it.token(token));
        assert_eq!(gateway.send(&request).status, 200);
        let seen = upstream.seen();
        let seen = seen.iter().find(|seen| seen.target() == path);
        assert_eq!(folded(seen.expect("a request")).len(), count, "{path}");
    }
}

#[test]
fn a_websocket_carries_it_too() {
    let upstream = Upstream::answering(|_, wire| {
        wire.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n");
        drop(wire.stream().read(&mut [0; 16]));
        After::Close
    });
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "").start();
    let request = Request::get("/ws")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let mut connection = gateway.client().connect();
    connection.write(request.token(&token::access(7)).bytes());
    assert_eq!(connection.head().status, 101);
    let assertion = folded(&upstream.only());
    assert!(verified(&gateway, &assertion[0], "api", token::now()).is_ok());
}

#[test]
fn an_assertion_is_no_access_token() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "").start();
    let assertion = asserted(&gateway, &upstream, "/a", &token::access(7));
    let response = gateway.send(&Request::get("/b").token(&assertion));
    assert_eq!(response.status, 401);
}

#[test]
fn without_a_key_that_signs_no_caller_goes_on_unasserted() {
    let upstream = Upstream::start();
    let keys = format!(
        "{{ keys: [{{ algorithm: ES256, private_key: \"file:own.pem\", active_from: {} }}] }}",
        moment(token::now() + 3600)
    );
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "")
        .section("assertion", &keys)
        .start();
    let response = gateway.send(&Request::get("/a").token(&token::access(7)));
    assert_eq!(response.status, 503);
    assert!(response.header("retry-after").is_some());
    assert_eq!(gateway.outcome("/a"), "assertion_unavailable");
    assert_eq!(gateway.get("/optional/a").status, 200);
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn an_assertion_that_is_too_large_refuses_its_token() {
    let upstream = Upstream::start();
    let further = r#"claims: { all: "{claims.all}" }"#;
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), further).start();
    let mut claims = token::claims("7");
    claims["all"] = "a".repeat(4096).into();
    let large = token::signed(&claims);
    let response = gateway.send(&Request::get("/a").token(&large));
    assert_eq!(
        (response.status, gateway.outcome("/a").as_str()),
        (401, "invalid_token")
    );
    assert!(upstream.seen().is_empty());
}

#[test]
fn an_explanation_names_the_header_where_it_is_sent() {
    let key = SigningKey::new("ES256", "");
    let setup = before(&Upstream::start(), &key, "").file("token", &token::access("7"));
    setup.write();
    let explained = |path: &str, further: &[&str]| {
        let ended = ended(&setup, &[&["explain", "GET", path][..], further].concat());
        ended.answer
    };
    let sent = "adds       x-user-id, x-sidegate-assertion\nverdict    forwarded to api";
    let told = explained("/a", &["--token", "token"]);
    assert!(told.contains(sent), "{told}");
    let forged = ["--header", "X_Sidegate_Assertion: forged"];
    let told = explained("/optional/a", &forged);
    assert!(told.contains("removes    x_sidegate_assertion"), "{told}");
    assert!(!told.contains("adds"), "{told}");
    assert!(explained(KEYS, &[]).contains("verdict    answered by the gateway"));
    let keys = moment(token::now() + 3600);
    let keys = format!("active_from: {keys}");
    let early =
        "{ keys: [{ algorithm: ES256, private_key: \"file:own.pem\", ".to_owned() + &keys + " }] }";
    let setup = setup.section("assertion", &early);
    setup.write();
    let ended = ended(&setup, &["explain", "GET", "/a", "--token", "token"]);
    assert!(ended.answer.contains("assertion_unavailable"), "{ended:?}");
}
