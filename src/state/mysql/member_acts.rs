//! What managers have done to members, in MySQL and MariaDB.

use super::{Failure, MySql, Record};
use crate::state::{
    Error,
    member_acts::{ACTS, MOST_LISTED, MemberAct},
    stamps::{moment, stored},
};

impl MySql {
    pub(in crate::state) async fn keep_act(&self, act: MemberAct) -> Result<(), Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            let sql = "INSERT INTO sidegate_member_acts (member, manager, act, reason, acted_at) VALUES (?, ?, ?, ?, ?)";
            let row = (
                &act.member,
                &act.manager,
                &act.act,
                &act.reason,
                stored(act.at),
            );
            work.execute(sql, row).await?;
            work.commit().await
        })
        .await
    }

    pub(in crate::state) async fn acts_on(&self, member: &str) -> Result<Vec<MemberAct>, Error> {
        let sql = format!(
            "SELECT member, manager, act, reason, acted_at FROM sidegate_member_acts \
             WHERE member = ? ORDER BY id DESC LIMIT {MOST_LISTED}"
        );
        let rows = self.rows(&sql, (member,)).await?;
        self.read(rows.into_iter().map(act).collect())
    }
}

fn act(mut row: Record) -> Result<MemberAct, Failure> {
    Ok(MemberAct {
        member: row.text(0, ACTS)?,
        manager: row.text(1, ACTS)?,
        act: row.text(2, ACTS)?,
        reason: row.text_or_null(3, ACTS)?,
        at: moment(row.integer(4, ACTS)?),
    })
}
