//! How a question whether a token holds is asked and answered.

use super::{Compiler, request::Roles};
use crate::{accounts::dialect::VerifyDialect, config::document::dialect as written};

impl Compiler<'_, '_> {
    pub(super) fn verify(&mut self, verify: &written::Verify) -> Option<VerifyDialect> {
        let request = self.request(&verify.request, "verify.request", &Roles::TOKEN);
        let valid = self.fixed(&verify.valid, "verify.valid", "valid");
        let invalid = self.fixed(&verify.invalid, "verify.invalid", "not_valid");
        Some(VerifyDialect {
            request: request?,
            valid: valid?,
            invalid: invalid?,
        })
    }
}
