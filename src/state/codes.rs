//! Codes that were sent, and how they are spent.
//!
//! A code and the address that it was sent to are kept as keyed hashes. Each account has one code for each purpose: a new one
//! takes the place of the one before. What becomes of it is decided while nobody else can change it, so that a
//! code is spent once and every try counts, however many come at the same time. What was never sent is looked up and
//! written as what was, so that the time does not tell them apart.

use std::sync::Arc;

use super::{
    Error, State,
    stamps::{LONGEST_MEMBER, either, fit, moment, stored},
};
use crate::{
    clock::UnixSeconds,
    member::code::{DAY, SendingRules, Sent},
};

pub(super) const CODES: &str = "sidegate_codes";

/// A keyed hash.
pub type Print = [u8; 32];

/// A code that is about to be sent.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// The account and the purpose.
    pub slot: Print,
    /// The code.
    pub code: Print,
    /// The id of the member's row.
    pub member: String,
    /// The address that it goes to.
    pub address: Print,
    /// When it is sent.
    pub at: UnixSeconds,
    /// When it counts no longer.
    pub expires: UnixSeconds,
    /// How often it may be tried.
    pub attempts: u32,
    /// How soon and how often one is sent.
    pub sending: SendingRules,
}

/// A code that is tried.
#[derive(Debug, Clone, Copy)]
pub struct Tried {
    /// The account and the purpose.
    pub slot: Print,
    /// The code; `None` for what no code looks like.
    pub code: Option<Print>,
    /// When.
    pub at: UnixSeconds,
}

/// What a code proves that was spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The id of the member's row.
    pub member: String,
    /// The address that it was sent to.
    pub address: Vec<u8>,
}

/// A row. Nothing of it is printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CodeRow {
    pub(super) code: Option<Vec<u8>>,
    pub(super) member: Option<String>,
    pub(super) address: Option<Vec<u8>>,
    pub(super) expires_at: i64,
    pub(super) attempts_left: i64,
    pub(super) tries: i64,
    pub(super) sent_at: i64,
    pub(super) counted_from: i64,
    pub(super) sent: i64,
    pub(super) forgotten_at: i64,
}

/// What becomes of a row.
pub(super) type Change = Arc<dyn Fn(&mut CodeRow) + Send + Sync>;

impl State {
    /// Keeps a code in the place of the one before; `Err` inside is the moment before which none is sent.
    pub async fn keep_code(&self, new: NewCode) -> Result<Result<(), UnixSeconds>, Error> {
        fit("the id of a member", &new.member, LONGEST_MEMBER)?;
        let slot = new.slot;
        let (at, rules) = (new.at, new.sending);
        let change = move |row: &mut CodeRow| row.keep(&new);
        let before = either!(self, database => database.change_code(slot, Arc::new(change)).await)?;
        Ok(rules.next(before.all_sent(), at).map(drop))
    }

    /// Tries a code. One that was made is spent by the right one, and by as many wrong ones as it may be tried; then,
    /// and when it has expired, nothing is right.
    pub async fn try_code(&self, tried: Tried) -> Result<Option<Proven>, Error> {
        let slot = tried.slot;
        let change = move |row: &mut CodeRow| row.be_tried(&tried);
        let before = either!(self, database => database.change_code(slot, Arc::new(change)).await)?;
        Ok(before.proven_by(&tried))
    }

    /// Tries what stands in a link, which says by itself whose it is.
    pub async fn try_link(&self, code: Print, at: UnixSeconds) -> Result<Option<Proven>, Error> {
        let slot = either!(self, database => database.slot_of_code(code).await)?;
        let Some(slot) = slot.and_then(|slot| Print::try_from(slot).ok()) else {
            return Ok(None);
        };
        let code = Some(code);
        self.try_code(Tried { slot, code, at }).await
    }
}

impl CodeRow {
    /// What stands where nothing was sent.
    pub(super) fn empty() -> Self {
        Self {
            code: None,
            member: None,
            address: None,
            expires_at: 0,
            attempts_left: 0,
            tries: 0,
            sent_at: 0,
            counted_from: 0,
            sent: 0,
            forgotten_at: 0,
        }
    }

    fn keep(&mut self, new: &NewCode) {
        self.tries = self.tries.saturating_add(1);
        let Ok(sent) = new.sending.next(self.all_sent(), new.at) else {
            return;
        };
        *self = Self {
            code: Some(new.code.to_vec()),
            member: Some(new.member.clone()),
            address: Some(new.address.to_vec()),
            expires_at: stored(new.expires),
            attempts_left: i64::from(new.attempts),
            tries: 0,
            sent_at: stored(sent.last),
            counted_from: stored(sent.counted_from),
            sent: i64::from(sent.count),
            forgotten_at: stored(new.expires.max(sent.counted_from.plus(DAY))),
        };
    }

    fn be_tried(&mut self, tried: &Tried) {
        let is_right = self.proven_by(tried).is_some();
        self.tries = self.tries.saturating_add(1);
        self.attempts_left = self.attempts_left.saturating_sub(1).max(0);
        self.forgotten_at = self.forgotten_at.max(stored(tried.at));
        if is_right {
            self.code = None;
            self.attempts_left = 0;
        }
    }

    fn proven_by(&self, tried: &Tried) -> Option<Proven> {
        let (kept, shown) = (self.code.as_deref()?, tried.code?);
        let counts = self.attempts_left > 0 && tried.at < moment(self.expires_at);
        // Both are keyed hashes: what they take to compare tells nobody anything about the code.
        (counts && kept == shown).then_some(())?;
        Some(Proven {
            member: self.member.clone()?,
            address: self.address.clone()?,
        })
    }

    fn all_sent(&self) -> Sent {
        Sent {
            last: moment(self.sent_at),
            counted_from: moment(self.counted_from),
            count: u32::try_from(self.sent).unwrap_or(u32::MAX),
        }
    }
}
