//! Whose tokens are accepted, and by which keys.

mod algorithms;
mod forgeries;
mod issuers;
mod key_sets;
mod places;
pub(super) mod publisher;
mod remembered;
mod rotation;
mod transmission;

use crate::harness::{Gateway, Request, Setup, Upstream, token::ACCESS_SECRET};

pub(super) const IDP: &str = "https://idp.test";

/// A gateway whose access tokens are as usual, with these further issuers.
pub(super) fn with_issuers(upstream: &Upstream, issuers: &str) -> Setup {
    let tokens = format!(
        "
access: {{ algorithm: HS256, secret: {ACCESS_SECRET}, lifetime: 30d }}
issuers:
  {}",
        issuers.trim().replace('\n', "\n  ")
    );
    with_tokens(upstream, &tokens)
}

/// A gateway with this section `tokens` and nothing to log in with.
fn with_tokens(upstream: &Upstream, tokens: &str) -> Setup {
    Gateway::before(upstream)
        .without("accounts")
        .without("users")
        .section("refusals", "problem")
        .section("tokens", tokens)
}

/// The status, the outcome in the log and the reason.
#[track_caller]
fn judged(gateway: &Gateway, path: &str, token: &str) -> (u16, String, String) {
    let response = gateway.send(&Request::get(path).token(token));
    let line = gateway.access_line(path);
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    (response.status, text("outcome"), text("reason"))
}

#[track_caller]
fn accepted(gateway: &Gateway, path: &str, token: &str) {
    let (status, outcome, reason) = judged(gateway, path, token);
    assert_eq!(
        (status, outcome.as_str()),
        (200, "forwarded"),
        "{path}: {reason}"
    );
}

/// Refused as a bad token, for this reason.
#[track_caller]
fn refused(gateway: &Gateway, path: &str, token: &str, reason: &str) {
    let judged = judged(gateway, path, token);
    let judged = (judged.0, judged.1.as_str(), judged.2.as_str());
    assert_eq!(judged, (401, "invalid_token", reason), "{path}");
}
