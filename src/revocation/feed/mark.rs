//! How far a table was read by the column that says when its rows were changed.
//!
//! A transaction is stamped when it writes and seen when it commits, so rows are read again from somewhat before what was
//! seen last. That goes by the database's clock alone: ours only says how much time has passed, which moves the mark on
//! where nothing is written, so that what was written in one go is not read for ever.

use std::time::{Duration, Instant};

use crate::store::{Newest, Stamp};

/// How much a stamp may be ahead of a clock of whole seconds.
const SECOND: Duration = Duration::from_secs(1);

/// What is not stamped with this or something later was there when the table was read last, but for what committed late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) stamp: Stamp,
    /// When that was found out, before anything was read.
    at: Instant,
}

impl Mark {
    /// Before the first look; nothing where no row has a stamp.
    pub(super) fn first(newest: &Newest, at: Instant) -> Option<Self> {
        let stamp = newest.stamp?;
        let stamp = if is_ahead(stamp, newest) {
            newest.universal.written_as(stamp)
        } else {
            stamp
        };
        Some(Self { stamp, at }.within(newest))
    }

    /// After a look that began at this moment, when this was the newest stamp; nothing where the column is another one now.
    pub(super) fn next(self, newest: &Newest, at: Instant) -> Option<Self> {
        let passed = at.saturating_duration_since(self.at);
        let moved = self.stamp.plus(passed);
        let stamp = match newest.stamp {
            Some(stamp) if !stamp.is_like(self.stamp) => return None,
            // Somebody's clock is wrong, and the others' rows are to be seen.
            Some(stamp) if is_ahead(stamp, newest) => moved,
            Some(stamp) => moved.max(stamp),
            None => moved,
        };
        Some(Self { stamp, at }.within(newest))
    }

    /// Never ahead of the database's clock.
    fn within(self, newest: &Newest) -> Self {
        let limit = limit(self.stamp, newest);
        let stamp = self.stamp.min(limit);
        Self { stamp, ..self }
    }
}

fn is_ahead(stamp: Stamp, newest: &Newest) -> bool {
    limit(stamp, newest).plus(SECOND) < stamp
}

fn limit(stamp: Stamp, newest: &Newest) -> Stamp {
    let clock = if stamp.is_number() {
        newest.universal
    } else {
        newest.latest
    };
    clock.written_as(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn clock(seconds: u64) -> Stamp {
        Stamp::EPOCH.plus(secs(seconds))
    }

    /// The server's zone is an hour ahead.
    fn newest(stamp: Option<u64>, now: u64) -> Newest {
        Newest {
            stamp: stamp.map(clock),
            universal: clock(now),
            latest: clock(now + 3600),
        }
    }

    #[test]
    fn it_follows_what_is_stamped_and_the_time_that_passes() {
        let at = Clock.instant();
        let mark = Mark::first(&newest(Some(100), 10_000), at).expect("a stamp");
        assert_eq!(mark.stamp, clock(100));
        let mark = mark
            .next(&newest(Some(9_000), 10_001), at + secs(1))
            .expect("the same column");
        assert_eq!(mark.stamp, clock(9_000));
        let mark = mark
            .next(&newest(Some(9_000), 10_021), at + secs(21))
            .expect("the same column");
        assert_eq!(mark.stamp, clock(9_020), "nothing was written meanwhile");
        let mark = mark
            .next(&newest(None, 10_022), at + secs(22))
            .expect("the same column");
        assert_eq!(mark.stamp, clock(9_021), "all rows are gone");
    }

    #[test]
    fn it_is_never_ahead_of_the_databases_clock_whatever_ours_and_a_stamp_say() {
        let at = Clock.instant();
        let far = Some(1_000_000);
        let mark = Mark::first(&newest(far, 10_000), at).expect("a stamp");
        assert_eq!(mark.stamp, clock(10_000));
        let mark = mark
            .next(&newest(far, 10_001), at + secs(1))
            .expect("the same column");
        assert_eq!(mark.stamp, clock(10_001));
        let mark = mark
            .next(&newest(Some(10_500), 10_002), at + secs(100_000))
            .expect("the same column");
        assert_eq!(mark.stamp, clock(13_602));
        // A clock that is set back takes it along.
        let mark = mark
            .next(&newest(Some(10_500), 9_000), at + secs(100_001))
            .expect("the same column");
        assert_eq!(mark.stamp, clock(12_600));
    }

    #[test]
    fn a_column_of_another_kind_is_another_column() {
        let at = Clock.instant();
        let mark = Mark::first(&newest(Some(100), 10_000), at).expect("a stamp");
        let number = Newest {
            stamp: Some(clock(100).as_number()),
            ..newest(None, 10_000)
        };
        assert!(mark.next(&number, at).is_none());
        assert!(Mark::first(&newest(None, 1), at).is_none());
        let ahead = Newest {
            stamp: Some(clock(10_100).as_number()),
            ..number
        };
        let mark = Mark::first(&ahead, at).expect("a stamp");
        assert_eq!(
            mark.stamp,
            clock(10_000).as_number(),
            "seconds are of no zone"
        );
    }
}
