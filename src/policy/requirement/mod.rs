//! What has to hold besides a route's access: a tree of conditions, compiled from `require:`.
//!
//! A condition answers yes, no, or that it cannot be told: a claim of another type than it is compared with is neither
//! a match nor the absence of one, so that `not:` cannot turn a surprise into a permission.

mod claim;
mod column;
mod condition;
mod evaluate;
mod number;
mod written;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use claim::{ClaimPath, ClaimRule, ClaimTest, Expected, Located, PathError, Presence};
pub use column::{ColumnExpected, ColumnRule};
pub use condition::{Client, Condition, Facts, Head, has_scope};
pub use evaluate::{Blame, Lack, Outcome, Silent, Trace, evaluate};
pub use number::compare;

/// One node of the tree.
#[derive(Debug)]
pub struct Requirement {
    /// What it asks.
    pub term: Term,
    /// Where it stands: `gateway.yaml:12`.
    pub place: Box<str>,
}

/// What a node asks.
#[derive(Debug)]
pub enum Term {
    /// Each of them.
    All(Box<[Requirement]>),
    /// One of them.
    Any(Box<[Requirement]>),
    /// The opposite.
    Not(Box<Requirement>),
    /// What stands elsewhere under a name.
    Named {
        /// What it is called: `rule staff`.
        name: Box<str>,
        /// What it asks.
        requirement: Arc<Requirement>,
    },
    /// Something about the request.
    One(Condition),
}

/// What a condition says. From worst to best: `all` is the worst of its terms, `any` is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It does not hold.
    No,
    /// It cannot be told, and never will be for this request.
    Unclear,
    /// It holds.
    Yes,
}

/// Which ends are possible for a tree of which something is known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Possible {
    /// It may hold.
    pub hold: bool,
    /// It may fail.
    pub fail: bool,
}

impl Term {
    /// All of them, those with expressions last: they cost the most.
    pub fn all(terms: Vec<Requirement>) -> Self {
        Self::All(cheap_first(terms))
    }

    /// Any of them, those with expressions last.
    pub fn any(terms: Vec<Requirement>) -> Self {
        Self::Any(cheap_first(terms))
    }
}

fn cheap_first(mut terms: Vec<Requirement>) -> Box<[Requirement]> {
    let is_expression = |condition: &Condition| matches!(condition, Condition::When(_));
    terms.sort_by_key(|term| term.find(&is_expression).is_some());
    terms.into_boxed_slice()
}

impl Requirement {
    /// Which ends are possible when those of each condition are.
    pub fn possible(&self, of: &impl Fn(&Condition) -> Possible) -> Possible {
        match &self.term {
            Term::One(condition) => of(condition),
            Term::Named { requirement, .. } => requirement.possible(of),
            Term::Not(term) => {
                let Possible { hold, fail } = term.possible(of);
                Possible {
                    hold: fail,
                    fail: hold,
                }
            }
            Term::All(terms) => Possible {
                hold: terms.iter().all(|term| term.possible(of).hold),
                fail: terms.iter().any(|term| term.possible(of).fail),
            },
            Term::Any(terms) => Possible {
                hold: terms.iter().any(|term| term.possible(of).hold),
                fail: terms.iter().all(|term| term.possible(of).fail),
            },
        }
    }

    /// Whether it may hold for a request without a token.
    pub fn may_hold_without_token(&self) -> bool {
        let free = |condition: &Condition| !condition.reads_token();
        let of = |condition: &Condition| Possible {
            hold: free(condition),
            fail: free(condition),
        };
        self.possible(&of).hold
    }

    /// Whether it holds for no client without a certificate.
    pub fn needs_certificate(&self) -> bool {
        let of = |condition: &Condition| Possible {
            hold: !matches!(condition, Condition::Certificate(_)),
            fail: true,
        };
        !self.possible(&of).hold
    }

    /// Whether some condition reads the token.
    pub fn reads_token(&self) -> bool {
        self.find(&|condition| condition.reads_token()).is_some()
    }

    /// The first condition for which this is true, and its node.
    pub fn find(&self, wanted: &impl Fn(&Condition) -> bool) -> Option<(&Self, &Condition)> {
        match &self.term {
            Term::One(condition) => wanted(condition).then_some((self, condition)),
            Term::Named { requirement, .. } => requirement.find(wanted),
            Term::Not(term) => term.find(wanted),
            Term::All(terms) | Term::Any(terms) => terms.iter().find_map(|term| term.find(wanted)),
        }
    }
}
