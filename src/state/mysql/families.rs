//! Sessions and their refresh tokens in MySQL and MariaDB.

use mysql_async::Value;

use super::{Failure, MySql, Record, Work, stamps::record};
use crate::{
    clock::UnixSeconds,
    state::{
        Error,
        families::{
            Ending, KnownToken, MOST_LISTED, Opening, SESSIONS, Seen, Session, Spending, TOKENS,
            TokenPrint, Which, family,
        },
        stamps::{moment, stored},
    },
};

const KNOWN: &str = "SELECT s.session, s.member, s.opened_at, s.used_at, s.ended_at, t.spent_at, t.successor \
     FROM sidegate_refresh_tokens t JOIN sidegate_sessions s ON s.session = t.session WHERE t.fingerprint = ?";

impl MySql {
    pub(in crate::state) async fn open_session(
        &self,
        opening: Opening,
    ) -> Result<Option<KnownToken>, Error> {
        // Two that open with the same token: the later waits for the earlier, is undone as a duplicate, and finds it.
        self.settled(|| async {
            let mut work = self.begin().await?;
            let print = opening.token.print;
            if let Some(row) = work.rows(KNOWN, (&print[..],)).await?.pop() {
                return known(row).map(Some);
            }
            let sql = "SELECT 1 FROM sidegate_sessions WHERE session = ?";
            if !work.rows(sql, (&opening.session,)).await?.is_empty() {
                return Ok(None);
            }
            insert_token(&mut work, &opening.session, (&print, opening.token.expires)).await?;
            insert_session(&mut work, &opening).await?;
            work.commit().await?;
            Ok(Some(KnownToken {
                session: opening.session.clone(),
                member: opening.member.clone(),
                family: family(stored(opening.at), stored(opening.at), None),
                spent: None,
                successor: None,
            }))
        })
        .await
    }

    pub(in crate::state) async fn known_token(
        &self,
        print: TokenPrint,
    ) -> Result<Option<KnownToken>, Error> {
        let row = self.rows(KNOWN, (&print[..],)).await?.pop();
        self.read(row.map(known).transpose())
    }

    pub(in crate::state) async fn spend(&self, spending: Spending) -> Result<bool, Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            // Whoever ends the session waits, or was here before.
            let sql = "SELECT ended_at FROM sidegate_sessions WHERE session = ? FOR UPDATE";
            let Some(mut row) = work.rows(sql, (&spending.session,)).await?.pop() else {
                return Ok(false);
            };
            if row.integer_or_null(0, SESSIONS)?.is_some() {
                return Ok(false);
            }
            let at = stored(spending.at);
            let sql = "UPDATE sidegate_refresh_tokens SET spent_at = ?, successor = ? \
                       WHERE fingerprint = ? AND spent_at IS NULL";
            let row = (at, &spending.sealed, &spending.spent[..]);
            if work.execute(sql, row).await? != 1 {
                return Ok(false);
            }
            let successor = (&spending.successor.print, spending.successor.expires);
            insert_token(&mut work, &spending.session, successor).await?;
            let expires = stored(spending.successor.expires);
            let sql = "UPDATE sidegate_sessions SET used_at = ?, expires_at = GREATEST(expires_at, ?), \
                       address = COALESCE(?, address), agent = COALESCE(?, agent) WHERE session = ?";
            let Seen { address, agent } = &spending.seen;
            let row = (at, expires, address, agent, &spending.session);
            work.execute(sql, row).await?;
            work.commit().await?;
            Ok(true)
        })
        .await
    }

    pub(in crate::state) async fn use_session(
        &self,
        session: &str,
        at: UnixSeconds,
        seen: Seen,
    ) -> Result<(), Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            let sql =
                "UPDATE sidegate_sessions SET used_at = ?, address = COALESCE(?, address), agent = COALESCE(?, agent) WHERE session = ?";
            let row = (stored(at), &seen.address, &seen.agent, session);
            work.execute(sql, row).await?;
            work.commit().await
        })
        .await
    }

    pub(in crate::state) async fn end_sessions(
        &self,
        member: &str,
        which: Which,
        ending: Ending,
    ) -> Result<Vec<String>, Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            let open = if which.is_of_open() {
                open(&mut work, member).await?
            } else {
                Vec::new()
            };
            let is_of_all = which == Which::All;
            let mut sessions = Vec::new();
            for session in which.clone().among(open) {
                let sql = "UPDATE sidegate_sessions SET ended_at = ?, ended_by = ? \
                           WHERE session = ? AND member = ? AND ended_at IS NULL";
                let row = (stored(ending.at), ending.by.word(), &session, member);
                let was_open = work.execute(sql, row).await? == 1;
                sessions.push((session, was_open));
            }
            let changes = ending.changes(member, is_of_all, &sessions);
            record(&mut work, &changes, ending.at).await?;
            work.commit().await?;
            let ended = sessions.into_iter().filter(|(_, was_open)| *was_open);
            Ok(ended.map(|(session, _)| session).collect())
        })
        .await
    }

    pub(in crate::state) async fn sessions_of(
        &self,
        member: &str,
        now: UnixSeconds,
    ) -> Result<Vec<Session>, Error> {
        let sql = format!(
            "SELECT session, opened_at, used_at, ended_at, expires_at, address, agent FROM sidegate_sessions \
             WHERE member = ? AND ended_at IS NULL AND expires_at > ? ORDER BY used_at DESC, session LIMIT {MOST_LISTED}"
        );
        let rows = self.rows(&sql, (member, stored(now))).await?;
        self.read(rows.into_iter().map(session).collect())
    }
}

async fn open(work: &mut Work<'_>, member: &str) -> Result<Vec<String>, Failure> {
    let sql = "SELECT session FROM sidegate_sessions WHERE member = ? AND ended_at IS NULL";
    let rows = work.rows(sql, (member,)).await?;
    let texts = rows.into_iter().map(|mut row| row.text(0, SESSIONS));
    texts.collect()
}

async fn insert_token(
    work: &mut Work<'_>,
    session: &str,
    (print, expires): (&TokenPrint, UnixSeconds),
) -> Result<(), Failure> {
    let sql =
        "INSERT INTO sidegate_refresh_tokens (fingerprint, session, expires_at) VALUES (?, ?, ?)";
    let row = (&print[..], session, stored(expires));
    work.execute(sql, row).await?;
    Ok(())
}

async fn insert_session(work: &mut Work<'_>, opening: &Opening) -> Result<(), Failure> {
    let sql = "INSERT INTO sidegate_sessions \
               (session, member, opened_at, used_at, expires_at, adopted, address, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let at = stored(opening.at);
    let row: Vec<Value> = vec![
        opening.session.as_str().into(),
        opening.member.as_str().into(),
        at.into(),
        at.into(),
        stored(opening.token.expires).into(),
        opening.adopted.into(),
        opening.seen.address.as_deref().into(),
        opening.seen.agent.as_deref().into(),
    ];
    work.execute(sql, row).await?;
    Ok(())
}

fn known(mut row: Record) -> Result<KnownToken, Failure> {
    let (opened, used) = (row.integer(2, SESSIONS)?, row.integer(3, SESSIONS)?);
    let ended = row.integer_or_null(4, SESSIONS)?;
    Ok(KnownToken {
        session: row.text(0, SESSIONS)?,
        member: row.text(1, SESSIONS)?,
        family: family(opened, used, ended),
        spent: row.integer_or_null(5, TOKENS)?.map(moment),
        successor: row.bytes_or_null(6, TOKENS)?,
    })
}

fn session(mut row: Record) -> Result<Session, Failure> {
    let (opened, used) = (row.integer(1, SESSIONS)?, row.integer(2, SESSIONS)?);
    let ended = row.integer_or_null(3, SESSIONS)?;
    Ok(Session {
        id: row.text(0, SESSIONS)?,
        family: family(opened, used, ended),
        expires: moment(row.integer(4, SESSIONS)?),
        seen: Seen {
            address: row.text_or_null(5, SESSIONS)?,
            agent: row.text_or_null(6, SESSIONS)?,
        },
    })
}
