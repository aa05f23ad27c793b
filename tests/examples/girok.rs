//! The FastAPI base project: one secret, told apart by `type`, and the e-mail as the subject.

use serde_json::json;

use super::{Example, claims, form};
use crate::{
    accounts::{
        codes::{code_of, messages, the_message_to},
        said,
    },
    harness::{
        Request, Response,
        token::{self, ACCESS_SECRET},
        users::PASSWORD,
        wait_until,
    },
};

const ROWS: [&str; 2] = [
    "INSERT INTO user (email, password, is_activate) VALUES ('active@example.com', '{hash}', 1)",
    "INSERT INTO user (email, password, is_activate) VALUES ('new@example.com', '{hash}', 0)",
];

const REFUSED: &str = r#"{"detail":"Could not validate credentials"}"#;

fn login(example: &Example, user: &str, password: &str) -> Response {
    let fields = [("username", user), ("password", password)];
    example.gateway.send(&form("/login", &fields))
}

/// Access and refresh token.
fn tokens(example: &Example) -> (String, String) {
    let granted = login(example, "active@example.com", PASSWORD);
    let body = granted.json();
    let token = |name: &str| body[name].as_str().expect("a token").to_owned();
    let (access, refresh) = (token("access_token"), token("refresh_token"));
    let expected = format!(
        r#"{{"access_token":"{access}","token_type":"bearer","refresh_token":"{refresh}"}}"#
    );
    assert_eq!(said(&granted), (200, expected));
    (access, refresh)
}

#[test]
fn a_login_a_call_a_refresh_and_each_refusal() {
    let example = Example::start("girok", &ROWS);
    let (access, refresh) = tokens(&example);
    assert_eq!(
        claims(&access),
        r#"{"sub":"active@example.com","type":"access_token"}"#
    );
    assert_eq!(
        claims(&refresh),
        r#"{"sub":"active@example.com","type":"refresh_token"}"#
    );
    let get = |target: &str, token: &str| example.gateway.send(&Request::get(target).token(token));
    assert_eq!(get("/tasks", &access).status, 200);
    assert_eq!(example.told("x-user-email"), ["active@example.com"]);
    assert_eq!(get("/tasks", &refresh).status, 401);
    assert_eq!(example.gateway.get("/tasks").status, 401);
    let validated = r#"{"detail":"validated"}"#.to_owned();
    assert_eq!(
        said(&get("/validate-access-token", &access)),
        (200, validated)
    );
    assert_eq!(
        said(&get("/validate-access-token", &refresh)),
        (401, REFUSED.to_owned())
    );
    let renewed = get("/update_token", &refresh);
    let token = renewed.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    assert_eq!(
        said(&renewed),
        (200, format!(r#"{{"access_token":"{token}"}}"#))
    );
    assert_eq!(get("/tasks", &token).status, 200);
    assert_eq!(
        said(&get("/update_token", &access)),
        (401, REFUSED.to_owned())
    );
    let nobody = example.gateway.get("/update_token");
    assert_eq!(
        said(&nobody),
        (401, r#"{"detail":"Not authenticated"}"#.to_owned())
    );
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn wrong_credentials_and_an_account_that_is_not_verified_are_told_the_same() {
    let example = Example::start("girok", &ROWS);
    let refused = (
        401,
        r#"{"detail":"Incorrect username or password"}"#.to_owned(),
    );
    for (user, password) in [
        ("active@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("new@example.com", PASSWORD),
        ("' OR 1=1 -- ", PASSWORD),
        ("\u{1f600}", "\0"),
    ] {
        assert_eq!(said(&login(&example, user, password)), refused, "{user}");
    }
    let missing = example
        .gateway
        .send(&form("/login", &[("grant_type", "code"), ("username", "")]));
    let expected = concat!(
        r#"{"detail":[{"type":"string_pattern_mismatch","loc":["body","grant_type"],"#,
        r#""msg":"String should match pattern '^password$'","input":"code","ctx":{"pattern":"^password$"}},"#,
        r#"{"type":"missing","loc":["body","username"],"msg":"Field required","input":null},"#,
        r#"{"type":"missing","loc":["body","password"],"msg":"Field required","input":null}]}"#
    );
    assert_eq!(said(&missing), (422, expected.to_owned()));
}

#[test]
fn a_token_of_the_application_is_refreshed_whatever_case_its_e_mail_has() {
    let example = Example::start("girok", &ROWS);
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let body = json!({
        "sub": "Active@Example.com", "exp": token::now() + 60, "type": "refresh_token",
    });
    let theirs = token::with_header(&header, &body, ACCESS_SECRET);
    let refresh = || {
        example
            .gateway
            .send(&Request::get("/update_token").token(&theirs))
    };
    let renewed = refresh().json();
    let access = renewed["access_token"].as_str().expect("a token");
    assert_eq!(
        claims(access),
        r#"{"sub":"active@example.com","type":"access_token"}"#
    );
    example
        .database
        .execute("UPDATE user SET is_activate = 0 WHERE user_id = 1");
    assert_eq!(said(&refresh()), (401, REFUSED.to_owned()));
}

fn register(example: &Example, email: &str, password: &str) -> Response {
    let body = json!({ "email": email, "password": password });
    example
        .gateway
        .send(&Request::post("/register").json(&body))
}

fn prove(example: &Example, email: &str, code: &str) -> (u16, String) {
    let body = json!({ "email": email, "verification_code": code });
    let request = Request::post("/register/verification_code").json(&body);
    said(&example.gateway.send(&request))
}

#[test]
fn from_sign_up_to_the_first_login() {
    const EMAIL: &str = "first@example.com";
    let example = Example::start("girok", &ROWS);
    let created = |id: u8| (201, format!(r#"{{"email":"{EMAIL}","user_id":{id}}}"#));
    assert_eq!(said(&register(&example, EMAIL, "pass")), created(3));
    let first = code_of(&the_message_to(&example.gateway, "first"));
    assert_eq!(login(&example, EMAIL, "pass").status, 401, "not verified");
    // Nobody has proven that the address is theirs: the next takes the place.
    assert_eq!(said(&register(&example, EMAIL, PASSWORD)), created(4));
    let code = code_of(&the_message_to(&example.gateway, "first"));
    assert_eq!(code.len(), 6, "{code}");
    assert!(
        code.bytes()
            .all(|it| it.is_ascii_uppercase() || it.is_ascii_digit()),
        "{code}"
    );
    let wrong = r#"{"detail":"The verification code is wrong or has expired."}"#;
    let wrong = (400, wrong.to_owned());
    assert_eq!(prove(&example, EMAIL, &first), wrong);
    assert_eq!(prove(&example, "new@example.com", &code), wrong);
    assert_eq!(prove(&example, "nobody@example.com", &code), wrong);
    let done = r#""Email authentication is complete.""#.to_owned();
    assert_eq!(prove(&example, EMAIL, &code), (200, done));
    assert_eq!(prove(&example, EMAIL, &code), wrong, "a code is good once");
    let rows = "SELECT COUNT(*) FROM user WHERE email = 'first@example.com' AND is_activate AND password LIKE '$2b$%'";
    assert_eq!(example.database.numbers(rows), [1]);
    assert_eq!(login(&example, EMAIL, "pass").status, 401);
    let granted = login(&example, EMAIL, PASSWORD).json();
    let access = granted["access_token"].as_str().expect("a token");
    let seen = Request::get("/tasks").token(access);
    assert_eq!(example.gateway.send(&seen).status, 200);
    assert_eq!(example.told("x-user-email"), [EMAIL]);
}

#[test]
fn a_sign_up_that_is_refused_changes_nothing() {
    let example = Example::start("girok", &ROWS);
    let taken = r#"{"detail":"There is an account with this e-mail already."}"#;
    for email in ["active@example.com", "ACTIVE@example.com"] {
        let refused = said(&register(&example, email, PASSWORD));
        assert_eq!(refused, (409, taken.to_owned()), "{email}");
    }
    let short = r#"{"detail":[{"type":"string_too_short","loc":["body","password"],"msg":"String should have at least 4 characters","input":"abc","ctx":{"min_length":4}}]}"#;
    assert_eq!(
        said(&register(&example, "a@example.com", "abc")),
        (422, short.to_owned())
    );
    let long = "x".repeat(31);
    for (email, password) in [
        ("a@example.com", long.as_str()),
        ("no address", PASSWORD),
        ("", PASSWORD),
        ("a@example.com\r\nBcc: b@example.com", PASSWORD),
    ] {
        assert_eq!(register(&example, email, password).status, 422, "{email}");
    }
    let korean = "\u{bc00}".repeat(30);
    for password in ["abc\0", korean.as_str()] {
        let refused = register(&example, "a@example.com", password);
        assert_eq!(refused.status, 400, "bcrypt would not see all of it");
    }
    for body in [json!({}), json!([]), json!({ "email": 1, "password": [] })] {
        let request = Request::post("/register").json(&body);
        assert_eq!(example.gateway.send(&request).status, 422, "{body}");
    }
    let count = "SELECT COUNT(*) FROM user WHERE verification_code IS NULL";
    assert_eq!(example.database.numbers(count), [2]);
}

#[test]
fn who_signs_somebody_up_again_and_again_fills_no_mailbox() {
    let example = Example::start("girok", &ROWS);
    for _ in 0..10 {
        let created = register(&example, "first@example.com", PASSWORD);
        assert_eq!(created.status, 201, "{created:?}");
        the_message_to(&example.gateway, "first");
    }
    assert_eq!(
        register(&example, "First@Example.com", PASSWORD).status,
        201
    );
    let limited = || example.gateway.said().contains(r#""why":"limited""#);
    wait_until("the eleventh", limited);
    assert_eq!(messages(&example.gateway, "eml"), Vec::<String>::new());
}
