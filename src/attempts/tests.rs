//! Who waits for whose failures.

use proptest::prelude::*;

use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn attempts() -> Attempts {
    let seconds = Duration::from_secs;
    let backoff = |after| Backoff::new(after, seconds(600), seconds(600), seconds(3600));
    let settings = Settings {
        accounts: backoff(3).expect("a back-off"),
        addresses: backoff(20).expect("a back-off"),
        keys: 1024,
        secret: Some(Secret::new(SECRET.to_vec())),
        devices: Some(DeviceSettings {
            carrier: Carrier::Header(HeaderName::from_static("known-device")),
            lifetime: seconds(1000),
        }),
        place: CountingPlace::Memory,
    };
    Attempts::new(settings, None, Clock, Entropy::seeded(1))
}

fn tried<'a>(name: &'a str, row: Option<&'a str>) -> Tried<'a> {
    Tried {
        name: Some(name),
        row,
        client: None,
        device: None,
    }
}

/// Without others to ask nothing here waits.
fn now<T>(work: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(work).expect("no wait")
}

fn begin(attempts: &Attempts, tried: Tried<'_>) -> Result<Attempt, Delayed> {
    now(attempts.begin(tried))
}

fn succeeded(attempts: &Attempts, attempt: &Attempt) {
    now(attempts.succeeded(attempt));
}

fn withdrawn(attempts: &Attempts, attempt: &Attempt) {
    now(attempts.withdrawn(attempt));
}

/// How many attempts are let through before one has to wait.
fn until_delayed(attempts: &Attempts, tried: Tried<'_>) -> usize {
    (0..100)
        .take_while(|_| begin(attempts, tried).is_ok())
        .count()
}

fn device(attempts: &Attempts, row: &str) -> String {
    let (_, value) = attempts.remember(None, row).expect("a device");
    value.to_str().expect("text").to_owned()
}

#[test]
fn an_account_waits_whichever_of_its_names_is_tried() {
    let attempts = attempts();
    assert!(begin(&attempts, tried("ore", Some("1"))).is_ok());
    assert_eq!(until_delayed(&attempts, tried("\u{f8}re", Some("1"))), 2);
    assert!(begin(&attempts, tried("ore", Some("2"))).is_ok());
    assert!(begin(&attempts, tried("another", Some("1"))).is_err());
}

#[test]
fn names_that_nobody_has_wait_as_those_that_somebody_has() {
    let attempts = attempts();
    assert_eq!(until_delayed(&attempts, tried("ann", Some("1"))), 3);
    assert_eq!(until_delayed(&attempts, tried("bob", None)), 3);
}

#[test]
fn whoever_is_known_without_a_name_waits_for_own_failures_alone() {
    let attempts = attempts();
    let unnamed = |row| Tried {
        name: None,
        ..tried("", Some(row))
    };
    assert_eq!(until_delayed(&attempts, unnamed("1")), 3);
    assert_eq!(until_delayed(&attempts, unnamed("2")), 3);
    assert!(begin(&attempts, tried("ann", Some("1"))).is_err());
}

#[test]
fn a_delayed_attempt_counts_for_nobody() {
    let attempts = attempts();
    assert_eq!(until_delayed(&attempts, tried("ann", Some("1"))), 3);
    for _ in 0..10 {
        assert!(begin(&attempts, tried("eve", Some("1"))).is_err());
    }
    assert_eq!(until_delayed(&attempts, tried("eve", None)), 3);
}

#[test]
fn a_known_device_waits_for_its_own_failures_alone() {
    let attempts = attempts();
    let [text, other] = [(); 2].map(|()| device(&attempts, "1"));
    let known = |text| Tried {
        device: Some(text),
        ..tried("ann", Some("1"))
    };
    for _ in 0..1000 {
        let _ = begin(&attempts, tried("ann", Some("1"))).map(drop);
    }
    let attempt = begin(&attempts, known(&text)).expect("the owner");
    assert_eq!(attempt.place(), Place::KnownDevice);
    succeeded(&attempts, &attempt);
    assert_eq!(until_delayed(&attempts, known(&text)), 3);
    assert_eq!(until_delayed(&attempts, known(&other)), 3);
    let foreign = device(&attempts, "2");
    assert!(begin(&attempts, known(&foreign)).is_err());
}

#[test]
fn success_clears_the_devices_failures_and_not_those_of_others() {
    let attempts = attempts();
    let text = device(&attempts, "1");
    let known = Tried {
        device: Some(&text),
        ..tried("ann", Some("1"))
    };
    assert_eq!(until_delayed(&attempts, tried("ann", Some("1"))), 3);
    for _ in 0..10 {
        let first = begin(&attempts, known).expect("within");
        let _ = begin(&attempts, known).expect("within");
        succeeded(&attempts, &first);
    }
    assert!(begin(&attempts, tried("ann", Some("1"))).is_err());
}

#[test]
fn one_address_that_tries_many_names_has_to_wait() {
    let attempts = attempts();
    let address: std::net::IpAddr = "192.0.2.1".parse().expect("an address");
    let names: Vec<String> = (0..100).map(|number| format!("user{number}")).collect();
    let admitted = names.iter().filter(|name| {
        let tried = Tried {
            client: Some(address.into()),
            ..tried(name, None)
        };
        begin(&attempts, tried).is_ok()
    });
    assert_eq!(admitted.count(), 20);
}

#[test]
fn logins_that_succeed_make_nobody_wait() {
    let attempts = attempts();
    for _ in 0..50 {
        let attempt = begin(&attempts, tried("ann", Some("1"))).expect("within");
        succeeded(&attempts, &attempt);
        let attempt = begin(&attempts, tried("ann", Some("1"))).expect("within");
        withdrawn(&attempts, &attempt);
    }
    assert_eq!(
        attempts.counts(),
        [("failed", 0), ("delayed", 0), ("counted_alone", 0)]
    );
    assert_eq!(attempts.keys(), 0);
}

#[test]
fn nothing_that_is_printed_says_who_was_tried() {
    let attempts = attempts();
    let tried = tried("somebody@x.test", Some("1"));
    let attempt = begin(&attempts, tried).expect("within");
    let name = attempts.pseudonym("somebody@x.test");
    let printed = format!("{attempts:?} {tried:?} {attempt:?} {name}");
    assert!(!printed.contains("somebody"), "{printed}");
    assert_eq!(name, super::tests::attempts().pseudonym("somebody@x.test"));
    assert_ne!(name, attempts.pseudonym("nobody@x.test"));
}

proptest! {
    /// Whatever else happens: no account is tried more often than its back-off admits.
    #[test]
    fn no_mixture_of_attempts_gets_more_guesses(steps in proptest::collection::vec(0_u8..6, 1..200)) {
        let attempts = attempts();
        let text = device(&attempts, "1");
        let mut guesses = 0;
        for step in steps {
            let known = Tried { device: Some(&text), ..tried("ann", Some("1")) };
            match step {
                0 => guesses += usize::from(begin(&attempts, tried("ann", Some("1"))).is_ok()),
                1 => guesses += usize::from(begin(&attempts, tried("Ann", Some("1"))).is_ok()),
                2 => { let _ = begin(&attempts, tried("ann", None)).map(drop); }
                3 => if let Ok(attempt) = begin(&attempts, known) { succeeded(&attempts, &attempt); },
                4 => { let _ = begin(&attempts, tried("bob", Some("2"))).map(drop); }
                _ => if let Ok(attempt) = begin(&attempts, tried("ann", Some("1"))) { withdrawn(&attempts, &attempt); },
            }
        }
        prop_assert!(guesses <= 3);
    }
}
