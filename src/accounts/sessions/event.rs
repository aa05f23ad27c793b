//! What an audit reads of sessions. No line has a token.

use tracing::{info, warn};

use crate::{
    accounts::{AccountRequest, Sender},
    state::EndedBy,
    telemetry::SECURITY,
};

/// A spent refresh token was presented after its time: somebody has a copy.
pub(super) fn reused(member: &str, session: &str, request: &AccountRequest) {
    warn!(
        target: SECURITY,
        security = "refresh_token_reused",
        account = member,
        session,
        client = request.sender.address.to_str().unwrap_or_default(),
        decision = %request.sender.decision,
        "a spent refresh token was presented again: its session is ended"
    );
}

/// Sessions were ended on purpose; `None` where an operator has.
pub(super) fn ended(member: &str, sessions: usize, by: EndedBy, sender: Option<&Sender>) {
    info!(
        target: SECURITY,
        security = "sessions_ended",
        account = member,
        sessions,
        by = by.word(),
        client = sender.and_then(|sender| sender.address.to_str().ok()),
        decision = sender.map(|sender| sender.decision.to_string()),
        "sessions were ended"
    );
}
