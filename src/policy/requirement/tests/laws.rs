//! What is true of every requirement and every request.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::policy::{
    explanation::{Check, CheckResult},
    expression::Expression,
};

fn several_of(any: bool, values: &[&str]) -> Value {
    json!({ if any { "any_of" } else { "all_of" }: values })
}

fn bound(least: bool) -> Value {
    json!({ if least { "at_least" } else { "at_most" }: 1 })
}

/// One of each kind, besides those of claims. Whoever adds a kind is sent here by [`is_tried`].
fn conditions() -> impl Strategy<Value = Condition> {
    let words = || prop::sample::select(vec!["u", "v", "w"]).prop_map(|word| texts(&[word, "x"]));
    let network = || "10.0.0.0/8".parse().expect("a network");
    prop_oneof![
        Just("id").prop_map(|name| Condition::SubjectIs(name.into())),
        Just("none").prop_map(|name| Condition::SubjectIs(name.into())),
        words().prop_map(Condition::Scope),
        words().prop_map(Condition::AnyScope),
        (words(), prop::sample::select(vec!["a", "o.x"])).prop_map(|(roles, path)| {
            let paths = Box::new([ClaimPath::parse(path).expect("a path")]);
            Condition::Role { paths, roles }
        }),
        words().prop_map(Condition::Issuer),
        words().prop_map(Condition::Audience),
        Just(()).prop_map(move |()| Condition::Network(Box::new([network()]))),
        Just(()).prop_map(|()| Condition::Certificate(CertificateRule::Any)),
        prop::sample::select(vec![
            "claims.a == 'v'",
            "claims.b >= 1",
            "has(claims.o.x) && request.method == 'GET'",
            "request.method == 'POST'",
        ])
        .prop_map(|text| {
            let expression = Expression::compile(text).expect(text);
            Condition::When(Box::new(expression))
        }),
    ]
}

/// Whether requirements with such a condition are among those that the laws are tried with.
fn is_tried(condition: &Condition) -> bool {
    match condition {
        Condition::SubjectIs(_)
        | Condition::Claim(_)
        | Condition::Column(_)
        | Condition::Scope(_)
        | Condition::AnyScope(_)
        | Condition::Role { .. }
        | Condition::Issuer(_)
        | Condition::Audience(_)
        | Condition::Network(_)
        | Condition::Certificate(_)
        | Condition::When(_) => true,
    }
}

/// Any requirement, over claims that some worlds have.
fn requirements() -> impl Strategy<Value = Requirement> {
    let names = || prop::sample::select(vec!["a", "b", "o.x"]);
    let values = || prop::sample::select(vec![json!("v"), json!("w"), json!(1), json!(true)]);
    let leaf = prop_oneof![
        (names(), values()).prop_map(|(name, value)| claim(name, &json!({ "equals": value }))),
        (names(), values()).prop_map(|(name, value)| claim(name, &json!({ "contains": value }))),
        (names(), any::<bool>()).prop_map(|(name, is)| claim(name, &json!({ "present": is }))),
        (names(), any::<bool>()).prop_map(|(name, any)| claim(name, &several_of(any, &["v", "w"]))),
        (names(), any::<bool>()).prop_map(|(name, least)| claim(name, &bound(least))),
        (0..2_usize, columns()).prop_map(|(place, value)| column(place, &[value])),
        conditions().prop_map(one),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|terms| node(Term::All(terms.into()))),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|terms| node(Term::Any(terms.into()))),
            inner
                .clone()
                .prop_map(|term| node(Term::Not(Box::new(term)))),
            inner.prop_map(|term| node(Term::Named {
                name: "rule r".into(),
                requirement: Arc::new(term),
            })),
        ]
    })
}

/// What columns are compared with, and what they hold.
fn columns() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![Value::Null, json!("v"), json!(1), json!(true)])
}

fn rows() -> impl Strategy<Value = Row> {
    let value = || {
        prop::sample::select(vec![
            ColumnValue::Null,
            ColumnValue::Text("v".into()),
            ColumnValue::Number(1.into()),
            ColumnValue::Number(0.into()),
            ColumnValue::Other("a date"),
        ])
    };
    (value(), value()).prop_map(|(one, other)| Row {
        state: None,
        values: Box::new([one, other]),
    })
}

fn worlds() -> impl Strategy<Value = World> {
    let value = || {
        prop::sample::select(vec![
            Value::Null,
            json!("v"),
            json!("w"),
            json!(1),
            json!(1.0),
            json!(true),
            json!(["v", 1]),
            json!({ "x": "v" }),
        ])
    };
    let claims = (
        value(),
        value(),
        value(),
        prop::sample::select(vec!["7", "8"]),
        any::<bool>(),
    )
        .prop_map(|(a, b, o, sub, scope)| {
            let scope = if scope { "u v" } else { "u" };
            let (iss, aud) = (a.clone(), b.clone());
            json!({ "sub": sub, "a": a, "b": b, "o": o, "scope": scope, "iss": iss, "aud": aud })
        });
    let address = prop::option::of(prop::sample::select(vec![[10, 0, 0, 1], [192, 0, 2, 1]]));
    let known = (prop::option::of(claims), prop::option::of(rows()));
    (known, address, any::<bool>()).prop_map(|((claims, row), address, certificate)| {
        let mut world = World::new(claims.as_ref());
        world.row = row;
        world.address = address;
        world.certificate = certificate.then(|| Identity {
            subject: "CN=x".into(),
            names: Vec::new(),
            fingerprint: "ab".into(),
        });
        world
    })
}

/// The outcome without any short cut: 0 fails, 1 unclear, 2 open, 3 holds.
fn by_truth_table(requirement: &Requirement, facts: &Facts<'_>) -> u8 {
    let below = |terms: &[Requirement]| -> Vec<u8> {
        terms
            .iter()
            .map(|term| by_truth_table(term, facts))
            .collect()
    };
    let middle = |found: &[u8], end: u8, other: u8| {
        [end, 2, 1]
            .into_iter()
            .find(|level| found.contains(level))
            .unwrap_or(other)
    };
    match &requirement.term {
        Term::One(condition) => match condition.ask(facts) {
            Err(_) => 2,
            Ok(Answer::No) => 0,
            Ok(Answer::Unclear) => 1,
            Ok(Answer::Yes) => 3,
        },
        Term::All(terms) => middle(&below(terms), 0, 3),
        Term::Any(terms) => middle(&below(terms), 3, 0),
        Term::Not(term) => match by_truth_table(term, facts) {
            0 => 3,
            3 => 0,
            middle => middle,
        },
        Term::Named { requirement, .. } => by_truth_table(requirement, facts),
    }
}

/// What the checks below one add up to, by what they say of themselves.
fn adds_up(check: &Check) -> bool {
    let of = |result: CheckResult| check.checks.iter().any(|below| below.result == result);
    let middle = || {
        let open = [CheckResult::NeedsToken, CheckResult::NeedsRow];
        let middle = open.into_iter().chain([CheckResult::Unclear]);
        middle.into_iter().find(|result| of(*result))
    };
    let expected = match (check.asked.as_str(), check.checks.as_slice()) {
        (_, []) => return check.found.is_some(),
        ("all", _) if of(CheckResult::Fails) => CheckResult::Fails,
        ("all", _) => middle().unwrap_or(CheckResult::Holds),
        ("any", _) if of(CheckResult::Holds) => CheckResult::Holds,
        ("any", _) => middle().unwrap_or(CheckResult::Fails),
        ("not", [below]) if below.result == CheckResult::Holds => CheckResult::Fails,
        ("not", [below]) if below.result == CheckResult::Fails => CheckResult::Holds,
        ("not" | "rule r", [below]) => below.result,
        other => panic!("{other:?}"),
    };
    let evaluated = |below: &&Check| below.result != CheckResult::NotEvaluated;
    check.result == expected && check.checks.iter().filter(evaluated).all(adds_up)
}

proptest! {
    #[test]
    fn a_rule_and_its_explanation_never_disagree(requirement in requirements(), world in worlds()) {
        let facts = world.facts();
        let outcome = word(&evaluate(&requirement, &facts, &mut Silent));
        let mut recorder = Recorder::default();
        let explained = word(&evaluate(&requirement, &facts, &mut recorder));
        prop_assert_eq!(outcome, explained);
        let checks = recorder.into_checks();
        prop_assert_eq!(checks.len(), 1);
        prop_assert!(requirement.find(&|condition| !is_tried(condition)).is_none());
        let shown = match checks[0].result {
            CheckResult::Holds => "holds",
            CheckResult::Fails => "fails",
            CheckResult::Unclear => "unclear",
            CheckResult::NeedsToken => "token",
            CheckResult::NeedsRow => "row",
            CheckResult::NotEvaluated => "?",
        };
        prop_assert_eq!(outcome, shown);
        prop_assert!(adds_up(&checks[0]), "{}", checks[0]);
    }

    #[test]
    fn short_cuts_change_no_outcome(requirement in requirements(), world in worlds()) {
        let facts = world.facts();
        let outcome = word(&evaluate(&requirement, &facts, &mut Silent));
        let open = if world.token.is_some() { "row" } else { "token" };
        let whole = ["fails", "unclear", open, "holds"][usize::from(by_truth_table(&requirement, &facts))];
        prop_assert_eq!(outcome, whole);
    }

    #[test]
    fn a_row_decides_only_where_it_was_asked_for(
        requirement in requirements(),
        world in worlds(),
        row in rows(),
    ) {
        let world = World { row: None, ..world };
        let without = world.outcome(&requirement);
        let world = World { row: Some(row), ..world };
        let with = world.outcome(&requirement);
        prop_assert_ne!(with, "row");
        if without != "row" {
            prop_assert_eq!(without, with);
        }
    }

    #[test]
    fn without_a_token_nothing_holds_that_was_said_to_need_one(
        requirement in requirements(),
        world in worlds(),
    ) {
        let world = World { token: None, ..world };
        if !requirement.may_hold_without_token() {
            prop_assert_ne!(world.outcome(&requirement), "holds");
        }
        let world = World { certificate: None, ..world };
        if requirement.needs_certificate() {
            prop_assert_ne!(world.outcome(&requirement), "holds");
        }
    }
}
