//! A new password is chosen with a code.

use super::{another, asked, assert_refused, code_for, login, reset, setup, the_message_to, usual};
use crate::harness::{Gateway, Request, own_tables::OwnTables, users::PASSWORD, wait_until};

const NEW: &str = "a better horse battery";

fn access(gateway: &Gateway, password: &str) -> String {
    let answer = login(gateway, "active", password);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned()
}

#[test]
fn a_new_password_ends_what_the_old_one_has_opened() {
    for tables in [OwnTables::Sqlite, OwnTables::maria_db()] {
        let gateway = usual(&tables);
        let old = access(&gateway, PASSWORD);
        let may = |token: &str| gateway.send(&Request::get("/deals").token(token)).status != 401;
        assert!(may(&old));
        let code = code_for(&gateway, "/forgotten", "active");
        assert_refused(&reset(&gateway, "active", &another(&code), NEW));
        let answer = reset(&gateway, "active", &code, NEW);
        assert_eq!((answer.status, &*answer.text()), (200, "\"done\""));
        assert!(!may(&old), "the session is over");
        assert_eq!(login(&gateway, "active", PASSWORD).status, 401);
        assert_eq!(login(&gateway, "active", NEW).status, 200);
        let notice = the_message_to(&gateway, "active");
        assert!(notice.contains("your password was changed"), "{notice}");
        assert_refused(&reset(&gateway, "active", &code, PASSWORD));
        assert_eq!(login(&gateway, "active", NEW).status, 200, "replayed");
        for secret in [&code, NEW, "active@"] {
            assert!(!gateway.said().contains(secret), "{secret} is logged");
        }
    }
}

#[test]
fn a_weak_password_does_not_use_the_code_up() {
    let gateway = usual(&OwnTables::Sqlite);
    let code = code_for(&gateway, "/forgotten", "active");
    for _ in 0..6 {
        let answer = reset(&gateway, "active", &code, "short");
        assert_eq!(
            (answer.status, &*answer.text()),
            (422, "{\"detail\":\"short\"}")
        );
        // As for somebody who is not there.
        assert_eq!(
            reset(&gateway, "nobody", &code, "short").text(),
            answer.text()
        );
    }
    assert_eq!(reset(&gateway, "active", &code, NEW).status, 200);
}

#[test]
fn two_at_once_with_one_code_change_the_password_once() {
    let gateway = usual(&OwnTables::Sqlite);
    let code = code_for(&gateway, "/forgotten", "active");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (gateway, code) = (&gateway, &code);
                scope.spawn(move || {
                    reset(gateway, "active", code, &format!("{NEW} {number}")).status
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|it| it.join().expect("an answer"))
            .collect()
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    let good =
        (0..8).filter(|number| login(&gateway, "active", &format!("{NEW} {number}")).status == 200);
    assert_eq!(good.count(), 1);
}

#[test]
fn nobody_learns_by_asking_for_a_reset_who_is_there() {
    let gateway = usual(&OwnTables::Sqlite);
    let names = ["active", "banned", "withdrawn", "passwordless", "nobody"];
    let said = names.map(|name| {
        let answer = asked(&gateway, "/forgotten", name);
        (answer.status, answer.text())
    });
    assert!(said.iter().all(|it| *it == said[0]), "{said:?}");
    let wrong = names.map(|name| super::super::said(&reset(&gateway, name, "ZZZZZZ", NEW)));
    assert!(wrong.iter().all(|it| *it == wrong[0]), "{wrong:?}");
}

#[test]
fn an_expired_code_is_refused_as_a_wrong_one_is() {
    let gateway = setup(&OwnTables::Sqlite, super::VERIFY, "lifetime: 1s").start();
    wait_until("the tables", || {
        super::tried(&gateway, "nobody", "AAAAAA").status == 400
    });
    let code = code_for(&gateway, "/forgotten", "active");
    let started = sidegate::clock::Clock.unix_seconds();
    wait_until("its end", || {
        sidegate::clock::Clock.unix_seconds().0 > started.0 + 1
    });
    assert_refused(&reset(&gateway, "active", &code, NEW));
}
