//! What an audit reads of changes. The words in `security` are stable, and no line has a value.

use tracing::{info, warn};

use crate::{accounts::Sender, member::MemberId, telemetry::SECURITY};

pub(super) fn password_changed(id: &MemberId, sessions: usize, sender: &Sender) {
    info!(
        target: SECURITY,
        security = "password_changed",
        account = %id,
        sessions,
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a user has changed the password"
    );
}

pub(super) fn profile_changed(id: &MemberId, columns: &[String], sender: &Sender) {
    info!(
        target: SECURITY,
        security = "profile_changed",
        account = %id,
        columns = columns.join(" "),
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a user has changed what the row says"
    );
}

pub(super) fn password_refused(id: &MemberId, why: &'static str, sender: &Sender) {
    warn!(
        target: SECURITY,
        security = "password_change_refused",
        account = %id,
        why,
        client = sender.address.to_str().unwrap_or_default(),
        decision = %sender.decision,
        "a change of password was refused"
    );
}
