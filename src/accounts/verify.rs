//! Whether an access token holds, for applications that ask.
//!
//! A blocked or unknown user's token does not hold; when the user cannot be looked up, the answer is an outage and
//! not a bad token.

use super::{AccountError, AccountRequest, Accounts, Answer, dialect::VerifyDialect};

impl Accounts {
    pub(super) async fn verify(
        &self,
        dialect: &VerifyDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let fields = match dialect.request.read(request, &dialect.invalid) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let token = fields.text("token").unwrap_or_default();
        let holder = self.holder(&self.access, token).await?;
        let answer = if holder.is_some() {
            &dialect.valid
        } else {
            &dialect.invalid
        };
        Ok(answer.clone())
    }
}
