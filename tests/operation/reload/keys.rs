//! What a reload leaves of keys that were fetched and of what they have proved.

use super::*;
use crate::harness::{
    After,
    certificates::{Authority, Versions},
    keys::{SigningKey, key_set},
    token::ACCESS_SECRET,
    wait_until,
    wrapping::TlsFront,
};

const IDP: &str = "https://idp.test";

/// An issuer that publishes this key.
fn publisher(key: &SigningKey) -> Upstream {
    let set = key_set(&[key]);
    Upstream::answering(move |_, wire| {
        wire.respond(200, &[], set.as_bytes());
        After::Close
    })
}

fn following(upstream: &Upstream, url: &str, ca: &str) -> Setup {
    let tokens = format!(
        "
access: {{ algorithm: HS256, secret: {ACCESS_SECRET}, lifetime: 30d }}
issuers:
  - {{ issuer: {IDP}, audience: [sidegate], jwks: {{ url: \"{url}/keys\", {ca}, algorithms: [ES256], refresh: 10m, stale_if_error: 1d }} }}"
    );
    unwatched(upstream)
        .without("accounts")
        .without("users")
        .section("tokens", &tokens)
}

fn settled(gateway: &Gateway) {
    wait_until("the keys to be known", || {
        gateway.ask("/ready").status == 200
    });
}

#[test]
fn a_reload_keeps_fetched_keys_and_what_they_have_proved() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let issuer = publisher(&key);
    let authority = Authority::new();
    let config = authority.server(&["127.0.0.1"], Versions::Both);
    let front = TlsFront::before(&issuer, config);
    // In clear text and behind TLS: what is compared is what was written, not what was made of it.
    for (url, ca) in [
        (issuer.url(), "clear_text: acknowledged"),
        (front.url(), "ca: ca.pem"),
    ] {
        let before = issuer.seen().len();
        let gateway = following(&upstream, &url, ca)
            .file("ca.pem", &authority.pem)
            .start();
        settled(&gateway);
        let asked = || issuer.seen().len() - before;
        let verified = || gateway.metric("sidegate_token_verifications_total");
        let warm = Request::get("/private/a").token(&key.token(IDP, "7"));
        assert_eq!(gateway.send(&warm).status, 200);
        assert_eq!((asked(), verified()), (1, 1));
        gateway.reload(&changed(&gateway, "/optional/**", "/other/**"));
        assert_eq!(gateway.send(&warm).status, 200);
        assert_eq!((asked(), verified()), (1, 1), "warm after a reload");
        let cold = Request::get("/private/a").token(&key.token(IDP, "8"));
        assert_eq!(gateway.send(&cold).status, 200);
        assert_eq!((asked(), verified()), (1, 2), "by the keys that were there");
    }
}

#[test]
fn a_set_that_is_only_to_be_fetched_at_other_times_keeps_its_keys() {
    let upstream = Upstream::start();
    let key = SigningKey::new("ES256", "a");
    let issuer = publisher(&key);
    let gateway = following(&upstream, &issuer.url(), "clear_text: acknowledged").start();
    settled(&gateway);
    // From here on nobody can fetch anything: that is when an operator wants the keys to last longer.
    issuer.kill();
    for (from, to) in [
        ("stale_if_error: 1d", "stale_if_error: 7d"),
        ("refresh: 10m", "refresh: 1m"),
    ] {
        gateway.reload(&changed(&gateway, from, to));
        let cold = Request::get("/private/a").token(&key.token(IDP, from));
        assert_eq!(gateway.send(&cold).status, 200, "{to}");
        assert_eq!(gateway.ask("/ready").status, 200, "{to}");
        let fetched =
            format!("sidegate_key_set_fetches_total{{issuer=\"{IDP}\",outcome=\"good\"}}");
        assert_eq!(gateway.metric(&fetched), 1, "counters do not go back");
    }
}

#[test]
fn a_set_of_another_place_or_for_other_algorithms_begins_anew() {
    let upstream = Upstream::start();
    let (key, other) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "a"));
    let (issuer, elsewhere) = (publisher(&key), publisher(&other));
    let gateway = following(&upstream, &issuer.url(), "clear_text: acknowledged").start();
    settled(&gateway);
    let status = |key: &SigningKey| {
        let request = Request::get("/private/a").token(&key.token(IDP, "7"));
        gateway.send(&request).status
    };
    assert_eq!((status(&key), status(&other)), (200, 401));
    gateway.reload(&changed(&gateway, &issuer.url(), &elsewhere.url()));
    settled(&gateway);
    assert_eq!((status(&key), status(&other)), (401, 200));
    gateway.reload(&changed(
        &gateway,
        "algorithms: [ES256]",
        "algorithms: [EdDSA]",
    ));
    assert_ne!(status(&key), 200);
}
