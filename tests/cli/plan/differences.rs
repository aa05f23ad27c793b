//! What is compared besides verdicts: routes by what they do, keys by name, settings by path.

use serde_json::{Value, json};

use super::{BASE, changed, has, json_to, planned, planned_with};
use crate::harness::{
    keys::{SigningKey, key_set},
    token::ACCESS_SECRET,
};

#[test]
fn another_upstream_and_other_headers_are_told() {
    let plan = json_to(&changed(
        "\"GET /docs/**\", access: public, upstream: api",
        "\"GET /docs/**\", access: public, upstream: other",
    ));
    assert!(has(&plan, "differs", "GET /docs", "anonymous"), "{plan}");
    assert_eq!(plan["changes"][0]["after"]["outcome"], "forwarded to other");
    let headers = "tokens:\n  access: { algorithm: HS256, secret: \"${SECRET_KEY}\", lifetime: 30d }\nidentity: { headers: { X-User-Id: \"{subject}\", X-Role: \"{claims.user_type}\" } }";
    let base = "tokens:\n  access: { algorithm: HS256, secret: \"${SECRET_KEY}\", lifetime: 30d }";
    let plan = json_to(&changed(base, headers));
    let admin = "with a token, from 10.0.0.0, user_type: \"admin\"";
    assert!(has(&plan, "differs", "GET /admin", admin), "{plan}");
    let change = plan["changes"].as_array().expect("changes").iter();
    let mut change = change.filter(|change| change["request"] == "GET /admin");
    let after = &change.next().expect("a change")["after"]["headers"];
    assert_eq!(*after, json!(["x-role", "x-user-id"]));
}

#[test]
fn routes_that_come_and_go_are_named() {
    let new = changed(
        "  - { match: \"/level\", group: guarded, require: { claim: { level: { at_least: 3 } } } }\n",
        "  - { match: \"POST /level/{id}\", group: guarded }\n",
    );
    let plan = json_to(&new);
    assert_eq!(plan["routes_added"][0]["route"], "POST /level/{id}");
    assert_eq!(plan["routes_removed"][0]["route"], "/level");
    assert_eq!(plan["routes_removed"].as_array().expect("routes").len(), 1);
    let text = planned(BASE, &new);
    assert!(
        text.answer
            .contains("route    added POST /level/{id}  (new.yaml:"),
        "{text:?}"
    );
    assert!(
        text.answer.contains("route    removed /level  (old.yaml:"),
        "{text:?}"
    );
}

#[test]
fn what_else_a_route_does_is_compared_by_key() {
    for (from, to, key) in [
        (
            "rate_limit: [few]",
            "body_size: 1MiB, rate_limit: [few]",
            "body_size",
        ),
        (", rate_limit: [few]", "", "rate_limit"),
        (
            "rate_limit: [few]",
            "rate_limit: [few], upgrade: []",
            "upgrade",
        ),
        (
            "rate_limit: [few]",
            "rate_limit: [few], authorization: remove",
            "authorization",
        ),
        (
            "rate_limit: [few]",
            "rate_limit: [few], refusals: fastapi",
            "refusals",
        ),
        (
            "rate_limit: [few]",
            "rate_limit: [few], cors: { origins: [\"*\"] }",
            "cors",
        ),
        (
            "rate_limit: [few]",
            "rate_limit: [few], headers: { response: { remove: [Server] } }",
            "headers",
        ),
    ] {
        let plan = json_to(&changed(from, to));
        let routes = plan["routes_changed"].as_array().expect("routes");
        let docs = routes
            .iter()
            .find(|route| route["after"]["route"] == "GET /docs/**");
        let docs = docs.unwrap_or_else(|| panic!("{to}: {plan:#}"));
        assert_eq!(docs["keys"], json!([key]), "{to}");
        assert_eq!(plan["changes"], json!([]), "{to}");
    }
}

#[test]
fn settings_are_compared_by_the_path_of_their_key() {
    for (from, to, path, before, after, restart) in [
        (
            "rate: 10/1m",
            "rate: 20/1m",
            "rate_limits.few.rate",
            json!("10/1m"),
            json!("20/1m"),
            false,
        ),
        (
            "rate_limits:",
            "limits: { idle_timeout: 17s }\nrate_limits:",
            "limits.idle_timeout",
            Value::Null,
            json!("17s"),
            true,
        ),
        (
            "127.0.0.1:8080",
            "127.0.0.1:8081",
            "listeners[127.0.0.1:8080].address",
            json!("127.0.0.1:8080"),
            Value::Null,
            true,
        ),
        (
            "lifetime: 30d",
            "lifetime: 31d",
            "tokens.access.lifetime",
            json!("30d"),
            json!("31d"),
            false,
        ),
        (
            "http://127.0.0.1:8001",
            "http://127.0.0.1:8002",
            "upstreams.other.endpoints",
            json!("[http://127.0.0.1:8001]"),
            json!("[http://127.0.0.1:8002]"),
            false,
        ),
    ] {
        let plan = json_to(&changed(from, to));
        let expected = json!({ "path": path, "before": before, "after": after });
        let settings = plan["settings"].as_array().expect("settings");
        assert!(settings.contains(&expected), "{to}: {plan:#}");
        let needs = plan["restart"].as_array().expect("keys");
        assert_eq!(!needs.is_empty(), restart, "{to}: {plan:#}");
        assert_eq!(planned(BASE, &changed(from, to)).code, Some(2));
    }
    let text = planned(BASE, &changed("rate: 10/1m", "rate: 20/1m"));
    assert!(
        text.answer
            .contains("setting  rate_limits.few.rate: 10/1m → 20/1m\n"),
        "{text:?}"
    );
    let text = planned(BASE, &changed("127.0.0.1:8080", "127.0.0.1:8081"));
    assert!(text.answer.contains("restart  listeners\n"), "{text:?}");
}

#[test]
fn keys_and_issuers_are_told_by_name_and_never_by_what_they_are() {
    let (a, b) = (SigningKey::new("ES256", "a"), SigningKey::new("ES256", "b"));
    let issuers = |key: &SigningKey| {
        let public = key_set(&[key]);
        let set: Value = serde_json::from_str(&public).expect("a set");
        let jwk = set["keys"][0].to_string();
        let kid = set["keys"][0]["kid"].as_str().expect("a kid").to_owned();
        format!(
            "lifetime: 30d }}\n  issuers:\n    - {{ issuer: https://idp.test, audience: [x], keys: [{{ kid: {kid}, algorithm: ES256, public_key: '{jwk}' }}] }}"
        )
    };
    let old = changed("lifetime: 30d }", &issuers(&a));
    let new = changed("lifetime: 30d }", &issuers(&b));
    let plan = planned_with(&old, &new, &["--json"]);
    let plan: Value = serde_json::from_str(&plan.answer).expect("JSON");
    let keys = plan["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 2, "{plan:#}");
    for (key, (change, name)) in keys.iter().zip([
        ("added", "ES256 b (sha256 "),
        ("removed", "ES256 a (sha256 "),
    ]) {
        assert_eq!(key["issuer"], "https://idp.test");
        assert_eq!(key["change"], change);
        assert!(
            key["key"].as_str().expect("a key").starts_with(name),
            "{key}"
        );
    }
    assert_eq!(plan["changes"], json!([]), "{plan:#}");
    let plan = json_to(&old);
    assert_eq!(
        plan["keys"][0],
        json!({ "issuer": "https://idp.test", "change": "added" })
    );
    assert!(
        has(&plan, "opens", "GET /", "with a token of https://idp.test"),
        "{plan:#}"
    );

    let other = "another-secret-of-the-tests-0123456789";
    let secret = changed("\"${SECRET_KEY}\"", &format!("\"{other}\""));
    for arguments in [&["--json"][..], &[]] {
        let ended = planned_with(BASE, &secret, arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.answer.contains("HS256 (a secret)"), "{ended:?}");
        let all = format!("{ended:?}");
        assert!(
            !all.contains(other) && !all.contains(ACCESS_SECRET),
            "{all}"
        );
    }
}
