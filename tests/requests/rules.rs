//! What a route requires besides a token: who is let in, who is not, and what both are told.

use serde_json::{Value, json};

use crate::harness::{Gateway, Request, Upstream, token};

const RULES: &str = "
staff: { any: [{ claim: { user_type: [admin, staff] } }, { role: admin }] }
adult: { claim: { age: { at_least: 18 } } }";

const GROUPS: &str = "
back_office:
  access: required
  authorization: remove
  require: { rule: staff }";

const ROUTES: &str = r#"
- { match: "/staff/**", access: required, require: { rule: staff } }
- { match: "/adult/**", access: required, require: { rule: adult } }
- { match: "/not/**", access: required, require: { not: { claim: { user_type: admin } } } }
- { match: "/read/**", access: required, require: { scope: read } }
- { match: "/write/**", access: required, require: { scope: [read, write] } }
- { match: "/some/**", access: required, require: { any_scope: [read, write] } }
- { match: "/verified/**", access: required, require: { claim: { email_verified: true, level: 3 } } }
- { match: "/issued/**", access: required, require: { issuer: https://idp.example.com } }
- { match: "/inside/**", access: public, require: { network: 10.0.0.0/8 } }
- { match: "/here/**", access: public, require: { network: [127.0.0.0/8, "::1"] } }
- { match: "/inside-or-token/**", access: optional, require: { any: [{ network: 10.0.0.0/8 }, { rule: adult }] } }
- { match: "/inside-and-token/**", access: required, require: { network: 10.0.0.0/8, rule: adult } }
- { match: "/mine/{id}/**", access: required, require: { any: [{ subject_is: id }, { rule: staff }] } }
- { match: "/office/**", group: back_office }
- { match: "/office/{id}", group: back_office, require: { subject_is: id } }
- { match: "/office/open", group: back_office, authorization: forward, require_of_group: dropped }
- { match: "/**", access: required }"#;

fn gateway(upstream: &Upstream) -> Gateway {
    Gateway::before(upstream)
        .section("identity", "{ roles: [realm_access.roles, role] }")
        .section("trusted_proxies", "[127.0.0.1]")
        .section("rules", RULES)
        .section("groups", GROUPS)
        .routes(ROUTES)
        .start()
}

fn with(claims: &Value) -> String {
    let mut all = token::claims("7");
    for (name, value) in claims.as_object().expect("claims") {
        all[name] = value.clone();
    }
    token::signed(&all)
}

#[test]
fn who_meets_a_rule_is_let_in_and_nobody_else() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    for (path, claims, status) in [
        ("/staff", json!({ "user_type": "staff" }), 200),
        ("/staff", json!({ "user_type": "customer" }), 403),
        ("/staff", json!({ "user_type": "Admin" }), 403),
        ("/staff", json!({ "user_type": ["admin"] }), 200),
        ("/staff", json!({ "role": "admin" }), 200),
        (
            "/staff",
            json!({ "realm_access": { "roles": ["x", "admin"] } }),
            200,
        ),
        ("/staff", json!({ "roles": ["admin"] }), 403),
        ("/staff", json!({}), 403),
        ("/adult", json!({ "age": 18 }), 200),
        ("/adult", json!({ "age": 17.9 }), 403),
        ("/adult", json!({ "age": "18" }), 403),
        ("/not", json!({}), 200),
        ("/not", json!({ "user_type": null }), 200),
        ("/not", json!({ "user_type": "customer" }), 200),
        ("/not", json!({ "user_type": "admin" }), 403),
        ("/not", json!({ "user_type": ["admin"] }), 403),
        ("/read", json!({ "scope": "write read" }), 200),
        ("/read", json!({ "scope": "readme" }), 403),
        ("/write", json!({ "scope": "read", "scp": ["write"] }), 200),
        ("/write", json!({ "scope": "read" }), 403),
        ("/some", json!({ "scopes": ["write"] }), 200),
        ("/some", json!({ "scope": "" }), 403),
        (
            "/verified",
            json!({ "email_verified": true, "level": 3.0 }),
            200,
        ),
        (
            "/verified",
            json!({ "email_verified": "true", "level": 3 }),
            403,
        ),
        (
            "/verified",
            json!({ "email_verified": true, "level": "3" }),
            403,
        ),
        ("/verified", json!({ "email_verified": true }), 403),
        (
            "/issued",
            json!({ "iss": "https://idp.example.com.evil" }),
            403,
        ),
        ("/issued", json!({}), 403),
        ("/mine/7/posts", json!({}), 200),
        ("/mine/8/posts", json!({}), 403),
        ("/mine/8/posts", json!({ "user_type": "admin" }), 200),
        ("/inside-and-token", json!({ "age": 20 }), 403),
        ("/inside-or-token", json!({ "age": 20 }), 200),
        ("/inside-or-token", json!({ "age": 2 }), 403),
    ] {
        let before = upstream.seen().len();
        let response = gateway.send(&Request::get(path).token(&with(&claims)));
        assert_eq!(response.status, status, "{path} {claims}");
        let forwarded = upstream.seen().len() - before;
        assert_eq!(forwarded, usize::from(status == 200), "{path} {claims}");
    }
}

#[test]
fn without_a_token_nothing_about_a_token_holds() {
    let gateway = gateway(&Upstream::start());
    for path in [
        "/staff",
        "/not",
        "/read",
        "/mine/7",
        "/inside-or-token",
        "/office",
    ] {
        let response = gateway.get(path);
        assert_eq!(response.status, 401, "{path}");
        assert_eq!(
            response.header("www-authenticate"),
            Some("Bearer"),
            "{path}"
        );
    }
}

#[test]
fn a_client_is_where_the_trusted_proxy_says() {
    let gateway = gateway(&Upstream::start());
    let from = |path: &str, address: &str| {
        let request = Request::get(path).header("x-forwarded-for", address);
        gateway.send(&request).status
    };
    assert_eq!(from("/inside", "10.1.2.3"), 200);
    assert_eq!(from("/inside", "6.6.6.6"), 403);
    assert_eq!(from("/inside", "10.1.2.3, 6.6.6.6"), 403);
    assert_eq!(from("/inside-or-token", "10.1.2.3"), 200);
    assert_eq!(from("/inside-and-token", "10.1.2.3"), 401);
    assert_eq!(gateway.get("/here").status, 200);
    assert_eq!(from("/here", "10.1.2.3"), 403);
}

#[test]
fn a_token_is_not_asked_for_where_it_would_not_help() {
    let gateway = gateway(&Upstream::start());
    let response = gateway.get("/inside-and-token");
    assert_eq!(response.status, 403);
    assert_eq!(response.header("www-authenticate"), None);
    assert_eq!(gateway.outcome("/inside-and-token"), "forbidden");
}

#[test]
fn a_missing_scope_is_named_to_the_client() {
    let gateway = gateway(&Upstream::start());
    for (path, scope) in [
        ("/read", "read"),
        ("/write", "read write"),
        ("/some", "read"),
    ] {
        let response = gateway.send(&Request::get(path).token(&token::access("7")));
        let expected = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
        assert_eq!(response.status, 403, "{path}");
        assert_eq!(response.values("www-authenticate"), [expected], "{path}");
        assert_eq!(gateway.outcome(path), "insufficient_scope");
    }
}

#[test]
fn the_access_line_names_the_term_and_no_value_of_the_token() {
    let gateway = gateway(&Upstream::start());
    let claims = json!({ "user_type": "a secret of the token", "age": 12 });
    let reason = |path: &str| {
        gateway.send(&Request::get(path).token(&with(&claims)));
        let line = gateway.access_line(path);
        assert_eq!(line["outcome"], "forbidden");
        assert!(!line.to_string().contains("a secret"), "{line}");
        let folder = format!("{}/", gateway.setup().folder().display());
        line["reason"]
            .as_str()
            .expect("a reason")
            .replace(&folder, "")
    };
    let yaml = gateway.setup().yaml();
    let place = |part: &str| {
        let line = yaml.lines().position(|line| line.contains(part));
        format!("gateway.yaml:{}", line.expect("a line") + 1)
    };
    let (staff, adult) = (place("staff: {"), place("adult: {"));
    let beginning = "what is required does not hold:";
    assert_eq!(
        reason("/staff"),
        format!("{beginning} any ({staff}, rule staff)")
    );
    assert_eq!(
        reason("/adult"),
        format!("{beginning} claim age ({adult}, rule adult)")
    );
    assert_eq!(
        reason("/office"),
        format!("{beginning} any ({staff}, group back_office)")
    );
}

#[test]
fn a_route_has_what_its_group_says_and_requires() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let admin = with(&json!({ "user_type": "admin" }));
    let send = |path: &str, token: &str| gateway.send(&Request::get(path).token(token)).status;
    assert_eq!(send("/office", &token::access("7")), 403);
    assert_eq!(send("/office", &admin), 200);
    // What the route requires holds besides what the group does.
    assert_eq!(send("/office/7", &token::access("7")), 403);
    assert_eq!(send("/office/8", &admin), 403);
    assert_eq!(send("/office/7", &admin), 200);
    assert_eq!(send("/office/open", &token::access("7")), 200);
    assert_eq!(gateway.get("/office/open").status, 401);
    let seen = upstream.seen();
    let forwarded = |index: usize| seen[index].values("authorization").len();
    assert_eq!((forwarded(0), forwarded(1), forwarded(2)), (0, 0, 1));
}

#[test]
fn a_bad_token_is_no_token_to_a_rule() {
    let upstream = Upstream::start();
    let gateway = gateway(&upstream);
    let claims = json!({ "exp": token::now() + 60, "sub": "7", "user_type": "admin" });
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let forged = token::with_header(&header, &claims, "another-secret-than-the-one-of-the-tests");
    let unsigned = token::with_header(&json!({ "alg": "none" }), &claims, token::ACCESS_SECRET);
    let expired = token::signed(&json!({ "exp": 1, "sub": "7", "user_type": "admin" }));
    for bad in [forged, unsigned, expired, "a.b.c".to_owned()] {
        for path in ["/staff", "/not", "/inside-or-token"] {
            let request = Request::get(path)
                .token(&bad)
                .header("x-forwarded-for", "10.0.0.1");
            assert_eq!(gateway.send(&request).status, 401, "{path}");
        }
    }
    assert_eq!(upstream.seen().len(), 0);
}
