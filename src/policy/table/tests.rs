//! Which route of a table is taken.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::policy::{
    method::MethodSet,
    pattern::Pattern,
    refusal::RefusalTemplate,
    route::{
        Access, Action, Authorization, HostMatch, Mode, OnExpiry, OnStale, RateLimits, UpstreamId,
    },
};

fn route(text: &str) -> Route {
    let mut words: Vec<&str> = text.split(' ').collect();
    let pattern = words.pop().expect("a pattern");
    let (host, pattern) = match pattern.split_once('/') {
        Some(("", _)) => (HostMatch::Any, pattern.to_owned()),
        Some((host, path)) => (HostMatch::parse(host).expect("a host"), format!("/{path}")),
        None => panic!("{pattern} has no slash"),
    };
    Route {
        token_places: None,
        headers: None,
        statuses: None,
        upgrades: Vec::new(),
        mode: Mode::Enforce,
        on_stale: OnStale::Ask,
        on_expiry: OnExpiry::End,
        number: 0,
        rate_limits: RateLimits::default(),
        name: text.into(),
        place: "test".into(),
        host,
        methods: words.pop().map_or(MethodSet::Any, |methods| {
            MethodSet::parse(methods).expect("methods")
        }),
        pattern: Pattern::parse(&pattern).expect("a pattern"),
        access: Access::Required,
        requirement: None,
        action: Action::Forward(UpstreamId(0)),
        authorization: Authorization::Forward,
        body_size: u64::MAX,
        refusals: Arc::new(RefusalTemplate::default()),
        cors: None,
    }
}

fn table(routes: &[&str]) -> RouteTable {
    RouteTable::new(routes.iter().map(|text| route(text)).collect()).expect("no ambiguity")
}

fn found(table: &RouteTable, request: &str) -> String {
    let (method, target) = request.split_once(' ').expect("METHOD target");
    let (host, path) = target.split_once('/').expect("a path");
    match table.find(host, &method.parse().expect("method"), &format!("/{path}")) {
        Found::Route(route) => route.name.to_string(),
        Found::MethodNotAllowed(routes) => {
            let names: Vec<_> = routes.iter().map(|route| &*route.name).collect();
            format!("405 {}", names.join(", "))
        }
        Found::NotFound => "404".to_owned(),
    }
}

#[test]
fn the_most_specific_route_wins_whatever_the_order() {
    let mut routes = [
        "/**",
        "GET /docs/**",
        "/users/{id}",
        "/users/me",
        "/users/{id}/**",
        "PUT,DELETE /users/{id}/**",
        "/users/{id}/items/{item}",
        "/items/",
        "api.example.com/users/me",
        "*.example.com/users/me",
    ];
    for _ in 0..routes.len() {
        routes.rotate_left(1);
        let table = table(&routes);
        for (request, name) in [
            ("GET /", "/**"),
            ("GET /docs", "GET /docs/**"),
            ("HEAD /docs/a/b", "GET /docs/**"),
            ("POST /docs/a", "/**"),
            ("GET /users", "/**"),
            ("GET /users/", "/**"),
            ("GET /users/5", "/users/{id}"),
            ("GET /users/me", "/users/me"),
            ("GET /users/me/x", "/users/{id}/**"),
            ("PUT /users/5", "/users/{id}"),
            ("PUT /users/5/name", "PUT,DELETE /users/{id}/**"),
            ("GET /users/5/name", "/users/{id}/**"),
            ("GET /users/5/items/7", "/users/{id}/items/{item}"),
            ("GET /users/5/items/", "/users/{id}/**"),
            ("GET /items/", "/items/"),
            ("GET /items", "/**"),
            ("GET api.example.com/users/me", "api.example.com/users/me"),
            ("GET www.example.com/users/me", "*.example.com/users/me"),
            ("GET example.com/users/me", "/users/me"),
        ] {
            assert_eq!(found(&table, request), name, "{request}");
        }
    }
}

#[test]
fn a_literal_that_leads_nowhere_falls_back_to_the_parameter() {
    let table = table(&["/a/b/c", "/{x}/b/d", "/a/{y}/e"]);
    assert_eq!(found(&table, "GET /a/b/c"), "/a/b/c");
    assert_eq!(found(&table, "GET /a/b/d"), "/{x}/b/d");
    assert_eq!(found(&table, "GET /a/b/e"), "/a/{y}/e");
    assert_eq!(found(&table, "GET /a/b/f"), "404");
    assert_eq!(found(&table, "GET /a/b"), "404");
}

#[test]
fn an_encoded_character_does_not_miss_its_literal() {
    let table = table(&["/pub/v1:private", "/pub/**", "/a%20b"]);
    assert_eq!(found(&table, "GET /pub/v1%3Aprivate"), "/pub/v1:private");
    assert_eq!(found(&table, "GET /pub/v1:private"), "/pub/v1:private");
    assert_eq!(found(&table, "GET /a%20b"), "/a%20b");
    assert_eq!(found(&table, "GET /pub/v1%3Apublic"), "/pub/**");
}

#[test]
fn a_wrong_method_falls_through_and_is_405_only_when_nothing_is_left() {
    let table = table(&["GET /a", "POST,PUT /a", "DELETE /b", "x.com/c"]);
    assert_eq!(found(&table, "DELETE /a"), "405 GET /a, POST,PUT /a");
    assert_eq!(found(&table, "GET /c"), "404");
    assert_eq!(found(&table, "TRACE x.com/c"), "405 x.com/c");
}

#[test]
fn routes_that_nothing_tells_apart_are_reported() {
    for (one, two) in [
        ("/a", "/a"),
        ("/users/{id}", "/users/{name}"),
        ("GET /a/**", "HEAD /a/**"),
        ("GET,PUT /a", "PUT,POST /a"),
        ("x.com/a", "X.com/a"),
    ] {
        let routes = vec![route(one), route(two)];
        let ambiguity = Ambiguity {
            first: 0,
            second: 1,
        };
        let error = RouteTable::new(routes).expect_err("ambiguous");
        assert_eq!(error, [ambiguity], "{one} {two}");
    }
    table(&["/a", "GET /a", "x.com/a", "/a/**", "/a/"]);
}

/// Asks every pattern, one after the other: what the tree has to agree with.
fn naive<'a>(patterns: &[&'a str], path: &str) -> Option<&'a str> {
    let rank = |pattern: &str| -> Vec<u8> {
        let rank = |segment: &str| match segment {
            "**" => 2,
            _ if segment.starts_with('{') => 1,
            _ => 0,
        };
        pattern.split('/').skip(1).map(rank).collect()
    };
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let matches = |pattern: &str| {
        let mut wanted: Vec<&str> = pattern.split('/').skip(1).collect();
        let open = wanted.last() == Some(&"**");
        if open {
            wanted.pop();
        }
        let fits = |(want, have): (&&str, &&str)| {
            want == have || (want.starts_with('{') && !have.is_empty())
        };
        (segments.len() == wanted.len() || (open && segments.len() > wanted.len()))
            && wanted.iter().zip(&segments).all(fits)
    };
    let mut fitting: Vec<&str> = patterns.iter().copied().filter(|p| matches(p)).collect();
    // An exact end is more specific than a `/**` that matches no segment.
    fitting.sort_by_key(|pattern| {
        let mut key = rank(pattern);
        key.resize(segments.len() + 1, 0);
        key
    });
    fitting.first().copied()
}

proptest! {
    #[test]
    fn the_tree_agrees_with_asking_every_pattern(
        choice in proptest::sample::subsequence(
            vec!["/**", "/a", "/{p}", "/a/**", "/{p}/**", "/a/b", "/a/{q}", "/{p}/b", "/{p}/{q}",
                 "/a/b/**", "/a/{q}/**", "/{p}/b/c", "/a/{q}/c", "/"], 0..14).prop_shuffle(),
        path in "(/[abc]?){1,4}",
    ) {
        let table = table(&choice);
        let expected = naive(&choice, &path);
        let got = match table.find("", &Method::GET, &path) {
            Found::Route(route) => Some(route.name.to_string()),
            Found::MethodNotAllowed(_) | Found::NotFound => None,
        };
        prop_assert_eq!(got.as_deref(), expected);
    }

    #[test]
    fn no_order_of_routes_changes_which_one_is_taken(
        (written, shuffled) in orders(),
        method in prop::sample::select(vec!["GET", "HEAD", "PUT", "DELETE"]),
        host in prop::sample::select(vec!["x.com", "a.x.com", "y.com", ""]),
        path in "(/[ab]?){1,3}",
    ) {
        let request = format!("{method} {host}{path}");
        let (one, other) = (table(&written), table(&shuffled));
        let (one, other) = (found(&one, &request), found(&other, &request));
        if one.starts_with("405 ") {
            prop_assert!(other.starts_with("405 "), "{}: {} and {}", request, one, other);
        } else {
            prop_assert_eq!(one, other, "{}", request);
        }
    }
}

/// Some routes as they are written, and in another order.
fn orders() -> impl Strategy<Value = (Vec<&'static str>, Vec<&'static str>)> {
    let all = vec![
        "/**",
        "/a",
        "/{p}",
        "GET /a",
        "PUT,DELETE /a",
        "x.com/a",
        "*.x.com/a",
        "GET x.com/a",
        "x.com/**",
        "GET /{p}/**",
        "/{p}/b",
        "/a/{q}",
        "PUT /a/{q}",
        "y.com/{p}/{q}",
        "/a/b/**",
        "GET *.x.com/**",
        "/a/",
        "DELETE /{p}/{q}",
    ];
    let chosen = prop::sample::subsequence(all, 0..18);
    chosen.prop_flat_map(|routes| (Just(routes.clone()), Just(routes).prop_shuffle()))
}
