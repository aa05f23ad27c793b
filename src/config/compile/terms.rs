//! The terms of one requirement, and how large it becomes.

use super::Findings;
use crate::policy::requirement::{Condition, Requirement, Term};

/// How deep a requirement may be, with the rules that it names.
pub(super) const DEEPEST: usize = 16;
/// How many conditions it may have, with those of the rules that it names.
const MOST_CONDITIONS: usize = 1_000;

/// How large a tree is once its rules stand in their places.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    conditions: usize,
    depth: usize,
}

/// The terms of one `require:`.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) good: Vec<Requirement>,
    pub(super) size: Size,
    /// Some could not be compiled; what is wrong with them has been reported.
    pub(super) broken: usize,
}

impl Terms {
    pub(super) fn add(&mut self, condition: Condition, path: &str, findings: &Findings<'_>) {
        let requirement = Requirement {
            term: Term::One(condition),
            place: findings.place(path).into(),
        };
        let size = Size {
            conditions: 1,
            depth: 1,
        };
        self.take(Some((requirement, size)));
    }

    pub(super) fn take(&mut self, term: Option<(Requirement, Size)>) {
        match term {
            None => self.broken += 1,
            Some((term, size)) => {
                let conditions = self.size.conditions.saturating_add(size.conditions);
                self.size.conditions = conditions;
                self.size.depth = self.size.depth.max(size.depth);
                self.good.push(term);
            }
        }
    }

    /// What one alone says, or all of them.
    pub(super) fn into_one(mut self, place: String) -> Option<(Requirement, Size)> {
        if self.broken > 0 {
            return None;
        }
        if self.good.len() == 1 {
            return self.good.pop().map(|term| (term, self.size));
        }
        let all = Requirement {
            term: Term::all(self.good),
            place: place.into(),
        };
        Some((all, self.size.deeper()))
    }
}

impl Size {
    pub(super) fn deeper(mut self) -> Self {
        self.depth = self.depth.saturating_add(1);
        self
    }

    pub(super) fn fits(self, path: &str, findings: &mut Findings<'_>) -> bool {
        let deep = self.depth > DEEPEST;
        if deep {
            let message = format!("this is more than {DEEPEST} levels deep");
            findings.mistake(path, &message, "make it flatter");
        }
        let large = self.conditions > MOST_CONDITIONS;
        if large {
            let message = format!("this has more than {MOST_CONDITIONS} conditions");
            let fix = "use lists of values, or name fewer rules";
            findings.mistake(path, &message, fix);
        }
        !deep && !large
    }
}
