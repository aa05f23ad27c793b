//! A new password is chosen with a code.

use std::sync::Arc;

use serde_json::Value;
use tracing::warn;

use super::{Codes, Whom, event, send::Asking};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts, Answer, Sender, dialect::ResetPasswordDialect,
    },
    member::{Member, code::Purpose},
    password::Weakness,
    secret::Secret,
    state::{EndedBy, Which},
};

/// What is tried, and what for.
struct Attempted {
    whom: Option<Whom>,
    code: Secret<String>,
    password: Secret<String>,
}

/// What somebody says who chooses a password with a code.
pub(in crate::accounts) struct Chosen {
    /// Whose it is, where a code that is typed does not say so.
    pub(in crate::accounts) whom: Option<Whom>,
    /// What they log in with, as far as they say so.
    pub(in crate::accounts) login: String,
    pub(in crate::accounts) code: Secret<String>,
    pub(in crate::accounts) password: Secret<String>,
    /// The password again, where it is asked for twice.
    pub(in crate::accounts) again: Option<Secret<String>>,
}

/// What has become of it.
pub(in crate::accounts) enum Reset {
    /// It is the password now.
    Done,
    /// The code is good for nothing.
    Refused,
    /// The password cannot be chosen: why, in a word.
    Weak(&'static str),
}

impl Accounts {
    pub(in crate::accounts) async fn reset_password(
        self: &Arc<Self>,
        dialect: &ResetPasswordDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let codes = self.codes.as_ref().ok_or(AccountError::NoEndpoint)?;
        let mut fields = match dialect.request.read(request, &dialect.refused) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let whom = fields.whom();
        let login = fields.text("login").unwrap_or_default().to_owned();
        let again = fields.take_secret("password_again");
        let (Some(code), Some(password)) =
            (fields.take_secret("code"), fields.take_secret("password"))
        else {
            return Ok(dialect.refused.clone());
        };
        let chosen = Chosen {
            whom,
            login,
            code,
            password,
            again,
        };
        match self.choose_password(codes, chosen, request).await? {
            Reset::Done => Ok(dialect.done.clone()),
            Reset::Refused => Ok(dialect.refused.clone()),
            Reset::Weak(reason) => dialect.weak.fill("weak_password", &|name| match name {
                "reason" => Some(Value::from(reason)),
                _ => None,
            }),
        }
    }

    /// Changes the password of whoever was sent the code.
    pub(in crate::accounts) async fn choose_password(
        self: &Arc<Self>,
        codes: &Arc<Codes>,
        chosen: Chosen,
        request: &AccountRequest,
    ) -> Result<Reset, AccountError> {
        let Chosen {
            whom,
            login,
            code,
            password,
            again,
        } = chosen;
        // Before the code is tried: what is wrong with the password does not use it up, and says nothing about the account.
        let weakness = self.hashing.check_new(&password, &login).err();
        let weakness = weakness.map(Weakness::name);
        let differs = again
            .is_some_and(|again| again != password)
            .then_some("differs");
        if let Some(reason) = weakness.or(differs) {
            return Ok(Reset::Weak(reason));
        }
        let attempted = Attempted {
            whom,
            code,
            password,
        };
        let (accounts, own) = (Arc::clone(self), Arc::clone(codes));
        let (sender, asking) = (request.sender.clone(), request.asking());
        let work = async move { accounts.reset(&own, attempted, (&sender, &asking)).await };
        Ok(if codes.to_its_end(work).await?? {
            Reset::Done
        } else {
            Reset::Refused
        })
    }

    /// Sessions end before the password is another one, so that none outlives it where the tables are away, and again behind
    /// it, for whoever has logged in with the old one meanwhile.
    async fn reset(
        &self,
        codes: &Codes,
        Attempted {
            whom,
            code,
            password,
        }: Attempted,
        (sender, asking): (&Sender, &Asking),
    ) -> Result<bool, AccountError> {
        let proven = codes.prove(Purpose::Reset, (whom, &code), sender).await?;
        let Some(member) = proven else {
            return Ok(false);
        };
        let account = member.id.to_string();
        // Somebody without a password logs in by other means, and has none that could be another one.
        let Some(old) = &member.password else {
            event::refused(&account, Purpose::Reset, sender);
            return Ok(false);
        };
        let new = self.hashing.make(password).await?;
        self.end_all(codes, &member).await?;
        let writer = self.store.writer().ok_or(AccountError::NoEndpoint)?;
        if !writer.replace_password(&member.id, old, &new).await? {
            event::refused(&account, Purpose::Reset, sender);
            return Ok(false);
        }
        event::accepted(&account, Purpose::Reset, sender);
        if let Err(error) = self.end_all(codes, &member).await {
            warn!(%error, member.id = %member.id, "sessions that were opened during a reset may last");
        }
        if let Err(error) = codes.tell_of_change(&member, asking).await {
            warn!(%error, member.id = %member.id, "nobody was told that the password was changed");
        }
        Ok(true)
    }

    async fn end_all(&self, codes: &Codes, member: &Member) -> Result<(), AccountError> {
        let id = member.id.to_string();
        let ended = self
            .end(&codes.state, (&id, Which::All), EndedBy::Reset)
            .await;
        ended.map(drop)
    }
}
