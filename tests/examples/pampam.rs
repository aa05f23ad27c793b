//! pampam: its own login, and the routes of its new server, on MariaDB.

use serde_json::json;

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
}

#[test]
fn each_refusal_to_the_byte() {
    let example = Example::start("pampam", &ROWS);
    let answer = |request: &Request| said(&example.gateway.send(request));
    let (banned, left) = ("보호조치된 계정입니다.", LEFT);
    let wrong = "이메일 또는 패스워드가 올바르지 않습니다. 다시 입력해주세요.";
    for (email, code, message) in [
        ("banned@example.com", 192, banned),
        ("left@example.com", 191, left),
        ("active@example.com", 192, wrong),
        ("nobody@example.com", 192, wrong),
    ] {
        let detail = format!(r#"{{"detail":{{"error_code":{code},"message":"{message}"}}}}"#);
        assert_eq!(answer(&login(email, "wrong")), (400, detail), "{email}");
        let refused = r#"{"code":401,"message":"올바르지 않은 계정입니다."}"#;
        let refused = (401, refused.to_owned());
        assert_eq!(answer(&pair(email, "wrong")), refused, "{email}");
    }
    let missing = concat!(
        r#"{"detail":[{"type":"missing","loc":["query","email"],"msg":"Field required","input":null},"#,
        r#"{"type":"missing","loc":["query","password"],"msg":"Field required","input":null}]}"#
    );
    let nothing = Request::post("/login/access-token");
    assert_eq!(answer(&nothing), (422, missing.to_owned()));
    let body = example
        .gateway
        .send(&pair("active@example.com", PASSWORD))
        .json();
    let access = body["access_token"].as_str().expect("a token");
    let token = (
        401,
        r#"{"code":401,"message":"올바르지 않은 토큰"}"#.to_owned(),
    );
    let is_none = (200, r#"{"bool":false}"#.to_owned());
    let kept = body["refresh_token"].as_str().expect("a token");
    for other in [access, "", "a.b.c"] {
        assert_eq!(answer(&refresh(other)), token, "{other}");
    }
    for other in [kept, "", "a.b.c"] {
        assert_eq!(answer(&verify(other)), is_none, "{other}");
    }
    let nobody = r#"{"detail":"Not authenticated"}"#.to_owned();
    assert_eq!(answer(&Request::get("/users/me")), (401, nobody));
    let another = Request::new("PUT", "/users/2").token(access);
    assert_eq!(answer(&another).0, 403, "of another user");
}

const TAKEN: &str = r#"{"detail":{"error_code":101,"message":"이미 가입된 이메일입니다."}}"#;
const LEFT: &str = "탈퇴 회원입니다. 탈퇴 후 7일동안 다시 가입할수 없어요.";

fn register(example: &Example, email: &str, password: &str) -> (u16, String) {
    let body = json!({ "email": email, "password": password, "name": "N" });
    said(&example.gateway.send(&Request::post("/users").json(&body)))
}

/// Both logins, a call and a refresh of somebody who was not there before.
fn first_login(example: &Example, email: &str, id: &str) {
    let send = |request: &Request| example.gateway.send(request);
    let own = send(&login(email, PASSWORD)).json();
    assert_eq!(own["id"].to_string(), id);
    let access = own["token"]["access_token"].as_str().expect("a token");
    assert_eq!(send(&Request::get("/users/me").token(access)).status, 200);
    assert_eq!(example.told("x-user-id"), [id]);
    let body = send(&pair(email, PASSWORD)).json();
    let kept = body["refresh_token"].as_str().expect("a token");
    let renewed = send(&refresh(kept)).json();
    let access = renewed["access_token"].as_str().expect("a token");
    assert_eq!(claims(access), format!(r#"{{"sub":"{id}"}}"#));
    assert_eq!(send(&Request::get("/users/me").token(access)).status, 200);
}

#[test]
fn who_signs_up_at_the_application_logs_in_here() {
    let example = Example::start("pampam", &ROWS);
    let email = "first@example.com";
    assert_eq!(example.gateway.send(&login(email, PASSWORD)).status, 400);
    let body = json!({ "email": email, "password": PASSWORD, "name": "N" });
    let request = Request::post("/users").json(&body);
    assert_eq!(example.gateway.send(&request).status, 200);
    let seen = example.monolith.seen();
    let last = seen.last().expect("a request");
    assert!(last.request_line().starts_with("POST /users "));
    assert_eq!(last.body, body.to_string().into_bytes());
    assert!(last.values("x-user-id").is_empty());
    // What the application does with it.
    let hash = bcrypt::hash(PASSWORD, 4).expect("a hash");
    let row = format!(
        "INSERT INTO user (email, name, hashed_password, is_active) VALUES ('{email}', 'N', '{hash}', 1)"
    );
    example.database.execute(&row);
    first_login(&example, email, "4");
}

#[test]
fn from_sign_up_to_the_first_login_and_who_has_left_joins_again_after_seven_days() {
    let too_early = format!(r#"{{"detail":{{"error_code":191,"message":"{LEFT}"}}}}"#);
    let example = Example::with_what_is_commented_out("pampam", &ROWS);
    let (status, body) = register(&example, "first@example.com", PASSWORD);
    assert_eq!(status, 201, "{body}");
    let user: serde_json::Value = serde_json::from_str(&body).expect("a user");
    assert_eq!((&user["id"], &user["is_active"]), (&json!(4), &json!(true)));
    first_login(&example, "first@example.com", "4");
    let row = "SELECT COUNT(*) FROM user WHERE id = 4 AND created_time IS NOT NULL AND is_restricted = 0 AND phone IS NULL AND hashed_password LIKE '$2b$12$%'";
    assert_eq!(example.database.numbers(row), [1]);
    for email in [
        "first@example.com",
        "ACTIVE@example.com",
        "banned@example.com",
    ] {
        let refused = register(&example, email, PASSWORD);
        assert_eq!(refused, (409, TAKEN.to_owned()), "{email}");
    }
    let left = |when: &str| {
        let left = format!("UPDATE user SET quit_at = {when} WHERE email = 'left@example.com'");
        example.database.execute(&left);
        register(&example, "left@example.com", PASSWORD)
    };
    for when in [
        "NULL",
        "UTC_DATE()",
        "UTC_DATE() - INTERVAL 6 DAY",
        "UTC_DATE() + INTERVAL 1 DAY",
    ] {
        assert_eq!(left(when), (400, too_early.clone()), "{when}");
    }
    for (email, password) in [("no address", PASSWORD), ("a@example.com", "short")] {
        assert_eq!(register(&example, email, password).0, 422);
    }
    let count = "SELECT COUNT(*) FROM user";
    assert_eq!(example.database.numbers(count), [4]);
    assert_eq!(left("UTC_DATE() - INTERVAL 7 DAY").0, 201);
    first_login(&example, "left@example.com", "5");
    assert_eq!(example.database.numbers(count), [5], "the old row stays");
}
