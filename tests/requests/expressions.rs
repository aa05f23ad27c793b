//! `when:` of a requirement: an expression in CEL, from the configuration to what a client is told.

use serde_json::{Value, json};

use crate::harness::{Gateway, Request, Upstream, token};

const ROUTES: &str = r#"
- { match: "/level", access: required, require: { when: "claims.level >= 3 && request.method == 'GET'" } }
- { match: "/users/{id}", access: required, require: { when: "subject == path.id" } }
- { match: "/groups", access: required, require: { when: "claims.groups.exists(g, g.startsWith('ops-'))" } }
- { match: "/role", access: required, require: { when: "claims.role != 'banned'" } }
- { match: "/not", access: required, require: { not: { when: "claims.role == 'banned'" } } }
- { match: "/either", access: required, require: { any: [{ when: "claims.level > 3" }, { role: admin }] } }
- { match: "/loops", access: required, require: { when: "claims.a.all(x, claims.a.exists(y, x == y))" } }
- { match: "/fresh", access: required, require: { when: "timestamp(claims.exp) - now < duration('48h')" } }
- { match: "/read-only", access: public, require: { when: "request.method in ['GET', 'HEAD']" } }
- { match: "/here", access: public, require: { when: "client.address == '127.0.0.1' && request.host == 'gateway.test'" } }
- { match: "/**", access: required }"#;

fn with(claims: &Value) -> String {
    let mut all = token::claims("7");
    for (name, value) in claims.as_object().expect("claims") {
        all[name] = value.clone();
    }
    token::signed(&all)
}

#[test]
fn who_makes_an_expression_true_is_let_in_and_nobody_else() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    let many: Vec<usize> = (0..800).collect();
    for (path, claims, status) in [
        ("/level", json!({ "level": 3 }), 200),
        ("/level", json!({ "level": 3.0 }), 200),
        ("/level", json!({ "level": 2 }), 403),
        ("/level", json!({ "level": "3" }), 403),
        ("/level", json!({}), 403),
        ("/users/7", json!({}), 200),
        ("/users/8", json!({}), 403),
        ("/groups", json!({ "groups": ["dev", "ops-eu"] }), 200),
        ("/groups", json!({ "groups": ["dev"] }), 403),
        ("/groups", json!({ "groups": "ops-eu" }), 403),
        ("/role", json!({ "role": "user" }), 200),
        ("/role", json!({ "role": ["banned"] }), 403),
        ("/not", json!({ "role": "user" }), 200),
        ("/not", json!({ "role": "banned" }), 403),
        ("/not", json!({ "role": ["banned"] }), 403),
        ("/not", json!({}), 403),
        ("/either", json!({ "role": "admin" }), 200),
        ("/either", json!({ "level": 4 }), 200),
        ("/either", json!({}), 403),
        ("/loops", json!({ "a": [1, 2, 3] }), 200),
        ("/loops", json!({ "a": many }), 403),
        ("/fresh", json!({}), 200),
        ("/fresh", json!({ "exp": 4_000_000_000_u64 }), 403),
    ] {
        let response = gateway.send(&Request::get(path).token(&with(&claims)));
        assert_eq!(response.status, status, "{path} {claims}");
    }
}

#[test]
fn an_expression_about_the_request_needs_no_token() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    assert_eq!(gateway.get("/read-only").status, 200);
    let refused = gateway.send(&Request::new("POST", "/read-only"));
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("www-authenticate"), None);
    for (host, status) in [("gateway.test", 200), ("other.test", 403)] {
        let here = Request::get("/here").host(host);
        assert_eq!(gateway.send(&here).status, status, "{host}");
    }
    assert_eq!(gateway.get("/level").status, 401);
}

#[test]
fn a_refusal_says_why_there_was_no_answer_and_no_value() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    let mut count = 0;
    let mut reason_of = |path: &str, claims: &Value| {
        let response = gateway.send(&Request::get(path).token(&with(claims)));
        assert_eq!(response.status, 403, "{path}");
        count += 1;
        let lines = gateway.access_lines(count);
        let reason = lines[count - 1]["reason"].as_str();
        reason.expect("a reason").to_owned()
    };
    let reason = reason_of("/level", &json!({}));
    assert!(reason.ends_with("): there is no `level`"), "{reason}");
    let reason = reason_of("/level", &json!({ "level": "hunter2" }));
    assert!(
        reason.ends_with("): `>=` cannot be applied to string and int"),
        "{reason}"
    );
    let reason = reason_of("/level", &json!({ "level": 1 }));
    assert!(
        reason.contains("when (") && reason.ends_with(')'),
        "{reason}"
    );
}
