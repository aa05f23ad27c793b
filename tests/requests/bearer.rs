//! Where a token is looked for, and what a request without one gets.

use crate::harness::{Gateway, Request, Upstream, token};

#[test]
fn a_good_token_is_good_however_the_scheme_is_spelled() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let token = token::access("7");
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER   {token}"),
    ] {
        let response = gateway.send(&Request::get("/items").header("Authorization", &value));
        assert_eq!(response.status, 200, "{value}");
    }
}

#[test]
fn a_required_route_refuses_a_request_without_a_token() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let basic = Request::get("/basic").header("Authorization", "Basic eDp5");
    for (path, request) in [("/none", Request::get("/none")), ("/basic", basic)] {
        let response = gateway.send(&request);
        assert_eq!(
            (response.status, response.text().as_str()),
            (401, r#"{"detail":"Not authenticated"}"#)
        );
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        assert_eq!(gateway.outcome(path), "missing_token");
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn two_different_credentials_are_400_and_the_same_one_twice_is_not() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let (one, two) = (token::access("7"), token::access("8"));
    for other in [format!("Bearer {two}"), "Basic eDp5".to_owned()] {
        let request = Request::get("/two")
            .token(&one)
            .header("Authorization", &other);
        let response = gateway.send(&request);
        assert_eq!(response.status, 400);
        assert_eq!(
            response.header("www-authenticate"),
            Some(r#"Bearer error="invalid_request""#)
        );
        assert_eq!(gateway.outcome("/two"), "conflicting_tokens");
    }
    assert!(upstream.seen().is_empty());
    assert_eq!(
        gateway
            .send(&Request::get("/twice").token(&one).token(&one))
            .status,
        200
    );
}

#[test]
fn a_public_route_does_not_read_the_token() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    for value in ["Bearer x", "Bearer", "Basic eDp5"] {
        let response = gateway.send(&Request::get("/public/a").header("Authorization", value));
        assert_eq!(response.status, 200, "{value}");
    }
    assert!(
        upstream
            .seen()
            .iter()
            .all(|seen| seen.values("x-user-id").is_empty())
    );
}
