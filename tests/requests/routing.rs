//! Which route a request takes.

use crate::harness::{Gateway, Request, Upstream, token};

#[test]
fn a_request_with_a_good_token_reaches_the_upstream() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let response = gateway.send(&Request::get("/items").token(&token::access("7")));
    assert_eq!((response.status, response.text().as_str()), (200, r#"{"from":"upstream"}"#));
    assert_eq!(upstream.only().values("x-user-id"), ["7"]);
}
