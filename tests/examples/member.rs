//! The Flask and MariaDB member system: two schemas, the login name as the subject, tokens in cookies.

use serde_json::json;

use super::{Example, claims, form};
use crate::harness::{
    Request, Response,
    database::Database,
    token::{self, ACCESS_SECRET},
    users::PASSWORD,
};

const ROWS: [&str; 5] = [
    "INSERT INTO member.user (user_no, user_id) VALUES ('6a1b6d3c-2f0a-4a4e-9b4f-0d9a6c7e1f20', 'kim')",
    "INSERT INTO auth.password (user_no, password) VALUES ('6a1b6d3c-2f0a-4a4e-9b4f-0d9a6c7e1f20', '{hash}')",
    "INSERT INTO member.profile (user_no, name) VALUES ('6a1b6d3c-2f0a-4a4e-9b4f-0d9a6c7e1f20', 'Kim')",
    "INSERT INTO member.user (user_no, user_id) VALUES ('00000000-0000-4000-8000-000000000002', 'lim')",
    "INSERT INTO auth.password (user_no, password) VALUES ('00000000-0000-4000-8000-000000000002', '{hash}')",
];

/// Whoever leaves leaves with all of their rows, and takes nobody along.
fn withdrawal(example: &Example, access: &str) {
    let count = || {
        let tables = ["member.user", "auth.password", "member.profile"];
        let count = |table| format!("SELECT COUNT(*) FROM {table}");
        tables.map(|table| example.database.numbers(&count(table)))
    };
    let withdraw = |fields: &[(&str, &str)]| {
        let answer = example
            .gateway
            .send(&page(form("/withdraw", fields), access));
        assert_eq!(answer.status, 302, "{answer:?}");
        answer.header("location").map(str::to_owned)
    };
    for another in ["00000000-0000-4000-8000-000000000002", "", "' OR '1'='1"] {
        let answer = withdraw(&[("user_no", another)]);
        assert_eq!(answer.as_deref(), Some("/manage"), "{another}");
    }
    assert_eq!(count(), [[2], [2], [1]]);
    let own = withdraw(&[("user_no", "6a1b6d3c-2f0a-4a4e-9b4f-0d9a6c7e1f20")]);
    assert_eq!(own.as_deref(), Some("/login-page"));
    assert_eq!(count(), [[1], [1], [0]]);
    assert_eq!(manage(example, access).status, 401);
}

/// The value that an answer sets a cookie to.
fn cookie(response: &Response, name: &str) -> Option<String> {
    let begin = format!("{name}=");
    let values = response.values("set-cookie");
    let value = values.iter().find_map(|field| field.strip_prefix(&begin))?;
    Some(value.split(';').next().unwrap_or_default().to_owned())
}

/// A request of a page of the system's own.
fn page(request: Request, token: &str) -> Request {
    let request = request.header("Sec-Fetch-Site", "same-origin");
    request.header("Cookie", &format!("access_token={token}"))
}

fn manage(example: &Example, token: &str) -> Response {
    example.gateway.send(&page(Request::get("/manage"), token))
}

#[test]
fn a_login_a_page_a_silent_refresh_a_logout_and_each_refusal() {
    // What a run that failed has left.
    let server = Database::mysql();
    for name in ["member", "auth"] {
        server.execute(&format!("DROP DATABASE IF EXISTS {name}"));
    }
    let example = Example::start("member", &ROWS);
    let login = |user, password| {
        example
            .gateway
            .send(&form("/login", &[("userID", user), ("userPW", password)]))
    };
    for refused in [
        login("kim", "wrong"),
        login("lee", PASSWORD),
        login("' OR '1'='1", PASSWORD),
        example.gateway.send(&form("/login", &[("userID", "kim")])),
    ] {
        assert_eq!(refused.status, 302);
        assert_eq!(refused.header("location"), Some("/login-page"));
        assert!(refused.values("set-cookie").is_empty());
    }
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let body = json!({ "userID": "KIM", "exp": token::now() - 1, "type": "access" });
    let expired = token::with_header(&header, &body, ACCESS_SECRET);
    assert_eq!(
        manage(&example, &expired).status,
        401,
        "nobody is signed in"
    );
    let granted = login("kim", PASSWORD);
    assert_eq!(
        (granted.status, granted.header("location")),
        (302, Some("/"))
    );
    assert_eq!(
        granted.values("set-cookie").len(),
        1,
        "the refresh token stays"
    );
    let access = cookie(&granted, "access_token").expect("a cookie");
    assert_eq!(claims(&access), r#"{"userID":"kim","type":"access"}"#);
    assert_eq!(manage(&example, &access).status, 200);
    assert_eq!(example.told("x-user-id"), ["kim"]);
    assert_eq!(example.gateway.get("/manage").status, 401);
    let renewed = manage(&example, &expired);
    assert_eq!(renewed.status, 200);
    let access = cookie(&renewed, "access_token").expect("a new cookie");
    assert_eq!(claims(&access), r#"{"userID":"kim","type":"access"}"#);
    let left = example
        .gateway
        .send(&page(Request::get("/logout"), &access));
    assert!((200..300).contains(&left.status), "{left:?}");
    assert_eq!(cookie(&left, "access_token").as_deref(), Some(""));
    let empty = "SELECT COUNT(*) FROM auth.password WHERE refresh_token IS NULL";
    assert_eq!(example.database.numbers(empty), [2]);
    let access = cookie(&login("kim", PASSWORD), "access_token").expect("a cookie");
    withdrawal(&example, &access);
    example.database.execute("DROP DATABASE member");
    example.database.execute("DROP DATABASE auth");
}
