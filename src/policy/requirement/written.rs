//! Requirements as an operator would write them, for explanations and listings.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use super::{
    ClaimRule, ClaimTest, ColumnExpected, ColumnRule, Condition, Expected, Presence, Requirement,
    Term,
};
use crate::policy::certificate::CertificateRule;

impl Requirement {
    /// What it is in a word or two, without what it is compared with: `claim role`.
    pub fn title(&self) -> Title<'_> {
        Title(self)
    }
}

/// See [`Requirement::title`].
#[derive(Debug, Clone, Copy)]
pub struct Title<'a>(&'a Requirement);

impl Display for Title<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.term {
            Term::All(_) => f.write_str("all"),
            Term::Any(_) => f.write_str("any"),
            Term::Not(_) => f.write_str("not"),
            Term::Named { name, .. } => f.write_str(name),
            Term::One(condition) => match condition {
                Condition::SubjectIs(_) => f.write_str("subject_is"),
                Condition::Claim(ClaimRule { path, .. }) => write!(f, "claim {path}"),
                Condition::Column(ColumnRule { column, .. }) => write!(f, "user {column}"),
                Condition::Scope(_) => f.write_str("scope"),
                Condition::AnyScope(_) => f.write_str("any_scope"),
                Condition::Role { .. } => f.write_str("role"),
                Condition::Issuer(_) => f.write_str("issuer"),
                Condition::Audience(_) => f.write_str("audience"),
                Condition::Network(_) => f.write_str("network"),
                Condition::Certificate(_) => f.write_str("client_certificate"),
                Condition::When(_) => f.write_str("when"),
            },
        }
    }
}

/// One line, as in YAML; trees show their terms in brackets.
impl Display for Requirement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::All(terms) | Term::Any(terms) => {
                write!(f, "{}: [", self.title())?;
                separated(f, terms)?;
                f.write_str("]")
            }
            Term::Not(term) => write!(f, "not: {{ {term} }}"),
            Term::Named { name, .. } => f.write_str(name),
            Term::One(condition) => write!(f, "{}: {condition}", self.title()),
        }
    }
}

/// What comes after the title.
impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubjectIs(parameter) => f.write_str(parameter),
            Self::Claim(rule) => rule.fmt(f),
            Self::Column(rule) => rule.fmt(f),
            Self::Scope(texts)
            | Self::AnyScope(texts)
            | Self::Role { roles: texts, .. }
            | Self::Issuer(texts)
            | Self::Audience(texts) => words(f, texts),
            Self::Network(networks) => {
                f.write_str("[")?;
                separated(f, networks)?;
                f.write_str("]")
            }
            Self::Certificate(rule) => certificate(f, rule),
            Self::When(expression) => expression.fmt(f),
        }
    }
}

impl Display for ClaimRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &*self.tests {
            [ClaimTest::Equals(expected)] => expected.fmt(f),
            [ClaimTest::AnyOf(expected)] => list(f, expected),
            tests => {
                f.write_str("{ ")?;
                separated(f, tests)?;
                f.write_str(" }")
            }
        }
    }
}

impl Display for ColumnRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &*self.expected {
            [expected] => expected.fmt(f),
            expected => list(f, expected),
        }
    }
}

impl Display for ColumnExpected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(boolean) => boolean.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => word(f, text),
        }
    }
}

impl Display for ClaimTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(expected) => write!(f, "equals: {expected}"),
            Self::AnyOf(expected) => {
                f.write_str("any_of: ")?;
                list(f, expected)
            }
            Self::AllOf(expected) => {
                f.write_str("all_of: ")?;
                list(f, expected)
            }
            Self::Contains(expected) => write!(f, "contains: {expected}"),
            Self::AtLeast(bound) => write!(f, "at_least: {bound}"),
            Self::AtMost(bound) => write!(f, "at_most: {bound}"),
            Self::Presence(Presence::Present) => f.write_str("present: true"),
            Self::Presence(Presence::Absent) => f.write_str("present: false"),
        }
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => word(f, text),
            Self::Number(number) => number.fmt(f),
            Self::Boolean(boolean) => boolean.fmt(f),
        }
    }
}

fn certificate(f: &mut Formatter<'_>, rule: &CertificateRule) -> fmt::Result {
    let (kind, texts) = match rule {
        CertificateRule::Any => return f.write_str("any"),
        CertificateRule::Subjects(texts) => ("subjects", texts),
        CertificateRule::Names(texts) => ("names", texts),
        CertificateRule::Fingerprints(texts) => ("fingerprints", texts),
    };
    write!(f, "{{ {kind}: ")?;
    words(f, texts)?;
    f.write_str(" }")
}

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    f.write_str("[")?;
    separated(f, items)?;
    f.write_str("]")
}

fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

fn words(f: &mut Formatter<'_>, texts: &[Box<str>]) -> fmt::Result {
    f.write_str("[")?;
    for (index, text) in texts.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        word(f, text)?;
    }
    f.write_str("]")
}

/// A text without quotes only where nobody could take it for anything else, least of all for a number.
fn word(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    let is_word = !matches!(text, "true" | "false" | "null");
    if begins && is_word && text.chars().all(plain) && !text.ends_with(':') {
        return f.write_str(text);
    }
    Value::from(text).fmt(f)
}
