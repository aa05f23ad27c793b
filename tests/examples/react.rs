//! FastAPI, React and MySQL: the form of OAuth 2.0, and accounts that are not verified yet.

use super::{Example, claims, form};
use crate::{
    accounts::{codes::the_message_to, said},
    harness::{Request, Response, users::PASSWORD},
};
use serde_json::json;

const ROWS: [&str; 2] = [
    "INSERT INTO users (name, email, hashed_password, is_active) VALUES ('a', 'active@example.com', '{hash}', 1)",
    "INSERT INTO users (name, email, hashed_password, is_active) VALUES ('n', 'new@example.com', '{hash}', 0)",
];

#[test]
fn a_login_a_call_a_refresh_and_each_refusal() {
    let example = Example::start("react", &ROWS);
    let login = |user, password| {
        let fields = [
            ("grant_type", "password"),
            ("username", user),
            ("password", password),
        ];
        example.gateway.send(&form("/login", &fields))
    };
    let granted = login("active@example.com", PASSWORD);
    let body = granted.json();
    let token = |name: &str| body[name].as_str().expect("a token").to_owned();
    let (access, refresh) = (token("access_token"), token("refresh_token"));
    let pair = |access: &str| {
        format!(
            r#"{{"access_token":"{access}","refresh_token":"{refresh}","token_type":"bearer"}}"#
        )
    };
    assert_eq!(said(&granted), (200, pair(&access)));
    assert_eq!(
        claims(&access),
        r#"{"sub":"active@example.com","type":"access"}"#
    );
    let wrong = r#"{"detail":"Incorrect username or password"}"#.to_owned();
    assert_eq!(
        said(&login("active@example.com", "wrong")),
        (401, wrong.clone())
    );
    assert_eq!(said(&login("new@example.com", "wrong")), (401, wrong));
    let inactive = r#"{"detail":"Inactive user"}"#.to_owned();
    assert_eq!(said(&login("new@example.com", PASSWORD)), (400, inactive));
    let profile = |token: &str| example.gateway.send(&Request::get("/profile").token(token));
    assert_eq!(
        (profile(&access).status, profile(&refresh).status),
        (200, 401)
    );
    assert_eq!(example.told("x-user-email"), ["active@example.com"]);
    let renew = |token: &str| {
        let request = Request::post("/refresh").json(&json!({ "refresh_token": token }));
        example.gateway.send(&request)
    };
    let renewed = renew(&refresh);
    let body = renewed.json();
    let access = body["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(said(&renewed), (200, pair(&access)));
    let refused = r#"{"detail":"Could not validate credentials"}"#.to_owned();
    assert_eq!(said(&renew(&access)), (401, refused));
    assert_eq!(renew("").status, 401);
}

const ASKED: &str = r#"{"detail":"Confirm your e-mail address to log in."}"#;

fn register(example: &Example, email: &str, passwords: [&str; 2]) -> Response {
    let [password, again] = passwords;
    let body = json!({ "name": "First", "email": email, "password": password, "password2": again });
    example
        .gateway
        .send(&Request::post("/register").json(&body))
}

fn log_in(example: &Example, password: &str) -> Response {
    let fields = [("username", "first@example.com"), ("password", password)];
    example.gateway.send(&form("/login", &fields))
}

/// What the link of a message hands to the page that it opens.
fn mailed(example: &Example) -> String {
    let message = the_message_to(&example.gateway, "first");
    let mut lines = message.lines();
    let token = lines.find_map(|line| line.strip_prefix("https://app.example/verify?token="));
    token.expect("a link").to_owned()
}

fn confirm(example: &Example, token: &str) -> (u16, String) {
    let request = Request::post("/verify").json(&json!({ "token": token }));
    said(&example.gateway.send(&request))
}

#[test]
fn from_sign_up_to_the_first_login() {
    let example = Example::start("react", &ROWS);
    let asked = (201, ASKED.to_owned());
    let other = ["another password"; 2];
    let sent = said(&register(&example, "first@example.com", other));
    assert_eq!(sent, asked);
    let first = mailed(&example);
    let inactive = (400, r#"{"detail":"Inactive user"}"#.to_owned());
    assert_eq!(said(&log_in(&example, other[0])), inactive);
    let sent = said(&register(&example, "first@example.com", [PASSWORD; 2]));
    assert_eq!(sent, asked, "nobody has confirmed it");
    let token = mailed(&example);
    let refused = r#"{"detail":"The link is wrong or has expired."}"#;
    let refused = (400, refused.to_owned());
    assert_eq!(
        confirm(&example, &first),
        refused,
        "of the row that was replaced"
    );
    assert_eq!(confirm(&example, "AAAAAAAAAAAAAAAAAAAAAA"), refused);
    let confirmed = r#"{"detail":"The e-mail address is confirmed."}"#;
    assert_eq!(confirm(&example, &token), (200, confirmed.to_owned()));
    assert_eq!(confirm(&example, &token), refused, "once");
    assert_eq!(log_in(&example, other[0]).status, 401);
    let granted = log_in(&example, PASSWORD).json();
    let access = granted["access_token"].as_str().expect("a token");
    let profile = Request::get("/profile").token(access);
    assert_eq!(example.gateway.send(&profile).status, 200);
    assert_eq!(example.told("x-user-email"), ["first@example.com"]);
    let body = json!({ "refresh_token": granted["refresh_token"] });
    let renewed = example.gateway.send(&Request::post("/refresh").json(&body));
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let row = "SELECT COUNT(*) FROM users WHERE email = 'first@example.com' AND name = 'First' AND is_active AND hashed_password LIKE '$2b$%'";
    assert_eq!(example.database.numbers(row), [1]);
}

#[test]
fn a_sign_up_says_nothing_of_who_is_there_and_a_refusal_changes_nothing() {
    let example = Example::start("react", &ROWS);
    let taken = said(&register(&example, "active@example.com", [PASSWORD; 2]));
    assert_eq!(taken, (201, ASKED.to_owned()));
    let differs = r#"{"detail":"The passwords differ or a value cannot be stored."}"#;
    let refused = said(&register(
        &example,
        "a@example.com",
        [PASSWORD, "another one"],
    ));
    assert_eq!(refused, (400, differs.to_owned()));
    let short = r#"{"detail":"The password cannot be chosen: short"}"#;
    let refused = said(&register(&example, "a@example.com", ["abc"; 2]));
    assert_eq!(refused, (400, short.to_owned()));
    for email in ["", "no address", "a@example.com\r\nBcc: b@example.com"] {
        let refused = register(&example, email, [PASSWORD; 2]);
        assert_eq!(refused.status, 422, "{email}");
    }
    let partly = Request::post("/register").json(&json!({ "email": "a@example.com" }));
    let missing = |name: &str| {
        format!(
            r#"{{"type":"missing","loc":["body","{name}"],"msg":"Field required","input":{{"email":"a@example.com"}}}}"#
        )
    };
    let missing = ["name", "password", "password2"].map(missing).join(",");
    let expected = format!(r#"{{"detail":[{missing}]}}"#);
    assert_eq!(said(&example.gateway.send(&partly)), (422, expected));
    let count =
        "SELECT COUNT(*) FROM users WHERE hashed_password LIKE '$2b$04$%' AND name <> 'First'";
    assert_eq!(example.database.numbers(count), [2]);
}
