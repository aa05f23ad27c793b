//! What an audit reads of codes. No line has a code, an address or a name.

use tracing::{info, warn};

use crate::{accounts::Sender, member::code::Purpose, telemetry::SECURITY};

/// A code was made and its message posted.
pub(super) fn sent(account: &str, purpose: Purpose, decision: &str) {
    info!(
        target: SECURITY,
        security = "code_sent",
        account,
        purpose = purpose.word(),
        decision,
        "a code is sent"
    );
}

/// None was.
pub(super) fn not_sent(account: &str, purpose: Purpose, (why, decision): (&str, &str)) {
    info!(
        target: SECURITY,
        security = "code_not_sent",
        account,
        purpose = purpose.word(),
        why,
        decision,
        "no code is sent"
    );
}

/// A wrong one was tried.
pub(super) fn refused(account: &str, purpose: Purpose, sender: &Sender) {
    warn!(
        target: SECURITY,
        security = "code_refused",
        account,
        purpose = purpose.word(),
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a code was refused"
    );
}

/// The right one was, and what it is for was done.
pub(super) fn accepted(account: &str, purpose: Purpose, sender: &Sender) {
    info!(
        target: SECURITY,
        security = "code_accepted",
        account,
        purpose = purpose.word(),
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a code was accepted"
    );
}
