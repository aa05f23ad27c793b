//! Forms: who may send them, and what they may hold.

use super::{
    browser::{Browser, Form},
    logged_in, pages,
};
use crate::harness::{Gateway, Request, users::PASSWORD};

/// Forms that do something, and none of which may be sent by anybody else's page.
const FORMS: [&str; 3] = [
    "/account/logout",
    "/account/sessions/end",
    "/account/sessions/end-others",
];

#[track_caller]
fn is_alive(browser: &mut Browser<'_>) {
    assert_eq!(browser.get("/account/profile").status, 200);
}

#[test]
fn no_foreign_page_does_anything() {
    let gateway = pages().start();
    let mut browser = logged_in(&gateway, "active");
    let token = browser.form("/account/profile", "/account/logout");
    for action in FORMS {
        let form = || {
            let filled = Form::to(action).and("csrf_token", token.value("csrf_token"));
            filled.request()
        };
        for (name, value) in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Origin", "https://evil.test"),
            ("Origin", "null"),
            ("Referer", "https://evil.test/"),
            ("X-Nothing", "nothing"),
        ] {
            let answer = browser.send(form().header(name, value));
            assert_eq!(answer.status, 403, "{action} {name}: {value}");
            assert!(
                answer.text().contains("This page has expired"),
                "{}",
                answer.text()
            );
            is_alive(&mut browser);
        }
    }
    let own = FORMS[1];
    let form = Form::to(own).and("csrf_token", token.value("csrf_token"));
    let answer = browser.send(form.request().header("Origin", "https://gateway.test"));
    assert_eq!(answer.status, 303);
}

#[test]
fn a_form_brings_the_token_of_its_session() {
    let gateway = pages().start();
    let other = logged_in(&gateway, "active").form("/account/profile", "/account/logout");
    let mut browser = logged_in(&gateway, "active");
    let own = browser.form("/account/profile", "/account/logout");
    assert_ne!(own.value("csrf_token"), other.value("csrf_token"));
    for form in [
        other,
        own.clone().without("csrf_token"),
        own.clone().with("csrf_token", ""),
        own.clone().with("csrf_token", "x"),
        own.clone().and("csrf_token", own.value("csrf_token")),
    ] {
        assert_eq!(browser.submit(&form).status, 403, "{form:?}");
        is_alive(&mut browser);
    }
    assert_eq!(browser.submit(&own).status, 303);
}

#[test]
fn no_foreign_page_logs_a_browser_in() {
    let gateway = pages().start();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    let form = Form::to("/account/login").and("login", "active@example.com");
    let form = form.and("password", PASSWORD);
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Origin", "https://evil.test"),
        ("X-No", "y"),
    ] {
        let answer = browser.send(form.request().header(name, value));
        assert_eq!(answer.status, 403, "{name}");
        assert!(browser.cookies.is_empty());
    }
    assert_eq!(browser.submit(&form).status, 303);
}

#[test]
fn whatever_is_typed_is_answered_with_a_page() {
    let gateway = pages().start();
    let mut browser = logged_in(&gateway, "active");
    let session = browser.form("/account/profile", "/account/logout");
    let token = session.value("csrf_token").to_owned();
    let long = "a".repeat(60_000);
    let texts = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{1f600}",
        "\u{430}ctive@example.com",
        "' OR 1=1 --",
        "\"; DROP TABLE user; --",
        "<script>alert(1)</script>",
        "%00",
        "../../etc/passwd",
        &long,
    ];
    for text in texts {
        let login = Form::to("/account/login").and("login", text);
        for form in [
            login.clone().and("password", PASSWORD),
            login.and("password", text),
            Form::to("/account/login")
                .and("login", "active@example.com")
                .and("password", text),
        ] {
            let answer = Browser::new(&gateway).submit(&form);
            is_a_page(
                &answer,
                &format!("{form:?}").chars().take(200).collect::<String>(),
            );
            assert!(!answer.text().contains("<script>"));
        }
        let form = Form::to("/account/sessions/end")
            .and("csrf_token", &token)
            .and("session", text);
        assert_eq!(browser.submit(&form).status, 303);
        is_alive(&mut browser);
        let page = Browser::new(&gateway).get(&format!("/account/login?next={}", "%2F".repeat(9)));
        assert_eq!(page.status, 200);
    }
}

#[track_caller]
fn is_a_page(answer: &crate::harness::Response, what: &str) {
    assert!(
        (400..500).contains(&answer.status),
        "{}: {what}",
        answer.status
    );
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8"),
        "{what}"
    );
    assert!(answer.header("content-security-policy").is_some(), "{what}");
}

#[test]
fn what_is_no_form_is_answered_with_a_page() {
    let gateway = pages().start();
    let own = |request: Request| request.header("Sec-Fetch-Site", "same-origin");
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"login\"\r\n\r\na\r\n--x--\r\n";
    let json = r#"{"login":"active@example.com","password":"correct horse battery staple"}"#;
    let form = "application/x-www-form-urlencoded";
    for (content_type, body) in [
        (
            "multipart/form-data; boundary=x",
            multipart.as_bytes().to_vec(),
        ),
        ("application/json", json.as_bytes().to_vec()),
        (
            "text/plain",
            b"login=active@example.com&password=x".to_vec(),
        ),
        ("", b"login=active@example.com&password=x".to_vec()),
        (form, b"login=\xff\xfe&password=\xc3\x28".to_vec()),
        (form, b"login=%ff%fe&password=%c3%28".to_vec()),
        (form, b"login=a&login=b&password=c".to_vec()),
        (form, b"login=a&password=b&password=c".to_vec()),
        (form, b"&&&===&".to_vec()),
        (form, vec![b'a'; 1024 * 1024]),
    ] {
        let request = own(Request::post("/account/login"));
        let answer = gateway.send(&request.header("Content-Type", content_type).body(body));
        is_a_page(&answer, content_type);
    }
    assert_eq!(large(&gateway).status, 413);
    assert!(!gateway.said().contains("active@example.com"));
}

fn large(gateway: &Gateway) -> crate::harness::Response {
    let request = Request::post("/account/login").header("Accept-Language", "ko");
    gateway.send(&request.body(vec![b'a'; 1024 * 1024]))
}
