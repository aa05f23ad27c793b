//! What an audit reads of those who join and leave. The words in `security` are stable.

use tracing::info;

use crate::{accounts::Sender, member::MemberId, telemetry::SECURITY};

pub(in crate::accounts) fn joined(id: &MemberId, is_pending: bool, sender: &Sender) {
    info!(
        target: SECURITY,
        security = "signed_up",
        account = %id,
        pending = is_pending,
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a user has joined"
    );
}

pub(in crate::accounts) fn refused(why: &'static str, sender: &Sender) {
    info!(
        target: SECURITY,
        security = "sign_up_refused",
        why,
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a sign-up was refused"
    );
}

pub(super) fn left(id: &MemberId, sender: &Sender) {
    info!(
        target: SECURITY,
        security = "withdrawn",
        account = %id,
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a user has left"
    );
}
