//! A user leaves: the one of the access token, and never another.

use serde_json::Map;

use super::{
    audit,
    source::{Making, Source},
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, dialect::WithdrawDialect},
    entropy::Entropy,
    member::{Member, MemberId, StateName},
    secret::Secret,
    state::EndedBy,
    store::{CellValue, Swapped, Writer},
};

/// How users leave.
#[derive(Debug)]
pub struct Withdrawal {
    /// Whether the password is asked for.
    pub password: bool,
    /// What becomes of the rows.
    pub leave: Leave,
}

/// What becomes of the rows of somebody who leaves.
#[derive(Debug)]
pub enum Leave {
    /// They say so.
    Set(Vec<(String, Source)>),
    /// They are deleted.
    Remove,
}

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    /// The user has left.
    Done,
    /// The row was gone already.
    Gone,
}

impl Accounts {
    pub(in crate::accounts) async fn withdraw(
        &self,
        (dialect, endpoint): (&WithdrawDialect, usize),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let plan = self.joining.withdrawal.as_ref();
        let plan = plan.ok_or(AccountError::NoEndpoint)?;
        let oneself = self.oneself(request).await?;
        let mut fields = match dialect.request.read(request, &dialect.refused) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let typed = fields.take_secret("password");
        if oneself.is_another(&fields) {
            return Ok(dialect.refused.clone());
        }
        let member = oneself.member;
        if plan.password && !self.proves(request, &member, typed).await? {
            return Ok(dialect.refused.clone());
        }
        self.left(&member, request).await?;
        Ok(self.taking_cookies(endpoint, dialect.done.clone()))
    }

    /// The user leaves, and an audit reads of it.
    pub(in crate::accounts) async fn left(
        &self,
        member: &Member,
        request: &AccountRequest,
    ) -> Result<(), AccountError> {
        if self.leave(member).await? == Withdrawn::Done {
            audit::left(&member.id, &request.sender);
        }
        Ok(())
    }

    /// Whether the password is the user's, who may have none.
    pub(in crate::accounts) async fn proves(
        &self,
        request: &AccountRequest,
        member: &Member,
        typed: Option<Secret<String>>,
    ) -> Result<bool, AccountError> {
        if member.password.is_none() {
            return Ok(true);
        }
        let Some(typed) = typed else {
            return Ok(false);
        };
        self.knows_password(request, member, typed).await
    }

    /// Writes that a user has left, ends all of the user's sessions, and takes back what providers have given.
    pub async fn leave(&self, member: &Member) -> Result<Withdrawn, AccountError> {
        let (plan, writer) = self.leaving()?;
        let kept = self.kept_of(&member.id).await?;
        let was_there = match &plan.leave {
            Leave::Remove => writer.remove(&member.id).await?,
            Leave::Set(columns) => {
                let values = self.values_of_leaving(columns, writer);
                writer.set_columns(&member.id, values).await?
            }
        };
        if let Some(state) = &self.state {
            self.end_all_of(state, member, EndedBy::Withdrawal).await?;
        }
        self.take_back(&member.id, kept).await;
        Ok(if was_there {
            Withdrawn::Done
        } else {
            Withdrawn::Gone
        })
    }

    /// Writes that a user has left who is in the state that was seen; of many that try at the same time one does.
    pub(in crate::accounts) async fn leave_as_seen(
        &self,
        id: &MemberId,
        seen: Option<StateName>,
    ) -> Result<Swapped, AccountError> {
        let (plan, writer) = self.leaving()?;
        Ok(match &plan.leave {
            Leave::Remove => writer.remove_in_state(id, seen).await?,
            Leave::Set(columns) => {
                let values = self.values_of_leaving(columns, writer);
                writer.swap_state(id, seen, values).await?
            }
        })
    }

    fn leaving(&self) -> Result<(&Withdrawal, &Writer), AccountError> {
        let plan = self.joining.withdrawal.as_ref().zip(self.store.writer());
        plan.ok_or(AccountError::NoEndpoint)
    }

    fn values_of_leaving(
        &self,
        columns: &[(String, Source)],
        writer: &Writer,
    ) -> Vec<(String, CellValue)> {
        let mut making = Making {
            fields: &Map::new(),
            now: self.now(),
            utc_offset: writer.utc_offset(),
            entropy: &mut Entropy::from_os(),
        };
        let mut values = Vec::with_capacity(columns.len());
        for (column, source) in columns {
            let value = making.value(source).ok().flatten();
            values.extend(value.map(|value| (column.clone(), value)));
        }
        values
    }
}
