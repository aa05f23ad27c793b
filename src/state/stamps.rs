//! What the watched table does not remember, and how other gateways learn of it.
//!
//! A [`Change`] is recorded and logged in one transaction; the log has numbers without holes in the order of commits, so
//! that whoever follows it misses nothing. What changes nothing is not logged: several gateways may record what
//! each of them has seen.

use super::{State, error::Error};
use crate::clock::UnixSeconds;

/// The longest id of a member, in bytes.
pub(super) const LONGEST_MEMBER: usize = 1024;
/// The longest `jti` of a token, in bytes.
const LONGEST_TOKEN_ID: usize = 512;
/// The longest name of a source, in bytes.
const LONGEST_SOURCE: usize = 255;
/// The longest position of a checkpoint, in bytes.
const LONGEST_POSITION: usize = 8192;
/// How many rows are read or written at once.
pub(super) const CHUNK: usize = 1000;
/// The sequence of the log.
pub(super) const LOG: &str = "changes";

/// Something that every gateway has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Tokens of the member that were issued at this moment or before are refused. It only moves forward.
    NotBefore {
        /// The id of its row.
        member: String,
        /// The moment.
        at: UnixSeconds,
    },
    /// The member's row is gone.
    Deleted {
        /// The id of its row.
        member: String,
    },
    /// A row with that id is there again.
    Restored {
        /// The id of the row.
        member: String,
    },
    /// A session has ended before its tokens expire.
    SessionEnded {
        /// The `jti` of its tokens.
        token_id: String,
        /// When they have all expired, and it can be forgotten.
        until: UnixSeconds,
    },
}

/// How far the log has been followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(super) i64);

/// What the log has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These have been recorded since, in this order; go on from the cursor.
    Changes(Vec<Change>, Cursor),
    /// The log does not reach back to the cursor, or speaks of what this version does not know: load everything again.
    Lost,
}

/// A keyed hash of a secret. Nothing of it is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Fingerprint(..)")
    }
}

/// What a fingerprint has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// There was none before; nobody's tokens are refused for it.
    First,
    /// It is the one that is known.
    Same,
    /// The secret is another one: tokens issued before are refused from now on.
    Changed,
}

/// Hands an operation on to whichever database there is.
macro_rules! either {
    ($state:expr, $database:ident => $operation:expr) => {
        match $state {
            State::MySql($database) => $operation,
            State::Sqlite($database) => $operation,
        }
    };
}
pub(super) use either;

impl State {
    /// Records one change; whether it was one.
    pub async fn stamp(&self, change: Change, now: UnixSeconds) -> Result<bool, Error> {
        Ok(self.record(vec![change], now).await? > 0)
    }

    /// Records all of these or none, and says how many were news. A few hundred at most: all of them have to be written
    /// within the deadline, and whoever else records waits for them.
    pub async fn record(&self, mut changes: Vec<Change>, now: UnixSeconds) -> Result<usize, Error> {
        for change in &changes {
            change.check()?;
        }
        // In one order, so that two gateways that record the same do not wait for each other.
        changes.sort_by(|one, other| one.subject().cmp(other.subject()));
        either!(self, database => database.record(changes, now).await)
    }

    /// Everything that holds, as changes, and where the log goes on from there.
    pub async fn stamps_load(&self) -> Result<(Vec<Change>, Cursor), Error> {
        // The cursor first: what is recorded meanwhile is met twice, and nothing is missed.
        let cursor = self.cursor().await?;
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let chunk = either!(self, database => database.stamps(&after).await)?;
            all.extend(chunk.changes);
            match chunk.last {
                Some(last) => after = last,
                None => break,
            }
        }
        after.clear();
        loop {
            let chunk = either!(self, database => database.ended_sessions(&after).await)?;
            all.extend(chunk.changes);
            match chunk.last {
                Some(last) => after = last,
                None => return Ok((all, cursor)),
            }
        }
    }

    /// What was recorded since, a thousand at most.
    pub async fn changes_since(&self, cursor: Cursor) -> Result<News, Error> {
        let head = self.cursor().await?;
        if head == cursor {
            return Ok(News::Changes(Vec::new(), cursor));
        }
        let logged = either!(self, database => database.logged(cursor).await)?;
        Ok(follow(cursor, logged))
    }

    async fn cursor(&self) -> Result<Cursor, Error> {
        either!(self, database => database.counter(LOG).await).map(Cursor)
    }

    /// Fingerprints of a source, a thousand at most, in the order of the members' bytes, from the one behind `after` on.
    pub async fn fingerprints(
        &self,
        source: &str,
        after: &str,
    ) -> Result<Vec<(String, Fingerprint)>, Error> {
        either!(self, database => database.fingerprints(source, after).await)
    }

    /// The fingerprints that are known of these members, in no order.
    pub async fn fingerprints_of(
        &self,
        source: &str,
        members: &[String],
    ) -> Result<Vec<(String, Fingerprint)>, Error> {
        let mut all = Vec::with_capacity(members.len());
        for chunk in members.chunks(CHUNK) {
            all.extend(either!(self, database => database.fingerprints_of(source, chunk).await)?);
        }
        Ok(all)
    }

    /// Keeps fingerprints that refuse nobody: those of a first look, and of what sidegate has written itself.
    pub async fn put_fingerprints(
        &self,
        source: &str,
        mut fingerprints: Vec<(String, Fingerprint)>,
    ) -> Result<(), Error> {
        fit("the name of a source", source, LONGEST_SOURCE)?;
        for (member, _) in &fingerprints {
            fit("the id of a member", member, LONGEST_MEMBER)?;
        }
        fingerprints.sort_by(|(one, _), (other, _)| one.cmp(other));
        for chunk in fingerprints.chunks(CHUNK) {
            either!(self, database => database.put_fingerprints(source, chunk).await)?;
        }
        Ok(())
    }

    /// Keeps the fingerprint that a source has shown at a moment. Where it is another than the one that is known, tokens of
    /// the member that were issued until then are refused: both in one transaction, and once, however many gateways have
    /// seen the change. A member may have a second name that the same is told of.
    pub async fn note_secret(
        &self,
        source: &str,
        shown: (&str, Option<&str>, Fingerprint),
        at: UnixSeconds,
        now: UnixSeconds,
    ) -> Result<Noted, Error> {
        fit("the name of a source", source, LONGEST_SOURCE)?;
        for member in [Some(shown.0), shown.1].into_iter().flatten() {
            fit("the id of a member", member, LONGEST_MEMBER)?;
        }
        either!(self, database => database.note_secret(source, shown, at, now).await)
    }

    /// Forgets the fingerprints of members whose rows are gone.
    pub async fn forget_fingerprints(&self, source: &str, members: &[String]) -> Result<(), Error> {
        for chunk in members.chunks(CHUNK) {
            either!(self, database => database.forget_fingerprints(source, chunk).await)?;
        }
        Ok(())
    }

    /// How far a source has been read, as it was put.
    pub async fn checkpoint(&self, source: &str) -> Result<Option<String>, Error> {
        either!(self, database => database.checkpoint(source).await)
    }

    /// Keeps how far a source has been read.
    pub async fn put_checkpoint(
        &self,
        source: &str,
        position: &str,
        now: UnixSeconds,
    ) -> Result<(), Error> {
        fit("the name of a source", source, LONGEST_SOURCE)?;
        fit("the position of a source", position, LONGEST_POSITION)?;
        either!(self, database => database.put_checkpoint(source, position, now).await)
    }
}

/// A part of everything that holds.
pub(super) struct Chunk {
    pub(super) changes: Vec<Change>,
    /// Where the next part begins, if there is one.
    pub(super) last: Option<String>,
}

/// A row of `sidegate_stamps`.
pub(super) struct Stamp {
    pub(super) member: String,
    pub(super) not_before: i64,
    pub(super) deleted: bool,
}

impl Chunk {
    pub(super) fn of_stamps(stamps: Vec<Stamp>) -> Self {
        let full = stamps.len() >= CHUNK;
        let last = stamps.last().filter(|_| full);
        let last = last.map(|stamp| stamp.member.clone());
        let mut changes = Vec::with_capacity(stamps.len());
        for stamp in stamps {
            if stamp.deleted {
                let member = stamp.member.clone();
                changes.push(Change::Deleted { member });
            }
            if stamp.not_before > 0 {
                changes.push(Change::NotBefore {
                    member: stamp.member,
                    at: moment(stamp.not_before),
                });
            }
        }
        Self { changes, last }
    }

    pub(super) fn of_sessions(sessions: Vec<(String, i64)>) -> Self {
        let full = sessions.len() >= CHUNK;
        let last = sessions.last().filter(|_| full);
        let last = last.map(|(token_id, _)| token_id.clone());
        let changes = sessions.into_iter().map(|(token_id, until)| {
            let until = moment(until);
            Change::SessionEnded { token_id, until }
        });
        let changes = changes.collect();
        Self { changes, last }
    }
}

/// A row of the log.
pub(super) struct Logged {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) moment: i64,
}

impl Logged {
    fn change(self) -> Option<Change> {
        let at = moment(self.moment);
        match self.kind.as_str() {
            "not_before" => Some(Change::NotBefore {
                member: self.subject,
                at,
            }),
            "deleted" => Some(Change::Deleted {
                member: self.subject,
            }),
            "restored" => Some(Change::Restored {
                member: self.subject,
            }),
            "session_ended" => Some(Change::SessionEnded {
                token_id: self.subject,
                until: at,
            }),
            _ => None,
        }
    }
}

/// What these rows say to somebody who stands at the cursor and knows that the log is not there.
fn follow(cursor: Cursor, logged: Vec<Logged>) -> News {
    let mut reached = cursor.0;
    let mut changes = Vec::with_capacity(logged.len());
    for row in logged {
        let expected = reached.checked_add(1) == Some(row.id);
        reached = row.id;
        match row.change().filter(|_| expected) {
            Some(change) => changes.push(change),
            None => return News::Lost,
        }
    }
    if changes.is_empty() {
        return News::Lost;
    }
    News::Changes(changes, Cursor(reached))
}

impl Change {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::NotBefore { .. } => "not_before",
            Self::Deleted { .. } => "deleted",
            Self::Restored { .. } => "restored",
            Self::SessionEnded { .. } => "session_ended",
        }
    }

    pub(super) fn subject(&self) -> &str {
        match self {
            Self::NotBefore { member, .. }
            | Self::Deleted { member }
            | Self::Restored { member } => member,
            Self::SessionEnded { token_id, .. } => token_id,
        }
    }

    /// As it stands in the log.
    pub(super) fn moment(&self) -> i64 {
        match self {
            Self::NotBefore { at, .. } => stored(*at),
            Self::SessionEnded { until, .. } => stored(*until),
            Self::Deleted { .. } | Self::Restored { .. } => 0,
        }
    }

    fn check(&self) -> Result<(), Error> {
        match self {
            Self::NotBefore { member, .. }
            | Self::Deleted { member }
            | Self::Restored { member } => fit("the id of a member", member, LONGEST_MEMBER),
            Self::SessionEnded { token_id, .. } => {
                fit("the id of a token", token_id, LONGEST_TOKEN_ID)
            }
        }
    }
}

/// What a changed secret means, under each name of its member, in one order.
pub(super) fn changed_secret(
    (member, second): (&str, Option<&str>),
    at: UnixSeconds,
) -> Vec<Change> {
    let mut members: Vec<&str> = [Some(member), second].into_iter().flatten().collect();
    members.sort_unstable();
    let members = members.into_iter().map(str::to_owned);
    let changes = members.map(|member| Change::NotBefore { member, at });
    changes.collect()
}

/// Refused here: a database would cut it, or not, as its settings say.
pub(super) fn fit(what: &'static str, text: &str, longest: usize) -> Result<(), Error> {
    if text.len() > longest {
        return Err(Error::TooLong { what });
    }
    Ok(())
}

/// A moment as it is stored.
pub(super) fn stored(at: UnixSeconds) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// A stored moment.
pub(super) fn moment(at: i64) -> UnixSeconds {
    UnixSeconds(u64::try_from(at).unwrap_or(0))
}
