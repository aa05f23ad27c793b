//! Tells the service manager how far the gateway is (`sd_notify`), where one wants to know.

use sd_notify::NotifyState;
use tracing::warn;

/// The sockets listen.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// What was read at the start is read again; [`ready`] has to follow.
pub(super) fn reloading() {
    // Without the time a manager that has asked for the reload would take an earlier one for it.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "the service manager is not told of the reload"),
    }
}

/// Nothing is accepted any more.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "the service manager cannot be told");
    }
}
