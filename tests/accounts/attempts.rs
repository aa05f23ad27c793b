//! Who has to wait after failed logins.

use sidegate::clock::Clock;

use super::{login, pair, said};
use crate::harness::{Gateway, Request, Response, Setup, Upstream, users::PASSWORD, wait_until};

/// Three failures, and then an hour.
const ACCOUNTS: &str = "accounts: { after: 3, delay: 1h, longest: 1h, forget: 2h }";

/// Far from any test that does not ask for it.
const ADDRESSES: &str = "addresses: { after: 1000000, delay: 1s, longest: 1s, forget: 2s }";

const SECRET: &str = "secret: attempts-secret-of-the-tests-0123456789";

fn setup(attempts: &str) -> Setup {
    Gateway::before(&Upstream::start())
        .without("rate_limits")
        .section(
            "rate_limits",
            "{ login_clients: { by: client, rate: 1000000/1m } }",
        )
        .section("attempts", &format!("{{ {attempts} }}"))
}

fn strict() -> Gateway {
    let devices = "known_devices: { carried_by: header }";
    setup(&format!("{ACCOUNTS}, {ADDRESSES}, {SECRET}, {devices}")).start()
}

fn wrong(name: &str) -> Request {
    login(name, "wrong")
}

fn right() -> Request {
    login("active@example.com", PASSWORD)
}

fn status(gateway: &Gateway, request: &Request) -> u16 {
    gateway.send(request).status
}

/// What a client is known by after a login.
fn device(answer: &Response) -> String {
    assert_eq!(answer.status, 200);
    answer.header("known-device").expect("a device").to_owned()
}

#[test]
fn after_failures_the_next_attempt_has_to_wait() {
    let gateway = strict();
    for _ in 0..3 {
        assert_eq!(status(&gateway, &wrong("active@example.com")), 400);
    }
    // The right password too, or else it could still be found.
    for request in [wrong("active@example.com"), right()] {
        let refused = gateway.send(&request);
        assert_eq!(refused.status, 429);
        let after: u64 = refused
            .header("retry-after")
            .expect("when")
            .parse()
            .expect("a number");
        assert!((3500..=3600).contains(&after), "{after}");
    }
    let lines = gateway.access_lines(5);
    assert_eq!(lines[4]["outcome"], "login_delayed");
    let reason = "after failed logins the account has to wait before the next attempt";
    assert_eq!(lines[4]["reason"], reason);
    assert_eq!(status(&gateway, &wrong("other@example.com")), 400);
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn whoever_has_waited_may_try_again_and_then_waits_for_longer() {
    let accounts = "accounts: { after: 2, delay: 1s, longest: 1h, forget: 2h }";
    let gateway = setup(&format!("{accounts}, {ADDRESSES}")).start();
    let attempt = wrong("active@example.com");
    assert_eq!(status(&gateway, &attempt), 400);
    let began = Clock.instant();
    assert_eq!(status(&gateway, &attempt), 400);
    let refused = gateway.send(&attempt);
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("1"))
    );
    wait_until("the wait is over", || status(&gateway, &attempt) == 400);
    assert!(began.elapsed().as_millis() >= 1000);
    let refused = gateway.send(&attempt);
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("2"))
    );
}

#[test]
fn a_thousand_guesses_from_elsewhere_do_not_make_a_known_device_wait() {
    let gateway = strict();
    let device = device(&gateway.send(&right()));
    let known = |request: Request| request.header("Known-Device", &device);
    let refused = (0..1000).filter(|_| status(&gateway, &wrong("active@example.com")) == 429);
    assert_eq!(refused.count(), 997);
    assert_eq!(status(&gateway, &right()), 429);
    let again = gateway.send(&known(right()));
    assert_eq!(self::device(&again).len(), device.len());
    // A device guesses no more often than anybody else.
    let statuses = [(); 4].map(|()| status(&gateway, &known(wrong("active@example.com"))));
    assert_eq!(statuses, [400, 400, 400, 429]);
    assert_eq!(status(&gateway, &known(right())), 429);
}

#[test]
fn a_login_clears_the_failures_of_its_device() {
    let gateway = strict();
    let device = device(&gateway.send(&right()));
    let known = |request: Request| request.header("Known-Device", &device);
    for _ in 0..3 {
        assert_eq!(status(&gateway, &known(wrong("active@example.com"))), 400);
        assert_eq!(status(&gateway, &known(wrong("active@example.com"))), 400);
        assert_eq!(status(&gateway, &known(right())), 200);
    }
}

#[test]
fn a_device_is_known_for_its_own_account_and_as_it_was_given() {
    let gateway = strict();
    let device = device(&gateway.send(&right()));
    // Six of the same letter change at least one bit of the MAC at the end.
    let forged = format!("{}AAAAAA", &device[..device.len() - 6]);
    for _ in 0..3 {
        assert_eq!(status(&gateway, &wrong("active@example.com")), 400);
        assert_eq!(status(&gateway, &wrong("banned@example.com")), 400);
    }
    let forged = right().header("Known-Device", &forged);
    assert_eq!(status(&gateway, &forged), 429);
    let of_another = wrong("banned@example.com").header("Known-Device", &device);
    assert_eq!(status(&gateway, &of_another), 429);
}

#[test]
fn a_device_is_given_with_tokens_and_with_nothing_else() {
    let gateway = setup(&format!("{ACCOUNTS}, {SECRET}, known_devices: {{}}")).start();
    let refused = gateway.send(&wrong("active@example.com"));
    assert_eq!(super::further_headers(&refused), super::DECISION);
    let granted = gateway.send(&pair("active@example.com", PASSWORD));
    let cookie = granted.header("set-cookie").expect("a cookie");
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert!(pair.starts_with("__Host-known_device="), "{pair}");
    assert_eq!(
        attributes,
        "Path=/; Max-Age=7776000; HttpOnly; Secure; SameSite=Lax"
    );
    for _ in 0..2 {
        assert_eq!(status(&gateway, &wrong("active@example.com")), 400);
    }
    assert_eq!(status(&gateway, &right()), 429);
    assert_eq!(status(&gateway, &right().header("Cookie", pair)), 200);
}

#[test]
fn names_that_nobody_has_are_answered_as_those_that_somebody_has() {
    let gateway = strict();
    let answers = |name: &str| -> Vec<(u16, String, Vec<String>)> {
        let spellings = [name.to_owned(), name.to_uppercase(), format!("{name} ")];
        let spellings = spellings.iter().cycle().take(6);
        let seen = spellings.map(|name| {
            let answer = gateway.send(&wrong(name));
            let names = answer
                .headers
                .iter()
                .map(|(name, _)| name.clone())
                .collect();
            let (status, mut text) = said(&answer);
            if status == 429 {
                let mut body = answer.json();
                body["request_id"].take();
                body["instance"].take();
                text = body.to_string();
            }
            (status, text, names)
        });
        seen.collect()
    };
    let (somebody, nobody) = (answers("active@example.com"), answers("nobody@example.com"));
    assert_eq!(somebody, nobody);
    let statuses: Vec<u16> = somebody.iter().map(|(status, ..)| *status).collect();
    assert_eq!(statuses, [400, 400, 400, 429, 429, 429]);
}

#[test]
fn an_address_that_tries_many_accounts_has_to_wait() {
    let addresses = "addresses: { after: 10, delay: 1h, longest: 1h, forget: 2h }";
    let gateway = setup(&format!("{ACCOUNTS}, {addresses}"))
        .section("trusted_proxies", "[127.0.0.1]")
        .start();
    let from = |address: &str, number: u32| {
        let request = wrong(&format!("user{number}@example.com"));
        status(&gateway, &request.header("X-Forwarded-For", address))
    };
    let statuses: Vec<u16> = (0..12).map(|number| from("192.0.2.1", number)).collect();
    assert_eq!(statuses, [[400; 10].as_slice(), &[429; 2]].concat());
    assert_eq!(from("192.0.2.2", 20), 400);
    // All of a network is one client.
    let statuses: Vec<u16> = (30..42)
        .map(|number| from(&format!("2001:db8::{number}"), number))
        .collect();
    assert_eq!(statuses, [[400; 10].as_slice(), &[429; 2]].concat());
}

#[test]
fn what_the_gateway_could_not_look_at_makes_nobody_wait() {
    let gateway = strict();
    let users = gateway.setup().users();
    users.execute("ALTER TABLE user RENAME TO gone");
    for _ in 0..5 {
        assert_eq!(status(&gateway, &wrong("active@example.com")), 503);
    }
    users.execute("ALTER TABLE gone RENAME TO user");
    assert_eq!(status(&gateway, &right()), 200);
}

#[test]
fn a_reload_forgets_no_failure() {
    let gateway = strict();
    for _ in 0..3 {
        assert_eq!(status(&gateway, &wrong("active@example.com")), 400);
    }
    let path = gateway.setup().write();
    let yaml = std::fs::read_to_string(&path).expect("a configuration");
    let changed = yaml.replace("/public/**", "/open/**");
    std::fs::write(&path, changed).expect("a configuration");
    gateway.sighup();
    wait_until("the reload", || gateway.get("/open/a").status == 200);
    assert_eq!(status(&gateway, &right()), 429);
}

#[test]
fn an_audit_reads_who_was_tried_and_from_where_but_no_name() {
    let gateway = strict();
    let device = device(&gateway.send(&right()));
    let known = wrong("active@example.com").header("Known-Device", &device);
    assert_eq!(status(&gateway, &known), 400);
    for _ in 0..4 {
        gateway.send(&wrong("nobody@example.com"));
    }
    let line = |word: &str| -> serde_json::Value {
        let line = gateway.log_line(&format!("\"security\":\"{word}\""));
        serde_json::from_str(&line).expect("a line")
    };
    let granted = line("login_granted");
    assert_eq!(
        (&granted["account"], &granted["client"]),
        (&"1".into(), &"127.0.0.1".into())
    );
    let failed = line("login_failed");
    assert_eq!(
        (&failed["account"], &failed["known_device"]),
        (&"1".into(), &true.into())
    );
    let delayed = line("login_delayed");
    let account = delayed["account"].as_str().expect("an account");
    assert!(account.starts_with('#') && account.len() == 17, "{account}");
    assert_eq!(
        (&delayed["waits"], &delayed["level"]),
        (&"the account".into(), &"WARN".into())
    );
    assert_eq!(delayed["decision"].as_str().map(str::len), Some(32));
    let said = gateway.said();
    assert!(
        !said.contains("nobody") && !said.contains("active@"),
        "{said}"
    );
    let metrics = gateway.ask("/metrics").text();
    for line in [
        "sidegate_login_attempts_total{outcome=\"failed\"} 4",
        "sidegate_login_attempts_total{outcome=\"delayed\"} 1",
        "sidegate_login_attempt_keys 3",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[test]
fn a_login_without_attempts_is_limited_as_before() {
    let gateway = Gateway::before(&Upstream::start())
        .section(
            "rate_limits",
            "{ login_accounts: { by: account, rate: 1/1h } }",
        )
        .start();
    assert_eq!(status(&gateway, &wrong("active@example.com")), 400);
    let refused = gateway.send(&wrong("active@example.com"));
    assert_eq!((refused.status, refused.header("set-cookie")), (429, None));
    assert!(!gateway.said().contains("security"), "{}", gateway.said());
}
