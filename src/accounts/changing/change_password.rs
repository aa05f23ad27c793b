//! `change_password`, as a dialect speaks it.

use std::sync::Arc;

use serde_json::Value;

use super::{NewPassword, Oneself, PasswordChanged};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts, Answer,
        dialect::{ChangePasswordDialect, Fields},
    },
    secret::Secret,
};

impl Accounts {
    pub(in crate::accounts) async fn own_password(
        self: &Arc<Self>,
        (dialect, endpoint): (&ChangePasswordDialect, usize),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let oneself = self.oneself(request).await?;
        let mut fields = match dialect.request.read(request, &dialect.refused) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        if oneself.is_another(&fields) {
            return Ok(dialect.refused.clone());
        }
        let change = NewPassword::of(&mut fields);
        let after = self.after(endpoint, dialect.hands_out);
        let changed = self.change_password(&oneself, change, (after, request));
        match changed.await? {
            PasswordChanged::Done(granted) => {
                let mut answer = dialect.done.fill("password_changed", &|name| {
                    granted
                        .as_ref()
                        .and_then(|granted| granted.value(name))
                        .or_else(|| oneself.value(name))
                })?;
                answer.granted = granted;
                Ok(answer)
            }
            PasswordChanged::WrongPassword | PasswordChanged::Outrun => Ok(dialect.refused.clone()),
            PasswordChanged::Weak(reason) => dialect.weak.fill("weak_password", &|name| {
                (name == "reason").then(|| Value::from(reason))
            }),
        }
    }
}

impl NewPassword {
    pub(super) fn of(fields: &mut Fields) -> Self {
        let mut typed = |role| fields.take_secret(role);
        let empty = || Secret::new(String::new());
        Self {
            current: typed("current_password").unwrap_or_else(empty),
            new: typed("password").unwrap_or_else(empty),
            again: typed("password_again"),
        }
    }
}

impl Oneself {
    /// Whether a request that says whom it is about means somebody else. A form has no numbers.
    pub(in crate::accounts) fn is_another(&self, fields: &Fields) -> bool {
        let id = self.member.id.to_string();
        let is_other =
            |value: &Value| value.as_str() != Some(&*id) && *value != self.member.id.to_json();
        fields.value("user").is_some_and(is_other)
    }

    pub(super) fn value(&self, name: &str) -> Option<Value> {
        match name {
            "user" => Some(Value::Object(self.member.shown.clone())),
            "user.id" => Some(self.member.id.to_json()),
            _ => {
                let column = name.strip_prefix("user.")?;
                self.member.shown.get(column).cloned()
            }
        }
    }
}
