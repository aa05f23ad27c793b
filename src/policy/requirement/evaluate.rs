//! Whether a requirement holds: the one evaluator, for requests and for explanations.
//!
//! It is generic over what is written down on the way. For a request that is nothing, in a type without a size, so that
//! the explanation of a decision cannot come from other code than the decision. Nothing is allocated.

use std::fmt;

use super::{Answer, Condition, Facts, Requirement, Term};

/// What evaluating tells whoever listens.
pub trait Trace<'r> {
    /// A node is being asked.
    fn enter(&mut self, requirement: &'r Requirement);
    /// The node that was entered last has its outcome.
    fn leave(&mut self, facts: &Facts<'_>, outcome: &Outcome<'r>);
    /// A node is not asked: its neighbours have decided.
    fn skip(&mut self, requirement: &'r Requirement);
}

/// Writes nothing down.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl<'r> Trace<'r> for Silent {
    #[inline]
    fn enter(&mut self, _requirement: &'r Requirement) {}
    #[inline]
    fn leave(&mut self, _facts: &Facts<'_>, _outcome: &Outcome<'r>) {}
    #[inline]
    fn skip(&mut self, _requirement: &'r Requirement) {}
}

/// What became of a node. `all` fails where one term fails, and `any` holds where one holds; else what is open counts
/// before what is unclear, since it may still decide. `not` swaps the ends and leaves the middle as it is, so that what
/// is not known never becomes a permission.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'r> {
    /// It does not hold.
    Fails(Blame<'r>),
    /// It cannot be told for this request, which is refused unless something else permits it.
    Unclear(Blame<'r>),
    /// It cannot be told without this.
    Open(Lack),
    /// It holds.
    Holds,
}

/// What is not there and could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A token: the client has to come back with one.
    Token,
    /// The user's row: it has to be looked up, and the requirement asked again.
    Row,
}

/// Which term has decided against a request.
#[derive(Debug, Clone, Copy)]
pub struct Blame<'r> {
    /// The term.
    pub requirement: &'r Requirement,
    /// What the term stands in, where that has a name: `rule staff`. The outermost.
    pub name: Option<&'r str>,
    /// The scopes with which it would have held.
    pub scopes: Option<&'r [Box<str>]>,
}

/// Evaluates. The order of the terms does not change the outcome, only which of several failing terms is blamed.
pub fn evaluate<'r, T: Trace<'r>>(
    requirement: &'r Requirement,
    facts: &Facts<'_>,
    trace: &mut T,
) -> Outcome<'r> {
    trace.enter(requirement);
    let outcome = match &requirement.term {
        Term::One(condition) => one(requirement, condition, facts),
        Term::All(terms) => all(terms, facts, trace),
        Term::Any(terms) => any(requirement, terms, facts, trace),
        Term::Not(term) => evaluate(term, facts, trace).reversed(requirement),
        Term::Named { name, requirement } => evaluate(requirement, facts, trace).of(name),
    };
    trace.leave(facts, &outcome);
    outcome
}

fn one<'r>(
    requirement: &'r Requirement,
    condition: &'r Condition,
    facts: &Facts<'_>,
) -> Outcome<'r> {
    let blame = Blame {
        requirement,
        name: None,
        scopes: None,
    };
    match condition.ask(facts) {
        Err(lack) => Outcome::Open(lack),
        Ok(Answer::Yes) => Outcome::Holds,
        Ok(Answer::Unclear) => Outcome::Unclear(blame),
        Ok(Answer::No) => Outcome::Fails(Blame {
            scopes: condition.missing_scopes(),
            ..blame
        }),
    }
}

fn all<'r, T: Trace<'r>>(
    terms: &'r [Requirement],
    facts: &Facts<'_>,
    trace: &mut T,
) -> Outcome<'r> {
    let mut worst = Outcome::Holds;
    let mut terms = terms.iter();
    for term in terms.by_ref() {
        let outcome = evaluate(term, facts, trace);
        if outcome.weight_in_all() > worst.weight_in_all() {
            worst = outcome;
        }
        if matches!(worst, Outcome::Fails(_)) {
            break;
        }
    }
    terms.for_each(|term| trace.skip(term));
    worst
}

fn any<'r, T: Trace<'r>>(
    requirement: &'r Requirement,
    terms: &'r [Requirement],
    facts: &Facts<'_>,
    trace: &mut T,
) -> Outcome<'r> {
    let mut best = Outcome::Fails(Blame {
        requirement,
        name: None,
        scopes: None,
    });
    let mut terms = terms.iter();
    for term in terms.by_ref() {
        let outcome = evaluate(term, facts, trace);
        if outcome.weight_in_any() > best.weight_in_any() {
            best = outcome;
        } else if let (Outcome::Fails(mine), Outcome::Fails(theirs)) = (&mut best, &outcome) {
            // With the scopes of one alternative the whole would hold.
            mine.scopes = mine.scopes.or(theirs.scopes);
        }
        if matches!(best, Outcome::Holds) {
            break;
        }
    }
    terms.for_each(|term| trace.skip(term));
    best
}

impl<'r> Outcome<'r> {
    fn weight_in_all(&self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Unclear(_) => 1,
            Self::Open(_) => 2,
            Self::Fails(_) => 3,
        }
    }

    fn weight_in_any(&self) -> u8 {
        match self {
            Self::Fails(_) => 0,
            Self::Unclear(_) => 1,
            Self::Open(_) => 2,
            Self::Holds => 3,
        }
    }

    fn reversed(self, not: &'r Requirement) -> Self {
        match self {
            Self::Holds => Self::Fails(Blame {
                requirement: not,
                name: None,
                scopes: None,
            }),
            Self::Fails(_) => Self::Holds,
            Self::Unclear(_) | Self::Open(_) => self,
        }
    }

    fn of(mut self, name: &'r str) -> Self {
        if let Self::Fails(blame) | Self::Unclear(blame) = &mut self {
            blame.name = Some(name);
        }
        self
    }
}

/// What an access line says of it: which term and where, and nothing of what the request had.
impl fmt::Display for Blame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requirement, name, ..
        } = self;
        write!(f, "{} ({}", requirement.title(), requirement.place)?;
        match name {
            Some(name) => write!(f, ", {name})"),
            None => f.write_str(")"),
        }
    }
}
