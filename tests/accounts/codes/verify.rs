//! An address is proven.

use std::time::Duration;

use serde_json::json;
use sidegate::clock::Clock;

use super::{
    ACCOUNTS, LINKS, VERIFY, another, asked, assert_refused, code_for, hostile, login, messages,
    setup, the_message_to, tried, usual,
};
use crate::harness::{Gateway, Request, own_tables::OwnTables, users::PASSWORD, wait_until};

#[test]
fn who_types_the_code_may_log_in_from_then_on() {
    for tables in [OwnTables::Sqlite, OwnTables::maria_db()] {
        let gateway = usual(&tables);
        assert_eq!(login(&gateway, "withdrawn", PASSWORD).status, 401);
        let code = code_for(&gateway, "/code", "withdrawn");
        assert_eq!(code.len(), 6);
        assert_refused(&tried(&gateway, "withdrawn", &another(&code)));
        assert_eq!(login(&gateway, "withdrawn", PASSWORD).status, 401);
        let answer = tried(&gateway, "withdrawn", &code.to_lowercase());
        super::super::assert_json(&answer, 200, "\"Email authentication is complete.\"");
        assert_eq!(login(&gateway, "withdrawn", PASSWORD).status, 200);
        assert_refused(&tried(&gateway, "withdrawn", &code));
        assert!(!gateway.said().contains(&code), "codes are not logged");
        assert!(!gateway.said().contains("withdrawn@"), "nor are addresses");
    }
}

#[test]
fn a_code_is_good_for_its_own_account_and_purpose_alone() {
    let gateway = usual(&OwnTables::Sqlite);
    let code = code_for(&gateway, "/code", "withdrawn");
    for name in ["active", "banned", "passwordless", "nobody"] {
        assert_refused(&tried(&gateway, name, &code));
    }
    assert_refused(&super::reset(
        &gateway,
        "withdrawn",
        &code,
        "another password",
    ));
    let of_a_reset = code_for(&gateway, "/forgotten", "active");
    assert_refused(&tried(&gateway, "active", &of_a_reset));
    assert_eq!(tried(&gateway, "withdrawn", &code).status, 200);
}

#[test]
fn a_code_that_was_tried_too_often_is_none() {
    let gateway = usual(&OwnTables::Sqlite);
    let code = code_for(&gateway, "/code", "withdrawn");
    for _ in 0..5 {
        assert_refused(&tried(&gateway, "withdrawn", &another(&code)));
    }
    assert_refused(&tried(&gateway, "withdrawn", &code));
}

#[test]
fn nobody_learns_by_asking_for_a_code_who_is_there() {
    let gateway = usual(&OwnTables::Sqlite);
    let names = ["withdrawn", "active", "banned", "passwordless", "nobody"];
    let said: Vec<_> = names
        .map(|name| {
            let answer = asked(&gateway, "/code", name);
            (answer.status, answer.text(), answer.headers.len())
        })
        .into_iter()
        .collect();
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
    the_message_to(&gateway, "withdrawn");
    gateway.log_line("\"why\":\"nobody\"");
    assert_eq!(
        messages(&gateway, "eml"),
        Vec::<String>::new(),
        "nobody else"
    );
}

/// The medians of two kinds of requests that take turns, so that a busy machine slows down both.
fn ratio(one: impl Fn(), other: impl Fn()) -> f64 {
    let time = |request: &dyn Fn()| {
        let started = Clock.instant();
        request();
        Clock.instant().duration_since(started)
    };
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    };
    let pairs = (0..41).map(|_| (time(&one), time(&other)));
    let (one, other): (Vec<_>, Vec<_>) = pairs.unzip();
    median(one) / median(other)
}

#[test]
fn nobody_learns_by_the_time_who_is_there() {
    let gateway = usual(&OwnTables::Sqlite);
    let ask = |name: &'static str| {
        let gateway = &gateway;
        move || assert_eq!(asked(gateway, "/code", name).status, 200)
    };
    let sending = ratio(ask("withdrawn"), ask("nobody"));
    assert!((0.4..2.5).contains(&sending), "asking: {sending}");
    let attempt = |name: &'static str| {
        let gateway = &gateway;
        move || assert_refused(&tried(gateway, name, "ZZZZZZ"))
    };
    let trying = ratio(attempt("withdrawn"), attempt("nobody"));
    assert!((0.4..2.5).contains(&trying), "trying: {trying}");
}

#[test]
fn another_code_waits() {
    let further = "state: unverified, sets: { is_active: true }";
    let gateway = setup(&OwnTables::Sqlite, further, "").start();
    wait_until("the tables", || {
        tried(&gateway, "nobody", "AAAAAA").status == 400
    });
    asked(&gateway, "/code", "withdrawn");
    the_message_to(&gateway, "withdrawn");
    assert_eq!(
        asked(&gateway, "/code", "withdrawn").status,
        200,
        "it says the same"
    );
    gateway.log_line("\"why\":\"limited\"");
    assert_eq!(messages(&gateway, "eml"), Vec::<String>::new());
}

#[test]
fn hostile_fields_prove_nothing_and_break_nothing() {
    let gateway = usual(&OwnTables::Sqlite);
    let code = code_for(&gateway, "/code", "withdrawn");
    for value in hostile() {
        for body in [
            json!({ "email": value, "verification_code": code }),
            json!({ "email": "nobody@example.com", "verification_code": value }),
            json!({ "email": value, "verification_code": value }),
            value.clone(),
        ] {
            for path in [
                "/register/verification_code",
                "/code",
                "/forgotten",
                "/reset",
            ] {
                let answer = gateway.send(&Request::post(path).json(&body));
                assert!(answer.status < 500, "{path} {:?}", answer.text());
            }
        }
    }
    assert_eq!(login(&gateway, "withdrawn", PASSWORD).status, 401);
    assert_eq!(tried(&gateway, "withdrawn", &code).status, 200);
}

fn links() -> Gateway {
    let verify =
        format!("{VERIFY}, form: link, link: \"https://shop.example/verify?code={{code}}\"");
    let accounts = ACCOUNTS
        .replace("- { action: verify_code, match: POST /register/verification_code, dialect: shop }", "- { action: verify_code, match: POST /verify, dialect: links }\n- { action: confirm_link, match: GET /verify, dialect: links }");
    let setup = setup(&OwnTables::Sqlite, &verify, "resend_after: 0s")
        .section("dialects", "{ shop: shop.yaml, links: links.yaml }")
        .section("accounts", &accounts)
        .file("links.yaml", LINKS);
    let gateway = setup.start();
    wait_until("the tables", || {
        post_link(&gateway, "AAAAAAAAAAAAAAAAAAAAAA") == 400
    });
    gateway
}

fn post_link(gateway: &Gateway, code: &str) -> u16 {
    let form = Request::post("/verify").header("Content-Type", "application/x-www-form-urlencoded");
    gateway.send(&form.body(format!("code={code}"))).status
}

#[test]
fn a_link_is_used_by_whoever_means_it_and_not_by_what_looks_at_it() {
    let gateway = links();
    asked(&gateway, "/code", "withdrawn");
    let message = the_message_to(&gateway, "withdrawn");
    let link = message
        .lines()
        .find(|line| line.starts_with("https://"))
        .expect("a link");
    let code = link
        .strip_prefix("https://shop.example/verify?code=")
        .expect("a code")
        .to_owned();
    for _ in 0..3 {
        let page = gateway.get(&format!("/verify?code={code}"));
        assert_eq!(page.status, 200);
        assert!(
            page.text().contains(&format!("value=\"{code}\"")),
            "{}",
            page.text()
        );
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
    }
    assert_eq!(
        login(&gateway, "withdrawn", PASSWORD).status,
        401,
        "looked at"
    );
    let page = gateway.get("/verify?code=%22%3E%3Cscript%3E");
    assert!(!page.text().contains("<script>"), "{}", page.text());
    assert_eq!(post_link(&gateway, &code), 303);
    assert_eq!(login(&gateway, "withdrawn", PASSWORD).status, 200);
    assert_eq!(post_link(&gateway, &code), 400, "once");
}
