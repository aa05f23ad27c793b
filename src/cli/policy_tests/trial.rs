//! A case, tried: what became of it, and how that differs from what was expected.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use super::{
    case::{Case, ObservedWord, OutcomeWord},
    signer::Signer,
};
use crate::{
    membership::Looked,
    pipeline::{
        Live,
        explain::{Explanation, Observed, Question, Verdict, explain},
    },
};

/// What became of a case.
#[derive(Debug, Serialize)]
pub(super) struct Trial {
    /// The case's name.
    pub(super) name: String,
    /// Where it stands.
    pub(super) place: String,
    /// `GET /users/5`.
    pub(super) request: String,
    /// Whether everything was as expected.
    pub(super) passed: bool,
    /// What was not.
    pub(super) differences: Vec<String>,
    /// What became of the request, and why.
    pub(super) explanation: Explanation,
}

/// How routes in observe mode are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Observing {
    /// As they are.
    AsWritten,
    /// As if they were enforced.
    Enforced,
}

/// Tries one case on the live path's own stages.
pub(super) fn attempt(
    case: &Case,
    signer: &Signer,
    live: &Live,
    observing: Observing,
) -> Result<Trial> {
    let token = signer.token(&case.token, case.now)?;
    let looked = case.looked_up(columns(live));
    let question = Question {
        method: case.method.clone(),
        target: &case.target,
        host: &case.host,
        headers: &case.headers,
        token: token.as_deref(),
        certificate: case.certificate.as_ref(),
        peer: case.peer,
        row: looked.as_ref(),
        secret: None,
        now: case.now,
    };
    let mut explanation = explain(&question, live);
    if observing == Observing::Enforced {
        explanation.enforce();
    }
    let differences = differences(case, &explanation);
    Ok(Trial {
        name: case.name.clone(),
        place: case.place.clone(),
        request: format!("{} {}", case.method, case.target.escape_debug()),
        passed: differences.is_empty(),
        differences,
        explanation,
    })
}

impl Case {
    /// The row of its user, as a look-up of these columns would find it, if the case says what that has.
    pub(in crate::cli) fn looked_up(&self, columns: &[String]) -> Option<Looked> {
        let user = self.user.as_ref()?;
        Some(Ok(user.row(columns)))
    }
}

/// The columns of users that rules ask for.
pub(super) fn columns(live: &Live) -> &[String] {
    let membership = live.membership.as_ref();
    membership.map_or(&[], |membership| &membership.settings().columns)
}

fn differences(case: &Case, explanation: &Explanation) -> Vec<String> {
    let expect = &case.expect;
    let verdict = &explanation.verdict;
    let became = became(explanation);
    let mut found = Vec::new();
    if let Some(expected) = expect.outcome
        && !expected.is(verdict)
    {
        found.push(format!("expected {}, and it is {became}", expected.name()));
    }
    let (status, code) = match verdict {
        Verdict::Refused { status, code, .. } => (Some(*status), Some(&**code)),
        Verdict::Undecided | Verdict::Forwarded { .. } | Verdict::Answered => (None, None),
    };
    let upstream = match verdict {
        Verdict::Forwarded { upstream } => Some(upstream.as_str()),
        Verdict::Undecided | Verdict::Answered | Verdict::Refused { .. } => None,
    };
    if let Some(expected) = expect.status
        && status != Some(expected)
    {
        found.push(format!("expected status {expected}, and it is {became}"));
    }
    if let Some(expected) = &expect.code
        && code != Some(expected.as_str())
    {
        found.push(format!("expected code {expected}, and it is {became}"));
    }
    if let Some(expected) = &expect.upstream
        && upstream != Some(expected.as_str())
    {
        found.push(format!("expected upstream {expected}, and it is {became}"));
    }
    let route = explanation.route.as_ref().map(|taken| taken.route.as_str());
    if let Some(expected) = &expect.route
        && route != Some(expected.as_str())
    {
        let route = route.unwrap_or("no route");
        found.push(format!("expected route {expected}, and it takes {route}"));
    }
    if let Some(expected) = &expect.observed
        && !expected.is(explanation.observed.as_ref())
    {
        found.push(format!("expected {expected}, and it is {became}"));
    }
    found.extend(header_differences(case, explanation));
    found
}

fn became(explanation: &Explanation) -> String {
    let verdict = &explanation.verdict;
    match &explanation.observed {
        None => verdict.to_string(),
        Some(observed) => format!("{verdict}; observed, {observed}"),
    }
}

fn header_differences<'a>(
    case: &'a Case,
    explanation: &'a Explanation,
) -> impl Iterator<Item = String> + 'a {
    let forwarded = OutcomeWord::Forwarded.is(&explanation.verdict);
    case.expect
        .headers
        .iter()
        .filter_map(move |(name, wanted)| {
            let mut added = explanation.added.iter().filter(|_| forwarded);
            let added = added.find(|(added, _)| added == name);
            let value = added.map(|(_, value)| String::from_utf8_lossy(value.as_bytes()));
            match (wanted, value) {
                (None, None) => None,
                (None, Some(_)) => Some(format!("expected no {name}, and it is added")),
                (Some(wanted), Some(value)) if *wanted == value => None,
                (Some(wanted), Some(value)) => Some(format!(
                    "expected {name}: {wanted}, and it is {}",
                    value.escape_debug()
                )),
                (Some(wanted), None) => {
                    Some(format!("expected {name}: {wanted}, and none is added"))
                }
            }
        })
}

impl ObservedWord {
    fn is(&self, observed: Option<&Observed>) -> bool {
        match (self, observed) {
            (Self::Nothing, observed) => observed.is_none(),
            (Self::Code(_) | Self::Status(_), None) => false,
            (Self::Code(code), Some(observed)) => *code == observed.code,
            (Self::Status(status), Some(observed)) => *status == observed.status,
        }
    }
}

impl fmt::Display for ObservedWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing to be observed"),
            Self::Code(code) => write!(f, "{code} to be observed"),
            Self::Status(status) => write!(f, "{status} to be observed"),
        }
    }
}

impl OutcomeWord {
    fn is(self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Undecided => false,
            Verdict::Forwarded { .. } => self == Self::Forwarded,
            Verdict::Answered => self == Self::Answered,
            Verdict::Refused { .. } => self == Self::Refused,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Answered => "answered",
            Self::Refused => "refused",
        }
    }
}
