//! Accounts at providers that are linked, taken off and lost, in both databases.

use serde_json::json;

use super::{
    Browser, Idp, is_granted, log_in,
    members::{LINKING, link},
    tables::{before, count, one_table, place, users},
};
use crate::harness::{Gateway, Request, database::Database, token};

/// Whoever has this address comes from the provider, who vouches for it.
fn active_comes(idp: &Idp) {
    idp.is("by-address");
    idp.claim(|it| {
        it["email"] = "active@example.com".into();
        it["email_verified"] = "true".into();
    });
}

#[test]
fn who_is_known_by_an_address_is_known_by_the_account_from_then_on() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp, ("", "")).start();
        active_comes(&idp);
        assert!(is_granted(&log_in(&gateway, &idp)));
        let whole = "id = 1 AND sns_type = 'idp' AND sns_uid = 'by-address'";
        assert_eq!(count(&database, whole), 1);
        gateway.log_line("social_account_linked");
        idp.claim(|_| {});
        assert!(is_granted(&log_in(&gateway, &idp)), "without the address");
        assert!(!gateway.said().contains("by-address"));
    }
}

#[test]
fn an_account_at_another_provider_is_never_written_over() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp, (LINKING, "")).start();
        for (kind, id) in [("'gone'", "'77'"), ("NULL", "'77'"), ("'gone'", "NULL")] {
            database.execute(&format!(
                "UPDATE user SET sns_type = {kind}, sns_uid = {id} WHERE id = 1"
            ));
            active_comes(&idp);
            assert!(is_granted(&log_in(&gateway, &idp)), "by the address");
            idp.is("mine");
            let linked = link(&gateway, &idp, 1);
            assert_eq!(place(&linked), "/login?error=already_linked");
            assert_eq!(count(&database, "sns_type = 'idp' AND id = 1"), 0);
            assert_eq!(count(&database, "sns_type = 'gone' OR sns_uid = '77'"), 1);
        }
    }
}

#[test]
fn what_is_not_listed_is_not_written() {
    let database = Database::sqlite();
    one_table(&database);
    let idp = Idp::start();
    let users = users(&database).replace("link, ", "");
    let setup = before(&database, &idp, ("", "")).section("users", &users);
    let gateway = setup.start();
    active_comes(&idp);
    assert!(is_granted(&log_in(&gateway, &idp)));
    assert_eq!(count(&database, "sns_uid = 'by-address'"), 0);
}

#[test]
fn a_member_links_an_account_and_takes_it_off() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp, (LINKING, "")).start();
        idp.is("Mine");
        assert_eq!(place(&link(&gateway, &idp, 1)), "/settings");
        assert_eq!(
            count(
                &database,
                "sns_type = 'idp' AND sns_uid = 'Mine' AND id = 1"
            ),
            1
        );
        assert!(is_granted(&log_in(&gateway, &idp)));
        assert_eq!(place(&link(&gateway, &idp, 1)), "/settings", "again");
        let other = link(&gateway, &idp, 3);
        assert_eq!(place(&other), "/login?error=linked_elsewhere");
        idp.is("Second");
        let second = link(&gateway, &idp, 1);
        assert_eq!(place(&second), "/login?error=already_linked");
        let unlink = || {
            let request = Request::post("/idp/unlink").token(&token::access("1"));
            gateway.send(&request).json()
        };
        assert_eq!(unlink(), json!({ "unlinked": true }));
        assert_eq!(unlink(), json!({ "unlinked": false }));
        assert_eq!(
            count(&database, "sns_type IS NULL AND sns_uid IS NULL AND id = 1"),
            1
        );
        idp.is("Mine");
        assert!(!is_granted(&log_in(&gateway, &idp)));
        gateway.log_line("social_account_unlinked");
    }
}

#[test]
fn of_two_members_who_link_one_account_at_the_same_time_one_has_it() {
    for database in Database::both() {
        one_table(&database);
        database.execute("UPDATE user SET sns_type = NULL, sns_uid = NULL");
        let idp = Idp::start();
        let gateways = [(); 2].map(|()| before(&database, &idp, (LINKING, "")).start());
        idp.is("Mine");
        let begun: Vec<(&Gateway, Browser, String)> = gateways
            .iter()
            .zip(["1", "3"])
            .map(|(gateway, member)| {
                let request = Request::post("/idp/link").token(&token::access(member));
                let begun = gateway.send(&request);
                let cookie = begun.header("set-cookie").expect("a cookie");
                let place = begun.json()["location"].as_str().map(str::to_owned);
                let browser = Browser {
                    place: place.expect("a place"),
                    cookie: cookie.split(';').next().expect("a pair").to_owned(),
                };
                let code = idp.consent(&browser);
                (gateway, browser, code)
            })
            .collect();
        let mut places: Vec<String> = std::thread::scope(|scope| {
            let threads = begun.iter().map(|(gateway, browser, code)| {
                scope.spawn(move || place(&browser.brings(gateway, code)).to_owned())
            });
            let threads: Vec<_> = threads.collect();
            let ended = threads.into_iter().map(|it| it.join().expect("no panic"));
            ended.collect()
        });
        places.sort();
        assert_eq!(places, ["/", "/login?error=linked_elsewhere"]);
        assert_eq!(count(&database, "sns_uid = 'Mine'"), 1);
    }
}

#[test]
fn who_has_left_a_provider_is_unlinked() {
    for database in Database::both() {
        one_table(&database);
        let idp = Idp::start();
        let gateway = before(&database, &idp, (LINKING, "")).start();
        let key = "KakaoAK 0123456789abcdef0123";
        let told = |method: &str, fields: &str| {
            let request = match method {
                "GET" => Request::get(&format!("/idp/notice?{fields}")),
                _ => Request::post("/idp/notice")
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body(fields.to_owned()),
            };
            gateway.send(&request.header("Authorization", key)).status
        };
        let linked = || count(&database, "sns_type = 'idp' AND sns_uid = 'Subject-3'");
        for method in ["GET", "POST"] {
            let fields =
                |user: &str| format!("app_id=1&user_id={user}&referrer_type=UNLINK_FROM_APPS");
            for nobody in ["9007199254740993", "subject-3", "'%20OR%20'1'='1", ""] {
                assert_eq!(told(method, &fields(nobody)), 200, "{method} {nobody:?}");
            }
            assert_eq!(linked(), 1, "nobody of these is");
            assert_eq!(told(method, &fields("Subject-3")), 200);
            assert_eq!(linked(), 0);
            assert_eq!(told(method, &fields("Subject-3")), 200, "told twice");
            database
                .execute("UPDATE user SET sns_type = 'idp', sns_uid = 'Subject-3' WHERE id = 3");
        }
        let signed = |kind: &str, subject: &str| {
            let events = format!(r#"{{"type":"{kind}","sub":"{subject}","event_time":1}}"#);
            let payload = idp.message("web", &events);
            let request = Request::post("/idp/notice").json(&json!({ "payload": payload }));
            gateway.send(&request).status
        };
        assert_eq!(signed("email-enabled", "Subject-3"), 200);
        assert_eq!(signed("consent-revoked", "nobody"), 200);
        assert_eq!(linked(), 1);
        assert_eq!(signed("consent-revoked", "Subject-3"), 200);
        assert_eq!(linked(), 0);
    }
}
