//! Sessions that are kept: how they go on, how they end, and who is told of them.

mod logout;
mod oauth;
mod operators;
mod rotation;

use serde_json::Value;

use super::{pair, refresh};
use crate::harness::{Gateway, Request, Setup, Upstream, own_tables::OwnTables, users::PASSWORD};

/// Tokens that can be told apart, and refresh tokens that are spent.
fn tokens(further: &str) -> String {
    format!(
        r#"
access: {{ algorithm: HS256, secret: "${{SECRET_KEY}}", lifetime: 30d, claims: {{ sub: "{{user.id}}", jti: "{{token.id}}" }} }}
refresh: {{ algorithm: HS256, secret: "${{REFRESH_TOKEN_SECRET_KEY}}", lifetime: 60d, claims: {{ sub: "{{user.id}}", jti: "{{token.id}}" }}, {further} }}"#
    )
}

/// A gateway that keeps sessions, in these tables.
fn keeping(tables: &OwnTables, further: &str) -> Setup {
    Gateway::before(&Upstream::start())
        .section("state", &tables.section(""))
        .section("tokens", &tokens(further))
        .section("accounts", ACCOUNTS)
}

const ACCOUNTS: &str = r#"
- { action: login, match: POST /auth/token/pair, dialect: pair }
- { action: refresh, match: POST /auth/token/refresh, dialect: pair }
- { action: logout, match: POST /auth/logout }
- { action: logout_others, match: POST /auth/logout-others }
- { action: logout_everywhere, match: POST /auth/logout-everywhere }
- { action: sessions, match: GET /auth/sessions }
- { action: end_session, match: POST /auth/sessions/end }
- { action: revoke, match: POST /oauth/revoke }
- action: introspect
  match: POST /oauth/introspect
  clients:
    - { id: reports, secret: "a secret of the reports 0123456789" }
    - { id: hashed, secret_sha256: 0897b41ac95189e83e15188544d17adf86c1ff12339ca0992dbb95acb22b3c3c }"#;

/// The open sessions of whoever holds this token.
#[track_caller]
fn sessions_of(gateway: &Gateway, token: &str) -> Vec<Value> {
    let answer = gateway.send(&Request::get("/auth/sessions").token(token));
    assert_eq!(answer.status, 200, "{answer:?}");
    let sessions = answer.json()["sessions"].clone();
    sessions.as_array().expect("a list").clone()
}

/// The one that has this value.
#[track_caller]
fn named<'a>(sessions: &'a [Value], name: &str, value: &Value) -> &'a Value {
    let mut found = sessions.iter().filter(|session| session[name] == *value);
    found.next().expect("a session")
}

/// The access and the refresh token of an answer.
#[derive(Debug, Clone, PartialEq)]
struct Pair {
    access: String,
    refresh: String,
}

impl Pair {
    fn of(answer: &Value) -> Option<Self> {
        let token = |name: &str| answer[name].as_str().map(str::to_owned);
        Some(Self {
            access: token("access_token")?,
            refresh: token("refresh_token")?,
        })
    }
}

/// Logs in as soon as the tables are there.
#[track_caller]
fn logged_in(gateway: &Gateway) -> Pair {
    let mut pair_of_tokens = None;
    crate::harness::wait_until("a login", || {
        let answer = gateway.send(&pair("active@example.com", PASSWORD));
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        pair_of_tokens = Pair::of(&answer.json());
        pair_of_tokens.is_some()
    });
    pair_of_tokens.expect("a pair")
}

/// What a refresh gives, if anything.
#[track_caller]
fn refreshed(gateway: &Gateway, token: &str) -> Option<Pair> {
    let answer = gateway.send(&refresh(token));
    assert!([200, 401].contains(&answer.status), "{answer:?}");
    Pair::of(&answer.json())
}
