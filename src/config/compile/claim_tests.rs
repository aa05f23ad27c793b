//! What a rule asks of a claim.

use std::cmp::Ordering;

use serde_json::Number;

use super::Findings;
use crate::{
    config::document::rules::{self as written, ClaimTests, Scalar},
    policy::requirement::{ClaimPath, ClaimRule, ClaimTest, Expected, Presence, compare},
};

pub(super) const NAME: &str = "write names with dots between them, such as realm.roles, and a name that has a dot, `:` or `/` itself in quotes";

pub(super) fn compile(
    name: &str,
    test: &written::ClaimTest,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<ClaimRule> {
    let claim = findings.take(ClaimPath::parse(name), path, NAME);
    let tests = match test {
        written::ClaimTest::Equals(value) => {
            expected(value, path, findings).map(|expected| vec![ClaimTest::Equals(expected)])
        }
        written::ClaimTest::AnyOf(values) => {
            list(values, path, findings).map(|expected| vec![ClaimTest::AnyOf(expected)])
        }
        written::ClaimTest::Tests(tests) => by_name(tests, path, findings),
    };
    Some(ClaimRule {
        path: claim?,
        tests: tests?.into_boxed_slice(),
    })
}

fn by_name(
    written: &ClaimTests,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<ClaimTest>> {
    let ClaimTests {
        equals,
        any_of,
        all_of,
        contains,
        at_least,
        at_most,
        present,
    } = written;
    let presence = present.map(|present| {
        if present {
            Presence::Present
        } else {
            Presence::Absent
        }
    });
    let mut tests: Vec<Option<ClaimTest>> = Vec::new();
    let at = |key: &str| format!("{path}.{key}");
    tests.extend(presence.map(|presence| Some(ClaimTest::Presence(presence))));
    for (value, key, of) in [
        (equals, "equals", ClaimTest::Equals as fn(Expected) -> _),
        (contains, "contains", ClaimTest::Contains),
    ] {
        let value = value.as_ref();
        tests.extend(value.map(|value| expected(value, &at(key), findings).map(of)));
    }
    for (values, key, of) in [
        (
            any_of,
            "any_of",
            ClaimTest::AnyOf as fn(Box<[Expected]>) -> _,
        ),
        (all_of, "all_of", ClaimTest::AllOf),
    ] {
        let values = values.as_ref();
        tests.extend(values.map(|values| list(values, &at(key), findings).map(of)));
    }
    let mut bounds = Vec::new();
    for (value, key, of) in [
        (at_least, "at_least", ClaimTest::AtLeast as fn(Number) -> _),
        (at_most, "at_most", ClaimTest::AtMost),
    ] {
        let bound = value
            .as_ref()
            .map(|value| number(value, &at(key), findings));
        bounds.extend(bound.clone().flatten());
        tests.extend(bound.map(|bound| bound.map(of)));
    }
    if let [least, most] = bounds.as_slice()
        && compare(least, most) == Some(Ordering::Greater)
    {
        let message = "no number is at least the one and at most the other";
        findings.mistake(path, message, "exchange them");
    }
    if tests.is_empty() {
        let fix = "write a value, or a test such as `{ present: true }`";
        findings.absence(path, "nothing is asked of the claim", fix);
        return None;
    }
    if presence == Some(Presence::Absent) && tests.len() > 1 {
        let message = "a claim that is not there passes no other test";
        findings.mistake(path, message, "keep one of them");
    }
    tests.into_iter().collect()
}

fn list(values: &[Scalar], path: &str, findings: &mut Findings<'_>) -> Option<Box<[Expected]>> {
    if values.is_empty() {
        findings.absence(path, "nothing is listed", "list at least one value");
        return None;
    }
    let values = values.iter().enumerate();
    let values =
        values.map(|(index, value)| expected(value, &format!("{path}[{index}]"), findings));
    // Every member is looked at before the first bad one counts.
    values.collect::<Vec<_>>().into_iter().collect()
}

fn expected(value: &Scalar, path: &str, findings: &mut Findings<'_>) -> Option<Expected> {
    match value {
        Scalar::Text(text) => Some(Expected::Text(text.as_str().into())),
        Scalar::Number(number) => Some(Expected::Number(number.clone())),
        Scalar::Boolean(boolean) => Some(Expected::Boolean(*boolean)),
        Scalar::Null => {
            let message = "a claim cannot be compared with nothing";
            let fix = "write a value, or `{ present: false }`";
            findings.mistake(path, message, fix);
            None
        }
    }
}

fn number(value: &Scalar, path: &str, findings: &mut Findings<'_>) -> Option<Number> {
    match value {
        Scalar::Number(number) => Some(number.clone()),
        Scalar::Text(_) | Scalar::Boolean(_) | Scalar::Null => {
            let fix = "write a number without quotes";
            findings.mistake(path, "this is not a number", fix);
            None
        }
    }
}
