//! The pages of members: what they show, what their forms do, and what they refuse.

pub(crate) mod browser;
mod codes;
mod editing;
mod forms;
mod login;
mod managing;
mod own;
mod profile;
mod signing_up;
mod style;

use crate::harness::{Gateway, Setup, Upstream, own_tables::OwnTables};
use browser::Browser;

const COOKIES: &str = r#"
access: { name: __Host-access }
refresh: { name: __Host-refresh }
csrf: { secret: "a secret of the forms of these pages" }"#;

/// Tokens that say of which session they are.
const TOKENS: &str = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id}", jti: "{token.id}" } }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.id}", jti: "{token.id}" } }"#;

/// A gateway with pages and no account routes.
pub(crate) fn pages() -> Setup {
    Gateway::before(&Upstream::start())
        .section("state", &OwnTables::Sqlite.section(""))
        .section("tokens", TOKENS)
        .section("cookies", COOKIES)
        .section("accounts", "[]")
        .section("pages", "{ brand: Pampam }")
}

/// A browser in English that has logged in as `NAME@example.com`.
#[track_caller]
pub(crate) fn logged_in<'a>(gateway: &'a Gateway, name: &str) -> Browser<'a> {
    let mut browser = Browser::new(gateway);
    browser.log_in(name);
    browser
}
