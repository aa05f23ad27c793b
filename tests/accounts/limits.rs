//! How often passwords may be tried.

use super::{login, pair};
use crate::harness::{Gateway, Request, Setup, Upstream, users::PASSWORD, wait_until};

/// Three failures for an account, any number from one address.
const ACCOUNTS: &str =
    "{ login_accounts: { by: account, rate: 3/1h }, login_clients: { by: client, rate: 1000/1s } }";

fn setup(limits: &str) -> Setup {
    Gateway::before(&Upstream::start()).section("rate_limits", limits)
}

fn statuses<const N: usize>(gateway: &Gateway, requests: [Request; N]) -> [u16; N] {
    requests.map(|request| gateway.send(&request).status)
}

#[test]
fn logins_are_limited_by_client_although_nobody_asked_for_it() {
    let gateway = Gateway::before(&Upstream::start())
        .without("rate_limits")
        .start();
    // No name at all: what is answered before anybody is looked up counts too.
    let attempt = Request::post("/login/access-token");
    for _ in 0..20 {
        let answer = gateway.send(&attempt);
        assert_eq!(answer.status, 422);
        assert_eq!(super::further_headers(&answer), super::DECISION);
    }
    // One comes back every three seconds, and the machine may be slow.
    let mut refused = None;
    wait_until("a refusal", || {
        refused = Some(gateway.send(&attempt)).filter(|answer| answer.status == 429);
        refused.is_some()
    });
    let refused = refused.expect("a refusal");
    let after = refused.header("retry-after").expect("when");
    assert!(["1", "2", "3"].contains(&after), "{after}");
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"login_clients\";q=20;w=60")
    );
    assert_eq!(
        refused.header("ratelimit"),
        Some(&*format!("\"login_clients\";r=0;t={after}"))
    );
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(gateway.send(&super::verify("x")).status, 200);
}

#[test]
fn failures_of_an_account_are_limited_although_nobody_asked_for_it() {
    let gateway = Gateway::before(&Upstream::start())
        .without("rate_limits")
        .start();
    // A blocked user's password is not looked at, which keeps this quick.
    let attempt = login("banned@example.com", "wrong");
    for _ in 0..10 {
        assert_eq!(gateway.send(&attempt).status, 400);
    }
    let refused = gateway.send(&attempt);
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"login_accounts\";q=10;w=300")
    );
}

#[test]
fn an_account_is_limited_by_its_failures_alone() {
    let gateway = setup(ACCOUNTS).start();
    let right = || login("active@example.com", PASSWORD);
    let wrong = || login("active@example.com", "wrong");
    assert_eq!(statuses(&gateway, [(); 8].map(|()| right())), [200; 8]);
    assert_eq!(
        statuses(&gateway, [wrong(), wrong(), right()]),
        [400, 400, 200]
    );
    assert_eq!(
        statuses(&gateway, [wrong(), wrong(), right()]),
        [400, 429, 429]
    );
    let other = login("other@example.com", "wrong");
    assert_eq!(gateway.send(&other).status, 400);
}

#[test]
fn an_account_is_one_however_its_name_is_spelled() {
    let gateway = setup(ACCOUNTS).start();
    let spellings = [
        "active@example.com",
        "ACTIVE@example.com",
        "Active@Example.Com",
        "active@example.com ",
    ];
    let answers = spellings.map(|name| gateway.send(&login(name, "wrong")).status);
    assert_eq!(answers, [400, 400, 400, 429]);
}

#[test]
fn a_name_that_nobody_has_is_limited_just_as_one_that_somebody_has() {
    let gateway = setup(ACCOUNTS).start();
    let answers = |name: &str| -> Vec<(u16, Vec<String>, String)> {
        let spellings = [name.to_owned(), name.to_uppercase(), name.to_owned()];
        let spellings = spellings.iter().cycle().take(6);
        let seen = spellings.map(|name| {
            let response = gateway.send(&login(name, "wrong"));
            let names = response.headers.iter().map(|(name, _)| name.clone());
            let text = response.text();
            (response.status, names.collect(), text)
        });
        seen.collect()
    };
    let (somebody, nobody) = (answers("active@example.com"), answers("nobody@example.com"));
    assert_eq!(somebody, nobody);
    let statuses: Vec<u16> = somebody.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [400, 400, 400, 429, 429, 429]);
}

#[test]
fn every_dialect_counts_for_the_same_account() {
    let gateway = setup(ACCOUNTS).start();
    let wrong = "wrong";
    let requests = [
        login("active@example.com", wrong),
        pair("active@example.com", wrong),
        login("active@example.com", wrong),
        pair("active@example.com", wrong),
    ];
    assert_eq!(statuses(&gateway, requests)[3], 429);
}

#[test]
fn what_the_gateway_could_not_look_at_is_no_attempt() {
    let gateway = setup(ACCOUNTS).start();
    let users = gateway.setup().users();
    users.execute("ALTER TABLE user RENAME TO gone");
    for _ in 0..5 {
        let answer = gateway.send(&login("active@example.com", "wrong"));
        assert_eq!(answer.status, 503);
    }
    users.execute("ALTER TABLE gone RENAME TO user");
    let answer = gateway.send(&login("active@example.com", PASSWORD));
    assert_eq!(answer.status, 200);
}

#[test]
fn the_operator_chooses_the_limits_of_a_login() {
    let accounts = "
- { action: login, match: POST /login/access-token, dialect: pampam, rate_limit: [few] }
- { action: login, match: POST /auth/token/pair, dialect: pair, rate_limit: [] }
- { action: refresh, match: POST /auth/token/refresh, dialect: pair, rate_limit: [few] }";
    let gateway = setup("{ few: { by: client, rate: 2/1h } }")
        .section("accounts", accounts)
        .start();
    let first = gateway.send(&login("active@example.com", PASSWORD));
    assert_eq!(
        (first.status, first.header("ratelimit-policy")),
        (200, Some("\"few\";q=2;w=3600"))
    );
    assert_eq!(
        gateway
            .send(&super::refresh("x"))
            .header("ratelimit")
            .map(|v| &v[..10]),
        Some("\"few\";r=0;")
    );
    assert_eq!(gateway.send(&super::refresh("x")).status, 429);
    for _ in 0..25 {
        assert_eq!(
            gateway.send(&pair("active@example.com", "wrong")).status,
            401
        );
    }
}

#[test]
fn no_name_and_no_address_that_was_limited_is_said_in_the_log() {
    let gateway = setup("{ login_accounts: { by: account, rate: 1/1h } }").start();
    for _ in 0..3 {
        gateway.send(&login("active@example.com", "wrong"));
    }
    let lines = gateway.access_lines(3);
    assert_eq!(lines[2]["outcome"], "rate_limited");
    assert_eq!(
        lines[2]["reason"],
        "the limit login_accounts (by account) is used up"
    );
    assert!(!gateway.said().contains("active@"), "{}", gateway.said());
}
