//! Failed logins that all gateways count together.
//!
//! What a count means is not known here: whoever counts says what becomes of it, while nobody else can change it. Times are
//! milliseconds since 1970, told by the gateway.

use super::{Error, State, stamps::either};

/// Who is counted: a keyed hash, since the tables need not know who it is.
pub type CounterId = [u8; 16];

/// The failures of one counter. Without any it is all zeros.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailedLogins {
    /// How many there are.
    pub count: u32,
    /// When the last one began.
    pub last: u64,
    /// When the one before it began.
    pub before: u64,
    /// When all of it is forgotten, in seconds.
    pub forgotten_at: u64,
}

/// What becomes of the counts: as many as were asked for, in the same order; `None` leaves everything as it is.
pub type Decide = Box<dyn Fn(&[FailedLogins]) -> Option<Vec<FailedLogins>> + Send + Sync>;

impl State {
    /// Reads these counters and writes what is decided about them, in one transaction that nobody else comes between. Says
    /// what was read; a counter is asked for once.
    pub async fn count_failed_logins(
        &self,
        counters: Vec<CounterId>,
        decide: Decide,
    ) -> Result<Vec<FailedLogins>, Error> {
        either!(self, database => database.count_failed_logins(counters, decide).await)
    }
}

/// The rows in the order of the counters.
pub(super) fn in_order(
    counters: &[CounterId],
    rows: &[(Vec<u8>, FailedLogins)],
) -> Vec<FailedLogins> {
    let of = |counter: &CounterId| {
        let row = rows.iter().find(|(id, _)| id == counter);
        row.map(|(_, failed)| *failed).unwrap_or_default()
    };
    counters.iter().map(of).collect()
}

/// As it is stored.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What was stored.
pub(super) fn number(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}
