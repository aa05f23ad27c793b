//! How routes speak where users change what is theirs.

use super::{
    Compiler,
    request::{Further, Roles},
};
use crate::{accounts::dialect::ChangePasswordDialect, config::document::dialect as written};

const CHANGE_PASSWORD: Roles<'_> = Roles {
    needed: &["current_password", "password"],
    known: &["password_again", "user"],
    further: Further::Refused,
};

const VALUES: [&str; 4] = ["user", "user.id", "access_token", "refresh_token"];
const TOKENS: [&str; 2] = ["access_token", "refresh_token"];

impl Compiler<'_, '_> {
    pub(super) fn change_password(
        &mut self,
        written: &written::ChangePassword,
    ) -> Option<ChangePasswordDialect> {
        let request = self.request(
            &written.request,
            "change_password.request",
            &CHANGE_PASSWORD,
        );
        let done = self.template(&written.done, "change_password.done", &VALUES);
        let refused = self.fixed(&written.refused, "change_password.refused", "refused");
        let weak = self.template(&written.weak, "change_password.weak", &["reason"]);
        let done = done?;
        Some(ChangePasswordDialect {
            request: request?,
            hands_out: TOKENS.iter().any(|token| done.names(token)),
            done,
            refused: refused?,
            weak: weak?,
        })
    }
}
