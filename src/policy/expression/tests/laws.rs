//! What is true of every expression and every request.

use proptest::prelude::*;

use super::*;

/// Expressions, most of which make sense.
fn texts() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "claims.a",
        "claims.b",
        "claims['o'].x",
        "subject",
        "path.id",
        "request.method",
        "now",
        "1",
        "2.5",
        "3u",
        "'v'",
        "''",
        "true",
        "null",
        "[]",
        "['v', 1]",
        "duration('1h')",
        "certificate.names",
        "client.address",
        "timestamp(0)",
        "x",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec![
            "==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "*", "/", "%", "in",
        ]);
        let function = prop::sample::select(vec![
            "size",
            "string",
            "int",
            "double",
            "!",
            "-",
            "timestamp",
            "duration",
        ]);
        let method = prop::sample::select(vec![
            "contains",
            "startsWith",
            "endsWith",
            "getHours",
            "getMonth",
        ]);
        let each = prop::sample::select(vec!["all", "exists", "exists_one", "map", "filter"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
            (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), method, inner.clone()).prop_map(|(a, m, b)| format!("{a}.{m}({b})")),
            (inner.clone(), each, inner.clone()).prop_map(|(a, e, b)| format!("{a}.{e}(x, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[v한 %]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[xy]", inner, 0..3).prop_map(|members| members
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #[test]
    fn an_expression_is_refused_or_has_an_answer(text in texts(), a in values(), b in values(), o in values()) {
        let Ok(expression) = Expression::compile(&text) else {
            return Ok(());
        };
        let world = World::new(Some(&json!({ "sub": "7", "a": a, "b": b, "o": o })));
        let facts = world.facts();
        let answer = expression.holds(&facts);
        prop_assert_eq!(&answer, &expression.holds(&facts));
        prop_assert_ne!(&answer, &Some(Err(EvaluationError::Broken)), "{}", text);
        prop_assert!(answer.is_some());
        prop_assert_eq!(expression.to_string(), text);
    }

    #[test]
    fn no_text_breaks_the_parser(text in "[a-z.()\\[\\]{}'\"\\\\!&|=<>+*/%?:,0-9 한-]{0,60}") {
        if let Err(mistake) = Expression::compile(&text) {
            prop_assert_ne!(&mistake.message, "this expression cannot be read");
            prop_assert!(text.get(mistake.at.clone()).is_some(), "{:?}", mistake);
        }
    }

    #[test]
    fn comparisons_are_the_same_from_both_sides(a in values(), b in values()) {
        let world = World::new(Some(&json!({ "sub": "7", "a": a, "b": b })));
        let facts = world.facts();
        let answer = |text: &str| compiled(text).holds(&facts).expect("a token").ok();
        prop_assert_eq!(answer("claims.a == claims.b"), answer("claims.b == claims.a"));
        let equal = answer("claims.a == claims.b");
        prop_assert_eq!(answer("claims.a != claims.b"), equal.map(|equal| !equal));
    }
}
