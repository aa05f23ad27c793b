//! How long an assertion is used, and what a reload makes of it.

use super::*;
use crate::harness::wait_until;

#[test]
fn an_assertion_is_used_for_half_of_its_lifetime() {
    for algorithm in ["ES256", "RS256"] {
        let upstream = Upstream::start();
        let key = SigningKey::new(algorithm, "");
        let gateway = before(&upstream, &key, "lifetime: 6s").start();
        let token = token::access(7);
        let first = asserted(&gateway, &upstream, "/a", &token);
        let from = part(&first, 1)["iat"].as_u64().expect("a time");
        wait_until("another assertion", || {
            let next = asserted(&gateway, &upstream, "/b", &token);
            // Between the two readings of the clock a second may have gone by.
            assert!(next == first || token::now() >= from + 3, "{algorithm}");
            assert!(next != first || token::now() <= from + 4, "{algorithm}");
            next != first
        });
        assert_eq!(minted(&gateway), 2, "{algorithm}");
    }
}

#[test]
fn each_token_has_its_own() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "").start();
    let token = token::access(7);
    let one = asserted(&gateway, &upstream, "/a", &token);
    let other = asserted(&gateway, &upstream, "/b", &token::access(8));
    assert_eq!(
        (&part(&one, 1)["sub"], &part(&other, 1)["sub"]),
        (&"7".into(), &"8".into())
    );
    assert_eq!(asserted(&gateway, &upstream, "/c", &token), one);
}

#[test]
fn a_slow_signature_is_made_once_for_all_who_wait_for_it() {
    let upstream = Upstream::start();
    let key = SigningKey::new("RS256", "");
    let gateway = before(&upstream, &key, "").section("cores", "2").start();
    let mut connections: Vec<_> = (0..24).map(|_| gateway.client().connect()).collect();
    let request = Request::get("/a").token(&token::access(7)).bytes();
    for connection in &mut connections {
        connection.write(&request);
    }
    for connection in &mut connections {
        assert_eq!(connection.response().status, 200);
    }
    let seen = upstream.seen();
    let mut assertions: Vec<_> = seen.iter().flat_map(folded).collect();
    assert_eq!(assertions.len(), 24);
    assertions.dedup();
    assert_eq!((assertions.len(), minted(&gateway)), (1, 1));
}

#[test]
fn a_client_that_leaves_while_its_assertion_is_signed_harms_nobody() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("RS256", ""), "").start();
    for subject in 0..20 {
        let mut connection = gateway.client().connect();
        connection.write(Request::get("/gone").token(&token::access(subject)).bytes());
    }
    for subject in 0..20 {
        let token = token::access(subject);
        let assertion = asserted(&gateway, &upstream, "/a", &token);
        assert_eq!(part(&assertion, 1)["sub"], subject.to_string());
    }
}

#[test]
fn a_reload_keeps_what_is_made_of_the_same_and_nothing_else() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, &SigningKey::new("ES256", ""), "issuer: one").start();
    let token = token::access(7);
    let first = asserted(&gateway, &upstream, "/a", &token);
    let yaml = gateway.setup().yaml();
    reload(&gateway, &yaml.replace("/public/**", "/elsewhere/**"));
    assert_eq!(asserted(&gateway, &upstream, "/b", &token), first);
    reload(&gateway, &yaml.replace("issuer: one", "issuer: two"));
    let second = asserted(&gateway, &upstream, "/c", &token);
    assert_eq!(part(&second, 1)["iss"], "two");
    reload(&gateway, &yaml);
    assert_eq!(
        part(&asserted(&gateway, &upstream, "/d", &token), 1)["iss"],
        "one"
    );
    let without: Vec<&str> = yaml
        .lines()
        .filter(|line| !line.starts_with("assertion:"))
        .collect();
    reload(&gateway, &without.join("\n"));
    assert_eq!(gateway.send(&Request::get("/e").token(&token)).status, 200);
    let seen = upstream.seen();
    let last = seen.iter().find(|seen| seen.target() == "/e");
    assert!(folded(last.expect("a request")).is_empty());
    reload(&gateway, &yaml);
    assert_eq!(
        part(&asserted(&gateway, &upstream, "/f", &token), 1)["iss"],
        "one"
    );
}
