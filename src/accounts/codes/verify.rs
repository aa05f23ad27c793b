//! An address is proven.

use std::sync::Arc;

use ::http::{HeaderValue, header};
use serde_json::Value;

use super::{Codes, Whom, event};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts, Answer, Sender,
        dialect::{ConfirmLinkDialect, VerifyCodeDialect},
    },
    member::{Member, code::Purpose},
    secret::Secret,
    store::{CellValue, Expected},
};

impl Codes {
    /// Whose address a code proves, to the end of what that comes to.
    pub(in crate::accounts) async fn verify_address(
        self: &Arc<Self>,
        (whom, typed): (Option<Whom>, Secret<String>),
        sender: &Sender,
    ) -> Result<Option<Member>, AccountError> {
        let (all, sender) = (Arc::clone(self), sender.clone());
        self.to_its_end(async move { all.verify((whom, &typed), &sender).await })
            .await?
    }

    /// Spends the code and writes what an address that is proven comes to.
    async fn verify(
        &self,
        (whom, typed): (Option<Whom>, &Secret<String>),
        sender: &Sender,
    ) -> Result<Option<Member>, AccountError> {
        let settings = self
            .purpose(Purpose::Verify)
            .ok_or(AccountError::NoEndpoint)?;
        let proven = self.prove(Purpose::Verify, (whom, typed), sender).await?;
        let Some(member) = proven else {
            return Ok(None);
        };
        let sets = settings.sets.iter();
        let sets = sets.map(|(column, value)| (column.clone(), cell(value)));
        let writer = self.store.writer().ok_or(AccountError::NoEndpoint)?;
        if !writer.set_columns(&member.id, sets.collect()).await? {
            return Ok(None);
        }
        event::accepted(&member.id.to_string(), Purpose::Verify, sender);
        Ok(Some(member))
    }
}

impl Accounts {
    pub(in crate::accounts) async fn verify_code(
        &self,
        dialect: &VerifyCodeDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let codes = self.codes.as_ref().ok_or(AccountError::NoEndpoint)?;
        let mut fields = match dialect.request.read(request, &dialect.refused) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let whom = fields.whom();
        let Some(typed) = fields.take_secret("code") else {
            return Ok(dialect.refused.clone());
        };
        let verified = codes.verify_address((whom, typed), &request.sender);
        let Some(member) = verified.await? else {
            return Ok(dialect.refused.clone());
        };
        dialect.verified.fill("verified", &|name| match name {
            "user.id" => Some(member.id.to_json()),
            "user" => Some(Value::Object(member.shown.clone())),
            _ => None,
        })
    }

    /// Shows a page that asks whether the link is meant: what looks at every link in a mailbox spends nothing by that.
    pub(in crate::accounts) fn confirm_link(
        dialect: &ConfirmLinkDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let fields = match dialect.request.read(request, &dialect.refused) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let code = fields.text("code").unwrap_or_default().to_owned();
        let mut answer = dialect.shown.fill("shown", &|name| match name {
            "code" => Some(Value::from(code.as_str())),
            _ => None,
        })?;
        let own = [
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            ),
        ];
        for (name, value) in own {
            if !answer.headers.iter().any(|(known, _)| *known == name) {
                answer.headers.push((name, HeaderValue::from_static(value)));
            }
        }
        Ok(answer)
    }
}

fn cell(value: &Expected) -> CellValue {
    match value {
        Expected::Null => CellValue::Null,
        Expected::Boolean(truth) => CellValue::Boolean(*truth),
        Expected::Integer(number) => CellValue::Integer(*number),
        Expected::Text(text) => CellValue::text(text.as_str()),
    }
}
