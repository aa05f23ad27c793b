//! Which route a request takes.

use crate::harness::{Gateway, Request, Upstream};

/// Public routes from matches, one a line; the access log names the one that was taken.
fn routes(matches: &[&str]) -> String {
    let route = |text: &&str| format!("- {{ match: \"{text}\", access: public }}\n");
    matches.iter().map(route).collect()
}

fn start(matches: &[&str]) -> (Upstream, Gateway) {
    let upstream = Upstream::start();
    let setup = Gateway::before(&upstream)
        .without("accounts")
        .without("users");
    let gateway = setup
        .section("public_by_default", "acknowledged")
        .routes(&routes(matches))
        .start();
    (upstream, gateway)
}

#[test]
fn the_most_specific_route_wins_whatever_the_order() {
    let mut matches = [
        "/**",
        "/users/**",
        "/users/{id}",
        "/users/{id}/**",
        "/users/{id}/posts",
        "/users/me",
        "/users/me/**",
    ];
    let expected = [
        ("/", "/**"),
        ("/items", "/**"),
        ("/users", "/users/**"),
        ("/users/5", "/users/{id}"),
        ("/users/5/posts", "/users/{id}/posts"),
        ("/users/5/posts/1", "/users/{id}/**"),
        ("/users/me", "/users/me"),
        ("/users/me/posts", "/users/me/**"),
    ];
    for _ in 0..2 {
        let (_upstream, gateway) = start(&matches);
        for (path, route) in expected {
            assert_eq!(gateway.get(path).status, 200, "{path}");
            assert_eq!(gateway.access_line(path)["route"], route, "{path}");
        }
        matches.reverse();
    }
}

#[test]
fn a_parameter_is_one_segment_that_is_not_empty() {
    let (_upstream, gateway) = start(&["/users/{id}", "/files/{name}/raw"]);
    for (path, status) in [
        ("/users/5", 200),
        ("/users/a%20b", 200),
        ("/users", 404),
        ("/users/", 404),
        ("/users/5/6", 404),
        ("/files/a/raw", 200),
        ("/files/raw", 404),
    ] {
        assert_eq!(gateway.get(path).status, status, "{path}");
    }
}

#[test]
fn a_trailing_wildcard_matches_no_segment_too() {
    let (_upstream, gateway) = start(&["/users/{id}/**"]);
    for (path, status) in [
        ("/users/5", 200),
        ("/users/5/", 200),
        ("/users/5/a/b", 200),
        ("/users", 404),
    ] {
        assert_eq!(gateway.get(path).status, status, "{path}");
    }
}

#[test]
fn an_exact_route_matches_its_path_alone() {
    let (_upstream, gateway) = start(&["/items"]);
    for (path, status) in [
        ("/items", 200),
        ("/items?x=1", 200),
        ("/items/", 404),
        ("/Items", 404),
        ("/items/1", 404),
    ] {
        assert_eq!(gateway.get(path).status, status, "{path}");
    }
}

#[test]
fn a_path_without_a_route_is_404_and_goes_nowhere() {
    let (upstream, gateway) = start(&["/items"]);
    assert_eq!(gateway.get("/other").status, 404);
    assert_eq!(gateway.outcome("/other"), "no_route");
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_wrong_method_is_405_and_says_which_are_allowed() {
    let (upstream, gateway) = start(&["GET,PUT /items", "DELETE /items"]);
    let response = gateway.send(&Request::post("/items"));
    assert_eq!(response.status, 405);
    assert_eq!(response.header("allow"), Some("DELETE, GET, HEAD, PUT"));
    assert_eq!(gateway.outcome("/items"), "method_not_allowed");
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_wrong_method_falls_through_to_the_next_route() {
    let (_upstream, gateway) = start(&["GET /items/{id}", "POST /items/**", "/**"]);
    for (method, path, route) in [
        ("GET", "/items/1", "GET /items/{id}"),
        ("POST", "/items/2", "POST /items/**"),
        ("DELETE", "/items/3", "/**"),
    ] {
        assert_eq!(gateway.send(&Request::new(method, path)).status, 200);
        assert_eq!(gateway.access_line(path)["route"], route);
    }
}

#[test]
fn get_implies_head() {
    let (upstream, gateway) = start(&["GET /items"]);
    assert_eq!(gateway.send(&Request::new("HEAD", "/items")).status, 200);
    assert_eq!(upstream.only().request_line(), "HEAD /items HTTP/1.1");
}

#[test]
fn a_method_in_lower_case_does_not_miss_its_route() {
    let (upstream, gateway) = start(&["GET /items", "/**"]);
    for method in ["get", "Get", "gET"] {
        assert_eq!(gateway.send(&Request::new(method, "/items")).status, 400);
    }
    assert_eq!(gateway.outcome("/items"), "bad_method");
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_route_may_be_for_one_host() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .routes(
            r#"
- { match: "/a", host: api.example.com, access: public }
- { match: "/a", host: "*.example.com", access: required }
- { match: "/b", access: public }"#,
        )
        .start();
    for (host, path, status) in [
        ("api.example.com", "/a", 200),
        ("API.Example.COM:8080", "/a", 200),
        ("api.example.com.", "/a", 200),
        ("www.example.com", "/a", 401),
        ("example.com", "/a", 404),
        ("api.example.com.evil.test", "/a", 404),
        ("xapi.example.com", "/a", 401),
        ("anything.test", "/b", 200),
    ] {
        let response = gateway.send(&Request::get(path).host(host));
        assert_eq!(response.status, status, "{host}{path}");
    }
}

#[test]
fn routes_may_lead_to_different_upstreams() {
    let (one, two) = (Upstream::start(), Upstream::start());
    let upstreams = format!(
        "\none: {{ endpoints: [\"{}\"] }}\ntwo: {{ endpoints: [\"{}\"] }}",
        one.url(),
        two.url()
    );
    let gateway = Gateway::before(&one)
        .section("upstreams", &upstreams)
        .routes(
            r#"
- { match: "/one", access: public, upstream: one }
- { match: "/two", access: public, upstream: two }"#,
        )
        .start();
    gateway.get("/one");
    gateway.get("/two");
    assert_eq!(one.only().target(), "/one");
    assert_eq!(two.only().target(), "/two");
}

#[test]
fn a_literal_is_no_expression() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .routes(
            "
- { match: /v1.json, access: public }
- { match: /a+b, access: public }
- { match: /v1/(login), access: public }
- { match: /**, access: required }",
        )
        .start();
    for path in ["/v1.json", "/a+b", "/v1/(login)"] {
        assert_eq!(gateway.get(path).status, 200, "{path}");
    }
    for path in [
        "/v1xjson",
        "/v1/json",
        "/v1.jsons",
        "/v1.json/",
        "/av1.json",
        "/aab",
        "/ab",
        "/v1/login",
        "/v1/users/login",
        "/v1%0ajson",
    ] {
        assert_ne!(gateway.get(path).status, 200, "{path}");
    }
    assert_eq!(upstream.seen().len(), 3);
}

#[test]
fn among_hundreds_of_hosts_each_has_its_route_however_it_is_spelled() {
    let upstream = Upstream::start();
    let mut routes = "\n- { match: /**, access: required }".to_owned();
    for number in 0..300 {
        let route = format!("\n- {{ match: /**, host: h{number}.test, access: public }}");
        routes.push_str(&route);
    }
    let gateway = Gateway::before(&upstream)
        .section("public_by_default", "acknowledged")
        .routes(&routes)
        .start();
    for number in [0, 1, 99, 100, 101, 150, 299] {
        for host in [
            format!("h{number}.test"),
            format!("H{number}.TeSt"),
            format!("h{number}.test:8080"),
            format!("h{number}.test."),
        ] {
            let response = gateway.send(&Request::get("/a").host(&host));
            assert_eq!(response.status, 200, "{host}");
        }
    }
    for host in [
        "h300.test",
        "h.test",
        "xh1.test",
        "h1.test.evil.test",
        "h1-test",
    ] {
        let response = gateway.send(&Request::get("/a").host(host));
        assert_eq!(response.status, 401, "{host}");
    }
}
