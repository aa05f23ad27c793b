//! Whether refresh tokens are spent, and how long sessions last.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use super::Findings;
use crate::{
    config::document::{
        Document,
        tokens::{Rotation, Token},
    },
    member::family::Lifetimes,
};

/// After that a client has not lost an answer, it has a copy.
const LONGEST_GRACE: Duration = Duration::from_secs(300);

const USUAL_GRACE: Duration = Duration::from_secs(10);

const USUAL_ABSOLUTE: Duration = Duration::from_secs(180 * 86_400);

/// `None` where a refresh token stays as it is.
pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Option<Lifetimes> {
    let access = &document.tokens.access;
    let rotation = (access.rotation == Rotation::On).then_some("rotation");
    for key in rotation.into_iter().chain(written(access)) {
        let path = format!("tokens.access.{key}");
        let message = "no access token is presented for a refresh";
        findings.mistake(&path, message, "write it in `tokens.refresh`");
    }
    let refresh = document.tokens.refresh.as_ref()?;
    if refresh.rotation == Rotation::Off {
        for key in written(refresh) {
            let path = format!("tokens.refresh.{key}");
            let message = "this is of sessions whose refresh tokens are spent";
            findings.mistake(&path, message, "add `rotation: on`, or leave it out");
        }
        return None;
    }
    if document.state.is_none() {
        let message =
            "which tokens were spent has to be known after a restart and to every gateway";
        let fix = "add `state: { database: … }`, the gateway's own tables";
        findings.mistake("tokens.refresh.rotation", message, fix);
    }
    named(refresh, findings);
    if !names_the_token(&access.claims) {
        let message =
            "access tokens have no `jti`: those of a session that ends hold until they expire";
        let fix = "add `jti: \"{token.id}\"` to the claims of `tokens.access`, if the monolith accepts it";
        findings.warning("tokens.refresh.rotation", message, fix);
    }
    let idle = refresh.idle_lifetime.unwrap_or(refresh.lifetime).into();
    let lifetimes = Lifetimes {
        grace: refresh.grace.map_or(USUAL_GRACE, Duration::from),
        idle,
        absolute: refresh
            .absolute_lifetime
            .map_or_else(|| USUAL_ABSOLUTE.max(idle), Duration::from),
    };
    bounds(refresh, &lifetimes, findings);
    Some(lifetimes)
}

/// The keys that say how long sessions last.
fn written(token: &Token) -> impl Iterator<Item = &'static str> {
    let keys = [
        ("grace", token.grace),
        ("idle_lifetime", token.idle_lifetime),
        ("absolute_lifetime", token.absolute_lifetime),
    ];
    let keys = keys.into_iter();
    keys.filter_map(|(key, span)| span.map(|_| key))
}

/// Without a name two logins of one second are given the same token, and spending one would spend the other.
fn named(refresh: &Token, findings: &mut Findings<'_>) {
    if !names_the_token(&refresh.claims) {
        let message = "rotation needs refresh tokens that can be told apart: without a `jti`, two that are minted in one \
                       second for one user are identical";
        let fix = "add `jti: \"{token.id}\"` to the claims of `tokens.refresh`";
        findings.mistake("tokens.refresh.rotation", message, fix);
    }
}

/// Whether `jti` is another one for each token.
pub(super) fn names_the_token(claims: &IndexMap<String, Value>) -> bool {
    let jti = claims.get("jti").and_then(Value::as_str);
    jti.is_some_and(|text| text.trim() == "{token.id}")
}

fn bounds(refresh: &Token, lifetimes: &Lifetimes, findings: &mut Findings<'_>) {
    if lifetimes.grace > LONGEST_GRACE {
        let message = "whoever has a copy of a spent token could use it for so long";
        findings.mistake("tokens.refresh.grace", message, "write 5m or less");
    }
    if lifetimes.idle.is_zero() {
        let message = "a session would have ended when it is opened";
        findings.mistake(
            "tokens.refresh.idle_lifetime",
            message,
            "write a longer time, such as 30d",
        );
    }
    if Duration::from(refresh.lifetime) < lifetimes.idle {
        let message = "a refresh token expires sooner";
        let fix = "write no more than the `lifetime`, or a longer one there";
        findings.mistake("tokens.refresh.idle_lifetime", message, fix);
    }
    if lifetimes.absolute < lifetimes.idle {
        let message = "a session would end before it is idle";
        let fix = "write more than `idle_lifetime`, which is the `lifetime` where it is left out";
        findings.mistake("tokens.refresh.absolute_lifetime", message, fix);
    }
}
