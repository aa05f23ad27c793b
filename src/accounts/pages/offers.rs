//! Which forms there are: those whose work is configured.

use super::Visit;
use crate::{
    member::code::{Form, Purpose},
    pages::Asks,
};

impl Visit<'_> {
    /// Whether there is this form.
    pub(super) fn offers(&self, asks: Asks) -> bool {
        let accounts = self.accounts;
        match asks {
            Asks::ForReset | Asks::ToReset => self.form_of(Purpose::Reset).is_some(),
            Asks::ForProof | Asks::ToProve => self.form_of(Purpose::Verify).is_some(),
            Asks::ToChange => self.pages.changes_password && accounts.changing.is_some(),
            Asks::ToLeave => self.asks_leavers() == Some(true),
            Asks::ToLeaveUnasked => self.asks_leavers() == Some(false),
        }
    }

    /// Whether whoever leaves is asked for the password; nothing where nobody leaves here.
    pub(super) fn asks_leavers(&self) -> Option<bool> {
        let withdrawal = self.accounts.joining.withdrawal.as_ref()?;
        Some(withdrawal.password)
    }

    /// How codes of this purpose look, if any are sent.
    pub(super) fn form_of(&self, purpose: Purpose) -> Option<Form> {
        self.accounts.codes.as_ref()?.form(purpose)
    }

    /// Those of these that there are.
    pub(super) fn links(&self, asks: &[Asks]) -> Vec<Asks> {
        let asks = asks.iter().copied();
        asks.filter(|asks| self.offers(*asks)).collect()
    }
}
