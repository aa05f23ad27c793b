//! What the commands make of `when:`.

use serde_json::json;

use super::{ended, written};
use crate::harness::{Setup, token};

const ROUTES: &str = r#"
- { match: "GET /level", access: required, require: { when: "claims.level >= 3 && request.method == 'GET'" } }
- { match: "/weekdays", access: required, require: { role: admin, when: "now.getDayOfWeek('Europe/Vienna') in [0, 1, 2, 3, 4, 5, 6]" } }"#;

fn setup(claims: &serde_json::Value) -> Setup {
    let mut all = token::claims("7");
    for (name, value) in claims.as_object().expect("claims") {
        all[name] = value.clone();
    }
    let setup = written().routes(ROUTES).file("token", &token::signed(&all));
    setup.write();
    setup
}

#[test]
fn explain_shows_the_expression_and_why_it_has_no_answer() {
    let explained = |claims: &serde_json::Value| {
        let arguments = ["explain", "GET", "/level", "--token", "token"];
        ended(&setup(claims), &arguments).answer
    };
    let asked = "when: claims.level >= 3 && request.method == 'GET'";
    for (claims, mark, found) in [
        (json!({ "level": 3 }), "+", ": holds, found true"),
        (json!({ "level": 2 }), "-", ": does not hold, found false"),
        (
            json!({}),
            "?",
            ": cannot be told, found no answer: there is no `level`",
        ),
        (
            json!({ "level": "hunter2" }),
            "?",
            ": cannot be told, found no answer: `>=` cannot be applied to string and int",
        ),
    ] {
        let answer = explained(&claims);
        let line = answer.lines().find(|line| line.contains(asked));
        let line = line.unwrap_or_else(|| panic!("{answer}"));
        assert!(line.contains(&format!("{mark} {asked}")), "{answer}");
        assert!(line.ends_with(found), "{answer}");
        assert!(!answer.contains("hunter2"), "{answer}");
    }
}

#[test]
fn an_expression_is_not_asked_where_something_cheaper_decides() {
    let arguments = ["explain", "GET", "/weekdays", "--token", "token"];
    let answer = ended(&setup(&json!({ "role": "user" })), &arguments).answer;
    let line = answer.lines().find(|line| line.contains("when: "));
    assert!(
        line.is_some_and(|line| line.ends_with(": not evaluated")),
        "{answer}"
    );
    let answer = ended(&setup(&json!({ "role": "admin" })), &arguments).answer;
    assert!(answer.contains("verdict    forwarded"), "{answer}");
}

#[test]
fn a_list_of_routes_has_their_expressions() {
    let shown = ended(&setup(&json!({})), &["check", "--routes"]);
    let expected = "when: claims.level >= 3 && request.method == 'GET'";
    assert!(shown.answer.contains(expected), "{shown:?}");
}

#[test]
fn a_table_of_cases_decides_about_expressions() {
    let cases = "cases:
  - { name: high, request: GET /level, token: { sub: '7', level: 3 }, expect: forwarded }
  - { name: low, request: GET /level, token: { sub: '7', level: 2 }, expect: { status: 403, code: forbidden } }
  - { name: none, request: GET /level, token: { sub: '7' }, expect: 403 }
  - { name: anonymous, request: GET /level, expect: 401 }
";
    let setup = setup(&json!({})).file("policies.test.yaml", cases);
    setup.write();
    let ended = ended(&setup, &["test", "policies.test.yaml"]);
    assert_eq!(ended.answer, "4 cases, all as expected\n", "{ended:?}");
}
