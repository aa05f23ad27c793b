//! Keys that an issuer publishes: fetched once, kept fresh, kept through an outage, gone when they are withdrawn.

use super::{publisher::Publisher, *};
use crate::{
    harness::{
        After, Gate,
        certificates::{Authority, Versions},
        keys::{SigningKey, key_set},
        token, wait_until,
        wrapping::TlsFront,
    },
    requests::user_columns::users,
};

const UNKNOWN: &str = "the token's kid is none of its issuer's keys";

fn ready(gateway: &Gateway) -> (u16, String) {
    let ready = gateway.ask("/ready");
    (ready.status, ready.text())
}

/// Waits until the first look at the keys is over.
fn settled(gateway: &Gateway) {
    wait_until("the keys to be known", || ready(gateway).0 == 200);
}

#[test]
fn who_has_waited_for_keys_may_wait_for_a_row_too() {
    let (upstream, gate) = (Upstream::start(), Gate::shut());
    let key = SigningKey::new("ES256", "a");
    let (keys, opened) = (key_set(&[&key]), gate.clone());
    let server = Upstream::answering(move |_, wire| {
        opened.pass();
        wire.respond(200, &[], keys.as_bytes());
        After::Close
    });
    let publisher = Publisher::at(server);
    let gateway = with_issuers(&upstream, &publisher.issuer(""))
        .section("users", &users("1h"))
        .routes(r#"[{ match: "/{kind}", access: required, require: { user: { user_type: user } } }, { match: "/**", access: required }]"#)
        .start();
    let ask = |path: &str, subject: &str| {
        let mut client = gateway.client().connect();
        client.write(Request::get(path).token(&key.token(IDP, subject)).bytes());
        client
    };
    let (mut member, mut stranger) = (ask("/member", "1"), ask("/stranger", "99"));
    // The core has seen those before this one, and they wait.
    accepted(&gateway, "/own/a", &token::access("1"));
    gate.open();
    assert_eq!(member.response().status, 200);
    assert_eq!(stranger.response().status, 401);
    assert_eq!(gateway.outcome("/stranger"), "unknown_user");
}

#[test]
fn a_crowd_of_requests_costs_the_issuer_one() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let publisher = Publisher::of(&[&key]);
    let gateway = with_issuers(&upstream, &publisher.issuer("")).start();
    std::thread::scope(|scope| {
        for number in 0..20 {
            let (gateway, token) = (&gateway, key.token(IDP, "7"));
            scope.spawn(move || accepted(gateway, &format!("/{number}"), &token));
        }
    });
    accepted(&gateway, "/own", &token::access("7"));
    assert_eq!(publisher.asked(), 1);
    let seen = publisher.server.only();
    assert!(
        seen.head.starts_with("GET /keys?a=b HTTP/1.1\r\n"),
        "{}",
        seen.head
    );
    let host = publisher.server.address().to_string();
    assert_eq!(seen.values("host"), [host.as_str()]);
    assert!(seen.values("authorization").is_empty());
}

#[test]
fn names_of_keys_that_do_not_exist_cost_the_issuer_nothing() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let publisher = Publisher::of(&[&key]);
    let gateway = with_issuers(&upstream, &publisher.issuer("")).start();
    settled(&gateway);
    for number in 0..30 {
        let other = SigningKey::new("ES256", &format!("k{number}"));
        refused(
            &gateway,
            &format!("/{number}"),
            &other.token(IDP, "7"),
            UNKNOWN,
        );
    }
    assert!(publisher.asked() <= 2, "asked {} times", publisher.asked());
    accepted(&gateway, "/good", &key.token(IDP, "7"));
}

#[test]
fn an_issuer_that_cannot_be_asked_is_an_outage_and_no_bad_token() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let publisher = Publisher::of(&[&key]);
    publisher.server.kill();
    let gateway = with_issuers(&upstream, &publisher.issuer("")).start();
    let response = gateway.send(&Request::get("/out").token(&key.token(IDP, "7")));
    assert_eq!(response.status, 503, "{}", response.text());
    assert!(response.header("retry-after").is_some());
    assert_eq!(response.header("www-authenticate"), None);
    assert_eq!(gateway.outcome("/out"), "keys_unavailable");
    accepted(&gateway, "/own", &token::access("7"));
    let (status, text) = ready(&gateway);
    assert_eq!(status, 503);
    assert!(
        text.contains("the keys of the issuer https://idp.test are not known"),
        "{text}"
    );
    publisher.server.listen();
    settled(&gateway);
    accepted(&gateway, "/back", &key.token(IDP, "7"));
}

#[test]
fn what_is_no_key_set_changes_nothing() {
    let upstream = Upstream::start();
    let (key, evil) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "b"));
    let publisher = Publisher::of(&[&key]);
    let gateway = with_issuers(&upstream, &publisher.issuer(", refresh: 1s")).start();
    settled(&gateway);
    let large = format!("{}{}", " ".repeat(300 * 1024), key_set(&[&evil]));
    let symmetric = r#"{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}"#;
    let good = key_set(&[&evil]);
    for (status, body) in [
        (500, good.as_str()),
        (302, &good),
        (204, ""),
        (200, "<html>"),
        (200, r#"{"keys":[]}"#),
        (200, symmetric),
        (200, &large),
    ] {
        publisher.say(status, body);
        let before = publisher.asked();
        wait_until("another look", || publisher.asked() > before + 1);
        let path = format!("/during/{status}/{}", body.len());
        accepted(&gateway, &path, &key.token(IDP, "7"));
        publisher.say(200, &key_set(&[&key]));
        let before = publisher.asked();
        wait_until("another look", || publisher.asked() > before);
    }
    let seen = publisher.server.seen();
    let elsewhere = seen
        .iter()
        .any(|seen| seen.head.starts_with("GET /elsewhere"));
    assert!(!elsewhere, "a redirect was followed");
}

#[test]
fn a_key_that_is_withdrawn_takes_its_proofs_along() {
    let upstream = Upstream::start();
    let (old, new) = (SigningKey::new("ES256", "a"), SigningKey::new("EdDSA", "b"));
    let publisher = Publisher::of(&[&old]);
    let gateway = with_issuers(&upstream, &publisher.issuer(", refresh: 1s")).start();
    let (token, next) = (old.token(IDP, "7"), new.token(IDP, "7"));
    accepted(&gateway, "/cold", &token);
    accepted(&gateway, "/warm", &token);
    publisher.say(200, &key_set(&[&old, &new]));
    let get = |path: &str, token: &str| gateway.send(&Request::get(path).token(token)).status;
    wait_until("the new key", || get("/both/new", &next) == 200);
    accepted(&gateway, "/both/old", &token);
    publisher.say(200, &key_set(&[&new]));
    wait_until("the old key to go", || get("/going", &token) == 401);
    refused(&gateway, "/gone", &token, UNKNOWN);
    accepted(&gateway, "/after", &next);
}

#[test]
fn keys_that_are_too_old_are_an_outage_for_warm_tokens_too() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let publisher = Publisher::of(&[&key]);
    let more = ", refresh: 1s, stale_if_error: 2s";
    let gateway = with_issuers(&upstream, &publisher.issuer(more)).start();
    let token = key.token(IDP, "7");
    accepted(&gateway, "/warm", &token);
    publisher.say(500, "");
    let get = |path: &str| gateway.send(&Request::get(path).token(&token)).status;
    wait_until("the keys to be too old", || {
        let status = get("/during");
        assert!(status == 200 || status == 503, "{status}");
        status == 503
    });
    publisher.say(200, &key_set(&[&key]));
    wait_until("the keys to come back", || get("/back") == 200);
}

#[test]
fn a_file_of_keys_is_read_again_when_it_changes() {
    let upstream = Upstream::start();
    let (old, new) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "b"));
    let issuers = format!(
        "- {{ issuer: {IDP}, audience: [sidegate], jwks: {{ file: keys.json, algorithms: [ES256] }} }}"
    );
    let gateway = with_issuers(&upstream, &issuers)
        .file("keys.json", &key_set(&[&old]))
        .start();
    accepted(&gateway, "/old", &old.token(IDP, "7"));
    refused(&gateway, "/unknown", &new.token(IDP, "7"), UNKNOWN);
    let file = gateway.setup().folder().join("keys.json");
    std::fs::write(&file, key_set(&[&new])).expect("a file");
    let get = |path: &str, token: &str| gateway.send(&Request::get(path).token(token)).status;
    let token = new.token(IDP, "7");
    wait_until("the new key", || get("/new", &token) == 200);
    refused(&gateway, "/gone", &old.token(IDP, "7"), UNKNOWN);
    std::fs::write(&file, "broken").expect("a file");
    gateway.log_line("the keys of an issuer cannot be read");
    accepted(&gateway, "/still", &new.token(IDP, "7"));
}

#[test]
fn an_issuers_certificate_is_verified() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let publisher = Publisher::of(&[&key]);
    let (authority, other) = (Authority::new(), Authority::new());
    let config = authority.server(&["127.0.0.1"], Versions::Both);
    let front = TlsFront::before(&publisher.server, config);
    let issuers = format!(
        "- {{ issuer: {IDP}, audience: [sidegate], jwks: {{ url: \"{}/keys\", ca: ca.pem, algorithms: [ES256] }} }}",
        front.url()
    );
    let gateway = |ca: &str| {
        let setup = with_issuers(&upstream, &issuers);
        setup.file("ca.pem", ca).start()
    };
    let good = gateway(&authority.pem);
    accepted(&good, "/good", &key.token(IDP, "7"));
    let bad = gateway(&other.pem);
    let (status, outcome, _) = judged(&bad, "/bad", &key.token(IDP, "7"));
    assert_eq!((status, outcome.as_str()), (503, "keys_unavailable"));
    assert_eq!(publisher.asked(), 1);
}
