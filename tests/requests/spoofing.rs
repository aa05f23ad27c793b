//! Headers by which a client would speak for the gateway, or pass it by: what other proxies fell for.

use std::fmt::Write as _;

use serde_json::json;

use crate::harness::{Gateway, Request, Upstream, token};

/// By each of these some proxy or framework was told that a request had been checked, or was another one.
const PASSES: [(&str, &str); 24] = [
    ("X-Forwarded-Uri", "/public/a"),
    ("X-Forwarded-Path", "/public/a"),
    ("X-Forwarded-Prefix", "/public"),
    ("X-Forwarded-Method", "OPTIONS"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "open.test"),
    ("Forwarded", "host=open.test;proto=https"),
    ("X-Forwarded-User", "7"),
    ("X_Forwarded_User", "7"),
    ("X-Original-Url", "/public/a"),
    ("X-Original-URI", "/public/a"),
    ("X-Original-Method", "OPTIONS"),
    ("X-Rewrite-Url", "/public/a"),
    ("X-HTTP-Method-Override", "OPTIONS"),
    ("X-Envoy-Original-Path", "/public/a"),
    ("X-Middleware-Subrequest", "middleware:middleware"),
    ("X-Sidegate-Assertion", "e30.e30.AA"),
    ("X-Sidegate-Checked", "1"),
    ("X-User-Id", "7"),
    ("X.User.Id", "7"),
    ("X-Authenticated-User", "7"),
    ("X-Auth-Request-User", "7"),
    ("Remote-User", "7"),
    ("Client-Cert", ":AAAA:"),
];

/// One of these routes is open for another host.
const ROUTES: &str = "
- { match: /public/**, access: public }
- { match: /private/**, host: open.test, access: public }
- { match: /private/**, access: required }";

fn with_all(request: Request) -> Request {
    PASSES.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

#[test]
fn no_header_opens_a_guarded_route_whoever_sends_it() {
    for proxies in ["[]", "[127.0.0.0/8]"] {
        let upstream = Upstream::start();
        let gateway = Gateway::before(&upstream)
            .section("trusted_proxies", proxies)
            .routes(ROUTES)
            .start();
        for (index, (name, value)) in PASSES.iter().enumerate() {
            let path = format!("/private/{index}");
            let response = gateway.send(&Request::get(&path).header(name, value));
            assert_eq!(response.status, 401, "{name} with proxies {proxies}");
            assert_eq!(gateway.outcome(&path), "missing_token", "{name}");
        }
        let all = gateway.send(&with_all(Request::get("/private/all")));
        assert_eq!(all.status, 401, "all of them with proxies {proxies}");
        assert!(upstream.seen().is_empty());
    }
}

#[test]
fn what_would_open_a_route_elsewhere_does_not_reach_the_upstream() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(ROUTES).start();
    assert_eq!(
        gateway.send(&with_all(Request::get("/public/a"))).status,
        200
    );
    let seen = upstream.only();
    let own = ["x-forwarded-proto", "x-forwarded-host"];
    for (name, value) in PASSES {
        let name = name.to_ascii_lowercase();
        let values = seen.values(&name);
        if own.contains(&name.as_str()) {
            assert!(values.iter().all(|sent| *sent != value), "{name}");
        } else {
            assert!(values.is_empty(), "{name}: {}", seen.head);
        }
    }
}

#[test]
fn an_identity_header_of_an_unusual_name_is_removed_under_the_usual_ones_too() {
    for name in ["x_user_id", "X.User.Id", "x-USER-id", "X_user.ID"] {
        let upstream = Upstream::start();
        let identity = format!("{{ headers: {{ \"{name}\": \"{{subject}}\" }} }}");
        let gateway = Gateway::before(&upstream).section("identity", &identity);
        let gateway = gateway.start();
        let spellings = ["X-User-Id", "X_User_Id", "x.user.id", "x-user_id", name];
        let forged = |path: &str| {
            let request = Request::get(path);
            let forged = spellings
                .iter()
                .fold(request, |request, spelling| request.header(spelling, "1"));
            gateway.send(&forged.token(&token::access("7"))).status
        };
        assert_eq!((forged("/items"), forged("/public/a")), (200, 200));
        let seen = upstream.seen();
        let identities = |index: usize| {
            let names = spellings.iter().map(|name| name.to_ascii_lowercase());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names.dedup();
            let values = names.iter().flat_map(|name| seen[index].values(name));
            values.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(identities(0), ["7"], "{name}: {}", seen[0].head);
        assert!(identities(1).is_empty(), "{name}: {}", seen[1].head);
    }
}

#[test]
fn an_identity_behind_the_last_header_that_is_looked_at_does_not_pass() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let request = |fillers: usize| {
        let mut head = "GET /public/a HTTP/1.1\r\nHost: gateway.test\r\n".to_owned();
        for number in 0..fillers {
            write!(head, "X-Filler-{number}: 1\r\n").expect("a text grows");
        }
        head + "X-User-Id: 1\r\nx_user_id: 1\r\n\r\n"
    };
    // 100 lines are allowed, and Host and the two forged ones are three of them.
    let allowed = gateway.client().raw(request(97));
    assert_eq!(allowed.status, 200);
    for fillers in [98, 99, 100, 101, 200, 500] {
        assert_eq!(gateway.client().raw(request(fillers)).status, 431);
    }
    let seen = upstream.only();
    assert_eq!(seen.values("x-filler-96"), ["1"]);
    assert!(!seen.head.to_ascii_lowercase().contains("user"));
}

#[test]
fn claims_that_would_break_a_header_in_two_are_refused() {
    let upstream = Upstream::start();
    let identity = "{ headers: { X-User-Id: \"{subject}\", X-Role: \"{claims.role}\" } }";
    let gateway = Gateway::before(&upstream).section("identity", identity);
    let gateway = gateway.start();
    let breaks = [
        "staff\r\nX-Role: admin",
        "staff\nX-Role: admin",
        "staff\rX-Role: admin",
        "staff\r\n\r\nGET /admin HTTP/1.1",
        "staff\0",
        "staff\u{7f}",
        "staff\u{b}x",
    ];
    for (index, role) in breaks.into_iter().enumerate() {
        let mut claims = token::claims("7");
        claims["role"] = json!(role);
        let path = format!("/items/{index}");
        let response = gateway.send(&Request::get(&path).token(&token::signed(&claims)));
        assert_eq!(response.status, 401, "{role:?}");
        assert_eq!(gateway.outcome(&path), "invalid_token");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn roles_that_a_client_joins_to_its_own_do_not_arrive() {
    let upstream = Upstream::start();
    let identity = "{ headers: { X-User-Id: \"{subject}\", X-Role: \"{claims.role}\" } }";
    let gateway = Gateway::before(&upstream).section("identity", identity);
    let gateway = gateway.start();
    let mut claims = token::claims("7");
    claims["role"] = json!("guest");
    let request = Request::get("/items")
        .header("X-Role", "guest, admin")
        .header("x-role", "admin")
        .header("X_Role", "admin")
        .token(&token::signed(&claims));
    assert_eq!(gateway.send(&request).status, 200);
    let seen = upstream.only();
    assert_eq!(seen.values("x-role"), ["guest"]);
    assert!(!seen.head.contains("admin"), "{}", seen.head);
}
