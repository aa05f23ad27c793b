//! Sessions and their refresh tokens in SQLite.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Failure, Sqlite, stamps::record};
use crate::{
    clock::UnixSeconds,
    state::{
        Error,
        families::{
            Ending, KeptToken, KnownToken, MOST_LISTED, Opening, Seen, Session, Spending,
            TokenPrint, Which, family,
        },
        stamps::{moment, stored},
    },
};

const KNOWN: &str = "SELECT s.session, s.member, s.opened_at, s.used_at, s.ended_at, t.spent_at, t.successor \
     FROM sidegate_refresh_tokens t JOIN sidegate_sessions s ON s.session = t.session WHERE t.fingerprint = ?";

impl Sqlite {
    pub(in crate::state) async fn open_session(
        &self,
        opening: Opening,
    ) -> Result<Option<KnownToken>, Error> {
        self.settled(move |work| {
            if let Some(known) = known(work, opening.token.print)? {
                return Ok(Some(known));
            }
            let sql = "SELECT 1 FROM sidegate_sessions WHERE session = ?";
            let mut others = work.prepare_cached(sql)?;
            if others.exists([&opening.session])? {
                return Ok(None);
            }
            insert_token(work, &opening.session, opening.token)?;
            let sql = "INSERT INTO sidegate_sessions \
                       (session, member, opened_at, used_at, expires_at, adopted, address, agent) \
                       VALUES (?, ?, ?3, ?3, ?, ?, ?, ?)";
            let Seen { address, agent } = &opening.seen;
            work.prepare_cached(sql)?.execute(params![
                opening.session,
                opening.member,
                stored(opening.at),
                stored(opening.token.expires),
                opening.adopted,
                address,
                agent,
            ])?;
            known(work, opening.token.print)
        })
        .await
    }

    pub(in crate::state) async fn known_token(
        &self,
        print: TokenPrint,
    ) -> Result<Option<KnownToken>, Error> {
        self.reading(move |connection| known(connection, print))
            .await
    }

    pub(in crate::state) async fn spend(&self, spending: Spending) -> Result<bool, Error> {
        self.settled(move |work| {
            let sql = "UPDATE sidegate_refresh_tokens SET spent_at = ?, successor = ? \
                       WHERE fingerprint = ? AND spent_at IS NULL AND EXISTS \
                       (SELECT 1 FROM sidegate_sessions WHERE session = ? AND ended_at IS NULL)";
            let at = stored(spending.at);
            let row = params![at, spending.sealed, spending.spent, spending.session];
            if work.prepare_cached(sql)?.execute(row)? != 1 {
                return Ok(false);
            }
            insert_token(work, &spending.session, spending.successor)?;
            let sql = "UPDATE sidegate_sessions SET used_at = ?, expires_at = MAX(expires_at, ?), \
                       address = COALESCE(?, address), agent = COALESCE(?, agent) WHERE session = ?";
            let expires = stored(spending.successor.expires);
            let Seen { address, agent } = &spending.seen;
            let row = params![at, expires, address, agent, spending.session];
            work.prepare_cached(sql)?.execute(row)?;
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
        let session = session.to_owned();
        self.settled(move |work| {
            let sql =
                "UPDATE sidegate_sessions SET used_at = ?, address = COALESCE(?, address), agent = COALESCE(?, agent) WHERE session = ?";
            let row = params![stored(at), seen.address, seen.agent, session];
            work.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
        .await
    }

    pub(in crate::state) async fn end_sessions(
        &self,
        member: &str,
        which: Which,
        ending: Ending,
    ) -> Result<Vec<String>, Error> {
        let member = member.to_owned();
        self.settled(move |work| {
            let open = if which.is_of_open() {
                open(work, &member)?
            } else {
                Vec::new()
            };
            let is_of_all = which == Which::All;
            let mut sessions = Vec::new();
            let sql = "UPDATE sidegate_sessions SET ended_at = ?, ended_by = ? \
                       WHERE session = ? AND member = ? AND ended_at IS NULL";
            let mut statement = work.prepare_cached(sql)?;
            for session in which.among(open) {
                let row = params![stored(ending.at), ending.by.word(), session, member];
                let was_open = statement.execute(row)? == 1;
                sessions.push((session, was_open));
            }
            let changes = ending.changes(&member, is_of_all, &sessions);
            record(work, &changes, ending.at)?;
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
        let member = member.to_owned();
        self.reading(move |connection| {
            let sql = format!(
                "SELECT session, opened_at, used_at, ended_at, expires_at, address, agent FROM sidegate_sessions \
                 WHERE member = ? AND ended_at IS NULL AND expires_at > ? \
                 ORDER BY used_at DESC, session LIMIT {MOST_LISTED}"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params![member, stored(now)], session)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

fn known(connection: &Connection, print: TokenPrint) -> Result<Option<KnownToken>, Failure> {
    let mut statement = connection.prepare_cached(KNOWN)?;
    Ok(statement.query_row([print], row_of_token).optional()?)
}

fn open(work: &Connection, member: &str) -> Result<Vec<String>, Failure> {
    let sql = "SELECT session FROM sidegate_sessions WHERE member = ? AND ended_at IS NULL";
    let mut statement = work.prepare_cached(sql)?;
    let rows = statement.query_map([member], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn insert_token(work: &Connection, session: &str, token: KeptToken) -> Result<(), Failure> {
    let sql =
        "INSERT INTO sidegate_refresh_tokens (fingerprint, session, expires_at) VALUES (?, ?, ?)";
    let row = params![token.print, session, stored(token.expires)];
    work.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

fn row_of_token(row: &Row<'_>) -> rusqlite::Result<KnownToken> {
    Ok(KnownToken {
        session: row.get(0)?,
        member: row.get(1)?,
        family: family(row.get(2)?, row.get(3)?, row.get(4)?),
        spent: row.get::<_, Option<i64>>(5)?.map(moment),
        successor: row.get(6)?,
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        family: family(row.get(1)?, row.get(2)?, row.get(3)?),
        expires: moment(row.get(4)?),
        seen: Seen {
            address: row.get(5)?,
            agent: row.get(6)?,
        },
    })
}
