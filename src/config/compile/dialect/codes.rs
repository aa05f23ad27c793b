//! How routes for codes and links speak.

use super::{
    CodeDialects, Compiler,
    request::{Further, Roles},
};
use crate::{
    accounts::dialect::{
        ConfirmLinkDialect, ResetPasswordDialect, SendCodeDialect, VerifyCodeDialect,
    },
    config::document::dialect as written,
};

const SEND: Roles<'_> = Roles {
    needed: &[],
    known: &["login", "id", "address"],
    further: Further::Refused,
};
const VERIFY: Roles<'_> = Roles {
    needed: &["code"],
    known: &["login", "id", "address"],
    further: Further::Refused,
};
const LINK: Roles<'_> = Roles {
    needed: &["code"],
    known: &[],
    further: Further::Refused,
};
const RESET: Roles<'_> = Roles {
    needed: &["code", "password"],
    known: &["login", "id", "password_again"],
    further: Further::Refused,
};

impl Compiler<'_, '_> {
    pub(super) fn codes(&mut self, written: &written::Dialect) -> CodeDialects {
        let (send_code, reset_request) = (&written.send_code, &written.reset_request);
        let send_code = send_code.as_ref();
        let reset_request = reset_request.as_ref();
        let verify_code = written.verify_code.as_ref();
        let confirm_link = written.confirm_link.as_ref();
        let reset_password = written.reset_password.as_ref();
        CodeDialects {
            send_code: send_code.and_then(|it| self.send_code(it, "send_code")),
            verify_code: verify_code.and_then(|it| self.verify_code(it)),
            confirm_link: confirm_link.and_then(|it| self.confirm_link(it)),
            reset_request: reset_request.and_then(|it| self.send_code(it, "reset_request")),
            reset_password: reset_password.and_then(|it| self.reset_password(it)),
        }
    }

    /// `name` is that of the action.
    fn send_code(&mut self, written: &written::SendCode, name: &str) -> Option<SendCodeDialect> {
        let request = self.request(&written.request, &format!("{name}.request"), &SEND);
        let sent = self.fixed(&written.sent, &format!("{name}.sent"), "sent");
        Some(SendCodeDialect {
            request: request?,
            sent: sent?,
        })
    }

    fn verify_code(&mut self, written: &written::VerifyCode) -> Option<VerifyCodeDialect> {
        let request = self.request(&written.request, "verify_code.request", &VERIFY);
        let values = ["user", "user.id"];
        let verified = self.template(&written.verified, "verify_code.verified", &values);
        let refused = self.fixed(&written.refused, "verify_code.refused", "refused");
        Some(VerifyCodeDialect {
            request: request?,
            verified: verified?,
            refused: refused?,
        })
    }

    fn confirm_link(&mut self, written: &written::ConfirmLink) -> Option<ConfirmLinkDialect> {
        let request = self.request(&written.request, "confirm_link.request", &LINK);
        let shown = self.template(&written.shown, "confirm_link.shown", &["code"]);
        let refused = self.fixed(&written.refused, "confirm_link.refused", "refused");
        Some(ConfirmLinkDialect {
            request: request?,
            shown: shown?,
            refused: refused?,
        })
    }

    fn reset_password(&mut self, written: &written::ResetPassword) -> Option<ResetPasswordDialect> {
        let request = self.request(&written.request, "reset_password.request", &RESET);
        let done = self.fixed(&written.done, "reset_password.done", "done");
        let refused = self.fixed(&written.refused, "reset_password.refused", "refused");
        let weak = self.template(&written.weak, "reset_password.weak", &["reason"]);
        Some(ResetPasswordDialect {
            request: request?,
            done: done?,
            refused: refused?,
            weak: weak?,
        })
    }
}
