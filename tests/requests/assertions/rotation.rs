//! Keys of assertions that follow each other.

use super::*;
use crate::harness::wait_until;

fn kid(assertion: &str) -> Value {
    part(assertion, 0)["kid"].clone()
}

#[test]
fn the_next_key_is_published_before_it_signs_and_the_last_one_after() {
    let upstream = Upstream::start();
    let (old, new) = (SigningKey::new("ES256", ""), SigningKey::new("EdDSA", ""));
    let turn = token::now() + 3;
    let assertion = format!(
        "
lifetime: 4s
keys:
  - {{ algorithm: EdDSA, private_key: \"file:new.pem\", kid: new, active_from: {turn} }}
  - {{ algorithm: ES256, private_key: \"file:own.pem\", kid: old, retires_at: {turn} }}",
        turn = moment(turn)
    );
    let gateway = before(&upstream, &old, "")
        .section("assertion", &assertion)
        .file("new.pem", &new.private_pem())
        .start();
    let token = token::access(7);
    let names = || {
        let set = published(&gateway);
        let keys = set["keys"].as_array().expect("a list").iter();
        keys.map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let before = asserted(&gateway, &upstream, "/a", &token);
    let known = names();
    assert!(token::now() >= turn || kid(&before) == "old");
    assert!(token::now() >= turn + 4 || known == ["new", "old"]);
    wait_until("the new key to sign", || {
        let now = token::now();
        let assertion = asserted(&gateway, &upstream, "/b", &token);
        assert!(verified(&gateway, &assertion, "api", token::now()).is_ok());
        assert!(kid(&assertion) == "new" || now < turn + 2);
        kid(&assertion) == "new"
    });
    assert!(token::now() >= turn + 4 || names() == ["new", "old"]);
    wait_until("the old key to go", || names() == ["new"]);
    assert!(token::now() >= turn + 4);
}

#[test]
fn a_key_that_a_reload_puts_first_signs_at_once() {
    let upstream = Upstream::start();
    let (old, new) = (SigningKey::new("ES256", ""), SigningKey::new("ES256", ""));
    let gateway = before(&upstream, &old, "")
        .file("new.pem", &new.private_pem())
        .start();
    let token = token::access(7);
    let first = asserted(&gateway, &upstream, "/a", &token);
    let yaml = gateway.setup().yaml();
    let old_key = r#"{ algorithm: ES256, private_key: "file:own.pem",  }"#;
    assert!(yaml.contains(old_key), "{yaml}");
    let both = r#"{ keys: [{ algorithm: ES256, private_key: "file:new.pem" }, { algorithm: ES256, private_key: "file:own.pem" }] }"#;
    reload(&gateway, &yaml.replace(old_key, both));
    let second = asserted(&gateway, &upstream, "/b", &token);
    assert_ne!(kid(&first), kid(&second));
    for assertion in [first, second] {
        assert!(verified(&gateway, &assertion, "api", token::now()).is_ok());
    }
}
