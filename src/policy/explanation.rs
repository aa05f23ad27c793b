//! What a rule asked, what it found, and whether that was enough: the decision's own steps, written down.
//!
//! Nothing personal is in it. Of what a token or a row says only booleans, the texts that the rule itself names, and
//! numbers that it compares with numbers are shown; of any other text only its length.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::requirement::{
    Answer, ClaimPath, ClaimRule, ClaimTest, ColumnExpected, ColumnRule, Condition, Expected,
    Facts, Lack, Located, Outcome, Requirement, Term, Trace, has_scope,
};
use crate::member::{ColumnValue, Row};

/// One node of a rule, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was asked, as an operator would write it.
    pub asked: String,
    /// Where that stands: `gateway.yaml:12`.
    pub place: String,
    /// What was found instead or accordingly, where a condition looked at something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Whether it held.
    pub result: CheckResult,
    /// What it consists of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Self>,
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// It held.
    Holds,
    /// It did not.
    Fails,
    /// It could not be told, and refuses unless something else permits.
    Unclear,
    /// It needs a token.
    NeedsToken,
    /// It needs the user's row.
    NeedsRow,
    /// Its neighbours had decided already.
    NotEvaluated,
}

/// Writes the steps of an evaluation down.
#[derive(Debug, Default)]
pub struct Recorder<'r> {
    /// The nodes that are being asked, the root first.
    open: Vec<(&'r Requirement, Vec<Check>)>,
    done: Vec<Check>,
}

impl Recorder<'_> {
    /// The finished checks: one, or none where nothing was evaluated.
    pub fn into_checks(self) -> Vec<Check> {
        self.done
    }

    fn add(&mut self, check: Check) {
        match self.open.last_mut() {
            Some((_, checks)) => checks.push(check),
            None => self.done.push(check),
        }
    }
}

impl<'r> Trace<'r> for Recorder<'r> {
    fn enter(&mut self, requirement: &'r Requirement) {
        self.open.push((requirement, Vec::new()));
    }

    fn leave(&mut self, facts: &Facts<'_>, outcome: &Outcome<'r>) {
        if let Some((requirement, checks)) = self.open.pop() {
            let mut check = Check::of(requirement, CheckResult::of(outcome));
            if let Term::One(condition) = &requirement.term {
                check.found = Some(found(condition, facts));
            }
            check.checks = checks;
            self.add(check);
        }
    }

    fn skip(&mut self, requirement: &'r Requirement) {
        self.add(Check::of(requirement, CheckResult::NotEvaluated));
    }
}

impl Check {
    fn of(requirement: &Requirement, result: CheckResult) -> Self {
        let asked = match (&requirement.term, result) {
            // Its terms follow, each in a check of its own.
            (Term::All(_) | Term::Any(_) | Term::Not(_), result)
                if result != CheckResult::NotEvaluated =>
            {
                requirement.title().to_string()
            }
            (Term::All(_) | Term::Any(_) | Term::Not(_) | Term::Named { .. } | Term::One(_), _) => {
                requirement.to_string()
            }
        };
        Self {
            asked,
            place: requirement.place.to_string(),
            found: None,
            result,
            checks: Vec::new(),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let Self {
            asked,
            place,
            found,
            result,
            checks,
        } = self;
        let mark = result.mark();
        write!(f, "{:1$}{mark} {asked}  ({place})", "", depth * 2)?;
        match found {
            Some(found) => write!(f, ": {result}, found {found}")?,
            None => write!(f, ": {result}")?,
        }
        for check in checks {
            f.write_char('\n')?;
            check.write(f, depth + 1)?;
        }
        Ok(())
    }
}

/// A tree, one line for each check.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl CheckResult {
    fn of(outcome: &Outcome<'_>) -> Self {
        match outcome {
            Outcome::Holds => Self::Holds,
            Outcome::Fails(_) => Self::Fails,
            Outcome::Unclear(_) => Self::Unclear,
            Outcome::Open(Lack::Token) => Self::NeedsToken,
            Outcome::Open(Lack::Row) => Self::NeedsRow,
        }
    }

    /// One character for it.
    pub fn mark(self) -> char {
        match self {
            Self::Holds => '+',
            Self::Fails => '-',
            Self::Unclear | Self::NeedsToken | Self::NeedsRow => '?',
            Self::NotEvaluated => '.',
        }
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Fails => "does not hold",
            Self::Unclear => "cannot be told",
            Self::NeedsToken => "needs a token",
            Self::NeedsRow => "needs the user's row",
            Self::NotEvaluated => "not evaluated",
        })
    }
}

/// What a condition looked at.
fn found(condition: &Condition, facts: &Facts<'_>) -> String {
    look(condition, facts).unwrap_or_else(|| "no token".to_owned())
}

fn look(condition: &Condition, facts: &Facts<'_>) -> Option<String> {
    Some(match condition {
        Condition::Network(_) => match facts.client.address() {
            Some(address) => address.to_string(),
            None => "no address".to_owned(),
        },
        Condition::Certificate(_) => match facts.certificate {
            Some(_) => "a certificate".to_owned(),
            None => "no certificate".to_owned(),
        },
        Condition::SubjectIs(parameter) => {
            facts.token?;
            match facts.pattern.parameter(facts.path, parameter) {
                Some(segment) => format!("a segment of {}", characters(segment)),
                None => "no such segment".to_owned(),
            }
        }
        Condition::Claim(rule) => {
            let located = rule.path.locate(&facts.token?.claims);
            shown(located, &rule.names(), rule.numbers())
        }
        Condition::Column(rule) => {
            facts.token?;
            let row = facts.row;
            row.map_or_else(|| "no row".to_owned(), |row| column(rule, row))
        }
        Condition::Scope(scopes) | Condition::AnyScope(scopes) => {
            let claims = &facts.token?.claims;
            let has = |scope: &&str| has_scope(claims, scope) == Answer::Yes;
            let granted: Vec<&str> = named(scopes).into_iter().filter(has).collect();
            if granted.is_empty() {
                "none of them".to_owned()
            } else {
                granted.join(" ")
            }
        }
        Condition::Role { paths, roles } => {
            let claims = &facts.token?.claims;
            let roles = named(roles);
            let at = |path: &ClaimPath| shown(path.locate(claims), &roles, Numbers::Hidden);
            let found: Vec<String> = paths
                .iter()
                .map(|path| format!("{path}: {}", at(path)))
                .collect();
            found.join(", ")
        }
        Condition::When(expression) => match expression.holds(facts)? {
            Ok(answer) => answer.to_string(),
            Err(error) => format!("no answer: {error}"),
        },
        Condition::Issuer(issuers) => standard("iss", issuers, facts)?,
        Condition::Audience(audiences) => standard("aud", audiences, facts)?,
    })
}

/// No more than of a claim.
fn column(rule: &ColumnRule, row: &Row) -> String {
    let (mut names, mut numbers) = (Vec::new(), Numbers::Hidden);
    for expected in &rule.expected {
        match expected {
            ColumnExpected::Text(text) => names.push(&**text),
            // A boolean is a number there.
            ColumnExpected::Number(_) | ColumnExpected::Boolean(_) => numbers = Numbers::Shown,
            ColumnExpected::Null => {}
        }
    }
    let value = match rule.value(row) {
        ColumnValue::Null => Value::Null,
        ColumnValue::Number(number) => Value::Number(number.clone()),
        ColumnValue::Text(text) => Value::from(&**text),
        ColumnValue::Other(kind) => return (*kind).to_owned(),
    };
    shown(Located::Value(&value), &names, numbers)
}

fn standard(name: &str, expected: &[Box<str>], facts: &Facts<'_>) -> Option<String> {
    let value = facts.token?.claims.value(name);
    let located = value.map_or(Located::Missing, Located::Value);
    Some(shown(located, &named(expected), Numbers::Hidden))
}

/// The texts that a rule names, and that may therefore be shown.
fn named(texts: &[Box<str>]) -> Vec<&str> {
    texts.iter().map(|text| &**text).collect()
}

impl ClaimRule {
    fn names(&self) -> Vec<&str> {
        let tests = self.tests.iter();
        let expected = tests.flat_map(|test| match test {
            ClaimTest::Equals(one) | ClaimTest::Contains(one) => std::slice::from_ref(one),
            ClaimTest::AnyOf(list) | ClaimTest::AllOf(list) => list,
            ClaimTest::AtLeast(_) | ClaimTest::AtMost(_) | ClaimTest::Presence(_) => &[],
        });
        expected.filter_map(Expected::text).collect()
    }

    fn numbers(&self) -> Numbers {
        let is_number = |expected: &Expected| match expected {
            Expected::Number(_) => true,
            Expected::Text(_) | Expected::Boolean(_) => false,
        };
        let compares = |test: &ClaimTest| match test {
            ClaimTest::AtLeast(_) | ClaimTest::AtMost(_) => true,
            ClaimTest::Equals(one) | ClaimTest::Contains(one) => is_number(one),
            ClaimTest::AnyOf(list) | ClaimTest::AllOf(list) => list.iter().any(is_number),
            ClaimTest::Presence(_) => false,
        };
        if self.tests.iter().any(compares) {
            Numbers::Shown
        } else {
            Numbers::Hidden
        }
    }
}

/// Whether a number is told: where it is compared with numbers, and is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Shown,
    Hidden,
}

fn shown(located: Located<'_>, names: &[&str], numbers: Numbers) -> String {
    match located {
        Located::Missing => "nothing".to_owned(),
        Located::Obstructed => "something else than an object on the way".to_owned(),
        Located::Value(value @ Value::Number(_)) if numbers == Numbers::Shown => value.to_string(),
        Located::Value(value) => describe(value, names),
    }
}

/// What a value is, without what could be about a person: of texts only those of `names` are told.
pub fn describe(value: &Value, names: &[&str]) -> String {
    /// More elements are counted only.
    const SHOWN: usize = 8;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) if names.contains(&text.as_str()) => value.to_string(),
        Value::String(text) => format!("a text of {}", characters(text)),
        Value::Array(items) => {
            let shown = |item: &&Value| item.as_str().is_some_and(|text| names.contains(&text));
            let shown: Vec<String> = items
                .iter()
                .filter(shown)
                .take(SHOWN)
                .map(Value::to_string)
                .collect();
            let list = format!("a list of {}", items.len());
            if shown.is_empty() {
                list
            } else {
                format!("{list} with {}", shown.join(", "))
            }
        }
        Value::Object(_) => "an object".to_owned(),
    }
}

fn characters(text: &str) -> String {
    match text.chars().count() {
        1 => "1 character".to_owned(),
        count => format!("{count} characters"),
    }
}
