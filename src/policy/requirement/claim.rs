//! What a rule asks of one claim. JSON types are kept apart: `"1"` is not `1`, while `1.0` is.

use std::{cmp::Ordering, fmt};

use serde_json::{Number, Value};

use super::{Answer, number::compare};
use crate::token::claims::Claims;

/// Deeper nesting is nobody's token.
const MOST_STEPS: usize = 8;

/// The way to a claim: `role`, or `realm_access.roles` for one inside another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath {
    text: Box<str>,
    first: Box<str>,
    rest: Box<[Box<str>]>,
}

/// Why a text is not the way to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A step without a name.
    #[error("the name of the claim has an empty step")]
    Empty,
    /// A quote that does not end, or that stands inside a name.
    #[error("a quote in the name of the claim does not end where a step ends")]
    Quote,
    /// What looks like a URL, whose dots are no steps.
    #[error(
        "the name of the claim has `:` or `/` in it, so that its dots may be meant as they are"
    )]
    Ambiguous,
    /// Too many steps.
    #[error("the name of the claim has more than 8 steps")]
    Deep,
}

/// What stands at the end of a way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Located<'a> {
    /// Nothing, or `null`.
    Missing,
    /// A value.
    Value(&'a Value),
    /// The way leads through something that is no object.
    Obstructed,
}

/// What a claim is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// A text.
    Text(Box<str>),
    /// A number.
    Number(Number),
    /// A boolean.
    Boolean(bool),
}

/// Whether a claim has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// With any value but `null`.
    Present,
    /// Not at all, or as `null`.
    Absent,
}

/// One test of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimTest {
    /// It is this.
    Equals(Expected),
    /// It is one of these, or a list that has one of them.
    AnyOf(Box<[Expected]>),
    /// It is a list that has each of these; what is no list counts as a list of one.
    AllOf(Box<[Expected]>),
    /// It is a list that has this.
    Contains(Expected),
    /// It is a number, and not less.
    AtLeast(Number),
    /// It is a number, and not more.
    AtMost(Number),
    /// It is there, or is not.
    Presence(Presence),
}

/// Tests of one claim, which all have to be passed.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimRule {
    /// Which claim.
    pub path: ClaimPath,
    /// At least one.
    pub tests: Box<[ClaimTest]>,
}

impl ClaimPath {
    /// Parses steps with dots between them. A name that has a dot itself stands in quotes.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let mut steps = Vec::new();
        let mut rest = Some(text);
        while let Some(left) = rest {
            let (step, after) = first_step(left)?;
            steps.push(step);
            rest = after;
        }
        if steps.len() > MOST_STEPS {
            return Err(PathError::Deep);
        }
        let mut steps = steps.into_iter();
        Ok(Self {
            text: text.into(),
            first: steps.next().ok_or(PathError::Empty)?.into(),
            rest: steps.map(Box::from).collect(),
        })
    }

    /// The names on the way.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &str> {
        let steps = std::iter::once(&self.first).chain(&self.rest);
        steps.map(|step| &**step)
    }

    /// What stands there.
    pub fn locate<'a>(&self, claims: &'a Claims) -> Located<'a> {
        let mut value = match claims.value(&self.first) {
            None | Some(Value::Null) => return Located::Missing,
            Some(value) => value,
        };
        for step in &self.rest {
            let Value::Object(members) = value else {
                return Located::Obstructed;
            };
            value = match members.get(&**step) {
                None | Some(Value::Null) => return Located::Missing,
                Some(value) => value,
            };
        }
        Located::Value(value)
    }
}

/// The first step of a way, and what follows its dot.
fn first_step(text: &str) -> Result<(&str, Option<&str>), PathError> {
    for quote in ['\'', '"'] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let (step, after) = quoted.split_once(quote).ok_or(PathError::Quote)?;
            return match (step.is_empty(), after.strip_prefix('.')) {
                (true, _) => Err(PathError::Empty),
                (false, Some(after)) => Ok((step, Some(after))),
                (false, None) if after.is_empty() => Ok((step, None)),
                (false, None) => Err(PathError::Quote),
            };
        }
    }
    let (step, after) = match text.split_once('.') {
        Some((step, after)) => (step, Some(after)),
        None => (text, None),
    };
    if step.trim().is_empty() {
        return Err(PathError::Empty);
    }
    if step.contains(['\'', '"']) {
        return Err(PathError::Quote);
    }
    if step.contains([':', '/']) {
        return Err(PathError::Ambiguous);
    }
    Ok((step, after))
}

impl ClaimRule {
    /// Whether every test is passed.
    pub fn ask(&self, claims: &Claims) -> Answer {
        let located = self.path.locate(claims);
        let answers = self.tests.iter().map(|test| test.ask(located));
        answers.min().unwrap_or(Answer::Yes)
    }
}

impl ClaimTest {
    fn ask(&self, located: Located<'_>) -> Answer {
        match (self, located) {
            (Self::Presence(presence), Located::Missing | Located::Value(_)) => {
                let present = matches!(located, Located::Value(_));
                yes(present == (*presence == Presence::Present))
            }
            (_, Located::Obstructed) => Answer::Unclear,
            (_, Located::Missing) => Answer::No,
            (Self::Equals(expected), Located::Value(value)) => expected.ask(value),
            (Self::AnyOf(expected), Located::Value(value)) => any_of(value, expected),
            (Self::AllOf(expected), Located::Value(value)) => {
                let each = expected.iter();
                let answers = each.map(|one| any_of(value, std::slice::from_ref(one)));
                answers.min().unwrap_or(Answer::Yes)
            }
            (Self::Contains(expected), Located::Value(value)) => match value {
                Value::Array(_) => any_of(value, std::slice::from_ref(expected)),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_) => Answer::Unclear,
            },
            (Self::AtLeast(bound), Located::Value(value)) => ordered(value, bound, Ordering::is_ge),
            (Self::AtMost(bound), Located::Value(value)) => ordered(value, bound, Ordering::is_le),
        }
    }
}

impl Expected {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Boolean(_) => None,
        }
    }

    /// Whether a value is this; unclear for one of another type.
    pub fn ask(&self, value: &Value) -> Answer {
        match (self, value) {
            (Self::Text(expected), Value::String(text)) => yes(**expected == **text),
            (Self::Boolean(expected), Value::Bool(boolean)) => yes(expected == boolean),
            (Self::Number(expected), Value::Number(number)) => {
                yes(compare(number, expected) == Some(Ordering::Equal))
            }
            (
                _,
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_),
            ) => Answer::Unclear,
        }
    }
}

/// Whether a value is one of these, or a list that has one. Unclear where nothing matches and something is of a type
/// that none of these is.
fn any_of(value: &Value, expected: &[Expected]) -> Answer {
    if let Value::Array(items) = value {
        let answers = items.iter().map(|item| one_of(item, expected));
        return answers.max().unwrap_or(Answer::No);
    }
    one_of(value, expected)
}

fn one_of(value: &Value, expected: &[Expected]) -> Answer {
    let mut answer = Answer::Unclear;
    for one in expected {
        match one.ask(value) {
            Answer::Yes => return Answer::Yes,
            Answer::No => answer = Answer::No,
            Answer::Unclear => {}
        }
    }
    answer
}

fn ordered(value: &Value, bound: &Number, holds: fn(Ordering) -> bool) -> Answer {
    match value {
        Value::Number(number) => compare(number, bound).map_or(Answer::Unclear, |o| yes(holds(o))),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Answer::Unclear
        }
    }
}

/// Whether a value is a text that is wanted, or a list that has one.
pub(super) fn any_text(value: &Value, wanted: &impl Fn(&str) -> bool) -> Answer {
    let one = |value: &Value| {
        value
            .as_str()
            .map_or(Answer::Unclear, |text| yes(wanted(text)))
    };
    match value {
        Value::Null => Answer::No,
        Value::Array(items) => items.iter().map(one).max().unwrap_or(Answer::No),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => one(value),
    }
}

pub(super) fn yes(holds: bool) -> Answer {
    if holds { Answer::Yes } else { Answer::No }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_has_steps() {
        let steps = |text: &str| {
            let path = ClaimPath::parse(text).expect(text);
            let rest = path.rest.iter().map(ToString::to_string);
            std::iter::once(path.first.to_string())
                .chain(rest)
                .collect::<Vec<_>>()
        };
        assert_eq!(steps("role"), ["role"]);
        assert_eq!(steps("realm_access.roles"), ["realm_access", "roles"]);
        assert_eq!(
            steps("'https://a.example/roles'"),
            ["https://a.example/roles"]
        );
        assert_eq!(
            steps("resource_access.\"my.app\".roles"),
            ["resource_access", "my.app", "roles"]
        );
        for (text, error) in [
            ("", PathError::Empty),
            ("a.", PathError::Empty),
            (".a", PathError::Empty),
            ("a..b", PathError::Empty),
            ("''", PathError::Empty),
            ("'a", PathError::Quote),
            ("'a'b", PathError::Quote),
            ("a'b'", PathError::Quote),
            ("https://a.example/roles", PathError::Ambiguous),
            ("a.b.c.d.e.f.g.h.i", PathError::Deep),
        ] {
            assert_eq!(ClaimPath::parse(text), Err(error), "{text}");
        }
    }
}
