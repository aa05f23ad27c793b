//! `profile` and `change_profile`, as a dialect speaks them.

use std::sync::Arc;

use serde_json::Value;

use super::{After, NewPassword, Oneself, ProfileChange, ProfileChanged};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts, Answer, Granted,
        dialect::{ChangeProfileDialect, ProfileDialect},
    },
    member::Member,
};

/// What fields are to the action besides columns.
const OWN: [&str; 4] = ["current_password", "password", "password_again", "user"];

impl Accounts {
    pub(in crate::accounts) async fn show_profile(
        &self,
        dialect: &ProfileDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let oneself = self.oneself(request).await?;
        dialect.shown.fill("shown", &|name| oneself.value(name))
    }

    pub(in crate::accounts) async fn own_profile(
        self: &Arc<Self>,
        (dialect, endpoint): (&ChangeProfileDialect, usize),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let oneself = self.oneself(request).await?;
        let mut fields = match dialect.request.read(request, &dialect.invalid) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        if oneself.is_another(&fields) {
            return Ok(dialect.refused.clone());
        }
        let said = dialect.request.said(request);
        let columns = fields.iter().filter(|(role, value)| {
            !OWN.contains(role) && (!value.is_null() || said.contains(role))
        });
        let columns = columns.map(|(role, value)| (role.to_owned(), value.clone()));
        let columns = columns.collect();
        let is_new = fields.value("password").is_some();
        let change = ProfileChange {
            fields: columns,
            password: is_new.then(|| NewPassword::of(&mut fields)),
            // Taken by now, where there is a new one.
            current: fields.take_secret("current_password"),
        };
        let after = self.after(endpoint, dialect.hands_out);
        let changed = self.change_profile(&oneself, change, (after, request));
        match changed.await? {
            ProfileChanged::Done(member, granted) => dialect.changed(*member, granted),
            ProfileChanged::Conflict(_) => Ok(dialect.conflict.clone()),
            ProfileChanged::Invalid => Ok(dialect.invalid.clone()),
            ProfileChanged::WrongPassword | ProfileChanged::Outrun => Ok(dialect.refused.clone()),
            ProfileChanged::Weak(reason) => dialect.weak_password.fill("weak_password", &|name| {
                (name == "reason").then(|| Value::from(reason))
            }),
        }
    }

    /// What becomes of the session where a password is changed: tokens are handed out where there is a place for them.
    pub(super) fn after(&self, endpoint: usize, hands_out: bool) -> After {
        let own = self.cookies.of(endpoint);
        if hands_out || own.is_some_and(|own| !own.sets.is_empty()) {
            After::BeginsAnew
        } else {
            After::GoesOn
        }
    }
}

impl ChangeProfileDialect {
    fn changed(
        &self,
        member: Member,
        granted: Option<Box<Granted>>,
    ) -> Result<Answer, AccountError> {
        let oneself = Oneself {
            member,
            session: None,
        };
        let mut answer = self.changed.fill("changed", &|name| {
            granted
                .as_ref()
                .and_then(|granted| granted.value(name))
                .or_else(|| oneself.value(name))
        })?;
        answer.granted = granted;
        Ok(answer)
    }
}

impl Granted {
    /// A token by its name in a dialect.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        match name {
            "access_token" => Some(self.access_token.as_str().into()),
            "refresh_token" => Some(self.refresh_token.as_str().into()),
            _ => None,
        }
    }
}
