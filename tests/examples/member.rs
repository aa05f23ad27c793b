//! The Flask and MariaDB member system: two schemas, the login name as the subject, tokens in cookies.

use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// Its schemas have names of their own on the server: one test after the other has them.
static ALONE: Mutex<()> = Mutex::new(());

/// Without what a run that failed has left.
fn started(rows: &[&str]) -> (MutexGuard<'static, ()>, Example) {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Database::mysql();
    for name in ["member", "auth"] {
        server.execute(&format!("DROP DATABASE IF EXISTS {name}"));
    }
    (alone, Example::start("member", rows))
}

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

fn login(example: &Example, user: &str, password: &str) -> Response {
    let fields = [("userID", user), ("userPW", password)];
    example.gateway.send(&form("/login", &fields))
}

fn manage(example: &Example, token: &str) -> Response {
    example.gateway.send(&page(Request::get("/manage"), token))
}

#[test]
fn a_login_a_page_a_silent_refresh_a_logout_and_each_refusal() {
    let (_alone, example) = started(&ROWS);
    let login = |user, password| login(&example, user, password);
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
    let nobody = example.gateway.get("/manage");
    for refused in [nobody, manage(&example, &expired), manage(&example, "x")] {
        let again = "<p>Log in again: <a href=/login-page>login</a></p>";
        assert_eq!((refused.status, &*refused.text()), (401, again));
        let html = refused.header("content-type");
        assert_eq!(html, Some("text/html; charset=utf-8"));
    }
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

const TABLES: [&str; 4] = [
    "member.user",
    "member.profile",
    "member.authenctication",
    "auth.password",
];

const APPLICATION: [(&str, &str); 12] = [
    ("userID", "park"),
    ("userPW", PASSWORD),
    ("reEnter", PASSWORD),
    ("name", "\u{bc15}"),
    ("nickname", "pp"),
    ("introduction", "it's me; -- \u{1f600}"),
    ("cell_phone", "010-1234-5678"),
    ("yy", "1999"),
    ("mm", "2"),
    ("dd", "3"),
    ("gender", "F"),
    ("gather_agree", "on"),
];

/// The application with other values for some fields; where it leads to.
fn register(example: &Example, other: &[(&str, &str)]) -> String {
    let said = |name: &str| other.iter().find(|(field, _)| *field == name);
    let fields = APPLICATION.map(|(name, value)| (name, said(name).map_or(value, |it| it.1)));
    let answer = example.gateway.send(&form("/register", &fields));
    assert_eq!((answer.status, answer.text()), (302, String::new()));
    assert!(answer.values("set-cookie").is_empty());
    answer.header("location").expect("a redirect").to_owned()
}

fn rows(example: &Example) -> [i64; 4] {
    TABLES.map(|table| {
        let count = format!("SELECT COUNT(*) FROM {table}");
        example.database.numbers(&count)[0]
    })
}

#[test]
fn from_sign_up_to_leaving() {
    let (_alone, example) = started(&ROWS);
    assert_eq!(
        login(&example, "park", PASSWORD).header("location"),
        Some("/login-page")
    );
    assert_eq!(register(&example, &[]), "/login-page");
    let row = "SELECT COUNT(*) FROM member.user u
        JOIN member.profile p USING (user_no) JOIN member.authenctication a USING (user_no) JOIN auth.password w USING (user_no)
        WHERE u.user_id = 'park' AND LENGTH(u.user_no) = 36 AND p.name = '\u{bc15}' AND p.nickname = 'pp'
        AND BINARY p.introduction = BINARY 'it''s me; -- \u{1f600}' AND p.join_date IS NOT NULL AND p.update_date = p.join_date
        AND a.birthday = '1999-02-03' AND a.sex = 'F' AND a.gather_agree = 1 AND a.cell_phone = '010-1234-5678'
        AND a.role IS NULL AND w.password LIKE '$2b$%' AND w.refresh_token IS NULL";
    assert_eq!(example.database.numbers(row), [1]);
    let granted = login(&example, "park", PASSWORD);
    assert_eq!(granted.header("location"), Some("/"));
    let access = cookie(&granted, "access_token").expect("a cookie");
    assert_eq!(manage(&example, &access).status, 200);
    assert_eq!(example.told("x-user-id"), ["park"]);
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let body = json!({ "userID": "park", "exp": token::now() - 1, "type": "access" });
    let renewed = manage(&example, &token::with_header(&header, &body, ACCESS_SECRET));
    let access = cookie(&renewed, "access_token").expect("a new cookie");
    let left = example
        .gateway
        .send(&page(Request::get("/logout"), &access));
    assert!((200..300).contains(&left.status), "{left:?}");
    let access = cookie(&login(&example, "park", PASSWORD), "access_token").expect("a cookie");
    let number = "SELECT user_no FROM member.user WHERE user_id = 'park'";
    let number = example.database.texts(number).concat();
    let withdraw = form("/withdraw", &[("user_no", &number)]);
    let gone = example.gateway.send(&page(withdraw, &access));
    assert_eq!(gone.header("location"), Some("/login-page"));
    assert_eq!(rows(&example), [2, 1, 0, 2]);
    assert_eq!(register(&example, &[]), "/login-page", "the name is free");
    example.database.execute("DROP DATABASE member");
    example.database.execute("DROP DATABASE auth");
}

#[test]
fn a_sign_up_that_is_refused_leaves_no_row_in_any_table() {
    let (_alone, example) = started(&ROWS);
    // The last of four rows.
    let refuses =
        "ALTER TABLE member.authenctication ADD CONSTRAINT refuses CHECK (sex <> 'refused')";
    example.database.execute(refuses);
    let (long, huge) = ("x".repeat(51), "x".repeat(256));
    for other in [
        &[("userID", "kim")][..],
        &[("userID", "KIM")],
        &[("userID", "")],
        &[("userID", "par\0k")],
        &[("userID", &long)],
        &[("userPW", "another password")],
        &[("userPW", "short"), ("reEnter", "short")],
        &[("reEnter", "")],
        &[("gather_agree", "off")],
        &[("gather_agree", "")],
        &[("gather_agree", "perhaps")],
        &[("introduction", &huge)],
        &[("gender", "refused")],
        &[("dd", "30")],
        &[("dd", "")],
        &[("dd", "0")],
        &[("mm", "13")],
        &[("mm", "2-1"), ("dd", "1")],
        &[("yy", "99")],
        &[("yy", "0000")],
        &[("yy", "1999'; DROP TABLE member.user; --")],
        &[("yy", "\u{ff11}999")],
    ] {
        assert_eq!(register(&example, other), "/sign-up", "{other:?}");
    }
    let none = example.gateway.send(&form("/register", &[]));
    assert_eq!(none.header("location"), Some("/sign-up"));
    assert_eq!(rows(&example), [2, 1, 0, 2]);
    assert_eq!(
        register(&example, &[("mm", "12"), ("dd", "31")]),
        "/login-page"
    );
    assert_eq!(rows(&example), [3, 2, 1, 3]);
    example.database.execute("DROP DATABASE member");
    example.database.execute("DROP DATABASE auth");
}
