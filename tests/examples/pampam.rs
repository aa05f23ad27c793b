//! pampam: its own login, and the routes of its new server, on MariaDB.

use super::{Example, claims};
use crate::{
    accounts::{login, pair, refresh, said, verify},
    harness::{Request, users::PASSWORD},
};

const ROWS: [&str; 3] = [
    "INSERT INTO user (email, name, hashed_password, is_active, is_restricted) VALUES ('active@example.com', 'a', '{hash}', 1, 0)",
    "INSERT INTO user (email, name, hashed_password, is_active, is_restricted) VALUES ('banned@example.com', 'b', '{hash}', 1, 1)",
    "INSERT INTO user (email, name, hashed_password, is_active) VALUES ('left@example.com', 'l', '{hash}', 0)",
];

#[test]
fn both_logins_a_call_a_refresh_and_each_refusal() {
    let example = Example::start("pampam", &ROWS);
    let send = |request: &Request| example.gateway.send(request);
    let own = send(&login("active@example.com", PASSWORD)).json();
    assert_eq!(own["id"], 1);
    assert_eq!(own["quit_at"], serde_json::Value::Null);
    let body = send(&pair("active@example.com", PASSWORD)).json();
    let token = |name: &str| body[name].as_str().expect("a token").to_owned();
    let (access, kept) = (token("access_token"), token("refresh_token"));
    assert_eq!(claims(&access), r#"{"sub":"1"}"#);
    assert_eq!(send(&Request::get("/me").token(&access)).status, 200);
    assert_eq!(example.told("x-user-id"), ["1"]);
    assert_eq!(send(&Request::get("/me").token(&kept)).status, 401);
    assert_eq!(send(&refresh(&kept)).json()["refresh_token"], kept.as_str());
    assert_eq!(
        said(&send(&verify(&access))),
        (200, r#"{"bool":true}"#.to_owned())
    );
    for (email, code, part) in [
        (
            "banned@example.com",
            400,
            "\u{bcf4}\u{d638}\u{c870}\u{ce58}",
        ),
        ("left@example.com", 400, "191"),
        ("nobody@example.com", 400, "192"),
    ] {
        let refused = send(&login(email, "wrong"));
        assert_eq!(refused.status, code);
        assert!(refused.text().contains(part), "{}", refused.text());
        assert_eq!(send(&pair(email, PASSWORD)).status, 401);
    }
}
