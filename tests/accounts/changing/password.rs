//! A password is changed by whoever knows the one that there is.

use std::thread;

use serde_json::{Value, json};

use super::{
    ACCOUNTS, DIALECT, HANDS_OUT, HASH, NEW, PASSWORD, Shop, Tokens, change, from_to, login,
    signed_in, tokens,
};
use crate::harness::{Request, Setup, token::access, wait_until};

/// The same, where the answer to a change begins a new session.
fn handing_out(setup: Setup) -> Setup {
    let done = r#"done: { status: 200, body: { changed: "{user.id}" } }"#;
    assert!(DIALECT.contains(done));
    setup.file("shop.yaml", &DIALECT.replace(done, HANDS_OUT))
}

#[test]
fn another_password_ends_the_other_sessions_and_not_ones_own() {
    for (shop, setup) in Shop::both() {
        let gateway = setup.start();
        let (own, other) = (signed_in(&gateway, "ann"), signed_in(&gateway, "ann"));
        let bob = signed_in(&gateway, "bob");
        let answer = change(&gateway, &own.access, &from_to(PASSWORD, NEW));
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({ "changed": 1 }))
        );
        assert_eq!(own.count(&gateway), (true, true), "one's own goes on");
        assert_eq!(other.count(&gateway), (false, false), "another does not");
        assert_eq!(
            bob.count(&gateway),
            (true, true),
            "nor is it another user's"
        );
        assert_eq!(login(&gateway, "ann", PASSWORD).status, 401);
        assert_eq!(login(&gateway, "ann", NEW).status, 200);
        assert_eq!(login(&gateway, "bob", PASSWORD).status, 200);
        assert_eq!(shop.count(&format!("password = '{}'", *HASH)), 1);
        wait_until("the audit", || gateway.said().contains("password_changed"));
        for secret in [PASSWORD, NEW, "$2b$"] {
            assert!(!gateway.said().contains(secret), "{secret} is logged");
        }
    }
}

#[test]
fn where_the_answer_hands_out_tokens_everything_before_ends() {
    for claims in ["jti: \"{token.id}\"", "typ: shop"] {
        let [(_shop, setup), _] = Shop::both();
        let gateway = handing_out(setup)
            .section("tokens", &tokens(claims))
            .start();
        let (own, other) = (signed_in(&gateway, "ann"), signed_in(&gateway, "ann"));
        let fresh = Tokens::of(&change(&gateway, &own.access, &from_to(PASSWORD, NEW)));
        assert_eq!(own.count(&gateway), (false, false), "{claims}");
        assert_eq!(other.count(&gateway), (false, false), "{claims}");
        assert_eq!(fresh.count(&gateway), (true, true), "{claims}");
    }
}

#[test]
fn where_nothing_tells_sessions_apart_all_of_them_end() {
    for (_shop, setup) in Shop::both() {
        let gateway = setup.section("tokens", &tokens("typ: shop")).start();
        let own = signed_in(&gateway, "ann");
        let answer = change(&gateway, &own.access, &from_to(PASSWORD, NEW));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(own.count(&gateway), (false, false));
        assert_eq!(login(&gateway, "ann", NEW).status, 200);
    }
}

#[test]
fn cookies_of_a_new_session_come_with_the_answer() {
    let [(_shop, setup), _] = Shop::both();
    let accounts = ACCOUNTS.replace(
        "match: PUT /password,",
        "match: PUT /password, token_from: cookie, cookies: [access, refresh],",
    );
    let gateway = setup
        .section(
            "cookies",
            "{ access: { name: __Host-access }, refresh: { name: __Host-refresh } }",
        )
        .section("accounts", &accounts)
        .start();
    let own = signed_in(&gateway, "ann");
    let request = Request::post("/password")
        .method("PUT")
        .header("cookie", &format!("__Host-access={}", own.access))
        .json(&from_to(PASSWORD, NEW));
    let foreign = request.header("sec-fetch-site", "cross-site");
    assert_eq!(gateway.send(&foreign).status, 403, "of another site's page");
    let request = Request::post("/password")
        .method("PUT")
        .header("cookie", &format!("__Host-access={}", own.access))
        .header("sec-fetch-site", "same-origin")
        .json(&from_to(PASSWORD, NEW));
    let answer = gateway.send(&request);
    assert_eq!(answer.status, 200, "{answer:?}");
    let set = answer.values("set-cookie");
    assert_eq!(set.len(), 2, "{set:?}");
    let access = set.iter().find_map(|it| it.strip_prefix("__Host-access="));
    let access = access
        .and_then(|it| it.split(';').next())
        .expect("a cookie");
    let seen = gateway.send(&Request::get("/deals").token(access));
    assert_eq!(seen.status, 200);
    assert_eq!(own.count(&gateway), (false, false));
}

#[test]
fn nobody_changes_a_password_without_knowing_it() {
    for (shop, setup) in Shop::both() {
        let gateway = setup.start();
        let own = signed_in(&gateway, "ann");
        let other = signed_in(&gateway, "ann");
        let said = |body: &Value| {
            let answer = change(&gateway, &own.access, body);
            (answer.status, answer.json())
        };
        let refused = (403, json!("refused"));
        assert_eq!(said(&from_to("wrong horse battery", NEW)), refused);
        let weak = |reason: &str| (422, json!({ "weak": reason }));
        assert_eq!(said(&from_to(PASSWORD, "short")), weak("short"));
        assert_eq!(
            said(&from_to("wrong", "short")),
            weak("short"),
            "says nothing"
        );
        assert_eq!(said(&from_to(PASSWORD, PASSWORD)), weak("same"));
        let differs = json!({ "old": PASSWORD, "new": NEW, "again": "another" });
        assert_eq!(said(&differs), weak("differs"));
        let another = json!({ "old": PASSWORD, "new": NEW, "user": 2 });
        assert_eq!(said(&another), refused, "another user is meant");
        let request = Request::post("/password").method("PUT");
        let unsigned = gateway.send(&request.json(&from_to(PASSWORD, NEW)));
        assert_eq!(unsigned.status, 401);
        let forged = change(&gateway, "not.a.token", &from_to(PASSWORD, NEW));
        assert_eq!(forged.status, 401);
        assert_eq!(
            change(&gateway, &own.refresh, &from_to(PASSWORD, NEW)).status,
            401
        );
        assert_eq!(other.count(&gateway), (true, true), "nothing has ended");
        assert_eq!(shop.count(&format!("password = '{}'", *HASH)), 2);
        let own_name = json!({ "old": PASSWORD, "new": NEW, "again": NEW, "user": "1" });
        assert_eq!(said(&own_name).0, 200);
        assert_eq!(shop.count(&format!("password = '{}'", *HASH)), 1);
    }
}

#[test]
fn a_password_that_is_the_login_cannot_be_chosen() {
    let [(shop, setup), _] = Shop::both();
    shop.database
        .execute("UPDATE member SET login = 'annabelle' WHERE id = 1");
    let gateway = setup.start();
    let own = signed_in(&gateway, "annabelle");
    let answer = change(&gateway, &own.access, &from_to(PASSWORD, "annabelle"));
    assert_eq!(answer.json(), json!({ "weak": "login" }));
}

#[test]
fn of_many_changes_at_once_one_wins() {
    for (_shop, setup) in Shop::both() {
        let gateway = setup.start();
        let own = signed_in(&gateway, "ann");
        let new = |number: usize| format!("{NEW} {number}");
        let statuses: Vec<u16> = thread::scope(|scope| {
            let sent: Vec<_> = (0..6)
                .map(|number| {
                    let (gateway, own) = (&gateway, &own);
                    scope.spawn(move || {
                        change(gateway, &own.access, &from_to(PASSWORD, &new(number))).status
                    })
                })
                .collect();
            let answers = sent.into_iter().map(|it| it.join().expect("an answer"));
            answers.collect()
        });
        let won: Vec<usize> = (0..6).filter(|at| statuses[*at] == 200).collect();
        assert_eq!(won.len(), 1, "{statuses:?}");
        assert!(
            statuses.iter().all(|it| [200, 403].contains(it)),
            "{statuses:?}"
        );
        let opens = |number: usize| login(&gateway, "ann", &new(number)).status == 200;
        assert_eq!((0..6).filter(|at| opens(*at)).collect::<Vec<_>>(), won);
    }
}

#[test]
fn of_two_sessions_that_change_the_password_at_once_one_goes_on() {
    for (shop, setup) in Shop::both() {
        let gateway = setup.start();
        for round in 0..4 {
            shop.database.execute(&format!(
                "UPDATE member SET password = '{}' WHERE id = 1",
                *HASH
            ));
            let sessions = [signed_in(&gateway, "ann"), signed_in(&gateway, "ann")];
            let new = |number: usize| format!("{NEW} {round} {number}");
            let statuses: Vec<u16> = thread::scope(|scope| {
                let gateway = &gateway;
                let sent: Vec<_> = sessions
                    .iter()
                    .enumerate()
                    .map(|(number, own)| {
                        let body = from_to(PASSWORD, &new(number));
                        scope.spawn(move || change(gateway, &own.access, &body).status)
                    })
                    .collect();
                let answers = sent.into_iter().map(|it| it.join().expect("an answer"));
                answers.collect()
            });
            let goes_on: Vec<(bool, bool)> = sessions.iter().map(|it| it.count(&gateway)).collect();
            // The second may come after the first has ended its session.
            let (won, lost) = if statuses[0] == 200 { (0, 1) } else { (1, 0) };
            assert_eq!(statuses[won], 200, "{statuses:?}");
            assert!([403, 401].contains(&statuses[lost]), "{statuses:?}");
            assert_eq!(goes_on[won], (true, true), "{round} {statuses:?}");
            assert_eq!(goes_on[lost], (false, false), "{round} {statuses:?}");
            assert_eq!(login(&gateway, "ann", &new(won)).status, 200);
        }
    }
}

#[test]
fn guesses_at_the_current_password_are_counted_as_logins_are() {
    let [(_shop, setup), _] = Shop::both();
    let limits = "
login_clients: { by: client, rate: 1000000/1m }
login_accounts: { by: account, rate: 3/1h }";
    let gateway = setup.section("rate_limits", limits).start();
    let (own, bob) = (signed_in(&gateway, "ann"), signed_in(&gateway, "bob"));
    let guess = |token: &str| {
        let answer = change(&gateway, token, &from_to("wrong horse battery", NEW));
        answer.status
    };
    assert_eq!([(); 4].map(|()| guess(&own.access)), [403, 403, 403, 429]);
    let right = change(&gateway, &own.access, &from_to(PASSWORD, NEW));
    assert_eq!(right.status, 429, "nor is the right one looked at");
    assert_eq!(login(&gateway, "ann", PASSWORD).status, 429);
    assert_eq!(guess(&bob.access), 403, "others are counted for themselves");
}

#[test]
fn whoever_has_no_password_has_none_to_change() {
    let [(shop, setup), _] = Shop::both();
    let sam = access("3");
    let gateway = setup.section("tokens", &tokens("typ: shop")).start();
    for old in ["", "NULL", PASSWORD] {
        let answer = change(&gateway, &sam, &from_to(old, NEW));
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    assert_eq!(shop.count("password IS NULL"), 1);
}

#[test]
fn what_no_client_should_send_changes_nothing() {
    for (shop, setup) in Shop::both() {
        let gateway = setup.start();
        let own = signed_in(&gateway, "ann");
        let huge = "x".repeat(60 * 1024);
        let texts = [
            "",
            "\0",
            "a\0bcdefgh",
            "😀",
            "аnn@example.com",
            "' OR '1'='1",
            "'; DROP TABLE member; --",
            "\u{202e}abcdefgh",
            &huge,
        ];
        let typed = [
            json!(null),
            json!(1),
            json!(true),
            json!([PASSWORD]),
            json!({ "a": 1 }),
        ];
        for odd in texts.map(Value::from).into_iter().chain(typed) {
            for (old, new) in [
                (odd.clone(), json!("short")),
                (json!("wrong horse"), odd.clone()),
            ] {
                let answer = change(&gateway, &own.access, &json!({ "old": old, "new": new }));
                assert!((400..500).contains(&answer.status), "{answer:?}");
            }
            let body = json!({ "old": "wrong", "new": NEW, "again": odd });
            let answer = change(&gateway, &own.access, &body);
            assert!(
                (400..500).contains(&answer.status),
                "again {}",
                answer.status
            );
        }
        for body in ["", "{", "[]", "null", "{\"old\":", "\u{feff}{}"] {
            let request = Request::post("/password").method("PUT").token(&own.access);
            let answer = gateway.send(
                &request
                    .header("content-type", "application/json")
                    .body(body),
            );
            assert!(
                (400..500).contains(&answer.status),
                "{body} {}",
                answer.status
            );
        }
        let request = Request::post("/password").method("PUT").token(&own.access);
        let large = from_to(PASSWORD, &"x".repeat(1 << 20));
        assert_eq!(gateway.send(&request.json(&large)).status, 413);
        assert_eq!(shop.count(&format!("password = '{}'", *HASH)), 2);
        assert_eq!(own.count(&gateway), (true, true));
        let fragment = "'; DROP TABLE member; --";
        let answer = change(&gateway, &own.access, &from_to(PASSWORD, fragment));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            login(&gateway, "ann", fragment).status,
            200,
            "as it was typed"
        );
    }
}

#[test]
fn a_changed_password_is_told_of_by_mail() {
    let [(_shop, setup), _] = Shop::both();
    let gateway = setup
        .section("mail", "{ from: \"Shop <no-reply@shop.example>\", to: { directory: \"${RUNTIME_DIRECTORY}\" } }")
        .section("codes", "{ secret: \"${SECRET_KEY}${SECRET_KEY}\", reset: { to: mail } }")
        .start();
    let own = signed_in(&gateway, "ann");
    let answer = change(&gateway, &own.access, &from_to(PASSWORD, NEW));
    assert_eq!(answer.status, 200, "{answer:?}");
    let notice = crate::accounts::codes::the_message_to(&gateway, "ann");
    assert!(notice.contains("your password was changed"), "{notice}");
}
