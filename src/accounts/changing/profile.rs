//! What the row says of a user, changed by that user.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{After, NewPassword, Oneself, PasswordChanged, audit, password::Replaced};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts, Granted,
        joining::{Making, Source},
    },
    entropy::Entropy,
    member::Member,
    secret::Secret,
    store::{CellValue, Change, Rewritten, WriteError},
};

/// The longest login that is ever looked up.
const LONGEST_LOGIN: usize = 1024;

/// What users may change.
#[derive(Debug)]
pub struct Profile {
    /// The columns, and where their values come from; never one that says who somebody is, or may do.
    pub columns: Vec<(String, Source)>,
    /// Columns of which nobody else may have the value.
    pub unique: Vec<String>,
    /// The column that users log in with, where it is among them.
    pub login: Option<String>,
}

/// What somebody changes.
#[derive(Debug, Default)]
pub struct ProfileChange {
    /// What is said, by what it is to the action. What is not said stays; null becomes NULL.
    pub fields: Map<String, Value>,
    /// The current password, where it is asked for although it stays.
    pub current: Option<Secret<String>>,
    /// The password, where it is changed, too.
    pub password: Option<NewPassword>,
}

/// What has become of it. Unless it is done nothing was written.
#[derive(Debug)]
pub enum ProfileChanged {
    /// It is written: the user as the row says now, and the tokens of a session that begins with another password.
    Done(Box<Member>, Option<Box<Granted>>),
    /// Somebody else has the value of this column.
    Conflict(String),
    /// A column does not take its value.
    Invalid,
    /// The current password is another one, or there is none.
    WrongPassword,
    /// The new password cannot be chosen: why, in a word.
    Weak(&'static str),
    /// Another change was faster, or a row is not there.
    Outrun,
}

/// Values of columns, and which of them there may be once.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    columns: Vec<(String, CellValue)>,
    unique: Vec<String>,
}

impl Values {
    pub(super) fn of(
        self,
        member: &Member,
        password: Option<(Secret<String>, Secret<String>)>,
    ) -> Change {
        Change {
            id: member.id.clone(),
            password,
            values: self.columns,
            unique: self.unique,
        }
    }
}

impl Profile {
    /// The values that are said, and those that are made whenever any is; `None` where one cannot be.
    fn values(&self, fields: &Map<String, Value>, making: &mut Making<'_>) -> Option<Values> {
        let mut columns = Vec::new();
        let mut is_any = false;
        for (column, source) in &self.columns {
            let roles = source.fields();
            let mut said = roles.iter().filter_map(|role| fields.get(*role)).peekable();
            let is_said = said.peek().is_some();
            is_any |= is_said;
            let value = if is_said && said.all(Value::is_null) {
                Some(CellValue::Null)
            } else {
                making.value(source).ok()?
            };
            columns.extend(value.map(|value| (column.clone(), value)));
        }
        let columns = if is_any { columns } else { Vec::new() };
        let is_written = |name: &&String| columns.iter().any(|(column, _)| column == *name);
        let unique = self.unique.iter().filter(is_written).cloned().collect();
        self.is_login(&columns)
            .then_some(Values { columns, unique })
    }

    /// Whether somebody could still log in with what would be written.
    fn is_login(&self, columns: &[(String, CellValue)]) -> bool {
        let written = columns
            .iter()
            .find(|(column, _)| Some(column) == self.login.as_ref());
        written.is_none_or(|(_, value)| match value {
            CellValue::Text(text) => (1..=LONGEST_LOGIN).contains(&text.expose().len()),
            CellValue::Integer(_) | CellValue::Unsigned(_) => true,
            CellValue::Null | CellValue::Boolean(_) | CellValue::Number(_) => false,
        })
    }
}

impl Accounts {
    /// Changes what the row says of whoever is signed in, and the password with it where that is said.
    pub async fn change_profile(
        self: &Arc<Self>,
        oneself: &Oneself,
        change: ProfileChange,
        (after, request): (After, &AccountRequest),
    ) -> Result<ProfileChanged, AccountError> {
        let member = &oneself.member;
        let plan = self.joining.profile.as_ref().zip(self.store.writer());
        let (plan, writer) = plan.ok_or(AccountError::NoEndpoint)?;
        let mut making = Making {
            fields: &change.fields,
            now: self.now(),
            utc_offset: writer.utc_offset(),
            entropy: &mut Entropy::from_os(),
        };
        let Some(values) = plan.values(&change.fields, &mut making) else {
            return Ok(ProfileChanged::Invalid);
        };
        if let Some(current) = change.current
            && !self.knows_password(request, member, current).await?
        {
            return Ok(ProfileChanged::WrongPassword);
        }
        let names: Vec<String> = values
            .columns
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let mut granted = None;
        if let Some(password) = change.password {
            let changed = self.change_both(oneself, (password, values), (after, request));
            match changed.await? {
                Replaced::Password(PasswordChanged::Done(tokens)) => granted = tokens,
                other @ (Replaced::Password(_) | Replaced::Conflict(_) | Replaced::Unfit) => {
                    return Ok(other.into());
                }
            }
        } else if !names.is_empty() {
            match writer.change(values.of(member, None)).await {
                Ok(Rewritten::Done) => {}
                Ok(Rewritten::Outrun) => return Ok(ProfileChanged::Outrun),
                Ok(Rewritten::Conflict(column)) => return Ok(ProfileChanged::Conflict(column)),
                Err(WriteError::Duplicate) => return Ok(ProfileChanged::Conflict(String::new())),
                Err(WriteError::Unfit) => return Ok(ProfileChanged::Invalid),
                Err(error) => return Err(error.into()),
            }
        }
        if !names.is_empty() {
            audit::profile_changed(&member.id, &names, &request.sender);
        }
        // It is written, whatever the look at the row says.
        let found = self.store.member_by_id(&member.id.to_string()).await;
        let now = found.ok().flatten().unwrap_or_else(|| member.clone());
        Ok(ProfileChanged::Done(Box::new(now), granted))
    }
}

impl From<Replaced> for ProfileChanged {
    fn from(replaced: Replaced) -> Self {
        match replaced {
            Replaced::Conflict(column) => Self::Conflict(column),
            Replaced::Unfit => Self::Invalid,
            Replaced::Password(PasswordChanged::Weak(reason)) => Self::Weak(reason),
            Replaced::Password(PasswordChanged::WrongPassword) => Self::WrongPassword,
            Replaced::Password(PasswordChanged::Outrun | PasswordChanged::Done(_)) => Self::Outrun,
        }
    }
}
