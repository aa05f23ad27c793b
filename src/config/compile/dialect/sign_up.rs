//! How a sign-up and a withdrawal speak.

use super::{
    Compiler,
    request::{Further, Roles},
};
use crate::{
    accounts::dialect::{SignUpDialect, WithdrawDialect},
    config::document::dialect as written,
};

const SIGN_UP: Roles<'_> = Roles {
    needed: &["login", "password"],
    known: &["password_again"],
    further: Further::Taken,
};

const WITHDRAW: Roles<'_> = Roles {
    needed: &[],
    known: &["password", "user"],
    further: Further::Refused,
};

const VALUES: [&str; 3] = ["user", "user.id", "login"];

impl Compiler<'_, '_> {
    pub(super) fn sign_up(&mut self, sign_up: &written::SignUp) -> Option<SignUpDialect> {
        let request = self.request(&sign_up.request, "sign_up.request", &SIGN_UP);
        let created = self.template(&sign_up.created, "sign_up.created", &VALUES);
        let pending = match &sign_up.pending {
            Some(pending) => self.template(pending, "sign_up.pending", &VALUES),
            None => created.clone(),
        };
        let conflict = self.fixed(&sign_up.conflict, "sign_up.conflict", "conflict");
        let too_early = match &sign_up.too_early {
            Some(too_early) => self.fixed(too_early, "sign_up.too_early", "too_early"),
            None => conflict.clone(),
        };
        let weak = sign_up.weak_password.as_ref();
        let (weak, path) = match weak {
            Some(weak) => (weak, "sign_up.weak_password"),
            None => (&sign_up.invalid, "sign_up.invalid"),
        };
        let weak_password = self.template(weak, path, &["reason"]);
        Some(SignUpDialect {
            request: request?,
            created: created?,
            pending: pending?,
            conflict: conflict?,
            too_early: too_early?,
            weak_password: weak_password?,
            invalid: self.fixed(&sign_up.invalid, "sign_up.invalid", "invalid")?,
        })
    }

    pub(super) fn withdraw(&mut self, withdraw: &written::Withdraw) -> Option<WithdrawDialect> {
        let request = self.request(&withdraw.request, "withdraw.request", &WITHDRAW);
        let done = self.fixed(&withdraw.done, "withdraw.done", "withdrawn");
        let refused = self.fixed(&withdraw.refused, "withdraw.refused", "refused");
        Some(WithdrawDialect {
            request: request?,
            done: done?,
            refused: refused?,
        })
    }
}
