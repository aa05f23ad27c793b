//! How routes speak where users change what is theirs.

use super::{
    Compiler,
    request::{Further, Roles},
};
use crate::{
    accounts::dialect::{
        AnswerTemplate, ChangePasswordDialect, ChangeProfileDialect, ProfileDialect,
    },
    config::document::dialect as written,
};

const CHANGE_PASSWORD: Roles<'_> = Roles {
    needed: &["current_password", "password"],
    known: &["password_again", "user"],
    further: Further::Refused,
};

const CHANGE_PROFILE: Roles<'_> = Roles {
    needed: &[],
    known: &["current_password", "password", "password_again", "user"],
    further: Further::Taken,
};

const USER: [&str; 2] = ["user", "user.id"];
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

    pub(super) fn profile(&mut self, written: &written::Profile) -> Option<ProfileDialect> {
        let shown = self.of_user(&written.shown, "profile.shown", &USER);
        Some(ProfileDialect { shown: shown? })
    }

    pub(super) fn change_profile(
        &mut self,
        written: &written::ChangeProfile,
    ) -> Option<ChangeProfileDialect> {
        let request = self.request(&written.request, "change_profile.request", &CHANGE_PROFILE);
        let changed = self.of_user(&written.changed, "change_profile.changed", &VALUES);
        let conflict = self.fixed(&written.conflict, "change_profile.conflict", "conflict");
        let refused = self.fixed(&written.refused, "change_profile.refused", "refused");
        let (weak, path) = match &written.weak_password {
            Some(weak) => (weak, "change_profile.weak_password"),
            None => (&written.invalid, "change_profile.invalid"),
        };
        let weak_password = self.template(weak, path, &["reason"]);
        let invalid = self.fixed(&written.invalid, "change_profile.invalid", "invalid");
        let changed = changed?;
        Some(ChangeProfileDialect {
            request: request?,
            hands_out: TOKENS.iter().any(|token| changed.names(token)),
            changed,
            conflict: conflict?,
            refused: refused?,
            weak_password: weak_password?,
            invalid: invalid?,
        })
    }

    /// An answer that may say what the row says, too.
    fn of_user(
        &mut self,
        written: &written::Answer,
        path: &str,
        values: &[&str],
    ) -> Option<AnswerTemplate> {
        let columns = self.columns.iter().map(String::as_str);
        let values: Vec<&str> = values.iter().copied().chain(columns).collect();
        self.template(written, path, &values)
    }
}
