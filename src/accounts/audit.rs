//! What an audit of logins reads: one line for each that failed, had to wait or was granted, where failures are counted.
//!
//! The words in `security` are stable. No line has a name: it has the row's id, or what stands for the name.

use tracing::{info, warn};

use super::{AccountRequest, Sender};
use crate::{
    attempts::{Attempts, Delayed, Place},
    telemetry::SECURITY,
};

/// A login, as far as it may be told.
pub(super) struct Audited<'a> {
    sender: &'a Sender,
    /// The row's id, or what stands for a name that nobody has.
    account: String,
}

impl<'a> Audited<'a> {
    pub(super) fn new(
        request: &'a AccountRequest,
        attempts: &Attempts,
        (name, row): (Option<&str>, Option<&str>),
    ) -> Self {
        Self {
            sender: &request.sender,
            account: row.map_or_else(
                || attempts.pseudonym(name.unwrap_or_default()),
                str::to_owned,
            ),
        }
    }

    pub(super) fn delayed(&self, delayed: &Delayed) {
        warn!(
            target: SECURITY,
            security = "login_delayed",
            account = self.account,
            client = self.client(),
            waits = %delayed.who,
            seconds = delayed.retry_after().as_secs(),
            decision = %self.sender.decision,
            "a login has to wait after failures"
        );
    }

    pub(super) fn failed(&self, place: Place) {
        warn!(
            target: SECURITY,
            security = "login_failed",
            account = self.account,
            client = self.client(),
            known_device = place == Place::KnownDevice,
            decision = %self.sender.decision,
            "a login has failed"
        );
    }

    pub(super) fn granted(&self, place: Place) {
        info!(
            target: SECURITY,
            security = "login_granted",
            account = self.account,
            client = self.client(),
            known_device = place == Place::KnownDevice,
            decision = %self.sender.decision,
            "a login was granted"
        );
    }

    fn client(&self) -> &str {
        self.sender.address.to_str().unwrap_or_default()
    }
}
