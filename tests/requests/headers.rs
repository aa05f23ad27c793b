//! What routes do to the headers of their messages.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{
    After, Gateway, Request, Response, Seen, Setup, Upstream, certificates::Authority,
    http2::Http2, tls::TlsClient, token,
};

/// A gateway with one route of this kind, and others beside it.
fn before(upstream: &Upstream, headers: &str) -> Setup {
    Gateway::before(upstream).routes(&format!(
        r#"
- {{ match: "/users/{{user_id}}/**", access: optional, headers: {{ {headers} }} }}
- {{ match: "/public/**", access: public }}
- {{ match: "/**", access: required }}"#
    ))
}

fn claims(more: &Value) -> String {
    let mut claims = token::claims(7);
    let members = claims.as_object_mut().expect("an object");
    if let Value::Object(more) = more {
        members.extend(more.clone());
    }
    token::signed(&claims)
}

/// What a header of the request becomes.
#[track_caller]
fn sent(value: &str, request: &Request) -> Vec<String> {
    let upstream = Upstream::start();
    let headers = format!("request: {{ set: {{ X-Made: \"{value}\" }} }}");
    let gateway = before(&upstream, &headers).start();
    assert_eq!(gateway.send(request).status, 200, "{value}");
    let seen = upstream.only();
    let values = seen.values("x-made").into_iter();
    values.map(str::to_owned).collect()
}

#[test]
fn claims_become_headers_with_their_types() {
    let token = claims(&json!({
        "email": "a@example.com", "level": 3, "verified": true, "roles": ["admin", "staff"],
        "realm_access": { "roles": ["a", "b"] }, "name": "\u{d55c}",
        "https://example.com/team": "blue",
    }));
    let request = Request::get("/users/7/a?x=1").token(&token);
    for (value, expected) in [
        ("{subject}", "7"),
        ("{claims.email}", "a@example.com"),
        ("{claims.level}/{claims.verified}", "3/true"),
        ("{claims.roles|join:,}", "admin,staff"),
        ("{claims.realm_access.roles|join:; }", "a; b"),
        ("{claims.realm_access|json}", r#"{"roles":["a","b"]}"#),
        ("{claims.name}", "\u{d55c}"),
        ("{claims.name|percent}", "%ED%95%9C"),
        ("{claims.name|json}", "\"\\ud55c\""),
        ("{claims.'https://example.com/team'}", "blue"),
        ("{claims.team:-none}", "none"),
        ("{{{claims.level}}}", "{3}"),
    ] {
        assert_eq!(sent(value, &request), [expected], "{value}");
    }
    for value in ["{claims.team}", "{claims.roles}", "a-{claims.team}"] {
        assert_eq!(sent(value, &request), [""; 0], "{value}");
    }
}

#[test]
fn the_request_becomes_headers_as_it_was_checked() {
    let request = Request::get("/users/%ed%95%9c/%61?token=secret").host("API.Example.com:80");
    for (value, expected) in [
        ("{path.user_id}", "%ED%95%9C"),
        ("{request.path}", "/users/%ED%95%9C/a"),
        ("{request.method} {request.host}", "GET api.example.com:80"),
        ("{client.address}", "127.0.0.1"),
        ("{subject:-anonymous}", "anonymous"),
        ("v1", "v1"),
    ] {
        assert_eq!(sent(value, &request), [expected], "{value}");
    }
}

#[test]
fn a_header_has_the_decisions_id() {
    let upstream = Upstream::start();
    let headers = r#"request: { set: { X-Decision: "{decision.id}" } }, response: { set: { X-Decision: "{decision.id}" } }"#;
    let gateway = before(&upstream, headers).start();
    let response = gateway.get("/users/7/a");
    let line = gateway.access_line("/users/7/a");
    let decision = line["decision"].as_str().expect("an id");
    assert_eq!(upstream.only().values("x-decision"), [decision]);
    assert_eq!(response.header("x-decision"), Some(decision));
}

/// Names that many upstreams read as `X-Team`.
fn forged(path: &str) -> Request {
    let names = ["X-Team", "x_team", "X.Team", "x~team"];
    names.iter().fold(Request::get(path), |request, name| {
        request.header(name, "forged")
    })
}

/// Values of every header that folds to `x_team`.
fn teams(seen: &Seen) -> Vec<String> {
    let names = seen.names().into_iter();
    let fold = |name: &str| name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    names
        .filter(|name| fold(name) == "x_team")
        .flat_map(|name| {
            seen.values(&name)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_header_about_the_user_cannot_be_forged_on_any_route() {
    let token = claims(&json!({ "team": "blue" }));
    for placement in ["set", "add"] {
        let headers = format!(r#"request: {{ {placement}: {{ X-Team: "{{claims.team}}" }} }}"#);
        for (request, expected) in [
            (forged("/users/7/a").token(&token), vec!["blue"]),
            (forged("/users/7/a").token(&token::access(7)), vec![]),
            (forged("/users/7/a"), vec![]),
            (forged("/public/a"), vec![]),
            (forged("/items").token(&token), vec![]),
        ] {
            let upstream = Upstream::start();
            let gateway = before(&upstream, &headers).start();
            assert_eq!(gateway.send(&request).status, 200);
            let seen = upstream.only();
            assert_eq!(teams(&seen), expected, "{}", seen.head);
        }
    }
}

#[test]
fn a_header_that_is_always_the_same_is_the_routes_own_business() {
    let upstream = Upstream::start();
    let headers = "request: { set: { X-Team: v1 }, add: { Accept: text/html }, remove: [X-Debug] }";
    let gateway = before(&upstream, headers).start();
    let forged = |path| {
        let request = forged(path).header("Accept", "a").header("x_debug", "1");
        request.token(&token::access(7))
    };
    assert_eq!(gateway.send(&forged("/users/7/a")).status, 200);
    assert_eq!(gateway.send(&forged("/items")).status, 200);
    let seen = upstream.seen();
    assert_eq!(teams(&seen[0]), ["v1"]);
    assert_eq!(seen[0].values("accept"), ["a", "text/html"]);
    assert_eq!(seen[0].values("x_debug"), [""; 0]);
    assert_eq!(teams(&seen[1]), ["forged"; 4]);
    assert_eq!(seen[1].values("accept"), ["a"]);
    assert_eq!(seen[1].values("x_debug"), ["1"]);
}

#[test]
fn a_route_has_its_own_way_with_identity_headers() {
    for (changes, expected) in [
        ("remove: [X-User-Id]", vec![]),
        (r#"set: { x-user-id: "u-{subject}" }"#, vec!["u-7"]),
        (r#"set: { X-User-Id: "{claims.missing}" }"#, vec![]),
        ("set: { X-Other: a }", vec!["7"]),
    ] {
        let upstream = Upstream::start();
        let gateway = before(&upstream, &format!("request: {{ {changes} }}")).start();
        let request = Request::get("/users/7/a").header("X_User_Id", "1");
        assert_eq!(gateway.send(&request.token(&token::access(7))).status, 200);
        let seen = upstream.only();
        assert_eq!(seen.values("x-user-id"), expected, "{changes}");
        assert_eq!(seen.values("x_user_id"), [""; 0]);
    }
}

#[test]
fn a_claim_that_no_header_can_carry_is_refused_and_says_nothing_of_itself() {
    for (value, claim) in [
        ("{claims.a}", json!("x\r\nX-Admin: secret-value")),
        ("{claims.a}", json!("secret-value\u{0}")),
        ("{claims.a}", json!("\u{85}secret-value")),
        ("{claims.a}", json!(" secret-value")),
        ("{claims.a|join:,}", json!(["x", "secret-value,y"])),
        ("{claims.a|join:,}", json!(["x", ["secret-value"]])),
        ("{claims.a}", json!("secret-value".repeat(350))),
    ] {
        let upstream = Upstream::start();
        for message in ["request", "response"] {
            let headers = format!("{message}: {{ set: {{ X-Made: \"{value}\" }} }}");
            let gateway = before(&upstream, &headers).start();
            let token = claims(&json!({ "a": claim }));
            let response = gateway.send(&Request::get("/users/7/a").token(&token));
            assert_eq!(response.status, 401, "{claim}");
            assert_eq!(gateway.outcome("/users/7/a"), "invalid_token");
            assert!(
                !gateway.said().contains("secret-value"),
                "{}",
                gateway.said()
            );
        }
        let identity = format!("{{ headers: {{ X-Made: \"{value}\" }} }}");
        let gateway = Gateway::before(&upstream)
            .section("identity", &identity)
            .start();
        let token = claims(&json!({ "a": claim }));
        assert_eq!(
            gateway.send(&Request::get("/items").token(&token)).status,
            401
        );
        assert!(upstream.seen().is_empty());
    }
}

#[test]
fn headers_that_are_made_of_a_long_path_are_refused() {
    let upstream = Upstream::start();
    let headers = r#"request: { set: { X-A: "{request.path}", X-B: "{request.path}" } }"#;
    let setup = before(&upstream, headers);
    let setup = setup.section("limits", "{ added_header: 300B, added_headers: 500B }");
    let gateway = setup.start();
    let status = |length: usize| {
        let path = format!("/users/{}", "a".repeat(length - "/users/".len()));
        let response = gateway.get(&path);
        if response.status != 200 {
            assert_eq!(gateway.outcome(&path), "added_headers_too_large");
        }
        response.status
    };
    assert_eq!(status(250), 200);
    assert_eq!(status(251), 431);
    assert_eq!(status(301), 431);
    assert_eq!(upstream.seen().len(), 1);
}

const RESPONSE: &str = r#"response: {
    set: { Strict-Transport-Security: max-age=1, X-User: "{subject:-nobody}", X-From: "{claims.missing}" },
    add: { Vary: Cookie }, remove: [Server, X-Powered-By] }"#;

fn answering() -> Upstream {
    Upstream::answering(|_, wire| {
        let headers = [
            "Server: x",
            "X-Powered-By: y",
            "X-User: z",
            "X-From: a",
            "Vary: Accept",
            "X-Kept: 1",
        ];
        wire.respond(200, &headers, b"{}")
    })
}

#[track_caller]
fn check_answer(values: impl Fn(&str) -> Vec<String>, user: &str) {
    for (name, expected) in [
        ("strict-transport-security", vec!["max-age=1"]),
        ("x-user", vec![user]),
        ("x-from", vec![]),
        ("vary", vec!["Accept", "Cookie"]),
        ("server", vec![]),
        ("x-powered-by", vec![]),
        ("x-kept", vec!["1"]),
    ] {
        assert_eq!(values(name), expected, "{name}");
    }
}

fn values(response: &Response) -> impl Fn(&str) -> Vec<String> {
    |name| {
        response
            .values(name)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }
}

#[test]
fn an_answer_gets_the_headers_of_its_route() {
    let upstream = answering();
    let gateway = before(&upstream, RESPONSE).start();
    let request = Request::get("/users/7/a");
    check_answer(values(&gateway.send(&request)), "nobody");
    let response = gateway.send(&request.token(&token::access(7)));
    check_answer(values(&response), "7");
    // Another route's answer, and a refusal on this one.
    let other = gateway.get("/public/a");
    assert_eq!(other.values("server"), ["x"]);
    let refused = gateway.send(&Request::get("/users/7/a").token("a.b.c"));
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("strict-transport-security"), None);
}

#[test]
fn an_answer_over_http2_gets_them_too() {
    let upstream = answering();
    let gateway = before(&upstream, RESPONSE).start();
    let client = Http2::connect(gateway.address);
    let answer = client.send(Http2::request("GET", "/users/7/a"), b"");
    assert_eq!(answer.status, 200);
    let values = |name: &str| {
        let values = answer.headers.get_all(name).iter();
        values
            .map(|value| value.to_str().expect("text").to_owned())
            .collect()
    };
    check_answer(values, "nobody");
}

#[test]
fn a_switched_connection_gets_them_with_its_101() {
    let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nServer: x\r\nSec-WebSocket-Accept: x\r\n\r\n";
    let upstream = Upstream::saying(switching, After::Close);
    let headers = r#"request: { set: { X-Path: "{path.user_id}" } }, response: { set: { X-User: "{subject:-nobody}" }, remove: [Server] }"#;
    let gateway = before(&upstream, headers).start();
    let request = Request::get("/users/7/ws")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let mut connection = gateway.client().connect();
    connection.write(request.bytes());
    let head = connection.head();
    assert_eq!(head.status, 101);
    assert_eq!(head.header("x-user"), Some("nobody"));
    assert_eq!(head.header("server"), None);
    assert_eq!(head.header("upgrade"), Some("websocket"));
    assert_eq!(upstream.only().values("x-path"), ["7"]);
}

#[test]
fn a_certificate_becomes_headers() {
    let (authority, clients) = (Authority::named("ca"), Authority::named("clients"));
    let issued = authority.issue(&["a.test"]);
    let upstream = Upstream::start();
    let headers = r#"request: { set: { X-Machine: "{certificate.subject}", X-Names: "{certificate.names}", X-Print: "{certificate.fingerprint}" } }"#;
    let gateway = before(&upstream, headers)
        .section("listeners", "[{ address: 127.0.0.1:0, tls: { certificate: a.pem, key: a.key, client_ca: ca.pem } }]")
        .file("a.pem", &issued.certificate)
        .file("a.key", &issued.key)
        .file("ca.pem", &clients.pem)
        .start();
    let client = clients.issue_for_client("billing", "spiffe://example/billing");
    let client = TlsClient::to("a.test", &authority).identity(&client);
    let mut connection = client.connect(gateway.address).expect("a connection");
    let request = Request::get("/users/7/a").header("x_machine", "forged");
    assert_eq!(
        connection.try_send(&request).expect("an answer").status,
        200
    );
    let seen = upstream.only();
    assert_eq!(seen.values("x-machine"), ["CN=billing,O=Example"]);
    assert_eq!(seen.values("x-names"), ["URI:spiffe://example/billing"]);
    assert_eq!(seen.values("x-print").concat().len(), 64);
    assert_eq!(seen.values("x_machine"), [""; 0]);
}

#[test]
fn a_group_has_headers_for_its_routes() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section(
            "groups",
            r#"{ team: { access: required, headers: { request: { set: { X-Team: "{claims.team}" } } } } }"#,
        )
        .routes(
            r#"
- { match: "/a", group: team }
- { match: "/b", group: team, headers: { request: { set: { X-Tag: b } } } }
- { match: "/public/**", access: public }"#,
        )
        .start();
    let token = claims(&json!({ "team": "blue" }));
    for path in ["/a", "/b", "/public/c"] {
        assert_eq!(gateway.send(&forged(path).token(&token)).status, 200);
    }
    let seen = upstream.seen();
    assert_eq!(teams(&seen[0]), ["blue"]);
    assert_eq!(teams(&seen[1]), [""; 0]);
    assert_eq!(seen[1].values("x-tag"), ["b"]);
    assert_eq!(teams(&seen[2]), [""; 0]);
}

#[test]
fn an_explanation_names_the_headers_of_the_route() {
    let upstream = Upstream::start();
    let headers = r#"request: { set: { X-Made: "{claims.a}", X-Client: "{client.address}" }, remove: [X-User-Id] }"#;
    let setup = before(&upstream, headers);
    setup.write();
    let explained = |claim: Value| {
        let token = claims(&json!({ "a": claim }));
        let file = setup.folder().join("token");
        fs::write(&file, token).expect("a file");
        let arguments = ["explain", "GET", "/users/7/a", "--token", "token"];
        let output = setup.command(&arguments).output().expect("the binary");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let good = explained(json!("x"));
    assert!(good.contains("adds       x-made, x-client\n"), "{good}");
    let bad = explained(json!("x\r\ny"));
    assert!(bad.contains("refused with 401 invalid_token"), "{bad}");
}

#[test]
fn the_page_about_headers_shows_what_works() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/headers.md");
    let page = fs::read_to_string(path).expect("the page");
    let yaml = page.split("```yaml\nroutes:").nth(1).expect("an example");
    let yaml = yaml.split("```").next().expect("its end");
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).routes(yaml).start();
    let token = claims(&json!({ "realm_access": { "roles": ["a", "b"] } }));
    assert_eq!(
        gateway
            .send(&Request::get("/users/7/a").token(&token))
            .status,
        200
    );
    let seen = upstream.only();
    assert_eq!(seen.values("x-roles"), ["a,b"]);
    assert_eq!(seen.values("x-team"), ["none"]);
}
