//! What holds for everybody who joins, whichever way they come.

use std::time::Duration;

use super::source::{Making, uuid};
use crate::{
    clock::UnixSeconds,
    member::{Member, StateName},
    store::{CellValue, Leaving, NewId, NewMember},
};

/// How new rows are made, and who has to wait.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The column of the id, where a random UUID is written there.
    pub uuid: Option<String>,
    /// Whether the id is among the values otherwise, or the database makes it.
    pub id: NewId,
    /// Columns of which nobody else may have the value.
    pub unique: Vec<String>,
    /// The state of who has proven nothing yet.
    pub unverified: Option<StateName>,
    /// When those who have left may join again.
    pub rejoin: Option<Rejoin>,
}

/// When somebody who has left may join again.
#[derive(Debug, Clone)]
pub struct Rejoin {
    /// The state of those who have left.
    pub state: StateName,
    /// The column that says when.
    pub column: String,
    /// How long afterwards.
    pub after: Duration,
}

impl Terms {
    /// The member that is to be.
    pub(in crate::accounts) fn member(
        &self,
        login: &str,
        mut values: Vec<(String, CellValue)>,
        making: &mut Making<'_>,
    ) -> NewMember {
        if let Some(column) = &self.uuid {
            values.push((column.clone(), CellValue::text(uuid(making.entropy))));
        }
        let leaving = self.rejoin.as_ref().map(|rejoin| Leaving {
            state: rejoin.state.clone(),
            column: rejoin.column.clone(),
            before: UnixSeconds(making.now.0.saturating_sub(rejoin.after.as_secs())),
            offset: making.utc_offset,
        });
        NewMember {
            login: login.to_owned(),
            values,
            id: self.id,
            unique: self.unique.clone(),
            replaced: self.unverified.iter().cloned().collect(),
            leaving,
            link: None,
        }
    }

    /// Whether a member has left and may come back as another one.
    pub(in crate::accounts) fn has_left(&self, member: &Member) -> bool {
        let left = self.rejoin.as_ref().map(|rejoin| &rejoin.state);
        left.is_some() && member.state.as_ref() == left
    }

    /// Whether a member is one whom the next who joins replaces.
    pub(in crate::accounts) fn is_unproven(&self, member: &Member) -> bool {
        self.unverified.is_some() && member.state == self.unverified
    }
}
