//! A session's refresh tokens: each is spent by the next, and what becomes of one that is presented.
//!
//! A *family* is what one login has opened: a chain of refresh tokens of which the last is live and all others are
//! spent. The functions here only judge; whoever keeps families carries a verdict out, in one step with the check that
//! nobody else has done so in between. They promise that an ended family never gives a token again.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::clock::UnixSeconds;

/// How long families last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// How long after a token was spent it still gives its successor, to whoever has lost the answer or raced itself.
    pub grace: Duration,
    /// How long a family may go unused.
    pub idle: Duration,
    /// How long it may last however much it is used.
    pub absolute: Duration,
}

/// What is known of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// When it was opened.
    pub opened: UnixSeconds,
    /// When it was used last.
    pub used: UnixSeconds,
    /// Whether it has been ended: by a logout, by an operator, by a token that came twice.
    pub is_ended: bool,
}

/// What becomes of a refresh token that is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the live one: it is spent, and a successor is opened.
    Rotate,
    /// It was spent a moment ago: the same successor is given again.
    SameSuccessor,
    /// It was spent, and somebody still has it: one of the two is a thief, so the family ends.
    Reuse,
    /// The family has not been used for too long.
    Idle,
    /// The family is too old.
    TooOld,
    /// The family has been ended.
    Ended,
}

impl Family {
    /// What becomes of one of its tokens, `spent` at a moment or not, that is presented `now`.
    pub fn judge(
        &self,
        spent: Option<UnixSeconds>,
        lifetimes: &Lifetimes,
        now: UnixSeconds,
    ) -> Verdict {
        if self.is_ended {
            return Verdict::Ended;
        }
        if now >= self.ends(lifetimes) {
            return Verdict::TooOld;
        }
        match spent {
            // Another gateway's clock may be ahead of ours: what is spent in the future is spent now.
            Some(spent) if now <= spent.plus(lifetimes.grace) => Verdict::SameSuccessor,
            Some(_) => Verdict::Reuse,
            None if now >= self.used.plus(lifetimes.idle) => Verdict::Idle,
            None => Verdict::Rotate,
        }
    }

    /// The first moment at which it is too old.
    pub fn ends(&self, lifetimes: &Lifetimes) -> UnixSeconds {
        self.opened.plus(lifetimes.absolute)
    }
}
