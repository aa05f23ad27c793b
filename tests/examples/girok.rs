//! The FastAPI base project: one secret, told apart by `type`, and the e-mail as the subject.

use serde_json::json;

use super::{Example, claims, form};
use crate::{
    accounts::said,
    harness::{
        Request, Response,
        token::{self, ACCESS_SECRET},
        users::PASSWORD,
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
