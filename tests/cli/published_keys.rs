//! Tokens of issuers that publish their keys: `explain --fetch` and `token check`.

use super::{ended, explain::line, written};
use crate::harness::{
    After, Setup, Upstream,
    keys::{SigningKey, key_set},
};

/// Two issuers that publish their keys, and tokens of theirs in files.
fn with_published(local: &SigningKey, remote: &SigningKey, idp: &Upstream) -> Setup {
    let tokens = format!(
        r#"
access: {{ algorithm: HS256, secret: "${{SECRET_KEY}}", lifetime: 30d }}
issuers:
  - {{ issuer: local, audience: [sidegate], jwks: {{ file: keys.json, algorithms: [ES256] }} }}
  - {{ issuer: remote, audience: [sidegate], jwks: {{ url: "{}/keys", clear_text: acknowledged, algorithms: [ES256] }} }}"#,
        idp.url()
    );
    let setup = written()
        .without("accounts")
        .section("tokens", &tokens)
        .file("keys.json", &key_set(&[local]))
        .file("local", &local.token("local", "7"))
        .file(
            "unknown",
            &SigningKey::new("ES256", "c").token("remote", "7"),
        )
        .file("remote", &remote.token("remote", "7"));
    setup.write();
    setup
}

#[test]
fn with_fetch_the_issuer_of_the_token_is_asked_for_its_keys() {
    let (local, remote) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "b"));
    let set = key_set(&[&remote]);
    let idp = Upstream::answering(move |_, wire| {
        wire.respond(200, &[], set.as_bytes());
        After::Close
    });
    let setup = with_published(&local, &remote, &idp);
    let explain = ["explain", "GET", "/items/7", "--fetch", "--token"];
    let explained = |token: &'static str| ended(&setup, &[&explain[..], &[token]].concat());
    let checked = |token: &'static str| ended(&setup, &["token", "check", token]);
    assert_eq!(explained("local").code, Some(0));
    assert_eq!(checked("local").code, Some(0));
    assert_eq!(idp.connections(), 0);
    let good = explained("remote");
    assert_eq!(
        (good.code, line(&good, "verdict")),
        (Some(0), Some("forwarded to api")),
        "{good:?}"
    );
    assert_eq!(
        checked("remote").answer.lines().next(),
        Some("access : accepted")
    );
    let unknown = explained("unknown");
    let reason = "the token's kid is none of its issuer's keys";
    let verdict = format!("refused with 401 invalid_token: {reason}");
    assert_eq!(
        line(&unknown, "verdict"),
        Some(verdict.as_str()),
        "{unknown:?}"
    );
    let refused = format!("access : refused: {reason}");
    assert_eq!(
        checked("unknown").answer.lines().next(),
        Some(refused.as_str())
    );
    idp.kill();
    let away = explained("remote");
    let verdict = line(&away, "verdict").unwrap_or_default();
    assert!(
        verdict.starts_with("refused with 503 keys_unavailable"),
        "{away:?}"
    );
    assert!(
        away.answer
            .contains("the keys of remote cannot be read: cannot connect"),
        "{away:?}"
    );
    let away = checked("remote");
    assert_eq!(away.code, Some(2), "{away:?}");
    assert!(
        away.answer
            .starts_with("access : undecided: the keys of remote cannot be read"),
        "{away:?}"
    );
}

#[test]
fn published_keys_of_a_file_are_read_and_those_of_a_url_are_not_asked_for() {
    let (local, remote) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "b"));
    let idp = Upstream::start();
    let setup = with_published(&local, &remote, &idp);
    let explained = |token: &str| ended(&setup, &["explain", "GET", "/items/7", "--token", token]);
    let good = explained("local");
    assert_eq!(line(&good, "token"), Some("valid"));
    let unknown = explained("remote");
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert_eq!(line(&unknown, "token"), Some("undecided"));
    assert_eq!(line(&unknown, "verdict"), Some("undecided"));
    let notes: Vec<&str> = unknown
        .answer
        .lines()
        .filter_map(|line| line.strip_prefix("note       "))
        .collect();
    assert_eq!(
        notes,
        [
            "the keys of remote have not been fetched",
            "with --fetch its issuer is asked for them"
        ]
    );
    assert_eq!(idp.connections(), 0);
}
