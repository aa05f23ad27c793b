//! What managers have done to members, in SQLite.

use rusqlite::{Row, params};

use super::Sqlite;
use crate::state::{
    Error,
    member_acts::{MOST_LISTED, MemberAct},
    stamps::{moment, stored},
};

impl Sqlite {
    pub(in crate::state) async fn keep_act(&self, act: MemberAct) -> Result<(), Error> {
        self.settled(move |work| {
            let sql = "INSERT INTO sidegate_member_acts (member, manager, act, reason, acted_at) VALUES (?, ?, ?, ?, ?)";
            let MemberAct {
                member,
                manager,
                act,
                reason,
                at,
            } = act;
            let row = params![member, manager, act, reason, stored(at)];
            work.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
        .await
    }

    pub(in crate::state) async fn acts_on(&self, member: &str) -> Result<Vec<MemberAct>, Error> {
        let member = member.to_owned();
        self.reading(move |connection| {
            let sql = format!(
                "SELECT member, manager, act, reason, acted_at FROM sidegate_member_acts \
                 WHERE member = ? ORDER BY id DESC LIMIT {MOST_LISTED}"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([member], act)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

fn act(row: &Row<'_>) -> rusqlite::Result<MemberAct> {
    Ok(MemberAct {
        member: row.get(0)?,
        manager: row.get(1)?,
        act: row.get(2)?,
        reason: row.get(3)?,
        at: moment(row.get(4)?),
    })
}
