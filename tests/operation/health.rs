//! The operators' listener.

use serde_json::json;

use crate::harness::{Gateway, Upstream};

#[test]
fn a_gateway_with_its_database_is_alive_and_ready() {
    let gateway = Gateway::before(&Upstream::start()).start();
    assert_eq!(gateway.ask("/live").status, 200);
    let ready = gateway.ask("/ready");
    assert_eq!((ready.status, ready.json()), (200, json!({ "ready": true, "reasons": [] })));
}
