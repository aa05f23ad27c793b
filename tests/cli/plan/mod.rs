//! `sidegate plan OLD NEW`: what becomes different, by what both mean.

mod differences;

use serde_json::{Value, json};

use super::{Ended, ended};
use crate::harness::Setup;

const BASE: &str = r#"
listeners: [{ address: 127.0.0.1:8080 }]
upstreams:
  api: { endpoints: ["http://127.0.0.1:8000"] }
  other: { endpoints: ["http://127.0.0.1:8001"] }
tokens:
  access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d }
rate_limits: { few: { by: client, rate: 10/1m } }
rules:
  staff: { claim: { user_type: [admin, staff] } }
groups:
  guarded: { access: required, upstream: api }
routes:
  - { match: "GET /docs/**", access: public, upstream: api, rate_limit: [few] }
  - { match: "/users/{user_id}/**", group: guarded, require: { subject_is: user_id } }
  - { match: "/admin/**", group: guarded, require: { rule: staff, network: 10.0.0.0/8 } }
  - { match: "/level", group: guarded, require: { claim: { level: { at_least: 3 } } } }
  - { match: "/scoped", group: guarded, require: { scope: [read, write] } }
  - { match: "/**", group: guarded }
"#;

fn setup(old: &str, new: &str) -> Setup {
    Setup::empty().file("old.yaml", old).file("new.yaml", new)
}

fn planned_with(old: &str, new: &str, arguments: &[&str]) -> Ended {
    let command = [&["plan", "old.yaml", "new.yaml"][..], arguments].concat();
    ended(&setup(old, new), &command)
}

fn planned(old: &str, new: &str) -> Ended {
    planned_with(old, new, &[])
}

/// The base, with one text in the place of another.
#[track_caller]
fn changed(from: &str, to: &str) -> String {
    assert!(BASE.contains(from), "{from}");
    BASE.replacen(from, to, 1)
}

/// The plan from the base to this, as machines get it.
#[track_caller]
fn json_to(new: &str) -> Value {
    let ended = planned_with(BASE, new, &["--json"]);
    assert!(ended.complaint.is_empty(), "{ended:?}");
    serde_json::from_str(&ended.answer).expect("JSON")
}

/// Whether a request of somebody has this effect.
fn has(plan: &Value, effect: &str, request: &str, caller: &str) -> bool {
    let changes = plan["changes"].as_array().expect("changes");
    changes.iter().any(|change| {
        let callers = change["callers"].as_array().expect("callers");
        change["effect"] == effect
            && change["request"] == request
            && callers.iter().any(|known| known == caller)
    })
}

#[test]
fn the_same_file_changes_nothing() {
    let ended = planned(BASE, BASE);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.answer.ends_with(" tried, nothing changes\n"),
        "{ended:?}"
    );
    assert_eq!(ended.answer.lines().count(), 1);
}

#[test]
fn order_names_comments_and_other_words_for_the_same_change_nothing() {
    let same = r#"
# The same, by somebody else.
upstreams:
  other:
    endpoints:
      - "http://127.0.0.1:8001"
  api: { endpoints: ["http://127.0.0.1:8000"], connect_timeout: 2000ms }
cores: # as ever
listeners: [{ address: 127.0.0.1:8080 }]
limits: { header_timeout: 10s, body_size: unlimited }
rate_limits: { few: { by: client, rate: 10/1m } }
tokens:
  access: { lifetime: 720h, secret: "${SECRET_KEY}", algorithm: HS256 }
groups:
  required_and_to_the_api: { upstream: api, access: required, mode: enforce }
rules:
  people: { rule: of_the_house }
  of_the_house: { any: [{ claim: { user_type: { any_of: [staff, admin] } } }] }
routes:
  - { match: "/**", access: required, upstream: api }
  - { match: "/scoped", group: required_and_to_the_api, require: { all: [{ scope: [write, read] }] } }
  - { match: "/level", group: required_and_to_the_api, require: { claim: { level: { at_least: 3 } } } }
  - { match: "/admin/**", group: required_and_to_the_api, require: { all: [{ network: 10.0.0.0/8 }, { rule: people }] } }
  - { match: "/users/{id}/**", group: required_and_to_the_api, require: { subject_is: id } }
  - { match: "GET,HEAD /docs/**", access: public, upstream: api, rate_limit: [few] }
"#;
    let default = BASE.replace("listeners:", "limits: { body_size: unlimited }\nlisteners:");
    let same = same.replace("cores: # as ever\n", "# as ever\n");
    let ended = planned(&default, &same);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn who_is_let_in_and_who_no_longer_is_are_told_apart() {
    let user = r#""/users/{user_id}/**", group: guarded, require: { subject_is: user_id }"#;
    let owned = changed(user, r#""/users/{user_id}/**", group: guarded"#);
    let plan = json_to(&owned);
    assert!(
        has(&plan, "opens", "GET /users/1", "with a token"),
        "{plan}"
    );
    assert!(!has(&plan, "opens", "GET /users/1", "anonymous"), "{plan}");
    let backwards = planned_with(&owned, BASE, &["--json"]);
    let backwards: Value = serde_json::from_str(&backwards.answer).expect("JSON");
    assert!(
        has(&backwards, "closes", "GET /users/1", "with a token"),
        "{backwards}"
    );
    assert_eq!(backwards["opens"], 0);
    assert_eq!(plan["opens"], backwards["changes"][0]["requests"]);
}

/// Each of these has to be noticed by some request.
#[test]
fn every_part_of_a_rule_is_tried() {
    let claim = "claim: { user_type: [admin, staff] }";
    let admin = "with a token, from 10.0.0.0, user_type: \"staff\"";
    for (from, to, effect, request, caller) in [
        (
            claim,
            "claim: { user_type: [admin] }",
            "closes",
            "GET /admin",
            admin,
        ),
        (
            claim,
            "claim: { user_type: [admin, staff, boss] }",
            "opens",
            "GET /admin",
            "with a token, from 10.0.0.0, user_type: \"boss\"",
        ),
        (
            "network: 10.0.0.0/8",
            "network: [10.0.0.0/8, 172.16.0.0/12]",
            "opens",
            "GET /admin",
            "with a token, from 172.16.0.0, user_type: \"admin\"",
        ),
        (
            "rule: staff, network: 10.0.0.0/8",
            "rule: staff",
            "opens",
            "GET /admin",
            "with a token, user_type: \"admin\"",
        ),
        (
            "at_least: 3",
            "at_least: 4",
            "closes",
            "GET /level",
            "with a token, level: 3",
        ),
        (
            "at_least: 3",
            "at_least: 2",
            "opens",
            "GET /level",
            "with a token, level: 2",
        ),
        (
            "scope: [read, write]",
            "scope: read",
            "opens",
            "GET /scoped",
            "with a token, scope: read",
        ),
        (
            "scope: [read, write]",
            "any_scope: [read, write]",
            "opens",
            "GET /scoped",
            "with a token, scope: write",
        ),
        (
            "\"/level\", group: guarded, require: { claim: { level: { at_least: 3 } } }",
            "\"/level\", group: guarded, require: { not: { claim: { plan: free } } }",
            "opens",
            "GET /level",
            "with a token",
        ),
    ] {
        let plan = json_to(&changed(from, to));
        assert!(has(&plan, effect, request, caller), "{to}: {plan:#}");
    }
}

#[test]
fn a_refusal_that_becomes_another_is_no_opening() {
    let plan = json_to(&changed(
        "\"/level\", group: guarded, require: { claim: { level: { at_least: 3 } } }",
        "\"/level\", group: guarded, require: { scope: level }",
    ));
    let changes = plan["changes"].as_array().expect("changes");
    let other = changes.iter().find(|change| change["effect"] == "differs");
    let other = other.expect("another refusal");
    assert_eq!(other["before"]["outcome"], "refused with 403 forbidden");
    assert_eq!(
        other["after"]["outcome"],
        "refused with 403 insufficient_scope"
    );
}

#[test]
fn where_patterns_overlap_both_are_tried() {
    let old = changed(
        "  - { match: \"/**\", group: guarded }",
        "  - { match: \"/{tenant}/health\", group: guarded }\n  - { match: \"/**\", group: guarded }",
    );
    let new = old.replacen("  - { match: \"/{tenant}/health\", group: guarded }\n", "  - { match: \"/{tenant}/health\", access: public, upstream: api }\n  - { match: \"/admin/{what}\", access: public, upstream: api }\n", 1);
    let ended = planned_with(&old, &new, &["--json"]);
    let plan: Value = serde_json::from_str(&ended.answer).expect("JSON");
    for request in ["GET /1/health", "GET /admin/1", "GET /admin/health"] {
        let opened = has(&plan, "opens", request, "anonymous");
        let grouped = plan["changes"].to_string().contains("/admin/{what}");
        assert!(
            opened || (request == "GET /admin/health" && grouped),
            "{request}: {plan:#}"
        );
    }
}

#[test]
fn methods_and_hosts_are_told_apart() {
    let plan = json_to(&changed("\"GET /docs/**\"", "\"GET,POST /docs/**\""));
    assert!(has(&plan, "opens", "POST /docs", "anonymous"), "{plan}");
    assert!(!has(&plan, "opens", "PUT /docs", "anonymous"), "{plan}");
    let plan = json_to(&changed(
        "routes:\n",
        "routes:\n  - { match: \"/users/{id}\", host: \"*.example.com\", access: public, upstream: api }\n",
    ));
    assert!(has(&plan, "opens", "GET /users/1", "anonymous"), "{plan}");
    let changes = plan["changes"].as_array().expect("changes");
    assert!(
        changes
            .iter()
            .all(|change| change["host"] == "plan.example.com"),
        "{plan}"
    );
}

#[test]
fn a_route_that_is_no_longer_enforced_opens() {
    let plan = json_to(&changed(
        "\"/level\", group: guarded",
        "\"/level\", group: guarded, mode: observe",
    ));
    assert!(has(&plan, "opens", "GET /level", "anonymous"), "{plan}");
    assert_eq!(plan["changes"][0]["after"]["observed"], "missing_token");
    assert_eq!(plan["routes_changed"][0]["keys"], json!(["mode"]));
}

const EXAMPLES: &str = r#"
cases:
  - { name: deep, request: GET /docs/a/b/c?x=1 }
  - { name: own, request: GET /users/77, token: { sub: "77" }, expect: 401 }
"#;

#[test]
fn requests_of_the_operators_own_are_tried_too() {
    let new = changed(
        "\"/users/{user_id}/**\", group: guarded, require: { subject_is: user_id }",
        "\"/users/{user_id}/**\", group: guarded, upstream: other, require: { subject_is: user_id }",
    );
    let setup = setup(BASE, &new).file("requests.yaml", EXAMPLES);
    let command = [
        "plan",
        "old.yaml",
        "new.yaml",
        "--requests",
        "requests.yaml",
    ];
    let found = ended(&setup, &command);
    assert_eq!(found.code, Some(2), "{found:?}");
    assert!(found.answer.contains("own (requests.yaml:4)"), "{found:?}");
    assert!(!found.answer.contains("deep"), "{found:?}");
    let setup = setup.file("requests.yaml", "cases: [{ name: a, request: nothing }]");
    let broken = ended(&setup, &command);
    assert_eq!(broken.code, Some(64));
    assert!(broken.complaint.contains("cases[0].request"), "{broken:?}");
}

#[test]
fn only_what_opens_can_be_a_failure() {
    let closed = changed(
        "\"GET /docs/**\", access: public",
        "\"GET /docs/**\", access: required",
    );
    for (old, new, code) in [
        (BASE, closed.as_str(), Some(0)),
        (closed.as_str(), BASE, Some(1)),
        (BASE, BASE, Some(0)),
    ] {
        let ended = planned_with(old, new, &["--fail-on", "opens"]);
        assert_eq!(ended.code, code, "{ended:?}");
    }
    assert_eq!(planned(BASE, &closed).code, Some(2));
}

#[test]
fn a_plan_is_the_same_every_time() {
    let new = changed(
        "access: required, upstream: api",
        "access: optional, upstream: other",
    )
    .replace(
        "require: { rule: staff, network: 10.0.0.0/8 }",
        "mode: observe",
    )
    .replace(", require: { subject_is: user_id }", "")
    .replace("{ level: { at_least: 3 } }", "{ level: { at_least: 2 } }")
    .replace("require: { claim", "access: required, require: { claim")
    .replace("require: { scope", "access: required, require: { scope");
    for arguments in [&["--json"][..], &[]] {
        let first = planned_with(BASE, &new, arguments);
        assert_eq!(first.code, Some(2), "{first:?}");
        for _ in 0..3 {
            assert_eq!(planned_with(BASE, &new, arguments).answer, first.answer);
        }
    }
}

#[test]
fn what_cannot_be_compared_is_unusable() {
    for arguments in [
        &["plan"][..],
        &["plan", "old.yaml"],
        &["plan", "old.yaml", "none.yaml"],
        &["plan", "old.yaml", "new.yaml", "--fail-on", "closes"],
        &["plan", "old.yaml", "new.yaml", "--requests", "none.yaml"],
    ] {
        assert_eq!(
            ended(&setup(BASE, BASE), arguments).code,
            Some(64),
            "{arguments:?}"
        );
    }
    let broken = planned(BASE, &changed("access: public", "access: pulbic"));
    assert_eq!(broken.code, Some(64));
    assert!(broken.complaint.contains("new.yaml:"), "{broken:?}");
}

#[test]
fn a_rule_about_rows_is_no_refusal_and_its_change_is_told() {
    let users = r#"
users:
  database: "sqlite:users.db"
  table: user
  columns: { id: id, login: email, password: hashed_password }
"#;
    let of_row = |user_type: &str| {
        let rule = format!("require: {{ user: {{ user_type: {user_type} }} }}");
        let new = changed("require: { claim: { level: { at_least: 3 } } }", &rule);
        new.replace("routes:", &format!("{}routes:", users.trim_start()))
    };
    let [admin, anybody] = ["admin", "[admin, user]"].map(of_row);
    // Whose row decides is let in by it, which nobody was before.
    let closed = admin.replace(
        "require: { user: { user_type: admin } }",
        "require: { claim: { level: never } }",
    );
    let opened = planned_with(&closed, &admin, &["--fail-on", "opens"]);
    assert_eq!(opened.code, Some(1), "{opened:?}");
    assert_eq!(planned(&admin, &admin).code, Some(0));
    let widened = planned(&admin, &anybody);
    assert_eq!(widened.code, Some(2), "{widened:?}");
    assert!(widened.answer.contains("require"), "{widened:?}");
    // An example says what the row has.
    let example = r#"cases: [{ name: it, request: GET /level, token: { sub: "5" }, user: { user_type: user } }]"#;
    let setup = setup(&admin, &anybody).file("examples.yaml", example);
    let ended = ended(
        &setup,
        &[
            "plan",
            "old.yaml",
            "new.yaml",
            "--requests",
            "examples.yaml",
        ],
    );
    assert!(
        ended.answer.contains("refused with 403 forbidden"),
        "{ended:?}"
    );
    assert!(ended.answer.contains("opens"), "{ended:?}");
}
